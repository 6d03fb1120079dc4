"""What the heat maps show: one number for each block and matrix, or for each block and head."""

from itertools import pairwise
from typing import Protocol

import numpy as np

from inspector.core.address import Address
from inspector.core.comparison import Comparison, ComparisonSeries
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.render.limits import Limits, Values, limits_of


class Staged(Protocol):
    """Anything that runs over all blocks of a model: a comparison, the modes of a model."""

    @property
    def stage_starts(self) -> tuple[int, ...]:
        """Global index of the first block of each stage."""
        ...

    @property
    def depth(self) -> int:
        """Number of blocks."""
        ...


def block_map(comparison: Comparison, metric: Metric) -> Values:
    """(3, depth) mean over the vectors of Q, K and V of each block; NaN where not compared."""
    values = np.full((len(Matrix), comparison.depth), np.nan)
    rows = {matrix: row for row, matrix in enumerate(Matrix)}
    for block, found in comparison.cells():
        values[rows[found.matrix], block.global_index] = found.summaries[metric].mean
    return values


def head_map(comparison: Comparison, matrix: Matrix, metric: Metric) -> Values:
    """(heads of the widest block, depth) mean over the vectors of each head.

    NaN where not compared, and where a block has fewer heads (see `head_counts`). No rows for
    vectors along the input axis, which belong to no head.
    """
    columns = {
        block.global_index: found.head_means(metric)
        for block, found in comparison.cells()
        if found.matrix is matrix
    }
    heads = max((column.size for column in columns.values()), default=0)
    values = np.full((heads, comparison.depth), np.nan)
    for index, column in columns.items():
        values[: column.size, index] = column
    return values


def head_counts(comparison: Comparison, matrix: Matrix) -> tuple[int, ...]:
    """Number of heads of each block, in global order; 0 where the matrix was not compared."""
    counts = [0] * comparison.depth
    for block, found in comparison.cells():
        if found.matrix is matrix:
            counts[block.global_index] = int(found.head_of.max(initial=-1)) + 1
    return tuple(counts)


def block_limits(series: ComparisonSeries, metric: Metric) -> Limits:
    """Limits shared by the block maps of all compared models."""
    return limits_of((block_map(c, metric) for c in series.comparisons), metric)


def head_limits(series: ComparisonSeries, metric: Metric) -> Limits:
    """Limits shared by the head maps of Q, K and V of all compared models."""
    maps = (head_map(c, matrix, metric) for c in series.comparisons for matrix in Matrix)
    return limits_of(maps, metric)


def addresses(staged: Staged) -> tuple[Address, ...]:
    """The address of every block in global order, with a result or not."""
    starts = (*staged.stage_starts, staged.depth)
    return tuple(
        Address(stage, block)
        for stage, (start, stop) in enumerate(pairwise(starts))
        for block in range(stop - start)
    )
