"""What a job is handed: a way to tell what it has done, and to learn that it is not wanted."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock
from time import monotonic

from inspector.core.errors import Cancelled

PROGRESS_EVERY_S = 0.05
PARTIAL_EVERY_S = 0.1
ESTIMATE_AFTER_S = 1.0
LONGEST_WAIT_S = 0.25


@dataclass(frozen=True, slots=True)
class JobState:
    """How far a job is.

    `done` of `total` units (`total` 0 where not known yet); `text` names the current unit;
    `seconds_left` is None until there is enough to estimate it from.
    """

    key: str
    label: str
    text: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


class JobContext:
    """Handed to a job; `progress` is a `Progress` and raises `Cancelled` after a cancel."""

    def __init__(
        self,
        key: str,
        label: str,
        *,
        cancelled: Event,
        go: Event,
        let_through: Callable[[], None],
        report: Callable[[JobState], None],
        leave: Callable[["JobContext"], None],
    ) -> None:
        self._key = key
        self._label = label
        self._cancelled = cancelled
        self._go = go
        self._let_through = let_through
        self._report = report
        self._leave = leave
        self._reported = self._left = float("-inf")
        self._phase = _Phase()
        self._lock = Lock()
        self._mail: object | None = None
        self._announced = False

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Report `done` of `total` units, passed on at most every 50 ms.

        Waits, but never long, while the window is drawing: see `Lane.hold`. Jobs of a higher rank
        are done before it comes back.

        Raises
        ------
        Cancelled
            When the job is no longer wanted.
        """
        self._go.wait(LONGEST_WAIT_S)
        if not self._cancelled.is_set():
            self._let_through()
        if self._cancelled.is_set():
            raise Cancelled
        now = monotonic()
        left = self._phase.seconds_left(done, total, now=now)
        if now - self._reported < PROGRESS_EVERY_S and done < total:
            return
        self._reported = now
        self._report(JobState(self._key, self._label, text, done, total, left))

    def partial(self, value: object) -> None:
        """Hand out what is finished so far; the newest replaces one not yet collected.

        Announced at most every 100 ms, and never while an earlier one still waits to be
        collected, so a slow view is never flooded.
        """
        if self._cancelled.is_set():
            raise Cancelled
        now = monotonic()
        with self._lock:
            self._mail = value
            if self._announced or now - self._left < PARTIAL_EVERY_S:
                return
            self._announced = True
        self._left = now
        self._leave(self)

    def collect_partial(self) -> object | None:
        """Take the newest partial result; None where it was taken already."""
        with self._lock:
            value, self._mail = self._mail, None
            self._announced = False
        return value


class _Phase:
    """Estimates the time left from the pace since the number of units last changed."""

    def __init__(self) -> None:
        self._total = self._first = self._last = -1
        self._since = 0.0

    def seconds_left(self, done: int, total: int, *, now: float) -> float | None:
        if total != self._total or done < self._last:
            self._total, self._first, self._since = total, done, now
        self._last = done
        elapsed, finished = now - self._since, done - self._first
        if elapsed < ESTIMATE_AFTER_S or finished <= 0:
            return None
        return elapsed * (total - done) / finished
