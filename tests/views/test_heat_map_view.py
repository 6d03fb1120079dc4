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
from inspector.render.heat_map import compose
from inspector.render.maps import block_limits, block_map, head_map
from inspector.views.heat_map_view import HeatMapView
from inspector.views.shown import Shown, ViewOptions
from inspector.views.theme import DARK, LIGHT
from inspector.views.wording import number_text
from tests.synthetic import comparison, series

HEADS = ViewOptions(rows="heads")


@pytest.fixture
def view(qtbot):
    view = HeatMapView()
    qtbot.addWidget(view)
    view.apply_theme(LIGHT, QFont())
    view.resize(780, 200)
    with qtbot.waitExposed(view):
        view.show()
    return view


def click(qtbot, view, row: int, column: int) -> None:
    place = view.place_of_cell(row, column).toPoint()
    qtbot.mouseClick(view.frame.viewport(), Qt.MouseButton.LeftButton, pos=place)


def shown(count: int = 1, **selection) -> Shown:
    return Shown(series(count), None, Selection(**selection))


def test_that_a_click_selects_block_and_matrix(qtbot, view):
    view.draw(shown(metric=Metric.MSE, vector=4, matrix=Matrix.Q))
    with qtbot.waitSignal(view.selected) as caught:
        click(qtbot, view, 2, 9)
    assert caught.args == [Selection(Address(2, 5), Matrix.V, Metric.MSE)]


def test_that_drawing_emits_nothing(qtbot, view):
    with qtbot.assertNotEmitted(view.selected), qtbot.assertNotEmitted(view.rows_chosen):
        view.draw(shown(address=Address(1, 1)))
        view.draw(replace(shown(), options=HEADS))


def test_that_a_click_on_a_head_selects_the_head_of_the_selected_matrix(qtbot, view):
    view.draw(replace(shown(matrix=Matrix.K), options=HEADS))
    with qtbot.waitSignal(view.selected) as caught:
        click(qtbot, view, 7, 22)
    assert caught.args[0].address == Address(3, 0, 7)
    assert caught.args[0].matrix is Matrix.K


def test_that_a_click_below_the_last_head_of_a_block_selects_its_last_head(qtbot, view):
    view.draw(replace(shown(matrix=Matrix.K), options=HEADS))
    with qtbot.waitSignal(view.selected) as caught:
        click(qtbot, view, 12, 0)
    assert caught.args[0].address == Address(0, 0, 1)


def test_that_the_mouse_reads_out_the_exact_mean(qtbot, view):
    whole = shown(metric=Metric.EUCLIDEAN)
    view.draw(whole)
    place = view.place_of_cell(1, 9).toPoint()
    with qtbot.waitSignal(view.hovered) as caught:
        qtbot.mouseMove(view.frame.viewport(), place + QPoint(3, 0))
        qtbot.mouseMove(view.frame.viewport(), place)
    found = whole.comparison.by_address[Address(2, 5)].matrix(Matrix.K)
    mean = float(found[Metric.EUCLIDEAN].mean())
    assert caught.args[0].startswith("S2 B5 · Key")
    assert number_text(mean, digits=6) in caught.args[0]


def test_that_a_head_is_read_out_with_its_exact_mean(view):
    whole = replace(shown(matrix=Matrix.V), options=HEADS)
    view.draw(whole)
    value = head_map(whole.comparison, Matrix.V, whole.metric)[3, 22]
    assert view.text_at(3, 22).endswith(number_text(float(value), digits=6))
    assert view.text_at(3, 22).startswith("S3 B0 H3 · Value")
    assert view.text_at(12, 0) == "S0 B0 has no head 12"


def test_that_the_pixels_are_those_of_the_compositor(view):
    whole = shown(3, compared=1)
    view.draw(whole)
    values = block_map(whole.comparison, whole.metric)
    shared = compose(values, block_limits(whole.series, whole.metric))
    assert np.array_equal(view._image.image, shared)


def test_that_limits_of_its_own_reach_the_last_colour(view):
    whole = shown(3, compared=0)
    view.draw(whole)
    shared = view._image.image.copy()
    view.draw(replace(whole, options=ViewOptions(shared_limits=False)))
    row, column = np.unravel_index(np.nanargmax(block_map(whole.comparison, whole.metric)), (3, 24))
    assert tuple(view._image.image[row, column, :3]) == (253, 231, 36)
    assert tuple(shared[row, column, :3]) != (253, 231, 36)


def test_that_blocks_to_come_are_empty_cells_and_say_so(view):
    whole = comparison()
    part = replace(whole, blocks=whole.blocks[:4], complete=False)
    view.draw(Shown(ComparisonSeries((part,))))
    alpha = view._image.image[..., 3]
    assert (alpha[:, :4] == 255).all()
    assert (alpha[:, 4:] == 0).all()
    assert view.text_at(0, 10) == "S2 B6 · still to come"


def test_that_a_skipped_block_is_grey_and_gives_its_reason(view):
    whole = comparison()
    left = tuple(block for block in whole.blocks if block.address != Address(1, 0))
    part = replace(whole, blocks=left, skipped=((Address(1, 0), "key has another shape"),))
    view.draw(Shown(ComparisonSeries((part,))))
    assert tuple(view._image.image[1, 2]) == (176, 176, 176, 255)
    assert view.text_at(1, 2) == "S1 B0 · not compared: key has another shape"


def test_that_heads_that_do_not_exist_are_not_drawn(view):
    view.draw(replace(shown(), options=HEADS))
    alpha = view._image.image[..., 3]
    assert (alpha[:2, 0] == 255).all()
    assert (alpha[2:, 0] == 0).all()


def test_that_frozen_cells_are_marked_and_nothing_else(view):
    view.draw(shown())
    x, y = view._marks.getData()
    assert set(zip(x, y, strict=True)) == {(c, r) for c in (0, 1) for r in (0, 1, 2)}
    view.draw(Shown(ComparisonSeries((comparison(frozen_stages=0),))))
    assert view._marks.getData()[0].size == 0


def test_that_a_map_of_two_frozen_models_can_be_drawn(view):
    view.draw(Shown(ComparisonSeries((comparison(frozen_stages=4),))))
    assert "frozen" in view.text_at(0, 0)


def test_that_columns_have_no_heads_and_say_so(view):
    whole = comparison()
    blocks = tuple(
        replace(
            block,
            matrices=tuple(replace(m, head_of=np.full(m.count, -1)) for m in block.matrices),
        )
        for block in whole.blocks
    )
    part = replace(whole, axis="in", blocks=blocks)
    view.draw(Shown(ComparisonSeries((part,)), options=HEADS))
    assert "no head" in view.caption.text()
    assert view.text_at(0, 0) == ""


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Qt.Key.Key_Right, (Address(2, 6), Matrix.K)),
        (Qt.Key.Key_Left, (Address(2, 4), Matrix.K)),
        (Qt.Key.Key_Up, (Address(2, 5), Matrix.Q)),
        (Qt.Key.Key_Down, (Address(2, 5), Matrix.V)),
    ],
)
def test_that_the_arrow_keys_move_the_selected_cell(qtbot, view, key, expected):
    view.draw(shown(address=Address(2, 5), matrix=Matrix.K))
    with qtbot.waitSignal(view.selected) as caught:
        qtbot.keyClick(view.frame, key)
    assert (caught.args[0].address, caught.args[0].matrix) == expected


def test_that_the_focus_can_be_seen(qtbot, view):
    view.draw(shown())
    view.activateWindow()
    before = view.frame.grab().toImage()
    view.frame.setFocus()
    qtbot.waitUntil(view.frame.hasFocus)
    assert view.frame.grab().toImage().pixel(1, 60) != before.pixel(1, 60)


def test_that_dark_and_light_have_their_own_surface(view):
    view.draw(shown())
    for theme in (LIGHT, DARK):
        view.apply_theme(theme, QFont())
        assert view.frame.backgroundBrush().color().name() == theme.surface
