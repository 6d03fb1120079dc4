"""The open models: the reference A, and what is compared with it, in the order of the series."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from inspector.core.comparison import ModelCard
from inspector.views.chip import Chip
from inspector.views.chip_words import letter_of

_GAP = 5
_MOST_HEIGHT = 236


class ChipsPanel(QWidget):
    """One chip a model; index 0 is the reference, 1, 2, ... are compared with it.

    Signals
    -------
    closed(index), heads_corrected(index, heads), section_chosen(index, name)
        What the user asked for one model.
    swapped()
        The reference and the current compared model are to change places.
    reordered(order)
        The compared models in their new order, as a list of their present indices: ``[2, 1, 3]``.
    chosen(index)
        A compared model (1 or more) is to be looked at.
    files_dropped(paths, index)
        Files (a list of `Path`) fell on a chip, or on the empty one after the last.
    open_asked(index)
        The empty chip was pressed.
    """

    closed = Signal(int)
    swapped = Signal()
    heads_corrected = Signal(int, int)
    section_chosen = Signal(int, str)
    reordered = Signal(object)
    chosen = Signal(int)
    files_dropped = Signal(object, int)
    open_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chips: list[Chip] = []
        self._count = 0
        self._current = 1
        self._list = _ChipList()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(_GAP)
        self._column.addWidget(self._chip(0))
        self._column.addWidget(self._list)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.show_models(None, ())

    def show_models(self, reference: ModelCard | None, compared: Sequence[ModelCard]) -> None:
        """Show what is open; without a compared model an empty chip invites one."""
        cards = [reference, *compared] if reference else []
        self._count = len(cards)
        shown = max(len(cards), 2 if cards else 1)
        for index in range(max(shown, len(self._chips))):
            chip = self._chip(index)
            chip.show_card(cards[index] if index < len(cards) else None)
            chip.setVisible(index < shown)
        self._list.setVisible(shown > 1)
        self.set_current(self._current)

    def show_sections(self, index: int, sections: Sequence[str], current: str) -> None:
        """Offer the sections of one model's file; forgotten when another file takes its place."""
        self._chip(index).show_sections(sections, current)

    def show_heads(self, index: int, heads: int) -> None:
        """The number of heads that a correction of one model starts from."""
        self._chip(index).show_heads(heads)

    def set_current(self, index: int) -> None:
        """Highlight the compared model (1 or more) that is looked at."""
        compared = self._count - 1
        self._current = max(1, min(index, compared))
        for chip in self._chips:
            self._show_place(chip, compared=compared)
        self._list.show_chip(self._chips[self._current] if compared > 1 else None)

    def _show_place(self, chip: Chip, *, compared: int) -> None:
        is_current = chip.index == self._current and compared > 1
        alone = chip.index == 0 or compared < 2
        swaps = letter_of(self._current) if chip.index == 0 and compared > 0 else ""
        chip.set_neighbours(
            swaps_with=swaps, above=chip.index > 1, below=1 <= chip.index < compared
        )
        chip.set_current(is_current, expanded=alone or is_current)

    def _chip(self, index: int) -> Chip:
        while len(self._chips) <= index:
            chip = Chip(len(self._chips))
            self._connect(chip)
            self._chips.append(chip)
            if chip.index:
                self._list.add_chip(chip)
                _tab_after(self._chips[chip.index - 1], chip)
        return self._chips[index]

    def _connect(self, chip: Chip) -> None:
        index = chip.index
        chip.chosen.connect(lambda: self._on_chip_chosen(index))
        chip.close_asked.connect(lambda: self.closed.emit(index))
        chip.swap_asked.connect(self.swapped)
        chip.move_asked.connect(lambda step: self._on_move_asked(index, step))
        chip.heads_corrected.connect(lambda heads: self.heads_corrected.emit(index, heads))
        chip.section_chosen.connect(lambda name: self.section_chosen.emit(index, name))
        chip.files_dropped.connect(lambda paths: self.files_dropped.emit(paths, index))
        chip.open_asked.connect(lambda: self.open_asked.emit(index))

    def _on_chip_chosen(self, index: int) -> None:
        if index > 0:
            self.chosen.emit(index)

    def _on_move_asked(self, index: int, step: int) -> None:
        order = list(range(1, self._count))
        order.insert(index - 1 + step, order.pop(index - 1))
        self.reordered.emit(order)


def _tab_after(before: Chip, chip: Chip) -> None:
    """Lead the Tab key from one chip into the next, which may be much younger."""
    here = _tab_stops(before)[-1]
    for widget in _tab_stops(chip):
        QWidget.setTabOrder(here, widget)
        here = widget


def _tab_stops(chip: Chip) -> list[QWidget]:
    """The chip and its controls, shown or not, from left to right and top to bottom."""
    stops = [w for w in chip.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus]
    return [chip, *(widget for widget in stops if widget.window() is chip.window())]


class _ChipList(QScrollArea):
    """As high as its chips, up to a limit; scrolls from there on."""

    def __init__(self) -> None:
        super().__init__()
        self._wanted: Chip | None = None
        self._inner = QWidget()
        self._inner.installEventFilter(self)
        self._column = QVBoxLayout(self._inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(_GAP)
        self._column.addStretch(1)
        self.setWidget(self._inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)
        self._inner.setAutoFillBackground(False)

    def add_chip(self, chip: Chip) -> None:
        self._column.insertWidget(self._column.count() - 1, chip)

    def show_chip(self, chip: Chip | None) -> None:
        """Scroll there, now and as soon as chips that just appeared have their places."""
        self._wanted = chip
        self._scroll_to_wanted()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take another height when the chips do."""
        if watched is self._inner and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._scroll_to_wanted()

    def sizeHint(self) -> QSize:
        wanted = self._column.sizeHint()
        return QSize(wanted.width(), min(wanted.height(), _MOST_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, min(self.sizeHint().height(), 60))

    def _scroll_to_wanted(self) -> None:
        if self._wanted is None or not self.isVisible():
            return
        self._column.activate()
        self.ensureWidgetVisible(self._wanted, 0, _GAP)
