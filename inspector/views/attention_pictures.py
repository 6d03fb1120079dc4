"""The chosen token's attention large: over the image, and alone in the colours of a bar."""

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from inspector.core.attention import TokenAttention
from inspector.core.map_style import MapStyle
from inspector.core.scene import AttentionScene, ShownImage
from inspector.core.tokens import TokenGrid
from inspector.render.scenes import Drawn
from inspector.views.picture_pane import PicturePane
from inspector.views.picture_view import PictureView

_DARK, _LIGHT = QColor(0, 0, 0, 190), QColor("#ffe14d")


class TokenPicture(PictureView):
    """A picture on which the window that a token attends in is outlined."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._sides: tuple[tuple[float, float, float, float], ...] = ()

    def show_window(self, attention: TokenAttention | None) -> None:
        """Outline the patches in sight of a token; nothing where that is all of them."""
        self._sides = () if attention is None else outline(attention)
        self.redraw()

    def draw_over(self, painter: QPainter) -> None:
        """Draw what lies over every picture, then the outline."""
        super().draw_over(painter)
        if not self._sides or self.pixels is None:
            return
        lines = [
            QLineF(self.place_of(row, column), self.place_of(other_row, other_column))
            for row, column, other_row, other_column in self._sides
        ]
        for ink, width in ((_DARK, 3.5), (_LIGHT, 1.5)):
            painter.setPen(QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap))
            painter.drawLines(lines)


class AttentionPane(PicturePane):
    """A picture and the colour bar under it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        picture = TokenPicture(name)
        super().__init__(picture, parent)
        self.picture = picture

    def show_drawn(self, drawn: Drawn, scene: AttentionScene, style: MapStyle) -> None:
        """Show a composed picture and the window of its token."""
        self.picture.show_image(scene.image, drawn.picture, seen=style.seen)
        self.picture.show_title(drawn.title)
        self.picture.show_window(scene.attention)
        self.bar.show_bars(drawn.bars)

    def show_tokens(self, attention: TokenAttention, style: MapStyle, key: int | None) -> None:
        """Show where the tokens lie, and which two are chosen."""
        self.picture.show_grid(attention.grid, style.grid)
        self.picture.mark(query=attention.token, key=key)

    def show_plain(self, image: ShownImage, style: MapStyle) -> None:
        """Show the image alone."""
        self._key = None
        self.picture.show_image(image, seen=style.seen)
        self.picture.show_title("Image")
        self._show_no_tokens()

    def show_nothing(self, sentence: str) -> None:
        """Show a sentence instead of a picture."""
        self._key = None
        self.picture.show_nothing(sentence)
        self._show_no_tokens()

    def _show_no_tokens(self) -> None:
        self.picture.show_grid(None, False)
        self.picture.mark()
        self.picture.show_window(None)
        self.bar.show_bars(())


def outline(attention: TokenAttention) -> tuple[tuple[float, float, float, float], ...]:
    """The sides between patches that a token can attend to and others, in original pixels.

    Row and column of both ends; none where all patches are in sight. A shifted window at the edge
    of the picture has several parts, each of which gets its own outline.
    """
    visible = attention.visible
    if visible.all():
        return ()
    grid = attention.grid
    padded = np.pad(visible, 1)
    level = np.argwhere(padded[:-1, 1:-1] != padded[1:, 1:-1])
    upright = np.argwhere(padded[1:-1, :-1] != padded[1:-1, 1:])
    rows, columns = _edges(grid)
    return tuple(
        [(rows[r], columns[c], rows[r], columns[c + 1]) for r, c in level]
        + [(rows[r], columns[c], rows[r + 1], columns[c]) for r, c in upright]
    )


def share_of(grid: TokenGrid, token: int) -> QRectF | None:
    """Where a patch lies in the grid, in shares of width and height; None for a prefix token."""
    place = grid.place(token)
    if place is None:
        return None
    row, column = place
    return QRectF(column / grid.columns, row / grid.rows, 1.0 / grid.columns, 1.0 / grid.rows)


def _edges(grid: TokenGrid) -> tuple[list[float], list[float]]:
    """The borders between patches along both axes, in original pixels."""
    extent = grid.extent
    rows = np.linspace(extent.top, extent.bottom, grid.rows + 1)
    columns = np.linspace(extent.left, extent.right, grid.columns + 1)
    return rows.tolist(), columns.tolist()
