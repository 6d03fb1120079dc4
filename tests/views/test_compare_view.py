from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QPushButton

from inspector.core.address import Address
from inspector.core.comparison import ComparisonSeries, Patterns
from inspector.core.figures import FigureKind
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.views.compare_view import CompareView
from inspector.views.heat_map_view import HeatMapView
from inspector.views.shown import ViewOptions
from inspector.views.theme import DARK, LIGHT
from tests.synthetic import comparison, matrix_comparison, series


@pytest.fixture
def view(qtbot):
    view = CompareView()
    qtbot.addWidget(view)
    view.resize(780, 740)
    view.show_series(series(3))
    with qtbot.waitExposed(view):
        view.show()
    return view


def unrelated() -> ComparisonSeries:
    random = np.random.default_rng(3)
    block = comparison().blocks[2]
    matrices = tuple(
        matrix_comparison(random.normal(size=(48, 48)), random.normal(size=(48, 48)), matrix, 4)
        for matrix in Matrix
    )
    return ComparisonSeries((replace(comparison(), blocks=(replace(block, matrices=matrices),)),))


def test_that_setters_never_emit(qtbot, view):
    seen = []
    for signal in (view.selection_changed, view.options_changed, view.axis_chosen):
        signal.connect(seen.append)
    for page in range(view.tabs.count()):
        view.tabs.setCurrentIndex(page)
        view.show_selection(Selection(Address(2, page), Matrix.K, Metric.MSE, page % 3, 4))
        view.show_patterns(Patterns())
        view.show_options(ViewOptions("heads", "series"))
        view.show_series(series(2))
    view.show_series(None)
    assert seen == []


def test_that_without_a_series_the_view_says_what_to_do(qtbot, view):
    view.show_series(None)
    label = view._pages.currentWidget()
    assert "Open a second checkpoint to compare" in label.text()


def test_that_a_click_in_the_heat_map_shows_and_announces_the_block(qtbot, view):
    place = view.heat_map.place_of_cell(1, 9).toPoint()
    with qtbot.waitSignal(view.selection_changed) as caught:
        qtbot.mouseClick(view.heat_map.frame.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert caught.args == [Selection(Address(2, 5), Matrix.K)]
    assert view.block.title.text() == "Stage 2, Block 5: Metrics Comparison"


def test_that_one_selection_reaches_a_tab_that_was_hidden(view):
    view.show_selection(Selection(Address(2, 7), Matrix.V))
    view.tabs.setCurrentWidget(view.table)
    row = view.table.model.records[view.table.table.currentIndex().row()]
    assert (row.address, row.matrix) == (Address(2, 7), Matrix.V)


def test_that_the_slider_drives_the_compared_model(qtbot, view):
    with qtbot.waitSignal(view.selection_changed) as caught:
        qtbot.keyClick(view.series_bar.slider, Qt.Key.Key_End)
    assert caught.args[0].compared == 2
    assert "epoch_3.pth" in view.title.text()


def test_that_page_keys_walk_over_the_stages_and_hold_at_the_ends(qtbot, view):
    view.show_selection(Selection(Address(0, 1)))
    with qtbot.waitSignal(view.selection_changed) as caught:
        qtbot.keyClick(view, Qt.Key.Key_PageDown)
    assert caught.args[0].address == Address(1, 0)
    view.show_selection(Selection(Address(3, 1)))
    with qtbot.assertNotEmitted(view.selection_changed):
        view.step_block(1)


def test_that_brackets_walk_through_the_heads_and_round_to_the_block(qtbot, view):
    view.show_selection(Selection(Address(0, 0)))
    seen = []
    view.selection_changed.connect(lambda chosen: seen.append(chosen.address.head))
    for _ in range(3):
        qtbot.keyClick(view, Qt.Key.Key_BracketRight)
    qtbot.keyClick(view, Qt.Key.Key_BracketLeft)
    assert seen == [0, 1, None, 1]


def test_that_the_next_model_after_the_last_is_the_first(qtbot, view):
    view.show_selection(Selection(compared=2))
    with qtbot.waitSignal(view.selection_changed) as caught:
        view.next_compared(1)
    assert caught.args[0].compared == 0


def test_that_details_lead_to_the_matching_report(qtbot, view):
    assert view.left_out.text == "1 tensor only in A, 1 shape differs"
    with qtbot.waitSignal(view.opened_details):
        qtbot.mouseClick(view.left_out.findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert view.tabs.currentWidget() is view.matching


def test_that_a_strip_put_away_stays_away_until_it_has_something_else_to_say(view):
    view.left_out.hide()
    view.left_out.closed.emit()
    view.show_selection(Selection(Address(1, 0)))
    assert view.left_out.isHidden()
    whole = comparison()
    skipped = replace(whole, skipped=((Address(0, 0), "another shape"),))
    view.show_series(ComparisonSeries((skipped,)))
    assert not view.left_out.isHidden()


def test_that_unrelated_models_are_warned_of_and_led_to_what_holds(qtbot, view):
    assert view.unrelated.isHidden()
    view.show_series(unrelated())
    assert not view.unrelated.isHidden()
    qtbot.mouseClick(view.unrelated.findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert view.tabs.currentWidget() is view.invariant
    assert view.current_figure_kind() is FigureKind.INVARIANT


def test_that_the_axis_in_the_title_asks_for_the_other_one(qtbot, view):
    with qtbot.waitSignal(view.axis_chosen) as caught:
        view.title.linkActivated.emit("axis")
    assert caught.args == ["in"]


def test_that_the_switches_change_the_options(qtbot, view):
    with qtbot.waitSignal(view.options_changed) as caught:
        qtbot.mouseClick(view.heat_map._switch.button("heads"), Qt.MouseButton.LeftButton)
    assert caught.args == [ViewOptions(rows="heads")]
    with qtbot.waitSignal(view.options_changed) as caught:
        qtbot.mouseClick(view.lines._switch.button("series"), Qt.MouseButton.LeftButton)
    assert caught.args == [ViewOptions(rows="heads", lines="series")]


def test_that_the_figure_is_that_of_the_part_with_the_focus(qtbot, view):
    view.activateWindow()
    expected = (
        (view.lines.frame, ViewOptions(), FigureKind.LINES, view.lines),
        (view.lines.frame, ViewOptions(lines="series"), FigureKind.SERIES, view.lines),
        (view.heat_map.frame, ViewOptions(), FigureKind.HEAT_MAP, view.heat_map),
        (view.heat_map.frame, ViewOptions(rows="heads"), FigureKind.HEAD_MAP, view.heat_map),
        (view.block.vectors.frame, ViewOptions(), FigureKind.VECTORS, view.block),
    )
    view.show_selection(Selection(Address(0, 0)))
    for frame, options, kind, widget in expected:
        view.show_options(options)
        frame.setFocus()
        qtbot.waitUntil(frame.hasFocus)
        assert view.current_figure_kind() is kind
        assert view.view_widget() is widget


def test_that_a_table_is_exported_as_the_heat_map_it_lists(view):
    view.tabs.setCurrentWidget(view.table)
    assert view.current_figure_kind() is FigureKind.HEAT_MAP
    assert view.view_widget() is view.table


def test_that_partial_results_can_arrive_block_by_block(view):
    whole = comparison()
    for count in (0, 1, 13, 24):
        done = count == len(whole.blocks)
        part = replace(whole, blocks=whole.blocks[:count], complete=done)
        view.show_series(ComparisonSeries((part,)))
        for page in range(view.tabs.count()):
            view.tabs.setCurrentIndex(page)
        assert not view.trouble.isVisible()
    assert "24 blocks" in view.title.text()


def test_that_a_part_that_cannot_be_drawn_says_so_and_the_rest_is_shown(view, monkeypatch):
    def fail(_self, _shown) -> None:
        raise ValueError("no such row")

    monkeypatch.setattr(HeatMapView, "draw", fail)
    view.show_selection(Selection(Address(2, 5)))
    assert view.trouble.text == "This cannot be drawn: no such row"
    assert view.block.title.text() == "Stage 2, Block 5: Metrics Comparison"


def test_that_the_plots_follow_a_change_of_the_palette(view):
    assert view.heat_map.frame.backgroundBrush().color().name() == LIGHT.surface
    dark = QPalette(view.palette())
    dark.setColor(QPalette.ColorRole.Window, QColor("#202020"))
    dark.setColor(QPalette.ColorRole.WindowText, QColor("#ffffff"))
    view.setPalette(dark)
    for frame in (view.heat_map.frame, view.lines.frame, view.block.vectors.frame):
        assert frame.backgroundBrush().color().name() == DARK.surface
    legend = [line.colour.name() for line in view.lines._lines]
    assert legend == [DARK.line(matrix).name() for matrix in Matrix]


@pytest.mark.parametrize("width", [500, 780, 1400])
def test_that_nothing_needs_more_width_than_there_is(qtbot, view, width):
    view.resize(width, 740)
    assert view.minimumSizeHint().width() <= 500
    assert view.width() == width


def test_that_no_two_mnemonics_are_the_same(view):
    pages = [view.tabs.tabText(page) for page in range(view.tabs.count())]
    texts = [*pages, view.block.relative.text(), view.block.norms.text()]
    letters = [text.split("&")[1][0].lower() for text in texts]
    panel = "mdowulsp"
    assert len({*letters, *panel}) == len(letters) + len(panel)


def test_that_all_that_can_be_used_has_a_name(view):
    usable = (view.heat_map.frame, view.lines.frame, view.block.vectors.frame)
    tables = (view.table.table, view.findings.list, view.matching.table, view.matching.filter)
    for widget in (*usable, *tables, view.series_bar.slider, view.invariant.frame):
        assert widget.accessibleName()


def test_that_the_link_to_the_axis_can_be_read_after_a_change_of_the_theme(qtbot, view):
    palette = view.palette()
    palette.setColor(QPalette.ColorRole.Link, QColor("#7db3ff"))
    view.setPalette(palette)
    assert "#7db3ff" in view.title.text()
