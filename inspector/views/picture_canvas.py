"""The pyqtgraph scene of one picture: a view box in mm with y down, and an image in its place."""

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QGraphicsView, QWidget

from inspector.core.images import Picture
from inspector.render.screen_pixels import Pixels, screen_pixels


class PictureCanvas(pg.GraphicsView):
    """Shows an image where it lies; who owns it handles mouse and keys and draws over it.

    Only `redraw` draws it again, once for any number of changes: the scene would draw it a second
    time, after it has gone through what changed.

    Signals
    -------
    drawn(painter)
        The image has been drawn: the `QPainter` is there to draw over it, in the canvas's pixels.
    """

    drawn = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = pg.ViewBox(
            lockAspect=True, enableMouse=False, invertY=True, enableMenu=False, defaultPadding=0
        )
        self._box.disableAutoRange()
        self._box.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape, False)
        self._image = _ScreenImage(axisOrder="row-major", autoDownsample=False)
        self._box.addItem(self._image, ignoreBounds=True)
        self.setCentralItem(self._box)
        self._wide, self._part = 0.0, QRectF()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAcceptDrops(False)
        self._draw_on_demand()

    def show_image(self, picture: Picture, place: QRectF) -> None:
        """Show (rows, columns, 3) uint8 in a rectangle of mm."""
        self._image.setImage(picture, autoLevels=False)
        self._image.setRect(place)
        self._wide = place.width()

    def hide_image(self) -> None:
        """Show the background alone, and let go of the pixels."""
        self._image.let_go()

    def look_at(self, part: QRectF) -> None:
        """Fill the canvas with a rectangle of mm, which has the aspect of the canvas."""
        if part != self._part:
            self._part = part
            self._box.setRange(part, padding=0)

    def redraw(self) -> None:
        """Draw everything again."""
        self.viewport().update()

    def show_background(self, colour: QColor) -> None:
        """What is behind and beside the image."""
        if self.backgroundBrush().color() != colour:
            self.setBackground(colour)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the one item there is, without the scene's search for items that need drawing.

        The search takes as long as the drawing, and a step has to be on the screen within a frame.
        Only now is it known how many pixels the screen has.
        """
        self.scene().prepareForPaint()
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), self.backgroundBrush())
        if self._image.image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._is_smaller)
            painter.setTransform(self._image.sceneTransform() * self.viewportTransform())
            self._image.paint(painter)
            painter.resetTransform()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        self.drawn.emit(painter)
        painter.end()

    def _draw_on_demand(self) -> None:
        """Every change of a picture changes all of it: nothing is cached, indexed or cut out."""
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.NoViewportUpdate)
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.scene().setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.viewport().setAutoFillBackground(False)

    @property
    def _is_smaller(self) -> bool:
        """Whether there are more pixels than on the screen: then they mix, else they stay sharp."""
        there = self.width() * self.devicePixelRatioF() * self._wide
        return bool(there < self._image.image.shape[1] * self._part.width())


class _ScreenImage(pg.ImageItem):
    """Has its pixels as the screen has them: three bytes a pixel take four times as long."""

    qimage: QImage | None
    _pixels: Pixels | None = None
    """What the image is a window on: it lives as long as the image."""

    def let_go(self) -> None:
        """Show nothing, and keep no pixels."""
        self.clear()
        self.qimage = self._pixels = None

    def render(self) -> None:
        """Make the image that is painted; a composed picture is there already."""
        pixels = None if self.image is None else screen_pixels(self.image)
        self._pixels = pixels
        if pixels is None:
            super().render()
            if self.qimage is not None:
                self.qimage = self.qimage.convertToFormat(QImage.Format.Format_RGB32)
            return
        rows, columns = pixels.shape[:2]
        self.qimage = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
        self._renderRequired = self._unrenderable = False
