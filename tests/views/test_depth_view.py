from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel

from inspector.core.address import Address
from inspector.core.figures import FigureKind
from inspector.core.modes import Product
from inspector.core.selection import Selection
from inspector.render.depth import histograms
from inspector.views.depth_histograms import density_of
from inspector.views.depth_shown import DepthShown, head_scores, model_of
from inspector.views.depth_view import DepthView
from inspector.views.left_out_popover import LeftOutPopover
from inspector.views.spectra_picture import (
    CellShape,
    SpectraColours,
    compose_spectra,
    mark_size,
)
from inspector.views.theme import DARK
from inspector.views.wording import number_text
from tests.views.depth_scenes import SWIN, depth_scene, model_modes

A = model_modes("a.pth")
B = model_modes("b.pth", shift=0.1, seed=1)
HEAD = Address(0, 3, 1)
WHITE, DOT, CROSS = (255, 255, 255), (200, 0, 0), (0, 0, 200)


@pytest.fixture
def view(qtbot):
    view = DepthView()
    qtbot.addWidget(view)
    view.resize(900, 820)
    with qtbot.waitExposed(view):
        view.show()
    return view


def click(qtbot, frame, place) -> None:
    qtbot.mouseClick(frame.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_that_without_a_model_the_view_says_what_to_do(view):
    assert view._pages.currentIndex() == 0
    assert "Open a checkpoint" in view.waiting.text()
    view.show_state("The file is being read…", "busy")
    assert "being read" in view.waiting.text()


def test_that_setters_emit_nothing(qtbot, view):
    with qtbot.assertNotEmitted(view.selection_changed), qtbot.assertNotEmitted(view.hovered):
        view.show_scene(depth_scene(A, B, known=True))
        view.show_selection(Selection(address=HEAD, model=1))
        view.show_state("slow", "note")
        view.show_scene(None)


def test_that_the_curve_is_the_weighted_cosine_of_every_block(view):
    view.show_scene(depth_scene(A, B))
    x, y = view.curve.scores._curves[1].getData()
    assert x.tolist() == [0, 1, 2, 3, 4, 5]
    assert np.array_equal(y, B.curve())


def test_that_the_difference_is_b_less_a_block_by_block(view):
    view.show_scene(depth_scene(A, B))
    _, y = view.curve.difference._curves[0].getData()
    assert np.array_equal(y, B.curve() - A.curve())
    assert view.curve.difference.frame.isVisible()
    text = view.curve.text_at(2)
    assert f"B − A {number_text(float((B.curve() - A.curve())[2]), digits=6)}" in text


def test_that_one_model_has_no_difference(view):
    view.show_scene(depth_scene(A))
    assert not view.curve.difference.isVisible()
    assert not view.models.isVisible()


def test_that_models_of_other_depths_share_an_axis_from_0_to_1_and_have_no_difference(view):
    deep = model_modes("deep.pth", depths=(9,))
    view.show_scene(depth_scene(A, deep))
    x, _ = view.curve.scores._curves[1].getData()
    assert np.allclose(x, np.arange(9) / 8)
    assert not view.curve.difference.frame.isVisible()
    assert "A has 6 and B has 9" in view.curve.difference.caption.text()
    assert not view.places.isEnabled()


def test_that_the_share_of_the_depth_is_shown_where_it_is_wanted(view):
    view.show_scene(depth_scene(A))
    view.places.button("share").click()
    x, _ = view.curve.scores._curves[0].getData()
    assert np.allclose(x, np.arange(6) / 5)


def test_that_the_band_of_single_modes_steps_with_the_width_of_a_stage(view):
    view.show_scene(depth_scene(model_modes("swin.pth", depths=SWIN)))
    _, band = view.curve.scores._bands[0].curves[1].getData()
    expected = np.repeat([1.96 / np.sqrt(24 << stage) for stage in (0, 1, 2, 3)], SWIN)
    assert np.allclose(band, np.repeat(expected, 2))


def test_that_the_score_less_the_anisotropy_is_shown_where_it_is_known(view):
    scene = depth_scene(A, known=True)
    view.show_scene(scene)
    _, dashed = view.curve.scores._dashes[0].getData()
    assert np.array_equal(dashed, scene.anisotropy[0].values)
    view.quantity.button("relative").click()
    _, y = view.curve.scores._curves[0].getData()
    assert np.array_equal(y, A.curve() - scene.anisotropy[0].values)
    assert not view.curve.scores._dashes[0].isVisible()


def test_that_scores_come_back_when_the_anisotropy_is_gone(view):
    view.show_scene(depth_scene(A, known=True))
    view.quantity.button("relative").click()
    view.show_scene(depth_scene(A))
    _, y = view.curve.scores._curves[0].getData()
    assert np.array_equal(y, A.curve())
    assert not view.quantity.isVisible()


def test_that_images_and_skipped_files_of_the_anisotropy_are_told(qtbot, view):
    view.show_scene(depth_scene(A, known=True))
    assert "24 images (attention input)" in view.anisotropy.text.text()
    assert view.anisotropy.skipped.text() == "1 file skipped"
    qtbot.mouseClick(view.anisotropy.skipped, Qt.MouseButton.LeftButton)
    panel = view.findChild(LeftOutPopover)
    assert panel.findChild(QLabel).text() == "These images are not in the mean:"
    assert panel.table.model().records == (("broken.dcm", "The file ends early."),)
    panel.close()
    with qtbot.waitSignal(view.anisotropy_asked):
        view.anisotropy.button.click()
    view.show_scene(depth_scene(A))
    assert not view.anisotropy.skipped.isVisible()


def test_that_a_click_between_the_dots_selects_the_block(qtbot, view):
    view.show_scene(depth_scene(A))
    view.show_selection(Selection(token=5, mode=2))
    place = view.curve.scores.place_of_block(4, 0.0).toPoint()
    away = QPoint(place.x(), view.curve.scores.frame.height() - 34)
    with qtbot.waitSignal(view.selection_changed) as caught:
        click(qtbot, view.curve.scores.frame, away)
    assert caught.args == [Selection(address=Address(0, 4), token=5, mode=2)]


def test_that_a_click_on_the_dot_of_a_head_selects_head_and_model(qtbot, view):
    view.show_scene(depth_scene(A, B))
    scores = head_scores(B)
    block = int(np.argmax(scores[1] - np.maximum(scores[0], head_scores(A).max(axis=0))))
    place = view.curve.scores.place_of_block(block, float(scores[1, block])).toPoint()
    with qtbot.waitSignal(view.selection_changed) as caught:
        click(qtbot, view.curve.scores.frame, place)
    assert caught.args[0].address == Address(0, block, 1)
    assert caught.args[0].model == 1


def test_that_a_block_is_read_out_with_all_exact_numbers(view):
    view.show_scene(depth_scene(A, known=True))
    block = A.blocks[3]
    text = view.curve.text_at(3)
    assert text.startswith("S0 B3 · A weighted cosine ")
    assert number_text(block.block_weighted_cosine, digits=6) in text
    assert number_text(block.block_mean_cosine) in text
    assert f"single modes ±{number_text(block.random_95, digits=3)}" in text
    assert number_text(float(block.weighted_cosine[1]), digits=6) in view.curve.text_at(3, 1)


def test_that_blocks_are_drawn_as_they_come(view):
    part = replace(A, blocks=A.blocks[:2])
    view.show_scene(depth_scene(part))
    assert "2 of 6 blocks so far" in view.title.text()
    assert view.curve.text_at(4).startswith("S0 B4 · A still to come")
    for tab in range(3):
        view.tabs.setCurrentIndex(tab)
    assert view.trouble.text == ""
    assert view.heads.text_at(0, 4) == "S0 B4 · still to come"
    view.show_scene(depth_scene(A))
    assert "6 blocks" in view.title.text()


def test_that_a_model_of_one_block_is_drawn(view):
    view.show_scene(depth_scene(model_modes("one.pth", depths=(1,))))
    view.places.button("share").click()
    for tab in range(3):
        view.tabs.setCurrentIndex(tab)
    view.grab()
    assert view.trouble.text == ""
    assert view.curve.scores._curves[0].getData()[0].tolist() == [0]


def test_that_a_head_of_zeros_is_left_out_of_the_dots(view):
    block = A.blocks[0]
    sigma, trace = block.sigma.copy(), block.trace.copy()
    sigma[1], trace[1] = 0.0, 0.0
    empty = replace(block, sigma=sigma, trace=trace)
    view.show_scene(depth_scene(replace(A, blocks=(empty, *A.blocks[1:]))))
    x, _ = view.curve.scores._dots[0].getData()
    assert np.bincount(x.astype(int)).tolist() == [1, 2, 2, 2, 2, 2]
    assert view.heads.text_at(1, 0).endswith("undefined")
    for tab in range(3):
        view.tabs.setCurrentIndex(tab)
    view.grab()
    assert view.trouble.text == ""


def test_that_nothing_computed_yet_is_no_error(view):
    view.show_scene(depth_scene(replace(A, blocks=())))
    for tab in range(3):
        view.tabs.setCurrentIndex(tab)
        view.grab()
    assert view.trouble.text == ""


def test_that_skipped_blocks_and_inexact_forms_are_told_once(qtbot, view):
    inexact = replace(A.blocks[0], exact="Rotary: exact only at the same place")
    odd = replace(A, blocks=(inexact, *A.blocks[1:5]), skipped=((Address(0, 5), "no key"),))
    view.show_scene(depth_scene(odd))
    assert view.left_out.text == (
        "A: S0 B5 has no modes: no key. A: Rotary: exact only at the same place."
    )
    view.left_out._close.click()
    view.show_selection(Selection(address=HEAD))
    assert view.left_out.text == ""


def test_that_a_click_on_the_map_of_heads_selects_a_head(qtbot, view):
    view.show_scene(depth_scene(A))
    place = view.heads.place_of_cell(1, 5).toPoint()
    with qtbot.waitSignal(view.selection_changed) as caught:
        click(qtbot, view.heads.frame, place)
    assert caught.args[0].address == Address(0, 5, 1)
    expected = number_text(float(A.blocks[5].weighted_cosine[1]), digits=6)
    assert view.heads.text_at(1, 5).endswith(expected)


def test_that_the_map_of_heads_shows_b_less_a_where_it_is_wanted(view):
    view.show_scene(depth_scene(A, B))
    view.models.button("difference").click()
    assert np.array_equal(view.heads._values, head_scores(B) - head_scores(A))
    assert view.heads.caption.text().startswith("B − A")


def test_that_the_model_of_the_lower_part_is_a_selection(qtbot, view):
    view.show_scene(depth_scene(A, B))
    with qtbot.waitSignal(view.selection_changed) as caught:
        view.models.button("second").click()
    assert caught.args[0].model == 1
    assert np.array_equal(view.heads._values, head_scores(B))


def test_that_colours_of_heads_mean_the_same_in_a_and_b(view):
    view.show_scene(depth_scene(A, B))
    of_a = view.heads._limits_now()
    view.show_selection(Selection(model=1))
    assert view.heads._limits_now() == of_a


def test_that_a_letter_is_the_place_of_a_model_among_the_open_ones():
    assert [model_of(letter) for letter in ("A", "B", "B2", "B10")] == [0, 1, 2, 10]
    scene = replace(depth_scene(A, B), letters=("A", "B2"))
    assert DepthShown(scene, Selection(model=2)).current == 1
    assert DepthShown(scene, Selection(model=1)).current == 0


def test_that_a_histogram_of_one_head_is_a_density():
    density = density_of(np.array([-1.0000001, 0.0, 0.01, 1.0]))
    assert density is not None
    assert density.sum() * 2 / 50 == pytest.approx(1.0)
    assert density.argmax() == 25
    assert np.allclose(density[[0, 25, 49]], [6.25, 12.5, 6.25])
    assert density_of(np.array([np.nan])) is None


def test_that_the_histogram_of_a_block_is_the_mean_of_those_of_its_heads():
    found = histograms(A)[2]
    heads = [density_of(row) for row in A.blocks[2].cosine]
    assert np.allclose(found.density, np.mean(heads, axis=0))


def test_that_histograms_are_clickable_down_to_a_head(qtbot, view):
    view.show_scene(depth_scene(A))
    view.tabs.setCurrentWidget(view.histograms)
    with qtbot.waitSignal(view.selection_changed) as caught:
        click(qtbot, view.histograms.blocks.frame, view.histograms.blocks.place_of_row(3).toPoint())
    assert caught.args[0].address == Address(0, 3)
    assert view.histograms.heads.frame.isVisible()
    with qtbot.waitSignal(view.selection_changed) as caught:
        click(qtbot, view.histograms.heads.frame, view.histograms.heads.place_of_row(1).toPoint())
    assert caught.args[0].address == Address(0, 3, 1)


def test_that_histograms_fill_their_height_each_or_share_one_scale(view):
    view.show_scene(depth_scene(A))
    view.tabs.setCurrentWidget(view.histograms)
    tops = [float(found.density.max()) for found in histograms(A)]
    assert view.histograms.blocks._ridges._tops == tuple(tops)
    view.histograms.scale.button("shared").click()
    assert view.histograms.blocks._ridges._tops == (max(tops),) * 6


def test_that_a_bin_is_read_out_with_its_count(view):
    view.show_scene(depth_scene(A))
    view.tabs.setCurrentWidget(view.histograms)
    cosines = A.blocks[0].cosine.ravel()
    edges = np.linspace(-1, 1, 51)
    number = int(((cosines >= edges[40]) & (cosines < edges[41])).sum())
    outside = int((np.abs(cosines) > A.blocks[0].random_95).sum())
    text = view.histograms.block_text(0, 0.61)
    assert f"{number} of {cosines.size} modes with cosine 0.600 to 0.640" in text
    assert f"{outside} outside the random band" in text


def test_that_spectra_are_clickable_and_read_out_exactly(qtbot, view):
    view.show_scene(depth_scene(A))
    view.tabs.setCurrentWidget(view.spectra)
    grid = view.spectra.grid
    with qtbot.waitSignal(view.selection_changed) as caught:
        qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.place_of(1, 1))
    assert caught.args[0].address == Address(0, 1, 1)
    text = view.spectra.text_at(1, 1, 4)
    assert text.startswith("S0 B1 H1 M4 · cosine ")
    assert number_text(float(A.blocks[1].sigma[1, 4]), digits=6) in text


def test_that_the_mouse_over_a_spectrum_finds_the_nearest_mode(qtbot, view):
    view.show_scene(depth_scene(A))
    view.tabs.setCurrentWidget(view.spectra)
    grid = view.spectra.grid
    cell = grid._cell_rect(0, 0)
    assert grid._found_at(cell.topLeft().toPointF() + QPoint(2, 3).toPointF()) == (0, 0, 0)
    right = cell.topRight().toPointF() + QPoint(-2, 3).toPointF()
    assert grid._found_at(right) == (0, 0, A.blocks[0].num_modes - 1)


def test_that_arrow_keys_move_between_spectra_and_the_edges_hold(qtbot, view):
    view.show_scene(depth_scene(A))
    view.show_selection(Selection(address=Address(0, 0, 1)))
    view.tabs.setCurrentWidget(view.spectra)
    found = []
    view.selection_changed.connect(lambda selection: found.append(selection.address))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Left):
        qtbot.keyClick(view.spectra.grid, key)
    assert found == [Address(0, 0, 1), Address(0, 1, 1), Address(0, 1, 0), Address(0, 1, 0)]


def test_that_zooming_enlarges_cells_and_fit_brings_them_back(qtbot, view):
    view.show_scene(depth_scene(model_modes("swin.pth", depths=SWIN)))
    view.tabs.setCurrentWidget(view.spectra)
    grid = view.spectra.grid
    whole = grid._cell()
    assert grid.horizontalScrollBar().maximum() == 0
    for _ in range(5):
        grid.zoom(1.25)
    assert grid._cell().width() > 2 * whole.width()
    assert grid.horizontalScrollBar().maximum() > 0
    grid.fit()
    assert grid._cell() == whole


def test_that_a_head_chosen_elsewhere_is_scrolled_into_sight(view):
    view.show_scene(depth_scene(model_modes("deep.pth", depths=(24,))))
    view.tabs.setCurrentWidget(view.spectra)
    view.show_selection(Selection(address=Address(0, 23, 1)))
    grid = view.spectra.grid
    assert grid.viewport().rect().contains(grid._cell_rect(23, 1))


def test_that_every_mark_of_a_spectrum_is_where_its_number_says():
    block = A.blocks[0]
    shape = CellShape(60, 42, 1)
    colours = SpectraColours(WHITE, WHITE, WHITE, WHITE, DOT, CROSS)
    picture = compose_spectra([block], range(block.num_heads), shape, colours)
    assert picture.shape == (42, 60 * block.num_heads, 3)
    for head in range(block.num_heads):
        for mode in range(block.num_modes):
            column = head * 60 + 2 + round(mode * (60 - 1 - 4) / (block.num_modes - 1))
            row = 2 + (1 - block.cosine[head, mode]) / 2 * (42 - 1 - 4)
            assert tuple(picture[round(row), column]) == DOT
    dots = (picture == DOT).all(axis=2)
    crosses = (picture == CROSS).all(axis=2)
    assert dots.sum() == block.sigma.size
    assert 0 < crosses.sum() <= block.sigma.size


def test_that_sigma_falls_from_the_top_of_its_scale():
    shape = CellShape(60, 42, 1)
    assert shape.y_of_sigma(np.array([1.1, 0.0]), 1.0).tolist() == [2, 39]
    assert shape.y_of_sigma(np.array([0.0]), 0.0).tolist() == [39]


def test_that_cells_without_a_head_stay_empty():
    colours = SpectraColours(WHITE, DOT, DOT, DOT, DOT, CROSS)
    shape = CellShape(30, 20, mark_size(30))
    picture = compose_spectra([A.blocks[0], None], range(3), shape, colours)
    assert (picture[:20, 60:] == 255).all()
    assert (picture[20:] == 255).all()
    assert not (picture[:20, :60] == 255).all()


def keys_choose(qtbot, view, widget, *keys) -> list[Address]:
    found = []
    view.selection_changed.connect(lambda selection: found.append(selection.address))
    for key in keys:
        qtbot.keyClick(widget, key)
    return found


def test_that_left_and_right_move_along_the_curve_and_the_ends_hold(qtbot, view):
    view.show_scene(depth_scene(A))
    view.show_selection(Selection(address=Address(0, 4)))
    key = Qt.Key.Key_Right
    found = keys_choose(qtbot, view, view.curve.scores.frame, key, key, Qt.Key.Key_Left)
    assert found == [Address(0, 5), Address(0, 5), Address(0, 4)]


def test_that_arrow_keys_move_between_heads_on_the_map(qtbot, view):
    view.show_scene(depth_scene(A))
    view.show_selection(Selection(address=Address(0, 2)))
    keys = (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Left)
    found = keys_choose(qtbot, view, view.heads.frame, *keys)
    assert found == [Address(0, 2, 0), Address(0, 2, 1), Address(0, 2, 1), Address(0, 1, 1)]


def test_that_up_and_down_move_between_histograms(qtbot, view):
    view.show_scene(depth_scene(A))
    view.tabs.setCurrentWidget(view.histograms)
    frame = view.histograms.blocks.frame
    found = keys_choose(qtbot, view, frame, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up)
    assert found == [Address(0, 0), Address(0, 1), Address(0, 0)]


def test_that_spectra_are_not_drawn_anew_for_another_label_or_head(view):
    view.show_scene(depth_scene(A))
    view.tabs.setCurrentWidget(view.spectra)
    view.grab()
    drawn = view.spectra.grid._cached[1]
    renamed = replace(A, card=replace(A.card, label="folder/a.pth"))
    view.show_scene(depth_scene(renamed))
    view.show_selection(Selection(address=Address(0, 0, 1)))
    view.grab()
    assert view.spectra.grid._cached[1] is drawn
    view.show_scene(depth_scene(B))
    view.grab()
    assert view.spectra.grid._cached[1] is not drawn


def test_that_bands_of_several_widths_are_told(view):
    view.show_scene(depth_scene(A))
    assert "95 % of single random modes" in view.curve.scores.caption.text()
    assert "every width" not in view.curve.scores.caption.text()
    view.show_scene(depth_scene(model_modes("swin.pth", depths=SWIN)))
    assert view.curve.scores.caption.text().endswith("every width has its own")


def test_that_blocks_and_heads_are_stepped_through(qtbot, view):
    view.show_scene(depth_scene(A))
    view.show_selection(Selection(address=Address(0, 2, 0)))
    found = []
    view.selection_changed.connect(lambda selection: found.append(selection.address))
    view.step_block(1)
    view.step_head(1)
    view.step_head(1)
    view.step_block(-9)
    assert found == [Address(0, 3, 0), Address(0, 3, 1), Address(0, 3), Address(0, 0)]


def test_that_the_figure_is_that_of_the_part_looked_at(qtbot, view):
    view.show_scene(depth_scene(A))
    assert view.current_figure_kind() is FigureKind.DEPTH
    view.tabs.setCurrentWidget(view.histograms)
    assert view.current_figure_kind() is FigureKind.HISTOGRAM
    view.tabs.setCurrentWidget(view.spectra)
    assert view.current_figure_kind() is FigureKind.SPECTRA
    assert view.view_widget() is view.spectra


def test_that_the_value_output_product_is_not_called_grouping(view):
    view.show_scene(depth_scene(model_modes("a.pth", product=Product.OV)))
    assert "copying" in view.meaning.text()
    assert "Value–output" in view.title.text()


def test_that_an_error_leaves_what_is_shown(view):
    view.show_scene(depth_scene(A))
    view.show_state("The folder holds no image.", "error")
    assert view.trouble.text == "The folder holds no image."
    assert view._pages.currentIndex() == 1
    view.show_state("")
    assert view.trouble.text == ""


def test_that_the_dark_theme_reaches_every_part(view):
    view.show_scene(depth_scene(A, B))
    for part in (view.curve, view.heads, view.histograms, view.spectra):
        part.apply_theme(DARK, QFont())
    assert view.heads.frame.backgroundBrush().color().name() == DARK.surface


def test_that_leaving_is_told_only_where_something_was_told(view):
    said: list[str] = []
    view.hovered.connect(said.append)
    view.show_scene(depth_scene(A, B))
    view.curve.hovered.emit("")
    assert said == []
    for text in ("S0 B1 · 0.5", "", ""):
        view.heads.hovered.emit(text)
    assert said == ["S0 B1 · 0.5", ""]
