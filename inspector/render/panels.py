"""Where the vectors of one block lie along x: Q, then K, then V, heads side by side in each."""

import math
from dataclasses import dataclass

import numpy as np

from inspector.core.comparison import BlockComparison, MatrixComparison
from inspector.core.outline import Matrix


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch of x that belongs to Q, K or V; vector i lies at `start` + i.

    `heads` are the places between two heads, without the ends of the stretch.
    """

    matrix: Matrix
    start: int
    count: int
    heads: tuple[float, ...]

    @property
    def stop(self) -> int:
        """Where the next matrix starts."""
        return self.start + self.count

    @property
    def left(self) -> float:
        """The left edge of the first vector."""
        return self.start - 0.5

    @property
    def right(self) -> float:
        """The right edge of the last vector."""
        return self.stop - 0.5


@dataclass(frozen=True, slots=True)
class VectorLayout:
    """The spans of a block, in order; where Q, K and V have C vectors, x runs from 0 to 3C-1."""

    spans: tuple[Span, ...]

    @property
    def total(self) -> int:
        """Number of vectors."""
        return self.spans[-1].stop if self.spans else 0

    @property
    def separators(self) -> tuple[float, ...]:
        """The places between two matrices: just before vector C and vector 2C."""
        return tuple(span.left for span in self.spans[1:])

    def span(self, matrix: Matrix) -> Span | None:
        """The span of Q, K or V; None where it was not compared."""
        return next((span for span in self.spans if span.matrix is matrix), None)

    def at(self, x: float) -> tuple[Matrix, int] | None:
        """The matrix and the vector inside it nearest to x; None outside."""
        for span in self.spans:
            if span.left <= x < span.right:
                return span.matrix, min(math.floor(x + 0.5) - span.start, span.count - 1)
        return None


def vector_layout(block: BlockComparison) -> VectorLayout:
    """Lay out the vectors of all compared matrices of a block."""
    spans, start = [], 0
    for found in block.matrices:
        spans.append(Span(found.matrix, start, found.count, _between_heads(found, start)))
        start += found.count
    return VectorLayout(tuple(spans))


def _between_heads(found: MatrixComparison, start: int) -> tuple[float, ...]:
    steps = np.flatnonzero(np.diff(found.head_of)) + 1
    return tuple(float(start + step) - 0.5 for step in steps)
