"""TIFF, BigTIFF, OME-TIFF and the TIFF of ImageJ."""

from pathlib import Path

from inspector.images.image import InputImage
from inspector.images.reader import Pictures, Reader

_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def matches(head: bytes) -> bool:
    """The sign of TIFF or BigTIFF in either order of bytes."""
    return head.startswith(_STARTS)


def open_tiff(path: Path) -> InputImage:
    """Read the first page, so that a damaged file is refused now."""
    from inspector.images.tiff_pages import open_pages

    return open_pages(path)


def count_tiff(path: Path) -> Pictures:
    """By the header."""
    from inspector.images.tiff_pages import count_pictures

    return count_pictures(path)


READER = Reader("TIFF", (".tif", ".tiff"), matches, open_tiff, count_tiff)
