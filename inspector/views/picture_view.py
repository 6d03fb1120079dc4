"""One picture in its physical shape, to be zoomed, pointed at and windowed.

The picture is an image item of pyqtgraph; letters, bars and marks are drawn over it in pixels of
the screen. Its pixels are those of the compositor, one for one; enlarged they stay sharp squares.
"""

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QPainter,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.core.images import Edges, Picture
from inspector.core.scene import ShownImage
from inspector.core.tokens import Box, TokenGrid
from inspector.views.camera import Camera
from inspector.views.picture_canvas import PictureCanvas
from inspector.views.picture_marks import (
    KEY_MARK,
    QUERY_MARK,
    draw_edges,
    draw_lines,
    draw_mark,
    draw_outline,
    draw_scale_bar,
    draw_text,
)
from inspector.views.picture_pointer import PicturePointer
from inspector.views.theme import small_font, theme_of

_LEAST_CELL = 3.0
_PART, _LETTER = " · ", 26
_SURROUND = {"light": QColor("#24262a"), "dark": QColor("#101113")}


class PictureView(PicturePointer):
    """A picture with letters, scale bar, token grid and marks; all places in original pixels.

    Signals
    -------
    drawn()
        What is shown is on the screen now.
    """

    drawn = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = PictureCanvas(self)
        self._canvas.drawn.connect(self._on_drawn)
        self._pixels: Picture | None = None
        self._sentence = ""
        self._unit_known = False
        self._edges: Edges | None = None
        self._corner = ""
        self._title = ""
        self._grid: TokenGrid | None = None
        self._grid_shown = False
        self._query: int | None = None
        self._key: int | None = None
        self._crosshair: tuple[float, float] | None = None
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(96, 96)

    @property
    def pixels(self) -> Picture | None:
        """(rows, columns, 3) uint8 what is shown; None where there is no picture."""
        return self._pixels

    @property
    def crosshair(self) -> tuple[float, float] | None:
        """Row and column of the shared cursor."""
        return self._crosshair

    @property
    def sentence(self) -> str:
        """What stands in place of a picture; empty where there is one."""
        return self._sentence

    def show_picture(
        self,
        picture: Picture,
        size_mm: tuple[float, float],
        unit_known: bool,
        *,
        shape: tuple[int, int] | None = None,
        box: Box | None = None,
    ) -> None:
        """Show pixels.

        Parameters
        ----------
        picture
            (rows, columns, 3) uint8.
        size_mm
            Height and width of the original, in mm where `unit_known`, else in pixels.
        shape
            Rows and columns of the original; those of the picture where none is given.
        box
            The rectangle of the original that the picture is of; the whole where none is given.
        """
        rows, columns = picture.shape[:2]
        self._pixels, self._sentence, self._there = picture, "", True
        self._size, self._unit_known = size_mm, unit_known
        self._shape = shape or (rows, columns)
        self._canvas.show_image(picture, self._mm_of(box or Box(0, 0, *self._shape)))
        self._look()
        self._take_colours()
        self.setAccessibleDescription("")
        self.redraw()

    def show_image(
        self, image: ShownImage, picture: Picture | None = None, *, seen: bool = False
    ) -> None:
        """Show pixels in the place of an image, with its letters, scale and window.

        `picture` are the image's own pixels where none are given. With `seen` they are those of the
        model's input, and lie where the model's input lies on the original.
        """
        prepared = image.prepared if seen else None
        if picture is None:
            picture = image.picture if prepared is None else prepared.seen
        spacing = image.slice.spacing
        self.show_picture(
            picture,
            image.slice.size_mm,
            spacing is not None,
            shape=image.slice.shape,
            box=None if prepared is None else prepared.placement.box,
        )
        self.show_edges(image.slice.edges)
        self.show_corner(corner_text(image))
        self.show_tone(None if image.slice.is_colour else image.tone)
        self.show_stack(image.card.slices.get(image.at.plane, 1) > 1)

    def show_nothing(self, sentence: str) -> None:
        """Show a sentence in place of a picture."""
        self._pixels, self._sentence, self._there = None, sentence, False
        self._crosshair = None
        self._canvas.hide_image()
        self._take_colours()
        self.setAccessibleDescription(sentence)
        self.redraw()

    def show_title(self, title: str) -> None:
        """Name the picture in its upper left corner."""
        self._title = title
        self.redraw()

    def show_edges(self, edges: Edges | None) -> None:
        """Show orientation letters; None where the file does not tell."""
        self._edges = edges
        self.redraw()

    def show_corner(self, text: str) -> None:
        """Show a text in the lower right corner, as the size of a pixel.

        Of parts with ``·`` between them the last ones give way where there is no room.
        """
        self._corner = text
        self.redraw()

    def show_grid(self, grid: TokenGrid | None, on: bool) -> None:
        """Say where the tokens lie, and whether their grid is drawn.

        The outline of the part that the model saw is drawn wherever it is not the whole picture.
        """
        if grid is not self._grid or on is not self._grid_shown:
            self._grid, self._grid_shown = grid, on
            self.redraw()

    def mark(self, *, query: int | None = None, key: int | None = None) -> None:
        """Frame a query token and a key token of the grid; prefix tokens have no place."""
        self._query, self._key = query, key
        self.redraw()

    def show_crosshair(self, point: tuple[float, float] | None) -> None:
        """Show the cursor of a linked picture: row and column of the original."""
        if point != self._crosshair:
            self._crosshair = point
            self.redraw()

    def sizeHint(self) -> QSize:
        """Room for a small picture."""
        return QSize(280, 280)

    def show_camera(self, camera: Camera) -> None:
        """Look at another part; emits nothing."""
        super().show_camera(camera)
        self._look()

    def redraw(self) -> None:
        """Draw the picture and all that lies over it again."""
        self._canvas.redraw()

    def draw_over(self, painter: QPainter) -> None:
        """Draw what lies over the picture, in pixels of this widget."""
        if self._pixels is None:
            self._paint_sentence(painter, QColor(theme_of(self.palette()).muted))
        else:
            self._paint_over(painter)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep looking at the same part."""
        super().resizeEvent(event)
        self._canvas.resize(event.size())
        self._look()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change between light and dark, or of the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._take_colours()
            self.redraw()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the frame of the focus."""
        super().focusInEvent(event)
        self.redraw()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the frame of the focus away."""
        super().focusOutEvent(event)
        self.redraw()

    @Slot(object)
    def _on_drawn(self, painter: QPainter) -> None:
        self.draw_over(painter)
        self.drawn.emit()

    def _look(self) -> None:
        """Give the canvas the part that the camera looks at."""
        stage = self._stage
        corners = ((0, 0), (self.width(), self.height()))
        first, last = (QPointF(*stage.to_picture(self._camera, x, y)) for x, y in corners)
        self._canvas.look_at(QRectF(first, last))

    def _take_colours(self) -> None:
        theme = theme_of(self.palette())
        surface = QColor(theme.surface) if self._pixels is None else _SURROUND[theme.name]
        self._canvas.show_background(surface)

    def _paint_over(self, painter: QPainter) -> None:
        room, font = QRectF(self.rect()), small_font(self.font())
        self._paint_grid(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_marks(painter)
        if self._edges is not None:
            edges = self._edges
            letters = {side: getattr(edges, side) for side in ("top", "right", "bottom", "left")}
            draw_edges(painter, room, letters, self.font())
        scale = self._stage.scale(self._camera) if self._unit_known else None
        draw_scale_bar(painter, room, pixels_per_mm=scale, font=font)
        inner = room.adjusted(8, 6, -8, -8)
        low_right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        draw_text(painter, inner, low_right, self._fitting(self._corner, font), font)
        high_left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        draw_text(painter, inner, high_left, self._title, font)

    def _fitting(self, text: str, font: QFont) -> str:
        """As many parts of a corner's text as have room beside the letter in the middle."""
        metrics = QFontMetricsF(font)
        parts = text.split(_PART)
        while parts and metrics.horizontalAdvance(_PART.join(parts)) > self.width() / 2 - _LETTER:
            parts.pop()
        return _PART.join(parts)

    def _paint_grid(self, painter: QPainter) -> None:
        if self._grid is None:
            return
        part = self._grid.placement.box
        if part != Box(0, 0, *self._shape):
            draw_outline(painter, self._rect_of(part))
        if self._grid_shown:
            draw_lines(painter, self._grid_lines(self._grid))

    def _grid_lines(self, grid: TokenGrid) -> list[QLineF]:
        """None where the patches are too small to be told apart."""
        extent = self._rect_of(grid.extent)
        high, wide = extent.height() / grid.rows, extent.width() / grid.columns
        if min(high, wide) < _LEAST_CELL:
            return []
        down = [extent.top() + row * high for row in range(grid.rows + 1)]
        across = [extent.left() + column * wide for column in range(grid.columns + 1)]
        return [
            *(QLineF(extent.left(), y, extent.right(), y) for y in down),
            *(QLineF(x, extent.top(), x, extent.bottom()) for x in across),
        ]

    def _paint_marks(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._grid is not None:
            for token, ink in ((self._key, KEY_MARK), (self._query, QUERY_MARK)):
                place = None if token is None else self._grid.place(token)
                if place is not None:
                    draw_mark(painter, self._rect_of(self._grid.box(*place)), ink)
        if self._crosshair is not None:
            middle = self.place_of(*self._crosshair)
            lines = [
                QLineF(0, middle.y(), self.width(), middle.y()),
                QLineF(middle.x(), 0, middle.x(), self.height()),
            ]
            draw_lines(painter, lines)

    def _paint_sentence(self, painter: QPainter, ink: QColor) -> None:
        painter.setPen(ink)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect().adjusted(16, 16, -16, -16), int(flags), self._sentence)

    def _mm_of(self, box: Box) -> QRectF:
        """A rectangle of the original, in mm from its upper left corner."""
        down, right = self._size[0] / self._shape[0], self._size[1] / self._shape[1]
        return QRectF(
            QPointF(box.left * right, box.top * down),
            QPointF(box.right * right, box.bottom * down),
        )

    def _rect_of(self, box: Box) -> QRectF:
        return QRectF(self.place_of(box.top, box.left), self.place_of(box.bottom, box.right))


def corner_text(image: ShownImage) -> str:
    """The size of a pixel and what it was measured at, then where the slice lies."""
    spacing = image.slice.spacing
    parts = []
    if image.slice.place:
        parts.append(image.slice.place)
    if spacing is None:
        rows, columns = image.slice.shape
        parts.append(f"{rows} × {columns} pixels")
    else:
        parts.append(f"{spacing.rows:.3g} × {spacing.columns:.3g} mm")
        if spacing.where:
            parts.append(spacing.where)
    return _PART.join(parts)
