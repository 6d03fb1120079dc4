"""Asks for files and folders with the desktop's own dialogs; the one place that does."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

_CHECKPOINTS = (
    "Checkpoints (*.pth *.pt *.ckpt *.bin *.safetensors *.npz *.index.json);;All files (*)"
)


def ask_files(parent: QWidget, folder: Path) -> list[Path]:
    """Checkpoint files to open; empty when the user thought better of it."""
    chosen, _ = QFileDialog.getOpenFileNames(parent, "Open checkpoints", str(folder), _CHECKPOINTS)
    return [Path(name) for name in chosen]


def ask_where_to_save(parent: QWidget, path: Path) -> Path | None:
    """Where to save a picture; None when the user thought better of it."""
    chosen, _ = QFileDialog.getSaveFileName(
        parent, "Save the screenshot", str(path), "PNG pictures (*.png)"
    )
    if not chosen:
        return None
    return Path(chosen) if Path(chosen).suffix else Path(f"{chosen}.png")


def ask_folder(parent: QWidget, folder: Path) -> list[Path]:
    """A folder to open: one of Hugging Face, or one of checkpoints."""
    chosen = QFileDialog.getExistingDirectory(parent, "Open a folder of checkpoints", str(folder))
    return [Path(chosen)] if chosen else []
