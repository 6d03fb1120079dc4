"""What could not be done, in one sentence, with one suggestion."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from inspector.core.errors import InspectorError
from inspector.views.banner import banner_colours
from inspector.views.icons import pixmap

_WIDTH = 440
_ICON = 32


class ErrorDialog(QDialog):
    """A title, what happened, what to try; the technical part unfolds and can be copied.

    Parameters
    ----------
    title
        What the user asked for: ``Could not open epoch_6.pth``.
    error
        The error, or its sentence.
    details
        Technical text; the error's own details where empty.
    """

    def __init__(
        self,
        title: str,
        error: InspectorError | str,
        *,
        details: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        known = error if isinstance(error, InspectorError) else InspectorError(error)
        self._message = _line(known.message)
        self._advice = _line(known.advice)
        self._title = _line(title, large=True)
        self._details = details or known.details
        self._icon = QLabel()
        self.setWindowTitle(title)
        self._unfold = QPushButton("Show &details", self)
        self._unfold.setCheckable(True)
        self._unfold.hide()
        self._unfold.toggled.connect(self._on_unfold_toggled)
        self._shown = QPlainTextEdit(self._details)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._copy = QPushButton("&Copy details")
        self._place()
        self._colour()

    @property
    def text(self) -> str:
        """Everything the dialog can say, as it is copied."""
        parts = (label.text() for label in (self._title, self._message, self._advice))
        return "\n".join(part for part in (*parts, self._details) if part)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change between light and dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _place(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(8)
        for label in (self._title, self._message, self._advice):
            label.setVisible(bool(label.text()))
            words.addWidget(label)
        top = QHBoxLayout()
        top.setSpacing(14)
        top.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        self._prepare_details()
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 14)
        column.setSpacing(14)
        column.addLayout(top)
        column.addWidget(self._shown, 1)
        column.addWidget(self._buttons)
        self.setMinimumWidth(_WIDTH)

    def _prepare_details(self) -> None:
        self._shown.setReadOnly(True)
        self._shown.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._shown.setAccessibleName("Technical details")
        self._shown.setMinimumHeight(140)
        self._shown.setTabChangesFocus(True)
        self._shown.hide()
        close = self._buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setDefault(True)
        self._buttons.rejected.connect(self.reject)
        self._copy.clicked.connect(self._on_copy_clicked)
        self._copy.setAutoDefault(False)
        self._unfold.setAutoDefault(False)
        role = QDialogButtonBox.ButtonRole.ActionRole
        if self._details:
            self._buttons.addButton(self._unfold, role)
        self._buttons.addButton(self._copy, role)

    def _colour(self) -> None:
        ink = banner_colours(self.palette(), "error")[2]
        self._icon.setPixmap(pixmap("error", ink, side=_ICON, ratio=self.devicePixelRatioF()))

    def _on_unfold_toggled(self, unfolded: bool) -> None:
        self._shown.setVisible(unfolded)
        self._unfold.setText("Hide &details" if unfolded else "Show &details")
        self.adjustSize()

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self.text)
        self._copy.setText("Copied")


def _line(text: str, *, large: bool = False) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if large:
        font = label.font()
        font.setWeight(QFont.Weight.DemiBold)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        label.setFont(font)
    return label
