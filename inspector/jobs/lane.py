"""The worker lane: one thread that does all reading and computing, one plain job at a time.

What the user waits for goes first: a job of a higher rank is done inside the running one, at its
next progress report, and the running one then goes on where it was.

One `QThread` and one worker object live as long as the program; jobs are plain callables in a
queue. Nothing of Qt is made or deleted per job, and no job ever touches a widget.
"""

import itertools
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from threading import Condition, Event

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from inspector.core.errors import Cancelled
from inspector.jobs.context import JobContext, JobState
from inspector.jobs.faults import as_sentence

Work = Callable[[JobContext], object]

CLOSE_LIMIT_MS = 5000

_log = logging.getLogger(__name__)


class Lane(QObject):
    """Runs jobs one after the other; the newest request under a key wins.

    An older job under the same key is cancelled and none of its answers is delivered any more.
    All signals arrive in the thread the lane lives in (the window's).

    Signals
    -------
    result(key, value), partial(key, value), failed(key, error)
        Of the newest job under that key only. The error is always an `InspectorError`.
    progressed(state)
        A `JobState` at most every 50 ms.
    pause_changed(key)
        The job under the key is paused, or is to go on.
    taken(key)
        A job was taken in, and waits for its turn.
    ended(key)
        The newest job under the key is over: delivered, failed or cancelled.
    busy(), idle()
        The first job was taken in; the last one is over.
    """

    result = Signal(str, object)
    partial = Signal(str, object)
    progressed = Signal(object)
    failed = Signal(str, object)
    pause_changed = Signal(str)
    taken = Signal(str)
    ended = Signal(str)
    busy = Signal()
    idle = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids = itertools.count(1)
        self._live: dict[int, _Job] = {}
        self._newest: dict[str, _Job] = {}
        self._closed = False
        self._queue = _Queue()
        self._worker = _Worker(self._queue)
        self._thread = QThread()
        self._thread.setObjectName("lane")
        self._worker.moveToThread(self._thread)
        self._connect()

    @property
    def is_busy(self) -> bool:
        """Whether any job waits or runs."""
        return bool(self._live)

    @property
    def is_running(self) -> bool:
        """Whether its thread runs: from the first job until `close`."""
        return self._thread.isRunning()

    def submit(
        self,
        key: str,
        job: Work,
        *,
        label: str,
        rank: int = 0,
        unit: str = "",
        pausable: bool = False,
    ) -> int:
        """Queue a job and give its number; 0 where the lane is closed and the job is dropped.

        `label` says in the window what is going on; a job with an empty one is not shown. A job of
        a higher `rank` is taken first, and does not wait for the end of one of a lower rank.
        `unit` says what its progress counts, where that is worth saying; one that is `pausable`
        can be told to wait.
        """
        if self._closed:
            return 0
        begun = JobState(key, label, unit=unit, pausable=pausable)
        taken = _Job(next(self._ids), begun, job, rank)
        was_idle, older = not self._live, self._newest.get(key)
        self._live[taken.number] = taken
        self._newest[key] = taken
        self._drop(older)
        self._queue.put(taken)
        if not self.is_running:
            self._thread.start(QThread.Priority.LowPriority)
        if was_idle:
            self.busy.emit()
        self._worker.asked.emit()
        self.taken.emit(key)
        return taken.number

    def cancel(self, key: str | None = None) -> None:
        """Cancel the job under a key, or all jobs; each still tells when it has ended."""
        jobs = list(self._newest.values()) if key is None else [self._newest.get(key)]
        for job in jobs:
            self._drop(job)

    def has(self, key: str) -> bool:
        """Whether a job under this key waits or runs and was not cancelled."""
        job = self._newest.get(key)
        return job is not None and not job.cancelled.is_set()

    @property
    def jobs(self) -> tuple[JobState, ...]:
        """Those that are shown and wait or run, as they were taken in, in that order."""
        return tuple(job.begun for job in self._newest.values() if job.label and self.has(job.key))

    def is_waiting(self, key: str) -> bool:
        """Whether the job under a key has not begun yet."""
        job = self._newest.get(key)
        return job is not None and self._queue.has(job)

    def pause(self, key: str) -> None:
        """Let the job under a key wait at its next progress report; only one that is pausable.

        More urgent jobs are done meanwhile, and it can be cancelled.
        """
        job = self._newest.get(key)
        if job is not None and job.begun.pausable and not job.paused.is_set():
            job.paused.set()
            self.pause_changed.emit(key)

    def resume(self, key: str) -> None:
        """Let a paused job go on."""
        job = self._newest.get(key)
        if job is not None and job.paused.is_set():
            job.paused.clear()
            self._queue.stir()
            self.pause_changed.emit(key)

    def is_paused(self, key: str) -> bool:
        """Whether the job under a key waits, or will at its next report."""
        job = self._newest.get(key)
        return job is not None and job.paused.is_set()

    def hold(self) -> None:
        """Let the running job wait at its next progress report, because the window draws.

        Two threads that both run Python hand the interpreter back and forth at every call into
        Qt, and a drawing of 20 ms would take ten times as long. A job waits at most 0.25 s.
        """
        self._worker.go.clear()

    def release(self) -> None:
        """After `hold`: the window has drawn."""
        self._worker.go.set()

    def hold_for_this_turn(self) -> None:
        """`hold`, and `release` when the event loop comes round."""
        self.hold()
        QTimer.singleShot(0, self.release)

    def close(self, limit_ms: int = CLOSE_LIMIT_MS) -> bool:
        """Take no more jobs, cancel all, and wait for the thread; whether it has ended in time."""
        self._closed = True
        self.release()
        for job in list(self._live.values()):
            self._drop(job)
        self._thread.quit()
        return self._thread.wait(limit_ms)

    def wait(self) -> None:
        """After `close`: wait until the job that was running has come to its end."""
        self._thread.wait()

    def _connect(self) -> None:
        queued = Qt.ConnectionType.QueuedConnection
        self._worker.asked.connect(self._worker.work, queued)
        self._worker.started.connect(self._on_job_started, queued)
        self._worker.progressed.connect(self._on_job_progressed, queued)
        self._worker.partial_left.connect(self._on_partial_left, queued)
        self._worker.result.connect(self._on_job_finished, queued)
        self._worker.failed.connect(self._on_job_failed, queued)
        self._worker.ended.connect(self._on_job_ended, queued)

    def _drop(self, job: "_Job | None") -> None:
        """Cancel a job; one that has not begun is taken out of the queue and ends here."""
        if job is None or job.cancelled.is_set():
            return
        job.cancelled.set()
        self._queue.stir()
        if self._queue.remove(job):
            self._forget(job)

    def _wanted(self, number: int) -> "_Job | None":
        """The job of this number if its answers are still wanted."""
        job = self._live.get(number)
        if job is None or job.cancelled.is_set() or self._newest.get(job.key) is not job:
            return None
        return job

    def _forget(self, job: "_Job") -> None:
        self._live.pop(job.number, None)
        if self._newest.get(job.key) is job:
            del self._newest[job.key]
            self.ended.emit(job.key)
        if not self._live:
            self.idle.emit()

    @Slot(int)
    def _on_job_started(self, number: int) -> None:
        job = self._wanted(number)
        if job is not None and job.label:
            self.progressed.emit(replace(job.begun, paused=job.paused.is_set()))

    @Slot(int, object)
    def _on_job_progressed(self, number: int, state: JobState) -> None:
        job = self._wanted(number)
        if job is not None and job.label:
            self.progressed.emit(state)

    @Slot(int, object)
    def _on_partial_left(self, number: int, context: JobContext) -> None:
        job = self._wanted(number)
        value = context.collect_partial()
        if job is not None and value is not None:
            self.partial.emit(job.key, value)

    @Slot(int, object)
    def _on_job_finished(self, number: int, value: object) -> None:
        job = self._wanted(number)
        if job is not None:
            self.result.emit(job.key, value)

    @Slot(int, object)
    def _on_job_failed(self, number: int, error: object) -> None:
        job = self._wanted(number)
        if job is not None:
            self.failed.emit(job.key, error)

    @Slot(int)
    def _on_job_ended(self, number: int) -> None:
        job = self._live.get(number)
        if job is not None:
            self._forget(job)


class _Job:
    """A queued callable, with the events that cancel it and let it wait."""

    __slots__ = ("begun", "cancelled", "number", "paused", "rank", "work")

    def __init__(self, number: int, begun: JobState, work: Work, rank: int) -> None:
        self.number = number
        self.begun = begun
        self.work = work
        self.rank = rank
        self.cancelled = Event()
        self.paused = Event()

    @property
    def key(self) -> str:
        return self.begun.key

    @property
    def label(self) -> str:
        return self.begun.label


class _Queue:
    """Jobs that wait, shared by the two threads."""

    def __init__(self) -> None:
        self._stirred = Condition()
        self._jobs: deque[_Job] = deque()

    def put(self, job: _Job) -> None:
        with self._stirred:
            self._jobs.append(job)
            self._stirred.notify_all()

    def take(self, *, above: int | None = None) -> _Job | None:
        """The oldest job of the highest rank; only one above a rank where that is given."""
        with self._stirred:
            job = self._first(above)
            if job is not None:
                self._jobs.remove(job)
            return job

    def remove(self, job: _Job) -> bool:
        """Whether it was still waiting."""
        with self._stirred:
            if job not in self._jobs:
                return False
            self._jobs.remove(job)
            return True

    def has(self, job: _Job) -> bool:
        """Whether it still waits."""
        with self._stirred:
            return job in self._jobs

    def stir(self) -> None:
        """A job was cancelled, or is to go on: whoever rests looks again."""
        with self._stirred:
            self._stirred.notify_all()

    def rest(self, job: _Job) -> None:
        """Wait while a job is paused and nothing more urgent is there."""
        with self._stirred:
            self._stirred.wait_for(
                lambda: (
                    not job.paused.is_set()
                    or job.cancelled.is_set()
                    or self._first(job.rank) is not None
                )
            )

    def _first(self, above: int | None) -> _Job | None:
        job = max(self._jobs, key=lambda waiting: waiting.rank, default=None)
        return None if job is None or (above is not None and job.rank <= above) else job


class _Worker(QObject):
    """Lives in the thread; does one job for each time it is asked."""

    asked = Signal()
    started = Signal(int)
    progressed = Signal(int, object)
    partial_left = Signal(int, object)
    result = Signal(int, object)
    failed = Signal(int, object)
    ended = Signal(int)

    def __init__(self, queue: _Queue) -> None:
        super().__init__()
        self._queue = queue
        self.go = Event()
        self.go.set()

    @Slot()
    def work(self) -> None:
        """Take the next job, if it was not cancelled meanwhile, and see it to its end."""
        self._see_to_its_end(self._queue.take())

    def _see_to_its_end(self, job: _Job | None) -> None:
        if job is None:
            return
        self.started.emit(job.number)
        self._run(job)
        self.ended.emit(job.number)

    def _let_through(self, rank: int) -> None:
        """Do what is more urgent than a running job; called from inside that job."""
        while (job := self._queue.take(above=rank)) is not None:
            self._see_to_its_end(job)

    def _run(self, job: _Job) -> None:
        context = JobContext(
            job.begun,
            cancelled=job.cancelled,
            paused=job.paused,
            go=self.go,
            let_through=lambda: self._let_through(job.rank),
            rest=lambda: self._queue.rest(job),
            report=lambda state: self.progressed.emit(job.number, state),
            leave=lambda left: self.partial_left.emit(job.number, left),
        )
        try:
            value = job.work(context)
        except Cancelled:
            return
        except Exception as error:  # noqa: BLE001 - where a job ends, whatever it did
            _log.info("%s ended with %r", job.label or job.key, error)
            self.failed.emit(job.number, as_sentence(error, job.label))
            return
        self.result.emit(job.number, value)
