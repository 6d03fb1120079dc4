"""The rows of the table: one for each compared matrix of each block."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inspector.core.address import Address
from inspector.core.comparison import BlockComparison, Comparison, MatrixComparison, Summary
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.views.wording import number_text, percent_text


@dataclass(frozen=True, slots=True)
class TableRow:
    """The numbers of one matrix of one block; `vector` is where its largest value stands."""

    index: int
    address: Address
    matrix: Matrix
    summary: Summary
    largest: float
    vector: int | None
    relative: float
    direction: float
    frozen: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, what it means, its number to sort by, its text.

    `order` gives what the rows are sorted by: a number, NaN last in either direction.
    """

    title: str
    says: str
    order: Callable[[TableRow], float]
    text: Callable[[TableRow], str]
    numeric: bool = True

    def exact(self, row: TableRow) -> str:
        """The value with all its digits, for the clipboard."""
        return repr(self.order(row)) if self.numeric else self.text(row)


def rows_of(comparison: Comparison, metric: Metric) -> tuple[TableRow, ...]:
    """All rows in global order."""
    return tuple(_row(block, found, metric) for block, found in comparison.cells())


def sorted_rows(
    rows: tuple[TableRow, ...], column: Column, *, descending: bool
) -> tuple[TableRow, ...]:
    """Rows by one column; equal ones stay in global order, rows without a number come last."""
    numbers = np.array([column.order(row) for row in rows], dtype=np.float64)
    order = np.argsort(-numbers if descending else numbers, kind="stable")
    return tuple(rows[place] for place in order)


def _row(block: BlockComparison, found: MatrixComparison, metric: Metric) -> TableRow:
    values = found[metric]
    vector = int(np.nanargmax(values)) if np.isfinite(values).any() else None
    return TableRow(
        block.global_index,
        block.address,
        found.matrix,
        found.summaries[metric],
        float("nan") if vector is None else float(values[vector]),
        vector,
        found.summaries[Metric.RELATIVE_DISTANCE].mean,
        found.share_of_direction,
        found.identical,
    )


def _plain(value: float) -> str:
    return number_text(value)


COLUMNS = (
    Column(
        "Block",
        "Stage and block",
        lambda row: row.index,
        lambda row: str(row.address),
        numeric=False,
    ),
    Column(
        "Matrix",
        "Query, key or value",
        lambda row: tuple(Matrix).index(row.matrix),
        lambda row: row.matrix.label,
        numeric=False,
    ),
    Column(
        "Mean",
        "Mean of the chosen metric over the vectors",
        lambda row: row.summary.mean,
        lambda row: _plain(row.summary.mean),
    ),
    Column(
        "Median",
        "Median of the chosen metric over the vectors",
        lambda row: row.summary.median,
        lambda row: _plain(row.summary.median),
    ),
    Column(
        "Std",
        "Standard deviation of the chosen metric over the vectors",
        lambda row: row.summary.std,
        lambda row: _plain(row.summary.std),
    ),
    Column(
        "Largest",
        "Largest value of the chosen metric",
        lambda row: row.largest,
        lambda row: _plain(row.largest),
    ),
    Column(
        "at vector",
        "The vector with the largest value, counted from 0 inside the matrix",
        lambda row: float("nan") if row.vector is None else row.vector,
        lambda row: "–" if row.vector is None else str(row.vector),
    ),
    Column(
        "Relative",
        "Mean relative distance |a − b| / |a|",
        lambda row: row.relative,
        lambda row: _plain(row.relative),
    ),
    Column(
        "Direction",
        "Share of the squared Euclidean change that is a change of direction",
        lambda row: row.direction,
        lambda row: percent_text(row.direction),
    ),
    Column(
        "Frozen",
        "Bit for bit the same in A and B",
        lambda row: row.frozen,
        lambda row: "frozen" if row.frozen else "",
        numeric=False,
    ),
)
MEAN, RELATIVE = 2, 7


def most_changed_column(metric: Metric) -> int:
    """By which column "most changed first" sorts: the mean of a distance, else the relative one."""
    return MEAN if metric.about.same == 0.0 else RELATIVE
