"""What the local patterns say, in sentences that lead to their place, and their numbers."""

from dataclasses import replace
from math import isnan
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QLabel, QListView, QVBoxLayout, QWidget

from inspector.core.comparison import Drop, Finding, Pattern
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.views.record_table import Index, RecordModel, RecordTable
from inspector.views.shown import Shown
from inspector.views.wording import lower_first, number_text, percent_text

_TITLES = ("Matrix", "η² heads", "p", "Last head", "z", "Last tenth", "z", "Changes at")
_SAYS = (
    "Query, key or value",
    "Share of the variance over vectors that lies between heads (eta squared)",
    "How often a random order of the vectors gives as much",
    "How much lower the vectors of the last head lie, as a share of the mean before them",
    "How far that lies below random windows of the same length, in standard deviations",
    "How much lower the last tenth of the vectors lies, as a share of the mean before it",
    "How far that lies below random windows of the same length, in standard deviations",
    "Vectors at which the mean changes",
)
_WIDTHS = (8, 10, 10, 10, 8, 10, 8, 24)
_PADDING = 8


class FindingsView(QWidget):
    """A list of findings; below it the numbers of the selected block.

    Emits `selected` with a `Selection` when a finding is chosen.
    """

    selected = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = Shown()
        self.caption = QLabel()
        self.model = _FindingModel(self)
        self.list = _Sentences()
        self.list.setModel(self.model)
        self.list.activated.connect(self._on_activated)
        self.list.clicked.connect(self._on_activated)
        self.block_caption = QLabel()
        self.numbers = RecordModel(_TITLES, _SAYS, text=_cell, exact=_exact)
        self.table = RecordTable("Local patterns of the block", self.numbers)
        self.table.set_widths(_WIDTHS)
        row = self.table.verticalHeader().defaultSectionSize()
        self.table.setFixedHeight(
            row * len(Matrix) + self.table.horizontalHeader().sizeHint().height() + 6
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(3)
        for widget in (self.caption, self.list, self.block_caption, self.table):
            column.addWidget(widget, int(widget is self.list))

    def draw(self, shown: Shown) -> None:
        """Show the findings, and the numbers of the selected block and metric; emits nothing."""
        self._shown = shown
        findings = shown.patterns.findings if shown.patterns else ()
        self.model.replace(findings)
        self.caption.setText(_caption(shown))
        self._draw_numbers(shown)

    def _draw_numbers(self, shown: Shown) -> None:
        address = shown.selection.address
        found = [shown.pattern(address, matrix) for matrix in Matrix] if address else []
        patterns = [pattern for pattern in found if pattern is not None]
        label = lower_first(shown.metric.about.label)
        there = f"Local patterns of {label} in {address.of_block}" if address else ""
        self.block_caption.setText(there)
        self.block_caption.setVisible(bool(patterns))
        self.table.setVisible(bool(patterns))
        if [id(one) for one in patterns] != [id(one) for one in self.numbers.records]:
            self.numbers.replace(patterns)

    def _selection_of(self, finding: Finding) -> Selection:
        chosen = self._shown.selection
        return replace(
            chosen,
            address=finding.address or chosen.address,
            matrix=finding.matrix or chosen.matrix,
            metric=finding.metric or chosen.metric,
            vector=None,
        )

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.selected.emit(self._selection_of(self.model.findings[index.row()]))


class _FindingModel(QAbstractListModel):
    """Findings in the order of their weight."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.findings: tuple[Finding, ...] = ()

    def replace(self, findings: tuple[Finding, ...]) -> None:
        """Show other findings; nothing happens where they are the same."""
        ordered = tuple(sorted(findings, key=lambda finding: -finding.weight))
        if ordered == self.findings:
            return
        self.beginResetModel()
        self.findings = ordered
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of findings."""
        return 0 if parent.isValid() else len(self.findings)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The sentence."""
        roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        return self.findings[index.row()].sentence if role in roles else None


class _Sentences(QListView):
    """A list whose sentences wrap."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Findings")
        self.setWordWrap(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setAlternatingRowColors(True)
        self.setSpacing(2)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap anew."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def minimumSizeHint(self) -> QSize:
        """Two lines at least."""
        return QSize(120, 2 * self.fontMetrics().height() + 2 * _PADDING)


def _caption(shown: Shown) -> str:
    if shown.patterns is None:
        complete = shown.comparison is not None and shown.comparison.complete
        return (
            "Local patterns are being looked for…"
            if complete
            else "Findings follow when all blocks are compared"
        )
    if not shown.patterns.findings:
        return "Nothing stands out"
    return "Findings; a click or Enter leads to the place"


def _cell(pattern: Pattern, column: int) -> str:
    return _cells(pattern, digits=3)[column]


def _exact(pattern: Pattern, column: int) -> str:
    """All digits for the clipboard; the shares are not written as per cent there."""
    last, tenth = pattern.last_head, pattern.last_tenth
    numbers = (pattern.eta_squared, pattern.p_value, last.relative, last.z, tenth.relative, tenth.z)
    cells = (pattern.matrix.label, *map(repr, numbers), _changes(pattern))
    return cells[column]


def _cells(pattern: Pattern, *, digits: int) -> tuple[str, ...]:
    return (
        pattern.matrix.label,
        _number(pattern.eta_squared, digits=digits),
        _number(pattern.p_value, digits=digits),
        *_drop_cells(pattern.last_head),
        *_drop_cells(pattern.last_tenth),
        _changes(pattern),
    )


def _drop_cells(drop: Drop) -> tuple[str, str]:
    return percent_text(drop.relative), _number(drop.z, digits=3)


def _number(value: float, *, digits: int) -> str:
    return "–" if isnan(value) else number_text(value, digits=digits)


def _changes(pattern: Pattern) -> str:
    return ", ".join(str(place) for place in pattern.change_points) or "–"
