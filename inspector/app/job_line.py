"""Shows the running job in the status line, and where is computed while none runs."""

from PySide6.QtCore import QObject, Signal, Slot

from inspector.app.main_window import MainWindow
from inspector.jobs.context import JobState
from inspector.jobs.lane import Lane


class JobLine(QObject):
    """Follows a lane; its cancel button and Esc cancel whatever runs.

    `cancelling()` is emitted before they do.
    """

    cancelling = Signal()

    def __init__(self, lane: Lane, window: MainWindow, parent: QObject) -> None:
        super().__init__(parent)
        self._lane = lane
        self._window = window
        self._device = ""
        lane.progressed.connect(self._on_job_progressed)
        lane.idle.connect(self._on_lane_idle)
        window.jobs.cancel_asked.connect(self._on_cancel_asked)
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
        self._window.commands["cancel"].setEnabled(True)
        self._window.jobs.show_state(
            " · ".join(part for part in (state.label, state.text) if part),
            done=state.done,
            total=state.total,
            seconds_left=state.seconds_left,
        )

    @Slot()
    def _on_lane_idle(self) -> None:
        self._window.commands["cancel"].setEnabled(False)
        self._window.jobs.show_idle(f"Ready · {self._device}" if self._device else "Ready")

    @Slot()
    def _on_cancel_asked(self) -> None:
        self.cancelling.emit()
        self._lane.cancel()
