"""How a gallery of optimal images, and the scan that finds them, are put into words."""

from pathlib import Path

from inspector.core.gallery import GalleryRow, GalleryScene
from inspector.core.modes import TokenSpace
from inspector.core.optimal import OptimalImages, Winner
from inspector.render.gallery import SIGN_MARKS, SIGN_WORDS, score_words
from inspector.render.scenes import SIGMA
from inspector.views.gallery_shown import ScanShown
from inspector.views.job_cell import counted_text
from inspector.views.modes_words import SPACE_WORDS
from inspector.views.wording import counted, number_text, shortened

SO_FAR = "results so far"
NO_WINNER = "No image of the folder has a score above 0 here."
NO_WINNER_YET = "No image has a score above 0 here so far."


def title_text(scene: GalleryScene) -> str:
    """``A · S0 B7 H2 · optimal images · deit.safetensors · residual``."""
    options = scene.found.options
    parts = [scene.letter, str(scene.address), "optimal images", shortened(scene.card.label)]
    if options.compat:
        parts.append("scored as published")
    if options.space is not TokenSpace.ATTENTION_INPUT:
        parts.append(SPACE_WORDS[options.space].partition(" (")[0].lower())
    if options.options.fold_norm:
        parts.append("norm folded")
    if options.options.augment_bias:
        parts.append("with bias")
    return " · ".join(parts)


def score_text(winner: Winner) -> str:
    """Rank, counted from 0 as everything is, and score with four significant digits."""
    return f"{winner.rank} · {score_words(winner.score)}"


def waiting_title(letter: str) -> str:
    """Of a gallery that is still to come: ``A · optimal images``."""
    return f"{letter} · optimal images"


def row_tip(scene: GalleryScene, row: GalleryRow) -> str:
    """All that is known of a row."""
    head = scene.address.head or 0
    cosine, sigma = scene.modes.cosine[head, row.mode], scene.modes.sigma[head, row.mode]
    return "\n".join(
        (
            f"{scene.address} M{row.mode}, sign {SIGN_MARKS[row.sign]}: {SIGN_WORDS[row.sign]}",
            f"cos(u, v) {number_text(float(cosine), digits=6)}",
            f"{SIGMA} {number_text(float(sigma), digits=6)}",
        )
    )


def tile_parts(row: GalleryRow, rank: int) -> tuple[str, ...]:
    """Which image, its score, and the patches it is from."""
    winner = row.winners[rank]
    (query_row, query_column), (key_row, key_column) = winner.query, winner.key
    return (
        winner.image,
        f"M{row.mode} {SIGN_MARKS[row.sign]}, rank {rank}",
        f"score {number_text(winner.score, digits=6)}",
        f"query patch: row {query_row}, column {query_column}",
        f"key patch: row {key_row}, column {key_column}",
    )


def tile_tip(row: GalleryRow, rank: int) -> str:
    """The parts under one another, and what is wrong with the tile, if anything is."""
    problem = row.problems.get(rank, "")
    return "\n".join((*tile_parts(row, rank), *((problem,) if problem else ())))


def scan_text(scan: ScanShown, found: OptimalImages | None) -> str:
    """How far a scan is: ``412 of 5,856 images · 38/s · 2 min left · results so far``.

    Where none runs: what was found, and whether that is all.
    """
    if scan.stage == "idle":
        return kept_text(scan.kept) if found is None else _found_text(found)
    parts = [_progress_text(scan)]
    if found is not None and not found.complete:
        parts.append(SO_FAR)
    return " · ".join(parts)


def left_out_text(found: OptimalImages | None) -> str:
    """``12 left out``; empty where none is."""
    count = 0 if found is None else len(found.left_out)
    return f"{count:,} left out" if count else ""


def kept_text(images: int) -> str:
    """``Results of 1,234 different images are kept``: equal ones count once; empty where none."""
    if not images:
        return ""
    those = "one image" if images == 1 else f"{images:,} different images"
    return f"Results of {those} are kept"


def lately_text(folder: Path, images: int) -> str:
    """``Scan chest (1,234 images)``."""
    return f"Scan {shortened(folder.name)} ({counted(images, 'image')})"


def _found_text(found: OptimalImages) -> str:
    if found.complete:
        return counted(found.measured, "image")
    return f"Stopped at {found.measured:,} of {counted(found.total, 'image')} · {SO_FAR}"


def _progress_text(scan: ScanShown) -> str:
    if scan.stage == "waiting":
        return f"Waits for “{scan.waits_for}”" if scan.waits_for else "Waits"
    if not scan.total:
        return "Paused" if scan.stage == "paused" else "Looking for images"
    if scan.stage == "paused":
        return f"Paused at {counted_text(scan.done, scan.total, 'images', None, None)}"
    return counted_text(scan.done, scan.total, "images", scan.rate, scan.seconds_left)
