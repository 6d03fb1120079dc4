"""The heat map of blocks by Q, K and V, or by the heads of one of them."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QFont, QKeyEvent, QPainterPath
from PySide6.QtWidgets import QGraphicsRectItem, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from inspector.core.address import Address
from inspector.core.comparison import Comparison
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.render.heat_map import compose
from inspector.render.limits import Limits, Values, limits_of
from inspector.render.maps import (
    addresses,
    block_limits,
    block_map,
    head_counts,
    head_limits,
    head_map,
)
from inspector.views.block_axis import (
    LEFT_WIDTH,
    RIGHT_WIDTH,
    place_of,
    show_blocks,
    stage_edges,
    top_height,
)
from inspector.views.colour_bar import ColourBar
from inspector.views.elided_label import ElidedLabel
from inspector.views.plot_frame import (
    PlotFrame,
    Separators,
    fix_columns,
    place_in,
    quiet_plot,
    restyle,
)
from inspector.views.shown import Shown
from inspector.views.switch import Switch
from inspector.views.theme import LIGHT, Theme
from inspector.views.waiting import outlines, waiting_columns, why_absent
from inspector.views.wording import head_text, lower_first, matrix_text

_MATRICES = tuple(Matrix)
_LEAST_HEIGHT, _LEAST_ROW, _AROUND = 86, 6, 30
_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class HeatMapView(QWidget):
    """One cell for each block and row; a click or the arrow keys select a cell.

    Signals
    -------
    selected(selection)
        The user chose a cell.
    hovered(str)
        The exact value under the mouse; empty when there is none.
    rows_chosen(str)
        ``matrices`` or ``heads``.
    """

    selected = Signal(object)
    hovered = Signal(str)
    rows_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = Shown()
        self._theme = LIGHT
        self._values: Values = np.empty((0, 0))
        self._limits: tuple[object, Limits] | None = None
        self.caption = ElidedLabel()
        self._frozen = QLabel("= frozen: identical in A and B")
        self._switch = Switch(
            "Rows of the heat map",
            {
                "matrices": ("Q K V", "one row each for query, key and value"),
                "heads": ("Heads", "one row for each head of the selected matrix"),
            },
        )
        self._switch.chosen.connect(self.rows_chosen)
        self.frame = PlotFrame(
            "Heat map of blocks", says="Arrow keys move between blocks and rows; a click selects."
        )
        self.frame.pointed.connect(self._on_pointed)
        self.frame.clicked.connect(self._on_clicked)
        self.frame.left.connect(self._on_left)
        self._build()

    def draw(self, shown: Shown) -> None:
        """Show the map of the selected metric; emits nothing."""
        self._shown = shown
        self._switch.show_choice(shown.options.rows)
        comparison = shown.comparison
        self.frame.setVisible(comparison is not None)
        if comparison is None:
            self._values = np.empty((0, 0))
            return
        self._values = self._map_of(comparison)
        limits = self._limits_now()
        self._draw_cells(comparison, limits)
        self._draw_axes(comparison)
        self._draw_marks(comparison)
        self._bar.show_limits(limits, top=top_height(comparison))
        self._draw_caption(comparison)

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        restyle(self.frame, (self._plot,), theme, font)
        self._bar.apply_theme(theme, font)
        self._stages.show_colour(theme.text)
        self._waiting.setPen(pg.mkPen(theme.separator, style=Qt.PenStyle.DotLine))
        self._cursor.setPen(pg.mkPen(theme.accent, width=2))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the selected cell with the arrow keys."""
        step = _STEPS.get(Qt.Key(event.key()))
        comparison = self._shown.comparison
        if step is None or comparison is None or not self._values.size:
            event.ignore()
            return
        column = place_of(comparison, self._shown.selection.address)
        row = self._selected_row()
        if column is None:
            self._select(row or 0, 0)
            return
        self._move(0 if row is None else row + step[0], column + step[1])

    def text_at(self, row: int, column: int) -> str:
        """The read-out of a cell, with its exact value."""
        comparison = self._shown.comparison
        if comparison is None or not self._is_cell(row, column):
            return ""
        address = addresses(comparison)[column]
        block = comparison.by_address.get(address)
        if block is None:
            return f"{address} · {why_absent(comparison, address)}"
        if self._shown.options.rows == "heads":
            value = float(self._values[row, column])
            return self._head_text(address.with_head(row), value)
        found = block.matrix(_MATRICES[row])
        if found is None:
            return f"{address} · {_MATRICES[row].label} · could not be compared"
        return matrix_text(block, found, self._shown.metric)

    def place_of_cell(self, row: int, column: int) -> QPointF:
        """The middle of a cell in the coordinates of the frame's viewport."""
        scene = self._plot.getViewBox().mapViewToScene(QPointF(column, row))
        return QPointF(self.frame.mapFromScene(scene))

    def _build(self) -> None:
        self._plot = quiet_plot(left_width=LEFT_WIDTH, bottom=False, top=True)
        self._plot.invertY(True)
        self._plot.getAxis("bottom").setStyle(tickLength=0)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._waiting = pg.PlotCurveItem(connect="pairs")
        self._waiting.setZValue(-5)
        self._stages = Separators()
        self._marks = pg.ScatterPlotItem(symbol=_equals_sign(), size=9, pxMode=True)
        self._marks.setZValue(6)
        self._cursor = QGraphicsRectItem()
        self._cursor.setZValue(10)
        for item in (self._image, self._waiting, self._stages, self._marks, self._cursor):
            self._plot.addItem(item, ignoreBounds=True)
        self._bar = ColourBar()
        self.frame.addItem(self._plot, 0, 0)
        self.frame.addItem(self._bar, 0, 1)
        fix_columns(self.frame, right_width=RIGHT_WIDTH)
        self._plot.getViewBox().sigResized.connect(self._on_resized)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(10)
        head.addWidget(self.caption, 1)
        head.addWidget(self._frozen)
        head.addWidget(self._switch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.frame, 1)

    def _map_of(self, comparison: Comparison) -> Values:
        if self._shown.options.rows == "heads":
            return head_map(comparison, self._shown.matrix, self._shown.metric)
        return block_map(comparison, self._shown.metric)

    def _limits_now(self) -> Limits:
        shown = self._shown
        if shown.series is None or not (shown.options.shared_limits and shown.is_series):
            return limits_of(self._values, shown.metric)
        key = (shown.series, shown.metric, shown.options.rows)
        if self._limits is None or self._limits[0] != key:
            shared = head_limits if shown.options.rows == "heads" else block_limits
            self._limits = (key, shared(shown.series, shown.metric))
        return self._limits[1]

    def _draw_cells(self, comparison: Comparison, limits: Limits) -> None:
        self._image.setVisible(self._values.size > 0)
        self._waiting.setVisible(not comparison.complete)
        if not self._values.size:
            return
        picture = compose(self._values, limits)
        picture[self._empty_cells(comparison), 3] = 0
        rows, columns = self._values.shape
        self._image.setImage(picture, autoLevels=False)
        self._image.setRect(QRectF(-0.5, -0.5, columns, rows))
        self._waiting.setData(*outlines(waiting_columns(comparison), rows))

    def _empty_cells(self, comparison: Comparison) -> npt.NDArray[np.bool_]:
        """(rows, cols) where there is nothing: blocks to come, heads that a block does not have."""
        empty = np.zeros(self._values.shape, dtype=bool)
        empty[:, list(waiting_columns(comparison))] = True
        if self._shown.options.rows == "heads":
            counts = np.array(head_counts(comparison, self._shown.matrix))
            empty |= np.arange(len(empty))[:, None] >= counts
        return empty

    def _draw_axes(self, comparison: Comparison) -> None:
        rows = max(1, len(self._values))
        self.frame.setMinimumHeight(max(_LEAST_HEIGHT, rows * _LEAST_ROW + _AROUND))
        self._plot.setYRange(-0.5, rows - 0.5, padding=0)
        show_blocks(self._plot, comparison, stages=True)
        self._stages.show_at(stage_edges(comparison), -0.5, rows - 0.5)
        self._plot.getAxis("left").setTicks([self._row_ticks(rows)])

    def _row_ticks(self, rows: int) -> list[tuple[float, str]]:
        if self._shown.options.rows == "matrices":
            return [(row, matrix.label) for row, matrix in enumerate(_MATRICES)]
        height = self._plot.getViewBox().height() / rows
        every = max(1, int(-(-13 // max(height, 1))))
        return [(row, f"head {row}") for row in range(0, len(self._values), every)]

    def _draw_marks(self, comparison: Comparison) -> None:
        frozen = self._frozen_cells(comparison)
        pens = [pg.mkPen(self._ink_at(row, column), width=1.6) for column, row in frozen]
        places = np.array(frozen, dtype=np.float64).reshape(-1, 2)
        self._marks.setData(x=places[:, 0], y=places[:, 1], pen=pens, brush=None)
        self._frozen.setVisible(bool(frozen))
        self._cursor.setVisible(place_of(comparison, self._shown.selection.address) is not None)
        self._cursor.setRect(self._cursor_rect(comparison))

    def _frozen_cells(self, comparison: Comparison) -> list[tuple[int, int]]:
        """Column and row of every cell that is the same in A and B, head maps in the first row."""
        heads = self._shown.options.rows == "heads"
        return [
            (block.global_index, 0 if heads else _MATRICES.index(found.matrix))
            for block, found in comparison.cells()
            if found.identical and (not heads or found.matrix is self._shown.matrix)
        ]

    def _ink_at(self, row: int, column: int) -> str:
        if not self._is_cell(row, column):
            return self._theme.text
        red, green, blue = (int(part) for part in self._image.image[row, column, :3])
        return "#000000" if 0.3 * red + 0.6 * green + 0.1 * blue > 140 else "#ffffff"

    def _cursor_rect(self, comparison: Comparison) -> QRectF:
        chosen = self._shown.selection
        column = place_of(comparison, chosen.address) or 0
        row = self._selected_row()
        if row is None:
            return QRectF(column - 0.5, -0.5, 1, self._rows_of(column))
        return QRectF(column - 0.5, row - 0.5, 1, 1)

    def _rows_of(self, column: int) -> int:
        """Rows that a block fills: its heads, or those of Q, K and V."""
        heads = self._shown.options.rows == "heads"
        return (self._heads_of(column) if heads else 0) or max(1, len(self._values))

    def _selected_row(self) -> int | None:
        chosen = self._shown.selection
        if self._shown.options.rows == "heads":
            return chosen.address.head if chosen.address else None
        return None if chosen.matrix is None else _MATRICES.index(chosen.matrix)

    def _draw_caption(self, comparison: Comparison) -> None:
        label = lower_first(self._shown.metric.about.label)
        if self._shown.options.rows == "matrices":
            self.caption.setText(f"Mean {label} of each block")
        elif len(self._values):
            self.caption.setText(f"Mean {label} of each head of {self._shown.matrix.label}")
        else:
            self.caption.setText("Columns of the weights belong to no head: choose Q K V, or rows")

    def _head_text(self, address: Address, value: float) -> str:
        if np.isnan(value):
            return f"{address.of_block} has no head {address.head}"
        return head_text(address, self._shown.matrix, self._shown.metric, value)

    def _is_cell(self, row: int, column: int) -> bool:
        rows, columns = self._values.shape
        return bool(0 <= row < rows and 0 <= column < columns)

    def _cell_at(self, point: QPointF) -> tuple[int, int]:
        """Row and column at a point of the scene; (-1, -1) outside."""
        place = place_in(self._plot, point)
        return (-1, -1) if place is None else (round(place.y()), round(place.x()))

    def _select(self, row: int, column: int) -> None:
        comparison = self._shown.comparison
        if comparison is None or not self._is_cell(row, column):
            return
        self.selected.emit(self._selection_of(addresses(comparison)[column], row))

    def _selection_of(self, address: Address, row: int) -> Selection:
        chosen = self._shown.selection
        if self._shown.options.rows == "heads":
            address, matrix = address.with_head(row), self._shown.matrix
        else:
            matrix = _MATRICES[row]
        return replace(chosen, address=address, matrix=matrix, vector=None)

    def _on_pointed(self, point: QPointF) -> None:
        self.hovered.emit(self.text_at(*self._cell_at(point)))

    def _on_clicked(self, point: QPointF) -> None:
        row, column = self._cell_at(point)
        if self._shown.options.rows == "heads" and self._is_cell(row, column):
            row = min(row, self._heads_of(column) - 1)
        self._select(row, column)

    def _heads_of(self, column: int) -> int:
        comparison = self._shown.comparison
        counts = head_counts(comparison, self._shown.matrix) if comparison else ()
        return counts[column] if counts else 0

    def _move(self, row: int, column: int) -> None:
        rows, columns = self._values.shape
        column = min(max(column, 0), columns - 1)
        if self._shown.options.rows == "heads":
            rows = self._rows_of(column)
        self._select(min(max(row, 0), rows - 1), column)

    @Slot()
    def _on_left(self) -> None:
        self.hovered.emit("")

    @Slot()
    def _on_resized(self) -> None:
        if self._shown.comparison is not None:
            self._draw_axes(self._shown.comparison)


def _equals_sign() -> QPainterPath:
    path = QPainterPath()
    for height in (-0.22, 0.22):
        path.moveTo(-0.45, height)
        path.lineTo(0.45, height)
    return path
