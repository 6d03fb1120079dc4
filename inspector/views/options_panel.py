"""The few options of the comparison, in words."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from inspector.core.comparison import ComparisonSeries
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.views.choice_box import choice_box, show_choice
from inspector.views.shown import ViewOptions
from inspector.views.wording import shortened

_DEVICES = {"auto": "Automatic", "cpu": "CPU", "cuda": "CUDA graphics card", "mps": "Apple MPS"}
_AXES = {"out": "Rows: output features", "in": "Columns: input features"}
_MATRICES = "matrices"
_LIMITS = {True: "Shared over all models", False: "This model's own"}
_LINES = {"matrices": "Query, key, value", "series": "One for each model"}
_GAP = 10


class OptionsPanel(QWidget):
    """Metric, compared model, axis, heat map, lines and device.

    Signals
    -------
    selection_changed(selection)
        Another metric, compared model or matrix.
    options_changed(options)
        Another `ViewOptions`.
    axis_chosen(str)
        ``out`` or ``in``.
    device_chosen(str)
        One of the names given to `set_devices`.
    """

    selection_changed = Signal(object)
    options_changed = Signal(object)
    axis_chosen = Signal(str)
    device_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection, self._options = Selection(), ViewOptions()
        self._labels: dict[QWidget, QLabel] = {}
        self.metric_choice = choice_box("Metric", {m: m.about.label for m in Metric})
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.compared_choice = choice_box("Compared model", {})
        self.axis_choice = choice_box("Vectors", _AXES)
        heads = {str(matrix): f"Heads of {matrix.label.lower()}" for matrix in Matrix}
        self.rows_choice = choice_box(
            "Rows of the heat map", {_MATRICES: "Query, key, value", **heads}
        )
        self.limits_choice = choice_box("Colour limits", _LIMITS)
        self.lines_choice = choice_box("Lines", _LINES)
        self.spread_choice = QCheckBox("Band of one &standard deviation")
        self.spread_choice.setAccessibleName("Band of one standard deviation")
        self.device_choice = choice_box("Computed on", {})
        self._place()
        self._connect()
        self.show_selection(self._selection)
        self.show_options(self._options)
        self.show_series(None)

    def show_series(self, series: ComparisonSeries | None) -> None:
        """Show the compared models and the axis; emits nothing."""
        names = () if series is None else [one.compared.label for one in series.comparisons]
        with QSignalBlocker(self.compared_choice):
            self.compared_choice.clear()
            for place, name in enumerate(names):
                self.compared_choice.addItem(shortened(name), place)
                self.compared_choice.setItemData(place, name, Qt.ItemDataRole.ToolTipRole)
            self.compared_choice.setCurrentIndex(min(self._selection.compared, len(names) - 1))
        for control in (self.compared_choice, self.limits_choice, self.lines_choice):
            self._show_control(control, visible=len(names) > 1)
        self._show_spread()
        if series is not None:
            show_choice(self.axis_choice, series.axis)

    def show_selection(self, selection: Selection) -> None:
        """Show the metric, compared model and matrix; emits nothing."""
        self._selection = selection
        show_choice(self.metric_choice, selection.metric)
        about = selection.metric.about
        self.about.setText(f"{about.formula}\n{about.meaning}")
        with QSignalBlocker(self.compared_choice):
            if self.compared_choice.count():
                self.compared_choice.setCurrentIndex(
                    min(selection.compared, self.compared_choice.count() - 1)
                )
        self._show_rows()

    def show_options(self, options: ViewOptions) -> None:
        """Show how the comparison is drawn; emits nothing."""
        self._options = options
        show_choice(self.limits_choice, options.shared_limits)
        show_choice(self.lines_choice, options.lines)
        with QSignalBlocker(self.spread_choice):
            self.spread_choice.setChecked(options.spread)
        self._show_spread()
        self._show_rows()

    def set_devices(self, names: Sequence[str], current: str) -> None:
        """List what can compute, and which is chosen; emits nothing."""
        with QSignalBlocker(self.device_choice):
            self.device_choice.clear()
            for name in names:
                self.device_choice.addItem(_DEVICES.get(name, name), name)
        show_choice(self.device_choice, current)
        self._show_control(self.device_choice, visible=len(names) > 0)

    def _place(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 2, 0)
        column.setSpacing(3)
        for text, control in (
            ("&Metric", self.metric_choice),
            ("", self.about),
            ("Compare&d model", self.compared_choice),
            ("Vect&ors", self.axis_choice),
            ("Heat map ro&ws", self.rows_choice),
            ("Colo&ur limits", self.limits_choice),
            ("&Lines", self.lines_choice),
            ("", self.spread_choice),
            ("Com&puted on", self.device_choice),
        ):
            self._add(column, text, control)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    def _add(self, column: QVBoxLayout, text: str, control: QWidget) -> None:
        if text:
            label = QLabel(text)
            label.setBuddy(control)
            label.setContentsMargins(0, _GAP if column.count() else 0, 0, 0)
            self._labels[control] = label
            column.addWidget(label)
        column.addWidget(control)

    def _connect(self) -> None:
        self.metric_choice.activated.connect(self._on_metric_activated)
        self.compared_choice.activated.connect(self._on_compared_activated)
        self.axis_choice.activated.connect(self._on_axis_activated)
        self.rows_choice.activated.connect(self._on_rows_activated)
        self.limits_choice.activated.connect(self._on_drawing_changed)
        self.lines_choice.activated.connect(self._on_drawing_changed)
        self.spread_choice.toggled.connect(self._on_drawing_changed)
        self.device_choice.activated.connect(self._on_device_activated)

    def _show_control(self, control: QWidget, *, visible: bool) -> None:
        control.setVisible(visible)
        self._labels[control].setVisible(visible)

    def _show_spread(self) -> None:
        """The band belongs to lines of Q, K and V only."""
        by_model = self.compared_choice.count() > 1 and self._options.lines == "series"
        self.spread_choice.setEnabled(not by_model)

    def _show_rows(self) -> None:
        heads = self._options.rows == "heads"
        show_choice(
            self.rows_choice, str(self._selection.matrix or Matrix.Q) if heads else _MATRICES
        )

    @Slot()
    def _on_metric_activated(self) -> None:
        metric = Metric(self.metric_choice.currentData())
        self._select(replace(self._selection, metric=metric))

    @Slot()
    def _on_compared_activated(self) -> None:
        self._select(replace(self._selection, compared=self.compared_choice.currentIndex()))

    @Slot()
    def _on_axis_activated(self) -> None:
        self.axis_chosen.emit(self.axis_choice.currentData())

    @Slot()
    def _on_device_activated(self) -> None:
        self.device_chosen.emit(self.device_choice.currentData())

    @Slot()
    def _on_rows_activated(self) -> None:
        choice = self.rows_choice.currentData()
        if choice != _MATRICES and Matrix(choice) is not self._selection.matrix:
            self._select(replace(self._selection, matrix=Matrix(choice), vector=None))
        by_head = choice != _MATRICES
        self._draw(replace(self._options, rows="heads" if by_head else "matrices"))

    @Slot()
    def _on_drawing_changed(self) -> None:
        self._draw(
            replace(
                self._options,
                shared_limits=self.limits_choice.currentData(),
                lines=self.lines_choice.currentData(),
                spread=self.spread_choice.isChecked(),
            )
        )

    def _select(self, selection: Selection) -> None:
        if selection != self._selection:
            self.show_selection(selection)
            self.selection_changed.emit(selection)

    def _draw(self, options: ViewOptions) -> None:
        if options != self._options:
            self.show_options(options)
            self.options_changed.emit(options)
