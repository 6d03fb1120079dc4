"""Files dropped anywhere on the window, and what is said while they are held over it."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QRectF, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFont,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QGraphicsView, QLineEdit, QWidget

from inspector.app.recognising import Kind
from inspector.views.chip_words import letter_of

_MARGIN = 10.0
_RADIUS = 14.0


def paths_in(data: QMimeData) -> list[Path]:
    """The local files and folders that are dragged; addresses of the web are left out."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def what_a_drop_does(kinds: Sequence[Kind], *, already_open: int) -> str:
    """One short sentence: ``Open as A and B``.

    >>> what_a_drop_does([Kind.MODEL, Kind.MODEL], already_open=0)
    'Open as A and B'
    >>> what_a_drop_does([Kind.MODEL], already_open=2)
    'Compare with A as B2'
    >>> what_a_drop_does([Kind.MODEL, Kind.IMAGE], already_open=0)
    'Open as A and as image'
    """
    models = sum(kind is Kind.MODEL for kind in kinds)
    images = len(kinds) - models
    as_images = "as image" if images == 1 else f"as {images} images"
    if not models:
        return f"Open {as_images}"
    names = [letter_of(already_open + n) for n in range(models)]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    if len(names) > 3:
        listed = f"{names[0]} to {names[-1]}"
    said = f"Compare with A as {listed}" if already_open else f"Open as {listed}"
    if not images:
        return said
    return f"{said}, open {as_images}" if already_open else f"{said} and {as_images}"


class DropTarget(QObject):
    """Takes drops for a whole window, its text lines and plots too; does nothing with them.

    `files_dropped` tells the paths.
    `dragging` tells the paths that are held over the window, and an empty list when they leave.
    """

    files_dropped = Signal(object)
    dragging = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        for child in (*window.findChildren(QLineEdit), *window.findChildren(QGraphicsView)):
            child.setAcceptDrops(False)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Answer drag and drop events of the window."""
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            return self._dropped(event)
        if isinstance(event, QDragEnterEvent | QDragMoveEvent):
            return self._held(event)
        if event.type() == QEvent.Type.DragLeave:
            self.dragging.emit([])
        return False

    def _held(self, event: QDragEnterEvent | QDragMoveEvent) -> bool:
        paths = paths_in(event.mimeData())
        if not paths:
            return False
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if event.type() == QEvent.Type.DragEnter:
            self.dragging.emit(paths)
        return True

    def _dropped(self, event: QDropEvent) -> bool:
        paths = paths_in(event.mimeData())
        self.dragging.emit([])
        if not paths:
            return False
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.files_dropped.emit(paths)
        return True


class DropHighlight(QWidget):
    """Covers the window while files are held over it, and names what a drop will do."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._covered = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._text = ""
        self.hide()

    @property
    def text(self) -> str:
        """What is said; empty while nothing is held over the window."""
        return self._text

    def show_text(self, text: str) -> None:
        """Cover the parent and say it; an empty text uncovers."""
        self._text = text
        self.setAccessibleName(text)
        if text:
            self.setGeometry(self._covered.rect())
            self.raise_()
        self.setVisible(bool(text))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a tint, a dashed frame and the sentence on a plate."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        tint = self.palette().color(QPalette.ColorRole.Window)
        tint.setAlphaF(0.55)
        painter.fillRect(self.rect(), tint)
        frame = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        wash = self.palette().color(QPalette.ColorRole.Highlight)
        wash.setAlphaF(0.12)
        painter.setBrush(wash)
        painter.setPen(QPen(accent, 2.0, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(frame, _RADIUS, _RADIUS)
        self._paint_plate(painter, frame)
        painter.end()

    def _paint_plate(self, painter: QPainter, frame: QRectF) -> None:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.6)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        words = painter.fontMetrics().boundingRect(self._text)
        plate = QRectF(0, 0, words.width() + 56, words.height() + 32)
        plate.moveCenter(frame.center())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight))
        painter.drawRoundedRect(plate, _RADIUS, _RADIUS)
        painter.setPen(self.palette().color(QPalette.ColorRole.HighlightedText))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, self._text)
