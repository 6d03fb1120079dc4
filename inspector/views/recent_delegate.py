"""A row of the recent files: the name, and where it is, both giving way in the middle."""

from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

Index = QModelIndex | QPersistentModelIndex
_MARGIN = 10
_GAP = 12


class RecentDelegate(QStyledItemDelegate):
    """Paints file name and folder on one line; a missing file is greyed and said to be missing."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """One line with some air."""
        return QSize(80, option.fontMetrics.height() + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint name at the left, folder dimmed at the right."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_back(painter, option)
        area = option.rect.adjusted(_MARGIN, 0, -_MARGIN, 0)
        path = Path(str(index.data(Qt.ItemDataRole.UserRole)))
        there = bool(option.state & QStyle.StateFlag.State_Enabled)
        metrics = option.fontMetrics
        name = metrics.elidedText(
            path.name, Qt.TextElideMode.ElideMiddle, round(area.width() * 0.6)
        )
        used = metrics.horizontalAdvance(name) + _GAP
        rest = QRect(area).adjusted(used, 0, 0, 0)
        where = str(path.parent) if there else "not found"
        where = metrics.elidedText(where, Qt.TextElideMode.ElideMiddle, rest.width())
        ink = QPalette.ColorRole.WindowText if there else QPalette.ColorRole.PlaceholderText
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(option.palette.color(QPalette.ColorGroup.Active, ink))
        painter.drawText(area, int(middle | Qt.AlignmentFlag.AlignLeft), name)
        dim = QPalette.ColorRole.PlaceholderText
        painter.setPen(option.palette.color(QPalette.ColorGroup.Active, dim))
        painter.drawText(rest, int(middle | Qt.AlignmentFlag.AlignRight), where)
        painter.restore()

    def _paint_back(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        accent = option.palette.color(QPalette.ColorRole.Highlight)
        lit = QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected
        box = option.rect.adjusted(1, 1, -1, -1)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(accent)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
        if option.state & lit and option.state & QStyle.StateFlag.State_Enabled:
            accent.setAlphaF(0.16)
            painter.setBrush(accent)
        painter.drawRoundedRect(box, 5, 5)
