"""NIfTI-1 and NIfTI-2, single files, packed ones, and pairs of header and image."""

import struct
import zlib
from pathlib import Path

from inspector.images.image import InputImage
from inspector.images.reader import Pictures, Reader

_MAGICS = (b"n+1\0", b"ni1\0", b"n+2\0", b"ni2\0")


def matches(head: bytes) -> bool:
    """The size of the header first, the format's sign where the version has it; packed or not."""
    start = _unpacked(head) if head[:2] == b"\x1f\x8b" else head
    if len(start) < 12:
        return False
    sizes = {struct.unpack(order + "i", start[:4])[0] for order in "<>"}
    return (348 in sizes and start[344:348] in _MAGICS) or (540 in sizes and start[4:8] in _MAGICS)


def open_nifti(path: Path) -> InputImage:
    """Read the header; the voxels stay in the file."""
    from inspector.images.nibabel_volume import open_volume

    return open_volume(path, "NIfTI")


def count_nifti(path: Path) -> Pictures:
    """By the header."""
    from inspector.images.nibabel_volume import count_pictures

    return count_pictures(path, "NIfTI")


def _unpacked(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(head, 540)
    except zlib.error:
        return b""


READER = Reader("NIfTI", (".nii", ".nii.gz", ".hdr", ".img"), matches, open_nifti, count_nifti)
