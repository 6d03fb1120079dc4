"""One panel of per-vector values: Q | K | V tinted, heads dotted, its number in its heading."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGraphicsTextItem

from inspector.core.comparison import BlockComparison
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.render.limits import Values
from inspector.render.panels import VectorLayout
from inspector.views.plot_frame import Area, Separators, quiet_plot
from inspector.views.theme import Theme, apply_plot_theme
from inspector.views.value_axis import ValueAxis
from inspector.views.vector_axis import VectorAxis
from inspector.views.wording import number_text

LEFT_WIDTH = 62
_HEADING_HEIGHT = 17
_NAMES_HEIGHT = 15
_ROOM = 0.05


class VectorPanel:
    """The plot of one metric, or of several that share an axis (the norms in A and B).

    Everything in it is built once; `show_block` gives it new data.
    """

    def __init__(self, metrics: Sequence[Metric], *, heading: str, formula: str) -> None:
        self.metrics = tuple(metrics)
        self._heading, self._formula = heading, formula
        self._axis = VectorAxis()
        self.plot = quiet_plot(
            left_width=LEFT_WIDTH, bottom=True, axes={"bottom": self._axis, "left": ValueAxis()}
        )
        self.plot.setMouseEnabled(x=True, y=False)
        self.plot.layout.setRowFixedHeight(0, _HEADING_HEIGHT)
        self._name = QGraphicsTextItem(self.plot)
        self._value = QGraphicsTextItem(self.plot)
        self._areas = {matrix: Area() for matrix in Matrix}
        self._solid, self._dotted = Separators(), Separators(dotted=True)
        self._curves = {
            (metric, matrix): pg.PlotCurveItem(connect="finite", skipFiniteCheck=False)
            for metric in self.metrics
            for matrix in Matrix
        }
        self._pointed = pg.InfiniteLine(angle=90, movable=False)
        self._chosen = pg.InfiniteLine(angle=90, movable=False)
        self._add_items()

    def show_block(
        self, block: BlockComparison, layout: VectorLayout, limits: tuple[float, float]
    ) -> None:
        """Draw the vectors of a block; `limits` are the lowest and highest value shown."""
        low, high = limits
        self.plot.setYRange(low, high, padding=0)
        for matrix in Matrix:
            self._show_matrix(block, layout, matrix, limits)
        self._axis.show_layout(layout)
        self.plot.getAxis("top").setTicks([_names(layout)])
        self._solid.show_at(layout.separators, low, high)
        self._dotted.show_at((x for span in layout.spans for x in span.heads), low, high)

    def show_marks(self, pointed: int | None, chosen: int | None, text: str) -> None:
        """Mark the vector under the mouse and the selected one; `text` is the heading's number."""
        for line, place in ((self._pointed, pointed), (self._chosen, chosen)):
            line.setVisible(place is not None)
            line.setValue(place or 0)
        self._value.setPlainText(text)

    def show_edges(self, *, names: bool, numbers: bool) -> None:
        """Whether the matrices' names stand above this panel, and vector numbers below it."""
        self.plot.showAxis("top", names)
        self.plot.getAxis("top").setStyle(showValues=names, tickLength=0, tickTextOffset=2)
        self.plot.getAxis("top").setHeight(_NAMES_HEIGHT if names else 0)
        self._axis.setStyle(showValues=numbers)
        self._axis.setHeight(20 if numbers else 4)

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        apply_plot_theme(self.plot, theme, font=font)
        for matrix, area in self._areas.items():
            area.show_colour(theme.tint(matrix))
        self._solid.show_colour(theme.text)
        self._dotted.show_colour(theme.separator)
        for place, metric in enumerate(self.metrics):
            for matrix in Matrix:
                colour = theme.line(matrix) if place == 0 else theme.muted
                self._curves[metric, matrix].setPen(pg.mkPen(colour, width=1))
        self._pointed.setPen(pg.mkPen(theme.muted))
        self._chosen.setPen(pg.mkPen(theme.accent, width=1.5))
        self._write_heading(theme, font)

    @property
    def read_out(self) -> str:
        """The number in the heading."""
        return self._value.toPlainText()

    def _add_items(self) -> None:
        items = (*self._areas.values(), self._dotted, self._solid, *self._curves.values())
        for item in (*items, self._pointed, self._chosen):
            self.plot.addItem(item, ignoreBounds=True)
        for (metric, _), curve in self._curves.items():
            curve.setZValue(3 if metric is self.metrics[0] else 2)
        self._pointed.setZValue(8)
        self._chosen.setZValue(7)

    def _write_heading(self, theme: Theme, font: QFont) -> None:
        for item in (self._name, self._value):
            item.setFont(font)
            item.document().setDocumentMargin(1)
        self._name.setHtml(
            f"<span style='color:{theme.text}'><b>{self._heading}</b></span>"
            f"&nbsp; <span style='color:{theme.muted}'>{self._formula}</span>"
        )
        self._name.setPos(QPointF(LEFT_WIDTH, 0))
        self._value.setDefaultTextColor(theme.accent)
        self._value.setPos(QPointF(LEFT_WIDTH + self._name.boundingRect().width() + 14, 0))

    def _show_matrix(
        self,
        block: BlockComparison,
        layout: VectorLayout,
        matrix: Matrix,
        limits: tuple[float, float],
    ) -> None:
        span, found = layout.span(matrix), block.matrix(matrix)
        there = span is not None and found is not None
        self._areas[matrix].setVisible(there)
        for metric in self.metrics:
            curve = self._curves[metric, matrix]
            curve.setVisible(there)
            if span is not None and found is not None:
                curve.setData(np.arange(span.start, span.stop, dtype=np.float64), found[metric])
        if span is not None:
            height = limits[1] - limits[0]
            self._areas[matrix].setRect(QRectF(span.left, limits[0], span.count, height))


def panel_limits(block: BlockComparison, metrics: Sequence[Metric]) -> tuple[float, float]:
    """Lowest and highest finite value of all vectors of a block, with a little room.

    A constant keeps a span around its value, distances that are all 0 one above it; nothing
    defined gives 0 to 1.
    """
    values: list[Values] = [found[metric] for found in block.matrices for metric in metrics]
    finite = [good for one in values if (good := one[np.isfinite(one)]).size]
    if not finite:
        return 0.0, 1.0
    low = min(float(one.min()) for one in finite)
    high = max(float(one.max()) for one in finite)
    if low == high == 0.0 and all(metric.about.same == 0.0 for metric in metrics):
        high = 1.0
    room = (high - low) * _ROOM or abs(high) * 0.1 or 0.5
    return low - room, high + room


def heading_text(values: Mapping[Metric, float]) -> str:
    """The exact values at a vector, in the heading of a panel."""
    return " · ".join(number_text(value, digits=6) for value in values.values())


def _names(layout: VectorLayout) -> list[tuple[float, str]]:
    return [((span.left + span.right) / 2, span.matrix.label) for span in layout.spans]
