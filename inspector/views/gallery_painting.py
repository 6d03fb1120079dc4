"""What is drawn around the pictures of a gallery: texts, the patches that won, frames."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from PySide6.QtCore import QLine, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPen

from inspector.core.gallery import GalleryRow, GalleryTile
from inspector.core.map_style import ColourPair
from inspector.core.optimal import Sign
from inspector.render.gallery import SIGN_MARKS, SIGN_WORDS, tile_outlines
from inspector.render.overlay import LIGHTS
from inspector.views.gallery_layout import placed
from inspector.views.gallery_words import score_text
from inspector.views.theme import Theme, small_font

_RIM = QColor(28, 28, 28)
_LEAST_MARK, _LEAST_RIMMED = 5, 12
_PILL = 4
_CELL_ROOM = 8
_ABOVE_SIGN, _BESIDE_SIGN = 4, 6
_RADIUS = 3.0


@dataclass(frozen=True, eq=False)
class GalleryInk:
    """Colours and fonts of a gallery, taken from the window's."""

    theme: Theme
    palette: QPalette
    font: QFont

    @cached_property
    def small(self) -> QFont:
        """Of what stands under a tile."""
        return small_font(self.font)

    @cached_property
    def bold(self) -> QFont:
        """Of the names of modes, and of signs."""
        font = QFont(self.font)
        font.setWeight(QFont.Weight.DemiBold)
        return font

    @cached_property
    def small_metrics(self) -> QFontMetrics:
        """How wide texts in small are."""
        return QFontMetrics(self.small)

    @cached_property
    def bold_height(self) -> int:
        """Height of a line in bold, and side of a sign."""
        return QFontMetrics(self.bold).height()

    @cached_property
    def text(self) -> QColor:
        """Of what is read first."""
        return QColor(self.theme.text)

    @cached_property
    def muted(self) -> QColor:
        """Of what is read after that."""
        return QColor(self.theme.muted)

    @property
    def cell(self) -> int:
        """Width of the text at the left of a row."""
        wide = max(self.small_metrics.horizontalAdvance(words) for words in SIGN_WORDS.values())
        return self.bold_height + _BESIDE_SIGN + wide + 2 * _CELL_ROOM + 4

    @property
    def cell_height(self) -> int:
        """Of the text at the left of a row: mode, cosine, sigma and sign."""
        return 2 * self.bold_height + 2 * self.line + _ABOVE_SIGN

    @property
    def line(self) -> int:
        """Height of a line of small text."""
        return self.small_metrics.height() + 1


@lru_cache
def light(pair: ColourPair, which: int) -> QColor:
    """The colour of the query map, 0, or of the key map, 1."""
    red, green, blue = LIGHTS[pair][which]
    return QColor.fromRgbF(red, green, blue)


def draw_cell(
    painter: QPainter,
    ink: GalleryInk,
    box: QRect,
    row: GalleryRow,
    words: tuple[str, str, str],
    *,
    first: bool,
    chosen: bool,
) -> None:
    """Mode, cosine and sigma, quieter in the second row of a mode, and the sign in words."""
    if chosen:
        bar = QRect(box.left(), box.top(), 3, box.height())
        painter.fillRect(bar, QColor(ink.theme.accent))
    room = box.adjusted(_CELL_ROOM + 2, 0, -_CELL_ROOM, 0)
    strong = ink.text if first else ink.muted
    y = room.top()
    for text, font, high in (
        (words[0], ink.bold, ink.bold_height),
        *((line, ink.small, ink.line) for line in words[1:]),
    ):
        _draw_line(painter, QRect(room.left(), y, room.width(), high), text, font, strong)
        y += high
    _draw_sign(painter, ink, room, row.sign, top=y + _ABOVE_SIGN)


def draw_label(painter: QPainter, ink: GalleryInk, box: QRect, row: GalleryRow, rank: int) -> None:
    """Rank and score at the left, and as much of the image's name as there is room for."""
    score, metrics = score_text(row.winners[rank]), ink.small_metrics
    _draw_line(painter, box, score, ink.small, ink.text)
    room = box.adjusted(metrics.horizontalAdvance(score) + 8, 0, 0, 0)
    name = row.winners[rank].image.rpartition("/")[2]
    shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room.width())
    _draw_line(painter, room, shown, ink.small, ink.muted, align=Qt.AlignmentFlag.AlignRight)


def draw_marks(painter: QPainter, tile: GalleryTile, picture: QRect, pair: ColourPair) -> None:
    """Frame the query patch and the key patch; the frame of the query is outside where both are.

    Opaque lines of one pixel, dark ones around: wide and translucent ones take longer to draw than
    the picture below.
    """
    same = tile.winner.query == tile.winner.key
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for which, outline in enumerate(tile_outlines(tile)):
        cell = outline.box
        own = QRectF(cell.left, cell.top, cell.width, cell.height)
        frame = _at_least(placed(own, tile.picture.shape, picture).toRect())
        if same and which == 0:
            frame.adjust(-3, -3, 3, 3)
        colour = light(pair, which)
        rims = (2, -1) if frame.width() >= _LEAST_RIMMED else (2,)
        for by, ink in (*((by, _RIM) for by in rims), (1, colour), (0, colour)):
            painter.setPen(ink)
            painter.drawRect(frame.adjusted(-by, -by, by - 1, by - 1))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def draw_waiting(painter: QPainter, ink: GalleryInk, squares: tuple[QRect, QRect]) -> None:
    """Two quiet places for pictures that are still made."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ink.theme.grid))
    for square in squares:
        painter.drawRoundedRect(QRectF(square), _RADIUS, _RADIUS)


def draw_problem(painter: QPainter, ink: GalleryInk, box: QRect, sentence: str) -> None:
    """Why a tile cannot be made, in its place."""
    painter.setPen(QPen(QColor(ink.theme.separator), 1, Qt.PenStyle.DashLine))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
    room = box.adjusted(6, 4, -6, -4)
    painter.setFont(ink.small)
    painter.setPen(ink.muted)
    wrapped = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignCenter
    painter.save()
    painter.setClipRect(room)
    painter.drawText(room, int(wrapped), sentence)
    painter.restore()


def draw_sentence(painter: QPainter, ink: GalleryInk, box: QRect, sentence: str) -> None:
    """What stands in place of all tiles of a row."""
    _draw_line(painter, box, sentence, ink.font, ink.muted)


def draw_separator(painter: QPainter, ink: GalleryInk, line: QLine) -> None:
    """Between two modes."""
    painter.setPen(QColor(ink.theme.grid))
    painter.drawLine(line)


def draw_frame(painter: QPainter, ink: GalleryInk, box: QRect, *, current: bool) -> None:
    """Around the tile the keys are at, or the one under the mouse."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    colour = ink.palette.color(QPalette.ColorRole.Highlight)
    if not current:
        colour = QColor(ink.theme.separator)
    painter.setPen(QPen(colour, 2.0 if current else 1.0))
    painter.drawRoundedRect(QRectF(box).adjusted(-4.0, -4.0, 4.0, 3.0), _RADIUS, _RADIUS)


def _draw_sign(painter: QPainter, ink: GalleryInk, room: QRect, sign: Sign, *, top: int) -> None:
    """Filled for +, hollow for −, so that it is no matter of reading a small glyph."""
    side = ink.bold_height
    pill = QRect(room.left(), top, side, side)
    colour = ink.text
    painter.setPen(QPen(colour, 1.2))
    painter.setBrush(colour if sign == "+" else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(pill).adjusted(0.5, 0.5, -0.5, -0.5), _PILL, _PILL)
    glyph = QColor(ink.theme.surface) if sign == "+" else colour
    middle = Qt.AlignmentFlag.AlignHCenter
    _draw_line(painter, pill, SIGN_MARKS[sign], ink.bold, glyph, align=middle)
    words = QRect(pill.right() + _BESIDE_SIGN, top, room.right() - pill.right(), side)
    _draw_line(painter, words, SIGN_WORDS[sign], ink.small, ink.muted)


def _draw_line(
    painter: QPainter,
    box: QRect,
    text: str,
    font: QFont,
    colour: QColor,
    *,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(box, int(align | Qt.AlignmentFlag.AlignVCenter), text)


def _at_least(box: QRect) -> QRect:
    """The same middle, but large enough to be seen."""
    grow_x = max(_LEAST_MARK - box.width(), 0) // 2
    grow_y = max(_LEAST_MARK - box.height(), 0) // 2
    return box.adjusted(-grow_x, -grow_y, grow_x, grow_y)
