"""The slider over the compared models of a series."""

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QVBoxLayout,
    QWidget,
)

from inspector.core.comparison import ComparisonSeries
from inspector.views.wording import short_names, shortened

_GAP = 8


class SeriesBar(QWidget):
    """Which compared model is shown; hidden where there is only one. Emits `chosen`."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = QLabel()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Compared model")
        self.slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        self.slider.setTickInterval(1)
        self.slider.setSingleStep(1)
        self.slider.setPageStep(1)
        self.slider.valueChanged.connect(self._on_value_changed)
        self.labels = _Labels(self.slider)
        self.labels.chosen.connect(self.slider.setValue)
        self._names: tuple[str, ...] = ()
        self._build()
        self.hide()

    def show_series(self, series: ComparisonSeries | None, current: int) -> None:
        """Show the models and which one is current; emits nothing."""
        count = 0 if series is None else len(series.comparisons)
        self.setVisible(count > 1)
        if series is None or count < 2:
            return
        self._names = tuple(one.compared.label for one in series.comparisons)
        blocked = self.slider.blockSignals(True)
        self.slider.setRange(0, count - 1)
        self.slider.setValue(current)
        self.slider.blockSignals(blocked)
        self.labels.show_names(short_names(series))
        self._write()

    def _build(self) -> None:
        middle = QVBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(self.slider)
        middle.addWidget(self.labels)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.name, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(middle, 1)

    def _write(self) -> None:
        current, count = self.slider.value(), self.slider.maximum() + 1
        name = shortened(self._names[current], longest=28)
        self.name.setText(f"<b>{name}</b> · {current + 1} of {count}")
        self.name.setToolTip(self._names[current])
        self.slider.setAccessibleDescription(self._names[current])
        self.labels.update()

    @Slot(int)
    def _on_value_changed(self, value: int) -> None:
        self._write()
        self.chosen.emit(value)


class _Labels(QWidget):
    """Short names under the ticks of a slider, as many as have room; a click chooses."""

    chosen = Signal(int)

    def __init__(self, slider: QSlider) -> None:
        super().__init__()
        self._slider = slider
        self._names: tuple[str, ...] = ()
        self.setFixedHeight(self.fontMetrics().height())

    def show_names(self, names: tuple[str, ...]) -> None:
        """Show other names."""
        self._names = names
        self.update()

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(120, self.fontMetrics().height())

    def place_of(self, value: int) -> int:
        """The x of a tick."""
        option = QStyleOptionSlider()
        self._slider.initStyleOption(option)
        style, part = self._slider.style(), QStyle.SubControl.SC_SliderHandle
        handle = style.subControlRect(QStyle.ComplexControl.CC_Slider, option, part, self._slider)
        room = self._slider.width() - handle.width()
        start = QStyle.sliderPositionFromValue(0, self._slider.maximum(), value, room)
        return start + handle.width() // 2

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the current name, then every other one that does not touch a drawn one."""
        painter = QPainter(self)
        drawn: list[QRect] = []
        current = self._slider.value()
        for value in (current, *(v for v in range(len(self._names)) if v != current)):
            box = self._box(value)
            if any(box.adjusted(-_GAP, 0, _GAP, 0).intersects(other) for other in drawn):
                continue
            drawn.append(box)
            painter.setPen(self._ink(is_current=value == current))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._names[value])
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the nearest tick."""
        x = event.position().x()
        self.chosen.emit(min(range(len(self._names)), key=lambda v: abs(self.place_of(v) - x)))

    def _box(self, value: int) -> QRect:
        width = self.fontMetrics().horizontalAdvance(self._names[value])
        left = min(max(self.place_of(value) - width // 2, 0), max(self.width() - width, 0))
        return QRect(QPoint(left, 0), QSize(width, self.height()))

    def _ink(self, *, is_current: bool) -> QColor:
        role = QPalette.ColorRole.WindowText if is_current else QPalette.ColorRole.PlaceholderText
        return self.palette().color(role)
