"""How far a scan is, told by the thread that runs it; that is also where the scan is ended."""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from inspector.core.errors import Cancelled
from inspector.core.progress import Progress

PARTIAL_EVERY_S = 1.0
_LOOK_EVERY = 2048
_REST = 10
"""What was found so far is shown once in so many times as long as showing it takes, or longer."""

Thing = TypeVar("Thing")


@dataclass(eq=False)
class Telling:
    """How far things are.

    Parameters
    ----------
    progress
        Told of it; what it raises ends the scan.
    ended
        Once it is set, the scan ends.
    show
        Shows what was found so far, where that is wanted.
    """

    progress: Progress
    ended: threading.Event
    show: Callable[[], None] | None
    done: int = field(default=0, init=False)
    total: int = field(default=0, init=False)
    text: str = field(default="", init=False)
    _show_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._show_at = time.monotonic() + PARTIAL_EVERY_S

    def look_up(self) -> None:
        """Say how far things are, while others are waited for too.

        Raises
        ------
        Cancelled
            When the scan is not wanted any more.
        """
        if self.ended.is_set():
            raise Cancelled
        self.progress(self.done, self.total, self.text)

    def tell(self) -> None:
        """Look up, and now and then show what was found so far."""
        self.look_up()
        begin = time.monotonic()
        if self.show is None or begin < self._show_at:
            return
        self.show()
        now = time.monotonic()
        self._show_at = now + PARTIAL_EVERY_S * max(1.0, _REST * (now - begin))

    def through(self, things: Iterable[Thing]) -> Iterator[Thing]:
        """Look up now and then while many things are gone through."""
        for number, thing in enumerate(things):
            if number % _LOOK_EVERY == 0:
                self.look_up()
            yield thing


@contextmanager
def ended_softly() -> Iterator[threading.Event]:
    """While it lasts, a request to end the process (SIGTERM) is noted and does not end it."""
    ended = threading.Event()
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield ended
        return
    signal.signal(signal.SIGTERM, lambda number, frame: ended.set())
    try:
        yield ended
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
