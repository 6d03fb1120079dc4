"""The list of what is being computed and what waits for its turn."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from inspector.views.elided_label import ElidedLabel
from inspector.views.icons import IconButton
from inspector.views.popover import Popover

_WIDTH = 420
PAUSE = ("pause", "Let the job wait")
GO_ON = ("play", "Let the job go on")


@dataclass(frozen=True, slots=True)
class JobShown:
    """A job, in words.

    Parameters
    ----------
    key
        By which it is cancelled.
    label
        What it does.
    says
        How far it is, or what it waits for.
    pausable, paused
        Whether it can be told to wait, and whether it does.
    """

    key: str
    label: str
    says: str
    pausable: bool = False
    paused: bool = False


class JobsPopover(Popover):
    """One row for each job, that which runs first.

    Signals
    -------
    cancel_asked(key)
        The user stops a job.
    pause_asked(key, paused)
        The user lets it wait, or go on.
    """

    cancel_asked = Signal(str)
    pause_asked = Signal(str, bool)

    def __init__(self, jobs: Sequence[JobShown], *, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedWidth(_WIDTH)
        self.setAccessibleName("Jobs")
        self.rows: list[_Row] = []
        self.show_jobs(jobs)

    def show_jobs(self, jobs: Sequence[JobShown]) -> None:
        """Show other jobs, or how far they are; rows that stay keep the keyboard."""
        while len(self.rows) > len(jobs):
            row = self.rows.pop()
            self.column.removeWidget(row)
            row.deleteLater()
        while len(self.rows) < len(jobs):
            row = _Row()
            row.cancel.clicked.connect(self._on_cancel_clicked)
            row.pause.clicked.connect(self._on_pause_clicked)
            self.rows.append(row)
            self.column.addWidget(row)
        for row, job in zip(self.rows, jobs, strict=True):
            row.show_job(job)
        self.adjustSize()

    @Slot()
    def _on_cancel_clicked(self) -> None:
        row = next(row for row in self.rows if row.cancel is self.sender())
        self.cancel_asked.emit(row.job.key)

    @Slot()
    def _on_pause_clicked(self) -> None:
        row = next(row for row in self.rows if row.pause is self.sender())
        self.pause_asked.emit(row.job.key, not row.job.paused)


class _Row(QWidget):
    """What a job does over how far it is; at the right what can be done with it."""

    def __init__(self) -> None:
        super().__init__()
        self.job = JobShown("", "", "")
        self.label = ElidedLabel(fills=True)
        self.says = ElidedLabel(fills=True, role=QPalette.ColorRole.PlaceholderText)
        self.pause = IconButton(*PAUSE)
        self.cancel = IconButton("close", "Cancel the job")
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self.label)
        texts.addWidget(self.says)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addLayout(texts, 1)
        row.addWidget(self.pause, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignVCenter)

    def show_job(self, job: JobShown) -> None:
        """Say what it does, and offer what can be done."""
        self.job = job
        self.label.setText(job.label)
        self.says.setText(job.says)
        self.pause.show_as(*(GO_ON if job.paused else PAUSE))
        self.pause.setVisible(job.pausable)
        self.cancel.setAccessibleName(f"Cancel: {job.label}")
