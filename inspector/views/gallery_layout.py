"""Where the rows and tiles of a gallery lie, in pixels from its top left corner."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from PySide6.QtCore import QPoint, QRect, QRectF, QSize

from inspector.views.gallery_shown import RowName

_INSIDE, _BETWEEN, _UNDER = 2, 14, 3
_ROW_GAP, _MODE_GAP, _TOP = 10, 18, 8


@dataclass(frozen=True)
class GalleryLayout:
    """One row under the other; at the left of each a cell of text, then its tiles.

    A tile is a picture and its overlay side by side, each in a square, and a line of text under
    them. Rows of one mode stand closer to each other than to those of the next mode.

    Parameters
    ----------
    names, counts
        The rows, and how many tiles each has.
    columns
        How many tiles there is room for in every row.
    side
        Of the squares.
    cell, cell_height
        Of the cell of text.
    line
        Height of a line of text.
    """

    names: tuple[RowName, ...] = ()
    counts: tuple[int, ...] = ()
    columns: int = 1
    side: int = 1
    cell: int = 1
    cell_height: int = 1
    line: int = 1

    @cached_property
    def tops(self) -> tuple[int, ...]:
        """The upper edge of each row, and the lower edge of all."""
        tops, y = [], _TOP
        for row, (mode, _) in enumerate(self.names):
            if row:
                y += _ROW_GAP if mode == self.names[row - 1][0] else _MODE_GAP
            tops.append(y)
            y += self.row_height
        return (*tops, y + _ROW_GAP)

    @property
    def row_height(self) -> int:
        """Of a row without what is between rows."""
        return max(self.side + _UNDER + self.line, self.cell_height)

    @property
    def tile_width(self) -> int:
        """Of a picture and its overlay."""
        return 2 * self.side + _INSIDE

    @property
    def size(self) -> QSize:
        """Of the whole gallery."""
        return QSize(self.cell + self.columns * (self.tile_width + _BETWEEN), self.tops[-1])

    def begins_mode(self, row: int) -> bool:
        """Whether a row is the first of its mode."""
        return row == 0 or self.names[row][0] != self.names[row - 1][0]

    def separator(self, row: int) -> int:
        """The height of the line above the first row of a mode."""
        return self.tops[row] - _MODE_GAP // 2

    def row_box(self, row: int) -> QRect:
        """All of a row."""
        return QRect(0, self.tops[row], self.size.width(), self.row_height)

    def cell_box(self, row: int) -> QRect:
        """The text at the left of a row."""
        return QRect(0, self.tops[row], self.cell, self.row_height)

    def tile_box(self, row: int, rank: int) -> QRect:
        """Both pictures and the text under them."""
        left = self.cell + rank * (self.tile_width + _BETWEEN)
        return QRect(left, self.tops[row], self.tile_width, self.row_height)

    def squares(self, row: int, rank: int) -> tuple[QRect, QRect]:
        """Of the picture and of the overlay."""
        box = self.tile_box(row, rank)
        first = QRect(box.left(), box.top(), self.side, self.side)
        return first, first.translated(self.side + _INSIDE, 0)

    def label_box(self, row: int, rank: int) -> QRect:
        """The text under a tile."""
        box = self.tile_box(row, rank)
        return QRect(box.left(), box.top() + self.side + _UNDER, box.width(), self.line)

    def rows_in(self, top: int, bottom: int) -> range:
        """The rows of which something lies between two heights."""
        first = max(bisect_right(self.tops, top) - 1, 0)
        last = max(bisect_right(self.tops, bottom), first)
        return range(first, min(last, len(self.names)))

    def columns_until(self, right: int) -> int:
        """How many columns begin before a distance from the left, from the first on."""
        past = right - self.cell
        return min(max(-(-past // (self.tile_width + _BETWEEN)), 1), self.columns)

    def tile_at(self, point: QPoint) -> tuple[int, int] | None:
        """Row and rank of the tile under a point."""
        for row in self.rows_in(point.y(), point.y()):
            for rank in range(self.counts[row]):
                if self.tile_box(row, rank).contains(point):
                    return row, rank
        return None

    def cell_at(self, point: QPoint) -> int | None:
        """The row whose cell of text is under a point."""
        rows = self.rows_in(point.y(), point.y())
        return next((row for row in rows if self.cell_box(row).contains(point)), None)


def fitted(shape: Sequence[int], square: QRect) -> QRect:
    """The largest rectangle of whole pixels with the aspect of a picture inside a square."""
    rows, columns = shape[:2]
    scale = min(square.width() / columns, square.height() / rows)
    size = QSize(max(round(columns * scale), 1), max(round(rows * scale), 1))
    box = QRect(square.topLeft(), size)
    box.translate((square.width() - size.width()) // 2, (square.height() - size.height()) // 2)
    return box


def placed(box: QRectF, shape: Sequence[int], picture: QRect) -> QRectF:
    """A rectangle of a picture's own pixels, where the picture is shown."""
    down, right = picture.height() / shape[0], picture.width() / shape[1]
    return QRectF(
        picture.left() + box.left() * right,
        picture.top() + box.top() * down,
        box.width() * right,
        box.height() * down,
    )
