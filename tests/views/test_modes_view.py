from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from inspector.core.address import Address
from inspector.core.images import Window
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.modes import Product
from inspector.core.selection import Selection
from inspector.core.tokens import Box
from inspector.render.scenes import limits_for, mode_picture, oriented_maps, side_picture
from inspector.views.mode_pictures import ModePictures
from inspector.views.modes_view import ModesView
from inspector.views.modes_words import constant_text, read_out, title_text
from inspector.views.ranking_view import ROW_ROLE
from tests.views.mode_scenes import (
    HEADS,
    MODES,
    block_maps,
    block_modes,
    scene,
    shown_image,
    without_image,
    without_maps,
)


@pytest.fixture
def view(qtbot):
    view = ModesView()
    qtbot.addWidget(view)
    view.resize(780, 690)
    with qtbot.waitExposed(view):
        view.show()
    return view


def words(text: str) -> str:
    return " ".join(text.replace("\N{FIGURE SPACE}", " ").split())


def test_that_the_pixels_on_the_screen_are_those_of_the_compositor(view):
    one, style = scene(head=1, mode=2), MapStyle(opacity=0.8, dim=0.3)
    view.show_style(style)
    view.show_scene(one)
    shown = [picture.pixels for picture in view.pictures.views]
    composed = [mode_picture(one, style), *(side_picture(one, s, style) for s in ("query", "key"))]
    for pixels, drawn in zip(shown, composed, strict=True):
        np.testing.assert_array_equal(pixels, drawn.picture)


def test_that_limits_are_shared_with_the_other_model_where_the_style_says_so(view):
    image = shown_image()
    a, b = scene(image=image), scene(image=image, letter="B", seed=3)
    b = replace(b, maps=block_maps(b.modes, image, seed=9))
    view.show_scene(a, b)
    own = view.pictures.views[0].pixels
    view.show_style(MapStyle(limits="shared"))
    (limits, _) = limits_for((a, b), MapStyle(limits="shared"))
    shared = view.pictures.views[0].pixels
    np.testing.assert_array_equal(
        shared, mode_picture(a, MapStyle(limits="shared"), limits).picture
    )
    assert not np.array_equal(own, shared)


def test_that_only_what_changed_is_composed_again(view):
    view.show_scene(scene())
    overlay, query, key = (one.pixels for one in view.pictures.views)
    view.show_style(MapStyle(opacity=0.1, pair=ColourPair.MAGENTA_GREEN))
    assert view.pictures.views[0].pixels is not overlay
    assert view.pictures.views[1].pixels is query
    assert view.pictures.views[2].pixels is key


@pytest.mark.parametrize(
    "style",
    [
        MapStyle(opacity=0.9),
        MapStyle(dim=0.9),
        MapStyle(pair=ColourPair.ORANGE_AZURE),
        MapStyle(smooth=True),
        MapStyle(flipped=True),
        MapStyle(seen=True),
    ],
)
def test_that_every_style_and_every_way_back_is_drawn_as_it_would_be_alone(view, style):
    one = scene(mode=1)
    view.show_scene(one)
    for now in (style, MapStyle(), style):
        view.show_style(now)
        np.testing.assert_array_equal(view.pictures.views[0].pixels, mode_picture(one, now).picture)
        np.testing.assert_array_equal(
            view.pictures.views[1].pixels, side_picture(one, "query", now).picture
        )


def test_that_the_title_says_exactly_what_is_shown(view):
    one = scene(head=2, mode=3)
    view.show_scene(one)
    sigma, cosine = one.modes.sigma[2, 3], one.modes.cosine[2, 3]
    for part in (
        "A · S0 B7 H2 M3",
        f"{sigma:.3g}",
        f"cos = {cosine:.2f}".replace("-", "−"),
        "chance ±",
        "chest.dcm",
    ):
        assert part in view.title.text()


def test_that_the_title_names_all_that_is_not_as_usual():
    image = shown_image(slices=30)
    modes = block_modes()
    maps = block_maps(modes, image, product=Product.OV)
    text = title_text(
        scene(image=image, modes=modes, maps=maps), MapStyle(flipped=True, smooth=True, seen=True)
    )
    for part in (
        "value–output",
        "sign flipped",
        "smoothed",
        "stored 1 of 30",
        "as the model saw it",
    ):
        assert part in text


def test_that_the_maps_of_the_value_output_product_are_called_written_and_read(view):
    image, modes = shown_image(), block_modes()
    one = scene(image=image, modes=modes, maps=block_maps(modes, image, product=Product.OV))
    view.show_scene(one)
    assert view.pictures.sides["query"].bar.text().startswith("written map")
    assert view.pictures.sides["key"].bar.text().startswith("read map")


def test_that_keys_step_modes_and_heads_and_the_ends_hold(qtbot, view):
    view.show_selection(Selection(address=Address(0, 7), mode=0))
    view.show_scene(scene())
    chosen = []
    view.selection_changed.connect(chosen.append)
    for key in (Qt.Key.Key_Comma, Qt.Key.Key_Period, Qt.Key.Key_Period, Qt.Key.Key_BracketRight):
        qtbot.keyClick(view, key)
    assert [one.mode for one in chosen] == [1, 2, 2]
    assert chosen[-1].address == Address(0, 7, 1)
    view.show_selection(Selection(address=Address(0, 7, HEADS - 1), mode=MODES - 1))
    with qtbot.assertNotEmitted(view.selection_changed):
        qtbot.keyClick(view, Qt.Key.Key_Period)
        qtbot.keyClick(view, Qt.Key.Key_BracketRight)


def test_that_steps_add_up_before_a_scene_has_arrived(qtbot, view):
    view.show_selection(Selection(address=Address(0, 7)))
    view.show_scene(scene())
    chosen = []
    view.selection_changed.connect(chosen.append)
    for _ in range(4):
        view.step_mode(1)
    assert chosen[-1].mode == 4


def test_that_page_keys_ask_for_another_block(qtbot, view):
    view.show_scene(scene())
    with qtbot.waitSignal(view.block_stepped) as caught:
        qtbot.keyClick(view, Qt.Key.Key_PageDown)
    assert caught.args == [1]


def test_that_space_goes_to_the_other_model_where_there_is_one(qtbot, view):
    view.show_scene(scene(), scene(letter="B"))
    with qtbot.waitSignal(view.selection_changed) as caught:
        qtbot.keyClick(view, Qt.Key.Key_Space)
    assert caught.args[0].model == 1
    view.show_scene(scene())
    with qtbot.assertNotEmitted(view.selection_changed):
        qtbot.keyClick(view, Qt.Key.Key_Space)


def test_that_both_models_stand_side_by_side_if_asked(qtbot, view):
    view.show_scene(scene(), scene(letter="B"))
    assert view.other_pictures.isHidden()
    with qtbot.waitSignal(view.beside_chosen) as caught:
        qtbot.mouseClick(view.beside, Qt.MouseButton.LeftButton)
    assert caught.args == [True]
    assert view.other_pictures.isVisible()
    assert view.other_title.text().startswith("B · ")


def test_that_one_open_model_has_nothing_beside_it(view):
    view.show_beside(True)
    view.show_scene(scene())
    assert view.other_pictures.isHidden()
    assert view.beside.isHidden()


def test_that_zoom_is_shared_by_all_six_pictures(qtbot, view):
    view.show_scene(scene(), scene(letter="B"))
    view.show_beside(True)
    qtbot.keyClick(view.pictures.views[1], Qt.Key.Key_Plus)
    cameras = {one.camera for one in (*view.pictures.views, *view.other_pictures.views)}
    assert len(cameras) == 1
    assert cameras.pop().zoom > 1


def test_that_the_sign_can_be_flipped_and_the_read_out_follows(qtbot, view):
    one = scene()
    view.show_scene(one)
    with qtbot.waitSignal(view.style_changed) as caught:
        qtbot.mouseClick(view.flip, Qt.MouseButton.LeftButton)
    assert caught.args == [MapStyle(flipped=True)]
    query, _ = oriented_maps(one, MapStyle(flipped=True))
    text = words(read_out(one, MapStyle(flipped=True), 1.0, 1.0))
    assert f"q {query[0, 0]:+.4f}".replace("-", "−") in text


def test_that_the_read_out_gives_place_value_patch_and_both_maps(view):
    one = scene(head=1, mode=2)
    query, key = oriented_maps(one, MapStyle())
    text = words(read_out(one, MapStyle(), 12.5, 33.5))
    numbers = (f"{query[1, 3]:+.4f}", f"{key[1, 3]:+.4f}")
    expected = f"x 8.4 mm, y 6.2 mm · 75.300 HU · patch 1, 3 · q {numbers[0]} · k {numbers[1]}"
    assert text == expected.replace("-", "−")


def test_that_the_read_out_keeps_its_width_over_one_picture():
    one = scene()
    widths = {
        len(read_out(one, MapStyle(), row, column)) for row in (0.5, 20, 39) for column in (1, 50)
    }
    assert len(widths) == 1


def test_that_the_read_out_says_so_outside_what_the_model_saw():
    one = scene(image=shown_image(box=Box(10.0, 15.0, 20.0, 30.0)))
    assert read_out(one, MapStyle(), 1.0, 1.0).endswith("outside what the model saw")


def test_that_pointing_at_any_of_the_pictures_is_told(qtbot, view):
    view.show_scene(scene())
    QApplication.processEvents()
    picture = view.pictures.views[2]
    # the mouse may still lie where another test left it: leaving that place is told, too
    qtbot.mouseMove(picture)
    QApplication.processEvents()
    with qtbot.waitSignal(view.hovered) as caught:
        place = picture.place_of(12.5, 33.5).toPoint()
        qtbot.mouseMove(picture, place)
    point = picture.point_at(place.toPointF())
    assert caught.args == [read_out(scene(), MapStyle(), *point)]
    assert view.pictures.views[0].crosshair == pytest.approx(point)


def test_that_a_whole_scene_stays_until_the_next_one_is_whole(view):
    first = scene(mode=1)
    view.show_scene(first)
    pixels, title = view.pictures.views[0].pixels, view.title.text()
    second = scene(mode=4)
    view.show_scene(without_maps(second))
    view.show_state("computing S0 B8", "busy")
    assert view.pictures.views[0].pixels is pixels
    assert view.title.text() == title
    assert view.busy.text() == "computing S0 B8"
    view.show_state("")
    view.show_scene(second)
    assert view.scene is second
    assert view.busy.text() == ""
    np.testing.assert_array_equal(
        view.pictures.views[0].pixels, mode_picture(second, MapStyle()).picture
    )


def test_that_a_model_that_cannot_run_shows_its_spectrum_and_the_image_and_says_why(view):
    view.show_scene(scene())
    view.show_scene(without_maps(scene(mode=5)))
    view.show_state("This model cannot be run: its patch embedding is not in the file.", "error")
    assert "patch embedding" in view.state.text
    assert "M5" in view.title.text()
    np.testing.assert_array_equal(view.pictures.views[0].pixels, scene().image.picture)
    assert view.pictures.views[1].pixels is None
    assert view.pictures.views[1].sentence


def test_that_without_an_image_the_spectrum_is_shown_and_what_to_drop(view):
    view.show_scene(without_image(scene(mode=2)))
    assert "DICOM" in view.pictures.views[0].sentence
    assert view.spectrum.frame.isVisible()


def test_that_without_a_model_the_page_says_what_to_do_or_how_things_stand(view):
    view.show_scene(None)
    assert not view.title.isVisible()
    view.show_state("Modes of A are being computed <…>")
    assert "&lt;…&gt;" in view._empty.text()


def test_that_an_image_is_shown_before_a_checkpoint_is_open(qtbot, view):
    image = shown_image()
    view.show_image(image)
    view.show_state("Open a checkpoint.", "note")
    np.testing.assert_array_equal(view.pictures.views[0].pixels, image.picture)
    assert view.title.text() == "chest.dcm"
    assert view.state.text == "Open a checkpoint."
    assert view.spectrum.frame.isHidden()
    with qtbot.waitSignal(view.hovered) as caught:
        view.pictures.views[0].hovered.emit(12.5, 33.5)
    assert words(caught.args[0]) == "x 8.4 mm, y 6.2 mm · 75.300 HU"


def test_that_an_empty_page_says_how_things_stand_once(view):
    view.show_state("Nothing is known yet.", "note")
    assert "Nothing is known yet." in view._empty.text()
    assert view.state.text == ""


def test_that_a_family_that_is_not_exact_says_so_until_it_is_put_away(qtbot, view):
    one = scene(modes=block_modes(exact="Rotary positions turn query and key."))
    view.show_scene(one)
    assert view.exact.text == "Rotary positions turn query and key."
    view.exact.findChildren(type(view.exact._close))[0].click()
    view.show_scene(replace(one, mode=3))
    assert view.exact.text == ""


@pytest.mark.parametrize(
    ("values", "text"),
    [([[0.31, 0.31]], "constant 0.31"), ([[np.nan, np.nan]], "no finite value"), ([[0, 1]], "")],
)
def test_that_a_constant_map_is_told_as_its_number(values, text):
    assert constant_text(np.array(values, np.float32)) == text


def test_that_constant_and_undefined_maps_are_drawn_and_told(view):
    image, modes = shown_image(), block_modes()
    maps = block_maps(modes, image)
    query, key = maps.query.copy(), maps.key.copy()
    query[0, 0], key[0, 0, 0, 0] = 0.0, np.nan
    view.show_scene(scene(image=image, modes=modes, maps=replace(maps, query=query, key=key)))
    assert "constant 0" in view.pictures.sides["query"].bar.text()
    assert view.pictures.sides["key"].picture.pixels is not None


def test_that_the_window_is_told_while_it_is_dragged(qtbot, view):
    view.show_scene(scene())
    picture = view.pictures.views[0]
    with qtbot.waitSignal(view.window_chosen) as caught:
        qtbot.mousePress(picture, Qt.MouseButton.RightButton, pos=QPoint(50, 50))
        qtbot.mouseMove(picture, QPoint(90, 50))
        qtbot.mouseRelease(picture, Qt.MouseButton.RightButton, pos=QPoint(90, 50))
    assert isinstance(caught.args[0], Window)


def test_that_the_ranking_is_in_order_of_contribution_and_chooses_modes(qtbot, view):
    one = scene(head=1)
    view.show_selection(Selection(address=Address(0, 7, 1)))
    view.show_scene(one)
    order = one.maps.order(1).tolist()
    model = view.ranking.model
    assert [model.mode_at(row) for row in range(model.rowCount())] == order
    rows = [model.index(row, 0).data(ROW_ROLE) for row in range(MODES)]
    assert [name for name, _, _ in rows] == [f"M{mode}" for mode in order]
    shares = [share for _, share, _ in rows]
    assert shares == sorted(shares, reverse=True)
    assert [filled for _, _, filled in rows] == [share / shares[0] for share in shares]
    assert sum(shares) == pytest.approx(1)
    wanted = next(row for row, mode in enumerate(order) if mode != 0)
    place = view.ranking.list.visualRect(model.index(wanted, 0)).center()
    with qtbot.waitSignal(view.selection_changed) as caught:
        qtbot.mouseClick(view.ranking.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert caught.args[0].mode == order[wanted]


def test_that_setters_emit_nothing(qtbot, view):
    signals = (view.selection_changed, view.style_changed, view.beside_chosen)
    emitted = []
    for signal in signals:
        signal.connect(lambda *given: emitted.append(given))
    view.show_selection(Selection(mode=3, address=Address(0, 7, 1)))
    view.show_scene(scene(mode=3, head=1), scene(letter="B"))
    view.show_style(MapStyle(flipped=True, grid=True))
    view.show_beside(True)
    view.show_state("busy", "busy")
    view.show_scene(None)
    assert emitted == []


def test_that_the_maps_stand_beside_a_wide_overlay_and_under_a_narrow_one(qtbot):
    pictures = ModePictures("")
    qtbot.addWidget(pictures)
    pictures.show_scene(scene(), MapStyle(), limits_for([scene()], MapStyle())[0])
    overlay, query = pictures.overlay, pictures.sides["query"]
    for size, beside in (((700, 400), True), ((350, 500), False)):
        pictures.resize(*size)
        with qtbot.waitExposed(pictures):
            pictures.show()
        QApplication.processEvents()
        assert (query.x() > overlay.geometry().right()) is beside
        assert (query.y() > overlay.geometry().bottom()) is not beside


def test_that_the_view_follows_light_and_dark(qtbot, view):
    view.show_scene(scene())
    before = view.spectrum.frame.grab().toImage()
    dark = QPalette(QColor("#2b2b2b"))
    view.setPalette(dark)
    assert view.spectrum.frame.grab().toImage() != before


def test_that_leaving_is_told_only_where_something_was_told(view):
    said: list[str] = []
    view.hovered.connect(said.append)
    view.show_scene(scene())
    view.pictures.left.emit()
    view.spectrum.hovered.emit("")
    assert said == []
    view.pictures.pointed.emit(12.5, 33.5)
    view.pictures.left.emit()
    view.pictures.left.emit()
    assert said == [read_out(scene(), MapStyle(), 12.5, 33.5), ""]
