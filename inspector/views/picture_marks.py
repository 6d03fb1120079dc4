"""What is drawn over a picture in the pixels of the screen: letters, bars, grid lines and frames.

All of it stands on two inks, dark under light, so that it can be seen on black air, on white bone
and on any colour of a map.
"""

from functools import lru_cache
from math import ceil, floor, log10

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

INK, SHADE = QColor(255, 255, 255), QColor(0, 0, 0, 170)
_RIM_INK = QColor(28, 28, 28)
_LINE, _LINE_SHADE = QColor(255, 255, 255, 120), QColor(0, 0, 0, 90)
QUERY_MARK, KEY_MARK = QColor("#6ea8ff"), QColor("#ffa64d")
_ROOM, _RIM = 8.0, 2
_NICE = (1, 2, 5)


def draw_text(
    painter: QPainter, box: QRectF, align: Qt.AlignmentFlag, text: str, font: QFont
) -> None:
    """Text with a dark rim inside a box of the screen."""
    if not text:
        return
    label = _label(text, font.toString(), painter.device().devicePixelRatioF())
    size = label.deviceIndependentSize()
    left, top = box.left() - _RIM, box.top() - _RIM
    if align & Qt.AlignmentFlag.AlignRight:
        left = box.right() + _RIM - size.width()
    elif align & Qt.AlignmentFlag.AlignHCenter:
        left = box.center().x() - size.width() / 2
    if align & Qt.AlignmentFlag.AlignBottom:
        top = box.bottom() + _RIM - size.height()
    elif align & Qt.AlignmentFlag.AlignVCenter:
        top = box.center().y() - size.height() / 2
    painter.drawImage(QPointF(round(left), round(top)), label)


def draw_edges(painter: QPainter, room: QRectF, letters: dict[str, str], font: QFont) -> None:
    """Orientation letters in the middle of the four edges; keys as of `core.images.Edges`."""
    inner = room.adjusted(_ROOM, _ROOM - 2, -_ROOM, -_ROOM + 2)
    bold = QFont(font)
    bold.setBold(True)
    sides = {
        "top": Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop,
        "right": Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
        "bottom": Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom,
        "left": Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
    }
    for side, align in sides.items():
        if letters.get(side):
            draw_text(painter, inner, align, letters[side], bold)


def draw_scale_bar(
    painter: QPainter, room: QRectF, *, pixels_per_mm: float | None, font: QFont
) -> None:
    """A bar of a round number of mm, or the words that no spacing is known."""
    inner = room.adjusted(_ROOM, _ROOM, -_ROOM, -_ROOM)
    corner = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
    if pixels_per_mm is None:
        draw_text(painter, inner, corner, "no spacing known", font)
        return
    length = round_length(room.width() * 0.25 / pixels_per_mm)
    across = length * pixels_per_mm
    y = inner.bottom() - 2
    line = QLineF(inner.left(), y, inner.left() + across, y)
    for ink, width in ((SHADE, 5.0), (INK, 2.5)):
        painter.setPen(QPen(ink, width, c=Qt.PenCapStyle.FlatCap))
        painter.drawLine(line)
    draw_text(painter, inner.adjusted(0, 0, 0, -6), corner, f"{length:g} mm", font)


def draw_lines(painter: QPainter, lines: list[QLineF]) -> None:
    """Thin level and upright lines: of a token grid, or of a crosshair.

    A dark one beside a light one, as one over the other is a grey that is lost on grey. Filled as
    rectangles of one pixel: translucent pens take longer than the picture below.
    """
    painter.setPen(Qt.PenStyle.NoPen)
    rects = [QRect(line.p1().toPoint(), line.p2().toPoint()) for line in lines]
    for ink, by in ((_LINE_SHADE, 1), (_LINE, 0)):
        painter.setBrush(ink)
        painter.drawRects([rect.translated(by, by) for rect in rects])


def draw_outline(painter: QPainter, box: QRectF) -> None:
    """A thin frame around what the model saw.

    Three frames of one pixel, opaque: dashes, wide and translucent lines take longer to draw than
    the picture below.
    """
    frame = box.toAlignedRect()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, by in ((_RIM_INK, 1), (_RIM_INK, -1), (INK, 0)):
        painter.setPen(colour)
        painter.drawRect(frame.adjusted(-by, -by, by, by))


def draw_mark(painter: QPainter, box: QRectF, ink: QColor) -> None:
    """A frame around a token."""
    for colour, width in ((QColor(0, 0, 0, 200), 4.0), (ink, 2.0)):
        painter.setPen(QPen(colour, width, j=Qt.PenJoinStyle.MiterJoin))
        painter.drawRect(box)


def round_length(longest: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above `longest`, itself above 0."""
    power = 10.0 ** floor(log10(longest))
    return max(nice * power for nice in _NICE if nice * power <= longest * (1 + 1e-9))


@lru_cache(maxsize=256)
def _label(text: str, font_text: str, ratio: float) -> QImage:
    """A text with its rim; kept, because the rim takes longer to draw than the picture below."""
    font = QFont()
    font.fromString(font_text)
    metrics = QFontMetricsF(font)
    wide = ceil(metrics.horizontalAdvance(text)) + 2 * _RIM
    high = ceil(metrics.height()) + 2 * _RIM
    label = QImage(
        ceil(wide * ratio), ceil(high * ratio), QImage.Format.Format_ARGB32_Premultiplied
    )
    label.setDevicePixelRatio(ratio)
    label.fill(Qt.GlobalColor.transparent)
    path = QPainterPath()
    path.addText(QPointF(_RIM, _RIM + metrics.ascent()), font, text)
    painter = QPainter(label)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.strokePath(path, QPen(SHADE, 3, j=Qt.PenJoinStyle.RoundJoin))
    painter.fillPath(path, INK)
    painter.end()
    return label
