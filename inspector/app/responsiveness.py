"""Keeps the window quick while Python computes in the lane's thread.

Two things would make the window wait for the other thread. Whoever wants the interpreter asks for
it only every 5 ms, and drawing gives it up at every call into Qt: the interval is made short. And
the collector of cyclic garbage runs in whichever thread makes the most objects, walks through all
of a program's objects (0.1 s with everything imported), and would delete Qt objects outside their
thread: here it runs in the window's thread only, on young objects while a job runs, on all when
none does and the user rests. What imports have brought is set aside for good before it is ever
walked through.
"""

import gc
import sys

from PySide6.QtCore import QObject, QTimer, Slot

from inspector.jobs.lane import Lane

SWITCH_EVERY_S = 0.0001
LOOK_EVERY_MS = 500
MANY_YOUNG = 20_000
PAUSE_MS = 1500
MANY_MODULES = 20

_USUAL_SWITCH_S = sys.getswitchinterval()


class Responsiveness(QObject):
    """From its making until `end`, after which everything is as when Python started."""

    def __init__(self, lane: Lane, parent: QObject) -> None:
        super().__init__(parent)
        self._lane = lane
        self._modules = 0
        sys.setswitchinterval(SWITCH_EVERY_S)
        gc.disable()
        self._look = QTimer(self)
        self._look.setInterval(LOOK_EVERY_MS)
        self._look.timeout.connect(self._on_looked)
        self._look.start()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._on_paused)
        lane.idle.connect(self._pause.start)
        self._pause.start()

    def end(self) -> None:
        """Give the interpreter its own ways back."""
        self._look.stop()
        self._pause.stop()
        sys.setswitchinterval(_USUAL_SWITCH_S)
        gc.unfreeze()
        gc.enable()

    @Slot()
    def put_off(self) -> None:
        """Let a pause begin anew, because the user does something."""
        if self._pause.isActive():
            self._pause.start()

    @Slot()
    def _on_looked(self) -> None:
        """Collect young objects when there are many: a job may make more garbage than is good."""
        if gc.get_count()[0] > MANY_YOUNG:
            gc.collect(1)

    @Slot()
    def _on_paused(self) -> None:
        """Nothing has run for a while: collect all but what imports have brought."""
        if self._lane.is_busy:
            return
        if len(sys.modules) > self._modules + MANY_MODULES:
            self._modules = len(sys.modules)
            gc.collect(1)
            gc.freeze()
        gc.collect()
