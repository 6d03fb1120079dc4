"""The per-vector panels of one block, stacked and linked along x."""

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.core.comparison import BlockComparison, MatrixComparison
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.render.panels import VectorLayout, vector_layout
from inspector.views.plot_frame import PlotFrame, place_in, restyle
from inspector.views.shown import Shown
from inspector.views.theme import Theme
from inspector.views.vector_panel import VectorPanel, heading_text, panel_limits
from inspector.views.wording import vector_text

POSTER = (Metric.COSINE_DISTANCE, Metric.EUCLIDEAN, Metric.MSE, Metric.DOT)
_PANEL_HEIGHT = 54
_LEAST_HEIGHT = 40
_UNBOUNDED = 16_777_215
_NORMS = (Metric.NORM_B, Metric.NORM_A)


class VectorsView(QWidget):
    """Four panels as on the poster, and on request relative distance, norm ratio and norms.

    Signals
    -------
    selected(selection)
        The user chose a vector.
    hovered(str)
        The vector under the mouse with its exact values.
    """

    selected = Signal(object)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = Shown()
        self._layout = VectorLayout(())
        self._drawn: BlockComparison | None = None
        self._pointed: int | None = None
        self.frame = PlotFrame(
            "Vectors of the block",
            says="Left and right arrows move between vectors, the wheel zooms, R shows all.",
        )
        self.frame.pointed.connect(self._on_pointed)
        self.frame.clicked.connect(self._on_clicked)
        self.frame.left.connect(self._on_left)
        self.panels = [_panel(metric) for metric in POSTER]
        self._relative = [_panel(Metric.RELATIVE_DISTANCE), _panel(Metric.NORM_RATIO)]
        norms = VectorPanel(_NORMS, heading="Norms", formula="|b| coloured, |a| grey")
        self._norms = [norms]
        self.panels += [*self._relative, *self._norms]
        self._build()

    def draw(self, shown: Shown) -> None:
        """Show the vectors of the selected block; emits nothing."""
        self._shown = shown
        block = shown.block
        self.frame.setVisible(block is not None)
        if block is None:
            self._drawn = None
            return
        if block is not self._drawn:
            self._draw_block(block)
        self._draw_marks()

    def show_panels(self, *, relative: bool, norms: bool) -> None:
        """Show or hide the panels that the poster does not have."""
        for panels, visible in ((self._relative, relative), (self._norms, norms)):
            for panel in panels:
                self._show_panel(panel, visible=visible)
        seen = [panel for panel in self.panels if panel.plot.isVisible()]
        for panel in self.panels:
            panel.show_edges(names=panel is seen[0], numbers=panel is seen[-1])
        self.frame.setMinimumHeight(_PANEL_HEIGHT * len(seen) + 36)
        if self._drawn is not None:
            self._draw_block(self._drawn)
            self._draw_marks()

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        restyle(self.frame, (), theme, font)
        for panel in self.panels:
            panel.apply_theme(theme, font)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the selected vector with the arrow keys; R shows the whole block."""
        key = event.key()
        if key == Qt.Key.Key_R and self._drawn is not None:
            self._show_all()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self._layout.total:
            self._step(-1 if key == Qt.Key.Key_Left else 1)
        else:
            event.ignore()

    def text_at(self, x: float) -> str:
        """The read-out of the vector nearest to x, with the exact values of all metrics."""
        found = self._vector_at(x)
        if found is None or self._drawn is None:
            return ""
        matrix, vector = found
        return vector_text(self._drawn, matrix, vector)

    def place_of_vector(self, matrix: Matrix, vector: int, *, panel: int = 0) -> QPointF:
        """Where a vector lies in a panel, in the coordinates of the frame's viewport."""
        span = self._layout.span(matrix)
        box = self.panels[panel].plot.getViewBox()
        middle = box.viewRange()[1]
        x = vector + (span.start if span else 0)
        return QPointF(self.frame.mapFromScene(box.mapViewToScene(QPointF(x, sum(middle) / 2))))

    def _build(self) -> None:
        first = self.panels[0].plot
        for row, panel in enumerate(self.panels):
            self.frame.addItem(panel.plot, row, 0)
            if row:
                panel.plot.setXLink(first)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        self.show_panels(relative=False, norms=False)

    def _show_panel(self, panel: VectorPanel, *, visible: bool) -> None:
        row, layout = self.panels.index(panel), self.frame.ci.layout
        panel.plot.setVisible(visible)
        panel.plot.setMinimumHeight(_LEAST_HEIGHT if visible else 0)
        layout.setRowStretchFactor(row, 1 if visible else 0)
        layout.setRowPreferredHeight(row, _PANEL_HEIGHT if visible else 0)
        layout.setRowMaximumHeight(row, _UNBOUNDED if visible else 0)

    def _draw_block(self, block: BlockComparison) -> None:
        total, self._layout = self._layout.total, vector_layout(block)
        self._drawn = block
        for panel in self.panels:
            if panel.plot.isVisible():
                panel.show_block(block, self._layout, panel_limits(block, panel.metrics))
        if self._layout.total != total:
            self._show_all()

    def _show_all(self) -> None:
        end = max(self._layout.total, 1) - 0.5
        for panel in self.panels:
            panel.plot.setLimits(xMin=-0.5, xMax=end, minXRange=8)
        self.panels[0].plot.setXRange(-0.5, end, padding=0)

    def _draw_marks(self) -> None:
        chosen = self._place_of_selected()
        place = self._pointed if self._pointed is not None else chosen
        found = None if place is None else self._vector_at(place)
        for panel in self.panels:
            panel.show_marks(self._pointed, chosen, _text_of(panel.metrics, found))

    def _place_of_selected(self) -> int | None:
        if self._shown.vector is None:
            return None
        matrix, vector = self._shown.vector
        span = self._layout.span(matrix.matrix)
        return None if span is None else span.start + vector

    def _vector_at(self, x: float) -> tuple[MatrixComparison, int] | None:
        found = self._layout.at(x)
        if found is None or self._drawn is None:
            return None
        matrix = self._drawn.matrix(found[0])
        return None if matrix is None else (matrix, found[1])

    def _x_at(self, point: QPointF) -> float | None:
        places = (place_in(panel.plot, point) for panel in self.panels if panel.plot.isVisible())
        return next((place.x() for place in places if place is not None), None)

    def _step(self, step: int) -> None:
        place = self._place_of_selected()
        self._select(0 if place is None else place + step)

    def _select(self, x: float) -> None:
        found = self._layout.at(x)
        if found is None or self._shown.block is None:
            return
        matrix, vector = found
        address = self._shown.block.address
        head = self._shown.selection.address.head if self._shown.selection.address else None
        if head is not None:
            address = address.with_head(self._head_of(matrix, vector))
        chosen = replace(self._shown.selection, address=address, matrix=matrix, vector=vector)
        self.selected.emit(chosen)

    def _head_of(self, matrix: Matrix, vector: int) -> int | None:
        found = self._drawn.matrix(matrix) if self._drawn else None
        head = -1 if found is None else int(found.head_of[vector])
        return head if head >= 0 else None

    def _on_pointed(self, point: QPointF) -> None:
        x = self._x_at(point)
        found = None if x is None else self._layout.at(x)
        self._pointed = None if x is None or found is None else round(x)
        self._draw_marks()
        self.hovered.emit("" if self._pointed is None else self.text_at(self._pointed))

    def _on_clicked(self, point: QPointF) -> None:
        x = self._x_at(point)
        if x is not None:
            self._select(x)

    @Slot()
    def _on_left(self) -> None:
        self._pointed = None
        self._draw_marks()
        self.hovered.emit("")


def _panel(metric: Metric) -> VectorPanel:
    return VectorPanel((metric,), heading=metric.about.label, formula=metric.about.formula)


def _text_of(metrics: Iterable[Metric], found: tuple[MatrixComparison, int] | None) -> str:
    if found is None:
        return ""
    matrix, vector = found
    return heading_text({metric: float(matrix[metric][vector]) for metric in metrics})
