"""File -> InputImage -> PreparedImage; one file per image format."""

from pathlib import Path

from inspector.core.errors import BadImage
from inspector.core.progress import Progress, silent
from inspector.images.folders import looks_like_folder_of_images, open_files
from inspector.images.image import InputImage
from inspector.images.reader import Folder, Reader, head_of
from inspector.images.readers import dicom, mgz, nifti, nrrd, plain, tiff

__all__ = [
    "READERS",
    "Folder",
    "InputImage",
    "Reader",
    "looks_like_image",
    "open_folder",
    "open_images",
]

READERS: tuple[Reader, ...] = (
    dicom.READER,
    nifti.READER,
    mgz.READER,
    nrrd.READER,
    tiff.READER,
    plain.READER,
)


def looks_like_image(path: Path) -> bool:
    """Whether a file's first bytes, or else its name, are an image's; of a folder, a file's in it.

    Never raises: what cannot be read is no image.
    """
    try:
        if path.is_dir():
            return looks_like_folder_of_images(path, looks_like_image)
        return reader_of(path) is not None
    except (BadImage, OSError):
        return False


def open_images(path: Path, *, progress: Progress = silent) -> tuple[InputImage, ...]:
    """Open a file, which gives one image, or a folder, which gives its series and pictures.

    Files of a folder that cannot be opened are told in a note of the first image.

    Raises
    ------
    BadImage
        When nothing can be opened.
    """
    if path.is_dir():
        return open_folder(path, progress=progress).noted()
    reader = reader_of(path)
    if reader is None:
        raise BadImage(
            f"“{path.name}” is no image of a format that is read here.",
            advice="Open DICOM, NIfTI, MGZ, NRRD, PNG, JPEG or TIFF files, or a folder of them.",
        )
    return (reader.open(path),)


def open_folder(path: Path, *, progress: Progress = silent) -> Folder:
    """Open all images of a folder and of the folders in it.

    Raises
    ------
    BadImage
        When nothing can be opened.
    """
    return open_files(path, reader_of, progress)


def reader_of(path: Path) -> Reader | None:
    """Who reads a file, by its first bytes or else by its name; None if nobody.

    Raises
    ------
    BadImage
        When the file is not there or may not be read.
    """
    head = head_of(path)
    for reader in READERS:
        if reader.matches(head):
            return reader
    name = path.name.lower()
    return next((reader for reader in READERS if name.endswith(reader.suffixes)), None)
