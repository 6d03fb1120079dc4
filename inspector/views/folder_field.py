"""A line with a folder in it, and a button to choose one."""

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget


def ask_folder(parent: QWidget, title: str, folder: Path) -> Path | None:
    """Let the user choose a folder; None when they thought better of it."""
    chosen = QFileDialog.getExistingDirectory(parent, title, str(folder))
    return Path(chosen) if chosen else None


class FolderField(QWidget):
    """Emits `changed` when the user typed or chose another folder."""

    changed = Signal()

    def __init__(self, name: str, *, optional: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.line = QLineEdit()
        self.line.setAccessibleName(name)
        self.line.setPlaceholderText(optional)
        self.line.setMinimumWidth(300)
        self.button = QPushButton("Choose…")
        self.button.setAccessibleName(f"Choose the folder: {name}")
        self.button.setAutoDefault(False)
        self.line.textChanged.connect(self.changed)
        self.button.clicked.connect(self._on_button_clicked)
        self.setFocusProxy(self.line)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.line, 1)
        row.addWidget(self.button)

    @property
    def folder(self) -> Path | None:
        """What is in the line; None where nothing is."""
        text = self.line.text().strip()
        return Path(text).expanduser() if text else None

    def show_folder(self, folder: Path | None) -> None:
        """Put a folder into the line; emits nothing."""
        with QSignalBlocker(self.line):
            self.line.setText("" if folder is None else str(folder))

    @Slot()
    def _on_button_clicked(self) -> None:
        start = self.folder or Path.home()
        chosen = ask_folder(self, self._name, start)
        if chosen is not None:
            self.line.setText(str(chosen))
