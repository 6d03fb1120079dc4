"""How often query and key of a mode lie on one object, in files."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector.core.figures import FigureKind
from inspector.core.measuring import MaskFolders
from inspector.core.optimal import Left, OptimalOptions
from inspector.core.same_object import SameObject
from inspector.core.scene import DepthScene
from inspector.export.depth_content import DepthContent
from inspector.export.drawing import Cell
from inspector.export.folder_scan import FolderScan, kept_sentences
from inspector.export.left_out import left_out_sentences, write_left_out
from inspector.export.report import Report
from inspector.export.row_arrays import mode_columns, names_array
from inspector.export.scene_files import write_arrays, write_figure, write_provenance
from inspector.export.scene_records import optimal_record
from inspector.export.sources import mask_options, space_words
from inspector.export.tables import write_table

if TYPE_CHECKING:
    from inspector.scans.analyses import Found

PRECISION = "network and projections in float32, areas and means in float64"

BLOCKS = ("stage", "block", "probability", "chance")
HEADS = ("stage", "block", "head", "probability", "chance")
MODES = ("stage", "block", "head", "mode", "sigma", "probability", "chance", "images")
WINNERS = (
    *("stage", "block", "head", "mode", "rank", "image", "score", "sign"),
    *("query_object", "key_object"),
)


def same_object_files(
    scan: FolderScan, masks: MaskFolders, options: OptimalOptions, *, top: int
) -> Report | None:
    """Write the tables of `write_same_object`, ``same-object.npz``, the figure, provenance.

    Returns
    -------
    Report
        None on every rank but the first, which alone writes.

    Raises
    ------
    InspectorError
        When the model cannot be run, or no picture has two objects; nothing is then written.
    """
    from inspector.analysis.same_object import ONE_OBJECT
    from inspector.export.computing import modes_of_model
    from inspector.export.staging import staged
    from inspector.images.objects import objects_of
    from inspector.scans.analyses import same_object

    with scan.opened() as running:
        got = same_object(
            running.model,
            running.network,
            scan.place,
            objects_of(masks),
            options=options,
            top=top,
            **scan.keywords(running),
        )
        if got is None:
            return None
        found = got.result
        left = left_out_of(found, ONE_OBJECT)
        modes = modes_of_model(
            running.model,
            found.options.options,
            device=scan.ranks.device,
            progress=scan.progress,
        )
        words = ["same-object", str(scan.checkpoint.path), str(scan.images)]
        provenance = scan.provenance(
            running,
            [*words, *mask_options(masks), "--top", str(found.top), *space_words(found.options)],
            _parameters(found),
            precision=PRECISION,
            pictures=got.files,
        )
        source = running.source
    scene = DepthScene(("A",), (modes,), (None,), same_object=(found,))
    content = DepthContent(scene, checkpoints=(source,), masks=(masks,), device=scan.ranks.device)
    with staged(scan.folder, overwrite=True, create=True) as stage:
        write_same_object(stage.temporary, found)
        write_arrays(stage.temporary / "same-object.npz", same_object_arrays(found))
        write_left_out(stage.temporary, left)
        record = write_figure(stage.temporary, "same-object", FigureKind.SAME_OBJECT, content)
        write_provenance(stage.temporary, "provenance.json", provenance, record)
    return Report(stage.published, tuple(_sentences(got)))


def write_same_object(folder: Path, found: SameObject) -> None:
    """Write the tables.

    ``blocks.csv``, ``heads.csv``, ``modes.csv``: probability and chance level; of a head the mean
    over its modes weighted by sigma, of a block the mean over its heads; ``images`` is how many
    pictures the value of a mode is the mean of. ``winners.csv``: these pictures, best first, with
    the labels of the objects that query and key favour there.
    """
    write_table(folder / "blocks.csv", BLOCKS, block_rows(found))
    write_table(folder / "heads.csv", HEADS, head_rows(found))
    write_table(folder / "modes.csv", MODES, mode_rows(found))
    write_table(folder / "winners.csv", WINNERS, winner_rows(found))


def block_rows(found: SameObject) -> Iterator[tuple[Cell, ...]]:
    """A row for each block."""
    known = zip(found.curve().tolist(), found.chance_curve().tolist(), strict=True)
    for at, values in zip(found.rows.blocks, known, strict=True):
        yield (at.stage, at.block, *values)


def head_rows(found: SameObject) -> Iterator[tuple[Cell, ...]]:
    """A row for each head."""
    both = (found.probability, found.expected)
    probability, chance = (found.by_head(values).tolist() for values in both)
    for row, at in enumerate(found.rows.of_heads.addresses()):
        yield (at.stage, at.block, at.head or 0, probability[row], chance[row])


def mode_rows(found: SameObject) -> Iterator[tuple[Cell, ...]]:
    """A row for each mode."""
    columns = (found.sigma, found.probability, found.expected, (found.image >= 0).sum(axis=1))
    known = zip(*(column.tolist() for column in columns), strict=True)
    for at, values in zip(found.rows.addresses(), known, strict=True):
        yield (at.stage, at.block, at.head or 0, at.mode or 0, *values)


def winner_rows(found: SameObject) -> Iterator[tuple[Cell, ...]]:
    """A row for each picture that a mode's probability is the mean of, best first."""
    columns = (found.image, found.score, found.sign, found.query_object, found.key_object)
    for row, at in enumerate(found.rows.addresses()):
        place = (at.stage, at.block, at.head or 0, at.mode or 0)
        known = zip(*(column[row].tolist() for column in columns), strict=True)
        for rank, (image, score, sign, query, key) in enumerate(known):
            if image >= 0:
                side = "+" if sign > 0 else "-"
                yield (*place, rank, found.images[image], score, side, query, key)


def same_object_arrays(found: SameObject) -> dict[str, Any]:
    """The same as arrays, with what places them.

    ``image`` (row, rank) index to ``images``, -1 where there is none; ``score``, ``sign`` (1 or
    -1), ``query_object``, ``key_object`` and ``chance`` of the same shape; ``sigma``,
    ``probability``, ``stage``, ``block``, ``head`` and ``mode`` of each row.
    """
    names = ("image", "score", "sign", "query_object", "key_object", "chance", "sigma")
    arrays = {name: getattr(found, name) for name in (*names, "probability")}
    return arrays | {"images": names_array(found.images)} | mode_columns(found.rows)


def left_out_of(found: SameObject, one_object: str) -> Left:
    """All pictures that do not count, those with fewer than two objects for the reason given."""
    return tuple(sorted((*found.left_out, *((name, one_object) for name in found.one_object))))


def _parameters(found: SameObject) -> dict[str, Any]:
    return {
        "top": found.top,
        **optimal_record(found.options),
        "images": found.total,
        "measured": found.measured,
        "one_object": len(found.one_object),
        "left_out": len(found.left_out),
    }


def _sentences(got: "Found[SameObject]") -> Iterator[str]:
    found = got.result
    yield f"{found.measured} of {found.total} images have two objects or more."
    if found.one_object:
        yield (
            f"{len(found.one_object)} have fewer than two, which would always be the same; they "
            "do not count."
        )
    yield from kept_sentences(got.kept, found.total)
    yield from got.notes
    yield from left_out_sentences(found.left_out)
