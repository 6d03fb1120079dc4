"""Mean and standard deviation of a model's input: one of the usual pairs, or numbers by hand."""

from math import isclose

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from inspector.core.preparation import LARGEST_STATISTIC, LEAST_STD
from inspector.views.banner import banner_colours

Triple = tuple[float, float, float]
Statistics = tuple[Triple, Triple]

_USUAL: dict[str, Statistics] = {
    "ImageNet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "0.5 / 0.5": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "CLIP": (
        (0.48145466, 0.4578275, 0.40821073),
        (0.26862954, 0.26130258, 0.27577711),
    ),
    "0 / 1 (only scaled)": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
_OWN = "The checkpoint's own"
_BY_HAND = "By hand"
_WORDS = ("Mean", "Std")
_CHANNELS = ("red", "green", "blue")
_SAME = 1e-6


class NormalisationBox(QWidget):
    """What is taken off each channel, and what it is then divided by; values are from 0 to 1.

    Signals
    -------
    statistics_chosen(statistics)
        Another mean and standard deviation; never one that cannot be divided by.
    """

    statistics_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._now: Statistics | None = None
        self._default: Statistics | None = None
        self.choice = QComboBox()
        self.choice.setAccessibleName("Mean and standard deviation")
        self.choice.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.choice.setMinimumContentsLength(10)
        self.setFocusProxy(self.choice)
        self.fields = tuple(
            tuple(_field(f"{word} of {channel}") for channel in _CHANNELS) for word in _WORDS
        )
        self.wrong = QLabel()
        self.wrong.setWordWrap(True)
        self.by_hand = QWidget()
        self._place()
        self._colour()
        self.choice.activated.connect(self._on_activated)
        for field in self._all_fields():
            field.textEdited.connect(self._read)
            field.editingFinished.connect(self._on_edited)
        self.show_statistics(None, None)

    def show_statistics(self, now: Statistics | None, default: Statistics | None) -> None:
        """Show what is used, and offer what the checkpoint says; emits nothing.

        What is already shown is left alone: numbers may just be being typed.
        """
        if (now, default) == (self._now, self._default) and self.choice.count():
            return
        if default != self._default or not self.choice.count():
            self._offer(default)
        self._now, self._default = now, default
        self._fill()
        found = self._found(now)
        self._show_choice(self.choice.count() - 1 if found is None else found)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme with the colour of what is wrong."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _colour(self) -> None:
        palette = self.palette()
        palette.setColor(self.wrong.foregroundRole(), banner_colours(palette, "error")[2])
        self.wrong.setPalette(palette)

    def _offer(self, default: Statistics | None) -> None:
        """The usual pairs, then the checkpoint's if it is none of them; its own digits are kept."""
        offered = dict(_USUAL)
        if default is not None:
            same = (name for name, pair in _USUAL.items() if _are_same(pair, default))
            offered[next(same, _OWN)] = default
        with QSignalBlocker(self.choice):
            self.choice.clear()
            for place, (name, pair) in enumerate(offered.items()):
                self.choice.addItem(name, pair)
                self.choice.setItemData(place, _words(pair), Qt.ItemDataRole.ToolTipRole)
            self.choice.addItem(_BY_HAND)

    def _found(self, statistics: Statistics | None) -> int | None:
        pairs = (self.choice.itemData(place) for place in range(self.choice.count() - 1))
        places = (n for n, pair in enumerate(pairs) if statistics and _are_same(pair, statistics))
        return next(places, None)

    def _show_choice(self, place: int) -> None:
        with QSignalBlocker(self.choice):
            self.choice.setCurrentIndex(place)
        self.by_hand.setVisible(self._now is not None and self._is_by_hand)

    @property
    def _is_by_hand(self) -> bool:
        return self.choice.currentIndex() == self.choice.count() - 1

    def _fill(self) -> None:
        for row, numbers in zip(self.fields, self._now or (), strict=False):
            for field, number in zip(row, numbers, strict=True):
                field.setText(_text(number))
        self._say("")

    def _place(self) -> None:
        grid = QGridLayout(self.by_hand)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for across, (word, row) in enumerate(zip(_WORDS, self.fields, strict=True), start=1):
            grid.addWidget(QLabel(word), 0, across)
            grid.setColumnStretch(across, 1)
            for place, field in enumerate(row, start=1):
                grid.addWidget(field, place, across)
        for place, channel in enumerate(_CHANNELS, start=1):
            letter = QLabel(channel[0].upper())
            letter.setToolTip(channel.capitalize())
            grid.addWidget(letter, place, 0)
        grid.addWidget(self.wrong, len(_CHANNELS) + 1, 0, 1, len(_WORDS) + 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.choice)
        column.addWidget(self.by_hand)

    def _all_fields(self) -> tuple[QLineEdit, ...]:
        return tuple(field for row in self.fields for field in row)

    @Slot(int)
    def _on_activated(self, place: int) -> None:
        self._show_choice(place)
        if self._is_by_hand:
            self.fields[0][0].setFocus()
            self.fields[0][0].selectAll()
            return
        self._choose(self.choice.itemData(place))
        self._fill()

    @Slot()
    def _on_edited(self) -> None:
        statistics = self._read()
        if statistics is not None:
            self._choose(statistics)

    def _choose(self, statistics: Statistics) -> None:
        if statistics != self._now:
            self._now = statistics
            self.statistics_chosen.emit(statistics)

    @Slot()
    def _read(self) -> Statistics | None:
        """What the fields say; None, with the reason told, where it cannot be calculated with."""
        if self._now is None:
            return None
        mean, std = (
            tuple(_number(field, number) for field, number in zip(row, numbers, strict=True))
            for row, numbers in zip(self.fields, self._now, strict=True)
        )
        problems = [
            f"{field.accessibleName()} must be a number, as 0.485."
            for field, number in zip(self._all_fields(), (*mean, *std), strict=True)
            if not abs(number) <= LARGEST_STATISTIC
        ]
        problems += [
            f"{field.accessibleName()} must be above 0."
            for field, number in zip(self.fields[1], std, strict=True)
            if number < LEAST_STD
        ]
        self._say(problems[0] if problems else "")
        if problems:
            return None
        return (mean[0], mean[1], mean[2]), (std[0], std[1], std[2])

    def _say(self, problem: str) -> None:
        self.wrong.setText(problem)
        self.wrong.setVisible(bool(problem))
        for field in self._all_fields():
            named = problem.startswith(field.accessibleName())
            field.setAccessibleDescription(problem if named else "")


def _number(field: QLineEdit, shown: float) -> float:
    """What a field says, all digits of it where it was not changed; NaN where it is no number."""
    text = field.text().strip().replace(",", ".")
    if text == _text(shown):
        return shown
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _text(number: float) -> str:
    return f"{number:.8g}"


def _words(statistics: Statistics) -> str:
    rows = (" ".join(map(_text, numbers)) for numbers in statistics)
    return ", ".join(f"{word} {row}" for word, row in zip(_WORDS, rows, strict=True)).lower()


def _are_same(one: Statistics, other: Statistics) -> bool:
    pairs = zip((*one[0], *one[1]), (*other[0], *other[1]), strict=True)
    return all(isclose(a, b, rel_tol=_SAME, abs_tol=_SAME) for a, b in pairs)


def _field(name: str) -> QLineEdit:
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setToolTip(name)
    field.setMinimumWidth(50)
    return field
