"""Where the attention of a token goes: patches, each prefix token, padding; together 1."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.views.theme import small_font, theme_of

_GAP, _HEIGHT, _LEAST = 12.0, 5.0, 40.0
_INK = {"light": "#3b6fb6", "dark": "#7fb0ff"}


class ShareBars(QWidget):
    """Small bars from 0 to 1 side by side, each under its name and number, then their sum."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shares: tuple[tuple[str, float], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_shares(self, shares: Sequence[tuple[str, float]]) -> None:
        """Show names with their shares."""
        self._shares = tuple(shares)
        self.setAccessibleName(self.text())
        self.setToolTip(self.text())
        self.update()

    def text(self) -> str:
        """All shares in words: ``patches 0.812, CLS 0.188, together 1.000``."""
        parts = [f"{name} {share:.3f}" for name, share in self._shares]
        return ", ".join([*parts, self._sum_text()]) if parts else ""

    def sizeHint(self) -> QSize:
        """A line of text over a bar."""
        return QSize(200, round(QFontMetricsF(small_font(self.font())).height() + _HEIGHT + 6))

    def minimumSizeHint(self) -> QSize:
        """A line of text over a bar."""
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the bars."""
        if not self._shares:
            return
        painter = QPainter(self)
        painter.setFont(small_font(self.font()))
        metrics = QFontMetricsF(painter.font())
        theme = theme_of(self.palette())
        total = self._sum_text()
        last = metrics.horizontalAdvance(total) + 2
        widths = [metrics.horizontalAdvance(f"{name}  {share:.3f}") for name, share in self._shares]
        left_over = self.width() - last - sum(widths) - _GAP * len(widths)
        x = 0.0
        for (name, share), wide in zip(self._shares, widths, strict=True):
            wide = max(wide + left_over / len(widths), _LEAST)
            self._paint_share(painter, QRectF(x, 0, wide, self.height()), name, share)
            x += wide + _GAP
        painter.setPen(QColor(theme.muted))
        box = QRectF(x, 0, last, metrics.height())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft), total)
        painter.end()

    def _paint_share(self, painter: QPainter, box: QRectF, name: str, share: float) -> None:
        theme, metrics = theme_of(self.palette()), QFontMetricsF(painter.font())
        number = f"{share:.3f}"
        room = box.width() - metrics.horizontalAdvance(number) - 4
        painter.setPen(QColor(theme.muted))
        words = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft), words)
        painter.setPen(QColor(theme.text))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignRight), number)
        bar = QRectF(box.left(), metrics.height() + 2, box.width(), _HEIGHT)
        painter.fillRect(bar, QColor(theme.grid))
        bar.setWidth(bar.width() * min(max(share, 0.0), 1.0))
        painter.fillRect(bar, QColor(_INK[theme.name]))

    def _sum_text(self) -> str:
        return f"together {sum(share for _, share in self._shares):.3f}"
