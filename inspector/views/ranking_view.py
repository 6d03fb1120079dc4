"""The modes of a head in the order of what they contribute to the scores on this image."""

from functools import lru_cache
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from inspector.core.modes import BlockMaps, BlockModes
from inspector.render.scenes import SIGMA
from inspector.views.elided_label import ElidedLabel
from inspector.views.modes_words import mode_text, shares_on_image
from inspector.views.spectrum_view import BAR_INK
from inspector.views.theme import theme_of
from inspector.views.wording import percent_text

Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole + 1
"""Name, share, and share of the first row's share: all that is painted, in one go."""
_LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
_RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
_EMPTY = "On this image: no maps yet"
_CAPTION = f"On this image: share of {SIGMA} · mean|q| · mean|k|"


class RankingView(QWidget):
    """A list of modes with a bar each; a click or the arrow keys choose one.

    Signals
    -------
    mode_chosen(int)
        The user chose a mode.
    hovered(str)
        The numbers of the mode under the mouse; empty when there is none.
    """

    mode_chosen = Signal(int)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption = ElidedLabel(_EMPTY, fills=True)
        self.model = _Ranking(self)
        self.list = _List()
        self.list.setModel(self.model)
        self.list.current_chosen.connect(self._on_current_chosen)
        self.list.entered.connect(self._on_entered)
        self.list.mouse_left.connect(self._on_mouse_left)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.caption)
        column.addWidget(self.list, 1)

    def show_ranking(
        self, modes: BlockModes | None, maps: BlockMaps | None, head: int, mode: int
    ) -> None:
        """Show the ranking of a head on an image and which mode is chosen; emits nothing."""
        self.caption.setText(_EMPTY if maps is None else _CAPTION)
        self.model.replace(modes, maps, head)
        row = self.model.row_of(mode)
        self.list.show_current(self.model.index(row, 0) if row is not None else QModelIndex())

    @Slot(int)
    def _on_current_chosen(self, row: int) -> None:
        self.mode_chosen.emit(self.model.mode_at(row))

    @Slot(QModelIndex)
    def _on_entered(self, index: QModelIndex) -> None:
        self.hovered.emit(str(index.data(Qt.ItemDataRole.ToolTipRole)))

    @Slot()
    def _on_mouse_left(self) -> None:
        self.hovered.emit("")


class _Ranking(QAbstractListModel):
    """One row for each mode, the largest contribution first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._modes: BlockModes | None = None
        self._maps: BlockMaps | None = None
        self._head = 0
        self._order: list[int] = []
        self._shares: list[float] = []

    def replace(self, modes: BlockModes | None, maps: BlockMaps | None, head: int) -> None:
        """Rank other modes; nothing happens where they are the same."""
        if modes is self._modes and maps is self._maps and head == self._head:
            return
        self.beginResetModel()
        self._modes, self._maps, self._head = modes, maps, head
        self._order, self._shares = [], []
        if maps is not None and modes is not None:
            shares = shares_on_image(maps, head)
            self._order = maps.order(head).tolist()
            self._shares = [shares[mode] for mode in self._order]
        self.endResetModel()

    def mode_at(self, row: int) -> int:
        """The mode of a row."""
        return self._order[row]

    def row_of(self, mode: int) -> int | None:
        """The row of a mode; None where nothing is ranked."""
        return self._order.index(mode) if mode in self._order else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of modes."""
        return 0 if parent.isValid() else len(self._order)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """``mode 3`` with its share, and all its numbers."""
        if not index.isValid() or self._maps is None or self._modes is None:
            return None
        mode = self._order[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"M{mode}"
        if role == ROW_ROLE:
            share, largest = self._shares[index.row()], self._shares[0]
            return f"M{mode}", share, share / largest if largest > 0 else 0.0
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return mode_text(self._modes, self._head, mode, self._maps)
        return None


class _List(QListView):
    """Tells what the user made current, and when the mouse left."""

    current_chosen = Signal(int)
    mouse_left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._is_set = False
        self.setAccessibleName("Modes by their contribution on this image")
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setItemDelegate(_Bars(self))

    def show_current(self, index: QModelIndex) -> None:
        """Make a row current; emits nothing."""
        self._is_set = True
        self.setCurrentIndex(index)
        self._is_set = False

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Tell what the user chose."""
        super().currentChanged(current, previous)
        if not self._is_set and current.isValid():
            self.current_chosen.emit(current.row())

    def leaveEvent(self, event: QEvent) -> None:
        """Say that nothing is pointed at any more."""
        super().leaveEvent(event)
        self.mouse_left.emit()


class _Bars(QStyledItemDelegate):
    """Name, bar and share of a mode; bars are relative to the first row."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        """One line."""
        return QSize(80, option.fontMetrics.height() + 4)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a row."""
        palette: QPalette = option.palette
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(option.rect, palette.color(QPalette.ColorRole.Highlight))
        name, share, filled = index.data(ROW_ROLE)
        box = QRectF(option.rect).adjusted(6, 0, -6, 0)
        name_width, share_width = _widths(option.font.toString())
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        painter.setPen(palette.color(role))
        painter.drawText(box, _LEFT, name)
        painter.drawText(box, _RIGHT, percent_text(share))
        room = box.adjusted(name_width, 4, -share_width, -4)
        bar = QRectF(room.left(), room.top(), room.width() * filled, room.height())
        ink = palette.color(role) if chosen else QColor(BAR_INK[theme_of(palette).name])
        painter.fillRect(bar, ink)


@lru_cache(maxsize=4)
def _widths(font: str) -> tuple[int, int]:
    """Room for a name and for a share in a font, in pixels."""
    found = QFont()
    found.fromString(font)
    metrics = QFontMetrics(found)
    return metrics.horizontalAdvance("M000") + 6, metrics.horizontalAdvance("100.0 %") + 6
