from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from inspector.core.address import Address
from inspector.core.figures import FigureKind
from inspector.core.images import Window
from inspector.core.map_style import MapStyle
from inspector.core.selection import Selection
from inspector.render.scenes import attention_picture, pattern_limits, pattern_picture
from inspector.views.attention_pictures import outline
from inspector.views.attention_view import AttentionView
from inspector.views.modes_words import image_text, picture_text
from tests.views.attention_scenes import Block, attention_scene, grid_of, token_attention
from tests.views.mode_scenes import shown_image

SCENE = attention_scene(token=12, head=1)
GRID = SCENE.attention.grid
CHOSEN = Selection(address=Address(0, 7, 1), token=12)
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def view(qtbot):
    view = AttentionView()
    qtbot.addWidget(view)
    view.resize(820, 760)
    with qtbot.waitExposed(view):
        view.show()
    return view


@pytest.fixture
def shown(view):
    view.show_scene(SCENE)
    view.show_selection(CHOSEN)
    return view


@pytest.fixture
def selections(shown):
    found = []
    shown.selection_changed.connect(found.append)
    return found


def place_of(view, row: int, column: int) -> QPoint:
    box = GRID.box(row, column)
    middle = (box.top + box.height / 2, box.left + box.width / 2)
    return view.overlay.picture.place_of(*middle).toPoint()


def click(qtbot, view, row: int, column: int, held=Qt.KeyboardModifier.NoModifier) -> None:
    place = place_of(view, row, column)
    qtbot.mouseClick(view.overlay.picture, Qt.MouseButton.LeftButton, held, place)


def test_that_without_a_scene_the_view_says_what_to_do(view):
    assert view._pages.currentIndex() == 0
    view.show_state("This model cannot be run: no weights.", "error")
    assert view._empty.text() == "This model cannot be run: no weights."
    assert view.state.text == "This model cannot be run: no weights."


def test_that_setters_emit_nothing(qtbot, view):
    with (
        qtbot.assertNotEmitted(view.selection_changed),
        qtbot.assertNotEmitted(view.style_changed),
        qtbot.assertNotEmitted(view.hovered),
    ):
        view.show_image(shown_image())
        view.show_scene(attention_scene(token=3, key=9))
        view.show_selection(Selection(token=3, key=9, address=Address(0, 7, 2)))
        view.show_style(MapStyle(limits="shared"))
        view.show_state("busy", "busy")
        view.show_scene(None)


def test_that_the_image_is_shown_alone_while_the_model_is_run(view):
    image = shown_image()
    view.show_image(image)
    assert np.array_equal(view.overlay.picture.pixels, image.picture)
    assert "being run" in view.pattern.picture.sentence
    assert not view.tokens.isEnabled()
    view.show_scene(SCENE)
    assert view.tokens.isEnabled()


def pixels_are_composed(view, scene, style) -> None:
    limits = pattern_limits([scene], style)
    for pane, compose in ((view.overlay, attention_picture), (view.pattern, pattern_picture)):
        expected = compose(scene, style, limits).picture
        np.testing.assert_array_equal(pane.picture.pixels, expected)


def test_that_the_pixels_are_those_of_the_compositor(shown):
    pixels_are_composed(shown, SCENE, MapStyle())


def test_that_what_is_turned_back_to_is_drawn_as_it_would_be_alone(view):
    other = attention_scene(token=7, head=1, image=SCENE.image)
    scenes = (SCENE, replace(SCENE, head=0), other, replace(other, head=2), SCENE, other)
    faint, plain = MapStyle(opacity=0.2), MapStyle()
    for scene, style in zip(scenes, (plain, faint, faint, plain, plain, faint), strict=True):
        view.show_style(style)
        view.show_scene(scene)
        pixels_are_composed(view, scene, style)


def test_that_another_key_token_leaves_the_pictures_as_they_are(shown):
    pixels = shown.overlay.picture.pixels
    shown.show_scene(attention_scene(token=12, key=5, head=1, image=SCENE.image))
    pixels_are_composed(shown, shown.scene, MapStyle())
    shown.show_scene(SCENE)
    shown.show_scene(replace(SCENE, pair=attention_scene(key=5).pair))
    assert shown.overlay.picture.pixels is pixels


def test_that_limits_are_shared_with_all_heads_and_the_other_model_where_that_is_wanted(view):
    other = attention_scene(token=12, head=1, letter="B", seed=4)
    style = MapStyle(limits="shared")
    view.show_style(style)
    view.show_scene(SCENE, other)
    highest = max(float(one.attention.pattern.max()) for one in (SCENE, other))
    assert view.pattern.bar.text().endswith(f"to {highest:.3g}")


def test_that_the_limits_switch_changes_the_style(qtbot, shown):
    with qtbot.waitSignal(shown.style_changed) as caught:
        shown.limits.button("shared").click()
    assert caught.args == [MapStyle(limits="shared")]


def test_that_a_click_on_the_image_chooses_the_query_token(qtbot, shown, selections):
    click(qtbot, shown, 2, 3)
    assert selections == [replace(CHOSEN, token=GRID.token(2, 3))]


@pytest.mark.parametrize("held", [SHIFT, CONTROL])
def test_that_a_click_with_shift_or_ctrl_chooses_the_key_token(qtbot, shown, selections, held):
    click(qtbot, shown, 2, 3, held)
    assert selections == [replace(CHOSEN, key=GRID.token(2, 3))]


def test_that_a_click_chooses_the_key_token_where_the_switch_says_so(qtbot, shown, selections):
    shown.tokens.side.button("key").click()
    click(qtbot, shown, 0, 1)
    assert selections == [replace(CHOSEN, key=GRID.token(0, 1))]


def test_that_arrow_keys_move_the_query_token_and_the_edges_hold(qtbot, shown, selections):
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right):
        qtbot.keyClick(shown.overlay.picture, key)
    places = [GRID.place(one.token) for one in selections]
    assert GRID.place(12) == (1, 4)
    assert places == [(1, 5), (2, 5)]


def test_that_arrow_keys_with_ctrl_move_the_key_token(qtbot, shown, selections):
    shown.show_selection(replace(CHOSEN, key=GRID.token(2, 2)))
    qtbot.keyClick(shown.overlay.picture, Qt.Key.Key_Up, CONTROL)
    assert GRID.place(selections[-1].key) == (1, 2)
    assert selections[-1].token == 12


def test_that_an_arrow_key_leads_from_a_prefix_token_to_the_middle(qtbot, shown, selections):
    shown.show_selection(replace(CHOSEN, token=0))
    qtbot.keyClick(shown.overlay.picture, Qt.Key.Key_Left)
    assert GRID.place(selections[-1].token) == (2, 3)


def test_that_prefix_tokens_are_buttons(qtbot, shown, selections):
    assert [button.text() for button in shown.tokens.prefix] == ["CLS", "REG 0"]
    shown.tokens.prefix[1].click()
    assert selections[-1].token == 1
    qtbot.mouseClick(shown.tokens.prefix[0], Qt.MouseButton.LeftButton, SHIFT)
    assert (selections[-1].token, selections[-1].key) == (1, 0)
    assert [button.text() for button in shown.tokens.prefix] == ["→ CLS", "REG 0"]


def test_that_another_grid_has_its_own_buttons(shown):
    shown.show_scene(attention_scene(token=3, prefix=()))
    assert shown.tokens.prefix == ()


def test_that_a_token_outside_the_grid_of_another_stage_is_not_taken(shown):
    shown.show_selection(replace(CHOSEN, token=900, key=900))
    assert shown.tokens.query.text() == "1,4"
    assert shown.tokens.key.text() == ""


def type_into(qtbot, field, text: str) -> None:
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def test_that_tokens_can_be_written(qtbot, shown, selections):
    type_into(qtbot, shown.tokens.query, "3, 0")
    type_into(qtbot, shown.tokens.key, "cls")
    assert (selections[-1].token, selections[-1].key) == (GRID.token(3, 0), 0)


def test_that_an_emptied_key_field_or_its_cross_takes_the_key_token_away(qtbot, view):
    scene = attention_scene(token=12, key=20)
    view.show_scene(scene)
    view.show_selection(replace(CHOSEN, key=20))
    found = []
    view.selection_changed.connect(found.append)
    view.tokens.clear.click()
    assert found[-1].key is None
    assert view.tokens.key.text() == ""
    assert "Choose a key token" in view.pair.nothing.text()


def test_that_what_is_no_token_is_refused_in_words(qtbot, shown, selections):
    type_into(qtbot, shown.tokens.query, "9,9")
    assert selections == []
    assert shown.state.text == (
        "“9,9” is no token. Write row, column from 0,0 to 3,5, or CLS, REG 0."
    )
    assert shown.tokens.query.text() == "1,4"


def test_that_every_head_has_a_thumbnail_and_a_click_chooses_it(qtbot, shown, selections):
    assert shown.heads.count() == 3
    assert shown.heads.currentRow() == 1
    middle = shown.heads.visualItemRect(shown.heads.item(2)).center()
    qtbot.mouseClick(shown.heads.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert selections == [replace(CHOSEN, address=Address(0, 7, 2))]


def test_that_heads_step_with_brackets_and_the_ends_hold(qtbot, shown, selections):
    for key in (Qt.Key.Key_BracketRight, Qt.Key.Key_BracketRight, Qt.Key.Key_BracketLeft):
        qtbot.keyClick(shown.overlay.picture, key)
    assert [one.address.head for one in selections] == [2, 1]


def test_that_modes_step_with_comma_and_period(qtbot, shown, selections):
    for key in (Qt.Key.Key_Comma, Qt.Key.Key_Period, Qt.Key.Key_Period, Qt.Key.Key_Comma):
        qtbot.keyClick(shown.overlay.picture, key)
    assert [one.mode for one in selections] == [1, 2, 1]


def test_that_blocks_step_with_page_keys(qtbot, shown):
    with qtbot.waitSignal(shown.block_stepped) as caught:
        qtbot.keyClick(shown.overlay.picture, Qt.Key.Key_PageDown)
    assert caught.args == [1]


def test_that_space_turns_to_the_other_model(qtbot, shown, selections):
    qtbot.keyClick(shown.overlay.picture, Qt.Key.Key_Space)
    assert selections == []
    shown.show_scene(SCENE, attention_scene(token=12, head=1, letter="B"))
    qtbot.keyClick(shown.overlay.picture, Qt.Key.Key_Space)
    assert selections[-1].model == 1


def test_that_patches_prefix_tokens_and_padding_add_up_to_one(shown):
    attention = SCENE.attention
    patches = float(attention.pattern[1].sum())
    text = shown.shares.text()
    assert text.startswith(f"patches {patches:.3f}, CLS {attention.prefix[1, 0]:.3f}, REG 0 ")
    assert text.endswith("together 1.000")
    assert "padding" not in text


def test_that_padding_is_told_where_there_is_some(shown):
    padding = np.array([0.0, 0.25, 0.0])
    pattern = SCENE.attention.pattern * 0.75
    prefix = SCENE.attention.prefix * 0.75
    padded = replace(SCENE.attention, padding=padding, pattern=pattern, prefix=prefix)
    shown.show_scene(replace(SCENE, attention=padded))
    assert shown.shares.text().endswith("padding 0.250, together 1.000")


def test_that_a_bar_chooses_the_mode_for_all_views(qtbot, view):
    view.show_scene(attention_scene(token=12, key=20, head=1))
    view.show_selection(replace(CHOSEN, key=20))
    with qtbot.waitSignal(view.selection_changed) as caught:
        view.pair.mode_chosen.emit(5)
    assert caught.args == [replace(CHOSEN, key=20, mode=5)]


def test_that_a_chosen_key_without_modes_waits_for_them(shown):
    shown.show_selection(replace(CHOSEN, key=20))
    assert "being computed" in shown.pair.nothing.text()


def test_that_the_window_of_a_token_is_outlined(view):
    grid = grid_of(shown_image(), prefix=())
    visible = np.zeros(grid.shape, dtype=bool)
    visible[2:, 3:] = True
    found = token_attention(Block(grid), grid.token(3, 4), visible)
    sides = outline(found)
    assert len(sides) == 2 * (2 + 3)
    corners = {side[:2] for side in sides} | {side[2:] for side in sides}
    assert min(corners) == (20.0, 30.0)
    assert max(corners) == (40.0, 60.0)
    assert outline(replace(found, visible=np.ones(grid.shape, dtype=bool))) == ()


def test_that_the_parts_of_a_shifted_window_are_outlined_each(view):
    grid = grid_of(shown_image(), prefix=())
    visible = np.zeros(grid.shape, dtype=bool)
    visible[0, 0] = visible[3, 5] = True
    assert len(outline(token_attention(Block(grid), grid.token(0, 0), visible))) == 8


def test_that_the_outline_is_drawn_over_the_picture(view):
    visible = np.zeros(GRID.shape, dtype=bool)
    visible[:2] = True
    plain = attention_scene(token=3, prefix=())
    view.show_scene(plain)
    before = view.pattern.picture.grab().toImage()
    view.show_scene(replace(plain, attention=replace(plain.attention, visible=visible)))
    assert view.pattern.picture.grab().toImage() != before
    assert "a window of 12 patches" in view.title.text()


def test_that_the_mouse_reads_out_place_value_attention_and_score(qtbot, shown):
    found = []
    shown.hovered.connect(found.append)
    shown.overlay.picture.hovered.emit(25.0, 33.0)
    place = (2, 3)
    assert "patch 2,3" in found[-1]
    assert f"attention {SCENE.attention.pattern[1][place]:.4g}"[:15] in found[-1]
    assert "HU" in found[-1]
    shown.overlay.picture.left.emit()
    assert found[-1] == ""


def test_that_a_patch_of_another_window_has_no_score_in_the_read_out(shown):
    visible = np.zeros(GRID.shape, dtype=bool)
    visible[:2] = True
    shown.show_scene(replace(SCENE, attention=replace(SCENE.attention, visible=visible)))
    found = []
    shown.hovered.connect(found.append)
    shown.overlay.picture.hovered.emit(25.0, 33.0)
    assert found[-1].endswith("in another window: no score")


def test_that_window_and_slices_are_handed_on(qtbot, shown):
    window = Window(40.0, 400.0)
    for pane in (shown.overlay, shown.pattern):
        with qtbot.waitSignal(shown.window_dragged) as caught:
            pane.picture.window_dragged.emit(window)
        assert caught.args == [window]
        with qtbot.waitSignal(shown.window_chosen):
            pane.picture.window_chosen.emit(window)
        with qtbot.waitSignal(shown.slice_stepped) as caught:
            pane.picture.slice_stepped.emit(2)
        assert caught.args == [2]


def test_that_a_state_leaves_the_last_scene_on_the_screen(shown):
    shown.show_state("Running deit.pth…", "busy")
    assert shown.busy.text() == "Running deit.pth…"
    assert shown.scene is SCENE
    assert shown.pattern.picture.pixels is not None


def test_that_what_cannot_be_drawn_is_told_and_the_program_goes_on(shown):
    broken = replace(SCENE, attention=replace(SCENE.attention, pattern=np.empty((3, 0, 0))))
    shown.show_scene(broken)
    assert shown.state.text.startswith("This cannot be drawn: ")
    shown.show_state("")
    shown.show_scene(SCENE)
    assert shown.state.text == ""


def test_that_an_inexact_form_is_told_and_can_be_put_away(shown):
    modes = replace(SCENE.modes, exact="Rotary embedding: exact only at the same place.")
    shown.show_scene(replace(SCENE, modes=modes))
    assert shown.exact.text.startswith("Rotary")
    shown.exact._close.click()
    shown.show_scene(replace(SCENE, modes=modes, head=0))
    assert shown.exact.text == ""


def test_that_the_figure_is_the_pair_where_the_pair_is_looked_at(view):
    view.show_scene(attention_scene(token=12, key=20))
    assert view.current_figure_kind() is FigureKind.ATTENTION
    view.pair.frame.setFocus()
    assert view.current_figure_kind() is FigureKind.PAIR
    view.show_scene(SCENE)
    assert view.current_figure_kind() is FigureKind.ATTENTION


def test_that_thumbnails_have_the_shape_of_the_picture_in_mm(shown):
    picture = SCENE.image.slice
    expected = 40 * picture.spacing.rows / (60 * picture.spacing.columns)
    assert shown.heads.itemDelegate()._aspect == pytest.approx(expected)
    assert expected != 40 / 60


def test_that_leaving_is_told_only_where_something_was_told(view):
    said: list[str] = []
    view.hovered.connect(said.append)
    view.show_image(shown_image())
    view.overlay.picture.left.emit()
    view.pair.hovered.emit("")
    assert said == []
    view.overlay.picture.hovered.emit(3.5, 4.5)
    view.overlay.picture.left.emit()
    view.pattern.picture.left.emit()
    assert said == [picture_text(shown_image().slice, 3.5, 4.5), ""]


def test_that_an_image_without_a_model_has_its_title(view):
    view.show_image(shown_image())
    assert view.title.text() == image_text(shown_image(), MapStyle())
