"""One small picture for each head: what the chosen token attends to in it."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QImage, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from inspector.core.images import Picture
from inspector.render.scenes import HeadPattern
from inspector.views.picture_marks import QUERY_MARK
from inspector.views.theme import small_font, theme_of

Index = QModelIndex | QPersistentModelIndex
_SIDE, _LEAST, _AROUND = 68, 30, 4
_TALLEST = 1.5
_HIGHEST = Qt.ItemDataRole.UserRole + 1


class HeadThumbnails(QListWidget):
    """Thumbnails that wrap and scroll; a click or the arrow keys choose a head.

    Signals
    -------
    chosen(head)
        The user chose a head.
    pointed(text)
        What the mouse is over; empty for nothing.
    """

    chosen = Signal(int)
    pointed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._delegate = _ThumbnailDelegate(self)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("Heads of the block")
        self.setAccessibleDescription("What the chosen token attends to in each head.")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSpacing(1)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(_SIDE + 24)
        self.currentRowChanged.connect(self._on_row_changed)
        self.itemEntered.connect(self._on_item_entered)
        self.viewportEntered.connect(self._on_left)

    def show_heads(
        self, heads: Sequence[HeadPattern], chosen: int, *, aspect: float, place: QRectF | None
    ) -> None:
        """Show patterns; emits nothing.

        Parameters
        ----------
        aspect
            Height of a pattern over its width, as it lies on the picture.
        place
            The chosen patch, in shares of a pattern's width and height; None for a prefix token.
        """
        self._delegate.show_shape(aspect, place)
        with QSignalBlocker(self):
            while self.count() > len(heads):
                self.takeItem(self.count() - 1)
            while self.count() < len(heads):
                self.addItem(QListWidgetItem())
            for row, head in enumerate(heads):
                self._fill(self.item(row), head)
            self.setCurrentRow(chosen)
        if heads:
            self.scrollToItem(self.item(chosen))
        self.viewport().update()

    def _fill(self, item: QListWidgetItem, head: HeadPattern) -> None:
        item.setText(f"H{head.head}")
        item.setData(Qt.ItemDataRole.DecorationRole, pixmap_of(head.picture))
        item.setData(_HIGHEST, head.bar.high)
        item.setToolTip(f"Head {head.head}: attention from {head.bar.low} to {head.bar.high}")
        item.setData(Qt.ItemDataRole.AccessibleTextRole, item.toolTip())

    @Slot(int)
    def _on_row_changed(self, row: int) -> None:
        if row >= 0:
            self.chosen.emit(row)

    @Slot(QListWidgetItem)
    def _on_item_entered(self, item: QListWidgetItem) -> None:
        self.pointed.emit(item.toolTip())

    @Slot()
    def _on_left(self) -> None:
        self.pointed.emit("")


class _ThumbnailDelegate(QStyledItemDelegate):
    """Paints pattern, chosen patch and name; the chosen head has a frame."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._aspect = 1.0
        self._place: QRectF | None = None

    def show_shape(self, aspect: float, place: QRectF | None) -> None:
        """Say how the patterns lie, and where the chosen patch is in them."""
        self._aspect, self._place = min(max(aspect, 0.3), _TALLEST), place

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """The pattern, and one line of text."""
        high = max(round(_SIDE * self._aspect), _LEAST)
        return QSize(_SIDE + 2 * _AROUND, high + option.fontMetrics.height() + 2 * _AROUND)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one head."""
        painter.save()
        theme = theme_of(option.palette)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        line = option.fontMetrics.height()
        box = option.rect.adjusted(_AROUND, _AROUND, -_AROUND, -_AROUND - line)
        pixmap = index.data(Qt.ItemDataRole.DecorationRole)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawPixmap(box, pixmap)
        if self._place is not None:
            painter.setPen(QPen(QUERY_MARK, 1.2))
            painter.drawRect(_inside(box, self._place))
        if chosen:
            focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
            ink = option.palette.color(QPalette.ColorRole.Highlight) if focused else theme.accent
            painter.setPen(QPen(QColor(ink), 2.5))
            painter.drawRect(box.adjusted(-2, -2, 1, 1))
        words = QRect(box.left(), box.bottom() + 3, box.width(), line)
        painter.setFont(small_font(option.font))
        painter.setPen(QColor(theme.text if chosen else theme.muted))
        painter.drawText(words, int(Qt.AlignmentFlag.AlignLeft), str(index.data()))
        painter.drawText(words, int(Qt.AlignmentFlag.AlignRight), f"≤{index.data(_HIGHEST)}")
        painter.restore()


def pixmap_of(picture: Picture) -> QPixmap:
    """A picture of (rows, columns, 3) bytes in its own memory."""
    pixels = np.ascontiguousarray(picture)
    rows, columns = pixels.shape[:2]
    image = QImage(pixels.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image)


def _inside(box: QRect, place: QRectF) -> QRectF:
    return QRectF(
        box.left() + place.left() * box.width(),
        box.top() + place.top() * box.height(),
        place.width() * box.width(),
        place.height() * box.height(),
    )
