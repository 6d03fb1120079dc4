"""What is kept of scans: listed, cleared and limited in the lane, shown in a dialog."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices

from inspector.app.main_window import MainWindow
from inspector.core.stored_scan import StoredScan
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.views.scan_store_dialog import ScanStoreDialog

if TYPE_CHECKING:
    from inspector.scans.store import Store

KEEPING = "kept scans"
Listed = tuple[Path, tuple[StoredScan, ...], int, int]


class Keeping(QObject):
    """Opens the dialog; `failed(title, error)` where what is kept cannot be read or cleared."""

    failed = Signal(str, object)

    def __init__(self, lane: Lane, window: MainWindow, parent: QObject) -> None:
        super().__init__(parent)
        self._lane = lane
        self._window = window
        self._dialog: ScanStoreDialog | None = None
        lane.result.connect(self._on_result)
        lane.failed.connect(self._on_failed)
        window.commands["kept_scans"].triggered.connect(self.open_dialog)

    @property
    def dialog(self) -> ScanStoreDialog | None:
        """The dialog while it is open."""
        return self._dialog

    @Slot()
    def open_dialog(self) -> None:
        """Show what is kept, as soon as it is known."""
        if self._dialog is not None:
            return
        dialog = ScanStoreDialog(self._window)
        dialog.clear_chosen.connect(self._on_clear_chosen)
        dialog.limit_chosen.connect(self._on_limit_chosen)
        dialog.place_asked.connect(self._on_place_asked)
        dialog.finished.connect(self._on_dialog_finished)
        self._dialog = dialog
        dialog.open()
        self._list()

    def _list(self, first: "Callable[[Store], object] | None" = None) -> None:
        """Do something with the store, then list it."""

        def job(_: JobContext) -> Listed:
            from inspector.scans.store import default_store

            store = default_store()
            if first is not None:
                first(store)
            return store.root, store.scans(), store.size, store.limit

        self._lane.submit(KEEPING, job, label="Looking at what is kept")

    @Slot(object)
    def _on_clear_chosen(self, scans: tuple[StoredScan, ...] | None) -> None:
        self._list(lambda store: store.clear(scans))

    @Slot(object)
    def _on_limit_chosen(self, limit: int) -> None:
        def set_limit(store: "Store") -> None:
            store.limit = limit

        self._list(set_limit)

    @Slot()
    def _on_place_asked(self) -> None:
        if self._dialog is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(self._dialog.place.text()))

    @Slot(str, object)
    def _on_result(self, key: str, value: object) -> None:
        if key == KEEPING and self._dialog is not None and isinstance(value, tuple):
            root, scans, size, limit = value
            self._dialog.show_store(root, scans, size=size, limit=limit)

    @Slot(str, object)
    def _on_failed(self, key: str, error: object) -> None:
        if key == KEEPING:
            self.failed.emit("Could not look at the kept scans", error)

    @Slot()
    def _on_dialog_finished(self) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            dialog.deleteLater()
