"""Lets the running job wait while pictures are drawn on the screen."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QGraphicsView, QWidget

from inspector.jobs.lane import Lane


class Holding(QObject):
    """Watches all pictures and plots of a window: they are drawn after what has changed them."""

    def __init__(self, lane: Lane, window: QWidget, parent: QObject) -> None:
        super().__init__(parent)
        self._lane = lane
        for view in window.findChildren(QGraphicsView):
            view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Hold before a drawing; nothing is kept from the view."""
        if event.type() == QEvent.Type.Paint:
            self._lane.hold_for_this_turn()
        return False
