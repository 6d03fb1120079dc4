from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFont

from inspector.core.address import Address
from inspector.core.comparison import ComparisonSeries
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.render.panels import vector_layout
from inspector.views.block_view import BlockView
from inspector.views.shown import Shown
from inspector.views.theme import LIGHT
from inspector.views.value_axis import ValueAxis
from inspector.views.vector_axis import VectorAxis, nice_step
from inspector.views.vector_panel import panel_limits
from inspector.views.wording import number_text
from tests.synthetic import comparison, series

HERE = Address(2, 7)


@pytest.fixture
def view(qtbot):
    view = BlockView()
    qtbot.addWidget(view)
    view.apply_theme(LIGHT, QFont())
    view.resize(780, 460)
    with qtbot.waitExposed(view):
        view.show()
    return view


def shown(**selection) -> Shown:
    return Shown(series(1), None, Selection(**{"address": HERE, **selection}))


def test_that_the_title_is_that_of_the_poster(view):
    view.draw(shown())
    assert view.title.text() == "Stage 2, Block 7: Metrics Comparison"


def test_that_four_panels_are_shown_and_the_others_on_request(view):
    view.draw(shown())
    panels = view.vectors.panels
    seen = [panel.metrics[0] for panel in panels if panel.plot.isVisible()]
    assert seen == [Metric.COSINE_DISTANCE, Metric.EUCLIDEAN, Metric.MSE, Metric.DOT]
    view.norms.setChecked(True)
    view.relative.setChecked(True)
    seen = {metric for p in panels if p.plot.isVisible() for metric in p.metrics}
    assert seen == set(Metric)


def test_that_every_vector_is_drawn_at_its_place(view):
    whole = shown()
    view.draw(whole)
    for panel in view.vectors.panels[:4]:
        for place, found in enumerate(whole.block.matrices):
            x, y = panel._curves[panel.metrics[0], found.matrix].getData()
            assert np.array_equal(x, place * found.count + np.arange(found.count))
            assert np.array_equal(y, found[panel.metrics[0]])


def test_that_panels_opened_later_show_the_block_that_is_drawn(view):
    whole = shown()
    view.draw(whole)
    view.norms.setChecked(True)
    found = whole.block.matrices[2]
    norms = view.vectors.panels[-1]
    assert np.array_equal(norms._curves[Metric.NORM_A, Matrix.V].getData()[1], found[Metric.NORM_A])


def test_that_a_click_selects_the_vector_inside_its_matrix(qtbot, view):
    view.draw(shown())
    place = view.vectors.place_of_vector(Matrix.K, 33, panel=2).toPoint()
    with qtbot.waitSignal(view.selected) as caught:
        qtbot.mouseClick(view.vectors.frame.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert caught.args[0].matrix is Matrix.K
    assert abs(caught.args[0].vector - 33) <= 1
    assert caught.args[0].address == HERE


def test_that_the_mouse_reads_out_the_exact_values_in_every_panel(qtbot, view):
    whole = shown()
    view.draw(whole)
    place = view.vectors.place_of_vector(Matrix.V, 50).toPoint()
    texts = []
    view.hovered.connect(texts.append)
    for point in (place + QPoint(40, 0), place):
        before = len(texts)
        qtbot.mouseMove(view.vectors.frame.viewport(), point)
        qtbot.waitUntil(lambda before=before: len(texts) > before)
    text = texts[-1]
    vector = int(text.split("vector ")[1].split(" ")[0])
    found = whole.block.matrix(Matrix.V)
    assert abs(vector - 50) <= 1
    assert f"S2 B7 · Value · vector {vector} · head {found.head_of[vector]}" in text
    for panel in view.vectors.panels[:4]:
        value = number_text(float(found[panel.metrics[0]][vector]), digits=6)
        assert panel.read_out == value
        assert value in text


def test_that_the_selected_vector_is_read_out_when_the_mouse_has_left(qtbot, view):
    whole = shown(matrix=Matrix.Q, vector=5)
    view.draw(whole)
    value = number_text(float(whole.block.matrices[0][Metric.DOT][5]), digits=6)
    view.vectors.frame.left.emit()
    assert view.vectors.panels[3].read_out == value


def test_that_the_arrow_keys_walk_from_query_into_key(qtbot, view):
    view.draw(shown(matrix=Matrix.Q, vector=95))
    with qtbot.waitSignal(view.selected) as caught:
        qtbot.keyClick(view.vectors.frame, Qt.Key.Key_Right)
    assert (caught.args[0].matrix, caught.args[0].vector) == (Matrix.K, 0)


def test_that_a_selected_head_follows_the_vector(qtbot, view):
    view.draw(shown(address=HERE.with_head(0), matrix=Matrix.Q, vector=11))
    with qtbot.waitSignal(view.selected) as caught:
        qtbot.keyClick(view.vectors.frame, Qt.Key.Key_Right)
    assert caught.args[0].address == HERE.with_head(1)


def test_that_a_block_that_is_not_there_says_why(view):
    whole = comparison()
    part = replace(whole, blocks=whole.blocks[:3], complete=False)
    view.draw(Shown(ComparisonSeries((part,)), selection=Selection(HERE)))
    assert view.nothing.text() == "S2 B7: still to come"
    view.draw(Shown(ComparisonSeries((part,))))
    assert view.nothing.text().startswith("Choose a block")


def test_that_a_matrix_that_was_not_compared_leaves_no_curve_behind(view):
    whole = comparison(frozen_stages=0)
    view.draw(Shown(ComparisonSeries((whole,)), selection=Selection(HERE)))
    block = whole.by_address[HERE]
    two = replace(block, matrices=block.matrices[:2])
    part = replace(whole, blocks=(two,))
    view.draw(Shown(ComparisonSeries((part,)), selection=Selection(HERE)))
    curve = view.vectors.panels[0]._curves[Metric.COSINE_DISTANCE, Matrix.V]
    assert not curve.isVisible()
    assert "Not compared in this block: Value" in view.words.text()


def test_that_undefined_values_leave_a_gap_and_do_not_spoil_the_axis(view):
    whole = comparison(frozen_stages=0)
    block = whole.by_address[HERE]
    values = block.matrices[0].values.copy()
    values[0, 4] = np.nan
    matrices = (replace(block.matrices[0], values=values), *block.matrices[1:])
    part = replace(whole, blocks=(replace(block, matrices=matrices),))
    view.draw(Shown(ComparisonSeries((part,)), selection=Selection(HERE, Matrix.Q, vector=4)))
    low, high = view.vectors.panels[0].plot.getViewBox().viewRange()[1]
    assert np.isfinite([low, high]).all()
    assert view.vectors.panels[0].read_out == "undefined"


def test_that_the_limits_of_a_panel_hold_every_value_and_a_constant_has_room():
    block = comparison(frozen_stages=1).by_address[HERE]
    low, high = panel_limits(block, (Metric.DOT,))
    values = np.concatenate([found[Metric.DOT] for found in block.matrices])
    assert low < values.min()
    assert values.max() < high
    frozen = comparison(frozen_stages=1).blocks[0]
    low, high = panel_limits(frozen, (Metric.EUCLIDEAN,))
    assert low < 0.0 < high


def test_that_ticks_count_from_zero_inside_each_matrix(qapp):
    layout = vector_layout(comparison().by_address[HERE])
    axis = VectorAxis()
    axis.show_layout(layout)
    ((step, places),) = axis.tickValues(-0.5, layout.total - 0.5, 700.0)
    assert axis.tickStrings([96.0, 192.0], 1.0, step) == ["0", "0"]
    assert {0.0, 96.0, 192.0} <= set(places)
    assert all((place % 96) % step == 0 for place in places)


@pytest.mark.parametrize("size", [20.0, 40.0, 90.0])
def test_that_the_numbers_beside_a_panel_are_round_and_have_room(qapp, size):
    ((step, places),) = ValueAxis().tickValues(0.0, 0.0087, size)
    assert f"{step:.0e}"[0] in "125"
    assert size * step / 0.0087 >= 13 * (1 - 1e-9)
    assert places[0] == 0.0
    assert places[-1] <= 0.0087 < places[-1] + step


def test_that_the_norm_in_b_lies_over_the_norm_in_a(view):
    curves = view.vectors.panels[-1]._curves
    over, under = curves[Metric.NORM_B, Matrix.Q], curves[Metric.NORM_A, Matrix.Q]
    assert over.zValue() > under.zValue()


@pytest.mark.parametrize(("least", "step"), [(0.3, 1), (1.5, 2), (4, 5), (6, 10), (21, 50)])
def test_that_steps_are_round(least, step):
    assert nice_step(least) == step
