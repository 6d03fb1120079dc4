"""A button that stays down, and is seen to be down on light and on dark surfaces."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QToolButton

_HEIGHT = 3.0


class DownButton(QToolButton):
    """The style shades a button that is down, which hardly shows in the dark: a bar says it too."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the button, and a bar in the colour of the selection along its lower edge."""
        super().paintEvent(event)
        if not self.isChecked():
            return
        painter = QPainter(self)
        bar = QRectF(1.0, self.height() - _HEIGHT - 1.0, self.width() - 2.0, _HEIGHT)
        painter.fillRect(bar, self.palette().color(QPalette.ColorRole.Highlight))
        painter.end()
