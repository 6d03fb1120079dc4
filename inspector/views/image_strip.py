"""The open images with their slices: which is looked at, at the left under the model tree."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPalette,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from inspector.core.images import ImageCard, Picture, SliceAddress
from inspector.views.head_thumbnails import pixmap_of
from inspector.views.icons import pixmap
from inspector.views.popover import Popover
from inspector.views.slice_bar import SliceBar
from inspector.views.theme import small_font, theme_of
from inspector.views.wording import counted

Index = QModelIndex | QPersistentModelIndex
_SIDE, _MARGIN, _GAP, _CROSS = 40, 5, 8, 16
_ROWS_SEEN = 3
_CLOSED = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """One open image: what is said of it, and its thumbnail once there is one."""

    card: ImageCard
    thumbnail: QPixmap | None = None


class ImageStrip(QWidget):
    """A list of the open images, and the sliders of the current one.

    Shows labels and what kind of picture each is, nothing of the patient. Setters never emit.

    Signals
    -------
    chosen(index)
        The user turned to an image.
    closed(index)
        The user wants an image closed.
    slice_chosen(address)
        The user turned to another slice, plane or point in time (`SliceAddress`).
    """

    chosen = Signal(int)
    closed = Signal(int)
    slice_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[_Entry, ...] = ()
        self.heading = QLabel("Images")
        self.empty = QLabel("Drop a DICOM, NIfTI, PNG, JPEG or TIFF file, or a folder of them.")
        self.empty.setWordWrap(True)
        self.list = _ImageList()
        self.list.currentRowChanged.connect(self._on_row_changed)
        self.list.closed.connect(self.closed)
        self.list.notes_asked.connect(self._on_notes_asked)
        self.slices = SliceBar()
        self.slices.chosen.connect(self.slice_chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setContentsMargins(2, 0, 2, 0)
        row.addWidget(self.heading)
        column.addLayout(row)
        column.addWidget(self.empty)
        column.addWidget(self.list, 1)
        column.addWidget(self.slices)
        self.show_images((), None)

    def show_images(self, cards: Sequence[ImageCard], current: int | None) -> None:
        """Show the open images and which is looked at; thumbnails known by now are kept."""
        known = defaultdict(list)
        for entry in self._entries:
            known[entry.card.path].append(entry)
        self._entries = tuple(_Entry(card, _thumbnail_of(card, known[card.path])) for card in cards)
        with QSignalBlocker(self.list):
            self.list.show_entries(self._entries)
            self.list.setCurrentRow(-1 if current is None else current)
        self.heading.setText(f"<b>Images</b> · {len(cards)}" if cards else "<b>Images</b>")
        self.empty.setVisible(not cards)
        self.list.setVisible(bool(cards))
        self.slices.show_card(None if current is None else self._entries[current].card)

    def show_thumbnail(self, index: int, picture: Picture) -> None:
        """Show a small picture of an image, (rows, columns, 3) uint8 in its physical shape."""
        if not 0 <= index < len(self._entries):
            return
        entry = replace(self._entries[index], thumbnail=_scaled(picture))
        self._entries = (*self._entries[:index], entry, *self._entries[index + 1 :])
        self.list.show_entry(index, entry)

    def show_slice(self, at: SliceAddress, place: str = "") -> None:
        """Show which slice of the current image is looked at, and where it lies."""
        self.slices.show_slice(at, place)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change between light and dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.list.viewport().update()

    @Slot(int)
    def _on_row_changed(self, row: int) -> None:
        if row >= 0:
            self.slices.show_card(self._entries[row].card)
            self.chosen.emit(row)

    @Slot(int)
    def _on_notes_asked(self, row: int) -> None:
        panel = NotesPopover(self._entries[row].card, parent=self)
        panel.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        panel.show_at(self.list)


class NotesPopover(Popover):
    """What is worth knowing of an image: format, size, and every note of its reader."""

    def __init__(self, card: ImageCard, *, parent: QWidget) -> None:
        super().__init__(parent)
        rows, columns = card.shape
        self.add_text(f"{card.label}: {card.format}, {rows} × {columns}")
        for note in card.notes or ("Nothing was assumed of this image.",):
            self.add_text(note)


class _ImageList(QListWidget):
    """Rows of images; each has a cross, Delete closes the current one."""

    closed = Signal(int)
    notes_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._delegate = _ImageDelegate(self)
        self._delegate.closed.connect(self.closed)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("Open images")
        self.setAccessibleDescription("Up and down turn to an image, Delete closes it.")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu_asked)
        self.setMinimumHeight(_SIDE + 4 * _MARGIN)

    def show_entries(self, entries: Sequence[_Entry]) -> None:
        """Show other images."""
        while self.count() > len(entries):
            self.takeItem(self.count() - 1)
        while self.count() < len(entries):
            self.addItem(QListWidgetItem())
        for row, entry in enumerate(entries):
            self.show_entry(row, entry)

    def show_entry(self, row: int, entry: _Entry) -> None:
        """Show one image anew."""
        item = self.item(row)
        item.setText(entry.card.label)
        item.setData(Qt.ItemDataRole.UserRole, entry)
        item.setToolTip("\n".join([entry.card.label, facts_of(entry.card), *entry.card.notes]))
        words = f"{entry.card.label}, {facts_of(entry.card)}"
        item.setData(Qt.ItemDataRole.AccessibleTextRole, words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the current image in sight where planes and slices take room under the list."""
        super().resizeEvent(event)
        if self.currentItem() is not None:
            self.scrollToItem(self.currentItem())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close with Delete; PgUp and PgDn are for the blocks."""
        key = Qt.Key(event.key())
        if key in _CLOSED and self.currentRow() >= 0:
            self.closed.emit(self.currentRow())
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """A few images."""
        return QSize(220, (_SIDE + 2 * _MARGIN) * _ROWS_SEEN + 4)

    @Slot(QPoint)
    def _on_menu_asked(self, place: QPoint) -> None:
        index = self.indexAt(place)
        row = index.row() if index.isValid() else self.currentRow()
        if row < 0:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("&Notes on this image", lambda: self.notes_asked.emit(row))
        menu.addAction("&Close this image", lambda: self.closed.emit(row))
        menu.popup(self.viewport().mapToGlobal(place))


class _ImageDelegate(QStyledItemDelegate):
    """Paints thumbnail, label and facts; emits `closed(row)` when the cross was clicked."""

    closed = Signal(int)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """The thumbnail with some air."""
        return QSize(100, _SIDE + 2 * _MARGIN)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one image."""
        entry: _Entry = index.data(Qt.ItemDataRole.UserRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_back(painter, option)
        box = QRect(option.rect.topLeft() + QPoint(_MARGIN, _MARGIN), QSize(_SIDE, _SIDE))
        painter.fillRect(box, QColor("#000000"))
        if entry.thumbnail is not None:
            size = entry.thumbnail.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            inside = QRect(QPoint(), size)
            inside.moveCenter(box.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(inside, entry.thumbnail)
        self._paint_words(painter, option, entry.card)
        if option.state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected):
            ink = option.palette.color(QPalette.ColorRole.PlaceholderText)
            ratio = painter.device().devicePixelRatioF()
            painter.drawPixmap(_cross_of(option.rect), pixmap("close", ink, ratio=ratio))
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        """Close when the cross is clicked; a press on it does not turn to the image."""
        presses = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease)
        if not isinstance(event, QMouseEvent) or event.type() not in presses:
            return False
        if not _cross_of(option.rect).contains(event.position().toPoint()):
            return False
        if event.type() == QEvent.Type.MouseButtonRelease:
            self.closed.emit(index.row())
        return True

    def _paint_back(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        accent = option.palette.color(QPalette.ColorRole.Highlight)
        box = option.rect.adjusted(1, 1, -1, -1)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.setPen(accent if focused else Qt.PenStyle.NoPen)
        if option.state & QStyle.StateFlag.State_Selected:
            accent.setAlphaF(0.24)
            painter.setBrush(accent)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            accent.setAlphaF(0.1)
            painter.setBrush(accent)
        painter.drawRoundedRect(box, 5, 5)

    def _paint_words(
        self, painter: QPainter, option: QStyleOptionViewItem, card: ImageCard
    ) -> None:
        theme = theme_of(option.palette)
        left = option.rect.left() + _MARGIN + _SIDE + _GAP
        area = QRect(option.rect)
        area.setLeft(left)
        area.setRight(_cross_of(option.rect).left() - 2)
        area = area.adjusted(0, _MARGIN, 0, -_MARGIN)
        upper = QRect(area.topLeft(), QSize(area.width(), area.height() // 2))
        lower = upper.translated(0, upper.height())
        bold = QFont(option.font)
        bold.setBold(bool(option.state & QStyle.StateFlag.State_Selected))
        self._write(painter, upper, card.label, bold, theme.text, elide="middle")
        self._write(painter, lower, facts_of(card), small_font(option.font), theme.muted)

    def _write(
        self, painter: QPainter, box: QRect, text: str, font: QFont, ink: str, *, elide: str = ""
    ) -> None:
        painter.setFont(font)
        painter.setPen(QColor(ink))
        mode = Qt.TextElideMode.ElideMiddle if elide else Qt.TextElideMode.ElideRight
        words = painter.fontMetrics().elidedText(text, mode, box.width())
        side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, int(side), words)


def facts_of(card: ImageCard) -> str:
    """``CT · 60 slices · 20 times · 2 notes``; the format where the kind is not known."""
    parts = [card.kind or card.format]
    slices = card.slices[card.planes[0]] if card.planes else 1
    if slices > 1:
        parts.append(counted(slices, "slice"))
    if card.times > 1:
        parts.append(f"{card.times} times")
    if card.notes:
        parts.append(counted(len(card.notes), "note"))
    return " · ".join(parts)


def _cross_of(row: QRect) -> QRect:
    """Where the cross of a row is."""
    top = row.center().y() - _CROSS // 2
    return QRect(row.right() - _CROSS - _MARGIN, top, _CROSS, _CROSS)


def _thumbnail_of(card: ImageCard, known: Sequence[_Entry]) -> QPixmap | None:
    """The thumbnail that was shown of the same image, whatever it was called then.

    `known` are those of its file: a folder may hold thousands.
    """
    same = (one for one in known if replace(one.card, label=card.label) == card)
    return next((one.thumbnail for one in same), None)


def _scaled(picture: Picture) -> QPixmap:
    """A picture at most four times as large as it is shown, so that it stays sharp."""
    side = 4 * _SIDE
    found = pixmap_of(picture)
    if max(found.width(), found.height()) <= side:
        return found
    smooth = Qt.TransformationMode.SmoothTransformation
    return found.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, smooth)
