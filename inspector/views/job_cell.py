"""What is being computed, how far it is, how long it will take, and a way to stop it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from inspector.views.elided_label import ElidedLabel
from inspector.views.icons import IconButton

_BAR_WIDTH = 110
_BAR_HEIGHT = 8
_STEPS = 1000


class JobCell(QWidget):
    """The right end of the status line; emits `cancel_asked` when the user stops the job."""

    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        right = Qt.AlignmentFlag.AlignRight
        self._text = ElidedLabel(align=right)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(_BAR_WIDTH, _BAR_HEIGHT)
        self._bar.setAccessibleName("Progress of the running job")
        self._left = ElidedLabel(role=QPalette.ColorRole.PlaceholderText)
        self._cancel = IconButton("close", "Cancel the running job (Esc)")
        self._cancel.clicked.connect(self.cancel_asked)
        self._place()
        self.show_idle("Ready")

    def show_state(
        self, text: str, *, done: int = 0, total: int = 0, seconds_left: float | None = None
    ) -> None:
        """Show a running job; `total` 0 means that nobody knows yet how much there is to do."""
        self._text.setText(text)
        self._bar.setRange(0, _STEPS if total > 0 else 0)
        if total > 0:
            self._bar.setValue(min(_STEPS, round(_STEPS * done / total)))
        self._left.setText("" if seconds_left is None else time_left(seconds_left))
        self._show_parts(True)
        self._left.setVisible(seconds_left is not None)

    def show_idle(self, text: str) -> None:
        """Show that nothing runs, as ``Ready · CPU``."""
        self._text.setText(text)
        self._bar.setRange(0, _STEPS)
        self._bar.setValue(0)
        self._left.setText("")
        self._show_parts(False)

    @property
    def text(self) -> str:
        """All that can be read in the cell."""
        return " · ".join(t for t in (self._text.text(), self._left.text()) if t)

    def _place(self) -> None:
        self._left.setFixedWidth(self.fontMetrics().horizontalAdvance("about 59 min left") + 4)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 1, 4, 1)
        row.setSpacing(8)
        row.addWidget(self._text, 1)
        row.addWidget(self._bar)
        row.addWidget(self._left)
        row.addWidget(self._cancel)
        # as high without a job as with one: else all above is laid out and drawn when one begins
        self.setFixedHeight(row.sizeHint().height())

    def _show_parts(self, running: bool) -> None:
        for part in (self._bar, self._left, self._cancel):
            part.setVisible(running)


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
