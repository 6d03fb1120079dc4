from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel, QLineEdit, QTreeView

from inspector.core.address import Address
from inspector.core.comparison import ComparisonSeries
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.views.model_tree import ModelTree
from inspector.views.tree_model import TreeColumn, TreeModel
from tests.synthetic import comparison, series
from tests.views.outlines import outline

SERIES = series(2)


@pytest.fixture
def tree(qtbot) -> ModelTree:
    widget = ModelTree()
    qtbot.addWidget(widget)
    widget.resize(260, 500)
    widget.show_outline(outline())
    widget.show()
    return widget


def view(tree: ModelTree) -> QTreeView:
    return tree.findChild(QTreeView)


def model(tree: ModelTree) -> TreeModel:
    return view(tree).model()


def row(tree: ModelTree, *place: int) -> QModelIndex:
    index = QModelIndex()
    for number in place:
        index = model(tree).index(number, 0, index)
    return index


def tip(tree: ModelTree, *place: int) -> str:
    return row(tree, *place).data(Qt.ItemDataRole.ToolTipRole)


def read_out(tree: ModelTree, *place: int) -> str:
    return row(tree, *place).data(Qt.ItemDataRole.AccessibleTextRole)


def search(tree: ModelTree, qtbot, text: str) -> None:
    line = tree.findChild(QLineEdit)
    line.clear()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def shown_rows(tree: ModelTree, parent: QModelIndex | None = None) -> list[str]:
    parent = parent or QModelIndex()
    found = []
    for number in range(model(tree).rowCount(parent)):
        if view(tree).isRowHidden(number, parent):
            continue
        index = model(tree).index(number, 0, parent)
        found.append(index.data())
        if view(tree).isExpanded(index):
            found += shown_rows(tree, index)
    return found


def unfolded(tree: ModelTree, *places: tuple[int, ...]) -> list[bool]:
    return [view(tree).isExpanded(row(tree, *place)) for place in places]


def test_that_the_item_model_keeps_the_rules_of_qt(qtbot):
    checked = TreeModel()
    tester = QAbstractItemModelTester(
        checked, QAbstractItemModelTester.FailureReportingMode.Warning
    )
    checked.set_outline(outline((1, 2)))
    checked.set_outline(None)
    assert tester.model() is checked


def test_that_the_rows_are_the_stages_blocks_and_heads_of_the_model(tree):
    assert model(tree).rowCount() == 4
    assert model(tree).rowCount(row(tree, 2)) == 18
    assert model(tree).rowCount(row(tree, 2, 7)) == 8
    assert model(tree).rowCount(row(tree, 2, 7, 3)) == 0
    assert row(tree, 2, 7, 3).data() == "Head 3"
    assert row(tree, 2, 7, 3).parent() == row(tree, 2, 7)
    assert row(tree, 2, 7).parent() == row(tree, 2)


def test_that_sizes_and_the_address_are_in_the_tooltip(tree):
    assert "S2 B7" in tip(tree, 2, 7)
    assert "block 11 of the whole model" in tip(tree, 2, 7)
    assert "d = 96" in tip(tree, 2, 7)
    assert "8×12" in tip(tree, 2, 7)


def test_that_a_tree_without_comparison_has_no_bars(tree):
    assert view(tree).isColumnHidden(TreeColumn.BAR)
    tree.show_series(SERIES)
    assert not view(tree).isColumnHidden(TreeColumn.BAR)
    tree.show_series(None)
    assert view(tree).isColumnHidden(TreeColumn.BAR)


def test_that_a_row_follows_metric_matrix_and_compared_model(tree):
    tree.show_series(SERIES)
    before = tip(tree, 2, 7)
    for other in (
        Selection(metric=Metric.EUCLIDEAN),
        Selection(matrix=Matrix.V),
        Selection(compared=1),
    ):
        tree.show_selection(other)
        assert tip(tree, 2, 7) != before
    tree.show_selection(Selection())
    assert tip(tree, 2, 7) == before


def test_that_a_frozen_stage_block_and_head_say_so(tree):
    tree.show_series(SERIES)
    for place in ((0,), (0, 1), (0, 1, 0)):
        assert "frozen" in read_out(tree, *place)
    assert "frozen" not in read_out(tree, 1, 0)


def test_that_choosing_a_block_and_a_head_is_told_once(tree, qtbot):
    tree.show_selection(Selection(matrix=Matrix.K, vector=5))
    with qtbot.waitSignal(tree.selection_changed) as chosen:
        view(tree).setCurrentIndex(row(tree, 2, 7))
    assert chosen.args == [Selection(address=Address(2, 7), matrix=Matrix.K)]
    view(tree).expand(row(tree, 2, 7))
    heard = []
    tree.selection_changed.connect(heard.append)
    qtbot.keyClick(view(tree), Qt.Key.Key_Down)
    assert heard == [Selection(address=Address(2, 7, 0), matrix=Matrix.K)]


def test_that_a_stage_is_no_selection(tree, qtbot):
    with qtbot.assertNotEmitted(tree.selection_changed):
        view(tree).setCurrentIndex(row(tree, 2))


def test_that_showing_a_selection_moves_there_and_says_nothing(tree, qtbot):
    with qtbot.assertNotEmitted(tree.selection_changed):
        tree.show_selection(Selection(address=Address(3, 1, 4)))
    assert view(tree).currentIndex() == row(tree, 3, 1, 4)
    assert view(tree).isExpanded(row(tree, 3, 1))
    assert view(tree).visualRect(row(tree, 3, 1, 4)).intersects(view(tree).viewport().rect())


def test_that_partial_results_move_nothing(tree):
    full = SERIES.comparisons[0]
    part = replace(full, blocks=full.blocks[:9], complete=False)
    tree.show_series(ComparisonSeries((part,)))
    assert "…" in read_out(tree, 2, 17)
    assert "still being compared" in tip(tree, 2, 17)
    view(tree).expand(row(tree, 2, 3))
    view(tree).collapse(row(tree, 1))
    view(tree).setCurrentIndex(row(tree, 2, 3, 5))
    view(tree).verticalScrollBar().setValue(6)
    before = view(tree).verticalScrollBar().value()
    tree.show_series(SERIES)
    assert unfolded(tree, (2, 3), (1,), (2,)) == [True, False, True]
    assert view(tree).currentIndex() == row(tree, 2, 3, 5)
    assert view(tree).verticalScrollBar().value() == before
    assert "…" not in read_out(tree, 2, 17)


def test_that_the_same_model_opened_again_keeps_what_is_unfolded(tree):
    view(tree).expand(row(tree, 2, 3))
    tree.show_outline(outline())
    assert unfolded(tree, (2, 3)) == [True]
    tree.show_outline(outline((2, 2, 6, 2)))
    assert unfolded(tree, (2, 3)) == [False]


def test_that_a_new_metric_does_not_drag_the_user_back_from_a_stage(tree):
    tree.show_selection(Selection(address=Address(2, 3)))
    view(tree).setCurrentIndex(row(tree, 3))
    tree.show_selection(Selection(address=Address(2, 3), metric=Metric.MSE))
    assert view(tree).currentIndex() == row(tree, 3)


@pytest.mark.parametrize("text", ["S2B7H3", "s2 b7 h3", "s2.b7.h3"])
def test_that_an_address_in_the_search_jumps_there(tree, qtbot, text):
    with qtbot.waitSignal(tree.selection_changed) as chosen:
        search(tree, qtbot, text)
    assert chosen.args[0].address == Address(2, 7, 3)
    assert len(shown_rows(tree)) > 24


def test_that_an_address_is_jumped_to_after_a_pause_without_enter(tree, qtbot):
    with qtbot.waitSignal(tree.selection_changed, timeout=2000) as chosen:
        qtbot.keyClicks(tree.findChild(QLineEdit), "b1.h1")
    assert chosen.args[0].address == Address(0, 1, 1)


def test_that_an_address_outside_the_model_is_explained(tree, qtbot):
    with qtbot.assertNotEmitted(tree.selection_changed):
        search(tree, qtbot, "s0b7")
    said = [label.text() for label in tree.findChildren(QLabel) if label.isVisible()]
    assert any("stage 0 has 2 block(s)" in text for text in said)


def test_that_words_filter_the_rows_and_clearing_brings_all_back(tree, qtbot):
    tree.show_series(SERIES)
    view(tree).collapse(row(tree, 3))
    before = shown_rows(tree)
    search(tree, qtbot, "frozen")
    assert shown_rows(tree) == ["Stage 0", "Block 0", "Block 1"]
    search(tree, qtbot, "stage 3")
    assert [name for name in shown_rows(tree) if name.startswith("Stage")] == ["Stage 3"]
    qtbot.keyClick(tree.findChild(QLineEdit), Qt.Key.Key_Escape)
    assert shown_rows(tree) == before


def test_that_looking_for_a_head_unfolds_the_blocks_that_have_it(tree, qtbot):
    search(tree, qtbot, "head 7")
    assert shown_rows(tree)[:3] == ["Stage 2", "Block 0", "Head 7"]
    assert "Stage 1" not in shown_rows(tree)
    qtbot.keyClick(tree.findChild(QLineEdit), Qt.Key.Key_Escape)
    assert "Head 7" not in shown_rows(tree)


def test_that_a_number_in_the_search_is_a_whole_number(tree, qtbot):
    search(tree, qtbot, "block 1")
    assert "Block 1" in shown_rows(tree)
    assert "Block 12" not in shown_rows(tree)


def test_that_a_search_without_result_says_so(tree, qtbot):
    search(tree, qtbot, "decoder")
    assert shown_rows(tree) == []
    said = [label.text() for label in tree.findChildren(QLabel) if label.isVisible()]
    assert any(text.startswith("Nothing matches") for text in said)


def test_that_the_filter_holds_for_results_that_arrive_later(tree, qtbot):
    search(tree, qtbot, "frozen")
    assert shown_rows(tree) == []
    tree.show_series(SERIES)
    assert shown_rows(tree) == ["Stage 0", "Block 0", "Block 1"]


def test_that_the_search_is_reached_and_left_with_keys(tree, qtbot):
    tree.focus_search()
    line = tree.findChild(QLineEdit)
    assert line.hasFocus()
    qtbot.keyClick(line, Qt.Key.Key_Down)
    assert view(tree).hasFocus()


def test_that_the_address_is_copied(tree, qtbot):
    view(tree).setCurrentIndex(row(tree, 2, 7))
    copy, unfold, fold = view(tree).actions()
    copy.trigger()
    assert QGuiApplication.clipboard().text() == "S2 B7"
    unfold.trigger()
    assert unfolded(tree, (2, 7)) == [True]
    fold.trigger()
    assert unfolded(tree, (2,)) == [False]


def test_that_a_shorter_series_shows_the_nearest_compared_model(tree):
    tree.show_series(SERIES)
    tree.show_selection(Selection(compared=1))
    tree.show_series(ComparisonSeries((comparison(),)))
    assert "relative distance" in tip(tree, 2, 7).lower()


def test_that_closing_the_model_empties_the_tree(tree):
    tree.show_series(SERIES)
    tree.show_selection(Selection(address=Address(2, 7)))
    tree.show_series(None)
    tree.show_outline(None)
    assert model(tree).rowCount() == 0
    assert view(tree).selectionModel().selectedRows() == []
