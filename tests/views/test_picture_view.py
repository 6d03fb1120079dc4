from dataclasses import replace

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QApplication

from inspector.core.images import ToneTable, Window
from inspector.core.tokens import Box, Placement, TokenGrid
from inspector.views.camera import Camera, Stage
from inspector.views.picture_link import PictureLink
from inspector.views.picture_marks import round_length
from inspector.views.picture_pointer import dragged_window
from inspector.views.picture_view import PictureView, corner_text
from tests.views.mode_scenes import gradient, shown_image

HUE = np.array([200, 40, 10], np.uint8)


@pytest.fixture
def view(qtbot):
    view = PictureView("Overlay")
    qtbot.addWidget(view)
    view.resize(400, 300)
    with qtbot.waitExposed(view):
        view.show()
    return view


def picture(rows: int = 30, columns: int = 40):
    return np.tile(HUE, (rows, columns, 1))


def colour_at(view: PictureView, row: float, column: float) -> QColor:
    return view.grab().toImage().pixelColor(view.place_of(row, column).toPoint())


def wheel(view: PictureView, notches: int, held=Qt.KeyboardModifier.NoModifier, at=None) -> None:
    place = QPointF(at or view.rect().center())
    event = QWheelEvent(
        place,
        view.mapToGlobal(place),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        held,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def drag(qtbot, view, start: QPoint, end: QPoint, button) -> None:
    qtbot.mousePress(view, button, pos=start)
    qtbot.mouseMove(view, (start + end) / 2)
    qtbot.mouseMove(view, end)
    qtbot.mouseRelease(view, button, pos=end)


def test_that_the_pixels_drawn_are_the_pixels_given(view):
    shown = np.random.default_rng(0).integers(0, 255, (3, 4, 3), dtype=np.uint8)
    view.show_picture(shown, (3.0, 4.0), False)
    view.show_grid(None, False)
    for row, column in ((0, 1), (1, 0), (1, 3), (2, 2)):
        drawn = colour_at(view, row + 0.4, column + 0.6)
        assert [drawn.red(), drawn.green(), drawn.blue()] == shown[row, column].tolist()


def test_that_a_pixel_is_as_high_and_wide_as_its_spacing_says(view):
    view.show_picture(picture(), (30 * 2.0, 40 * 0.5), True)
    step = view.place_of(1, 1) - view.place_of(0, 0)
    assert step.y() == pytest.approx(4 * step.x())


def test_that_the_whole_picture_fits_and_is_centred(view):
    view.show_picture(picture(), (30.0, 40.0), False)
    first, last = view.place_of(0, 0), view.place_of(30, 40)
    assert (first.x(), first.y()) == pytest.approx((0, 0))
    assert (last.x(), last.y()) == pytest.approx((400, 300))


def test_that_a_place_on_the_screen_and_its_pixel_go_there_and_back(view):
    view.show_picture(picture(), (60.0, 20.0), True)
    view.show_camera(Camera(3.0, 0.2, 0.7))
    assert view.point_at(view.place_of(12.3, 7.7)) == pytest.approx((12.3, 7.7))


def test_that_what_the_model_saw_lies_where_it_is_on_the_original(view):
    image = shown_image(box=Box(10.0, 0.0, 20.0, 30.0))
    view.show_image(image, seen=True)
    inside, outside = colour_at(view, 15.2, 10.2), colour_at(view, 35.2, 45.2)
    assert (inside.red(), inside.green(), inside.blue()) == (77, 77, 77)
    assert outside.red() != 77


def test_that_the_image_item_lies_where_marks_are_drawn_however_it_is_looked_at(view):
    """Both are computed apart: by the view box from mm, and by the camera."""
    view.show_picture(picture(20, 10), (45.0, 8.0), True, shape=(30, 40), box=Box(5, 2, 20, 10))
    (item,) = (i for i in view.findChild(pg.GraphicsView).items() if isinstance(i, pg.ImageItem))
    for size, camera in (((400, 300), Camera()), ((250, 330), Camera(7.0, 0.1, 0.8))):
        view.resize(*size)
        view.show_camera(camera)
        view.grab()
        for row, column in ((0, 0), (20, 10), (7, 3)):
            drawn = item.mapToScene(QPointF(column, row))
            place = view.place_of(5 + row, 2 + column)
            assert (drawn.x(), drawn.y()) == pytest.approx((place.x(), place.y()), abs=1e-6)


def test_that_pixels_mix_only_where_there_are_more_than_on_the_screen(view):
    view.resize(100, 100)
    stripes = np.zeros((200, 200, 3), np.uint8)
    stripes[:, ::2] = 200
    view.show_picture(stripes, (200.0, 200.0), False)
    small = view.grab().toImage()
    assert 0 < small.pixelColor(50, 50).red() < 200
    view.show_camera(Camera(4.0))
    large = view.grab().toImage()
    assert {large.pixelColor(x, 50).red() for x in range(5, 95)} == {0, 200}


def test_that_the_wheel_zooms_around_the_mouse(qtbot, view):
    view.show_picture(picture(), (30.0, 40.0), False)
    place = QPointF(100, 80)
    before = view.point_at(place)
    with qtbot.waitSignal(view.camera_moved):
        wheel(view, 2, at=QPoint(100, 80))
    assert view.camera.zoom > 1.3
    assert view.point_at(place) == pytest.approx(before)


def test_that_the_wheel_steps_through_a_stack_and_zooms_it_with_shift(qtbot, view):
    view.show_picture(picture(), (30.0, 40.0), False)
    view.show_stack(True)
    with qtbot.waitSignal(view.slice_stepped) as caught:
        wheel(view, -1)
    assert caught.args == [1]
    with qtbot.assertNotEmitted(view.slice_stepped):
        wheel(view, 1, Qt.KeyboardModifier.ShiftModifier)
    assert view.camera.zoom > 1


def test_that_ctrl_and_the_wheel_always_step_slices(qtbot, view):
    view.show_picture(picture(), (30.0, 40.0), False)
    with qtbot.waitSignal(view.slice_stepped) as caught:
        wheel(view, 2, Qt.KeyboardModifier.ControlModifier)
    assert caught.args == [-2]
    assert view.camera == Camera()


def test_that_a_left_drag_pans_and_is_no_click(qtbot, view):
    view.show_picture(picture(), (30.0, 40.0), False)
    view.show_camera(Camera(4.0))
    held = view.point_at(QPointF(200, 150))
    with qtbot.assertNotEmitted(view.clicked):
        drag(qtbot, view, QPoint(200, 150), QPoint(240, 130), Qt.MouseButton.LeftButton)
    assert view.point_at(QPointF(240, 130)) == pytest.approx(held)


def test_that_a_click_tells_its_place_on_the_original(qtbot, view):
    view.show_picture(picture(), (60.0, 20.0), True)
    with qtbot.waitSignal(view.clicked) as caught:
        place = view.place_of(12.5, 7.5).toPoint()
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
    assert caught.args == pytest.approx([12.5, 7.5], abs=0.2)


def test_that_a_click_beside_the_picture_tells_nothing(qtbot, view):
    view.show_picture(picture(), (60.0, 20.0), True)
    with qtbot.assertNotEmitted(view.clicked):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(5, 150))


def test_that_a_double_click_or_r_shows_the_whole_picture(qtbot, view):
    view.show_picture(picture(), (30.0, 40.0), False)
    view.show_camera(Camera(4.0, 0.1, 0.1))
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton)
    assert view.camera == Camera()
    view.show_camera(Camera(4.0, 0.1, 0.1))
    qtbot.keyClick(view, Qt.Key.Key_R)
    assert view.camera == Camera()


def test_that_keys_zoom_and_pan(qtbot, view):
    view.show_picture(picture(), (30.0, 40.0), False)
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert view.camera.zoom > 1
    qtbot.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert view.camera.x > 0.5


def test_that_a_right_drag_changes_the_window_and_tells_the_last_one_when_let_go(qtbot, view):
    view.show_image(shown_image())
    dragged, chosen = [], []
    view.window_dragged.connect(dragged.append)
    view.window_chosen.connect(chosen.append)
    drag(qtbot, view, QPoint(100, 100), QPoint(250, 160), Qt.MouseButton.RightButton)
    assert dragged[-1] == Window(120 + 240 * 60 / 300, 480.0)
    assert chosen == [dragged[-1]]


def test_that_a_picture_in_colour_has_no_window(qtbot, view):
    view.show_image(shown_image(_colour()))
    with qtbot.assertNotEmitted(view.window_dragged):
        drag(qtbot, view, QPoint(100, 100), QPoint(250, 160), Qt.MouseButton.RightButton)


def test_that_a_drag_from_a_table_of_the_file_starts_at_its_span():
    table = ToneTable(100, np.linspace(0, 1, 400, dtype=np.float32))
    assert dragged_window(table, QPointF(0, 0)) == Window(300, 400)


def test_that_a_linear_window_never_gets_narrower_than_dicom_allows():
    assert dragged_window(Window(5, 3, "linear"), QPointF(-900, 0)).width == 1


def test_that_linked_pictures_share_zoom_and_cursor(qtbot, view):
    other = PictureView("Query map")
    qtbot.addWidget(other)
    PictureLink((view, other), view)
    for one in (view, other):
        one.show_picture(picture(), (30.0, 40.0), False)
    wheel(view, 3)
    assert other.camera == view.camera
    qtbot.mouseMove(view, view.place_of(20, 10).toPoint())
    assert other.crosshair == pytest.approx((20, 10), abs=0.2)
    assert view.crosshair is None
    view.left.emit()
    assert other.crosshair is None


def test_that_setters_emit_nothing(qtbot, view):
    signals = (view.camera_moved, view.clicked, view.slice_stepped, view.window_dragged)
    with qtbot.assertNotEmitted(signals[0]), qtbot.assertNotEmitted(signals[3]):
        view.show_image(shown_image(slices=3))
        view.show_camera(Camera(2.0))
        view.mark(query=3, key=4)
        view.show_nothing("nothing")


def test_that_the_frame_of_a_token_lies_on_its_patch(view):
    grid = TokenGrid(3, 4, (16.0, 16.0), Placement((30, 40), (48, 64), Box(0, 0, 30, 40)), ("CLS",))
    view.show_picture(picture(), (30.0, 40.0), False)
    before = colour_at(view, 10, 15)
    view.show_grid(grid, False)
    view.mark(query=grid.token(1, 1))
    assert colour_at(view, 10, 15) != before
    view.mark(query=0)
    assert colour_at(view, 10, 15) == before


def test_that_the_token_grid_is_drawn_on_demand_only(view):
    grid = TokenGrid(3, 4, (16.0, 16.0), Placement((30, 40), (48, 64), Box(0, 0, 30, 40)))
    view.show_picture(picture(), (30.0, 40.0), False)
    before = colour_at(view, 10, 15)
    view.show_grid(grid, False)
    assert colour_at(view, 10, 15) == before
    view.show_grid(grid, True)
    assert colour_at(view, 10, 15) != before


def test_that_the_part_the_model_saw_is_outlined_where_it_is_not_all(view):
    view.show_picture(picture(), (30.0, 40.0), False)
    before = view.grab().toImage()
    whole = TokenGrid(2, 2, (8.0, 8.0), Placement((30, 40), (16, 16), Box(0, 0, 30, 40)))
    view.show_grid(whole, False)
    assert view.grab().toImage() == before
    part = replace(whole, placement=Placement((30, 40), (16, 16), Box(5, 5, 20, 20)))
    view.show_grid(part, False)
    assert view.grab().toImage() != before


def test_that_a_sentence_stands_in_place_of_a_picture(view):
    view.show_picture(picture(), (30.0, 40.0), False)
    view.show_nothing("No image is open.")
    assert view.pixels is None
    assert view.sentence == view.accessibleDescription() == "No image is open."
    wheel(view, 1)
    assert view.camera == Camera()


def test_that_the_corner_says_the_size_of_a_pixel_and_where_it_was_measured():
    image = shown_image()
    assert corner_text(image) == "0.5 × 0.25 mm · in the patient"
    unknown = replace(image, slice=replace(image.slice, spacing=None, place="slice 3"))
    assert corner_text(unknown) == "slice 3 · 40 × 60 pixels"


@pytest.mark.parametrize(("longest", "length"), [(1.0, 1.0), (4.9, 2.0), (75.0, 50.0), (0.3, 0.2)])
def test_that_a_scale_bar_is_a_round_number_of_mm(longest, length):
    assert round_length(longest) == pytest.approx(length)


def test_that_the_middle_never_leaves_the_picture():
    stage = Stage(400, 300, 40, 30)
    assert stage.panned(Camera(4.0), 1e6, -1e6) == Camera(4.0, 0.0, 1.0)


def test_that_the_picture_can_have_the_focus_and_has_a_name(qtbot, view):
    assert view.accessibleName() == "Overlay"
    view.show_picture(picture(), (30.0, 40.0), False)
    view.clearFocus()
    before = view.grab().toImage()
    view.setFocus()
    qtbot.waitUntil(view.hasFocus)
    assert view.grab().toImage() != before


def _colour():
    rgb = np.zeros((20, 30, 3), np.uint8)
    return replace(gradient(), values=rgb, unit="", presets=())
