"""Tables of records: a read-only model, and a view whose rows can be copied with Ctrl+C."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

Index = QModelIndex | QPersistentModelIndex
EXACT_ROLE = Qt.ItemDataRole.UserRole + 1
_ROW_ROOM = 6


class RecordModel(QAbstractTableModel):
    """Rows of text that are replaced as a whole.

    Parameters
    ----------
    titles, says
        What stands above the columns, and what they mean.
    text, exact
        Text of a record in a column on screen, and on the clipboard.
    right
        Columns whose text stands at the right.
    """

    def __init__(
        self,
        titles: Sequence[str],
        says: Sequence[str],
        *,
        text: Callable[[Any, int], str],
        exact: Callable[[Any, int], str] | None = None,
        right: frozenset[int] = frozenset(),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._titles, self._says = tuple(titles), tuple(says)
        self._text, self._exact, self._right = text, exact or text, right
        self._records: tuple[Any, ...] = ()

    @property
    def records(self) -> tuple[Any, ...]:
        """The records in the order shown."""
        return self._records

    def replace(self, records: Sequence[Any]) -> None:
        """Show other records."""
        self.beginResetModel()
        self._records = tuple(records)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of records."""
        return 0 if parent.isValid() else len(self._records)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(self._titles)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text and alignment of a cell."""
        if not index.isValid():
            return None
        record, column = self._records[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._text(record, column)
        if role == EXACT_ROLE:
            return self._exact(record, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column in self._right)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Title, meaning and alignment of a column."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._says[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section in self._right)
        return None


class RecordTable(QTableView):
    """A table of whole rows; Ctrl+C copies the selected ones with their column titles."""

    def __init__(self, name: str, model: QAbstractItemModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + _ROW_ROOM)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy rows with Ctrl+C."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.selected_text())
            return
        super().keyPressEvent(event)

    def selected_text(self) -> str:
        """Titles and selected rows in the order shown, cells between tabs, all digits."""
        model = self.model()
        columns = range(model.columnCount())
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        lines = [[_title(model, column) for column in columns]]
        lines += [[_cell(model, row, column) for column in columns] for row in rows]
        return "\n".join("\t".join(cells) for cells in lines) + "\n"

    def set_widths(self, widths: Sequence[int]) -> None:
        """Widths of the columns in characters."""
        unit = self.fontMetrics().averageCharWidth()
        for column, width in enumerate(widths):
            self.setColumnWidth(column, width * unit + 14)


def _alignment(right: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _title(model: QAbstractItemModel, column: int) -> str:
    return str(model.headerData(column, Qt.Orientation.Horizontal))


def _cell(model: QAbstractItemModel, row: int, column: int) -> str:
    return str(model.index(row, column).data(EXACT_ROLE))
