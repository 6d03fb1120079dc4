"""Between which values a colour map runs; always from finite values, never left to a library."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limits:
    """The values of the first and last colour, `low` < `high`.

    `centre` is the value in the middle of a diverging map; None for a sequential one.
    """

    low: float
    high: float
    centre: float | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low < self.high):
            raise BadRequest(f"A colour map cannot run from {self.low:g} to {self.high:g}.")


def limits_of(values: Values | Iterable[Values], metric: Metric | None = None) -> Limits:
    """Limits that hold every finite value of one array, or of several that share them.

    A metric with a value for "the same" starts there (distances) or is centred there (norm ratio).
    A constant map keeps a span around its value; one without any finite value gets 0 to 1.

    >>> limits_of(np.array([[0.2, 0.4], [np.nan, 0.3]]), Metric.EUCLIDEAN)
    Limits(low=0.0, high=0.4, centre=None)
    """
    arrays = [values] if isinstance(values, np.ndarray) else list(values)
    found = [good for array in arrays if (good := array[np.isfinite(array)]).size]
    low = min((float(good.min()) for good in found), default=0.0)
    high = max((float(good.max()) for good in found), default=low)
    same = metric.about.same if metric else None
    if same is None:
        return _plain(low, high, empty=not found)
    if metric is Metric.NORM_RATIO:
        return _centred(low, high, centre=same, empty=not found)
    return Limits(same, high if high > same else same + 1.0)


def _plain(low: float, high: float, *, empty: bool) -> Limits:
    if empty:
        return Limits(0.0, 1.0)
    if low < high:
        return Limits(low, high)
    span = abs(low) / 2 or 0.5
    return Limits(low - span, low + span)


def _centred(low: float, high: float, *, centre: float, empty: bool) -> Limits:
    reach = 0.0 if empty else max(high - centre, centre - low)
    reach = reach if reach > 0 else 0.5
    return Limits(centre - reach, centre + reach, centre)
