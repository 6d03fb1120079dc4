"""Distributions of the cosines of single modes: block by block, and head by head of one block."""

from dataclasses import dataclass, replace

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPolygonF
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStyleOptionGraphicsItem,
    QVBoxLayout,
    QWidget,
)

from inspector.core.modes import ModelModes
from inspector.render.depth import BINS, depth_colour, histograms
from inspector.render.limits import Values
from inspector.render.maps import addresses
from inspector.views.block_axis import place_of
from inspector.views.depth_shown import DepthShown
from inspector.views.depth_words import why_absent
from inspector.views.elided_label import ElidedLabel
from inspector.views.plot_frame import PlotFrame, place_in, quiet_plot, restyle
from inspector.views.switch import Switch
from inspector.views.theme import LIGHT, Theme
from inspector.views.wording import counted, number_text

_EDGES = np.linspace(-1.0, 1.0, BINS + 1)
_OVERLAPPING, _APART, _FEW = 1.7, 0.95, 6
_TICKS = (-1.0, -0.5, 0.0, 0.5, 1.0)
_LEAST_ROW, _AROUND = 15, 44
_BAND = {"light": "#c01818", "dark": "#ff6b60"}


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    """One row: its name, (50,) densities of cosines on [-1, 1], colour, and its band.

    `density` integrates to 1 over [-1, 1]; None where there are no values.
    """

    name: str
    density: Values | None = None
    colour: QColor | None = None
    band: float = float("nan")


class Ridges(pg.GraphicsObject):
    """Distributions one above the other, the first at the top; later ones overlap earlier ones."""

    def __init__(self) -> None:
        super().__init__()
        self._ridges: tuple[Ridge, ...] = ()
        self._tops: tuple[float, ...] = ()
        self._accent = QColor("black")
        self._ink, self._red = QColor("black"), QColor("red")
        self._chosen: int | None = None

    def show_ridges(self, ridges: tuple[Ridge, ...], *, shared: bool) -> None:
        """Draw other rows; every one fills its height, or only the highest of all does."""
        self.prepareGeometryChange()
        self._ridges = ridges
        tops = [1.0 if row.density is None else float(row.density.max()) for row in ridges]
        self._tops = tuple(max(tops) for _ in tops) if shared else tuple(tops)
        self.update()

    def show_colours(self, ink: str, red: str, accent: str) -> None:
        """Colours of outlines, of the band and of the chosen row."""
        self._ink, self._red, self._accent = QColor(ink), QColor(red), QColor(accent)
        self.update()

    def show_chosen(self, row: int | None) -> None:
        """Outline one row in the accent colour."""
        self._chosen = row
        self.update()

    @property
    def height(self) -> float:
        """How high the highest ridge is, in rows; a few rows need not overlap."""
        return _APART if len(self._ridges) <= _FEW else _OVERLAPPING

    def boundingRect(self) -> QRectF:
        """From above the first ridge to the last base line."""
        return QRectF(-1.0, -self.height, 2.0, len(self._ridges) + self.height)

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        """Paint all rows, first to last."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row, ridge in enumerate(self._ridges):
            if ridge.density is not None:
                self._paint_ridge(painter, row, ridge, ridge.density)

    def _paint_ridge(self, painter: QPainter, row: int, ridge: Ridge, density: Values) -> None:
        is_chosen = row == self._chosen
        pen = pg.mkPen(self._accent if is_chosen else self._ink, width=2.2 if is_chosen else 0.8)
        painter.setPen(pen)
        fill = QColor(ridge.colour or self._ink)
        fill.setAlpha(225)
        painter.setBrush(fill)
        x = np.repeat(_EDGES, 2)
        y = (
            row
            - np.concatenate([[0.0], np.repeat(density, 2), [0.0]]) * self.height / self._tops[row]
        )
        points = [QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        painter.drawPolygon(QPolygonF(points))
        if np.isfinite(ridge.band):
            painter.setPen(pg.mkPen(self._red, width=1.4))
            for edge in (-ridge.band, ridge.band):
                painter.drawLine(QPointF(edge, row), QPointF(edge, row - 0.8))


class RidgePanel(QWidget):
    """A scrollable frame of ridges; emits the row that was clicked or is under the mouse.

    Signals
    -------
    chosen(row)
        The user clicked on a row.
    pointed(row, x)
        The mouse is over a row at a cosine; row -1 for nothing.
    """

    chosen = Signal(int)
    pointed = Signal(int, float)

    def __init__(self, name: str, *, says: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption = ElidedLabel()
        self.frame = PlotFrame(name, says=says)
        self.frame.pointed.connect(self._on_pointed)
        self.frame.clicked.connect(self._on_clicked)
        self.frame.left.connect(self._on_left)
        self._rows = 0
        self._plot = quiet_plot(left_width=52, bottom=True)
        self._plot.invertY(True)
        self._plot.getAxis("bottom").setHeight(20)
        self._plot.getAxis("bottom").setTicks(
            [list(zip(_TICKS, ("−1", "−0.5", "0", "0.5", "1"), strict=True))]
        )
        self._plot.setXRange(-1.05, 1.05, padding=0)
        self._zero = pg.InfiniteLine(pos=0, angle=90, movable=False)
        self._zero.setZValue(-5)
        self._ridges = Ridges()
        for item in (self._zero, self._ridges):
            self._plot.addItem(item, ignoreBounds=True)
        self.frame.addItem(self._plot, 0, 0)
        scroll = _KeylessScroll()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.frame)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.caption)
        column.addWidget(scroll, 1)

    def draw(self, ridges: tuple[Ridge, ...], chosen: int | None, *, shared: bool) -> None:
        """Show rows and which is chosen, all on one scale where it is `shared`; emits nothing."""
        self._rows = len(ridges)
        self._ridges.show_ridges(ridges, shared=shared)
        self._ridges.show_chosen(chosen)
        self._plot.setYRange(-self._ridges.height, max(self._rows, 1) - 0.6, padding=0)
        self._plot.getAxis("left").setTicks(
            [[(row, ridge.name) for row, ridge in enumerate(ridges)]]
        )
        self.frame.setMinimumHeight(self._rows * _LEAST_ROW + _AROUND)

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        restyle(self.frame, (self._plot,), theme, font)
        self._zero.setPen(pg.mkPen(theme.grid, width=1))
        self._ridges.show_colours(theme.muted, _BAND[theme.name], theme.accent)

    def place_of_row(self, row: int) -> QPointF:
        """A point of a row, in the coordinates of the frame's viewport."""
        scene = self._plot.getViewBox().mapViewToScene(QPointF(0.0, row - 0.3))
        return QPointF(self.frame.mapFromScene(scene))

    def _found_at(self, point: QPointF) -> tuple[int, float]:
        """Row and cosine at a point of the scene; row -1 outside. A row is above its base line."""
        place = place_in(self._plot, point)
        if place is None or not self._rows:
            return (-1, 0.0)
        return (min(max(int(np.ceil(place.y())), 0), self._rows - 1), float(place.x()))

    def _on_pointed(self, point: QPointF) -> None:
        self.pointed.emit(*self._found_at(point))

    def _on_clicked(self, point: QPointF) -> None:
        row, _ = self._found_at(point)
        if row >= 0:
            self.chosen.emit(row)

    @Slot()
    def _on_left(self) -> None:
        self.pointed.emit(-1, 0.0)


class _KeylessScroll(QScrollArea):
    """Scrolls with the wheel; the arrow keys move between rows."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave every key to the view around it."""
        event.ignore()


class DepthHistograms(QWidget):
    """The paper's supplementary Figure S1: at the left all blocks, at the right one block's heads.

    Signals
    -------
    selected(selection)
        The user clicked on a block or a head.
    hovered(str)
        Counts under the mouse.
    """

    selected = Signal(object)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = DepthShown()
        self._theme = LIGHT
        self._drawn: ModelModes | None = None
        self._of_blocks: tuple[Ridge, ...] = ()
        self._shared = False
        self.scale = Switch(
            "Height of the histograms",
            {
                "own": ("Own", "every histogram fills its height"),
                "shared": ("Shared", "equal heights are equal densities"),
            },
        )
        self.scale.show_choice("own")
        self.scale.chosen.connect(self._on_scale_chosen)
        self.blocks = RidgePanel(
            "Cosines of all modes of each block", says="Up and down move between blocks."
        )
        self.heads = RidgePanel(
            "Cosines of the modes of each head of the block", says="A click selects the head."
        )
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        self.caption = ElidedLabel()
        head.addWidget(self.caption, 1)
        head.addWidget(self.scale)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.blocks, 3)
        row.addWidget(self.heads, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(3)
        column.addLayout(head)
        column.addLayout(row, 1)
        self.blocks.chosen.connect(self._on_block_chosen)
        self.heads.chosen.connect(self._on_head_chosen)
        self.blocks.pointed.connect(self._on_block_pointed)
        self.heads.pointed.connect(self._on_head_pointed)

    def draw(self, shown: DepthShown) -> None:
        """Show the histograms of the selected model; emits nothing."""
        self._shown = shown
        model = shown.model
        if model is None:
            return
        if self._drawn is None or model.blocks != self._drawn.blocks:
            self._of_blocks = self._block_ridges(model)
        self._drawn = model
        chosen = place_of(model, shown.address)
        self.blocks.draw(self._of_blocks, chosen, shared=self._shared)
        self.blocks.caption.setText("Blocks, all heads together · early yellow, late blue")
        self.caption.setText("Cosines of single modes · red lines hold 95 % of random ones")
        self._draw_heads(model)

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        for panel in (self.blocks, self.heads):
            panel.apply_theme(theme, font)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move between blocks with up and down."""
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        step, model = steps.get(Qt.Key(event.key())), self._shown.model
        if step is None or model is None:
            event.ignore()
            return
        here = place_of(model, self._shown.address)
        self._on_block_chosen(0 if here is None else min(max(here + step, 0), model.depth - 1))

    def block_text(self, row: int, cosine: float) -> str:
        """The read-out of a block's bin."""
        model = self._shown.model
        if model is None or not 0 <= row < model.depth:
            return ""
        address = addresses(model)[row]
        block = model.by_address.get(address)
        if block is None:
            return f"{address} · {why_absent(model, address)}"
        return f"{address} · {_bin_text(block.cosine.ravel(), cosine, block.random_95)}"

    def head_text(self, head: int, cosine: float) -> str:
        """The read-out of a head's bin."""
        block = self._shown.block
        if block is None or not 0 <= head < block.num_heads:
            return ""
        where = block.address.with_head(head)
        return f"{where} · {_bin_text(block.cosine[head], cosine, block.random_95)}"

    def _block_ridges(self, model: ModelModes) -> tuple[Ridge, ...]:
        many = len(model.stage_starts) > 1
        known = {found.block.address: found for found in histograms(model)}
        ridges = []
        for address in addresses(model):
            name = str(address) if many else f"B{address.block}"
            found = known.get(address)
            if found is None:
                ridges.append(Ridge(name))
            else:
                colour = QColor(*found.colour)
                ridges.append(Ridge(name, found.density, colour, found.block.random_95))
        return tuple(ridges)

    def _draw_heads(self, model: ModelModes) -> None:
        block, address = self._shown.block, self._shown.address
        self.heads.frame.setVisible(block is not None)
        if block is None:
            waits = "" if address is None else f"{address.of_block}: "
            why = why_absent(model, address.of_block) if address else "Choose a block for its heads"
            self.heads.caption.setText(f"{waits}{why}")
            return
        colour = QColor(*depth_colour(block.global_index, model.depth))
        ridges = tuple(
            Ridge(f"H{head}", density_of(block.cosine[head]), colour, block.random_95)
            for head in range(block.num_heads)
        )
        chosen = None if address is None else address.head
        self.heads.draw(ridges, chosen, shared=self._shared)
        band = number_text(block.random_95, digits=3)
        modes = counted(block.num_modes, "mode")
        self.heads.caption.setText(f"{block.address}: heads of {modes} · random ±{band}")

    @Slot(str)
    def _on_scale_chosen(self, scale: str) -> None:
        self._shared = scale == "shared"
        self.draw(self._shown)

    @Slot(int)
    def _on_block_chosen(self, row: int) -> None:
        model = self._shown.model
        if model is not None:
            address = addresses(model)[row]
            self.selected.emit(replace(self._shown.selection, address=address))

    @Slot(int)
    def _on_head_chosen(self, head: int) -> None:
        block = self._shown.block
        if block is not None:
            address = block.address.with_head(head)
            self.selected.emit(replace(self._shown.selection, address=address))

    @Slot(int, float)
    def _on_block_pointed(self, row: int, cosine: float) -> None:
        self.hovered.emit(self.block_text(row, cosine))

    @Slot(int, float)
    def _on_head_pointed(self, head: int, cosine: float) -> None:
        self.hovered.emit(self.head_text(head, cosine))


def density_of(cosines: Values) -> Values | None:
    """(50,) density on [-1, 1], integrating to 1; None without a finite value.

    Values a rounding beyond -1 or 1 count in the outermost bins.
    """
    finite = np.clip(cosines[np.isfinite(cosines)], -1.0, 1.0)
    if not finite.size:
        return None
    density: Values = np.histogram(finite, bins=_EDGES, density=True)[0]
    return density


def _bin_text(cosines: Values, cosine: float, band: float) -> str:
    """How many modes lie in the bin, and how many outside the band."""
    finite = np.clip(cosines[np.isfinite(cosines)], -1.0, 1.0)
    place = min(max(int(np.floor((cosine + 1.0) / 2.0 * BINS)), 0), BINS - 1)
    number = int(np.histogram(finite, bins=_EDGES)[0][place])
    low, high = (number_text(float(edge), digits=3) for edge in _EDGES[place : place + 2])
    outside = int((np.abs(finite) > band).sum())
    return (
        f"{number} of {counted(finite.size, 'mode')} with cosine {low} to {high} · "
        f"{outside} outside the random band ±{number_text(band, digits=3)}"
    )
