"""All metrics of all vectors of a pair of matrices, in float64, on the processor.

Source of the formulas: methods, section A. Every weight is widened to float64 before anything is
computed with it, in pieces that stay in the cache, so no float64 copy of a model ever exists.
"""

import threading
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from inspector.core.comparison import Axis, FloatArray, IntArray
from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric

Array = npt.NDArray[np.generic]

_PIECE = 131_072
_CACHE_LINE = 64
_kept = threading.local()


class VectorMeter:
    """Measures pairs of matrices.

    With d = a - b, three sums are taken over every vector: a·a, a·d and d·d. From them follow
    |b|² = a·a - 2a·d + d·d, a·b = a·a - a·d and, without cancellation however near b is to a,
    |a|-|b| = (2a·d - d·d) / (|a|+|b|) and the cosine distance (d·d - (|a|-|b|)²) / (2|a||b|), which
    is never one minus something near one. Where these would cancel after all they are taken anew:
    |b|² and a·b where b is shorter than half of a, and the cosine distance where most of d·d is a
    change of length, as ``|a/|a| - b/|b||² / 2``.

    Examples
    --------
    >>> a = np.array([[3.0, 4.0]])
    >>> VectorMeter().measure(a, 2 * a)[:, 0].tolist()
    [0.0, 5.0, 12.5, 50.0, 5.0, 10.0, 1.0, 2.0]
    """

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
                return _metrics(a, b, _sums_of_rows(a, b))
            return _metrics(a.T, b.T, _sums_of_columns(a, b))


def _sums_of_rows(a: Array, b: Array) -> FloatArray:
    """(3, rows) a·a, a·d, d·d accumulated in float64."""
    sums = np.empty((3, a.shape[0]))
    for piece, wide, change in _pieces(a, b):
        np.vecdot(wide, wide, out=sums[0, piece])
        np.vecdot(wide, change, out=sums[1, piece])
        np.vecdot(change, change, out=sums[2, piece])
    return sums


def _sums_of_columns(a: Array, b: Array) -> FloatArray:
    """(3, columns) the same of the columns, without walking through memory in steps."""
    sums = np.zeros((3, a.shape[1]))
    for _, wide, change in _pieces(a, b):
        sums[0] += np.einsum("ij,ij->j", wide, wide)
        sums[1] += np.einsum("ij,ij->j", wide, change)
        sums[2] += np.einsum("ij,ij->j", change, change)
    return sums


def _pieces(a: Array, b: Array) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
    """Consecutive rows of a and of a - b in float64, with where they lie."""
    count, length = a.shape
    rows = _rows_of_a_piece(length)
    room = _room(min(rows, count), length)
    for start in range(0, count, rows):
        piece = slice(start, start + rows)
        wide, change = room[:, : min(rows, count - start)]
        np.copyto(wide, a[piece])
        np.copyto(change, b[piece])
        np.subtract(wide, change, out=change)
        yield piece, wide, change


def _room(rows: int, length: int) -> FloatArray:
    """Room for two float64 pieces; each thread keeps its own, as fresh memory costs much."""
    size = 2 * rows * length
    scratch: FloatArray | None = getattr(_kept, "scratch", None)
    if scratch is None or scratch.size < size:
        scratch = _kept.scratch = _aligned(max(size, 2 * _PIECE))
    return scratch[:size].reshape(2, rows, length)


def _aligned(size: int) -> FloatArray:
    """Memory that starts with a cache line, where vector instructions are quicker."""
    raw = np.empty(size * 8 + _CACHE_LINE, dtype=np.uint8)
    start = -raw.ctypes.data % _CACHE_LINE
    return raw[start : start + size * 8].view(np.float64)


def _rows_of_a_piece(length: int) -> int:
    return max(1, _PIECE // max(1, length))


def _metrics(a: Array, b: Array, sums: FloatArray) -> FloatArray:
    """(metrics, vectors) of the rows of a and b and their sums a·a, a·d, d·d."""
    own, mixed, squared = sums
    lost = 2 * mixed - squared
    other, dot = own - lost, own - mixed
    for some in _in_pieces(other < own / 4, a.shape[1]):
        wide_a, wide_b = a[some].astype(np.float64), b[some].astype(np.float64)
        other[some], dot[some] = np.vecdot(wide_b, wide_b), np.vecdot(wide_a, wide_b)
    norm_a, norm_b, euclidean = np.sqrt(own), np.sqrt(other), np.sqrt(squared)
    divisor = np.where(norm_a == 0, np.nan, norm_a)
    found = {
        Metric.COSINE_DISTANCE: _cosine_distances(a, b, norm_a, norm_b, squared, lost),
        Metric.EUCLIDEAN: euclidean,
        Metric.MSE: squared / a.shape[1],
        Metric.DOT: dot,
        Metric.NORM_A: norm_a,
        Metric.NORM_B: norm_b,
        Metric.RELATIVE_DISTANCE: euclidean / divisor,
        Metric.NORM_RATIO: norm_b / divisor,
    }
    return np.array([found[metric] for metric in Metric])


def _cosine_distances(
    a: Array,
    b: Array,
    norm_a: FloatArray,
    norm_b: FloatArray,
    squared: FloatArray,
    lost: FloatArray,
) -> FloatArray:
    """(vectors,) cosine distances, NaN where either vector is zero; `lost` is |a|² - |b|²."""
    product = norm_a * norm_b
    lengthened = (lost / (norm_a + norm_b)) ** 2
    distances = (squared - lengthened) / (2 * product)
    for some in _in_pieces((lengthened > squared / 2) & (product > 0), a.shape[1]):
        wide_a, wide_b = a[some].astype(np.float64), b[some].astype(np.float64)
        turned = wide_a / norm_a[some, None] - wide_b / norm_b[some, None]
        distances[some] = np.vecdot(turned, turned) / 2
    np.minimum(distances, 2.0, out=distances)
    distances[product == 0] = np.nan
    return distances


def _in_pieces(chosen: npt.NDArray[np.bool_], length: int) -> Iterator[IntArray]:
    """Yield the chosen vectors in pieces that stay in the cache."""
    if not chosen.any():
        return
    places = np.flatnonzero(chosen)
    step = _rows_of_a_piece(length)
    for start in range(0, places.size, step):
        yield places[start : start + step]
