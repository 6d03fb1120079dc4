"""Where along a matrix the mean of a metric changes: binary segmentation.

A segment is split where that lowers the sum of squares most, and the halves in turn, as long as a
split gains more than ``3 sigma^2 log n``. That is the modified Bayesian information criterion for
change points (Zhang and Siegmund, Biometrics 63, 2007): a change costs its two means and, as its
place is chosen among n, once more. Sigma is the noise between neighbours, from the median absolute
difference, so that the changes themselves do not enter it. Of series of Gaussian noise, measured
over 6000 each, 4 % are split for 24 to 32 vectors, 2 % for 64, about 1 % for 96 and under 0.5 % for
192 and more: the estimate of sigma is what is uncertain in short ones.
"""

import math

import numpy as np

from inspector.core.comparison import FloatArray

MINIMUM = 8
_CONSTANT = 1e-12
_NORMAL = 1.482602218505602


def change_points(values: FloatArray, *, minimum: int = MINIMUM) -> tuple[int, ...]:
    """Find the vectors at which the mean changes; each starts a new segment.

    Parameters
    ----------
    values
        (vectors,) NaN where undefined; such vectors are passed over.
    minimum
        Least number of defined vectors of a segment.
    """
    places = np.flatnonzero(np.isfinite(values))
    defined = values[places]
    if defined.size < 2 * minimum:
        return ()
    noise = _noise(defined)
    if noise <= _CONSTANT * float(np.abs(defined).max()):
        return ()
    scaled = (defined - defined.mean()) / noise
    sums = np.concatenate([[0.0], np.cumsum(scaled)])
    penalty = 3 * math.log(defined.size)
    return tuple(int(places[split]) for split in _splits(sums, minimum, penalty))


def _noise(values: FloatArray) -> float:
    """Robust standard deviation of the noise from differences of neighbours."""
    steps = np.diff(values)
    spread = _NORMAL * float(np.median(np.abs(steps - np.median(steps))))
    return (spread or float(steps.std())) / math.sqrt(2)


def _splits(sums: FloatArray, minimum: int, penalty: float) -> list[int]:
    """Sorted splits of the whole, given the cumulative sums of its (scaled) values."""
    found: list[int] = []
    waiting = [(0, sums.size - 1)]
    while waiting:
        start, stop = waiting.pop()
        if stop - start < 2 * minimum:
            continue
        split, gain = _best_split(sums, start, stop, minimum)
        if gain > penalty:
            found.append(split)
            waiting += [(start, split), (split, stop)]
    return sorted(found)


def _best_split(sums: FloatArray, start: int, stop: int, minimum: int) -> tuple[int, float]:
    """Find the split of [start, stop) that lowers the sum of squares most, and by how much."""
    splits = np.arange(start + minimum, stop - minimum + 1)
    left, right = splits - start, stop - splits
    below, above = sums[splits] - sums[start], sums[stop] - sums[splits]
    gains = (below / left - above / right) ** 2 * left * right / (stop - start)
    best = int(np.argmax(gains))
    return int(splits[best]), float(gains[best])
