"""The help pages, and what this program is."""

from importlib import resources
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QMessageBox

from inspector import __version__
from inspector.app.main_window import TITLE, MainWindow
from inspector.core.provenance import versions
from inspector.views.help_viewer import HelpViewer

_ABOUT = (
    "Opens vision-transformer checkpoints and shows what is inside them: what fine-tuning changed "
    "in their query, key and value matrices, and which pairs of features their attention heads "
    "match on a medical image.\n\n"
    "Nothing in a file is executed; nothing leaves this computer.\n"
    "BSD-3-Clause licence."
)


class Help(QObject):
    """Opens the pages once and brings them to the front after that."""

    def __init__(self, window: MainWindow, parent: QObject) -> None:
        super().__init__(parent)
        self._window = window
        self._viewer: HelpViewer | None = None
        window.commands["help"].triggered.connect(self.show_pages)
        window.commands["about"].triggered.connect(self.show_about)

    @Slot()
    def show_pages(self) -> None:
        """Show the help beside the window, which stays usable."""
        if self._viewer is None:
            folder = Path(str(resources.files("resources"))) / "help"
            self._viewer = HelpViewer(folder, self._window)
        self._viewer.show()
        self._viewer.raise_()
        self._viewer.activateWindow()

    @Slot()
    def show_about(self) -> None:
        """Name the program, its version and what it runs on."""
        box = QMessageBox(self._window)
        box.setWindowTitle(f"About {TITLE}")
        box.setText(f"{TITLE} {__version__}")
        box.setInformativeText(_ABOUT)
        box.setDetailedText("\n".join(f"{name} {text}" for name, text in versions().items()))
        box.setIconPixmap(self._window.windowIcon().pixmap(64, 64))
        box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box.finished.connect(box.deleteLater)
        box.open()
