"""The numbers under the vectors: they count from 0 inside each of Q, K and V."""

import pyqtgraph as pg

from inspector.render.panels import VectorLayout

_PIXELS_PER_TICK = 52
_NICE = (1, 2, 5)


class VectorAxis(pg.AxisItem):
    """Ticks at round vector numbers of each matrix, for any zoom."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.setStyle(hideOverlappingLabels=False)
        self._spans = VectorLayout(())

    def show_layout(self, layout: VectorLayout) -> None:
        """Count along these spans."""
        self._spans = layout
        self.picture = None
        self.update()

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Places of the ticks between low and high on an axis of `size` pixels."""
        step = nice_step((high - low) * _PIXELS_PER_TICK / max(size, 1.0))
        places = [
            float(span.start + number)
            for span in self._spans.spans
            for number in range(0, span.count, step)
            if low <= span.start + number <= high
            and (number == 0 or number <= span.count - step / 2)
        ]
        return [(float(step), places)]

    def tickStrings(self, values: list[float], _scale: float, _spacing: float) -> list[str]:
        """The vector's number inside its matrix."""
        found = (self._spans.at(value) for value in values)
        return ["" if one is None else str(one[1]) for one in found]


def nice_step(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50... that is at least `least`."""
    power = 1
    while True:
        for nice in _NICE:
            if nice * power >= least:
                return nice * power
        power *= 10
