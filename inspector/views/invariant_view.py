"""Similarity of the query-key and value-output products of each head, in any basis."""

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from inspector.core.comparison import BlockComparison, Comparison
from inspector.core.outline import Matrix
from inspector.render.limits import Values
from inspector.views.block_axis import LEFT_WIDTH, block_at, place_of, show_blocks, stage_edges
from inspector.views.plot_frame import PlotFrame, Separators, place_in, quiet_plot, restyle
from inspector.views.shown import Shown
from inspector.views.theme import Theme
from inspector.views.waiting import why_absent
from inspector.views.wording import number_text

_WORDS = (
    "⟨M_A, M_B⟩ / (|M_A||M_B|) of each head: 1 where a head does the same in A and B, whatever "
    "its basis. Dots are heads, the line is their mean."
)
_FOLLOW = "The products of the heads follow when the vectors of all blocks are compared."
_NAMES = {"query_key": "Query-key product", "value_output": "Value-output product"}
_LOWEST, _HIGHEST = 0.9, 1.0
_ROOM = 0.08
_HEADING_HEIGHT = 18
_HALF_CELL = 0.3


class InvariantView(QWidget):
    """Two plots over all blocks; a click selects block and head.

    Signals
    -------
    selected(selection)
        The user chose a head.
    hovered(str)
        The exact value under the mouse.
    """

    selected = Signal(object)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = Shown()
        self._drawn: Comparison | None = None
        self.words = QLabel(_WORDS)
        self.words.setWordWrap(True)
        self.frame = PlotFrame(
            "Invariant comparison", says="Similarity of each head's products; a click selects."
        )
        self.frame.pointed.connect(self._on_pointed)
        self.frame.clicked.connect(self._on_clicked)
        self.frame.left.connect(self._on_left)
        self._plots = {
            key: _ProductPlot(name, is_first=key == "query_key") for key, name in _NAMES.items()
        }
        for row, plot in enumerate(self._plots.values()):
            self.frame.addItem(plot.plot, row, 0)
        self._plots["query_key"].plot.getViewBox().sigResized.connect(self._on_resized)
        self.frame.setMinimumHeight(190)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(3)
        column.addWidget(self.words)
        column.addWidget(self.frame, 1)
        column.addStretch(0)

    def draw(self, shown: Shown) -> None:
        """Show the products of the selected comparison; emits nothing."""
        self._shown = shown
        comparison = shown.comparison
        there = comparison is not None and any(_has_products(one) for one in comparison.blocks)
        self.frame.setVisible(there)
        self.words.setText(_WORDS if there else _FOLLOW)
        if comparison is None:
            return
        if comparison is not self._drawn:
            self._drawn = comparison
            for key, plot in self._plots.items():
                plot.show_products(comparison, key)
        place = place_of(comparison, shown.selection.address)
        for plot in self._plots.values():
            plot.show_selected(place)

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        restyle(self.frame, (one.plot for one in self._plots.values()), theme, font)
        for key, plot in self._plots.items():
            plot.apply_theme(theme, Matrix.Q if key == "query_key" else Matrix.V)

    def text_at(self, key: str, x: float, y: float) -> str:
        """The read-out of the head nearest to a place."""
        comparison = self._shown.comparison
        address = None if comparison is None else block_at(comparison, x)
        if comparison is None or address is None:
            return ""
        block = comparison.by_address.get(address)
        if block is None:
            return f"{address} · {why_absent(comparison, address)}"
        values = products(block, key)
        head = nearest_head(values, y)
        if head is None:
            return (
                f"{address} · {_NAMES[key]} cannot be compared: shapes differ or a part is absent"
            )
        value = number_text(float(values[head]), digits=6)
        return f"{address.with_head(head)} · {_NAMES[key]} · similarity {value}"

    def _place(self, point: QPointF) -> tuple[str, QPointF] | None:
        for key, plot in self._plots.items():
            place = place_in(plot.plot, point)
            if place is not None:
                return key, place
        return None

    def _on_pointed(self, point: QPointF) -> None:
        found = self._place(point)
        self.hovered.emit(
            "" if found is None else self.text_at(found[0], found[1].x(), found[1].y())
        )

    def _on_clicked(self, point: QPointF) -> None:
        found, comparison = self._place(point), self._shown.comparison
        if found is None or comparison is None:
            return
        key, place = found
        address = block_at(comparison, place.x())
        if address is None:
            return
        block = comparison.by_address.get(address)
        head = None if block is None else nearest_head(products(block, key), place.y())
        chosen = replace(self._shown.selection, address=address.with_head(head), vector=None)
        self.selected.emit(chosen)

    @Slot()
    def _on_left(self) -> None:
        self.hovered.emit("")

    @Slot()
    def _on_resized(self) -> None:
        if self._shown.comparison is not None:
            for plot in self._plots.values():
                plot.show_axis(self._shown.comparison)


class _ProductPlot:
    """Dots for the heads and a line for their mean."""

    def __init__(self, name: str, *, is_first: bool) -> None:
        self._is_first = is_first
        self.plot = quiet_plot(left_width=LEFT_WIDTH, bottom=not is_first, top=is_first)
        self.plot.getAxis("top").setHeight(4)
        self.plot.getAxis("bottom").setHeight(5 if is_first else 20)
        self.plot.titleLabel.setMaximumHeight(_HEADING_HEIGHT)
        self.plot.layout.setRowFixedHeight(0, _HEADING_HEIGHT)
        self.plot.setTitle(name, size="9pt", justify="left")
        self._name = name
        self._stages = Separators()
        self._same = pg.InfiniteLine(pos=1.0, angle=0, movable=False)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._dots = pg.ScatterPlotItem(size=5, pxMode=True, pen=None)
        self._line = pg.PlotCurveItem(connect="finite")
        for item in (self._stages, self._same, self._cursor, self._dots, self._line):
            self.plot.addItem(item, ignoreBounds=True)

    def show_products(self, comparison: Comparison, key: str) -> None:
        """Draw one product of all blocks."""
        mean = np.full(comparison.depth, np.nan)
        x, y = [np.empty(0)], [np.empty(0)]
        for block in comparison.blocks:
            values = products(block, key)
            good = np.isfinite(values)
            x.append(block.global_index + _spread(values.size)[good])
            y.append(values[good])
            mean[block.global_index] = values[good].mean() if good.any() else np.nan
        heads = np.concatenate(y)
        lowest = float(heads.min(initial=_LOWEST))
        low = lowest - _ROOM * (_HIGHEST - lowest)
        high = _HIGHEST + _ROOM * (_HIGHEST - lowest)
        self._dots.setData(np.concatenate(x), heads)
        self._line.setData(np.arange(comparison.depth, dtype=np.float64), mean)
        self._stages.show_at(stage_edges(comparison), low, high)
        self.plot.setYRange(low, high, padding=0)
        self.show_axis(comparison)

    def show_axis(self, comparison: Comparison) -> None:
        """Number the blocks in the present width."""
        show_blocks(self.plot, comparison, stages=self._is_first)

    def show_selected(self, place: int | None) -> None:
        """Mark the selected block."""
        self._cursor.setVisible(place is not None)
        self._cursor.setValue(place or 0)

    def apply_theme(self, theme: Theme, matrix: Matrix) -> None:
        """Take the colours of a theme."""
        self.plot.setTitle(self._name, color=theme.text, bold=True)
        self._stages.show_colour(theme.grid)
        self._same.setPen(pg.mkPen(theme.grid))
        self._cursor.setPen(pg.mkPen(theme.accent, width=1.5))
        dots = theme.line(matrix)
        dots.setAlpha(120)
        self._dots.setBrush(dots)
        self._line.setPen(pg.mkPen(theme.line(matrix), width=2))


def products(block: BlockComparison, key: str) -> Values:
    """(heads,) similarity of ``query_key`` or ``value_output``; empty where not known."""
    return block.query_key if key == "query_key" else block.value_output


def nearest_head(values: Values, y: float) -> int | None:
    """The head whose value lies nearest to y; None where there is none."""
    if not np.isfinite(values).any():
        return None
    return int(np.nanargmin(np.abs(values - y)))


def _spread(count: int) -> Values:
    """Places of the heads inside the column of their block."""
    if count < 2:
        return np.zeros(count)
    return np.linspace(-_HALF_CELL, _HALF_CELL, count)


def _has_products(block: BlockComparison) -> bool:
    return bool(block.query_key.size or block.value_output.size)
