"""The bar that says which colour is which number; its colours come from the compositor."""

import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont

from inspector.render.heat_map import colour_bar
from inspector.render.limits import Limits
from inspector.views.block_axis import RIGHT_WIDTH
from inspector.views.theme import Theme, apply_plot_theme
from inspector.views.wording import number_text

_BAR_LEFT = 12
_BAR_WIDTH = 12


class ColourBar(pg.PlotItem):
    """A vertical bar with its lowest, middle and highest number at its right."""

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.disableAutoRange()
        self.getViewBox().setDefaultPadding(0)
        self.showAxes((True, True, True, False), showValues=(False, False, True, False))
        self.getAxis("top").setStyle(showValues=False, tickLength=0)
        self.getAxis("left").setWidth(_BAR_LEFT)
        self.getAxis("left").setStyle(showValues=False, tickLength=0)
        self.getAxis("right").setWidth(RIGHT_WIDTH - _BAR_LEFT - _BAR_WIDTH)
        self.getAxis("right").enableAutoSIPrefix(False)
        self.getAxis("right").setStyle(tickLength=-3, tickTextOffset=4)
        self._image = pg.ImageItem(axisOrder="row-major")
        self.addItem(self._image)
        self.setXRange(0, 1, padding=0)

    def show_limits(self, limits: Limits, *, top: int) -> None:
        """Show the colours of these limits and their numbers, `top` pixels below the frame."""
        self.getAxis("top").setHeight(top)
        self._image.setImage(colour_bar(limits)[::-1], autoLevels=False)
        self._image.setRect(QRectF(0, limits.low, 1, limits.high - limits.low))
        self.setYRange(limits.low, limits.high, padding=0)
        middle = (limits.low + limits.high) / 2
        ticks = [
            (place, number_text(place, digits=3)) for place in (limits.low, middle, limits.high)
        ]
        self.getAxis("right").setTicks([ticks])

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        apply_plot_theme(self, theme, font=font)
        for place in ("left", "top"):
            self.getAxis(place).setPen(pg.mkPen(None))
