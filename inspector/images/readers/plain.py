"""PNG, JPEG and the other plain pictures that Pillow reads."""

from pathlib import Path

from inspector.images.image import InputImage
from inspector.images.reader import Pictures, Reader

_STARTS = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"\x00\x00\x00\x0cjP  ",
    b"\xff\x4f\xff\x51",
)
_PNM = (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6")


def matches(head: bytes) -> bool:
    """The sign that each of the formats starts with."""
    if head.startswith(_STARTS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    if head[:2] == b"BM":
        return len(head) > 26 and head[6:10] == bytes(4)
    return head.startswith(_PNM) and head[2:3] in (b" ", b"\t", b"\r", b"\n")


def open_plain(path: Path) -> InputImage:
    """Read the picture, or the first of several, so that a damaged file is refused now."""
    from inspector.images.pillow_picture import open_picture

    return open_picture(path)


def count_plain(path: Path) -> Pictures:
    """By the header."""
    from inspector.images.pillow_picture import count_pictures

    return count_pictures(path)


READER = Reader(
    "Picture",
    (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".jp2", ".pgm", ".ppm", ".pbm", ".pnm"),
    matches,
    open_plain,
    count_plain,
)
