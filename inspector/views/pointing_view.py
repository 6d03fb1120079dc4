"""A view that tells what is under the mouse."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget


class PointingView(QWidget):
    """Emits `hovered(text)`: one line on what is under the mouse, empty once there is nothing."""

    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._has_said = False

    @Slot(str)
    def _say(self, text: str) -> None:
        """Tell what is under the mouse; that there is nothing only where something was told."""
        if text or self._has_said:
            self._has_said = bool(text)
            self.hovered.emit(text)

    @Slot()
    def _on_left(self) -> None:
        self._say("")
