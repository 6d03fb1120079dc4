import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPalette, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QToolTip

from inspector.core.address import Address
from inspector.core.errors import BadRequest
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.modes import TokenSpace
from inspector.core.optimal import Winner
from inspector.core.scan_request import ScanChoice
from inspector.core.selection import Selection
from inspector.render.gallery import limits_in_row, tile_pictures
from inspector.views.gallery_layout import GalleryLayout, fitted, placed
from inspector.views.gallery_options import GalleryOptionsPopover
from inspector.views.gallery_shown import GalleryShown, ScanShown, TileSize
from inspector.views.gallery_view import GalleryView
from inspector.views.gallery_words import scan_text, score_text, tile_tip, title_text
from inspector.views.left_out_popover import LeftOutPopover
from tests.views.gallery_scenes import AT, IMAGES, TOP, found_images, gallery, tile_of, with_row
from tests.views.mode_scenes import MODES

FOLDER = Path("/data/chest")
SMALL = GalleryShown(size=TileSize.SMALL)


@pytest.fixture
def view(qtbot):
    view = GalleryView()
    qtbot.addWidget(view)
    view.resize(1000, 700)
    view.show_models(("A",), "A")
    view.show_folder(FOLDER)
    view.show_shown(SMALL)
    with qtbot.waitExposed(view):
        view.show()
    return view


def settle(qtbot, view, count):
    """Wait until so many tiles have pictures."""
    qtbot.waitUntil(lambda: len(view.canvas.sheet.shown_tiles) == count)


def in_sight(view) -> set[tuple[int, int]]:
    """Tiles of which something can be seen, from the layout alone."""
    sheet, layout = view.canvas.sheet, view.canvas._layout
    part = QRect(view.canvas._origin, sheet.size())
    return {
        (row, rank)
        for row in range(len(view.canvas.rows))
        for rank in range(layout.counts[row])
        if layout.tile_box(row, rank).intersects(part)
    }


def pixels_of_sheet(view) -> np.ndarray:
    """(rows, columns, 3) what is on the screen."""
    image = view.canvas.sheet.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows, columns = image.height(), image.width()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(rows, image.bytesPerLine())
    return pixels[:, : 3 * columns].reshape(rows, columns, 3).copy()


def click(qtbot, view, row, rank):
    box = view.canvas._layout.tile_box(row, rank).translated(-view.canvas._origin)
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=box.center())


def records(signal) -> list:
    seen = []
    signal.connect(lambda *values: seen.append(values))
    return seen


# what is shown


def test_that_a_tile_on_the_screen_has_the_pixels_of_the_compositor(view, qtbot):
    scene = gallery(shape=(64, 64))
    view.show_style(MapStyle(opacity=0.7))
    view.show_scene(scene)
    settle(qtbot, view, len(in_sight(view)))
    row = scene.rows[0]
    plain, overlay = tile_pictures(row.tiles[1], MapStyle(opacity=0.7))
    shown = view.canvas.sheet.shown_tiles[0, 1]
    np.testing.assert_array_equal(shown.plain, plain)
    np.testing.assert_array_equal(shown.overlay, overlay)
    screen = pixels_of_sheet(view)
    first, _ = view.canvas._layout.squares(0, 1)
    part = screen[first.top() : first.bottom() + 1, first.left() : first.right() + 1]
    np.testing.assert_array_equal(part, plain)


@pytest.mark.parametrize("shape", [(64, 32), (32, 64), (50, 50), (300, 100)])
@pytest.mark.parametrize("side", [64, 104, 176])
def test_that_pictures_keep_their_aspect_inside_their_square(shape, side):
    square = QRect(7, 9, side, side)
    box = fitted(shape, square)
    assert square.contains(box)
    scale = side / max(shape)
    assert abs(box.height() - shape[0] * scale) <= 0.5
    assert abs(box.width() - shape[1] * scale) <= 0.5
    assert abs((box.left() - square.left()) - (square.right() - box.right())) <= 1


def test_that_a_patch_is_marked_where_it_lies_on_the_shown_picture():
    picture = QRect(10, 20, 32, 64)
    assert placed(QRectF(16, 32, 8, 8), (128, 64), picture) == QRectF(18, 36, 4, 4)


@pytest.mark.parametrize("pair", ColourPair)
def test_that_the_winning_patches_are_framed_in_the_colours_of_their_maps(view, qtbot, pair):
    lights = {
        ColourPair.RED_CYAN: ((255, 0, 0), (0, 255, 255)),
        ColourPair.MAGENTA_GREEN: ((255, 0, 255), (0, 255, 0)),
        ColourPair.ORANGE_AZURE: ((255, 128, 0), (0, 128, 255)),
    }[pair]
    winner = Winner(0, 1.5, IMAGES[0], (1, 2), (3, 0))
    scene = with_row(gallery(), 0, winners=(winner,), tiles=(tile_of(winner, shape=(64, 64)),))
    view.show_style(MapStyle(pair=pair))
    view.show_scene(scene)
    settle(qtbot, view, len(in_sight(view)))
    screen = pixels_of_sheet(view)
    _, square = view.canvas._layout.squares(0, 0)
    for (row, column), light in zip((winner.query, winner.key), lights, strict=True):
        top, left = square.top() + 16 * row, square.left() + 16 * column
        assert tuple(screen[top, left + 8]) == light
        assert tuple(screen[top + 8, left]) == light


def test_that_both_frames_are_seen_where_one_patch_won_as_query_and_as_key(view, qtbot):
    winner = Winner(0, 1.5, IMAGES[0], (1, 1), (1, 1))
    scene = with_row(gallery(), 0, winners=(winner,), tiles=(tile_of(winner, shape=(64, 64)),))
    view.show_scene(scene)
    settle(qtbot, view, len(in_sight(view)))
    screen = pixels_of_sheet(view)
    _, square = view.canvas._layout.squares(0, 0)
    across = [tuple(p) for p in screen[square.top() + 24, square.left() + 8 : square.left() + 20]]
    assert across.index((255, 0, 0)) < across.index((0, 255, 255))


def test_that_both_signs_stand_under_one_another_mode_by_mode(view):
    view.show_scene(gallery())
    view.show_shown(GalleryShown("both", modes=2))
    names = [(row.mode, row.sign) for row in view.canvas.rows]
    assert names == [(0, "+"), (0, "-"), (1, "+"), (1, "-")]
    view.show_shown(GalleryShown("-", modes=None))
    assert [(row.mode, row.sign) for row in view.canvas.rows] == [(m, "-") for m in range(MODES)]


def test_that_rows_of_one_mode_stand_closer_than_those_of_two():
    layout = GalleryLayout(((0, "+"), (0, "-"), (1, "+")), (3, 3, 3), 3, 64, 100, 60, 15)
    first, second, third, _ = layout.tops
    assert second - first < third - second
    assert [layout.begins_mode(row) for row in range(3)] == [True, False, True]


def test_that_as_many_columns_are_shown_as_are_asked_for_and_known(view):
    view.show_scene(gallery())
    view.show_shown(replace(SMALL, columns=2))
    assert view.canvas._layout.counts[0] == 2
    view.show_shown(replace(SMALL, columns=60))
    assert view.canvas._layout.counts[0] == TOP
    assert view.canvas._layout.columns == TOP


def test_that_only_what_is_in_sight_has_pictures_and_scrolling_brings_the_rest(view, qtbot):
    view.show_shown(GalleryShown("both", modes=None, size=TileSize.LARGE))
    view.show_scene(gallery(found=found_images(modes=24)))
    settle(qtbot, view, len(in_sight(view)))
    assert set(view.canvas.sheet.shown_tiles) == in_sight(view)
    assert len(in_sight(view)) < 48 * TOP / 4
    before = in_sight(view)
    view.canvas.down.setValue(view.canvas.down.maximum())
    settle(qtbot, view, len(in_sight(view)))
    assert set(view.canvas.sheet.shown_tiles) == in_sight(view)
    assert not before & in_sight(view)
    items = len(view.canvas.sheet._items) + len(view.canvas.sheet._spare)
    assert items <= len(before) + len(in_sight(view))


def test_that_another_style_is_drawn_and_the_old_one_stays_until_then(view, qtbot, monkeypatch):
    scene = gallery()
    view.show_scene(scene)
    settle(qtbot, view, len(in_sight(view)))
    before = view.canvas.sheet.shown_tiles
    style = MapStyle(pair=ColourPair.ORANGE_AZURE, smooth=True)
    with monkeypatch.context() as slow:  # no picture is ready before the time of a turn is over
        slow.setattr("inspector.views.gallery_sheet.perf_counter", itertools.count().__next__)
        view.show_style(style)
        assert view.canvas.sheet.shown_tiles == before
    expected = tile_pictures(scene.rows[2].tiles[0], style)[1]
    qtbot.waitUntil(lambda: np.array_equal(view.canvas.sheet.shown_tiles[1, 0].overlay, expected))


def test_that_limits_are_shared_along_a_row_where_the_style_says_so(view, qtbot):
    scene, style = gallery(), MapStyle(limits="shared")
    view.show_style(style)
    view.show_scene(scene)
    settle(qtbot, view, len(in_sight(view)))
    row = scene.rows[0]
    expected = tile_pictures(row.tiles[3], style, limits_in_row(row, style))[1]
    np.testing.assert_array_equal(view.canvas.sheet.shown_tiles[0, 3].overlay, expected)
    assert not np.array_equal(expected, tile_pictures(row.tiles[3], MapStyle())[1])


def test_that_tiles_still_to_come_have_a_place_and_are_shown_as_they_come(view, qtbot):
    waiting = gallery(made=False)
    view.show_scene(waiting)
    assert view.canvas.sheet.shown_tiles == {}
    assert view._pages.currentWidget() is view.canvas
    assert view.canvas._layout.counts[0] == TOP
    one = tile_of(waiting.rows[0].winners[2])
    view.show_scene(with_row(waiting, 0, tiles=(None, None, one, None, None)))
    settle(qtbot, view, 1)
    assert set(view.canvas.sheet.shown_tiles) == {(0, 2)}


@pytest.mark.parametrize("made", [False, True])
def test_that_the_pictures_of_another_head_never_stand_under_this_one(
    view, qtbot, monkeypatch, made
):
    view.show_scene(gallery())
    settle(qtbot, view, len(in_sight(view)))
    with monkeypatch.context() as slow:
        slow.setattr("inspector.views.gallery_sheet.perf_counter", itertools.count().__next__)
        view.show_scene(gallery(made=made))
        assert view.canvas.sheet.shown_tiles == {}


def test_that_what_is_on_the_screen_changes_with_the_theme(view, qtbot):
    view.show_scene(gallery(made=False))
    light = pixels_of_sheet(view)
    dark = QPalette(view.palette())
    dark.setColor(QPalette.ColorRole.Window, QColor("#222222"))
    dark.setColor(QPalette.ColorRole.WindowText, QColor("#eeeeee"))
    view.setPalette(dark)
    assert pixels_of_sheet(view).mean() < 100 < light.mean()


# words


def test_that_the_title_names_head_and_model_and_what_is_not_as_usual():
    scene = gallery()
    assert title_text(scene) == "A · S0 B7 H1 · optimal images · A.pth"
    options = replace(scene.found.options, compat=True, space=TokenSpace.RESIDUAL)
    unusual = replace(scene, found=replace(scene.found, options=options))
    assert title_text(unusual).endswith("scored as published · residual")


@pytest.mark.parametrize(
    ("score", "words"),
    [(12.345678, "0 · 12.35"), (2.0, "0 · 2.000"), (0.00012341, "0 · 0.0001234")],
)
def test_that_a_score_has_four_significant_digits(score, words):
    assert score_text(Winner(0, score, "a.png", (0, 0), (0, 0))) == words


def test_that_the_tooltip_of_a_tile_has_the_whole_name_the_score_and_both_patches(view):
    winner = Winner(0, 1.5, "ward 3/<b>a long name.png", (1, 2), (3, 0))
    scene = with_row(
        gallery(), 0, winners=(winner,), tiles=(None,), problems={0: "The file is gone."}
    )
    lines = tile_tip(scene.rows[0], 0).splitlines()
    assert lines[0] == "ward 3/<b>a long name.png"
    assert lines[1:] == [
        "M0 +, rank 0",
        "score 1.50000",
        "query patch: row 1, column 2",
        "key patch: row 3, column 0",
        "The file is gone.",
    ]
    view.show_scene(scene)
    assert view.canvas._tip_at(view.canvas._layout.tile_box(0, 0).center()) == "\n".join(lines)
    view.canvas.event(
        QHelpEvent(QEvent.Type.ToolTip, view.canvas._layout.tile_box(0, 0).center(), QPoint(5, 5))
    )
    assert "ward 3/&lt;b&gt;a long name.png\nM0 +, rank 0" in QToolTip.text()
    cell = view.canvas._layout.cell_box(0).center()
    assert "S0 B7 H1 M0, sign +: both maps large" in view.canvas._tip_at(cell)


@pytest.mark.parametrize(
    ("scan", "words"),
    [
        (ScanShown("running"), "Looking for images"),
        (ScanShown("running", 412, 5856), "412 of 5,856 images"),
        (ScanShown("running", 412, 5856, 38.2, 130.0), "412 of 5,856 images · 38/s · 2 min left"),
        (ScanShown("paused", 412, 5856, 38.2, 130.0), "Paused at 412 of 5,856 images"),
        (ScanShown(), ""),
    ],
)
def test_that_it_is_said_how_far_a_scan_is(scan, words):
    assert scan_text(scan, None) == words
    if scan.stage != "idle":
        partial = found_images(measured=3)
        assert scan_text(scan, partial) == f"{words} · results so far"
        assert scan_text(scan, found_images()) == words


def test_that_a_finished_scan_and_one_that_was_stopped_are_told_apart():
    assert scan_text(ScanShown(), found_images()) == "8 images"
    left = (("broken.png", "It is empty."),)
    assert scan_text(ScanShown(), found_images(total=9, left_out=left)) == "8 images"
    stopped = scan_text(ScanShown(), found_images(total=5000))
    assert stopped == "Stopped at 8 of 5,000 images · results so far"


def test_that_the_legend_explains_the_signs_that_are_shown(view):
    view.show_scene(gallery())
    assert "+ both maps large" in view.legend.accessibleName()
    assert "−" not in view.legend.accessibleName()
    view.show_shown(GalleryShown("both"))
    assert "− both maps small (lit where most negative)" in view.legend.accessibleName()
    assert "+ both maps large" in view.legend.accessibleName()


# pages


def page(view) -> str:
    assert view._pages.currentWidget() is view.empty
    return view.empty.accessibleName()


def test_that_without_a_model_it_is_said_to_drop_one(view):
    view.show_models((), "")
    view.show_scene(gallery())
    assert "Open a checkpoint" in page(view)
    assert view._bars.isHidden()
    assert view.empty.choose.isHidden()


def test_that_without_a_folder_one_can_be_chosen_or_the_one_opened_lately_scanned(view, qtbot):
    view.show_folder(None)
    assert "Drop a folder of images" in page(view)
    assert view.empty.lately.isHidden()
    asked, chosen = records(view.choose_asked), records(view.folder_chosen)
    qtbot.mouseClick(view.empty.choose, Qt.MouseButton.LeftButton)
    assert asked == [()]
    view.show_folder(None, lately=(Path("/data/chest_xray"), 1234))
    assert view.empty.lately.text() == "Scan chest_xray (1,234 images)"
    qtbot.mouseClick(view.empty.lately, Qt.MouseButton.LeftButton)
    assert chosen == [(Path("/data/chest_xray"),)]
    view.show_folder(None, lately=(Path("/data/R&D"), 1))
    assert view.empty.lately.text() == "Scan R&&D (1 image)"


def test_that_a_scan_without_results_yet_says_so(view):
    assert "No image has been measured yet" in page(view)
    view.show_scan(ScanShown("running", 3, 100))
    assert "first images are being measured" in page(view)


def test_that_a_model_that_cannot_be_run_is_explained_in_the_middle(view):
    view.show_state("This model cannot be run.", "error")
    assert "This model cannot be run." in page(view)
    assert view.state.text == ""
    view.show_scene(gallery())
    assert view.state.text == "This model cannot be run."
    assert view._pages.currentWidget() is view.canvas


def test_that_a_head_without_winners_says_so_and_a_row_without_any_too(view):
    scene = gallery()
    none = replace(scene, rows=tuple(replace(r, winners=(), tiles=()) for r in scene.rows))
    view.show_scene(none)
    assert "No image excites a mode of this head" in page(view)
    view.show_shown(GalleryShown("-", modes=None))
    view.show_scene(scene)
    assert view._pages.currentWidget() is view.canvas
    assert view.canvas._layout.counts[-1] == 0


def test_that_left_out_images_are_listed_with_the_reason_and_can_be_copied(view, qtbot):
    left = (("a/broken.png", "It is empty."), ("b.dcm", "It ends too early."))
    view.show_scene(gallery(found=found_images(total=10, left_out=left)))
    assert view.status.left_out.text() == "2 left out…"
    qtbot.mouseClick(view.status.left_out, Qt.MouseButton.LeftButton)
    panel = view.findChild(LeftOutPopover)
    assert panel.findChild(QLabel).text() == "These images are not in the results:"
    panel.table.selectAll()
    assert panel.table.selected_text().splitlines() == [
        "Image\tWhy", "a/broken.png\tIt is empty.", "b.dcm\tIt ends too early."
    ]  # fmt: skip
    panel.close()
    view.show_scene(gallery())
    assert view.status.left_out.isHidden()


# what the user does


def test_that_setters_emit_nothing(view):
    seen = [
        records(getattr(view, name))
        for name in (
            "choose_asked", "folder_chosen", "start_asked", "choice_changed", "pause_toggled",
            "cancel_asked", "tile_opened", "shown_changed", "model_chosen", "selection_changed",
        )
    ]  # fmt: skip
    view.show_models(("A", "B"), "B")
    view.show_folder(FOLDER, lately=(FOLDER, 3))
    view.show_choice(ScanChoice(None, 3, True), TokenSpace.RESIDUAL)
    view.show_scan(ScanShown("running", 1, 2))
    view.show_scene(gallery())
    view.show_shown(GalleryShown("both", None, 3, TileSize.LARGE))
    view.show_selection(Selection(Address(0, 7, 1), mode=3))
    view.show_style(MapStyle(opacity=0.2))
    view.show_state("Something", "note")
    assert not any(seen)


@pytest.mark.parametrize("way", ["click", "enter"])
def test_that_a_tile_is_opened_by_a_click_and_by_enter(view, qtbot, way):
    scene = gallery()
    view.show_shown(replace(SMALL, signs="both"))
    view.show_scene(scene)
    opened = records(view.tile_opened)
    if way == "click":
        click(qtbot, view, 1, 2)
    else:
        view.canvas.setFocus()
        for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return):
            qtbot.keyClick(view.canvas, key)
    assert opened == [(scene.rows[1].winners[2].image, 0, "-")]


def test_that_the_arrows_stay_inside_and_bring_the_tile_into_sight(view, qtbot):
    view.show_shown(GalleryShown("-", modes=None, size=TileSize.LARGE))
    view.show_scene(gallery())
    view.canvas.setFocus()
    assert view.canvas.current == (0, 0)
    qtbot.keyClick(view.canvas, Qt.Key.Key_Left)
    qtbot.keyClick(view.canvas, Qt.Key.Key_Up)
    assert view.canvas.current == (0, 0)
    for _ in range(MODES):
        qtbot.keyClick(view.canvas, Qt.Key.Key_Down)
    assert view.canvas.current == (MODES - 2, 0)  # the last row has no tile
    qtbot.keyClick(view.canvas, Qt.Key.Key_End)
    assert view.canvas.current == (MODES - 2, TOP - 1)
    box = view.canvas._layout.tile_box(*view.canvas.current)
    assert QRect(view.canvas._origin, view.canvas.sheet.size()).contains(box)
    assert view.canvas._origin.x() > 0
    qtbot.keyClick(view.canvas, Qt.Key.Key_Home)
    assert view.canvas.current == (MODES - 2, 0)
    box = view.canvas._layout.tile_box(*view.canvas.current)
    assert view.canvas._origin.x() + view.canvas._layout.cell <= box.left()


def test_that_where_the_keys_are_is_read_out_and_stays_when_more_results_come(view, qtbot):
    scene = gallery(made=False)
    view.show_scene(scene)
    said = records(view.hovered)
    view.canvas.setFocus()
    qtbot.keyClick(view.canvas, Qt.Key.Key_Down)
    qtbot.keyClick(view.canvas, Qt.Key.Key_Right)
    assert scene.rows[2].winners[1].image in said[-1][0]
    assert scene.rows[2].winners[1].image in view.canvas.accessibleDescription()
    view.show_scene(gallery())
    assert view.canvas.current == (1, 1)
    view.show_shown(replace(SMALL, signs="both"))
    assert view.canvas.current == (2, 1)
    view.show_shown(replace(SMALL, signs="-"))
    assert view.canvas.current is None


@pytest.mark.parametrize(("key", "sign"), [("+", "+"), ("-", "-")])
def test_that_a_key_shows_the_sign_it_bears(view, qtbot, key, sign):
    view.show_shown(replace(SMALL, signs="both"))
    view.show_scene(gallery())
    view.canvas.setFocus()
    changed = records(view.shown_changed)
    qtbot.keyClick(view.canvas, key)
    qtbot.keyClick(view.canvas, key)
    assert changed == [(replace(SMALL, signs=sign),)]
    assert {row.sign for row in view.canvas.rows} == {sign}


def test_that_modes_and_heads_are_stepped_through_as_in_the_other_views(view, qtbot):
    view.show_scene(gallery())
    view.show_selection(Selection(AT, mode=2))
    view.canvas.setFocus()
    chosen = records(view.selection_changed)
    qtbot.keyClick(view.canvas, Qt.Key.Key_Period)
    qtbot.keyClick(view.canvas, Qt.Key.Key_BracketLeft)
    assert [one.mode for (one,) in chosen] == [3, 3]
    assert chosen[1][0].address == Address(0, 7, 0)


def test_that_a_click_on_the_text_of_a_row_selects_its_mode(view, qtbot):
    view.show_scene(gallery())
    view.show_selection(Selection(AT, mode=0))
    chosen = records(view.selection_changed)
    point = view.canvas._layout.cell_box(3).center()
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=point)
    assert [one.mode for (one,) in chosen] == [3]


def test_that_rows_in_sight_are_wanted_before_those_around(view, qtbot):
    view.show_shown(GalleryShown("both", modes=None, size=TileSize.LARGE))
    wanted = records(view.rows_wanted)
    view.show_scene(gallery(made=False, found=found_images(modes=24)))
    qtbot.waitUntil(lambda: bool(wanted))
    assert wanted[-1][0][:3] == ((0, "+"), (0, "-"), (1, "+"))
    assert len(wanted[-1][0]) < 20
    view.canvas.down.setValue(view.canvas._layout.tops[20])
    qtbot.waitUntil(lambda: len(wanted) > 1)
    names = wanted[-1][0]
    assert names[0] == (10, "+")
    assert names.index((9, "-")) > names.index((11, "-"))


def test_that_choices_of_the_bar_are_shown_at_once_and_emitted(view, qtbot):
    view.show_scene(gallery())
    changed = records(view.shown_changed)
    qtbot.mouseClick(view.bar.signs.button("both"), Qt.MouseButton.LeftButton)
    view.bar.modes.setValue(3)
    view.bar.columns.setValue(2)
    qtbot.mouseClick(view.bar.sizes.button("large"), Qt.MouseButton.LeftButton)
    view.bar.modes.setValue(0)
    assert view.bar.modes.text() == "all"
    assert [one for (one,) in changed] == [
        GalleryShown("both", 10, 8, TileSize.SMALL),
        GalleryShown("both", 3, 8, TileSize.SMALL),
        GalleryShown("both", 3, 2, TileSize.SMALL),
        GalleryShown("both", 3, 2, TileSize.LARGE),
        GalleryShown("both", None, 2, TileSize.LARGE),
    ]
    assert view.shown == changed[-1][0]
    assert len(view.canvas.rows) == 2 * MODES


def test_that_no_more_modes_and_images_are_offered_than_are_known(view):
    view.show_scene(gallery())
    assert (view.bar.modes.maximum(), view.bar.columns.maximum()) == (MODES, TOP)
    assert view.shown.columns == 8  # as it was chosen: another scan may know more


def test_that_the_other_of_two_models_is_turned_to(view, qtbot):
    assert view.bar.models.isHidden()
    view.show_models(("A", "C"), "A")
    view.show_scene(gallery())
    chosen = records(view.model_chosen)
    qtbot.mouseClick(view.bar.models.button("second"), Qt.MouseButton.LeftButton)
    view.canvas.setFocus()
    qtbot.keyClick(view.canvas, Qt.Key.Key_Space)
    assert chosen == [("C",), ("C",)]


def test_that_a_scan_is_started_paused_resumed_and_cancelled(view, qtbot):
    bar, left = view.scan_bar, Qt.MouseButton.LeftButton
    done = [
        records(getattr(view, name)) for name in ("start_asked", "pause_toggled", "cancel_asked")
    ]
    qtbot.mouseClick(bar.start, left)
    view.show_scan(ScanShown("running", 1, 10))
    assert bar.start.isHidden()
    assert bar.pause.text() == "Pause"
    qtbot.mouseClick(bar.pause, left)
    view.show_scan(ScanShown("paused", 1, 10))
    assert bar.pause.text() == "Resume"
    qtbot.mouseClick(bar.pause, left)
    qtbot.mouseClick(bar.cancel, left)
    view.show_scan(ScanShown())
    assert bar.pause.isHidden()
    assert bar.cancel.isHidden()
    assert done == [[(ScanChoice(),)], [(True,), (False,)], [()]]


def test_that_the_button_says_what_a_scan_would_do_now(view):
    assert view.scan_bar.start.text() == "Start"
    view.show_scene(gallery(found=found_images(total=100)))
    assert view.scan_bar.start.text() == "Go on"
    view.show_scene(gallery())
    assert view.scan_bar.start.text() == "Scan again"


def test_that_options_of_the_next_scan_are_chosen_in_a_panel(view, qtbot):
    changed = records(view.choice_changed)
    view.show_choice(ScanChoice(top=4), TokenSpace.NORMED)
    qtbot.mouseClick(view.scan_bar.options, Qt.MouseButton.LeftButton)
    panel = view.findChild(GalleryOptionsPopover)
    assert panel.choice == ScanChoice(top=4)
    assert "Normalised residual, as chosen for the modes" in panel.tokens.text()
    qtbot.mouseClick(panel.modes.button("all"), Qt.MouseButton.LeftButton)
    panel.top.setValue(12)
    panel.compat.setChecked(True)
    assert changed[-1] == (ScanChoice(None, 12, True),)
    assert "Residual" in panel.tokens.text()
    panel.close()
    started = records(view.start_asked)
    qtbot.mouseClick(view.scan_bar.start, Qt.MouseButton.LeftButton)
    assert started == [(ScanChoice(None, 12, True),)]


def test_that_what_is_under_the_mouse_is_said_and_then_no_more(view, qtbot):
    scene = gallery()
    view.show_scene(scene)
    said = records(view.hovered)
    qtbot.mouseMove(view.canvas, view.canvas._layout.tile_box(1, 2).center())
    qtbot.waitUntil(lambda: bool(said))
    assert scene.rows[2].winners[2].image in said[-1][0]
    qtbot.mouseMove(view.canvas, QPoint(2, 2))
    qtbot.waitUntil(lambda: said[-1] == ("",))


def test_that_the_wheel_scrolls_down_and_with_shift_to_the_side(view, qtbot):
    view.show_shown(GalleryShown("both", modes=None, size=TileSize.LARGE))
    view.show_scene(gallery())

    def turn(modifier):
        place = QPointF(200, 200)
        event = QWheelEvent(
            place, view.canvas.mapToGlobal(place), QPoint(), QPoint(0, -120),
            Qt.MouseButton.NoButton, modifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(view.canvas, event)

    turn(Qt.KeyboardModifier.NoModifier)
    assert view.canvas.down.value() > 0
    assert view.canvas.across.value() == 0
    turn(Qt.KeyboardModifier.ShiftModifier)
    assert view.canvas.across.value() > 0


def test_that_the_controls_stand_under_one_another_where_there_is_little_room(view):
    view.show_scene(gallery())
    wide = view.findChild(type(view.scan_bar.parentWidget()))
    assert not wide.is_wrapped
    view.resize(520, 600)
    QApplication.processEvents()
    assert wide.is_wrapped
    assert view.minimumSizeHint().width() <= 450


@pytest.mark.parametrize("wrong", [{"columns": 0}, {"modes": 0}])
def test_that_a_gallery_of_nothing_cannot_be_asked_for(wrong):
    with pytest.raises(BadRequest):
        GalleryShown(**wrong)


@pytest.mark.parametrize("wrong", [{"top": 0}, {"top": 65}, {"modes": 0}])
def test_that_a_scan_looks_for_a_mode_and_an_image_of_it_at_least(wrong):
    with pytest.raises(BadRequest):
        ScanChoice(**wrong)


def test_that_rows_and_columns_in_sight_are_told_and_asked_for_when_others_are(view, qtbot):
    view.show_shown(GalleryShown(modes=None, size=TileSize.LARGE))
    wanted = records(view.rows_wanted)
    view.show_scene(gallery(made=False))
    qtbot.waitUntil(lambda: bool(wanted))
    seen = in_sight(view)
    rows, columns = view.canvas.in_sight
    assert rows == tuple(view.canvas._layout.names[row] for row in sorted({r for r, _ in seen}))
    assert columns == 1 + max(rank for _, rank in seen) < TOP
    asked = len(wanted)
    view.canvas.across.setValue(view.canvas.across.maximum())
    qtbot.waitUntil(lambda: len(wanted) > asked)
    assert view.canvas.in_sight[1] == TOP


def test_that_what_is_kept_from_before_is_said_and_go_on_is_offered(view):
    view.show_scan(ScanShown(kept=1234))
    assert view.scan_bar.start.text() == "Go on"
    assert view.status.text.text() == "Results of 1,234 different images are kept"
    assert "Results of 1,234 different images are kept" in view.empty.accessibleName()
    view.show_scan(ScanShown())
    assert view.scan_bar.start.text() == "Start"
    assert view.status.text.text() == ""


def test_that_a_scan_that_has_not_begun_says_what_it_waits_for(view):
    view.show_scan(ScanShown("waiting", waits_for="Gallery of B.pth"))
    assert view.status.text.text() == "Waits for “Gallery of B.pth”"
    assert "has not begun" in view.empty.accessibleName()
    assert view.scan_bar.start.isHidden()
    assert not view.scan_bar.cancel.isHidden()
