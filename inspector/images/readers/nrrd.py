"""NRRD: the volumes of Slicer and the Insight Toolkit, header and numbers in one file."""

from pathlib import Path

from inspector.images.image import InputImage
from inspector.images.reader import Pictures, Reader


def matches(head: bytes) -> bool:
    """The sign and a version, as ``NRRD0004``."""
    return head[:4] == b"NRRD" and head[4:8].isdigit()


def open_nrrd(path: Path) -> InputImage:
    """Read the header and the numbers."""
    from inspector.images.nrrd_volume import open_volume

    return open_volume(path)


def count_nrrd(path: Path) -> Pictures:
    """By the header."""
    from inspector.images.nrrd_volume import count_pictures

    return count_pictures(path)


READER = Reader("NRRD", (".nrrd",), matches, open_nrrd, count_nrrd)
