"""The tree of the reference model with a bar of the current metric in every row."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from inspector.core.comparison import Comparison, ComparisonSeries
from inspector.core.errors import BadRequest
from inspector.core.outline import ModelOutline
from inspector.core.selection import Selection
from inspector.views.elided_label import ElidedLabel
from inspector.views.icons import icon
from inspector.views.tree_delegate import TreeDelegate
from inspector.views.tree_model import TreeColumn, TreeModel, TreeRole
from inspector.views.tree_rows import TreeRows
from inspector.views.tree_search import as_address, is_in, normalised

_PAUSE_MS = 300
_INDENT = 14
_NOTHING = "Nothing matches. Look for a stage, a block, “frozen”, or jump with S2B7H3."


class ModelTree(QWidget):
    """Stages, blocks and heads; `selection_changed` says which block or head the user chose.

    Partial results may be shown as often as they come: nothing that is unfolded, selected or
    scrolled to moves.
    """

    selection_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._outline: ModelOutline | None = None
        self._series: ComparisonSeries | None = None
        self._selection = Selection()
        self._showing = False
        self._unfolded_before: list[QModelIndex] | None = None
        self._model = TreeModel(self)
        self._delegate = TreeDelegate(self)
        self._search = _SearchLine()
        self._hint = QLabel()
        self._caption = ElidedLabel(role=QPalette.ColorRole.PlaceholderText)
        self._limits = ElidedLabel(role=QPalette.ColorRole.PlaceholderText)
        self._view = QTreeView()
        self._pause = QTimer(self)
        self._place()
        self._connect()

    def show_outline(self, outline: ModelOutline | None) -> None:
        """Show a model; one of the same shape keeps what is unfolded."""
        same = _shape(outline) == _shape(self._outline)
        self._outline = outline
        if same and outline is not None:
            self._show_rows()
            return
        self._quietly_reset()
        self._show_rows()
        self._move_to_selection()

    def show_series(self, series: ComparisonSeries | None) -> None:
        """Show numbers, complete or not; None where there is nothing to compare."""
        self._series = series
        self._show_rows()

    def show_selection(self, selection: Selection) -> None:
        """Show the selected block or head, and the bars of the selected metric and matrix."""
        before, self._selection = self._selection, selection
        if _number_keys(selection) != _number_keys(before):
            self._show_rows()
        if selection.address != before.address:
            self._move_to_selection()

    def focus_search(self) -> None:
        """Put the cursor into the search line, what is in it selected."""
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def _place(self) -> None:
        self._prepare_view()
        self._hint.setWordWrap(True)
        self._hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._hint.hide()
        above = QHBoxLayout()
        above.setContentsMargins(4, 0, 8, 0)
        above.addWidget(self._caption, 1)
        above.addWidget(self._limits)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addWidget(self._search)
        column.addWidget(self._hint)
        column.addLayout(above)
        column.addWidget(self._view, 1)
        self._show_rows()

    def _prepare_view(self) -> None:
        view = self._view
        view.setModel(self._model)
        view.setItemDelegate(self._delegate)
        view.setUniformRowHeights(True)
        view.setAllColumnsShowFocus(True)
        view.setIndentation(_INDENT)
        view.setAccessibleName("Model tree")
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        header = view.header()
        header.hide()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(TreeColumn.NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(TreeColumn.BAR, QHeaderView.ResizeMode.Fixed)
        width = self._delegate.bar_column_width(view.fontMetrics())
        header.resizeSection(TreeColumn.BAR, width)

    def _connect(self) -> None:
        self._view.selectionModel().currentChanged.connect(self._on_current_changed)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._apply_search)
        self._search.textEdited.connect(self._on_text_edited)
        self._search.returnPressed.connect(self._on_return_pressed)
        self._search.left.connect(self._view.setFocus)
        self._search.cleared.connect(self._apply_search)
        copy = QAction("&Copy address", self._view)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self._on_copy_asked)
        unfold = QAction("&Expand all", self._view)
        unfold.triggered.connect(self._view.expandAll)
        fold = QAction("C&ollapse all", self._view)
        fold.triggered.connect(self._view.collapseAll)
        self._view.addActions([copy, unfold, fold])

    @property
    def _comparison(self) -> Comparison | None:
        if self._series is None:
            return None
        last = len(self._series.comparisons) - 1
        return self._series.comparisons[max(0, min(self._selection.compared, last))]

    def _quietly_reset(self) -> None:
        self._showing = True
        self._unfolded_before = None
        self._model.set_outline(self._outline)
        for stage in range(self._model.rowCount()):
            self._view.expand(self._model.stage_index(stage))
        self._showing = False

    def _show_rows(self) -> None:
        comparison, rows = self._comparison, None
        if self._outline is not None:
            chosen = self._selection
            rows = TreeRows(self._outline, comparison, metric=chosen.metric, matrix=chosen.matrix)
        self._delegate.matrix = self._selection.matrix
        self._model.set_rows(rows)
        self._view.setColumnHidden(TreeColumn.BAR, comparison is None)
        self._caption.setText(rows.caption if rows else "")
        self._limits.setText(rows.range_text if rows else "")
        self._caption.setVisible(comparison is not None)
        self._limits.setVisible(comparison is not None)
        if self._filtering:
            self._filter()

    def _move_to_selection(self) -> None:
        address = self._selection.address
        self._showing = True
        index = self._model.index_of(address) if address else QModelIndex()
        self._view.setCurrentIndex(index)
        if index.isValid():
            self._view.scrollTo(index)
        else:
            self._view.clearSelection()
        self._showing = False

    @property
    def _filtering(self) -> bool:
        text = normalised(self._search.text())
        return bool(text) and as_address(text) is None

    def _apply_search(self) -> None:
        self._pause.stop()
        self._say("")
        self._filter()
        address = as_address(self._search.text())
        if address is None or self._outline is None:
            return
        try:
            self._outline.block(address)
        except BadRequest as error:
            self._say(error.message)
            return
        self._view.setCurrentIndex(self._model.index_of(address))

    def _filter(self) -> None:
        """Hide what does not match; unfold what leads to a match, and fold it again at the end."""
        wanted = normalised(self._search.text()) if self._filtering else ""
        if wanted and self._unfolded_before is None:
            self._unfolded_before = [i for i in self._parents() if self._view.isExpanded(i)]
        found = self._show_matching(QModelIndex(), wanted, above=not wanted)
        if wanted:
            self._say("" if found else _NOTHING)
        elif self._unfolded_before is not None:
            for index in self._parents():
                self._view.setExpanded(index, index in self._unfolded_before)
            self._unfolded_before = None
            self._move_to_selection()

    def _show_matching(self, parent: QModelIndex, wanted: str, *, above: bool) -> bool:
        """Show the rows below `parent` that match, or whose parent did; whether any matched."""
        found = False
        for row in range(self._model.rowCount(parent)):
            index = self._model.index(row, 0, parent)
            itself = above or is_in(wanted, str(index.data(TreeRole.WORDS)))
            below = self._show_matching(index, wanted, above=itself)
            self._view.setRowHidden(row, parent, not (itself or below))
            if wanted and below and not itself:
                self._view.expand(index)
            found = found or itself or below
        return found

    def _parents(self) -> list[QModelIndex]:
        stages = [self._model.stage_index(n) for n in range(self._model.rowCount())]
        blocks = [
            self._model.index(n, 0, stage)
            for stage in stages
            for n in range(self._model.rowCount(stage))
        ]
        return stages + blocks

    def _say(self, text: str) -> None:
        self._hint.setText(text)
        self._hint.setVisible(bool(text))

    def _on_current_changed(self, current: QModelIndex, previous: QModelIndex) -> None:
        address = self._model.address_of(current)
        if self._showing or address is None or address == self._selection.address:
            return
        self._selection = replace(self._selection, address=address, vector=None)
        self.selection_changed.emit(self._selection)

    def _on_text_edited(self, text: str) -> None:
        if text:
            self._pause.start()
        else:
            self._apply_search()

    def _on_return_pressed(self) -> None:
        self._apply_search()
        if not self._hint.isVisible():
            self._view.setFocus()

    def _on_copy_asked(self) -> None:
        index = self._view.currentIndex()
        address = self._model.address_of(index)
        text = str(address) if address else str(index.siblingAtColumn(0).data() or "")
        QGuiApplication.clipboard().setText(text)


class _SearchLine(QLineEdit):
    """Esc clears, Down leaves to the tree."""

    left = Signal()
    cleared = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Search, or jump: S2B7H3")
        self.setAccessibleName("Search the model tree")
        self.setClearButtonEnabled(True)
        drawn = icon("search", self.palette())
        self._lens = self.addAction(drawn, QLineEdit.ActionPosition.LeadingPosition)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            self.cleared.emit()
        elif event.key() == Qt.Key.Key_Down:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._lens.setIcon(icon("search", self.palette()))


def _shape(outline: ModelOutline | None) -> tuple[tuple[int, ...], ...]:
    """Heads of every block of every stage: what decides which rows there are."""
    stages = outline.stages if outline else ()
    return tuple(tuple(block.num_heads for block in stage.blocks) for stage in stages)


def _number_keys(selection: Selection) -> tuple[object, ...]:
    return selection.metric, selection.matrix, selection.compared
