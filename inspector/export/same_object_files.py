"""How often query and key of a mode lie on one object, in files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inspector.core.optimal import Left
from inspector.core.same_object import SameObject
from inspector.export.drawing import Cell
from inspector.export.optimal_files import names_array, row_arrays
from inspector.export.tables import write_table

BLOCKS = ("stage", "block", "probability", "chance")
HEADS = ("stage", "block", "head", "probability", "chance")
MODES = ("stage", "block", "head", "mode", "sigma", "probability", "chance", "images")
WINNERS = (
    *("stage", "block", "head", "mode", "rank", "image", "score", "sign"),
    *("query_object", "key_object"),
)


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
    return arrays | {"images": names_array(found.images)} | row_arrays(found.rows)


def left_out_of(found: SameObject, one_object: str) -> Left:
    """All pictures that do not count, those with fewer than two objects for the reason given."""
    return tuple(sorted((*found.left_out, *((name, one_object) for name in found.one_object))))
