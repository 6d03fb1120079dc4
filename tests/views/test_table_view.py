from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from inspector.core.address import Address
from inspector.core.comparison import ComparisonSeries
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.views.shown import Shown
from inspector.views.table_rows import COLUMNS, rows_of, sorted_rows
from inspector.views.table_view import TableView
from tests.synthetic import comparison, series

MEDIAN, DIRECTION = 3, 8


@pytest.fixture
def view(qtbot):
    view = TableView()
    qtbot.addWidget(view)
    view.resize(780, 400)
    with qtbot.waitExposed(view):
        view.show()
    return view


def means(view) -> list[float]:
    return [row.summary.mean for row in view.model.records]


def click_header(qtbot, view, column: int) -> None:
    header = view.table.horizontalHeader()
    place = header.rect().center()
    place.setX(header.sectionViewportPosition(column) + 12)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_that_the_most_changed_matrix_comes_first(view):
    view.draw(Shown(series(1)))
    assert len(means(view)) == 72
    assert means(view) == sorted(means(view), reverse=True)
    assert means(view)[0] > 0


def test_that_a_metric_that_is_no_distance_is_ordered_by_relative_distance(view):
    view.draw(Shown(series(1), selection=Selection(metric=Metric.DOT)))
    relative = [row.relative for row in view.model.records]
    assert relative == sorted(relative, reverse=True)
    assert means(view) != sorted(means(view), reverse=True)


def test_that_the_largest_value_stands_beside_its_vector(view):
    whole = Shown(series(1))
    view.draw(whole)
    row = view.model.records[0]
    values = whole.comparison.by_address[row.address].matrix(row.matrix)[whole.metric]
    assert row.largest == values.max()
    assert values[row.vector] == values.max()


def test_that_a_click_on_a_title_sorts_and_a_second_one_turns_round(qtbot, view):
    view.draw(Shown(series(1)))
    click_header(qtbot, view, MEDIAN)
    medians = [row.summary.median for row in view.model.records]
    assert medians == sorted(medians, reverse=True)
    click_header(qtbot, view, MEDIAN)
    assert [row.summary.median for row in view.model.records] == medians[::-1]


def test_that_the_chosen_order_stays_with_another_metric(qtbot, view):
    view.draw(Shown(series(1)))
    click_header(qtbot, view, 0)
    view.draw(Shown(series(1), selection=Selection(metric=Metric.MSE)))
    assert [row.index for row in view.model.records[:6]] == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("descending", [True, False])
def test_that_rows_without_a_number_come_last_either_way(descending):
    rows = rows_of(comparison(), Metric.MSE)
    ordered = sorted_rows(rows, COLUMNS[DIRECTION], descending=descending)
    undefined = [np.isnan(row.direction) for row in ordered]
    assert undefined == [False] * 66 + [True] * 6


def test_that_choosing_a_row_selects_block_and_matrix(qtbot, view):
    view.draw(Shown(series(1), selection=Selection(metric=Metric.MSE)))
    row = view.model.records[4]
    with qtbot.waitSignal(view.selected) as caught:
        view.table.selectRow(4)
    assert caught.args == [Selection(row.address, row.matrix, Metric.MSE)]


def test_that_a_selection_from_elsewhere_becomes_the_current_row_in_silence(qtbot, view):
    whole = Shown(series(1))
    view.draw(whole)
    chosen = Selection(Address(2, 7, 1), Matrix.V)
    with qtbot.assertNotEmitted(view.selected):
        view.draw(replace(whole, selection=chosen))
    row = view.model.records[view.table.currentIndex().row()]
    assert (row.address, row.matrix) == (Address(2, 7), Matrix.V)
    assert len(view.table.selectionModel().selectedRows()) == 1


def test_that_sorting_keeps_the_selected_row_selected(qtbot, view):
    view.draw(Shown(series(1), selection=Selection(Address(2, 7), Matrix.V)))
    with qtbot.assertNotEmitted(view.selected):
        click_header(qtbot, view, 0)
    row = view.model.records[view.table.currentIndex().row()]
    assert (row.address, row.matrix) == (Address(2, 7), Matrix.V)


def test_that_copied_rows_have_titles_tabs_and_all_digits(qtbot, view):
    whole = Shown(series(1))
    view.draw(whole)
    view.table.selectRow(0)
    qtbot.keyClick(view.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    titles, cells = (
        line.split("\t") for line in QGuiApplication.clipboard().text().strip("\n").split("\n")
    )
    assert titles == [column.title for column in COLUMNS]
    row = view.model.records[0]
    assert cells[:2] == [str(row.address), row.matrix.label]
    assert float(cells[2]) == row.summary.mean


def test_that_frozen_matrices_are_said_to_be_frozen(view):
    view.draw(Shown(ComparisonSeries((comparison(),))))
    frozen = [row for row in range(72) if view.model.index(row, 9).data() == "frozen"]
    assert {view.model.records[row].address.stage for row in frozen} == {0}
    assert len(frozen) == 6


def test_that_nothing_to_compare_is_an_empty_table(view):
    view.draw(Shown(series(1)))
    view.draw(Shown())
    assert view.model.rowCount() == 0
