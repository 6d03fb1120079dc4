"""Progress on a terminal: one line that is rewritten, and nothing where output is redirected."""

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from inspector.export.report import Report

_EVERY_SECONDS = 0.1
_BAR = 24


class TerminalProgress:
    """A `Progress` that draws a bar with the time left on standard error; use in a ``with``."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()
        self._text = ""
        self._began = self._drawn = 0.0

    def __call__(self, done: int, total: int, text: str = "") -> None:
        """Redraw at most ten times a second; a new kind of work starts its own clock."""
        if not self._shown:
            return
        now = time.monotonic()
        kind = text.split(" ", 1)[0]
        if kind != self._text or done <= 1:
            self._text, self._began = kind, now
        if now - self._drawn < _EVERY_SECONDS and done < total:
            return
        self._drawn = now
        self._stream.write("\r\x1b[2K" + line(done, total, text, now - self._began))
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()


def tell(report: Report, folder: Path) -> None:
    """Print what was found, and where it was written."""
    for sentence in report.sentences:
        print(sentence)
    print(f"{len(report.files)} files written to {folder}")


def line(done: int, total: int, text: str, seconds: float) -> str:
    """Compose ``[######------] 12/24  comparing S2 B7  8 s left``, at most 79 characters."""
    share = done / total if total else 1.0
    filled = round(share * _BAR)
    bar = "#" * filled + "-" * (_BAR - filled)
    left = f"  {seconds / share - seconds:.0f} s left" if 0 < share < 1 and seconds > 1 else ""
    return f"[{bar}] {share:4.0%}  {text}"[: 79 - len(left)] + left
