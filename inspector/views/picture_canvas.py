"""Where the pixels of one picture are drawn: a rectangle of mm, of which a part is looked at."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from inspector.core.images import Picture
from inspector.render.screen_pixels import Pixels, pixels_of, screen_pixels


class PictureCanvas(QWidget):
    """Shows an image where it lies; who owns it handles mouse and keys and draws over it.

    It is one image and nothing else: a scene of items around it took a third of the time that a
    step has to be on the screen.

    Signals
    -------
    drawn(painter)
        The image has been drawn: the `QPainter` is there to draw over it, in the canvas's pixels.
    """

    drawn = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Picture | None = None
        self._pixels: Pixels | None = None
        self._image: QImage | None = None
        self._place, self._part = QRectF(), QRectF(0, 0, 1, 1)
        self._background = QColor(Qt.GlobalColor.black)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_image(self, picture: Picture, place: QRectF) -> None:
        """Show (rows, columns, 3) uint8 in a rectangle of mm."""
        self._place = place
        if picture is self._picture:
            return
        pixels = screen_pixels(picture)
        if pixels is None:
            pixels = pixels_of(picture)
        rows, columns = pixels.shape[:2]
        # the image is a window on the pixels: they live as long as it does
        self._image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
        self._picture, self._pixels = picture, pixels

    def hide_image(self) -> None:
        """Show the background alone, and let go of the pixels."""
        self._picture = self._image = self._pixels = None

    def look_at(self, part: QRectF) -> None:
        """Fill the canvas with a rectangle of mm, which has the aspect of the canvas."""
        if part != self._part:
            self._part = part
            self.update()

    def redraw(self) -> None:
        """Draw everything again."""
        self.update()

    def show_background(self, colour: QColor) -> None:
        """What is behind and beside the image."""
        self._background = colour

    @property
    def there(self) -> QRectF:
        """Where the image lies on the canvas, in its pixels."""
        across = self.width() / self._part.width()
        down = self.height() / self._part.height()
        return QRectF(
            (self._place.left() - self._part.left()) * across,
            (self._place.top() - self._part.top()) * down,
            self._place.width() * across,
            self._place.height() * down,
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw; enlarged pixels stay sharp squares, and mix where the screen has fewer of them."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._background)
        if self._image is not None:
            there, smooth = self.there, QPainter.RenderHint.SmoothPixmapTransform
            is_smaller = there.width() * self.devicePixelRatioF() < self._image.width()
            painter.setRenderHint(smooth, is_smaller)
            painter.drawImage(there, self._image)
            painter.setRenderHint(smooth, False)
        self.drawn.emit(painter)
        painter.end()
