"""A small row of buttons of which one is down."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QToolButton, QWidget

from inspector.views.down_button import DownButton


class Switch(QWidget):
    """One choice of a few; the arrow keys move it. Emits `chosen` with the key of the choice."""

    chosen = Signal(str)

    def __init__(
        self, name: str, choices: Mapping[str, tuple[str, str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._on_button_clicked)
        self._buttons: dict[str, QToolButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for key, (text, says) in choices.items():
            self._buttons[key] = self._button(text, f"{name}: {says}")
            row.addWidget(self._buttons[key])

    def show_choice(self, key: str) -> None:
        """Put one button down; emits nothing."""
        self._buttons[key].setChecked(True)

    def button(self, key: str) -> QToolButton:
        """The button of a choice."""
        return self._buttons[key]

    def _button(self, text: str, says: str) -> QToolButton:
        button = DownButton()
        button.setText(text)
        button.setToolTip(says)
        button.setAccessibleName(says)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._group.addButton(button)
        return button

    @Slot(QAbstractButton)
    def _on_button_clicked(self, button: QAbstractButton) -> None:
        key = next(key for key, one in self._buttons.items() if one is button)
        self.chosen.emit(key)
