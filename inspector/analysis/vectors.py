"""All metrics of all vectors of a pair of matrices, in float64, on the processor.

Source of the formulas: methods, section A. Every weight is widened to float64 before anything is
computed with it, in pieces that stay in the cache, so no float64 copy of a model ever exists.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from inspector.core.comparison import Axis, FloatArray
from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric

Array = npt.NDArray[np.generic]

_PIECE = 131_072
_NEARLY_IDENTICAL = 1e-10


class VectorMeter:
    """Measures pairs of matrices one after the other, in scratch memory that it keeps.

    The cosine distance is never taken as one minus something near one. With d = a - b it is
    ``(|d|² - (|a|-|b|)²) / (2|a||b|)``. Where most of |d|² is a change of length that would cancel,
    and ``|a/|a| - b/|b||² / 2`` is taken; where a and b differ by less than about 1e-5 of their
    length, ``|a|-|b|`` is taken as ``d·(a+b) / (|a|+|b|)``.

    Examples
    --------
    >>> a = np.array([[3.0, 4.0]])
    >>> VectorMeter().measure(a, 2 * a)[:, 0].tolist()
    [0.0, 5.0, 12.5, 50.0, 5.0, 10.0, 1.0, 2.0]
    """

    def __init__(self) -> None:
        self._scratch = np.empty(0)

    def measure(self, a: Array, b: Array, *, axis: Axis = "out") -> FloatArray:
        """Compare the rows (``out``) or the columns (``in``) of two matrices of one shape.

        Parameters
        ----------
        a, b
            (rows, columns) weights of reference and compared, of any real type.
        axis
            ``out``: vectors are rows; ``in``: columns.

        Returns
        -------
        (metrics, vectors) float64, rows in the order of `Metric`. The cosine distance is NaN
        where a or b is zero, relative distance and norm ratio where a is. A weight that is not
        finite (or, in float64, so large that its square is not) makes a norm that is not finite.

        Raises
        ------
        BadRequest
            When the shapes differ or are not those of matrices.
        """
        if a.shape != b.shape or a.ndim != 2:
            raise BadRequest(f"Matrices of shapes {a.shape} and {b.shape} cannot be compared.")
        with np.errstate(all="ignore"):
            if axis == "out":
                return _metrics(a, b, self._sums_of_rows(a, b))
            return _metrics(a.T, b.T, self._sums_of_columns(a, b))

    def _sums_of_rows(self, a: Array, b: Array) -> FloatArray:
        """(4, rows) |a|², |b|², a·b, |a-b|² accumulated in float64."""
        sums = np.empty((4, a.shape[0]))
        for piece, wide_a, wide_b, change in self._pieces(a, b):
            np.vecdot(wide_a, wide_a, out=sums[0, piece])
            np.vecdot(wide_b, wide_b, out=sums[1, piece])
            np.vecdot(wide_a, wide_b, out=sums[2, piece])
            np.vecdot(change, change, out=sums[3, piece])
        return sums

    def _sums_of_columns(self, a: Array, b: Array) -> FloatArray:
        """(4, columns) the same of the columns, without walking through memory in steps."""
        sums = np.zeros((4, a.shape[1]))
        for _, wide_a, wide_b, change in self._pieces(a, b):
            sums[0] += np.einsum("ij,ij->j", wide_a, wide_a)
            sums[1] += np.einsum("ij,ij->j", wide_b, wide_b)
            sums[2] += np.einsum("ij,ij->j", wide_a, wide_b)
            sums[3] += np.einsum("ij,ij->j", change, change)
        return sums

    def _pieces(
        self, a: Array, b: Array
    ) -> Iterator[tuple[slice, FloatArray, FloatArray, FloatArray]]:
        """Consecutive rows of a, of b and of a - b in float64, with where they lie."""
        count, length = a.shape
        rows = _rows_of_a_piece(length)
        room = self._room(min(rows, count), length)
        for start in range(0, count, rows):
            piece = slice(start, start + rows)
            wide_a, wide_b, change = room[:, : min(rows, count - start)]
            np.copyto(wide_a, a[piece])
            np.copyto(wide_b, b[piece])
            np.subtract(wide_a, wide_b, out=change)
            yield piece, wide_a, wide_b, change

    def _room(self, rows: int, length: int) -> FloatArray:
        """Room for three float64 pieces; kept, because fresh memory costs more than the sums."""
        size = 3 * rows * length
        if self._scratch.size < size:
            self._scratch = np.empty(size)
        return self._scratch[:size].reshape(3, rows, length)


def _rows_of_a_piece(length: int) -> int:
    return max(1, _PIECE // max(1, length))


def _metrics(a: Array, b: Array, sums: FloatArray) -> FloatArray:
    norm_a, norm_b, euclidean = np.sqrt(sums[[0, 1, 3]])
    found = {
        Metric.COSINE_DISTANCE: _cosine_distances(a, b, norm_a, norm_b, sums[3]),
        Metric.EUCLIDEAN: euclidean,
        Metric.MSE: sums[3] / a.shape[1],
        Metric.DOT: sums[2],
        Metric.NORM_A: norm_a,
        Metric.NORM_B: norm_b,
        Metric.RELATIVE_DISTANCE: np.where(norm_a > 0, euclidean / norm_a, np.nan),
        Metric.NORM_RATIO: np.where(norm_a > 0, norm_b / norm_a, np.nan),
    }
    return np.stack([found[metric] for metric in Metric])


def _cosine_distances(
    a: Array, b: Array, norm_a: FloatArray, norm_b: FloatArray, squared: FloatArray
) -> FloatArray:
    """(vectors,) cosine distances; NaN where either vector is zero."""
    product = norm_a * norm_b
    lengthened = (norm_a - norm_b) ** 2
    distances = (squared - lengthened) / (2 * product)
    delicate = (lengthened > squared / 2) | (squared < _NEARLY_IDENTICAL * product)
    delicate &= (squared > 0) & (product > 0)
    rows = np.flatnonzero(delicate)
    step = _rows_of_a_piece(a.shape[1])
    for start in range(0, rows.size, step):
        some = rows[start : start + step]
        distances[some] = _delicate(a[some], b[some], norm_a[some], norm_b[some])
    return np.where(product > 0, np.minimum(distances, 2.0), np.nan)


def _delicate(a: Array, b: Array, norm_a: FloatArray, norm_b: FloatArray) -> FloatArray:
    """Cosine distances of rows where the quick formula would lose digits."""
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    change = wide_a - wide_b
    squared = np.vecdot(change, change)
    lengthened = (np.vecdot(change, wide_a + wide_b) / (norm_a + norm_b)) ** 2
    turned = wide_a / norm_a[:, None] - wide_b / norm_b[:, None]
    by_lengths = (squared - lengthened) / (2 * norm_a * norm_b)
    by_directions = np.vecdot(turned, turned) / 2
    distances: FloatArray = np.where(lengthened > squared / 2, by_directions, by_lengths)
    return distances
