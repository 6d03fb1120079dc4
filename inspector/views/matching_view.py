"""What became of every tensor of both files, with a filter."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from inspector.core.comparison import Comparison, Match, MatchKind
from inspector.views.record_table import RecordModel, RecordTable
from inspector.views.shown import Shown

_TITLES = ("What", "Part", "Name in A", "Name in B", "Shape in A", "Shape in B")
_SAYS = (
    "What became of it",
    "The part it plays in the model",
    "Tensor in the reference",
    "Tensor in the compared model",
    "Shape in the reference",
    "Shape in the compared model",
)
_WIDTHS = (17, 21, 23, 23, 13, 13)
_NAMES = (2, 3)
_ALL = "all"
_UNREMARKABLE = (MatchKind.MATCHED, MatchKind.RENAMED)


class MatchingView(QWidget):
    """Counts, everything that was left out in words, and a table to filter and copy from."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._matches: tuple[Match, ...] | None = None
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.kind = QComboBox()
        self.kind.setAccessibleName("Show only")
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by part, name or shape")
        self.filter.setAccessibleName("Filter by part, name or shape")
        self.filter.setClearButtonEnabled(True)
        self.model = RecordModel(_TITLES, _SAYS, text=_text)
        self.proxy = _MatchFilter(self)
        self.proxy.setSourceModel(self.model)
        self.table = RecordTable("Matched tensors", self.proxy)
        self.table.set_widths(_WIDTHS)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.table.horizontalHeader()
        header.setStretchLastSection(False)
        for column in _NAMES:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.filter.textChanged.connect(self.proxy.set_text)
        self.kind.currentIndexChanged.connect(self._on_kind_chosen)
        self._build()

    def draw(self, shown: Shown) -> None:
        """Show the matching of the selected comparison."""
        comparison = shown.comparison
        self.words.setText(_words(comparison) if comparison else "")
        matches = comparison.matching.matches if comparison else ()
        if matches is self._matches:
            return
        self._matches = matches
        self.model.replace(sorted(matches, key=_remarkable_first))
        self._fill_kinds(matches)

    def _build(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.kind)
        head.addWidget(self.filter, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(4)
        column.addWidget(self.words)
        column.addLayout(head)
        column.addWidget(self.table, 1)

    def _fill_kinds(self, matches: tuple[Match, ...]) -> None:
        chosen = self.kind.currentData() or _ALL
        blocked = self.kind.blockSignals(True)
        self.kind.clear()
        self.kind.addItem(f"All {len(matches)}", _ALL)
        for kind in MatchKind:
            number = sum(match.kind is kind for match in matches)
            if number:
                self.kind.addItem(f"{number} {kind}", str(kind))
        self.kind.setCurrentIndex(max(0, self.kind.findData(chosen)))
        self.kind.blockSignals(blocked)
        self._on_kind_chosen()

    @Slot()
    def _on_kind_chosen(self) -> None:
        self.proxy.set_kind(str(self.kind.currentData() or _ALL))


class _MatchFilter(QSortFilterProxyModel):
    """Rows of one kind whose cells hold a text."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._kind, self._wanted = _ALL, ""

    @Slot(str)
    def set_text(self, text: str) -> None:
        """Show only rows that hold the text."""
        self.beginFilterChange()
        self._wanted = text.strip().casefold()
        self.endFilterChange()

    def set_kind(self, kind: str) -> None:
        """Show only rows of one kind."""
        self.beginFilterChange()
        self._kind = kind
        self.endFilterChange()

    def filterAcceptsRow(self, row: int, parent: QModelIndex | QPersistentModelIndex) -> bool:
        """Whether a row is shown."""
        model = self.sourceModel()
        cells = [str(model.index(row, column, parent).data()) for column in range(len(_TITLES))]
        if self._kind not in (_ALL, cells[0]):
            return False
        return self._wanted in " ".join(cells).casefold()


def _text(match: Match, column: int) -> str:
    cells = (
        str(match.kind),
        match.role,
        match.name_a,
        match.name_b,
        _shape(match.shape_a),
        _shape(match.shape_b),
    )
    return cells[column]


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(str(size) for size in shape)


def _remarkable_first(match: Match) -> bool:
    return match.kind in _UNREMARKABLE


def _words(comparison: Comparison) -> str:
    sentences = [f"{comparison.matching.sentence}."]
    sentences += [f"{address} was not compared: {why}" for address, why in comparison.skipped]
    for name, card in (("A", comparison.reference), ("B", comparison.compared)):
        sentences += [f"Assumed of {name}: {text}" for text in card.assumed]
    return "\n".join([*sentences, *comparison.matching.notes])
