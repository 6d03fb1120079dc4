"""Whether a metric falls off at the end of a matrix, against windows anywhere in it."""

import numpy as np

from inspector.core.comparison import Drop, FloatArray, IntArray

_WINDOWS = 1000
_CONSTANT = 1e-12


def drops_at_end(
    values: FloatArray, window: int, *, random: np.random.Generator
) -> tuple[Drop, ...]:
    """Compare the last `window` vectors with those before, and with random windows of that length.

    The same 1000 random windows serve every metric (methods, section A; see `Drop`). Undefined
    values are left out of every mean.

    Parameters
    ----------
    values
        (metrics, vectors), NaN where undefined.

    Returns
    -------
    One `Drop` a metric; all NaN where the window is not shorter than the matrix.
    """
    count = values.shape[1]
    if not 0 < window < count:
        return tuple(no_drop(window) for _ in values)
    starts = random.integers(0, count - window + 1, size=_WINDOWS)
    centre, spread = _moments(_window_means(values, starts, window))
    last = _window_means(values, np.array([count - window]), window)[:, 0]
    before = _window_means(values, np.array([0]), count - window)[:, 0]
    with np.errstate(all="ignore"):
        z = np.where(spread > _CONSTANT * np.abs(centre), (centre - last) / spread, np.nan)
        numbers = np.stack([before - last, (before - last) / before, z])
    return tuple(Drop(window, *map(float, one)) for one in numbers.T)


def no_drop(window: int) -> Drop:
    """Return what stands where a drop has no meaning."""
    nan = float("nan")
    return Drop(window, nan, nan, nan)


def _window_means(values: FloatArray, starts: IntArray, window: int) -> FloatArray:
    """(metrics, windows) means of the defined values from each start on."""
    defined = np.isfinite(values)
    sums = _cumulative(np.where(defined, values, 0.0))
    counts = _cumulative(defined.astype(np.float64))
    with np.errstate(all="ignore"):
        means: FloatArray = (sums[:, starts + window] - sums[:, starts]) / (
            counts[:, starts + window] - counts[:, starts]
        )
    return means


def _moments(windows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(metrics,) mean and standard deviation over the windows that have a value."""
    defined = np.isfinite(windows)
    count = np.maximum(1, defined.sum(axis=1))
    centre = np.where(defined, windows, 0.0).sum(axis=1) / count
    squares = np.where(defined, (windows - centre[:, None]) ** 2, 0.0).sum(axis=1)
    return centre, np.sqrt(squares / count)


def _cumulative(values: FloatArray) -> FloatArray:
    return np.concatenate([np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1)], axis=1)
