"""DICOM: single files, series in a folder, many frames in a file."""

import struct
from collections.abc import Sequence
from pathlib import Path

from inspector.core.progress import Progress
from inspector.images.image import InputImage
from inspector.images.reader import Folder, Pictures, Reader

_REPRESENTATIONS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OW PN SH SL SQ SS ST TM UI UL UN US UT".split()
)
_FIRST_GROUPS = (0x0002, 0x0008)
_LONGEST_FIRST = 512
"""Bytes of a first element; a longer one speaks against DICOM."""


def matches(head: bytes) -> bool:
    """``DICM`` after the preamble, or a first element as the bare data sets begin with."""
    return head[128:132] == b"DICM" or _is_bare(head)


def open_dicom(path: Path) -> InputImage:
    """Read the header; frames are decoded when they are looked at."""
    from inspector.images.dicom.opening import open_file

    return open_file(path)


def count_dicom(path: Path) -> Pictures:
    """By the header."""
    from inspector.images.dicom.opening import count_pictures

    return count_pictures(path)


def open_series(paths: Sequence[Path], progress: Progress) -> Folder:
    """Group files into series, in the order of their positions."""
    from inspector.images.dicom.opening import open_files

    return open_files(paths, progress)


def _is_bare(head: bytes) -> bool:
    if len(head) < 16:
        return False
    for order in "<>":
        group, element = struct.unpack(order + "HH", head[:4])
        if group in _FIRST_GROUPS and element < 0x0100:
            if head[4:6] in _REPRESENTATIONS:
                return True
            if struct.unpack(order + "I", head[4:8])[0] <= _LONGEST_FIRST:
                return True
    return False


READER = Reader("DICOM", (".dcm", ".dicom", ".ima"), matches, open_dicom, count_dicom, open_series)
