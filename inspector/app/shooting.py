"""The screenshot dialog: a picture of the view or the window, to a file or the clipboard."""

from PySide6.QtCore import QObject, Signal

from inspector.app.main_window import MainWindow
from inspector.app.remembering import Remembering


class Shooting(QObject):
    """Emits `failed(title, error)` when a picture could not be written."""

    failed = Signal(str, object)

    def __init__(self, remembering: Remembering, window: MainWindow, parent: QObject) -> None:
        super().__init__(parent)
        self._remembering = remembering
        self._window = window
