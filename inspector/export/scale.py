"""The numbers along an axis: which span, which ticks, and how they are written."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from inspector.export.paper import SMALL, text_width
from inspector.render.limits import Values

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `low` to `high`; numbers are written without the factor 10^`exponent`."""

    low: float
    high: float
    ticks: tuple[float, ...]
    exponent: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """The numbers at the ticks, all with as many decimals as the longest needs."""
        return numbers(self.ticks, exponent=self.exponent)

    @property
    def factor(self) -> str:
        """``×10⁻⁵``, or nothing."""
        return f"×10{str(self.exponent).translate(_SUPERSCRIPT)}" if self.exponent else ""

    @property
    def label_width(self) -> float:
        """Width of the widest number in mm."""
        return max((text_width(label, SMALL) for label in self.labels), default=0.0)


def numbers(values: Sequence[float], *, exponent: int = 0) -> tuple[str, ...]:
    """Round numbers written alike, without the factor 10^`exponent`, with a true minus sign.

    >>> numbers([0.0, 0.25, 0.5])
    ('0.00', '0.25', '0.50')
    """
    shown = [float(f"{value / 10.0**exponent:.10g}") + 0.0 for value in values]
    decimals = max((_decimals(value) for value in shown), default=0)
    return tuple(f"{value:.{decimals}f}".replace("-", "−") for value in shown)


def scale_between(low: float, high: float, *, count: int = 5) -> Scale:
    """Ticks at round numbers between two values."""
    from matplotlib.ticker import MaxNLocator

    largest = max(abs(low), abs(high))
    exponent = math.floor(math.log10(largest)) if largest > 0 else 0
    exponent = 0 if -2 <= exponent < 4 else exponent
    places = MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    slack = (high - low) * 1e-9
    ticks = (float(t) for t in places if low - slack <= t <= high + slack)
    return Scale(low, high, tuple(_cleared(t, high - low) for t in ticks), exponent)


def scale_of(values: Values, *, floor: float | None = None, headroom: float = 0.05) -> Scale:
    """A scale around the finite values.

    Parameters
    ----------
    values
        Any shape; without a finite value the scale runs from 0 to 1.
    floor
        Where the axis starts, for quantities that cannot be smaller; without one it starts below
        the smallest value.
    headroom
        Empty share above the largest value.
    """
    good = values[np.isfinite(values)]
    low, high = (float(good.min()), float(good.max())) if good.size else (0.0, 1.0)
    low = low if floor is None else floor
    if high <= low:
        return _around(max(low, high), floor=floor)
    span = high - low
    return scale_between(low if floor is not None else low - span * 0.05, high + span * headroom)


def _around(value: float, *, floor: float | None) -> Scale:
    """The only number there is, as the only tick."""
    reach = abs(value) / 10 or 1.0
    low = value - reach if floor is None else floor
    return replace(scale_between(low, value + reach), ticks=(value,))


def _decimals(value: float) -> int:
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _cleared(tick: float, span: float) -> float:
    return 0.0 if abs(tick) < span * 1e-9 else tick
