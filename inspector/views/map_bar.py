"""The colour bars under a picture: which colour is which number."""

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.render.colour_tables import ByteArray
from inspector.render.scenes import Bar
from inspector.views.theme import small_font, theme_of

_GAP, _BETWEEN, _HEIGHT = 5.0, 14.0, 9.0


class MapBar(QWidget):
    """The bars of one picture side by side: their name above, their lowest and highest number.

    A diverging bar has 0 in its middle. A map that is the same everywhere has no bar but its value.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: tuple[Bar, ...] = ()
        self._constants: tuple[str, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_bars(self, bars: tuple[Bar, ...], constants: tuple[str, ...] = ()) -> None:
        """Show bars; a text of `constants` at its place replaces a bar where it is not empty."""
        self._bars = bars
        self._constants = constants or ("",) * len(bars)
        self.setAccessibleName(self.text())
        self.update()

    def text(self) -> str:
        """The bars in words."""
        pairs = zip(self._bars, self._constants, strict=True)
        return "; ".join(
            f"{bar.name}: {constant}" if constant else f"{bar.name} from {bar.low} to {bar.high}"
            for bar, constant in pairs
        )

    def sizeHint(self) -> QSize:
        """Two lines."""
        line = QFontMetricsF(small_font(self.font())).height()
        return QSize(120, round(2 * line + 4))

    def minimumSizeHint(self) -> QSize:
        """Two lines."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars."""
        if not self._bars:
            return
        painter = QPainter(self)
        painter.setFont(small_font(self.font()))
        count = len(self._bars)
        wide = (self.width() - _BETWEEN * (count - 1)) / count
        for place, (bar, constant) in enumerate(zip(self._bars, self._constants, strict=True)):
            box = QRectF(place * (wide + _BETWEEN), 0, wide, self.height())
            self._paint_bar(painter, box, bar, constant)
        painter.end()

    def _paint_bar(self, painter: QPainter, box: QRectF, bar: Bar, constant: str) -> None:
        theme = theme_of(self.palette())
        metrics = QFontMetricsF(painter.font())
        upper = QRectF(box.left(), box.top(), box.width(), box.height() / 2)
        lower = upper.translated(0, upper.height())
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(theme.muted))
        name = metrics.elidedText(bar.name, Qt.TextElideMode.ElideRight, upper.width())
        painter.drawText(upper, int(middle | Qt.AlignmentFlag.AlignLeft), name)
        painter.setPen(QColor(theme.text))
        if constant:
            painter.drawText(lower, int(middle | Qt.AlignmentFlag.AlignLeft), constant)
            return
        painter.drawText(lower, int(middle | Qt.AlignmentFlag.AlignLeft), bar.low)
        painter.drawText(lower, int(middle | Qt.AlignmentFlag.AlignRight), bar.high)
        left = lower.left() + metrics.horizontalAdvance(bar.low) + _GAP
        right = lower.right() - metrics.horizontalAdvance(bar.high) - _GAP
        strip = QRectF(left, lower.center().y() - _HEIGHT / 2, max(right - left, 0), _HEIGHT)
        self._paint_strip(painter, strip, bar)

    def _paint_strip(self, painter: QPainter, strip: QRectF, bar: Bar) -> None:
        painter.drawImage(strip, _image_of(bar.table))
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(strip)
        if bar.limits.centre is None:
            return
        share = (bar.limits.centre - bar.limits.low) / (bar.limits.high - bar.limits.low)
        x = strip.left() + share * strip.width()
        painter.setPen(QPen(QColor(theme_of(self.palette()).text), 1))
        painter.drawLine(round(x), round(strip.top() - 3), round(x), round(strip.bottom() + 3))


def _image_of(table: ByteArray) -> QImage:
    """A picture one pixel high, of its own memory."""
    row = np.ascontiguousarray(table)
    return QImage(row.data, len(row), 1, QImage.Format.Format_RGB888).copy()
