from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel

from inspector.core.address import Address
from inspector.core.figures import FigureKind
from inspector.core.preference import Group
from inspector.core.same_object import ONE_OBJECT
from inspector.core.selection import Selection
from inspector.views.depth_view import DepthView
from inspector.views.left_out_popover import LeftOutPopover
from inspector.views.theme import DARK
from inspector.views.wording import number_text
from tests.measured_by_hand import preference, same_object
from tests.views.depth_scenes import depth_scene, model_modes

A = model_modes("a.pth")
B = model_modes("b.pth", shift=0.1, seed=1)


@pytest.fixture
def view(qtbot):
    view = DepthView()
    qtbot.addWidget(view)
    view.resize(900, 820)
    with qtbot.waitExposed(view):
        view.show()
    return view


def lines(view) -> list[np.ndarray]:
    return [curve.getData()[1] for curve in view.measured.panel._curves if curve.isVisible()]


def dashes(view) -> list[np.ndarray]:
    return [dash.getData()[1] for dash in view.measured.panel._dashes if dash.isVisible()]


def show(view, **known) -> None:
    view.show_scene(replace(depth_scene(A, B), **known))


@pytest.mark.parametrize(
    ("measure", "needs"), [("preference", "masks of a target"), ("same-object", "label map")]
)
def test_that_what_is_not_measured_yet_says_what_it_needs_and_offers_it(
    qtbot, view, measure, needs
):
    view.show_scene(depth_scene(A))
    view.measure.button(measure).click()
    assert needs in view.measured.empty.text()
    assert not view.measured.is_known
    with qtbot.waitSignal(view.measure_asked) as asked:
        view.measured.first.click()
    assert asked.args == [measure]


def test_that_three_groups_are_drawn_beside_their_chance(view):
    known = preference(A)
    show(view, preference=(known, None))
    view.measure.button("preference").click()
    assert all(
        np.array_equal(y, c) for y, c in zip(lines(view), known.curves().values(), strict=True)
    )
    assert all(
        np.array_equal(y, c) for y, c in zip(dashes(view), known.chance.values(), strict=True)
    )
    assert view.title.text().startswith("<b>Attention preference")
    assert view.current_figure_kind() is FigureKind.PREFERENCE


def test_that_the_query_can_be_left_out(view):
    known = preference(A)
    show(view, preference=(known, None))
    view.measure.button("preference").click()
    view.query.button("without").click()
    assert np.array_equal(lines(view)[0], known.curves(without_query=True)[Group.SAME])
    assert not view.quantity.isVisible()


def test_that_both_models_are_drawn_together(view):
    known = preference(A), preference(B, seed=5)
    show(view, preference=known)
    view.measure.button("preference").click()
    drawn = lines(view)
    assert len(drawn) == 6
    assert np.array_equal(drawn[3], known[1].curves()[Group.SAME])
    legend = view.measured.panel._legend.text
    assert legend.count("background") == 1
    assert "● A" in legend
    assert "■ B" in legend


def test_that_the_same_object_probability_has_a_chance_of_its_own(view):
    known = same_object(B)
    show(view, same_object=(None, known))
    view.measure.button("same-object").click()
    assert len(lines(view)) == 1
    assert np.array_equal(lines(view)[0], known.curve())
    assert np.array_equal(dashes(view)[0], known.chance_curve())
    assert view.current_figure_kind() is FigureKind.SAME_OBJECT


def test_that_what_comes_while_it_is_measured_says_so_far(view):
    show(view, preference=(preference(A, images=3, total=1200), preference(B, images=4)))
    view.show_measure("preference")
    assert view.measured.text.text() == "A: 3 of 1,200 images so far · B: 4 images, 1 left out"
    assert view.measured.left_out.text() == "1 image left out"


def test_that_images_with_one_object_are_counted_apart(view):
    show(view, same_object=(same_object(A), None))
    view.show_measure("same-object")
    assert view.measured.text.text() == "A: 4 images, 1 with one object, 1 left out"
    assert ("one.png", ONE_OBJECT) in view.measured._left


def test_that_images_that_do_not_count_are_listed_with_the_reason(qtbot, view):
    show(view, same_object=(same_object(A), None))
    view.show_measure("same-object")
    QApplication.processEvents()  # the page is laid out only when it is turned to
    qtbot.mouseClick(view.measured.left_out, Qt.MouseButton.LeftButton)
    panel = view.findChild(LeftOutPopover)
    assert panel.findChild(QLabel).text() == "These images do not count:"
    assert ("one.png", ONE_OBJECT) in panel.table.model().records
    panel.close()


def test_that_blocks_and_heads_are_read_out_with_their_chance(view):
    known = preference(A)
    show(view, preference=(known, None))
    view.show_measure("preference")
    text = view.measured.text_at(2)
    value, chance = known.curves()[Group.DIFFERENT][2], known.chance[Group.DIFFERENT][2]
    assert text.startswith("S0 B2 · A same ")
    assert (
        f"A different {number_text(float(value))} (chance {number_text(chance, digits=3)})" in text
    )
    head = known.groups()[Group.SAME][:, known.heads.row(Address(0, 2, 1))].mean()
    assert f"A same {number_text(float(head))} " in view.measured.text_at(2, 1)
    assert view.measured.text_at(2, 1).startswith("S0 B2 H1")


def test_that_a_click_selects_the_block_and_on_a_dot_the_head_and_model(qtbot, view):
    known = same_object(B)
    show(view, same_object=(None, known))
    view.show_measure("same-object")
    panel = view.measured.panel
    QApplication.processEvents()  # the page is laid out only when it is turned to
    by_head = known.by_head(known.probability)[known.rows.of_heads.of_block(4)]
    places = np.linspace(0.05, 0.7, 50)
    away = places[np.abs(places[:, None] - by_head).min(axis=1).argmax()]
    with qtbot.waitSignal(view.selection_changed) as caught:
        spot = panel.place_of_block(4, float(away)).toPoint()
        qtbot.mouseClick(panel.frame.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert caught.args[0].address == Address(0, 4)
    with qtbot.waitSignal(view.selection_changed) as caught:
        spot = panel.place_of_block(4, float(by_head[1])).toPoint()
        qtbot.mouseClick(panel.frame.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert caught.args[0].address == Address(0, 4, 1)
    assert caught.args[0].model == 1


def test_that_arrow_keys_move_between_blocks(qtbot, view):
    show(view, preference=(preference(A), None))
    view.show_measure("preference")
    view.show_selection(Selection(address=Address(0, 4)))
    with qtbot.waitSignal(view.selection_changed) as caught:
        qtbot.keyClick(view.measured.panel.frame, Qt.Key.Key_Left)
    assert caught.args[0].address == Address(0, 3)


def test_that_blocks_that_were_not_measured_leave_a_gap_and_a_dark_window_is_drawn(view):
    show(view, preference=(preference(A, blocks=3), None))
    view.show_measure("preference")
    view.measured.apply_theme(DARK, view.font())
    view.grab()
    assert view.trouble.text == ""
    assert "undefined" in view.measured.text_at(5)


def test_that_setters_emit_nothing(qtbot, view):
    with (
        qtbot.assertNotEmitted(view.selection_changed),
        qtbot.assertNotEmitted(view.measure_asked),
    ):
        show(view, preference=(preference(A), None))
        view.show_measure("preference")
        view.show_measure("cosine")
    assert view.current_figure_kind() is FigureKind.DEPTH


def test_that_the_view_goes_into_a_narrow_window(view):
    known = preference(A), preference(B, seed=5)
    show(view, preference=known)
    view.show_measure("preference")
    assert view.minimumSizeHint().width() <= 440
