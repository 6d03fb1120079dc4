"""Paints a row of the model tree: name and sizes, a thin bar and its number."""

from math import isfinite

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from inspector.core.outline import Matrix
from inspector.views.theme import theme_of
from inspector.views.tree_model import TreeColumn, TreeModel, TreeRole
from inspector.views.tree_rows import Row, TreeRows, bar_text

Index = QModelIndex | QPersistentModelIndex
_BAR_HEIGHT = 6.0
_BAR_WIDTH = 48
_GAP = 8
_WIDEST = "8.88e−88"
_MIDDLE = Qt.AlignmentFlag.AlignVCenter
_LEFT, _RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight


class TreeDelegate(QStyledItemDelegate):
    """Bars take the colour of the selected matrix, or the accent where all three are meant."""

    matrix: Matrix | None = None

    def bar_column_width(self, metrics: QFontMetrics) -> int:
        """Width of the column of bars in points."""
        return _BAR_WIDTH + metrics.horizontalAdvance(_WIDEST) + 2 * _GAP

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """One line with some air."""
        return QSize(40, option.fontMetrics.height() + 7)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the back as the style does, then what the row says."""
        self.initStyleOption(option, index)
        option.text = ""
        widget = option.widget
        style = widget.style() if widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if index.column() == TreeColumn.NAME:
            self._paint_name(painter, option, index)
        else:
            self._paint_bar(painter, option, index)
        painter.restore()

    def _paint_name(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        area = option.rect.adjusted(3, 0, -2, 0)
        metrics = option.fontMetrics
        name = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, area.width())
        painter.setPen(_ink(option))
        painter.drawText(area, int(_LEFT | _MIDDLE), name)
        rest = area.adjusted(metrics.horizontalAdvance(name) + _GAP, 0, 0, 0)
        dim = str(index.data(TreeRole.DIM))
        if metrics.horizontalAdvance(dim) <= rest.width():
            painter.setPen(_dim_ink(option))
            painter.drawText(rest, int(_LEFT | _MIDDLE), dim)

    def _paint_bar(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        rows = model.rows if isinstance(model, TreeModel) else None
        row = index.data(TreeRole.ROW)
        if rows is None or not isinstance(row, Row):
            return
        area = option.rect.adjusted(0, 0, -_GAP, 0)
        if row.word or not isfinite(row.value):
            painter.setPen(_dim_ink(option))
            painter.drawText(area, int(_RIGHT | _MIDDLE), row.word)
            return
        painter.setPen(_ink(option))
        painter.drawText(area, int(_RIGHT | _MIDDLE), bar_text(row.value))
        track = QRect(area.left(), area.top(), _BAR_WIDTH, area.height())
        self._paint_track(painter, option, track, row=row, rows=rows)

    def _paint_track(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        area: QRect,
        *,
        row: Row,
        rows: TreeRows,
    ) -> None:
        middle = area.center().y() + 0.5
        track = QRectF(area.left(), middle - _BAR_HEIGHT / 2, area.width(), _BAR_HEIGHT)
        back = _ink(option)
        back.setAlphaF(0.12)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(back)
        painter.drawRoundedRect(track, 2, 2)
        start, end = sorted((rows.share(rows.origin), rows.share(row.value)))
        bar = QRectF(track)
        bar.setLeft(track.left() + start * track.width())
        bar.setWidth(max(1.0, (end - start) * track.width()))
        painter.setBrush(self._bar_colour(option))
        painter.drawRoundedRect(bar, 2, 2)

    def _bar_colour(self, option: QStyleOptionViewItem) -> QColor:
        if _selected(option):
            return _ink(option)
        if self.matrix is not None:
            return theme_of(option.palette).line(self.matrix)
        return option.palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Highlight)


def _selected(option: QStyleOptionViewItem) -> bool:
    return bool(option.state & QStyle.StateFlag.State_Selected)


def _ink(option: QStyleOptionViewItem) -> QColor:
    role = QPalette.ColorRole.HighlightedText if _selected(option) else QPalette.ColorRole.Text
    return option.palette.color(_group(option), role)


def _dim_ink(option: QStyleOptionViewItem) -> QColor:
    if not _selected(option):
        return option.palette.color(_group(option), QPalette.ColorRole.PlaceholderText)
    ink = _ink(option)
    ink.setAlphaF(0.75)
    return ink


def _group(option: QStyleOptionViewItem) -> QPalette.ColorGroup:
    active = option.state & QStyle.StateFlag.State_Active
    return QPalette.ColorGroup.Active if active else QPalette.ColorGroup.Inactive
