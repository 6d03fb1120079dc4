"""The frame all plots stand in: no menus, no auto-range, rate-limited hover, a visible focus."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QGraphicsRectItem, QWidget

from inspector.views.theme import Theme, apply_plot_theme

HOVERS_PER_SECOND = 60
_CLICK_SLACK = 5
NO_AXES: Mapping[str, pg.AxisItem] = MappingProxyType({})
_MARGINS = (2, 6, 6, 5)


class PlotFrame(pg.GraphicsLayoutWidget):
    """A scene of plots that are built once and only ever given new data.

    Signals
    -------
    pointed(point)
        The mouse moved to a point of the scene (`QPointF`); at most 60 times a second.
    clicked(point)
        The left button was pressed and released in one place.
    left()
        The mouse left.
    """

    pointed = Signal(object)
    clicked = Signal(object)
    left = Signal()

    def __init__(self, name: str, *, says: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setAccessibleDescription(says)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.ci.layout.setContentsMargins(*_MARGINS)
        self.ci.layout.setSpacing(0)
        self._pressed: QPointF | None = None
        self._hover = pg.SignalProxy(
            self.scene().sigMouseMoved, rateLimit=HOVERS_PER_SECOND, slot=self._on_mouse_moved
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a click may have begun."""
        super().mousePressEvent(event)
        is_left = event.button() is Qt.MouseButton.LeftButton
        self._pressed = event.position() if is_left else None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tell a click from a drag."""
        super().mouseReleaseEvent(event)
        begun, self._pressed = self._pressed, None
        if begun is None or event.button() is not Qt.MouseButton.LeftButton:
            return
        if (event.position() - begun).manhattanLength() <= _CLICK_SLACK:
            self.clicked.emit(self.mapToScene(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        """Say that nothing is pointed at any more."""
        super().leaveEvent(event)
        self._hover.args = None
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave every key to the view around it."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the plots, and a frame around them while they have the focus."""
        super().paintEvent(event)
        self.paint_focus()

    def paint_focus(self) -> None:
        """Draw the frame of the focus; only while a paint event is handled."""
        if not self.hasFocus():
            return
        painter = QPainter(self.viewport())
        painter.setPen(pg.mkPen(self.palette().color(QPalette.ColorRole.Highlight), width=2))
        painter.drawRect(QRectF(self.viewport().rect()).adjusted(1, 1, -1, -1))
        painter.end()

    @Slot(object)
    def _on_mouse_moved(self, arguments: tuple[QPointF]) -> None:
        self.pointed.emit(arguments[0])


class Separators(pg.PlotCurveItem):
    """Vertical lines at any number of places, as one item."""

    def __init__(self, *, dotted: bool = False) -> None:
        super().__init__(connect="pairs")
        self._style = Qt.PenStyle.DotLine if dotted else Qt.PenStyle.SolidLine
        self.setZValue(5)

    def show_at(self, places: Iterable[float], low: float, high: float) -> None:
        """Draw lines at the places, from low to high."""
        x = np.repeat(np.fromiter(places, dtype=np.float64), 2)
        self.setData(x, np.tile([low, high], x.size // 2))

    def show_colour(self, colour: str) -> None:
        """Draw in a colour."""
        self.setPen(pg.mkPen(colour, style=self._style))


class Area(QGraphicsRectItem):
    """A filled rectangle behind the data."""

    def __init__(self) -> None:
        super().__init__()
        self.setPen(pg.mkPen(None))
        self.setZValue(-20)

    def show_colour(self, colour: QColor) -> None:
        """Fill with a colour."""
        self.setBrush(colour)


def quiet_plot(
    *, left_width: int, bottom: bool, top: bool = False, axes: Mapping[str, pg.AxisItem] = NO_AXES
) -> pg.PlotItem:
    """A plot without menu, buttons and auto-range, whose left axis has a fixed width.

    Neither mouse nor wheel moves it until `setMouseEnabled` says so. `bottom` and `top` say which
    numbers are shown; `axes` replaces plain axes by place.
    """
    plot = pg.PlotItem(enableMenu=False, axisItems=dict(axes))
    plot.hideButtons()
    plot.setMouseEnabled(x=False, y=False)
    plot.disableAutoRange()
    plot.getViewBox().setDefaultPadding(0)
    plot.showAxes((True, top, False, True), showValues=(True, top, False, bottom))
    plot.getAxis("left").setWidth(left_width)
    # a prefix is looked for at every new range, even where no numbers are shown
    for place in ("left", "bottom", "top", "right"):
        plot.getAxis(place).enableAutoSIPrefix(False)
    for place in ("left", "bottom", "top"):
        axis = plot.getAxis(place)
        axis.setStyle(tickLength=0 if place == "top" else -3, tickTextOffset=4)
    return plot


def fix_columns(frame: PlotFrame, *, right_width: int) -> None:
    """Give the second column a fixed width, so that plots in different frames stand in line."""
    layout = frame.ci.layout
    layout.setColumnFixedWidth(1, right_width)
    layout.setColumnStretchFactor(0, 1)


def place_in(plot: pg.PlotItem, point: QPointF) -> QPointF | None:
    """A point of the scene in the plot's own numbers; None outside its data."""
    box = plot.getViewBox()
    if not box.sceneBoundingRect().contains(point):
        return None
    place: QPointF = box.mapSceneToView(point)
    return place


def restyle(frame: PlotFrame, plots: Iterable[pg.PlotItem], theme: Theme, font: QFont) -> None:
    """Give a frame and its plots the colours of a theme."""
    frame.setBackground(theme.surface)
    for plot in plots:
        apply_plot_theme(plot, theme, font=font)
