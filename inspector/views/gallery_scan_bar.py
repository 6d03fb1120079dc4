"""Which folder a gallery is of, and the buttons that start, pause and stop its scan."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from inspector.core.modes import TokenSpace
from inspector.core.optimal import OptimalImages
from inspector.core.scan_request import ScanChoice
from inspector.views.elided_label import Elide, ElidedLabel
from inspector.views.gallery_options import GalleryOptionsPopover
from inspector.views.gallery_shown import ScanShown
from inspector.views.icons import pixmap

_SIDE = 16
_NAME_WIDTH = 150


class GalleryScanBar(QWidget):
    """Folder, its button, options, and what can be done with the scan now.

    Signals
    -------
    choose_asked()
        The user wants another folder.
    start_asked(choice)
        A `ScanChoice`.
    pause_toggled(paused)
        The scan is to wait, or to go on.
    cancel_asked()
        The scan is to stop; what was found stays.
    choice_changed(choice)
        Another `ScanChoice`, for the next scan.
    """

    choose_asked = Signal()
    start_asked = Signal(object)
    pause_toggled = Signal(bool)
    cancel_asked = Signal()
    choice_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choice, self._space = ScanChoice(), TokenSpace.ATTENTION_INPUT
        self._icon = QLabel()
        self.folder = _FolderName(elide=Elide.ElideMiddle)
        self.choose = QPushButton("Choose &folder…")
        self.options = QPushButton("Options…")
        self.options.setToolTip("How the next scan is done")
        self.start = QPushButton("Start")
        self.pause = QPushButton("Pause")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop the scan; what was measured is kept")
        self._stage = "idle"
        self._place()
        self._connect()
        self.restyle()

    @property
    def choice(self) -> ScanChoice:
        """How the next scan is done."""
        return self._choice

    def show_folder(self, folder: Path | None) -> None:
        """Name the folder; None where there is none."""
        self.folder.setText("" if folder is None else folder.name or str(folder))
        self.folder.set_tip("" if folder is None else str(folder))
        self.start.setEnabled(folder is not None)

    def show_choice(self, choice: ScanChoice) -> None:
        """Say how the next scan is done; emits nothing."""
        self._choice = choice

    def show_space(self, space: TokenSpace) -> None:
        """Say which tokens are projected."""
        self._space = space

    def show_scan(self, scan: ScanShown, found: OptimalImages | None) -> None:
        """Offer what can be done now."""
        self._stage = scan.stage
        runs = scan.stage != "idle"
        self.start.setVisible(not runs)
        self.options.setVisible(not runs)
        self.pause.setVisible(runs)
        self.cancel.setVisible(runs)
        self.pause.setText("Resume" if scan.stage == "paused" else "Pause")
        text, says = _start_words(found, scan.kept)
        self.start.setText(text)
        self.start.setToolTip(says)

    def restyle(self) -> None:
        """Follow a change between light and dark."""
        colour = self.palette().color(QPalette.ColorRole.WindowText)
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(pixmap("folder", colour, side=_SIDE, ratio=ratio))

    def _place(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._icon)
        row.addWidget(self.folder, 1)
        for button in (self.choose, self.options, self.start, self.pause, self.cancel):
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            row.addWidget(button)
        self.pause.hide()
        self.cancel.hide()

    def _connect(self) -> None:
        self.choose.clicked.connect(self.choose_asked)
        self.options.clicked.connect(self._on_options_clicked)
        self.start.clicked.connect(self._on_start_clicked)
        self.pause.clicked.connect(self._on_pause_clicked)
        self.cancel.clicked.connect(self.cancel_asked)

    @Slot()
    def _on_options_clicked(self) -> None:
        panel = GalleryOptionsPopover(self._choice, self._space, parent=self)
        panel.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        panel.choice_changed.connect(self._on_choice_changed)
        panel.show_at(self.options)

    @Slot(object)
    def _on_choice_changed(self, choice: ScanChoice) -> None:
        self._choice = choice
        self.choice_changed.emit(choice)

    @Slot()
    def _on_start_clicked(self) -> None:
        self.start_asked.emit(self._choice)

    @Slot()
    def _on_pause_clicked(self) -> None:
        self.pause_toggled.emit(self._stage == "running")


class _FolderName(ElidedLabel):
    """A long name gives way, and takes no more room than a usual one before it does."""

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(min(hint.width(), _NAME_WIDTH), hint.height())


def _start_words(found: OptimalImages | None, kept: int) -> tuple[str, str]:
    if found is None and kept:
        return "Go on", "Show what is kept; only images that changed, or are new, are measured"
    if found is None:
        return "Start", "Look for the images that excite each mode most"
    if not found.complete:
        return "Go on", "Go on where the scan stopped"
    return "Scan again", "Only images that changed, or are new, are measured"
