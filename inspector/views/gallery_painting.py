"""What is drawn around the pictures of a gallery: texts, the patches that won, frames."""

from dataclasses import dataclass

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

_RIM = QColor(0, 0, 0, 210)
_LEAST_MARK = 5.0
_PILL = 4
_CELL_ROOM = 8
_ABOVE_SIGN = 4
_RADIUS = 3.0


@dataclass(frozen=True)
class GalleryInk:
    """Colours and fonts of a gallery, taken from the window's."""

    theme: Theme
    palette: QPalette
    font: QFont

    @property
    def small(self) -> QFont:
        """Of what stands under a tile."""
        return small_font(self.font)

    @property
    def bold(self) -> QFont:
        """Of the names of modes, and of scores."""
        font = QFont(self.font)
        font.setWeight(QFont.Weight.DemiBold)
        return font

    @property
    def cell(self) -> int:
        """Width of the text at the left of a row."""
        words = max(SIGN_WORDS.values(), key=len)
        wide = QFontMetrics(self.small).horizontalAdvance(words)
        return _pill_side(self) + 6 + max(wide, 40) + 2 * _CELL_ROOM + 4

    @property
    def cell_height(self) -> int:
        """Of the text at the left of a row: mode, cosine, sigma and sign."""
        return 2 * QFontMetrics(self.bold).height() + 2 * self.line + _ABOVE_SIGN

    @property
    def line(self) -> int:
        """Height of a line of small text."""
        return QFontMetrics(self.small).height() + 1


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
    strong = QColor(ink.theme.text if first else ink.theme.muted)
    y = room.top()
    for text, font, colour in (
        (words[0], ink.bold, strong),
        *((line, ink.small, strong) for line in words[1:]),
    ):
        high = QFontMetrics(font).height()
        _draw_line(painter, QRect(room.left(), y, room.width(), high), text, font, colour)
        y += high
    _draw_sign(painter, ink, room, row.sign, top=y + _ABOVE_SIGN)


def draw_label(painter: QPainter, ink: GalleryInk, box: QRect, row: GalleryRow, rank: int) -> None:
    """Rank and score at the left, and as much of the image's name as there is room for."""
    score = score_text(row.winners[rank])
    metrics = QFontMetrics(ink.small)
    _draw_line(painter, box, score, ink.small, QColor(ink.theme.text))
    room = box.adjusted(metrics.horizontalAdvance(score) + 8, 0, 0, 0)
    name = row.winners[rank].image.rpartition("/")[2]
    shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room.width())
    right = Qt.AlignmentFlag.AlignRight
    _draw_line(painter, room, shown, ink.small, QColor(ink.theme.muted), align=right)


def draw_marks(painter: QPainter, tile: GalleryTile, picture: QRect, pair: ColourPair) -> None:
    """Frame the query patch and the key patch; the frame of the query is outside where both are."""
    shape = tile.picture.shape
    frames = []
    for which, outline in enumerate(tile_outlines(tile)):
        cell = outline.box
        own = QRectF(cell.left, cell.top, cell.width, cell.height)
        frames.append((_at_least(placed(own, shape, picture)), light(pair, which)))
    if tile.winner.query == tile.winner.key:
        frames[0] = (frames[0][0].adjusted(-2.5, -2.5, 2.5, 2.5), frames[0][1])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((None, 3.5), ("own", 1.75)):
        for frame, own_colour in frames:
            pen = QPen(_RIM if colour is None else own_colour, width)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(frame)


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
    painter.setPen(QColor(ink.theme.muted))
    wrapped = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignCenter
    painter.save()
    painter.setClipRect(room)
    painter.drawText(room, int(wrapped), sentence)
    painter.restore()


def draw_sentence(painter: QPainter, ink: GalleryInk, box: QRect, sentence: str) -> None:
    """What stands in place of all tiles of a row."""
    _draw_line(painter, box, sentence, ink.font, QColor(ink.theme.muted))


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
    side = _pill_side(ink)
    pill = QRect(room.left(), top, side, side)
    colour = QColor(ink.theme.text)
    painter.setPen(QPen(colour, 1.2))
    painter.setBrush(colour if sign == "+" else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(pill).adjusted(0.5, 0.5, -0.5, -0.5), _PILL, _PILL)
    glyph = QColor(ink.theme.surface) if sign == "+" else colour
    middle = Qt.AlignmentFlag.AlignHCenter
    _draw_line(painter, pill, SIGN_MARKS[sign], ink.bold, glyph, align=middle)
    words = QRect(pill.right() + 6, top, room.right() - pill.right() - 5, side)
    _draw_line(painter, words, SIGN_WORDS[sign], ink.small, QColor(ink.theme.muted))


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


def _pill_side(ink: GalleryInk) -> int:
    return QFontMetrics(ink.bold).height()


def _at_least(box: QRectF) -> QRectF:
    """The same middle, but large enough to be seen."""
    grow_x = max(_LEAST_MARK - box.width(), 0.0) / 2
    grow_y = max(_LEAST_MARK - box.height(), 0.0) / 2
    return box.adjusted(-grow_x, -grow_y, grow_x, grow_y)
