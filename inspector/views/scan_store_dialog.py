"""What is kept on disk of scans over folders, how much of it, and ways to clear it."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from inspector.core.stored_scan import StoredScan, size_in_words
from inspector.views.banner import Banner
from inspector.views.elided_label import Elide, ElidedLabel
from inspector.views.record_table import RecordModel, RecordTable
from inspector.views.wording import counted

_GIGABYTE = 1_000_000_000
_MOST_GIGABYTES = 100_000.0
_SIZE = (1000, 460)
_COLUMNS = ("Checkpoint", "What was measured", "Folder", "Images", "Size", "Last used")
_SAYS = (
    "Name of its file",
    "What was measured, and how",
    "The folder of the images when it was scanned last",
    "How many images have a record",
    "On disk",
    "When it was last written or read",
)
_WIDTHS = (22, 46, 30, 8, 9, 16)
_WHY = (
    "A scan that is done again over the same images is answered from here, one that was stopped "
    "goes on from here. Nothing here is needed to open files; what is cleared is measured again."
)
_NOTHING = "Nothing is kept: no folder has been scanned, or all was cleared."


class ScanStoreDialog(QDialog):
    """A table of scans, what they take, and the limit. Shows what it is given; clears nothing.

    Signals
    -------
    clear_chosen(scans)
        A tuple of the scans to clear; None for all that is kept.
    limit_chosen(limit)
        How many bytes may be kept.
    place_asked()
        The folder is to be shown in the system's file window.
    """

    clear_chosen = Signal(object)
    limit_chosen = Signal(object)
    place_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Kept scans")
        self._size = self._limit = 0
        self._agreed: Callable[[], None] | None = None
        self.place = ElidedLabel(elide=Elide.ElideMiddle)
        self.show_place = QPushButton("Show in &files")
        self.used = QLabel()
        self.limit = QDoubleSpinBox()
        self.model = RecordModel(
            _COLUMNS, _SAYS, text=_cell, exact=_exact_cell, right=frozenset((3, 4)), parent=self
        )
        self.table = RecordTable("Kept scans, the latest used first", self.model)
        self.nothing = QLabel(_NOTHING)
        self.confirm = Banner()
        self.clear_selected = QPushButton()
        self.clear_all = QPushButton()
        self.close_button = QPushButton("Close")
        self._place_parts()
        self._connect()
        self.resize(*_SIZE)
        self.show_store(Path(), (), size=0, limit=0)

    def show_store(
        self, root: Path, scans: tuple[StoredScan, ...], *, size: int, limit: int
    ) -> None:
        """Show what is kept.

        Parameters
        ----------
        root
            The folder it is kept in.
        scans
            The latest used first; those that were selected stay so.
        size, limit
            Bytes of all that is kept, and as many as may be.
        """
        selected = {scan.key for scan in self.selected}
        self._size, self._limit = size, limit
        self.place.setText(str(root))
        self._show_limit()
        self.model.replace(scans)
        self._select(selected)
        self.nothing.setVisible(not scans)
        self.table.setVisible(bool(scans))
        self.confirm.hide_message()
        self._say_sizes()

    @property
    def selected(self) -> tuple[StoredScan, ...]:
        """The scans whose rows are selected, in the order shown."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return tuple(self.model.records[row] for row in rows)

    def _place_parts(self) -> None:
        self.limit.setRange(0.0, _MOST_GIGABYTES)
        self.limit.setDecimals(1)
        self.limit.setSuffix(" GB")
        self.limit.setKeyboardTracking(False)
        self.limit.setAccessibleName("At most so many gigabytes are kept")
        self.limit.setToolTip("Above it, the scans that were used longest ago are cleared")
        where = QHBoxLayout()
        where.addWidget(self.place, 1)
        where.addWidget(self.show_place)
        caption = QLabel("&at most")
        caption.setBuddy(self.limit)
        room = QHBoxLayout()
        room.addWidget(self.used)
        room.addWidget(caption)
        room.addWidget(self.limit)
        room.addStretch(1)
        why = QLabel(_WHY)
        why.setWordWrap(True)
        why.setForegroundRole(why.palette().ColorRole.PlaceholderText)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.set_widths(_WIDTHS)
        buttons = QHBoxLayout()
        buttons.addWidget(self.clear_selected)
        buttons.addWidget(self.clear_all)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(10)
        column.addLayout(where)
        column.addLayout(room)
        column.addWidget(why)
        column.addWidget(self.table, 1)
        column.addWidget(self.nothing, 1)
        column.addWidget(self.confirm)
        column.addLayout(buttons)
        for button in self.findChildren(QPushButton):
            # Enter in the field of the limit must press nothing, least of all what clears
            button.setAutoDefault(False)

    def _connect(self) -> None:
        self.show_place.clicked.connect(self.place_asked)
        self.limit.valueChanged.connect(self._on_limit_changed)
        self.table.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.clear_selected.clicked.connect(self._on_clear_selected_clicked)
        self.clear_all.clicked.connect(self._on_clear_all_clicked)
        self.confirm.acted.connect(self._on_confirmed)
        self.confirm.closed.connect(self._on_confirm_closed)
        self.close_button.clicked.connect(self.reject)

    def _select(self, keys: set[str]) -> None:
        rows = QItemSelectionModel.SelectionFlag.Rows | QItemSelectionModel.SelectionFlag.Select
        for row, scan in enumerate(self.model.records):
            if scan.key in keys:
                self.table.selectionModel().select(self.model.index(row, 0), rows)

    def _say_sizes(self) -> None:
        """What there is, and on each button what it would free."""
        selected = self.selected
        freed = size_in_words(sum(scan.size for scan in selected))
        self.used.setText(f"{counted(len(self.model.records), 'scan')}, {self._kept} of")
        self.clear_selected.setText(f"Clear &selected ({freed})" if selected else "Clear &selected")
        self.clear_selected.setEnabled(bool(selected))
        self.clear_all.setText(f"Clear &all ({self._kept})" if self._size else "Clear &all")
        self.clear_all.setEnabled(self._size > 0)

    @property
    def _kept(self) -> str:
        return size_in_words(self._size)

    def _ask_to_clear(self, scans: tuple[StoredScan, ...] | None) -> None:
        """Say what will be gone, and have it confirmed: a scan may have taken days."""
        cleared = self.model.records if scans is None else scans
        what = "Everything that is kept" if scans is None else counted(len(scans), "scan")
        freed = self._size if scans is None else sum(scan.size for scan in scans)
        images = counted(sum(scan.pictures for scan in cleared), "image")
        self._confirm(
            f"{what} will be cleared, which frees {size_in_words(freed)}. A scan of the same "
            f"{images} then takes as long as the first time.",
            "Clear",
            lambda: self.clear_chosen.emit(scans),
        )

    def _confirm(self, sentence: str, action: str, agreed: Callable[[], None]) -> None:
        self._agreed = agreed
        self.confirm.show_message(sentence, action=action)

    def _show_limit(self) -> None:
        with QSignalBlocker(self.limit):
            self.limit.setValue(self._limit / _GIGABYTE)

    @Slot()
    def _on_selection_changed(self) -> None:
        self._on_confirm_closed()
        self.confirm.hide_message()
        self._say_sizes()

    @Slot(float)
    def _on_limit_changed(self, gigabytes: float) -> None:
        """At once where all that is kept fits; else only after it was said what goes."""
        limit = round(gigabytes * _GIGABYTE)
        if limit >= self._size:
            self.confirm.hide_message()
            self._limit = limit
            self.limit_chosen.emit(limit)
            return
        over = size_in_words(self._size - limit)
        self._confirm(
            f"{over} more is kept than that: the scans that were used longest ago will be cleared.",
            "Set the limit",
            lambda: self.limit_chosen.emit(limit),
        )

    @Slot()
    def _on_confirm_closed(self) -> None:
        """What was not agreed to stays as it was."""
        self._agreed = None
        self._show_limit()

    @Slot()
    def _on_clear_selected_clicked(self) -> None:
        self._ask_to_clear(self.selected)

    @Slot()
    def _on_clear_all_clicked(self) -> None:
        self._ask_to_clear(None)

    @Slot()
    def _on_confirmed(self) -> None:
        self.confirm.hide_message()
        agreed, self._agreed = self._agreed, None
        if agreed is not None:
            agreed()


def _cell(scan: StoredScan, column: int) -> str:
    measured = ", ".join(part for part in (scan.measurement, scan.settings) if part)
    used = scan.used.astimezone().strftime("%Y-%m-%d %H:%M")
    texts = (scan.checkpoint, measured, scan.folder, f"{scan.pictures:,}")
    return (*texts, size_in_words(scan.size), used)[column]


def _exact_cell(scan: StoredScan, column: int) -> str:
    return {3: str(scan.pictures), 4: str(scan.size)}.get(column, _cell(scan, column))
