"""The bytes of a pickle, taken from the file piece by piece."""

import struct
from typing import Any

from inspector.checkpoints.mapped_file import MappedFile
from inspector.checkpoints.pickle_values import Span
from inspector.core.errors import BadCheckpoint

MOST_KEPT = 32 << 20
"""Bytes of short texts that are kept in memory; what comes after stays in the file."""

LONG_BYTES = 1024
LONG_TEXT = 4096
_MOST_LINE = 1 << 16
_PIECE = 1 << 18


class PickleBytes:
    """Reads forward through a part of a file; no length is believed before its bytes are there."""

    def __init__(self, file: MappedFile, start: int, end: int) -> None:
        self._file, self._end = file, end
        self._start, self._at, self._piece = start, 0, b""
        self._kept = 0

    @property
    def position(self) -> int:
        """Where in the file the next byte is read."""
        return self._start + self._at

    def _take(self, count: int) -> bytes:
        at = self._at
        if at + count > len(self._piece):
            self._refill(count)
            at = self._at
        self._at = at + count
        return self._piece[at : at + count]

    def _byte(self) -> int:
        if self._at >= len(self._piece):
            self._refill(1)
        self._at += 1
        return self._piece[self._at - 1]

    def _refill(self, count: int) -> None:
        """Hold a piece of the file that starts here and has at least `count` bytes."""
        start = self.position
        if start + count > self._end:
            raise damaged("it was cut off")
        self._start, self._at = start, 0
        self._piece = self._file.read(start, min(max(count, _PIECE), self._end - start))

    def _line(self) -> bytes:
        for most in (256, _MOST_LINE):
            line = self._take(min(most, self._end - self.position))
            length = line.find(b"\n")
            self._at -= len(line) - length - 1 if length >= 0 else len(line)
            if length >= 0:
                return line[:length]
        raise damaged("a line does not end")

    def _number(self, form: struct.Struct) -> Any:
        return form.unpack(self._take(form.size))[0]

    def _bytes_of(self, count: int) -> bytes | Span:
        if count <= LONG_BYTES and self._keep(count):
            return self._take(count)
        return self._skip(count, text=False)

    def _text_of(self, count: int) -> str | Span:
        if count <= LONG_TEXT and self._keep(count):
            return self._take(count).decode("utf-8", "surrogatepass")
        return self._skip(count, text=True)

    def _keep(self, count: int) -> bool:
        if count < 0:
            raise damaged("a length is negative")
        self._kept += count
        return self._kept <= MOST_KEPT

    def _skip(self, count: int, *, text: bool) -> Span:
        start = self.position
        if count < 0 or start + count > self._end:
            raise damaged("it was cut off")
        self._start, self._at, self._piece = start + count, 0, b""
        return Span(self._file, start, count, text)


def damaged(what: str) -> BadCheckpoint:
    """What to raise when the pickle cannot be right."""
    return BadCheckpoint(f"The pickle in it cannot be read: {what}.")
