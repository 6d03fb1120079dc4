"""What a gallery says while it has no rows to show, and what to do about it."""

from html import escape

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

_WIDTH, _AROUND = 460, 20


class GalleryEmpty(QWidget):
    """A headline, a hint, and up to two buttons.

    Signals
    -------
    choose_asked(), lately_chosen()
        Another folder is wanted, or the one that was opened lately.
    """

    choose_asked = Signal()
    lately_chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLabel()
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.choose = QPushButton("Choose &folder…")
        self.lately = QPushButton()
        self.choose.clicked.connect(self.choose_asked)
        self.lately.clicked.connect(self.lately_chosen)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch(1)
        for button in (self.lately, self.choose):
            button.setMinimumHeight(30)
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.text.setMaximumWidth(_WIDTH)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self.text, _WIDTH)
        middle.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addStretch(2)
        column.addLayout(middle)
        column.addLayout(buttons)
        column.addStretch(3)

    def show_page(
        self, headline: str, hint: str = "", *, choose: bool = False, lately: str = ""
    ) -> None:
        """Say something; `choose` offers the button, `lately` is the text of the other one."""
        said = f"<p style='font-size:large'><b>{escape(headline)}</b></p>"
        self.text.setText(said + (f"<p>{escape(hint)}</p>" if hint else ""))
        self._fit()
        self.choose.setVisible(choose)
        self.lately.setText(lately.replace("&", "&&"))
        self.lately.setVisible(bool(lately))
        self.setAccessibleName(f"{headline}. {hint}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the lines anew."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Room for all lines: what a label needs at its width is not asked for here."""
        wide = max(min(_WIDTH, self.width() - 2 * _AROUND), 1)
        self.text.setMinimumHeight(self.text.heightForWidth(wide))
