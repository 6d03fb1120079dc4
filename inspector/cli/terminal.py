"""Progress on a terminal: one line that is rewritten, and nothing where output is redirected."""

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from inspector.core.pace import Pace
from inspector.export.report import Report

IMAGES = "image "
"""How the text of progress begins where units are images."""

_EVERY_SECONDS = 0.1
_BAR = 24


class TerminalProgress:
    """A `Progress` that draws a bar with the time left on standard error; use in a ``with``.

    Parameters
    ----------
    stream
        Standard error by default; nothing is drawn where it is no terminal.
    rank, processes
        Which of how many that share the work this is: the first draws its own part, the others
        nothing.
    """

    def __init__(self, stream: TextIO | None = None, *, rank: int = 0, processes: int = 1) -> None:
        self._stream = stream or sys.stderr
        self._processes = processes
        self._shown = rank == 0 and self._stream.isatty()
        self._kind = ""
        self._drawn = 0.0
        self._pace = Pace()

    def __call__(self, done: int, total: int, text: str = "") -> None:
        """Redraw at most ten times a second; a new kind of work starts its own clock."""
        if not self._shown:
            return
        now = time.monotonic()
        kind = text.split(" ", 1)[0]
        if kind != self._kind:
            self._kind, self._pace = kind, Pace()
        rate, left = self._pace.of(done, total, now=now)
        if now - self._drawn < _EVERY_SECONDS and done < total:
            return
        self._drawn = now
        drawn = line(done, total, text, rate=rate, left=left, processes=self._processes)
        self._stream.write("\r\x1b[2K" + drawn)
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


def line(
    done: int,
    total: int,
    text: str,
    *,
    rate: float | None = None,
    left: float | None = None,
    processes: int = 1,
) -> str:
    """Compose ``[######------]  25%  comparing S2 B7  8 s left``, at most 79 characters.

    Where images are counted, how many of them are done and how many a second.
    """
    share = done / total if total else 1.0
    filled = round(share * _BAR)
    bar = "#" * filled + "-" * (_BAR - filled)
    end = ""
    if text.startswith(IMAGES):
        end = f"  {done} of {total}" + (f" in 1 of {processes} processes" if processes > 1 else "")
        end += "" if rate is None else f"  {rate:.3g} a second"
    end += f"  {left:.0f} s left" if left else ""
    return f"[{bar}] {share:4.0%}  {text}"[: 79 - len(end)] + end
