"""The numbers beside a low panel: round, and never closer than a line of text."""

from math import ceil, floor, log10

import pyqtgraph as pg

_PIXELS_PER_TICK = 13
_NICE = (1, 2, 5, 10)


class ValueAxis(pg.AxisItem):
    """A left axis with as many round numbers as have room, at least one."""

    def __init__(self) -> None:
        super().__init__("left")
        self.setStyle(hideOverlappingLabels=False)

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Places of the ticks between low and high on an axis of `size` pixels."""
        step = round_step((high - low) * _PIXELS_PER_TICK / max(size, 1.0))
        if step <= 0:
            return []
        first, last = ceil(low / step), floor(high / step)
        return [(step, [number * step for number in range(first, last + 1)])]


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is at least `least`; 0 for 0."""
    if least <= 0:
        return 0.0
    power = 10.0 ** floor(log10(least))
    return next(nice * power for nice in _NICE if nice * power >= least * (1 - 1e-9))
