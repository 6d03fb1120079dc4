"""Work on many things in threads: in any order, a bounded number ahead, and never out of reach."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from inspector.core.errors import Cancelled
from inspector.scans.ranks import under_torchrun

POLL_S = 0.04
"""So often the thread that waits comes round to tell how far things are, and to be cancelled."""

Given = TypeVar("Given")
Made = TypeVar("Made")


def _nothing() -> None:
    """Begin with nothing; give way to nobody."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """What is left to others while a scan runs; by default nothing.

    Parameters
    ----------
    spare
        How many cores; one is used in any case.
    give_way
        Called between blocks of the model by every thread that computes, and may keep it a moment:
        threads that run Python hand the interpreter back and forth, and a window that draws
        meanwhile takes several times as long.
    """

    spare: int = 0
    give_way: Callable[[], None] = _nothing

    @property
    def threads(self) -> int:
        """How many threads may compute at once."""
        return max(1, cores() - self.spare)


def cores() -> int:
    """How many threads may compute at once; torchrun gives each of its processes a share."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if under_torchrun() and told.isdecimal() and int(told) > 0:
        return int(told)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(
    work: Callable[[Given], Made],
    given: Iterable[Given | None],
    *,
    threads: int,
    ahead: int,
    stop: Event,
    begin: Callable[[], object] | None = None,
) -> Generator[Made | None, None, None]:
    """Do `work` on all that is given and yield what comes of it, in the order it is finished.

    None is yielded whenever `POLL_S` seconds are over, so that the caller can look up.

    Parameters
    ----------
    given
        Taken in the calling thread; None where there is nothing yet.
    ahead
        How many are being worked on, or wait to be, at most.
    stop
        Once it is set, nothing more is taken; what is finished still comes. Work that looks at it
        raises `Cancelled` and yields nothing. Anything else that is raised sets it, and is raised
        on when the rest is finished.
    begin
        Called once in every thread.
    """
    source, open_work, more = iter(given), set[Future[Made]](), True
    fault: BaseException | None = None
    with ThreadPoolExecutor(threads, "scan", begin or _nothing) as pool:
        try:
            while more or open_work:
                if more and not stop.is_set():
                    taken, more = _taken(source, ahead - len(open_work))
                    open_work |= {pool.submit(work, one) for one in taken}
                more = more and not stop.is_set()
                done, open_work = wait(open_work, POLL_S, FIRST_COMPLETED)
                for future in done:
                    error = future.exception()
                    if error is None:
                        yield future.result()
                    elif not isinstance(error, Cancelled):
                        fault = fault or error
                        stop.set()
                yield None
        finally:
            for future in open_work:
                future.cancel()
    if fault is not None:
        raise fault


def _taken(source: Iterator[Given | None], most: int) -> tuple[list[Given], bool]:
    """What there is, up to so many, and whether there may be more."""
    taken: list[Given] = []
    while len(taken) < most:
        try:
            one = next(source)
        except StopIteration:
            return taken, False
        if one is None:
            break
        taken.append(one)
    return taken, True
