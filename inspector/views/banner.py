"""An inline strip that says something about what is shown, without stopping anyone."""

from typing import Literal

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from inspector.views.icons import IconButton, pixmap

Level = Literal["note", "warning", "error"]

_ICONS: dict[Level, str] = {"note": "note", "warning": "warning", "error": "error"}
_LIGHT: dict[Level, tuple[str, str, str]] = {
    "note": ("#e8f0fb", "#b9cff0", "#1f4f9c"),
    "warning": ("#fdf3d0", "#e6cf7a", "#7a5500"),
    "error": ("#fde5e3", "#efb4ae", "#a3201a"),
}
_DARK: dict[Level, tuple[str, str, str]] = {
    "note": ("#1e2c40", "#35507a", "#9cc2ff"),
    "warning": ("#3a3010", "#6b5818", "#f2cf62"),
    "error": ("#44201e", "#7c3531", "#ffaaa3"),
}
_RADIUS = 6.0


def banner_colours(palette: QPalette, level: Level) -> tuple[QColor, QColor, QColor]:
    """Fill, border and ink of a level on a light or dark window; ink on fill is above 5 : 1."""
    dark = palette.color(QPalette.ColorRole.Window).lightness() < 128
    fill, border, ink = (_DARK if dark else _LIGHT)[level]
    return QColor(fill), QColor(border), QColor(ink)


class Banner(QFrame):
    """A yellow, red or blue strip: icon, sentence, an optional button and a close button.

    Hidden until `show_message`; without a close button where it is not `closable`. Emits `acted`
    when the button was pressed and `closed` when the user put the strip away.
    """

    acted = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None, *, closable: bool = True) -> None:
        super().__init__(parent)
        self._level: Level = "warning"
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._text.setMinimumWidth(80)
        self._action = QPushButton()
        self._action.clicked.connect(self.acted)
        self._close = IconButton("close", "Close this message")
        self._close.clicked.connect(self._on_close_clicked)
        self._place()
        self._close.setHidden(not closable)
        self.hide()

    def show_message(self, text: str, *, level: Level = "warning", action: str = "") -> None:
        """Show a sentence; `action` is the text of the button, none where it is empty."""
        self._level = level
        self._text.setText(text)
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self.setAccessibleName(text)
        self._colour()
        self.show()

    def hide_message(self) -> None:
        """Put the strip away; emits nothing."""
        self.hide()

    @property
    def text(self) -> str:
        """What is said; empty while hidden."""
        return "" if self.isHidden() else self._text.text()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rounded strip."""
        fill, border, _ = banner_colours(self.palette(), self._level)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(border)
        painter.setBrush(fill)
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS
        )
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change between light and dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _place(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 6, 6)
        row.setSpacing(8)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._text, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._action, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignVCenter)

    def _colour(self) -> None:
        ink = banner_colours(self.palette(), self._level)[2]
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(pixmap(_ICONS[self._level], ink, ratio=ratio))
        colours = self._text.palette()
        if colours.color(QPalette.ColorRole.WindowText) != ink:
            colours.setColor(QPalette.ColorRole.WindowText, ink)
            self._text.setPalette(colours)

    def _on_close_clicked(self) -> None:
        self.hide()
        self.closed.emit()
