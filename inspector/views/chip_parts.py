"""The parts a chip is put together from."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from inspector.views.banner import Level, banner_colours
from inspector.views.elided_label import ElidedLabel
from inspector.views.icons import pixmap

_BADGE = QSize(26, 20)
_SMALL = 14


class Badge(QWidget):
    """The letter of a model in a filled rounded box; hollow while there is no model."""

    def __init__(self, letter: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._letter = letter
        self._lit = True
        self.setFixedSize(_BADGE)

    def set_lit(self, lit: bool) -> None:
        """Fill it, or draw only its outline."""
        self._lit = lit
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint box and letter."""
        role, palette = QPalette.ColorRole, self.palette()
        ink = palette.color(role.WindowText if self._lit else role.PlaceholderText)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen if self._lit else ink)
        painter.setBrush(ink if self._lit else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        font = QFont(self.font())
        font.setWeight(QFont.Weight.Bold)
        font.setPointSizeF(font.pointSizeF() * 0.95)
        painter.setFont(font)
        painter.setPen(palette.color(role.Window) if self._lit else ink)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._letter)
        painter.end()


class NoteRow(QWidget):
    """A small icon, a few words, and a flat button; emits `pressed`."""

    pressed = Signal()

    def __init__(self, level: Level, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._level = level
        self._icon = QLabel()
        self._words = ElidedLabel()
        self._button = QToolButton()
        self._button.setAutoRaise(True)
        self._button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._button.clicked.connect(self.pressed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        row.addWidget(self._button)
        self._colour()

    def show_note(self, words: str, *, button: str) -> None:
        """Replace the words; without any the row is not needed."""
        self._words.setText(words)
        self._button.setText(button)
        self._button.setAccessibleName(f"{words}: {button}")

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to say."""
        return bool(self._words.text())

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change between light and dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _colour(self) -> None:
        ink = banner_colours(self.palette(), self._level)[2]
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(pixmap(self._level, ink, side=_SMALL, ratio=ratio))
        link = self.palette().color(QPalette.ColorRole.Link)
        colours = self._button.palette()
        for role in (QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
            colours.setColor(role, link)
        self._button.setPalette(colours)


class SectionRow(QWidget):
    """Chooses among the sets of weights of one file; emits `chosen` with the name."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._choice = QComboBox()
        self._choice.setMinimumContentsLength(6)
        self._choice.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._choice.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._choice.setAccessibleName("Section of the file")
        self._choice.setToolTip("The file holds several sets of weights; this one is shown")
        self._choice.activated.connect(self._on_activated)
        caption = QLabel("Section")
        caption.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 0)
        row.setSpacing(6)
        row.addWidget(caption)
        row.addWidget(self._choice, 1)

    def show_sections(self, names: Sequence[str], current: str) -> None:
        """List the sections; the file's top level has no name."""
        self._names = tuple(names)
        self._choice.clear()
        self._choice.addItems([name or "top level" for name in names])
        if current in self._names:
            self._choice.setCurrentIndex(self._names.index(current))

    @property
    def is_needed(self) -> bool:
        """Whether there is a choice."""
        return len(self._names) > 1

    def _on_activated(self, row: int) -> None:
        self.chosen.emit(self._names[row])
