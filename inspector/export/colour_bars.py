"""The colour bar beside a map: its limits, round numbers between them, and its quantity."""

import math
from dataclasses import dataclass

from inspector.core.metrics import Metric
from inspector.export.paper import SMALL, Box, Page, font_of, text_width, wrap
from inspector.export.scale import scale_between
from inspector.render.heat_map import colour_bar
from inspector.render.limits import Limits

_WIDTH, _GAP, _PAD, _NAME_LINE = 2.6, 3.0, 1.4, 2.7


@dataclass(frozen=True, slots=True)
class ColourBar:
    """A vertical bar `height` mm high."""

    limits: Limits
    metric: Metric
    height: float

    @property
    def width(self) -> float:
        """Of gap, bar, numbers and name, in mm."""
        return _GAP + _WIDTH + _PAD + self._label_width + 1.0 + len(self._name) * _NAME_LINE

    def put(self, page: Page, left: float, top: float) -> None:
        """Draw it to the right of a map."""
        box = Box(left + _GAP, top, _WIDTH, self.height)
        axes = page.axes(box)
        span = (0.0, 1.0, self.limits.low, self.limits.high)
        axes.imshow(colour_bar(self.limits), extent=span, aspect="auto", interpolation="none")
        axes.spines[["top", "right"]].set_visible(True)
        axes.set_xticks([])
        axes.yaxis.tick_right()
        ticks = self._ticks
        axes.set_yticks(list(ticks), labels=list(ticks.values()), fontproperties=font_of(SMALL))
        axes.set_ylim(self.limits.low, self.limits.high)
        x = box.right + _PAD + self._label_width + 1.0 + _NAME_LINE / 2
        for line in self._name:
            page.text(x, top + self.height / 2, line, size=SMALL, rotation=90, ha="center")
            x += _NAME_LINE

    @property
    def _ticks(self) -> dict[float, str]:
        """Both limits, and the round numbers that are not too close to them."""
        low, high = self.limits.low, self.limits.high
        scale = scale_between(low, high, count=4)
        apart = 2.9 / self.height * (high - low)
        inner = {
            tick: label
            for tick, label in zip(scale.ticks, scale.labels, strict=True)
            if low + apart <= tick <= high - apart
        }
        return {low: self._end(low), **inner, high: self._end(high)}

    def _end(self, value: float) -> str:
        """A limit, to a hundredth of the span or finer."""
        if value == 0.0:
            return "0"
        exponent = self._exponent
        span = (self.limits.high - self.limits.low) / 10.0**exponent
        decimals = max(0, 2 - math.floor(math.log10(span)))
        return f"{value / 10.0**exponent:.{decimals}f}".replace("-", "−")

    @property
    def _exponent(self) -> int:
        return scale_between(self.limits.low, self.limits.high).exponent

    @property
    def _label_width(self) -> float:
        return max(text_width(label, SMALL) for label in self._ticks.values())

    @property
    def _name(self) -> tuple[str, ...]:
        factor = scale_between(self.limits.low, self.limits.high).factor
        return wrap([*self.metric.about.label.split(), *factor.split()], self.height, SMALL)
