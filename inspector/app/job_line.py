"""Shows the running job in the status line, and where is computed while none runs."""

from PySide6.QtCore import QObject, Signal, Slot

from inspector.app.main_window import MainWindow
from inspector.jobs.context import JobState
from inspector.jobs.lane import Lane
from inspector.views.job_cell import counted_text
from inspector.views.jobs_popover import JobShown


class JobLine(QObject):
    """Follows a lane; cancel and Esc end whatever runs, the pause button lets it wait.

    `cancelling()` is emitted before anything is cancelled.
    """

    cancelling = Signal()

    def __init__(self, lane: Lane, window: MainWindow, parent: QObject) -> None:
        super().__init__(parent)
        self._lane = lane
        self._window = window
        self._device = ""
        self._state: JobState | None = None
        self._known: dict[str, JobState] = {}
        lane.progressed.connect(self._on_job_progressed)
        lane.idle.connect(self._on_lane_idle)
        lane.pause_changed.connect(self._on_pause_changed)
        lane.taken.connect(self._show_jobs)
        lane.ended.connect(self._on_ended)
        window.jobs.one_cancelled.connect(lane.cancel)
        window.jobs.one_paused.connect(self._on_one_paused)
        window.jobs.cancel_asked.connect(self._on_cancel_asked)
        window.jobs.pause_asked.connect(self._on_pause_asked)
        window.commands["pause"].triggered.connect(self._on_pause_key)
        window.commands["cancel"].triggered.connect(self._on_cancel_asked)
        self._on_lane_idle()

    @Slot(str)
    def show_device(self, text: str) -> None:
        """Name the device that numbers came from, as ``CPU, float64``."""
        self._device = text
        if not self._lane.is_busy:
            self._on_lane_idle()

    @Slot(object)
    def _on_job_progressed(self, state: JobState) -> None:
        self._state = self._known[state.key] = state
        self._window.commands["cancel"].setEnabled(True)
        self._window.commands["pause"].setEnabled(state.pausable)
        # Where things are counted, which one is in hand would only push the label out of sight.
        text = "" if state.unit and state.total else state.text
        self._window.jobs.show_state(
            " · ".join(part for part in (state.label, text) if part),
            done=state.done,
            total=state.total,
            seconds_left=state.seconds_left,
            rate=state.rate,
            unit=state.unit,
            pausable=state.pausable,
            paused=self._lane.is_paused(state.key),
        )
        self._show_jobs()

    @Slot()
    def _show_jobs(self) -> None:
        """The one that runs, and those that wait: none that is done in a moment."""
        state = self._state
        if state is None:
            return
        waiting = [job for job in self._lane.jobs if job.pausable and job.key != state.key]
        self._window.jobs.show_jobs([self._shown(job) for job in (state, *waiting)])

    def _shown(self, job: JobState) -> JobShown:
        known, paused = self._known.get(job.key, job), self._lane.is_paused(job.key)
        words = [] if job is self._state else ["waits"]
        words += ["paused"] if paused else []
        if known.total and known.unit:
            words.append(counted_text(known.done, known.total, known.unit, None, None))
        return JobShown(job.key, job.label, " · ".join(words) or "runs", job.pausable, paused)

    @Slot(str)
    def _on_ended(self, key: str) -> None:
        self._known.pop(key, None)
        self._show_jobs()

    @Slot(str, bool)
    def _on_one_paused(self, key: str, wanted: bool) -> None:
        (self._lane.pause if wanted else self._lane.resume)(key)
        self._show_jobs()

    @Slot(str)
    def _on_pause_changed(self, key: str) -> None:
        """Say at once what the job itself will only say at its next report."""
        if self._state is not None and self._state.key == key:
            self._on_job_progressed(self._state)

    @Slot(bool)
    def _on_pause_asked(self, wanted: bool) -> None:
        if self._state is not None:
            (self._lane.pause if wanted else self._lane.resume)(self._state.key)

    @Slot()
    def _on_pause_key(self) -> None:
        if self._state is not None:
            self._on_pause_asked(not self._lane.is_paused(self._state.key))

    @Slot()
    def _on_lane_idle(self) -> None:
        self._state = None
        self._known.clear()
        self._window.commands["cancel"].setEnabled(False)
        self._window.commands["pause"].setEnabled(False)
        self._window.jobs.show_idle(f"Ready · {self._device}" if self._device else "Ready")

    @Slot()
    def _on_cancel_asked(self) -> None:
        self.cancelling.emit()
        self._lane.cancel()
