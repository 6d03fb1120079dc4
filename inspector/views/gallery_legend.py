"""What the colours, frames and signs of a gallery mean, in one line."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.core.gallery import SignsShown
from inspector.core.map_style import ColourPair
from inspector.core.optimal import SIGNS, Sign
from inspector.render.gallery import SIGN_MARKS, SIGN_WORDS
from inspector.views.gallery_painting import light
from inspector.views.theme import small_font, theme_of

_BOX, _GAP, _BETWEEN = 10, 4, 16
_DARK = QColor(30, 32, 36)
_MOST_NEGATIVE: dict[Sign, str] = {"+": "", "-": " (lit where most negative)"}
_Part = tuple[tuple[tuple[int, bool], ...], str]


class GalleryLegend(QWidget):
    """Patches of both colours, frames of both colours, and the signs that are shown.

    Parts that there is no room for are left out, the last ones first; the tooltip has them all.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pair = ColourPair.RED_CYAN
        self._signs: SignsShown = "+"
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._say()

    def show_pair(self, pair: ColourPair) -> None:
        """Explain other colours."""
        self._pair = pair
        self.update()

    def show_signs(self, signs: SignsShown) -> None:
        """Explain the signs that are shown."""
        self._signs = signs
        self._say()
        self.update()

    @property
    def text(self) -> str:
        """All of it in words."""
        return "; ".join(text for _, text in self._parts)

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(200, QFontMetrics(small_font(self.font())).height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as many parts as there is room for."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(small_font(self.font()))
        x, metrics = 0, painter.fontMetrics()
        for boxes, text in self._parts:
            wide = len(boxes) * (_BOX + _GAP) + metrics.horizontalAdvance(text)
            if x + wide > self.width():
                break
            for place, (which, framed) in enumerate(boxes):
                self._draw_box(painter, x + place * (_BOX + _GAP), which, framed=framed)
            self._draw_text(painter, x + len(boxes) * (_BOX + _GAP), text)
            x += wide + _BETWEEN
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()

    @property
    def _parts(self) -> tuple[_Part, ...]:
        """Boxes, of which map and whether framed, and the words after them."""
        signs = SIGNS if self._signs == "both" else (self._signs,)
        words = (f"{SIGN_MARKS[s]} {SIGN_WORDS[s]}{_MOST_NEGATIVE[s]}" for s in signs)
        return (
            (((0, False),), "query map x · u"),
            (((1, False),), "key map x · v"),
            (((0, True), (1, True)), "the query and key patch that won"),
            *(((), text) for text in words),
        )

    def _say(self) -> None:
        self.setToolTip(self.text)
        self.setAccessibleName(self.text)

    def _draw_box(self, painter: QPainter, x: int, which: int, *, framed: bool) -> None:
        box = QRectF(x + 0.5, (self.height() - _BOX) // 2 + 0.5, _BOX - 1, _BOX - 1)
        colour = light(self._pair, which)
        painter.setPen(QPen(_DARK, 1))
        painter.setBrush(_DARK if framed else colour)
        painter.drawRect(box)
        if framed:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colour, 1.75, j=Qt.PenJoinStyle.MiterJoin))
            painter.drawRect(box.adjusted(1.5, 1.5, -1.5, -1.5))

    def _draw_text(self, painter: QPainter, x: int, text: str) -> None:
        metrics = painter.fontMetrics()
        painter.setPen(QColor(theme_of(self.palette()).muted))
        middle = (self.height() + metrics.ascent() - metrics.descent()) / 2
        painter.drawText(QPointF(x, middle), text)
