"""How much of the variance over the vectors of a matrix lies between heads, and is it chance."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector.core.comparison import FloatArray, IntArray

_PIECE = 100_000
_CONSTANT = 1e-12
_TIE = 1e-9


@dataclass(frozen=True, eq=False)
class Clusters:
    """(metrics,) eta squared and permutation p-value; NaN for a single head or constant values."""

    eta_squared: FloatArray
    p_value: FloatArray


def head_clusters(
    values: FloatArray,
    head_of: IntArray,
    *,
    permutations: int,
    random: np.random.Generator,
    tick: Callable[[], None],
) -> Clusters:
    """Measure and test how alike the vectors of one head are.

    eta^2 = SS_between / SS_total over the defined values, and
    p = (1 + hits) / (1 + permutations), where a hit is a random order of the vectors that gives at
    least the same eta^2 (methods, section A). All metrics see the same orders.

    Parameters
    ----------
    values
        (metrics, vectors), NaN where undefined.
    head_of
        (vectors,) heads as consecutive runs; -1 for vectors that belong to no head.
    tick
        Called after each piece of work, every few milliseconds.
    """
    metrics, count = values.shape
    starts = np.flatnonzero(np.diff(head_of, prepend=-2))
    undefined = np.full(metrics, np.nan)
    if starts.size < 2:
        return Clusters(undefined, undefined)
    centred, weights, total = _centered(values)
    largest = np.where(np.isfinite(values), np.abs(values), 0.0).max(axis=1)
    varied = total > count * (_CONSTANT * largest) ** 2
    order = np.arange(count)[None]
    between = _between(centred, weights, order, starts)[0]
    hits = np.zeros(metrics, dtype=np.int64)
    for orders in _orders(count, permutations, random):
        found = _between(centred, weights, orders, starts)
        hits += np.count_nonzero(found >= between * (1 - _TIE), axis=0)
        tick()
    with np.errstate(all="ignore"):
        eta_squared = np.where(varied, between / total, np.nan)
    return Clusters(eta_squared, np.where(varied, (1 + hits) / (1 + permutations), np.nan))


def _centered(values: FloatArray) -> tuple[FloatArray, FloatArray | None, FloatArray]:
    """(vectors, metrics) deviations, their weights where some are undefined, (metrics,) squares."""
    defined = np.isfinite(values)
    filled = np.where(defined, values, 0.0)
    mean = filled.sum(axis=1) / np.maximum(1, defined.sum(axis=1))
    deviations = np.where(defined, values - mean[:, None], 0.0)
    weights = None if defined.all() else np.ascontiguousarray(defined.T, dtype=np.float64)
    return np.ascontiguousarray(deviations.T), weights, (deviations**2).sum(axis=1)


def _orders(
    count: int, permutations: int, random: np.random.Generator
) -> Iterator[npt.NDArray[np.intp]]:
    """Random orders in pieces of (some, vectors) that stay in the cache."""
    rows = max(1, _PIECE // count)
    straight = np.arange(count, dtype=np.intp)
    for start in range(0, permutations, rows):
        some = min(rows, permutations - start)
        yield random.permuted(np.broadcast_to(straight, (some, count)), axis=1)


def _between(
    centred: FloatArray,
    weights: FloatArray | None,
    orders: npt.NDArray[np.intp],
    starts: IntArray,
) -> FloatArray:
    """(orders, metrics) sum of squares between heads of values put in each order."""
    sums = np.add.reduceat(np.take(centred, orders, axis=0), starts, axis=1)
    if weights is None:
        sizes = np.diff(starts, append=orders.shape[1])[None, :, None].astype(np.float64)
    else:
        sizes = np.add.reduceat(np.take(weights, orders, axis=0), starts, axis=1)
    squares: FloatArray = (sums**2 / np.maximum(sizes, 1.0)).sum(axis=1)
    return squares
