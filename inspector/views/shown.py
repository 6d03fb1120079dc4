"""What the comparison's views show at one moment: one frozen value that all are drawn from."""

from dataclasses import dataclass, field
from typing import Literal

from inspector.core.address import Address
from inspector.core.comparison import (
    BlockComparison,
    Comparison,
    ComparisonSeries,
    MatrixComparison,
    Pattern,
    Patterns,
)
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """How the comparison is drawn; changes no number.

    Parameters
    ----------
    rows
        Rows of the heat map: Q, K and V, or the heads of the selected matrix.
    lines
        One line per matrix, or one line per compared model for the selected matrix.
    shared_limits
        Whether colours and line axes mean the same numbers for all models of a series.
    spread
        Whether the lines carry a band of one standard deviation.
    """

    rows: Literal["matrices", "heads"] = "matrices"
    lines: Literal["matrices", "series"] = "matrices"
    shared_limits: bool = True
    spread: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Results, selection and options together; every view draws from one of these."""

    series: ComparisonSeries | None = None
    patterns: Patterns | None = None
    selection: Selection = field(default_factory=Selection)
    options: ViewOptions = field(default_factory=ViewOptions)

    @property
    def comparison(self) -> Comparison | None:
        """The comparison with the selected compared model; the nearest one there is."""
        if self.series is None:
            return None
        last = len(self.series.comparisons) - 1
        return self.series.comparisons[max(0, min(self.selection.compared, last))]

    @property
    def block(self) -> BlockComparison | None:
        """The selected block; None where none is selected or it is not compared (yet)."""
        comparison, address = self.comparison, self.selection.address
        if comparison is None or address is None:
            return None
        return comparison.by_address.get(address.of_block)

    @property
    def metric(self) -> Metric:
        """The selected metric."""
        return self.selection.metric

    @property
    def matrix(self) -> Matrix:
        """The selected matrix, Q where all three are meant: whose heads and epochs are shown."""
        return self.selection.matrix or Matrix.Q

    @property
    def is_series(self) -> bool:
        """Whether there is more than one compared model."""
        return self.series is not None and len(self.series.comparisons) > 1

    @property
    def vector(self) -> tuple[MatrixComparison, int] | None:
        """The selected vector and its matrix; None where none is selected or it is not there."""
        chosen = self.selection
        if self.block is None or chosen.matrix is None or chosen.vector is None:
            return None
        found = self.block.matrix(chosen.matrix)
        if found is None or chosen.vector >= found.count:
            return None
        return found, chosen.vector

    def pattern(self, address: Address, matrix: Matrix) -> Pattern | None:
        """The local pattern of the selected metric in one matrix, where it was looked for."""
        if self.patterns is None:
            return None
        return self.patterns.patterns.get((address.of_block, matrix, self.metric))
