"""The figure at the size it will have on paper."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPalette, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from inspector.views.elided_label import ElidedLabel

Rgba = npt.NDArray[np.uint8]

_MM_PER_INCH = 25.4
_LIKELY_DPI = 96.0
_PLAUSIBLE_DPI = (40.0, 500.0)
_MARGIN = 16


class ExportPreview(QWidget):
    """Shows a picture of a figure, at true size or as wide as there is room.

    True size needs a screen that tells how large it is; the line below the picture says which of
    the two is shown.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._width_mm = 183.0
        self._page = _Page()
        self._scroll = QScrollArea()
        self._true = QRadioButton("&True size")
        self._fit = QRadioButton("F&it to width")
        self._modes = QButtonGroup(self)
        self._caption = ElidedLabel(role=QPalette.ColorRole.PlaceholderText)
        self._place()

    def show_picture(self, rgba: Rgba | None, *, width_mm: float) -> None:
        """Show a (rows, columns, 4) uint8 picture that is `width_mm` wide on paper."""
        self._width_mm = width_mm
        self._image = None if rgba is None else _image_of(rgba)
        self._page.waiting = ""
        self._show()

    def show_waiting(self, text: str) -> None:
        """Dim what is shown while a new picture is drawn (or because it could not be)."""
        self._page.waiting = text
        self._page.update()

    def pixel_width(self, width_mm: float) -> int:
        """Pixels across a picture that is sharp at true size on this screen."""
        return round(self._true_points(width_mm) * self.devicePixelRatioF())

    @property
    def says(self) -> str:
        """The line below the picture."""
        return self._caption.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit again."""
        super().resizeEvent(event)
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change between light and dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._page.update()

    def _place(self) -> None:
        self._scroll.setWidget(self._page)
        self._scroll.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._scroll.setBackgroundRole(QPalette.ColorRole.Mid)
        self._scroll.setAccessibleName("Preview of the figure")
        below = QHBoxLayout()
        below.setSpacing(12)
        for button in (self._true, self._fit):
            self._modes.addButton(button)
            below.addWidget(button)
        below.addWidget(self._caption, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._scroll, 1)
        column.addLayout(below)
        knows = self._screen_dpi() is not None
        (self._true if knows else self._fit).setChecked(True)
        self._true.setEnabled(knows)
        self._modes.buttonClicked.connect(self._show)

    def _show(self) -> None:
        if self._image is None:
            self._page.show_pixmap(None, self._room())
            self._caption.setText("")
            return
        true = self._true_points(self._width_mm)
        wide = round(true) if self._true.isChecked() else self._room().width()
        high = max(1, round(wide * self._image.height() / self._image.width()))
        self._page.show_pixmap(self._scaled(wide, high), QSize(wide, high))
        self._caption.setText(self._words(wide / true))

    def _words(self, share: float) -> str:
        assert self._image is not None
        high_mm = self._width_mm * self._image.height() / self._image.width()
        size = f"{self._width_mm:g} × {high_mm:.0f} mm"
        if self._true.isChecked():
            return f"True size, {size}"
        if not self._true.isEnabled():
            return f"Fit to width; the screen does not tell its size. On paper {size}"
        return f"Fit to width, {share:.0%} of {size}"

    def _scaled(self, wide: int, high: int) -> QPixmap:
        assert self._image is not None
        ratio = self.devicePixelRatioF()
        size = QSize(round(wide * ratio), round(high * ratio))
        smooth = Qt.TransformationMode.SmoothTransformation
        image = self._image
        if image.size() != size:
            image = image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
        drawn = QPixmap.fromImage(image)
        drawn.setDevicePixelRatio(ratio)
        return drawn

    def _room(self) -> QSize:
        return self._scroll.maximumViewportSize() - QSize(2 * _MARGIN, 2 * _MARGIN)

    def _true_points(self, width_mm: float) -> float:
        return width_mm / _MM_PER_INCH * (self._screen_dpi() or _LIKELY_DPI)

    def _screen_dpi(self) -> float | None:
        """Points per physical inch; None where the screen tells nothing that can be true."""
        dpi = self.screen().physicalDotsPerInchX()
        low, high = _PLAUSIBLE_DPI
        return dpi if low <= dpi <= high else None


class _Page(QLabel):
    """The white sheet, dimmed while another is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = ""
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def show_pixmap(self, drawn: QPixmap | None, size: QSize) -> None:
        self.setPixmap(drawn if drawn is not None else QPixmap())
        self.resize(size.expandedTo(QSize(120, 60)))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.waiting:
            return
        painter = QPainter(self)
        shown = not self.pixmap().isNull()
        if shown:
            painter.fillRect(self.rect(), QColor(255, 255, 255, 190))
        ink = QColor("#1b1b1b") if shown else self.palette().color(QPalette.ColorRole.WindowText)
        painter.setPen(ink)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect().adjusted(12, 12, -12, -12), int(flags), self.waiting)
        painter.end()


def _image_of(rgba: Rgba) -> QImage:
    rows, columns = rgba.shape[:2]
    data = np.ascontiguousarray(rgba)
    image = QImage(data.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
    return image.copy()
