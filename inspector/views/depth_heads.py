"""The weighted cosine of every head of every block as a map, or what differs between two models."""

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QGraphicsRectItem, QVBoxLayout, QWidget

from inspector.core.modes import ModelModes
from inspector.render.heat_map import compose
from inspector.render.limits import Limits, Values
from inspector.render.maps import addresses
from inspector.views.block_axis import (
    LEFT_WIDTH,
    RIGHT_WIDTH,
    place_of,
    show_blocks,
    stage_edges,
    top_height,
)
from inspector.views.colour_bar import ColourBar
from inspector.views.depth_shown import DepthShown, head_scores
from inspector.views.depth_words import why_absent
from inspector.views.elided_label import ElidedLabel
from inspector.views.plot_frame import (
    PlotFrame,
    Separators,
    fix_columns,
    place_in,
    quiet_plot,
    restyle,
)
from inspector.views.theme import LIGHT, Theme
from inspector.views.wording import number_text

_LEAST_ROW, _AROUND, _LEAST_HEIGHT = 7, 42, 120
_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class DepthHeads(QWidget):
    """One cell for each head and block.

    Signals
    -------
    selected(selection)
        The user chose a head.
    hovered(str)
        The exact number under the mouse.
    """

    selected = Signal(object)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = DepthShown()
        self._values: Values = np.empty((0, 0))
        self._difference = False
        self._theme = LIGHT
        self.caption = ElidedLabel()
        self.frame = PlotFrame(
            "Weighted cosine of every head", says="Arrow keys move between heads and blocks."
        )
        self.frame.pointed.connect(self._on_pointed)
        self.frame.clicked.connect(self._on_clicked)
        self.frame.left.connect(self._on_left)
        self._build()

    def draw(self, shown: DepthShown, *, difference: bool = False) -> None:
        """Show the map of the selected model, or the second less the first; emits nothing."""
        self._shown, self._difference = shown, difference
        model = shown.model
        if model is None:
            return
        self._values = self._values_now()
        limits = self._limits_now()
        rows = max(1, len(self._values))
        self._image.setVisible(self._values.size > 0)
        if self._values.size:
            picture = compose(self._values, limits)
            picture[~np.isfinite(self._values), 3] = 0
            self._image.setImage(picture, autoLevels=False)
            self._image.setRect(QRectF(-0.5, -0.5, self._values.shape[1], rows))
        self._plot.setYRange(-0.5, rows - 0.5, padding=0)
        self.frame.setMinimumHeight(max(_LEAST_HEIGHT, rows * _LEAST_ROW + _AROUND))
        self._draw_axes(model, rows)
        self._draw_cursor(model)
        self._bar.show_limits(limits, top=top_height(model))
        self._draw_caption()

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        restyle(self.frame, (self._plot,), theme, font)
        self._bar.apply_theme(theme, font)
        self._stages.show_colour(theme.text)
        self._cursor.setPen(pg.mkPen(theme.accent, width=2))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move between heads with the arrow keys."""
        step, model = _STEPS.get(Qt.Key(event.key())), self._shown.model
        if step is None or model is None or not self._values.size:
            event.ignore()
            return
        address = self._shown.address
        column = place_of(model, address)
        if column is None or address is None or address.head is None:
            self._select(0, column or 0)
            return
        self._select(address.head + step[0], column + step[1])

    def text_at(self, head: int, column: int) -> str:
        """The read-out of a cell."""
        model = self._shown.model
        if model is None or not 0 <= column < model.depth or head < 0:
            return ""
        address = addresses(model)[column]
        block = model.by_address.get(address)
        if block is None:
            return f"{address} · {why_absent(model, address)}"
        if head >= block.num_heads:
            return f"{address} has no head {head}"
        value = number_text(float(self._values[head, column]), digits=6)
        return f"{address.with_head(head)} · {self._what()} {value}"

    def place_of_cell(self, head: int, column: int) -> QPointF:
        """The middle of a cell in the coordinates of the frame's viewport."""
        scene = self._plot.getViewBox().mapViewToScene(QPointF(column, head))
        return QPointF(self.frame.mapFromScene(scene))

    def _build(self) -> None:
        self._plot = quiet_plot(left_width=LEFT_WIDTH, bottom=True, top=True)
        self._plot.invertY(True)
        self._plot.getAxis("bottom").setHeight(20)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._stages = Separators()
        self._cursor = QGraphicsRectItem()
        self._cursor.setZValue(10)
        for item in (self._image, self._stages, self._cursor):
            self._plot.addItem(item, ignoreBounds=True)
        self._bar = ColourBar()
        self.frame.addItem(self._plot, 0, 0)
        self.frame.addItem(self._bar, 0, 1)
        fix_columns(self.frame, right_width=RIGHT_WIDTH)
        self._plot.getViewBox().sigResized.connect(self._on_resized)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(2)
        column.addWidget(self.caption)
        column.addWidget(self.frame, 1)

    def _values_now(self) -> Values:
        shown = self._shown
        scores = [head_scores(model) - shown.base(n) for n, model in enumerate(shown.models)]
        if not self._difference:
            return scores[shown.current]
        heads = min(len(score) for score in scores[:2])
        return scores[1][:heads] - scores[0][:heads]

    def _limits_now(self) -> Limits:
        """Even around 0, and the same for all models, so that colours can be compared."""
        shown = self._shown
        values = [self._values]
        if not self._difference:
            values = [head_scores(m) - shown.base(n) for n, m in enumerate(shown.models)]
        finite = np.concatenate([np.abs(one[np.isfinite(one)]) for one in values])
        reach = float(finite.max(initial=0.0)) or 0.5
        return Limits(-reach, reach, 0.0)

    def _draw_axes(self, model: ModelModes, rows: int) -> None:
        show_blocks(self._plot, model, stages=True)
        self._stages.show_at(stage_edges(model), -0.5, rows - 0.5)
        height = self._plot.getViewBox().height() / rows
        every = max(1, int(-(-13 // max(height, 1))))
        ticks = [(row, f"head {row}") for row in range(0, len(self._values), every)]
        self._plot.getAxis("left").setTicks([ticks])

    def _draw_cursor(self, model: ModelModes) -> None:
        address = self._shown.address
        column = place_of(model, address)
        self._cursor.setVisible(column is not None)
        if column is None or address is None:
            return
        block = model.by_address.get(address.of_block)
        rows = block.num_heads if block is not None else max(1, len(self._values))
        if address.head is None:
            self._cursor.setRect(QRectF(column - 0.5, -0.5, 1, rows))
        else:
            self._cursor.setRect(QRectF(column - 0.5, address.head - 0.5, 1, 1))

    def _draw_caption(self) -> None:
        what = self._what()
        self.caption.setText(f"{what[:1].upper()}{what[1:]} of each head")

    def _what(self) -> str:
        less = " less anisotropy" if self._shown.quantity == "relative" else ""
        if not self._difference:
            return f"weighted cosine{less}"
        first, second = self._shown.letters[:2]
        return f"{second} − {first} of the weighted cosine{less}"

    def _select(self, head: int, column: int) -> None:
        model = self._shown.model
        if model is None:
            return
        column = min(max(column, 0), model.depth - 1)
        address = addresses(model)[column]
        block = model.by_address.get(address)
        if block is not None:
            address = address.with_head(min(max(head, 0), block.num_heads - 1))
        self.selected.emit(replace(self._shown.selection, address=address))

    def _cell_at(self, point: QPointF) -> tuple[int, int]:
        place = place_in(self._plot, point)
        return (-1, -1) if place is None else (round(place.y()), round(place.x()))

    def _on_pointed(self, point: QPointF) -> None:
        self.hovered.emit(self.text_at(*self._cell_at(point)))

    def _on_clicked(self, point: QPointF) -> None:
        head, column = self._cell_at(point)
        if head >= 0:
            self._select(head, column)

    @Slot()
    def _on_left(self) -> None:
        self.hovered.emit("")

    @Slot()
    def _on_resized(self) -> None:
        if self._shown.model is not None:
            self._draw_axes(self._shown.model, max(1, len(self._values)))
