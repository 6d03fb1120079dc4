"""What a job is handed: a way to tell what it has done, and to learn that it is not wanted."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event, Lock
from time import monotonic

from inspector.core.errors import Cancelled
from inspector.core.pace import Pace

PROGRESS_EVERY_S = 0.05
PARTIAL_EVERY_S = 0.1
LONGEST_WAIT_S = 0.25


@dataclass(frozen=True, slots=True)
class JobState:
    """How far a job is.

    `done` of `total` units (`total` 0 where not known yet); `text` names the current unit; `rate`
    (units a second) and `seconds_left` are None until there is enough to estimate them from.
    `unit` says what is counted, ``images``; empty where the number of units tells nobody anything.
    `pausable` and `paused` say whether it can wait, and whether it does.
    """

    key: str
    label: str
    text: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    rate: float | None = None
    unit: str = ""
    pausable: bool = False
    paused: bool = False


class JobContext:
    """Handed to a job; `progress` is a `Progress` and raises `Cancelled` after a cancel.

    Parameters
    ----------
    begun
        The state of the job before its first report.
    cancelled, paused
        Set while the job is not wanted, or is to wait.
    go
        Cleared while the window draws.
    let_through
        Does what is more urgent, and comes back.
    rest
        Comes back when there may be a reason to go on: it is resumed, cancelled, or something
        more urgent is asked for.
    report, leave
        Pass on a state; announce that a partial result lies ready.
    """

    def __init__(
        self,
        begun: JobState,
        *,
        cancelled: Event,
        paused: Event,
        go: Event,
        let_through: Callable[[], None],
        rest: Callable[[], None],
        report: Callable[[JobState], None],
        leave: Callable[["JobContext"], None],
    ) -> None:
        self._begun = begun
        self._cancelled = cancelled
        self._paused = paused
        self._go = go
        self._let_through = let_through
        self._rest = rest
        self._report = report
        self._leave = leave
        self._reported = self._left = float("-inf")
        self._pace = Pace()
        self._lock = Lock()
        self._mail: object | None = None
        self._announced = False

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Report `done` of `total` units, passed on at most every 50 ms.

        Waits, but never long, while the window is drawing: see `Lane.hold`. Jobs of a higher rank
        are done before it comes back, and while the job is paused it does not come back. The time
        of both does not count in the pace.

        Raises
        ------
        Cancelled
            When the job is no longer wanted.
        """
        asked = monotonic()
        self.give_way()
        self._stand_aside(done, total, text)
        if self._cancelled.is_set():
            raise Cancelled
        now = monotonic()
        self._pace.skip(now - asked)
        rate, left = self._pace.of(done, total, now=now)
        if now - self._reported < PROGRESS_EVERY_S and done < total:
            return
        self._reported = now
        self._report(
            replace(
                self._begun, text=text, done=done, total=total, rate=rate, seconds_left=left,
                paused=False,
            )
        )  # fmt: skip

    def _stand_aside(self, done: int, total: int, text: str) -> None:
        """Let more urgent jobs through, and wait while paused."""
        if not self._cancelled.is_set():
            self._let_through()
        while self._paused.is_set() and not self._cancelled.is_set():
            self._report(replace(self._begun, text=text, done=done, total=total, paused=True))
            self._rest()
            if not self._cancelled.is_set():
                self._let_through()

    def give_way(self) -> None:
        """Wait, but never long, while the window is drawing: for threads that work for the job."""
        self._go.wait(LONGEST_WAIT_S)

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
