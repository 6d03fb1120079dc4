"""What is being computed, how far it is, how long it will take, and ways to stop it."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from inspector.views.elided_label import ElidedLabel
from inspector.views.icons import IconButton
from inspector.views.jobs_popover import JobShown, JobsPopover

_BAR_WIDTH = 110
_BAR_HEIGHT = 8
_STEPS = 1000
_WIDEST = "about 59 min left"
_RATE, _LONGEST_S = 88.0, 59 * 60.0
"""A pace and a time that take as much room as any usual one."""
_PAUSE = ("pause", "Let the running job wait")
_GO_ON = ("play", "Let the job go on")


class JobCell(QWidget):
    """The right end of the status line.

    Signals
    -------
    cancel_asked()
        The user stops the job.
    pause_asked(bool)
        The user lets it wait, or go on.
    one_cancelled(key), one_paused(key, paused)
        The same of a job in the list of those that run and wait.
    """

    cancel_asked = Signal()
    pause_asked = Signal(bool)
    one_cancelled = Signal(str)
    one_paused = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        right = Qt.AlignmentFlag.AlignRight
        self._is_paused = False
        self._text = ElidedLabel(align=right)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(_BAR_WIDTH, _BAR_HEIGHT)
        self._bar.setAccessibleName("Progress of the running job")
        self._left = ElidedLabel(role=QPalette.ColorRole.PlaceholderText)
        self._jobs: tuple[JobShown, ...] = ()
        self._panel: JobsPopover | None = None
        self.waiting = QToolButton()
        self.waiting.setAutoRaise(True)
        self.waiting.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.waiting.setToolTip("What runs, and what waits for its turn")
        self.waiting.clicked.connect(self._on_waiting_clicked)
        self.pause = IconButton(*_PAUSE)
        self.pause.clicked.connect(self._on_pause_clicked)
        self.cancel = IconButton("close", "Cancel the running job (Esc)")
        self.cancel.clicked.connect(self.cancel_asked)
        self._place()
        self.show_idle("Ready")

    def show_state(
        self,
        text: str,
        *,
        done: int = 0,
        total: int = 0,
        seconds_left: float | None = None,
        rate: float | None = None,
        unit: str = "",
        pausable: bool = False,
        paused: bool = False,
    ) -> None:
        """Show a running job; `total` 0 means that nobody knows yet how much there is to do.

        Where `unit` says what is counted, the numbers are said too, with the pace.
        """
        self._text.setText(text)
        self._bar.setRange(0, _STEPS if total > 0 else 0)
        if total > 0:
            self._bar.setValue(min(_STEPS, round(_STEPS * done / total)))
        if unit and total > 0:
            left = counted_text(done, total, unit, rate, None if paused else seconds_left)
        else:
            left = "" if seconds_left is None or paused else time_left(seconds_left)
        left = " · ".join(part for part in (left, "paused" if paused else "") if part)
        widest = counted_text(total, total, unit, _RATE, _LONGEST_S) if unit else _WIDEST
        self._left.setFixedWidth(self._width_of(widest, left))
        self._left.setText(left)
        self._show_parts(True)
        self._left.setVisible(bool(left))
        self.show_pause(pausable=pausable, paused=paused)

    def show_pause(self, *, pausable: bool, paused: bool) -> None:
        """Offer to let the job wait, or to go on."""
        self._is_paused = paused
        self.pause.show_as(*(_GO_ON if paused else _PAUSE))
        self.pause.setVisible(pausable)

    def show_idle(self, text: str) -> None:
        """Show that nothing runs, as ``Ready · CPU``."""
        self._text.setText(text)
        self._bar.setRange(0, _STEPS)
        self._bar.setValue(0)
        self._left.setText("")
        self._show_parts(False)
        self.show_pause(pausable=False, paused=False)
        self.show_jobs(())

    def show_jobs(self, jobs: Sequence[JobShown]) -> None:
        """Say how many wait behind the one that is shown, which is the first; a click lists all."""
        self._jobs = tuple(jobs)
        count = len(jobs) - 1
        self.waiting.setText(f"{count} waiting" if count > 0 else "")
        self.waiting.setVisible(count > 0)
        if self._panel is None:
            return
        if jobs:
            self._panel.show_jobs(jobs)
        else:
            self._panel.close()

    @property
    def panel(self) -> JobsPopover | None:
        """The list while it is open."""
        return self._panel

    @property
    def text(self) -> str:
        """All that can be read in the cell."""
        parts = (self._text.text(), self._left.text(), self.waiting.text())
        return " · ".join(text for text in parts if text)

    def _place(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 1, 4, 1)
        row.setSpacing(8)
        row.addWidget(self._text, 1)
        row.addWidget(self._bar)
        row.addWidget(self._left)
        row.addWidget(self.waiting)
        row.addWidget(self.pause)
        row.addWidget(self.cancel)
        self.waiting.setFixedHeight(self.pause.sizeHint().height())
        # as high without a job as with one: else all above is laid out and drawn when one begins
        self.setFixedHeight(row.sizeHint().height())

    def _width_of(self, widest: str, text: str) -> int:
        """Room for a text and for those like it, so that the bar stands still while it counts."""
        metrics = self.fontMetrics()
        return max(metrics.horizontalAdvance(widest), metrics.horizontalAdvance(text)) + 4

    def _show_parts(self, running: bool) -> None:
        for part in (self._bar, self._left, self.cancel):
            part.setVisible(running)

    def _on_pause_clicked(self) -> None:
        self.pause_asked.emit(not self._is_paused)

    @Slot()
    def _on_waiting_clicked(self) -> None:
        panel = JobsPopover(self._jobs, parent=self)
        panel.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        panel.cancel_asked.connect(self.one_cancelled)
        panel.pause_asked.connect(self.one_paused)
        panel.destroyed.connect(self._on_panel_gone)
        self._panel = panel
        panel.show_at(self.waiting)

    @Slot()
    def _on_panel_gone(self) -> None:
        self._panel = None


def time_left(seconds: float) -> str:
    """Say a duration as one would: ``about 12 s left``, ``about 3 min left``.

    >>> time_left(12.4), time_left(100), time_left(7300)
    ('about 12 s left', 'about 2 min left', 'about 2 h left')
    """
    if seconds < 1.5:
        return "almost done"
    if seconds < 90:
        return f"about {seconds:.0f} s left"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds / 3600:.0f} h left"


def counted_text(
    done: int, total: int, unit: str, rate: float | None, seconds_left: float | None
) -> str:
    """How many are done, how fast, and how long it takes; what is not known yet is left out.

    >>> counted_text(412, 5856, "images", 38.2, 100.0)
    '412 of 5,856 images · 38/s · 2 min left'
    """
    parts = [f"{done:,} of {total:,} {unit}"]
    if rate is not None and seconds_left is not None:
        parts += [rate_text(rate), time_left(seconds_left).removeprefix("about ")]
    return " · ".join(parts)


def rate_text(rate: float) -> str:
    """A pace, a second or, where it is slower than one in two seconds, a minute.

    >>> rate_text(1234.0), rate_text(38.2), rate_text(3.84), rate_text(0.1)
    ('1,234/s', '38/s', '3.8/s', '6/min')
    """
    if rate < 0.5:
        return f"{60 * rate:.2g}/min"
    return f"{rate:.1f}/s" if rate < 9.95 else f"{rate:,.0f}/s"
