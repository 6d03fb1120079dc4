"""All blocks and matrices as a sortable table, most changed first."""

from dataclasses import replace

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from inspector.core.selection import Selection
from inspector.views.record_table import RecordModel, RecordTable
from inspector.views.shown import Shown
from inspector.views.table_rows import (
    COLUMNS,
    TableRow,
    most_changed_column,
    rows_of,
    sorted_rows,
)

_WIDTHS = (8, 8, 11, 11, 11, 11, 9, 11, 10, 7)
_DOWN, _UP = Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder


class TableView(QWidget):
    """One row for each block and matrix; emits `selected` with a `Selection`."""

    selected = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = Shown()
        self._key: object = None
        self._about: object = None
        self._showing = False
        self._order: tuple[int, Qt.SortOrder] | None = None
        self.caption = QLabel()
        self.model = RecordModel(
            [column.title for column in COLUMNS],
            [column.says for column in COLUMNS],
            text=lambda row, column: COLUMNS[column].text(row),
            exact=lambda row, column: COLUMNS[column].exact(row),
            right=frozenset(place for place, column in enumerate(COLUMNS) if column.numeric),
        )
        self.table = RecordTable("Blocks and matrices", self.model)
        self.table.set_widths(_WIDTHS)
        header = self.table.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.sectionClicked.connect(self._on_section_clicked)
        self.table.selectionModel().currentRowChanged.connect(self._on_current_row_changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(3)
        column.addWidget(self.caption)
        column.addWidget(self.table, 1)

    def draw(self, shown: Shown) -> None:
        """Show the rows of the selected metric; emits nothing."""
        self._shown = shown
        key = (shown.comparison, shown.metric)
        if key != self._key:
            self._key = key
            self._fill()
        self._select_row()
        about = (shown.selection.compared, shown.metric)
        if about != self._about:
            self._about = about
            self.table.scrollToTop()

    def _fill(self) -> None:
        """Rows anew in the order the user chose, or most changed first."""
        comparison, metric = self._shown.comparison, self._shown.metric
        rows = rows_of(comparison, metric) if comparison else ()
        place, order = self._order or (most_changed_column(metric), _DOWN)
        self._showing = True
        self.model.replace(sorted_rows(rows, COLUMNS[place], descending=order is _DOWN))
        self._showing = False
        self.table.horizontalHeader().setSortIndicator(place, order)
        about = metric.about
        first = "" if self._order else ", most changed first"
        self.caption.setText(f"{about.label} {about.formula} of every block{first}")

    def _select_row(self) -> None:
        """Make the selected block and matrix the current row; nothing where it is not listed."""
        selection = self.table.selectionModel()
        row = self._row_of_selected()
        if row == self.table.currentIndex().row() and selection.hasSelection():
            return
        index = QModelIndex() if row is None else self.model.index(row, 0)
        flags = QItemSelectionModel.SelectionFlag
        self._showing = True
        selection.setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self._showing = False
        if row is not None:
            self.table.scrollTo(index)

    def _row_of_selected(self) -> int | None:
        chosen = self._shown.selection
        if chosen.address is None:
            return None
        wanted = (chosen.address.of_block, self._shown.matrix)
        records: tuple[TableRow, ...] = self.model.records
        return next(
            (i for i, row in enumerate(records) if (row.address, row.matrix) == wanted), None
        )

    def _selection_of(self, row: TableRow) -> Selection:
        chosen = self._shown.selection
        address = row.address
        if chosen.address is not None and chosen.address.of_block == address:
            address = chosen.address
        return replace(chosen, address=address, matrix=row.matrix, vector=None)

    @Slot(QModelIndex, QModelIndex)
    def _on_current_row_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid() and not self._showing:
            self.selected.emit(self._selection_of(self.model.records[current.row()]))

    @Slot(int)
    def _on_section_clicked(self, place: int) -> None:
        order = _DOWN if COLUMNS[place].numeric else _UP
        if self._order == (place, order):
            order = _UP if order is _DOWN else _DOWN
        self._order = (place, order)
        self._fill()
        self._select_row()
