"""A file mapped into memory, read-only, that refuses to be read after it has changed."""

import mmap
import os
import stat
import weakref
from io import FileIO
from pathlib import Path
from threading import Lock

from inspector.core.errors import BadCheckpoint


class MappedFile:
    """An open, mapped, regular file.

    `read` copies bytes through the file descriptor and so adds nothing to the memory of the
    process; `view` is a window on the map that copies nothing.

    Raises
    ------
    BadCheckpoint
        When there is no such file, it is empty, or it is not a regular file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with open_regular(path) as file:
            self._descriptor = os.dup(file.fileno())
        self._lock = Lock()
        self._close = weakref.finalize(self, os.close, self._descriptor)
        status = os.fstat(self._descriptor)
        self.size = status.st_size
        self._stamp = (status.st_size, status.st_mtime_ns)
        if self.size == 0:
            self._close()
            raise BadCheckpoint(
                f"“{path.name}” is empty: it holds not a single byte.",
                advice="Copy or download it again.",
            )
        self._map: mmap.mmap | None = mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ)

    def read(self, start: int, count: int) -> bytes:
        """Copy of the bytes from `start` to `start + count`."""
        self._check(start, count)
        parts, left = [], count
        with self._lock:
            os.lseek(self._descriptor, start, os.SEEK_SET)
            while left:
                part = os.read(self._descriptor, left)
                if not part:
                    raise self.changed()
                parts.append(part)
                left -= len(part)
        return b"".join(parts)

    def view(self, start: int, count: int) -> memoryview:
        """Window on the bytes from `start` to `start + count`; read-only."""
        self._check(start, count)
        assert self._map is not None
        return memoryview(self._map)[start : start + count]

    def close(self) -> None:
        """Let go of the map, which ends with the last array that looks at it.

        The map is never closed by force: numpy arrays may look at it without its knowing, and
        reading them would then end the process.
        """
        self._close()
        self._map = None

    def changed(self) -> BadCheckpoint:
        """What to raise when the file is not the one that was opened."""
        return BadCheckpoint(
            f"“{self.path.name}” has changed since it was opened.",
            advice="Open it again once whatever writes it has finished.",
        )

    def _check(self, start: int, count: int) -> None:
        if self._map is None:
            raise BadCheckpoint(f"“{self.path.name}” was closed.", advice="Open it again.")
        if start < 0 or count < 0 or start + count > self.size:
            raise BadCheckpoint(
                f"“{self.path.name}” is damaged or was cut off: bytes {start} to {start + count} "
                f"are named, but it has {self.size}.",
                advice="Copy or download the file again.",
            )
        # A map of a file that has become shorter kills the process when it is read.
        status = os.fstat(self._descriptor)
        if (status.st_size, status.st_mtime_ns) != self._stamp:
            raise self.changed()


def open_regular(path: Path) -> FileIO:
    """Open a regular file for reading, unbuffered; pipes, devices and folders are refused."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise BadCheckpoint(
                f"“{path.name or path}” is {_kind(mode)}, not a file.",
                advice="Give the checkpoint file itself.",
            )
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        raise BadCheckpoint(
            f"There is no file “{path}”.", advice="Check the name and the folder."
        ) from None
    except PermissionError:
        raise BadCheckpoint(
            f"“{path.name}” may not be read: permission was denied.",
            advice="Ask its owner, or copy it to a folder of yours.",
        ) from None
    except (OSError, ValueError) as error:
        raise BadCheckpoint(
            f"“{path.name}” cannot be opened: {error}.", advice="Check the name and the disk."
        ) from error


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return "a pipe"
    return "a device"
