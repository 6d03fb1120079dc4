"""Which slice of an image is looked at: plane, slice and point in time."""

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from inspector.core.images import ImageCard, Plane, SliceAddress
from inspector.views.elided_label import ElidedLabel
from inspector.views.switch import Switch

_WORDS = {
    Plane.STORED: ("Stored", "the slices as they are in the file"),
    Plane.AXIAL: ("Axial", "axial slices"),
    Plane.CORONAL: ("Coronal", "coronal slices"),
    Plane.SAGITTAL: ("Sagittal", "sagittal slices"),
}


class SliceBar(QWidget):
    """Buttons for the planes, a slider over the slices, another over time; hidden for one picture.

    Emits `chosen` with a `SliceAddress`. Every plane keeps its place, the first time the middle.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._card: ImageCard | None = None
        self._at = SliceAddress()
        self._place = ""
        self._last: dict[Plane, int] = {}
        self.planes = Switch("Plane", {str(plane): words for plane, words in _WORDS.items()})
        self.planes.chosen.connect(self._on_plane_chosen)
        self.words, self.time_words = ElidedLabel(), QLabel()
        self.slider = _StepSlider("Slice")
        self.time = _StepSlider("Point in time")
        self.slider.valueChanged.connect(self._on_slice_moved)
        self.time.valueChanged.connect(self._on_time_moved)
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 2, 2, 2)
        column.setSpacing(3)
        column.addWidget(self.planes, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.words)
        column.addWidget(self.slider)
        self._times = QWidget()
        row = QHBoxLayout(self._times)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.time_words)
        row.addWidget(self.time, 1)
        column.addWidget(self._times)
        self.show_card(None)

    def show_card(self, card: ImageCard | None) -> None:
        """Show the planes, slices and times of an image; emits nothing."""
        if card is None or self._card is None or card.slices != self._card.slices:
            self._last = {}
            planes = () if card is None else card.planes
            first = planes[0] if planes else Plane.STORED
            self._at, self._place = SliceAddress(first), ""
        self._card = card
        self._draw()

    def show_slice(self, at: SliceAddress, place: str = "") -> None:
        """Show which slice is looked at, and in words where it lies; emits nothing."""
        self._at, self._place = at, place
        self._last[at.plane] = at.index
        self._draw()

    def _draw(self) -> None:
        card, at = self._card, self._at
        planes = () if card is None else card.planes
        count = 1 if card is None else card.slices.get(at.plane, 1)
        times = 1 if card is None else card.times
        self.setVisible(count > 1 or times > 1 or len(planes) > 1)
        self.planes.setVisible(len(planes) > 1)
        for plane in Plane:
            self.planes.button(str(plane)).setVisible(plane in planes)
        self.planes.show_choice(str(at.plane))
        self.slider.setVisible(count > 1)
        self.slider.show_step(at.index, count)
        self._times.setVisible(times > 1)
        self.time.show_step(at.time, times)
        parts = [f"Slice {at.index + 1} of {count}"] if count > 1 else []
        self.words.setText(" · ".join([*parts, self._place] if self._place else parts))
        self.words.setVisible(bool(self.words.text()))
        self.slider.setAccessibleDescription(self.words.text())
        self.time_words.setText(f"Time {at.time + 1} of {times}")

    def _choose(self, at: SliceAddress) -> None:
        if at != self._at:
            self.show_slice(at)
            self.chosen.emit(at)

    @Slot(str)
    def _on_plane_chosen(self, name: str) -> None:
        if self._card is None:
            return
        plane = Plane(name)
        middle = self._card.slices.get(plane, 1) // 2
        index = self._last.get(plane, middle)
        self._choose(SliceAddress(plane, index, self._at.time))

    @Slot(int)
    def _on_slice_moved(self, index: int) -> None:
        self._choose(replace(self._at, index=index))

    @Slot(int)
    def _on_time_moved(self, time: int) -> None:
        self._choose(replace(self._at, time=time))


class _StepSlider(QSlider):
    """A slider over places counted from 0; PgUp and PgDn are left to the view around it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setAccessibleName(name)
        self.setSingleStep(1)

    def show_step(self, value: int, count: int) -> None:
        """Show a place among so many; emits nothing."""
        with QSignalBlocker(self):
            self.setRange(0, max(count - 1, 0))
            self.setPageStep(max(count // 10, 1))
            self.setValue(value)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move with the arrow keys, Home and End."""
        if event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            event.ignore()
            return
        super().keyPressEvent(event)
