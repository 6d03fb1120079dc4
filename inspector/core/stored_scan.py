"""What is kept on disk of scans over folders, as it is listed for the user."""

from dataclasses import dataclass
from datetime import datetime

from inspector.core.errors import BadRequest

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class StoredScan:
    """The records of one model, measured one way, over the pictures of a folder.

    Listed by the store of scans and shown where the user looks at what is kept and clears it.

    Parameters
    ----------
    key
        By which the store finds it; unique among those kept.
    checkpoint
        Name of the checkpoint's file.
    measurement
        What was measured, in words: "Optimal images".
    folder
        The folder's path when it was scanned last.
    settings
        How it was measured, in words; may be empty.
    pictures
        How many pictures have a record.
    size
        Bytes on disk.
    used
        When it was last written or read, with a time zone.
    """

    key: str
    checkpoint: str
    measurement: str
    folder: str
    settings: str
    pictures: int
    size: int
    used: datetime

    def __post_init__(self) -> None:
        if self.pictures < 0 or self.size < 0:
            raise BadRequest("A kept scan has a number of pictures and of bytes, at least 0.")
        if self.used.tzinfo is None:
            raise BadRequest("When a scan was last used is a time with a time zone.")


def size_in_words(size: int) -> str:
    """A number of bytes as ``1.5 GB``, of a thousand megabytes.

    >>> size_in_words(999), size_in_words(1_500_000_000)
    ('999 bytes', '1.5 GB')
    """
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.3g} {_UNITS[unit]}"
