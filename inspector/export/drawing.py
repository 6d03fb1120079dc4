"""A figure together with the numbers in it, and what all figures choose from a series."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from inspector.core.comparison import BlockComparison, Comparison, ComparisonSeries
from inspector.core.errors import BadRequest
from inspector.core.selection import Selection

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | int | float


@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawn figure.

    Parameters
    ----------
    figure
        Of matplotlib, at its true size.
    columns, rows
        The numbers that are drawn as a tidy table.
    arrays
        The same numbers as arrays, with what places them.
    """

    figure: "Figure"
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    arrays: dict[str, npt.NDArray[Any]]


def chosen_comparison(series: ComparisonSeries, selection: Selection) -> Comparison:
    """The compared model that is selected.

    Raises
    ------
    BadRequest
        When the series has no such model.
    """
    count = len(series.comparisons)
    if not 0 <= selection.compared < count:
        raise BadRequest(
            f"There is no compared model {selection.compared}: the series has {count}, counted "
            "from 0."
        )
    return series.comparisons[selection.compared]


def chosen_block(comparison: Comparison, selection: Selection) -> BlockComparison:
    """The block that is selected; the first where none is.

    Raises
    ------
    BadRequest
        When that block was not compared.
    """
    if not comparison.blocks:
        raise BadRequest("No block has been compared.")
    if selection.address is None:
        return comparison.blocks[0]
    block = comparison.by_address.get(selection.address.of_block)
    if block is None:
        raise BadRequest(f"Block {selection.address.of_block} was not compared.")
    return block


def remarks(comparison: Comparison) -> Iterator[str]:
    """What a reader of the figure has to know: the models, the axis, what is missing."""
    yield f"A {comparison.reference.label}"
    yield f"B {comparison.compared.label}"
    yield from common_remarks(comparison)


def common_remarks(comparison: Comparison) -> Iterator[str]:
    """The axis of the vectors, and how many blocks are missing."""
    yield (
        "vectors: rows (output features)"
        if comparison.axis == "out"
        else ("vectors: columns (input features)")
    )
    missing = comparison.depth - len(comparison.blocks)
    if missing:
        yield f"{missing} of {comparison.depth} blocks not compared"


def limits_array(low: float, high: float) -> npt.NDArray[np.float64]:
    """(2,) for the file of arrays."""
    return np.array([low, high])
