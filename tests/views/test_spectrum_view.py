import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont

from inspector.views.modes_words import mode_text, share_on_image
from inspector.views.spectrum_view import SpectrumView, cosine_reach, spectrum_text
from inspector.views.theme import DARK, LIGHT
from tests.views.mode_scenes import MODES, block_maps, block_modes, shown_image


@pytest.fixture
def view(qtbot):
    view = SpectrumView()
    qtbot.addWidget(view)
    view.apply_theme(LIGHT, QFont())
    view.resize(480, 200)
    with qtbot.waitExposed(view):
        view.show()
    return view


def test_that_the_bars_are_sigma_and_the_dots_cosine(view):
    modes = block_modes()
    view.show_modes(modes, 1, 0)
    np.testing.assert_array_equal(view._bars.opts["height"], modes.sigma[1])
    np.testing.assert_array_equal(view._dots.getData()[1], modes.cosine[1])


def test_that_a_click_on_a_bar_chooses_its_mode(qtbot, view):
    view.show_modes(block_modes(), 0, 0)
    with qtbot.waitSignal(view.mode_chosen) as caught:
        place = view.place_of_mode(5).toPoint()
        qtbot.mouseClick(view.frame.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert caught.args == [5]


def test_that_arrow_keys_step_and_the_ends_hold(qtbot, view):
    view.show_modes(block_modes(), 0, MODES - 2)
    with qtbot.waitSignal(view.mode_chosen) as caught:
        qtbot.keyClick(view.frame, Qt.Key.Key_Right)
    assert caught.args == [MODES - 1]
    view.show_modes(block_modes(), 0, MODES - 1)
    with qtbot.assertNotEmitted(view.mode_chosen):
        qtbot.keyClick(view.frame, Qt.Key.Key_Right)


def test_that_the_cursor_stands_at_the_chosen_mode(view):
    view.show_modes(block_modes(), 0, 3)
    for cursor in view.cursors():
        # places of modes are whole pixels
        assert cursor.center().x() == pytest.approx(view.place_of_mode(3).x(), abs=1)
        across = view.place_of_mode(4).x() - view.place_of_mode(3).x()
        assert cursor.width() == pytest.approx(across, abs=1)


def test_that_a_head_looks_the_same_when_it_is_turned_back_to(view):
    modes = block_modes()
    pictures = []
    for head, mode in ((0, 1), (1, 1), (0, 1), (0, 2), (0, 1)):
        view.show_modes(modes, head, mode)
        pictures.append(view.frame.grab().toImage())
    assert pictures[0] == pictures[2] == pictures[4]
    assert pictures[0] != pictures[1]
    assert pictures[0] != pictures[3]


def test_that_a_head_is_drawn_anew_in_another_size_and_with_other_axes(view):
    few, many = block_modes(), block_modes(modes=2 * MODES)
    for modes in (few, many, few):
        view.show_modes(modes, 0, 3)
        view.frame.grab()
        step = view.place_of_mode(1).x() - view.place_of_mode(0).x()
        assert view.cursors()[0].width() == pytest.approx(step, abs=1)
    before = view.frame.grab().toImage()
    view.show_modes(few, 1, 3)
    view.frame.grab()
    view.show_modes(few, 0, 3)
    view.resize(400, 200)
    found = view.frame.grab().toImage()
    view.apply_theme(LIGHT, QFont())
    assert found == view.frame.grab().toImage() != before


def test_that_the_band_holds_the_cosines_of_random_directions(view):
    modes = block_modes()
    view.show_modes(modes, 0, 0)
    assert view._band.rect().top() == pytest.approx(-modes.random_95)
    assert view._band.rect().bottom() == pytest.approx(modes.random_95)


def test_that_a_degenerate_mode_is_a_hollow_bar_and_is_told(view):
    modes = block_modes()
    modes.degenerate.setflags(write=True)
    modes.degenerate[0, 2:4] = True
    view.show_modes(modes, 0, 2)
    hollow = [brush.style() is Qt.BrushStyle.NoBrush for brush in view._bars.opts["brushes"]]
    assert hollow == [place in (2, 3) for place in range(MODES)]
    assert "2 degenerate" in spectrum_text(modes, 0)
    assert mode_text(modes, 0, 2).endswith("degenerate")


def test_that_the_read_out_gives_every_number_of_a_mode():
    modes = block_modes()
    maps = block_maps(modes, shown_image())
    text = mode_text(modes, 1, 4, maps)
    assert text.startswith("S0 B7 H1 M4")
    for value in (modes.sigma[1, 4], modes.cosine[1, 4]):
        assert f"{value:#.6g}".replace("-", "−") in text
    share = maps.contribution[1, 4] / maps.contribution[1].sum()
    assert share_on_image(maps, 1, 4) == pytest.approx(share)


def test_that_a_head_of_zeros_is_drawn(view):
    modes = block_modes()
    for array in (modes.sigma, modes.cosine):
        array.setflags(write=True)
        array[0] = 0
    view.show_modes(modes, 0, 0)
    assert "Weighted cos undefined" in view.caption.text()


@pytest.mark.parametrize(("largest", "reach"), [(0.1, 0.25), (0.3, 0.5), (0.5, 1.0), (1.0, 1.0)])
def test_that_the_cosine_axis_has_one_of_three_lengths(largest, reach):
    assert cosine_reach(np.array([largest, -largest]), 0.05) == reach


def test_that_setters_emit_nothing_and_nothing_can_be_shown(qtbot, view):
    with qtbot.assertNotEmitted(view.mode_chosen):
        view.show_modes(block_modes(), 2, 3)
        view.show_modes(None, 0, 0)
    assert view.frame.isHidden()


def test_that_the_colours_are_those_of_the_theme(view):
    view.show_modes(block_modes(), 0, 0)
    before = view.frame.grab().toImage()
    view.apply_theme(DARK, QFont())
    assert view.frame.grab().toImage() != before
