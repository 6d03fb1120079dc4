"""Asks for files and folders with the desktop's own dialogs; the one place that does."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

_CHECKPOINTS = "*.pth *.pt *.ckpt *.bin *.safetensors *.npz *.index.json"
_IMAGES = (
    "*.dcm *.dicom *.ima *.nii *.nii.gz *.hdr *.img *.mgz *.mgh *.png *.jpg *.jpeg *.tif *.tiff "
    "*.bmp *.gif *.webp"
)
_OPENED = ";;".join(
    (
        f"Checkpoints and images ({_CHECKPOINTS} {_IMAGES})",
        f"Checkpoints ({_CHECKPOINTS})",
        f"Images ({_IMAGES})",
        "All files, as DICOM without an ending (*)",
    )
)


def ask_files(parent: QWidget, folder: Path) -> list[Path]:
    """Checkpoints and images to open; empty when the user thought better of it."""
    title = "Open checkpoints and images"
    chosen, _ = QFileDialog.getOpenFileNames(parent, title, str(folder), _OPENED)
    return [Path(name) for name in chosen]


def ask_where_to_save(parent: QWidget, path: Path) -> Path | None:
    """Where to save a picture; None when the user thought better of it."""
    chosen, _ = QFileDialog.getSaveFileName(
        parent, "Save the screenshot", str(path), "PNG pictures (*.png)"
    )
    if not chosen:
        return None
    return Path(chosen) if Path(chosen).suffix else Path(f"{chosen}.png")


def ask_folder(
    parent: QWidget, folder: Path, title: str = "Open a folder of checkpoints or images"
) -> list[Path]:
    """A folder: of Hugging Face, of checkpoints, a DICOM series, or of images."""
    chosen = QFileDialog.getExistingDirectory(parent, title, str(folder))
    return [Path(chosen)] if chosen else []
