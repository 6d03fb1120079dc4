"""A picture of what is on the screen: of what, how sharp, and where to."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

Target = Literal["view", "window"]
Goal = Literal["file", "clipboard"]

_SCALES = (1, 2, 3, 4)
_USUAL_SCALE = 2
_TARGETS: tuple[Target, ...] = ("view", "window")


@dataclass(frozen=True, slots=True)
class ScreenshotRequest:
    """Of the view or the whole window, at 1 to 4 times its size, to a file or the clipboard."""

    target: Target
    scale: int
    goal: Goal


class ScreenshotDialog(QDialog):
    """Emits `screenshot_asked(request)` with a `ScreenshotRequest` and closes."""

    screenshot_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Screenshot")
        self._sizes: dict[Target, QSize] = {}
        self._targets, self._scales = QButtonGroup(self), QButtonGroup(self)
        self._says = QLabel()
        self._says.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._save = QPushButton("&Save to a file…")
        self._copy = QPushButton("&Copy")
        self._cancel = QPushButton("Cancel")
        self._place()
        self._connect()
        self.set_sizes(view=QSize(), window=QSize())

    def set_sizes(self, *, view: QSize, window: QSize) -> None:
        """The sizes in points, to say how many pixels there will be."""
        self._sizes = {"view": view, "window": window}
        self._show_pixels()

    @property
    def pixels(self) -> str:
        """How large the picture will be, in words."""
        return self._says.text()

    def _place(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.addRow("Of", self._row(self._targets, ("the &view", "the whole &window"), chosen=0))
        texts = tuple(f"&{scale}×" for scale in _SCALES)
        usual = _SCALES.index(_USUAL_SCALE)
        form.addRow("Size", self._row(self._scales, texts, chosen=usual))
        form.addRow("", self._says)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self._cancel, self._copy, self._save):
            buttons.addWidget(button)
            button.setAutoDefault(False)
        self._save.setDefault(True)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 16, 16, 12)
        whole.setSpacing(16)
        whole.addLayout(form)
        whole.addLayout(buttons)
        whole.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)

    def _row(self, group: QButtonGroup, texts: tuple[str, ...], *, chosen: int) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(16)
        for number, text in enumerate(texts):
            button = QRadioButton(text)
            button.setChecked(number == chosen)
            group.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _connect(self) -> None:
        for group in (self._targets, self._scales):
            group.idToggled.connect(self._show_pixels)
        self._save.clicked.connect(self._on_save_clicked)
        self._copy.clicked.connect(self._on_copy_clicked)
        self._cancel.clicked.connect(self.reject)

    def _show_pixels(self) -> None:
        size = self._sizes[self._target] * self._scale
        known = size.isValid() and not size.isEmpty()
        self._says.setText(f"{size.width()} × {size.height()} pixels" if known else " ")

    @property
    def _target(self) -> Target:
        return _TARGETS[self._targets.checkedId()]

    @property
    def _scale(self) -> int:
        return _SCALES[self._scales.checkedId()]

    def _on_save_clicked(self) -> None:
        self._ask("file")

    def _on_copy_clicked(self) -> None:
        self._ask("clipboard")

    def _ask(self, goal: Goal) -> None:
        self.accept()
        self.screenshot_asked.emit(ScreenshotRequest(self._target, self._scale, goal))
