"""Lines over all blocks: the mean of each of Q, K and V, or one line for each compared model."""

from dataclasses import dataclass, replace

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Signal, Slot
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from inspector.core.comparison import Comparison
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.render.limits import Values
from inspector.views.block_axis import (
    LEFT_WIDTH,
    RIGHT_WIDTH,
    block_at,
    place_of,
    show_blocks,
    stage_edges,
)
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
from inspector.views.waiting import why_absent
from inspector.views.wording import lower_first, number_text, short_names, shortened

_LEGEND_ROWS = 6
_HEADROOM = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line: its name, colour and (depth,) means and standard deviations."""

    name: str
    colour: QColor
    band: QColor
    mean: Values
    std: Values


class LinesView(QWidget):
    """Mean and standard deviation over the vectors of each block.

    Signals
    -------
    selected(selection)
        The user clicked on a block.
    hovered(str)
        The values of the block under the mouse.
    lines_chosen(str)
        ``matrices`` or ``series``.
    """

    selected = Signal(object)
    hovered = Signal(str)
    lines_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = Shown()
        self._theme = LIGHT
        self._lines: list[Line] = []
        self._curves: list[pg.PlotDataItem] = []
        self._bands: list[pg.FillBetweenItem] = []
        self.caption = ElidedLabel()
        self._switch = Switch(
            "Lines",
            {
                "matrices": ("Q K V", "one line each for query, key and value"),
                "series": ("Models", "one line for each compared model, of the selected matrix"),
            },
        )
        self._switch.chosen.connect(self.lines_chosen)
        self.frame = PlotFrame(
            "Lines over all blocks", says="Means of each block; a click selects the block."
        )
        self.frame.pointed.connect(self._on_pointed)
        self.frame.clicked.connect(self._on_clicked)
        self.frame.left.connect(self._on_left)
        self._build()

    def draw(self, shown: Shown) -> None:
        """Show the lines of the selected metric; emits nothing."""
        self._shown = shown
        comparison = shown.comparison
        self.frame.setVisible(comparison is not None)
        self._switch.setVisible(shown.is_series)
        self._switch.show_choice("series" if self._by_model else "matrices")
        if comparison is None:
            return
        self._lines = self._lines_now(comparison)
        low, high = self._range_now()
        self._draw_lines()
        self._draw_axes(comparison, low, high)
        self._draw_legend()
        self._draw_caption()

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        restyle(self.frame, (self._plot,), theme, font)
        self._stages.show_colour(theme.grid)
        self._cursor.setPen(pg.mkPen(theme.accent, width=1.5))

    def text_at(self, column: int) -> str:
        """The read-out of all lines at a block, with their exact means."""
        comparison = self._shown.comparison
        address = None if comparison is None else block_at(comparison, column)
        if comparison is None or address is None:
            return ""
        if address not in comparison.by_address:
            return f"{address} · {why_absent(comparison, address)}"
        label = lower_first(self._shown.metric.about.label)
        values = " · ".join(
            f"{line.name} {number_text(float(line.mean[column]), digits=6)}"
            + (f" ± {number_text(float(line.std[column]), digits=3)}" if self._spread else "")
            for line in self._lines
        )
        of = f" of {self._shown.matrix.label}" if self._by_model else ""
        return f"{address} · mean {label}{of}: {values}"

    @property
    def _by_model(self) -> bool:
        return self._shown.is_series and self._shown.options.lines == "series"

    @property
    def _spread(self) -> bool:
        return self._shown.options.spread and not self._by_model

    def _build(self) -> None:
        self._plot = quiet_plot(left_width=LEFT_WIDTH, bottom=True)
        self._plot.getAxis("bottom").setHeight(20)
        self._stages = Separators()
        self._stages.setZValue(-8)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.setZValue(-4)
        for item in (self._stages, self._cursor):
            self._plot.addItem(item, ignoreBounds=True)
        self._legend = pg.LabelItem(justify="left")
        self.frame.addItem(self._plot, 0, 0)
        self.frame.addItem(self._legend, 0, 1)
        fix_columns(self.frame, right_width=RIGHT_WIDTH)
        self.frame.setMinimumHeight(96)
        self._plot.getViewBox().sigResized.connect(self._on_resized)
        for _ in Matrix:
            self._add_line()
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self.caption, 1)
        head.addWidget(self._switch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.frame, 1)

    def _add_line(self) -> None:
        """One more curve with its band; they are kept and hidden, never taken away."""
        curve = pg.PlotDataItem(antialias=True, symbolSize=5, connect="finite")
        edges = [pg.PlotCurveItem(connect="finite") for _ in range(2)]
        band = pg.FillBetweenItem(*edges)
        band.setZValue(-10)
        self._plot.addItem(band, ignoreBounds=True)
        self._plot.addItem(curve, ignoreBounds=True)
        self._curves.append(curve)
        self._bands.append(band)

    def _lines_now(self, comparison: Comparison) -> list[Line]:
        shown = self._shown
        if self._by_model and shown.series is not None:
            colours = self._theme.series(len(shown.series.comparisons))
            return [
                Line(name, colour, colour, *statistics(one, shown.matrix, shown.metric))
                for name, colour, one in zip(
                    short_names(shown.series), colours, shown.series.comparisons, strict=True
                )
            ]
        return [self._matrix_line(comparison, matrix) for matrix in Matrix]

    def _matrix_line(self, comparison: Comparison, matrix: Matrix) -> Line:
        mean, std = statistics(comparison, matrix, self._shown.metric)
        line, band = self._theme.line(matrix), self._theme.band(matrix)
        return Line(matrix.label, line, band, mean, std)

    def _range_now(self) -> tuple[float, float]:
        """Lowest and highest of what is drawn, or of all models where limits are shared."""
        shown = self._shown
        lines = self._lines
        if shown.series is not None and shown.options.shared_limits and not self._by_model:
            lines = [self._matrix_line(one, m) for one in shown.series.comparisons for m in Matrix]
        spread = 1.0 if self._spread else 0.0
        edges = [line.mean + sign * spread * line.std for line in lines for sign in (-1, 1)]
        return line_range(edges, shown.metric)

    def _draw_lines(self) -> None:
        while len(self._curves) < len(self._lines):
            self._add_line()
        for place, (curve, band) in enumerate(zip(self._curves, self._bands, strict=True)):
            there = place < len(self._lines) and bool(np.isfinite(self._lines[place].mean).any())
            curve.setVisible(there)
            band.setVisible(there and self._spread)
            if there:
                self._draw_line(curve, band, self._lines[place], strong=self._is_strong(place))

    def _is_strong(self, place: int) -> bool:
        return not self._by_model or place == self._shown.selection.compared

    def _draw_line(
        self, curve: pg.PlotDataItem, band: pg.FillBetweenItem, line: Line, *, strong: bool
    ) -> None:
        x = np.arange(line.mean.size, dtype=np.float64)
        curve.setData(x, line.mean)
        curve.setPen(pg.mkPen(line.colour, width=2 if strong else 1))
        curve.setSymbol("o" if strong else None)
        curve.setSymbolBrush(line.colour)
        curve.setSymbolPen(None)
        if not self._spread:
            return
        band.curves[0].setData(x, line.mean - line.std)
        band.curves[1].setData(x, line.mean + line.std)
        band.setBrush(line.band)

    def _draw_axes(self, comparison: Comparison, low: float, high: float) -> None:
        self._plot.setYRange(low, high, padding=0)
        show_blocks(self._plot, comparison, stages=False)
        self._stages.show_at(stage_edges(comparison), low, high)
        place = place_of(comparison, self._shown.selection.address)
        self._cursor.setVisible(place is not None)
        self._cursor.setValue(place or 0)

    def _draw_legend(self) -> None:
        rows = [
            f"<span style='color:{line.colour.name()}'>●</span> "
            f"<span style='color:{self._theme.text}'>{shortened(line.name, longest=12)}</span>"
            for line in self._lines
        ]
        if len(rows) > _LEGEND_ROWS:
            more = f"<span style='color:{self._theme.muted}'>… {len(rows) - 4} more</span>"
            rows = [*rows[:3], more, rows[-1]]
        self._legend.setText("<br>".join(rows), size="8pt")

    def _draw_caption(self) -> None:
        label = lower_first(self._shown.metric.about.label)
        if self._by_model:
            self.caption.setText(f"Mean {label} of {self._shown.matrix.label} in each model")
        elif self._spread:
            self.caption.setText(f"Mean {label} ± one standard deviation over vectors")
        else:
            self.caption.setText(f"Mean {label} over vectors")

    def _column_at(self, point: QPointF) -> int | None:
        place = place_in(self._plot, point)
        return None if place is None else round(place.x())

    def _on_pointed(self, point: QPointF) -> None:
        column = self._column_at(point)
        self.hovered.emit("" if column is None else self.text_at(column))

    def _on_clicked(self, point: QPointF) -> None:
        column, comparison = self._column_at(point), self._shown.comparison
        if column is None or comparison is None:
            return
        address = block_at(comparison, column)
        if address is not None:
            self.selected.emit(replace(self._shown.selection, address=address, vector=None))

    @Slot()
    def _on_left(self) -> None:
        self.hovered.emit("")

    @Slot()
    def _on_resized(self) -> None:
        if self._shown.comparison is not None:
            show_blocks(self._plot, self._shown.comparison, stages=False)


def statistics(comparison: Comparison, matrix: Matrix, metric: Metric) -> tuple[Values, Values]:
    """(depth,) means and (depth,) standard deviations over vectors; NaN where not compared."""
    found = np.full((2, comparison.depth), np.nan)
    for block, one in comparison.cells():
        if one.matrix is matrix:
            summary = one.summaries[metric]
            found[:, block.global_index] = summary.mean, summary.std
    return found[0], found[1]


def line_range(lines: list[Values], metric: Metric) -> tuple[float, float]:
    """Range of a line axis: distances start at 0, and nothing touches the upper edge."""
    finite = np.concatenate([line[np.isfinite(line)] for line in lines])
    if finite.size == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if metric.about.same == 0.0:
        low = 0.0
    room = (high - low) * _HEADROOM or abs(high) * 0.1 or 0.5
    return (low if low == 0.0 else low - room), high + room
