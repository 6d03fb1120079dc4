"""The spectrum of a head: sigma of every mode as bars, under them the cosine of its two vectors."""

import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.core.kept import Kept
from inspector.core.modes import BlockMaps, BlockModes
from inspector.render.limits import Values
from inspector.render.scenes import SIGMA
from inspector.views.elided_label import ElidedLabel
from inspector.views.modes_words import mode_text
from inspector.views.plot_frame import Area, PlotFrame, place_in, quiet_plot, restyle
from inspector.views.theme import LIGHT, Theme
from inspector.views.value_axis import ValueAxis
from inspector.views.wording import number_text

_LEFT = 46
_HEADROOM = 1.08
_REACHES = (0.25, 0.5, 1.0)
_BAR_SHARE = 0.76
_STILLS_BYTES = 16 * 2**20
BAR_INK = {"light": "#5f7185", "dark": "#8fa3b8"}
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class SpectrumView(QWidget):
    """One bar and one dot for each mode of a head; a click or the arrow keys choose a mode.

    A hollow bar is a degenerate mode. The band holds the cosine of 95 % of pairs of random
    directions.

    Signals
    -------
    mode_chosen(int)
        The user chose a mode.
    hovered(str)
        The numbers of the mode under the mouse; empty when there is none.
    """

    mode_chosen = Signal(int)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._modes: BlockModes | None = None
        self._maps: BlockMaps | None = None
        self._head, self._mode = 0, 0
        self._span = (0, 0.0)
        self._plotted: Hashable = None
        self.caption = ElidedLabel(fills=True)
        self.frame = _SpectrumFrame(self._prepare_plots, self.cursors)
        self.frame.pointed.connect(self._on_pointed)
        self.frame.clicked.connect(self._on_clicked)
        self.frame.left.connect(self._on_left)
        self.frame.stepped.connect(self._on_stepped)
        self._build()

    def show_modes(
        self, modes: BlockModes | None, head: int, mode: int, maps: BlockMaps | None = None
    ) -> None:
        """Show the spectrum of a head and which mode is chosen; emits nothing.

        `maps` adds each mode's share on the image to its read-out.
        """
        self._modes, self._maps, self._head, self._mode = modes, maps, head, mode
        self.frame.setVisible(modes is not None)
        if modes is None:
            self.caption.setText("")
            return
        self.caption.setText(spectrum_text(modes, head))
        self._draw_axes(modes)
        self.frame.show_plots((weakref.ref(modes), head))

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        restyle(self.frame, (self._upper, self._lower), theme, font)
        band = QColor(theme.muted)
        band.setAlpha(46)
        self._band.show_colour(band)
        self._zero.setPen(pg.mkPen(theme.separator))
        self._dots.setBrush(QColor(theme.text))
        self._plotted = None
        self.frame.apply_theme(theme)

    def place_of_mode(self, mode: int) -> QPointF:
        """The middle of a mode's bar, in the coordinates of the frame's viewport."""
        box = self._upper.getViewBox()
        scene = box.mapViewToScene(QPointF(mode, box.viewRect().center().y()))
        return QPointF(self.frame.mapFromScene(scene))

    def _build(self) -> None:
        self._upper = quiet_plot(left_width=_LEFT, bottom=False, axes={"left": ValueAxis()})
        self._lower = quiet_plot(left_width=_LEFT, bottom=True)
        self._upper.getAxis("bottom").setStyle(tickLength=0)
        self._lower.getAxis("bottom").setHeight(18)
        self._upper.getAxis("left").setLabel(SIGMA)
        self._lower.getAxis("left").setLabel("cos")
        self._bars = pg.BarGraphItem(x=[0], height=[0], width=_BAR_SHARE)
        self._dots = pg.ScatterPlotItem(size=5, pen=None)
        self._band, self._zero = Area(), pg.InfiniteLine(pos=0, angle=0)
        for plot, items in (
            (self._upper, (self._bars,)),
            (self._lower, (self._band, self._zero, self._dots)),
        ):
            for item in items:
                plot.addItem(item, ignoreBounds=True)
        self.frame.addItem(self._upper, 0, 0)
        self.frame.addItem(self._lower, 1, 0)
        self.frame.ci.layout.setRowStretchFactor(0, 5)
        self.frame.ci.layout.setRowStretchFactor(1, 4)
        self.frame.ci.layout.setVerticalSpacing(9)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.caption)
        column.addWidget(self.frame, 1)

    def cursors(self) -> tuple[QRectF, ...]:
        """Where the chosen mode lies in both plots, in the coordinates of the frame's viewport."""
        return tuple(self._cursor(plot) for plot in (self._upper, self._lower))

    def _cursor(self, plot: pg.PlotItem) -> QRectF:
        box = plot.getViewBox()
        there, (first, last) = box.sceneBoundingRect(), box.viewRange()[0]
        wide = there.width() / (last - first)
        left = there.left() + (self._mode - 0.5 - first) * wide
        return QRectF(left, there.top(), wide, there.height())

    def _prepare_plots(self) -> None:
        """Plot the head that is shown, where that is not what is plotted."""
        shown = (self._modes, self._head)
        if self._modes is not None and shown != self._plotted:
            self._plotted = shown
            self._draw(self._modes)

    def _draw(self, modes: BlockModes) -> None:
        sigma, cosine = modes.sigma[self._head], modes.cosine[self._head]
        high = float(sigma.max(initial=0.0)) * _HEADROOM or 1.0
        self._upper.setYRange(0, high, padding=0)
        self._draw_bars(sigma, modes.degenerate[self._head])
        x = np.arange(sigma.size)
        good = np.isfinite(cosine)
        self._dots.setData(x=x[good], y=cosine[good])
        chance = modes.random_95
        self._band.setRect(QRectF(-0.6, -chance, sigma.size + 0.2, 2 * chance))

    def _draw_axes(self, modes: BlockModes) -> None:
        """What many heads share, and what the cursor and the mouse go by."""
        count = modes.num_modes
        reach = cosine_reach(modes.cosine[self._head], modes.random_95)
        if (count, reach) == self._span:
            return
        self._span = (count, reach)
        for plot in (self._upper, self._lower):
            plot.setXRange(-0.6, count - 0.4, padding=0)
        self._lower.setYRange(-reach * _HEADROOM, reach * _HEADROOM, padding=0)
        self._lower.getAxis("left").setTicks(
            [[(place, f"{place:g}".replace("-", "−")) for place in (-reach, 0.0, reach)]]
        )

    def _draw_bars(self, sigma: Values, degenerate: npt.NDArray[np.bool_]) -> None:
        ink = BAR_INK[self._theme.name]
        filled, hollow = pg.mkBrush(ink), pg.mkBrush(None)
        brushes = [hollow if one else filled for one in degenerate] if degenerate.any() else None
        # bars of one colour are drawn in one go
        self._bars.setOpts(
            x=np.arange(sigma.size),
            height=sigma,
            brush=filled,
            brushes=brushes,
            pen=pg.mkPen(ink),
        )

    def _mode_at(self, point: QPointF) -> int | None:
        if self._modes is None:
            return None
        for plot in (self._upper, self._lower):
            place = place_in(plot, point)
            if place is not None:
                mode = round(place.x())
                return mode if 0 <= mode < self._modes.num_modes else None
        return None

    def _on_pointed(self, point: QPointF) -> None:
        mode = self._mode_at(point)
        if mode is None or self._modes is None:
            self.hovered.emit("")
        else:
            self.hovered.emit(mode_text(self._modes, self._head, mode, self._maps))

    def _on_clicked(self, point: QPointF) -> None:
        mode = self._mode_at(point)
        if mode is not None:
            self.mode_chosen.emit(mode)

    @Slot()
    def _on_left(self) -> None:
        self.hovered.emit("")

    @Slot(int)
    def _on_stepped(self, by: int) -> None:
        if self._modes is None:
            return
        there = min(max(self._mode + by, 0), self._modes.num_modes - 1)
        if there != self._mode:
            self.mode_chosen.emit(there)


@dataclass(frozen=True, eq=False, slots=True)
class _Still:
    pixmap: QPixmap

    @property
    def nbytes(self) -> int:
        """Of its pixels."""
        return 4 * self.pixmap.width() * self.pixmap.height()


class _SpectrumFrame(PlotFrame):
    """A frame whose arrow keys step; emits `stepped`.

    Plots take ten times as long to draw as a picture of them. So each head is drawn once, the last
    ones are kept, and the cursor lies under them. `prepare` plots the head that is shown, `cursors`
    are where its chosen mode is.
    """

    stepped = Signal(int)

    def __init__(
        self, prepare: Callable[[], None], cursors: Callable[[], tuple[QRectF, ...]]
    ) -> None:
        super().__init__(
            "Spectrum of the head", says="Left and right step through the modes; a click chooses."
        )
        self._prepare, self._cursors = prepare, cursors
        self._theme = LIGHT
        self._shown: Hashable = None
        self._stills: Kept[Hashable, _Still] = Kept(_STILLS_BYTES)

    def show_plots(self, shown: Hashable) -> None:
        """Show plots, which are known by a key, and the cursor."""
        self._shown = shown
        if self._key not in self._stills:
            self._prepare()
        self.viewport().update()

    def apply_theme(self, theme: Theme) -> None:
        """Draw all anew in the colours of a theme, and in the font that the plots have now."""
        self._theme = theme
        self.setBackground(None)
        self._stills.drop(lambda _: True)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the cursor, and the plots over it."""
        still = self._still()
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), QColor(self._theme.surface))
        tint = QColor(self._theme.accent)
        painter.setPen(QPen(tint, 1.5))
        tint.setAlpha(48)
        painter.setBrush(tint)
        painter.drawRects(self._cursors())
        painter.drawPixmap(0, 0, still)
        painter.end()
        self.paint_focus()

    @property
    def _key(self) -> Hashable:
        size = self.viewport().size()
        return (self._shown, size.width(), size.height(), self.devicePixelRatioF())

    def _still(self) -> QPixmap:
        """The plots without a background and without the cursor."""
        found = self._stills.get(self._key)
        if found is None:
            self._prepare()
            ratio = self.devicePixelRatioF()
            pixmap = QPixmap(self.viewport().size() * ratio)
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            rect = self.viewport().rect()
            self.render(painter, QRectF(rect), rect)
            painter.end()
            found = _Still(pixmap)
            self._stills.put(self._key, found)
        return found.pixmap

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step with the arrow keys; every other key is for the view around it."""
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            event.ignore()
            return
        self.stepped.emit(step)


def spectrum_text(modes: BlockModes, head: int) -> str:
    """The caption: the head's weighted cosine, and what is a bar, a dot and the band."""
    weighted = number_text(float(modes.weighted_cosine[head]), digits=3)
    count = int(modes.degenerate[head].sum())
    parts = [
        f"Weighted cos {weighted}",
        f"bars {SIGMA}, dots cos",
        *([f"{count} degenerate (hollow)"] if count else []),
        f"band ±{modes.random_95:.2f}: 95 % of random directions",
    ]
    return " · ".join(parts)


def cosine_reach(cosine: Values, chance: float) -> float:
    """The end of the cosine axis: 0.25, 0.5 or 1, so that heads stay comparable."""
    high = max(float(np.nanmax(np.abs(cosine), initial=0.0)), chance)
    return next((reach for reach in _REACHES if high <= reach * 0.96), _REACHES[-1])
