"""The pyqtgraph scene of a gallery: the pictures that are in sight, and what is drawn over them."""

from collections.abc import Iterator
from time import perf_counter

import pyqtgraph as pg
from PySide6.QtCore import QLine, QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QResizeEvent
from PySide6.QtWidgets import QGraphicsScene, QGraphicsView, QWidget

from inspector.core.gallery import GalleryRow, GalleryScene, GalleryTile
from inspector.core.images import Picture
from inspector.core.map_style import MapStyle
from inspector.render.gallery import limits_in_row, row_words
from inspector.render.screen_pixels import pixels_of, screen_pixels
from inspector.views.gallery_layout import GalleryLayout, fitted
from inspector.views.gallery_painting import (
    GalleryInk,
    draw_cell,
    draw_frame,
    draw_label,
    draw_marks,
    draw_problem,
    draw_sentence,
    draw_separator,
    draw_waiting,
)
from inspector.views.gallery_pictures import GalleryPictures, TileDrawing, TilePictures
from inspector.views.gallery_words import NO_WINNER, NO_WINNER_YET

_TURN_S, _MOVING_S = 0.024, 0.008
"""How long pictures are composed before the window gets its turn: at rest, and while it moves."""

_RIM = 6
"""How far the frame of a tile reaches beyond it."""

Place = tuple[int, int]
"""A row of the layout, and a rank."""


class GallerySheet(pg.GraphicsView):
    """Shows the part of a gallery that is in sight; who owns it handles mouse and keys.

    Only tiles in sight have pictures: they are composed a few in each turn of the event loop, and
    a place stands where one is still to come. After a change of style a tile keeps its old
    pictures until it has new ones.

    Signals
    -------
    settled()
        Every tile in sight that is known has its pictures.
    """

    settled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCentralItem(None)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAcceptDrops(False)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.NoViewportUpdate)
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.scene().setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self._pictures = GalleryPictures()
        self._items: dict[Place, _TileItems] = {}
        self._spare: list[_TileItems] = []
        self._scene: GalleryScene | None = None
        self._rows: tuple[GalleryRow, ...] = ()
        self._layout = GalleryLayout()
        self._style = MapStyle()
        self._ink: GalleryInk | None = None
        self._origin = QPoint()
        self._in_sight: tuple[Place, ...] = ()
        self.current: Place | None = None
        self.pointed: Place | None = None
        self.has_keys = False
        self.chosen_mode: int | None = None
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._compose)

    def show_rows(
        self, scene: GalleryScene | None, rows: tuple[GalleryRow, ...], layout: GalleryLayout
    ) -> None:
        """Show other rows, placed by `layout`."""
        self._scene, self._rows, self._layout = scene, rows, layout
        self._compose()
        self.redraw()

    def show_style(self, style: MapStyle) -> None:
        """Draw the overlays otherwise."""
        self._style = style
        self._compose()

    def show_ink(self, ink: GalleryInk) -> None:
        """Follow a change between light and dark, or of the font."""
        self._ink = ink
        self.setBackground(QColor(ink.theme.surface))
        self.redraw()

    def look_from(self, origin: QPoint) -> None:
        """Show the part whose upper left corner this is."""
        if origin != self._origin:
            self._origin = origin
            self._look()
            self._compose(_MOVING_S)
            self.redraw()

    def redraw(self) -> None:
        """Draw everything again."""
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep looking at the same corner."""
        super().resizeEvent(event)
        if hasattr(self, "_turn"):
            self._look()
            self._turn.start(0)
            self.redraw()

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        """Draw texts, frames and marks over the pictures, and what stands where one is missing."""
        if self._ink is None or self._scene is None:
            return
        part = QRectF(rect).toAlignedRect()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row in self._layout.rows_in(part.top(), part.bottom()):
            if not self._layout.counts[row]:
                self._draw_no_winner(painter, self._ink, row)
        for place in self._in_sight:
            if self._layout.tile_box(*place).intersects(part):
                self._draw_tile(painter, self._ink, *place)
        for framed, current in ((self.pointed, False), (self.current, self.has_keys)):
            if framed is not None:
                draw_frame(painter, self._ink, self._layout.tile_box(*framed), current=current)
        if part.left() < self._origin.x() + self._layout.cell:
            self._draw_cells(painter, self._ink)
        self._draw_separators(painter, self._ink)

    @property
    def shown_tiles(self) -> dict[Place, TilePictures]:
        """The pictures that are on the screen, by row and rank."""
        return {place: items.shown for place, items in self._items.items() if items.shown}

    @property
    def _span(self) -> tuple[int, int]:
        top = self._origin.y()
        return top, top + self.height() - 1

    @property
    def _sight(self) -> QRect:
        return QRect(self._origin, self.size())

    def _places(self) -> Iterator[Place]:
        """The tiles in sight, from the upper left one on."""
        for row in self._layout.rows_in(*self._span):
            for rank in range(self._layout.counts[row]):
                if self._layout.tile_box(row, rank).intersects(self._sight):
                    yield row, rank

    def _look(self) -> None:
        part = QRectF(self._sight)
        pg.GraphicsView.setRange(self, part, padding=0, disableAutoPixel=False)

    @Slot()
    def _compose(self, seconds: float = _TURN_S) -> None:
        """Give the tiles in sight their pictures; go on in the next turn when it takes long."""
        end = perf_counter() + seconds
        self._in_sight = tuple(self._places())
        known = [(place, tile) for place in self._in_sight if (tile := self._tile(place))]
        self._let_go({place for place, _ in known})
        limits = {row: limits_in_row(self._rows[row], self._style) for (row, _), _ in known}
        waits = False
        for place, tile in known:
            drawn = TileDrawing(tile, self._style, limits[place[0]])
            pictures = self._pictures.ready(drawn)
            if pictures is None and perf_counter() < end:
                pictures = self._pictures.compose(drawn)
            if pictures is None:
                waits = True
                self._place_old(place, tile)
            else:
                self._place(place, tile, pictures)
        if waits:
            self._turn.start(0)
        else:
            self.settled.emit()

    def _tile(self, place: Place) -> GalleryTile | None:
        row, rank = place
        return self._rows[row].tiles[rank]

    def _let_go(self, wanted: set[Place]) -> None:
        for place in [place for place in self._items if place not in wanted]:
            items = self._items.pop(place)
            items.hide()
            self._spare.append(items)

    def _place_old(self, place: Place, tile: GalleryTile) -> None:
        """Keep what a tile had in another style where it is; another tile's is put away."""
        items = self._items.get(place)
        if items is None:
            return
        if items.tile is tile and items.shown is not None:
            self._place(place, tile, items.shown)
        else:
            self._spare.append(self._items.pop(place))
            items.hide()

    def _place(self, place: Place, tile: GalleryTile, pictures: TilePictures) -> None:
        items = self._items.get(place)
        if items is None:
            items = self._spare.pop() if self._spare else _TileItems(self)
            self._items[place] = items
        if items.show(tile, pictures, self._layout.squares(*place)):
            box = self._layout.tile_box(*place).translated(-self._origin)
            self.viewport().update(box.adjusted(-_RIM, -_RIM, _RIM, _RIM))

    def _draw_no_winner(self, painter: QPainter, ink: GalleryInk, row: int) -> None:
        box = self._layout.row_box(row).translated(self._origin.x(), 0)
        box.setLeft(box.left() + self._layout.cell)
        draw_sentence(painter, ink, box, self._no_winner)

    def _draw_tile(self, painter: QPainter, ink: GalleryInk, row: int, rank: int) -> None:
        layout, shown, items = self._layout, self._rows[row], self._items.get((row, rank))
        squares = layout.squares(row, rank)
        if rank in shown.problems:
            draw_problem(painter, ink, squares[0] | squares[1], shown.problems[rank])
        elif items is None or items.tile is None:
            draw_waiting(painter, ink, squares)
        else:
            overlay = fitted(items.tile.picture.shape, squares[1])
            draw_marks(painter, items.tile, overlay, self._style.pair)
        draw_label(painter, ink, layout.label_box(row, rank), shown, rank)

    @property
    def _no_winner(self) -> str:
        assert self._scene is not None
        return NO_WINNER if self._scene.found.complete else NO_WINNER_YET

    def _draw_cells(self, painter: QPainter, ink: GalleryInk) -> None:
        """The texts at the left stay where they are when one looks further to the right."""
        assert self._scene is not None
        layout, left = self._layout, self._origin.x()
        strip = QRect(left, self._origin.y(), layout.cell - 4, self.height())
        painter.fillRect(strip, QColor(ink.theme.surface))
        for row in layout.rows_in(*self._span):
            shown = self._rows[row]
            draw_cell(
                painter,
                ink,
                layout.cell_box(row).translated(left, 0),
                shown,
                row_words(self._scene, shown),
                first=layout.begins_mode(row),
                chosen=shown.mode == self.chosen_mode,
            )

    def _draw_separators(self, painter: QPainter, ink: GalleryInk) -> None:
        left = self._origin.x()
        for row in self._layout.rows_in(*self._span):
            if row and self._layout.begins_mode(row):
                y = self._layout.separator(row)
                draw_separator(painter, ink, QLine(left, y, left + self.width(), y))


class _TileItems:
    """The two image items of a tile in sight."""

    def __init__(self, sheet: GallerySheet) -> None:
        self.tile: GalleryTile | None = None
        self.shown: TilePictures | None = None
        self._before: tuple[object, ...] = ()
        self._images = (_TileImage(), _TileImage())
        for image in self._images:
            sheet.scene().addItem(image)

    def show(self, tile: GalleryTile, shown: TilePictures, squares: tuple[QRect, QRect]) -> bool:
        """Whether anything else is shown now than before."""
        now = (tile, shown, squares)
        if now == self._before:
            return False
        self.tile, self.shown, self._before = tile, shown, now
        for image, picture, square in zip(
            self._images, (shown.plain, shown.overlay), squares, strict=True
        ):
            image.show_in(picture, fitted(picture.shape, square))
        return True

    def hide(self) -> None:
        self.tile = self.shown = None
        self._before = ()
        for image in self._images:
            image.hide()


class _TileImage(pg.ImageItem):
    """Has as many pixels as its place on the screen, mixed from those of a larger picture.

    A picture that is enlarged keeps its pixels as sharp squares.
    """

    qimage: QImage | None

    def __init__(self) -> None:
        super().__init__(axisOrder="row-major", autoDownsample=False)
        self._picture: Picture | None = None
        self._place, self._on_screen = QRect(), QSize()

    def show_in(self, picture: Picture, place: QRect) -> None:
        """Show (rows, columns, 3) uint8 in a rectangle."""
        if picture is not self._picture:
            self._picture, self._place = picture, QRect()
            self.setImage(picture, autoLevels=False)
        if place != self._place:
            self._place = place
            self.setRect(QRectF(place))
        self.show()

    def paint(self, painter: QPainter, *args: object) -> None:
        """Only now is it known how many pixels the screen, or a screenshot, has for the picture."""
        rows, columns = self.image.shape[:2]
        box = painter.deviceTransform().mapRect(QRectF(0, 0, columns, rows))
        on_screen = box.size().toSize()
        if on_screen != self._on_screen:
            self._on_screen, self._renderRequired = on_screen, True
        super().paint(painter, *args)

    def render(self) -> None:
        """Make the image that is painted."""
        pixels = screen_pixels(self.image)
        if pixels is None:
            pixels = pixels_of(self.image)
        rows, columns = pixels.shape[:2]
        image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
        smooth = self._on_screen.width() < columns
        self.qimage = image.scaled(
            self._on_screen,
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation
            if smooth
            else Qt.TransformationMode.FastTransformation,
        ).copy()
        # a copy of its own memory, as the pixels above may be gone before it is painted
        self._renderRequired = self._unrenderable = False
