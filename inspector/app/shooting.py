"""The screenshot dialog: a picture of the view or the window, to a file or the clipboard."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from inspector.app.announcing import Announcing
from inspector.app.asking import ask_where_to_save
from inspector.app.main_window import MainWindow
from inspector.app.remembering import Remembering
from inspector.app.screenshots import picture_of, save_picture
from inspector.core.errors import ExportFailed
from inspector.views.screenshot_dialog import ScreenshotDialog, ScreenshotRequest

_NAME = "vit-inspector.png"


class Shooting(QObject):
    """Emits `failed(title, error)` when a picture could not be written."""

    failed = Signal(str, object)

    def __init__(
        self,
        remembering: Remembering,
        announcing: Announcing,
        window: MainWindow,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._remembering = remembering
        self._announcing = announcing
        self._window = window
        window.commands["screenshot"].triggered.connect(self.open_dialog)

    @Slot()
    def open_dialog(self) -> None:
        """Ask of what, how sharp, and where to."""
        dialog = ScreenshotDialog(self._window)
        dialog.set_sizes(view=self._window.view_widget().size(), window=self._window.size())
        dialog.screenshot_asked.connect(self.shoot)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(object)
    def shoot(self, request: ScreenshotRequest) -> None:
        """Take the picture, and keep it where it was asked for."""
        widget: QWidget = self._window
        if request.target == "view":
            widget = self._window.view_widget()
        image = picture_of(widget, scale=request.scale)
        if request.goal == "clipboard":
            QGuiApplication.clipboard().setImage(image)
            self._announcing.say("Screenshot copied.")
            return
        folder = Path(self._remembering.settings.folder or Path.home())
        path = ask_where_to_save(self._window, folder / _NAME)
        if path is None:
            return
        try:
            save_picture(image, path)
        except ExportFailed as error:
            self.failed.emit("Could not save the screenshot", error)
            return
        self._announcing.say(f"Screenshot written to {path}")
