from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFont

from inspector.core.address import Address
from inspector.core.comparison import ComparisonSeries
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.views.lines_view import LinesView, line_range
from inspector.views.shown import Shown, ViewOptions
from inspector.views.theme import LIGHT
from inspector.views.wording import number_text
from tests.synthetic import comparison, series

BY_MODEL = ViewOptions(lines="series")


@pytest.fixture
def view(qtbot):
    view = LinesView()
    qtbot.addWidget(view)
    view.apply_theme(LIGHT, QFont())
    view.resize(780, 180)
    with qtbot.waitExposed(view):
        view.show()
    return view


def place_of(view, column: int) -> QPoint:
    box = view._plot.getViewBox()
    middle = sum(box.viewRange()[1]) / 2
    return view.frame.mapFromScene(box.mapViewToScene(QPointF(column, middle)))


def seen(view) -> list:
    return [curve for curve in view._curves if curve.isVisible()]


def test_that_the_lines_are_the_means_of_query_key_and_value(view):
    whole = Shown(series(1))
    view.draw(whole)
    for curve, matrix in zip(seen(view), Matrix, strict=True):
        means = [
            block.matrix(matrix)[Metric.RELATIVE_DISTANCE].mean()
            for block in whole.comparison.blocks
        ]
        assert np.allclose(curve.getData()[1], means, rtol=1e-12)


def test_that_a_series_has_one_line_for_each_model(view):
    whole = Shown(series(4), selection=Selection(matrix=Matrix.V), options=BY_MODEL)
    view.draw(whole)
    assert len(seen(view)) == 4
    last = [
        block.matrix(Matrix.V)[Metric.RELATIVE_DISTANCE].mean()
        for block in whole.series.comparisons[3].blocks
    ]
    assert np.allclose(seen(view)[3].getData()[1], last, rtol=1e-12)
    view.draw(Shown(series(1)))
    assert len(seen(view)) == 3


def test_that_a_click_selects_the_block_and_keeps_the_matrix(qtbot, view):
    view.draw(Shown(series(1), selection=Selection(Address(0, 0), Matrix.K, vector=3)))
    with qtbot.waitSignal(view.selected) as caught:
        qtbot.mouseClick(view.frame.viewport(), Qt.MouseButton.LeftButton, pos=place_of(view, 22))
    assert caught.args == [Selection(Address(3, 0), Matrix.K)]


def test_that_the_mouse_reads_out_mean_and_spread(qtbot, view):
    whole = Shown(series(1))
    view.draw(whole)
    with qtbot.waitSignal(view.hovered) as caught:
        qtbot.mouseMove(view.frame.viewport(), place_of(view, 4) + QPoint(3, 0))
        qtbot.mouseMove(view.frame.viewport(), place_of(view, 4))
    values = whole.comparison.blocks[4].matrix(Matrix.K)[Metric.RELATIVE_DISTANCE]
    expected = f"Key {number_text(values.mean(), digits=6)} ± {number_text(values.std(), digits=3)}"
    assert caught.args[0].startswith("S2 B0")
    assert expected in caught.args[0]


def test_that_the_band_can_be_left_out(view):
    view.draw(Shown(series(1)))
    assert all(band.isVisible() for band in view._bands)
    view.draw(Shown(series(1), options=ViewOptions(spread=False)))
    assert not any(band.isVisible() for band in view._bands)
    assert "±" not in view.text_at(3)


def test_that_blocks_to_come_break_off_the_line(view):
    whole = comparison()
    part = replace(whole, blocks=whole.blocks[:4], complete=False)
    view.draw(Shown(ComparisonSeries((part,))))
    y = seen(view)[0].getData()[1]
    assert np.isfinite(y[:4]).all()
    assert np.isnan(y[4:]).all()
    assert view.text_at(9) == "S2 B5 · still to come"


def test_that_shared_limits_do_not_move_with_the_slider(view):
    whole = Shown(series(3))
    ranges = []
    for compared in range(3):
        view.draw(replace(whole, selection=Selection(compared=compared)))
        ranges.append(view._plot.getViewBox().viewRange()[1])
    assert ranges[0] == ranges[1] == ranges[2]
    view.draw(replace(whole, options=ViewOptions(shared_limits=False)))
    assert view._plot.getViewBox().viewRange()[1] != ranges[0]


def test_that_the_axis_of_a_distance_starts_at_zero_and_of_a_norm_does_not():
    line = [np.array([3.0, 4.0, np.nan])]
    assert line_range(line, Metric.EUCLIDEAN)[0] == 0.0
    assert 2.5 < line_range(line, Metric.NORM_A)[0] < 3.0


def test_that_lines_without_values_still_have_an_axis():
    assert line_range([np.array([np.nan])], Metric.MSE) == (0.0, 1.0)
    low, high = line_range([np.array([2.0, 2.0])], Metric.DOT)
    assert low < 2.0 < high
