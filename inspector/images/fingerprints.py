"""What a file holds, by its SHA-256, remembered so that an unchanged file is not read again.

The index is a file of records of one length. It is only ever appended to, in whole records, by any
number of processes; on file systems where such appends may mix, records are torn. Each has a check
sum, and one that is torn, lost or made up answers nothing: the file is read again.

A file that was changed within the resolution of the clock after it was read may look unchanged
(git calls it racily clean). The hash of a file that changed just now is therefore not remembered.
"""

import hashlib
import os
import stat
import struct
import threading
import time
import weakref
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np

from inspector.core.collection import Member
from inspector.core.errors import BadImage
from inspector.images import READERS
from inspector.images.collection import Collection, speakable, speakably
from inspector.images.reader import head_of

READING_VERSION = 1
"""Raised whenever a reader gives other numbers for the same file, so that nothing old is reused."""
_DECODERS = (
    "imagecodecs", "nibabel", "pillow", "pydicom", "pyjpegls", "pylibjpeg-openjpeg", "tifffile",
)  # fmt: skip
_RECORD = struct.Struct("<16sQqq32sI")
"""Digest of the path, size, two times, SHA-256, CRC-32 of all before."""
_MOST_RECORDS = 8 << 20
"""Then the index is begun anew: it also holds what has long been deleted."""
_MOST_RECENT = 1 << 16
_RACY_NS = 3_000_000_000
"""The coarsest clock of a file system in use (FAT) counts in steps of 2 s."""
_RECORDS_AN_APPEND = 256
_SECONDS_AN_APPEND = 2.0
_GROWTH_READ_AGAIN = 1.25


@dataclass(frozen=True, slots=True)
class _State:
    """A file as the system describes it; one that looks the same was not written to meanwhile.

    The time of the last change (of content or of name, owner, times) is not set by programs, so
    that it betrays a copy that was given the old time.
    """

    size: int
    modified: int
    changed: int

    def is_settled(self, now: int) -> bool:
        """Whether a later change would show in the times."""
        return now - max(self.modified, self.changed) > _RACY_NS


class Fingerprints:
    """SHA-256 of files, used by any number of threads and, with an index, of processes.

    Parameters
    ----------
    index
        The file that remembers; its folder is made when there is something to remember. None to
        remember while this object lives.
    """

    def __init__(self, index: Path | None) -> None:
        self._recent: OrderedDict[bytes, tuple[_State, bytes]] = OrderedDict()
        self._lock = threading.Lock()
        self._index = None if index is None else _Index(index)
        if self._index is not None:
            weakref.finalize(self, self._index.save)

    def of(self, file: Path) -> str:
        """SHA-256 of what a file holds, in hexadecimal digits.

        Raises
        ------
        BadImage
            When it is gone, no file, or may not be read.
        """
        path = hashlib.blake2b(os.fsencode(file.absolute()), digest_size=16).digest()
        try:
            known = self._known(path, _state_of(file))
            return (known or self._hashed(path, file)).hex()
        except OSError as error:
            # Said in the words of the readers: so it is the same whether it is remembered or not.
            with speakably():
                head_of(file)
            raise BadImage(
                f"“{speakable(file.name)}” may not be read: "
                f"{error.strerror or 'the system refuses'}.",
                advice="Check that the file is still there and that you may read it.",
            ) from error

    def save(self) -> None:
        """Write to the index what is not there yet; also done now and then, and at the end."""
        if self._index is not None:
            self._index.save()

    def _known(self, path: bytes, state: _State) -> bytes | None:
        with self._lock:
            found = self._recent.get(path)
            if found is not None:
                self._recent.move_to_end(path)
        if found is None and self._index is not None:
            found = self._index.find(path, state)
        return found[1] if found is not None and found[0] == state else None

    def _hashed(self, path: bytes, file: Path) -> bytes:
        now = time.time_ns()
        before = _state_of(file)
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").digest()
        if before.is_settled(now) and _state_of(file) == before:
            self._remember(path, before, digest)
        return digest

    def _remember(self, path: bytes, state: _State, digest: bytes) -> None:
        with self._lock:
            self._recent[path] = (state, digest)
            while len(self._recent) > _MOST_RECENT:
                self._recent.popitem(last=False)
        if self._index is not None:
            self._index.add(path, state, digest)


def member_key(collection: Collection, member: Member, fingerprints: Fingerprints) -> str:
    """SHA-256 of all that a picture's numbers come from: content of its files, place, reading.

    Neither the folder nor the name counts, but the ending of the name does, which decides on the
    reader where the content does not.

    Raises
    ------
    BadImage
        When a file of it is gone or may not be read.
    """
    parts = [fingerprints.of(collection.folder / file) for file in member.files]
    name = member.files[0].lower()
    called = next((reader.name for reader in READERS if name.endswith(reader.suffixes)), "")
    at = member.at
    words = (*parts, called, at.plane.value, at.index, at.time, reading())
    return hashlib.sha256("\n".join(map(str, words)).encode()).hexdigest()


@cache
def reading() -> str:
    """How files become numbers here: the readers' version, and those of the decoders."""
    return " ".join((str(READING_VERSION), *(f"{name} {_version(name)}" for name in _DECODERS)))


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def _state_of(file: Path) -> _State:
    found = file.stat()
    if not stat.S_ISREG(found.st_mode):
        # A pipe would be waited for without end.
        raise OSError(0, "it is no file")
    return _State(found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class _Index:
    """The records of a file, sorted in memory by the digest of the path when they are read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._new: list[bytes] = []
        self._saved = time.monotonic()
        self._records = b""
        self._keys = np.empty(0, np.uint64)
        self._places = np.empty(0, np.int64)
        self._size = -1

    def find(self, path: bytes, state: _State) -> tuple[_State, bytes] | None:
        """What is remembered of a file in this state."""
        with self._lock:
            self._read_grown()
            key = np.frombuffer(path[:8], np.uint64)[0]
            first, end = (np.searchsorted(self._keys, key, side) for side in ("left", "right"))
            records, places = self._records, self._places[int(first) : int(end)]
        for place in places:
            raw = records[int(place) * _RECORD.size : (int(place) + 1) * _RECORD.size]
            digest, size, modified, changed, sha256, check = _RECORD.unpack(raw)
            told = _State(size, modified, changed)
            if digest == path and told == state and check == zlib.crc32(raw[:-4]):
                return told, sha256
        return None

    def add(self, path: bytes, state: _State, sha256: bytes) -> None:
        """Remember, on disk before long."""
        raw = _RECORD.pack(path, state.size, state.modified, state.changed, sha256, 0)[:-4]
        with self._lock:
            self._new.append(raw + struct.pack("<I", zlib.crc32(raw)))
            is_due = time.monotonic() - self._saved > _SECONDS_AN_APPEND
            is_due = is_due or len(self._new) >= _RECORDS_AN_APPEND
        if is_due:
            self.save()

    def save(self) -> None:
        """Append what is new; what cannot be written is forgotten, which only costs time."""
        with self._lock:
            new, self._new = b"".join(self._new), []
            self._saved = time.monotonic()
            if not new:
                return
            try:
                self._append(new)
            except OSError:
                return

    def _append(self, new: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        file = os.open(self._path, flags, 0o600)
        try:
            size = os.fstat(file).st_size
            if size > _MOST_RECORDS * _RECORD.size:
                os.ftruncate(file, 0)
                size = 0
            # Behind a record that was cut short, the next ones would all be out of step.
            os.write(file, bytes(-size % _RECORD.size) + new)
        finally:
            os.close(file)

    def _read_grown(self) -> None:
        """Read the index at first, and when other processes, or this one, have added to it."""
        try:
            size = self._path.stat().st_size
        except OSError:
            size = 0
        if self._size >= 0 and size <= self._size * _GROWTH_READ_AGAIN + _RECORD.size * 64:
            return
        self._size = size
        try:
            self._records = self._path.read_bytes()
        except OSError:
            self._records = b""
        count = len(self._records) // _RECORD.size
        rows = np.frombuffer(self._records, np.uint8, count * _RECORD.size)
        keys = np.ascontiguousarray(rows.reshape(count, _RECORD.size)[:, :8]).view(np.uint64)
        self._places = np.argsort(keys[:, 0], kind="stable")
        self._keys = keys[self._places, 0]
