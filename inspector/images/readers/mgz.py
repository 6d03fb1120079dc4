"""MGH and MGZ: the volumes of FreeSurfer."""

import struct
import zlib
from pathlib import Path

from inspector.images.image import InputImage
from inspector.images.reader import Pictures, Reader

_TYPES = (0, 1, 3, 4, 10)
_GZIP = b"\x1f\x8b"


def matches(head: bytes) -> bool:
    """Version 1, four sizes above 0 and a type of number that there is; packed or not."""
    if head[:2] == _GZIP:
        try:
            head = zlib.decompressobj(31).decompress(head, 24)
        except zlib.error:
            return False
    if len(head) < 24:
        return False
    version, *sizes, kind = struct.unpack(">6i", head[:24])
    return version == 1 and all(0 < size < 1 << 20 for size in sizes) and kind in _TYPES


def open_mgz(path: Path) -> InputImage:
    """Read the header; the voxels stay in the file."""
    from inspector.images.nibabel_volume import open_volume

    return open_volume(path, "MGZ")


def count_mgz(path: Path) -> Pictures:
    """By the header."""
    from inspector.images.nibabel_volume import count_pictures

    return count_pictures(path, "MGZ")


READER = Reader("MGZ", (".mgz", ".mgh"), matches, open_mgz, count_mgz)
