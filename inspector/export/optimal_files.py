"""The optimal images of every mode of a model, in files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector.core.address import Address
from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.gallery import GalleryScene
from inspector.core.modes import ModelModes
from inspector.core.optimal import SIGNS, OptimalImages, OptimalOptions
from inspector.core.rows import HeadRows
from inspector.export.anisotropy_files import write_anisotropy
from inspector.export.drawing import Cell
from inspector.export.folder_scan import FolderScan, kept_sentences
from inspector.export.left_out import left_out_sentences, write_left_out
from inspector.export.report import Report
from inspector.export.row_arrays import mode_columns, names_array
from inspector.export.scene_files import write_arrays, write_figure, write_provenance
from inspector.export.scene_records import models_record, optimal_record
from inspector.export.sources import optimal_words
from inspector.export.tables import write_table

if TYPE_CHECKING:
    from inspector.export.computing import Opened
    from inspector.export.gallery_content import GalleryContent
    from inspector.families.model import Model
    from inspector.scans.analyses import Found

OPTIMAL = (
    *("stage", "block", "head", "mode", "sign", "rank", "score", "image"),
    *("query_row", "query_col", "key_row", "key_col"),
)


GALLERY_MODES = 10
"""Rows of a gallery at most, as in the paper's Figure 4."""
PRECISION = "network and projections in float32, sigma in float64, u and v in float32"


def optimal_files(
    scan: FolderScan, options: OptimalOptions, *, top: int, heads: Sequence[Address] = ()
) -> Report | None:
    """Write ``optimal.csv`` and ``.npz``, ``anisotropy.csv``, ``left_out.csv``, provenance.

    Of every one of `heads` also its galleries, ``gallery-S0B7H2-plus.pdf`` and ``-minus.pdf``, with
    the scripts that draw them again.

    Returns
    -------
    Report
        None on every rank but the first, which alone writes.

    Raises
    ------
    InspectorError
        When the model cannot be run, no picture can be read, or there is no such head; nothing is
        then written.
    """
    from inspector.export.computing import modes_of_model
    from inspector.export.staging import staged
    from inspector.scans.analyses import optimal_images

    with scan.opened() as running:
        check_heads(running.model, heads)
        got = optimal_images(
            running.model,
            running.network,
            scan.place,
            options=options,
            top=top,
            anisotropy_space=options.space,
            **scan.keywords(running),
        )
        if got is None:
            return None
        found = got.result
        modes = modes_of_model(
            running.model, options.options, device=scan.ranks.device, progress=scan.progress
        )
        galleries = _galleries(scan, running, found, modes, heads)
        provenance = scan.provenance(
            running,
            _words(scan, found, heads),
            _parameters(found),
            precision=PRECISION,
            pictures=got.files,
        )
    with staged(scan.folder, overwrite=True, create=True) as stage:
        _write(stage.temporary, got, modes)
        figures = {}
        for number, (name, content) in enumerate(galleries.items()):
            scan.progress(number, len(galleries), f"drawing {name}")
            figures[name] = write_figure(
                stage.temporary, name, FigureKind.GALLERY, content, FigureStyle(modes=GALLERY_MODES)
            )
        record = models_record(["A"], [found.card]) | {"figures": figures}
        write_provenance(stage.temporary, "provenance.json", provenance, record)
    return Report(stage.published, tuple(_sentences(got)))


def check_heads(model: "Model", heads: Sequence[Address]) -> None:
    """Refuse heads that the model does not have.

    Raises
    ------
    BadRequest
        Says which heads there are.
    """
    blocks = list(model.outline.blocks())
    rows = HeadRows(tuple(b.address for b in blocks), tuple(b.num_heads for b in blocks))
    for head in heads:
        rows.row(head)


def _write(folder: Path, got: "Found[OptimalImages]", modes: ModelModes) -> None:
    found = got.result
    write_table(folder / "optimal.csv", OPTIMAL, winner_rows(found))
    write_arrays(folder / "optimal.npz", optimal_arrays(found))
    write_left_out(folder, found.left_out)
    if got.along is not None:
        write_anisotropy(folder, modes, got.along.result)


def _galleries(
    scan: FolderScan,
    running: "Opened",
    found: OptimalImages,
    modes: ModelModes,
    heads: Sequence[Address],
) -> dict[str, "GalleryContent"]:
    """What every gallery shows, by the name of its file: of every mode its best pictures."""
    from inspector.export.gallery_content import GalleryContent
    from inspector.images.collection import list_folder
    from inspector.scans.tiles import TileMaker

    made: dict[str, GalleryContent] = {}
    if not heads:
        return made
    blocks = {block.address: block for block in modes.blocks}
    with list_folder(scan.place, progress=scan.progress) as collection:
        maker = TileMaker(running.network, collection, found.preparation)
        for head in heads:
            block, modes_drawn = blocks[head.of_block], range(_modes_of(found, head))
            wanted = [(mode, sign) for mode in modes_drawn for sign in SIGNS]
            rows = maker.tiles(found, block, head, wanted, progress=scan.progress)
            scene = GalleryScene(found.card, "A", head, block, found, rows)
            for sign, word in zip(SIGNS, ("plus", "minus"), strict=True):
                made[f"gallery-{_written(head)}-{word}"] = GalleryContent(
                    scene, signs=sign, checkpoint=running.source, device=scan.ranks.device
                )
    return made


def _written(head: Address) -> str:
    return str(head).replace(" ", "")


def _modes_of(found: OptimalImages, head: Address) -> int:
    rows = found.rows.of_head(head)
    return min(int(rows.stop - rows.start), GALLERY_MODES)


def _words(scan: FolderScan, found: OptimalImages, heads: Sequence[Address]) -> list[str]:
    words = ["optimal", str(scan.checkpoint.path), str(scan.images), "--top", str(found.top)]
    words += optimal_words(found.options)
    drawn = ",".join(map(_written, heads))
    return [*words, "--figures", drawn] if heads else words


def _parameters(found: OptimalImages) -> dict[str, Any]:
    return {
        "top": found.top,
        **optimal_record(found.options),
        "images": found.total,
        "measured": found.measured,
        "left_out": len(found.left_out),
    }


def _sentences(got: "Found[OptimalImages]") -> Iterator[str]:
    found = got.result
    modes, heads = found.rows.count, found.rows.of_heads.count
    yield (
        f"The best {min(found.top, found.measured)} of {found.measured} images for each of "
        f"{modes} modes of {heads} heads, both signs."
    )
    yield from kept_sentences(got.kept, found.total)
    if got.along is None:
        yield "For the anisotropy at least two images are needed."
    yield from got.notes
    yield from left_out_sentences(found.left_out)


def winner_rows(found: OptimalImages) -> Iterator[tuple[Cell, ...]]:
    """A row for each winner: of every mode those of sign + and then of -, best first."""
    for row, at in enumerate(found.rows.addresses()):
        place = (at.stage, at.block, at.head or 0, at.mode or 0)
        for side, sign in enumerate(SIGNS):
            images = found.image[row, side].tolist()
            scores, places = found.score[row, side].tolist(), found.place[row, side].tolist()
            for rank, image in enumerate(images):
                if image >= 0:
                    name = found.images[image]
                    yield (*place, sign, rank, scores[rank], name, *places[rank])


def optimal_arrays(found: OptimalImages) -> dict[str, Any]:
    """The same as arrays, with what places them.

    ``score`` (row, sign, rank), signs + and -, 0 where there is no picture; ``image`` index to
    ``images``, -1 where there is none; ``place`` (row, sign, rank, 4) row and column of the query
    patch, then of the key patch; ``stage``, ``block``, ``head``, ``mode`` of each row.
    """
    arrays: dict[str, Any] = {"score": found.score, "image": found.image, "place": found.place}
    return arrays | {"images": names_array(found.images)} | mode_columns(found.rows)
