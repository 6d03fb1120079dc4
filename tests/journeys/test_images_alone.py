"""An image is looked at before a model is open, and beside a model that cannot be run on it."""

import json
import runpy
import shlex
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from inspector.cli.main import main
from inspector.core.errors import CannotRun
from inspector.core.figures import ExportRequest, FigureKind, FigureStyle
from inspector.core.images import SliceAddress, Window
from inspector.families.preparation import default_preparation

OPEN_ONE = "Open a checkpoint to see what its heads look for in this image."


@pytest.fixture
def volume(open_program, seen, images):
    """A volume of nine slices, and no model."""
    program = open_program(images[2])
    seen(program)
    return program


@pytest.fixture
def refusing(open_program, seen, checkpoints, images, monkeypatch):
    """A model that cannot be run, beside a volume."""

    def build_network(*_, **__):
        raise CannotRun("It has no patch embedding.", advice="Look at its weights.")

    monkeypatch.setattr("inspector.families.running.build_network", build_network)
    program = open_program(checkpoints[0], images[2])
    seen(program)
    return program


def picture_in(program):
    """The large picture of the tab that is looked at."""
    window = program.window
    return (window.modes.pictures if window.tab == "modes" else window.attention).overlay.picture


def on_screen(program) -> np.ndarray:
    return picture_in(program).pixels


def original(program) -> np.ndarray:
    """The slice itself in the window that is chosen, each pixel as large as on the screen."""
    view, image = program.session.image_view, program.session.image.image
    picture = image.read(view.at).shown(view.tone)
    times = on_screen(program).shape[0] // picture.shape[0]
    return picture.repeat(times, axis=0).repeat(times, axis=1)


@pytest.mark.parametrize("tab", ["modes", "attention"])
def test_that_an_image_is_shown_before_any_checkpoint_is_open(volume, seen, tab):
    volume.window.show_tab(tab)
    seen(volume)
    np.testing.assert_array_equal(on_screen(volume), original(volume))
    view = volume.window.modes if tab == "modes" else volume.window.attention
    assert view.state.text == OPEN_ONE
    assert "volume" in view.title.text()


@pytest.mark.parametrize("tab", ["modes", "attention"])
def test_that_slices_and_windows_of_an_image_without_a_model_are_stepped(volume, seen, tab):
    volume.window.show_tab(tab)
    seen(volume)
    before = on_screen(volume)
    QTest.keyClick(picture_in(volume), Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    seen(volume)
    assert volume.session.image_view.at.index == 5
    np.testing.assert_array_equal(on_screen(volume), original(volume))
    volume.stepping.choose_tone(Window(0.0, 50.0))
    assert volume.window.map_options.window_box.width_field.value() == 50.0
    np.testing.assert_array_equal(on_screen(volume), original(volume))
    assert (on_screen(volume) != before).any()


@pytest.mark.parametrize("tab", ["modes", "attention"])
def test_that_a_right_drag_changes_the_window_at_once_and_its_numbers_follow(volume, seen, tab):
    volume.window.show_tab(tab)
    seen(volume)
    picture = picture_in(volume)
    middle = picture.rect().center()
    start = volume.picturing.scenes.image.tone
    before, free = on_screen(volume), Qt.KeyboardModifier.NoModifier
    QTest.mousePress(picture, Qt.MouseButton.RightButton, free, middle)
    QTest.mouseMove(picture, middle + QPoint(75, 0))
    tone, box = volume.session.image_view.tone, volume.window.map_options.window_box
    assert tone.width == pytest.approx(start.width * 2**0.5)
    assert box.width_field.value() == pytest.approx(tone.width, abs=0.01)
    assert box.centre_field.value() == pytest.approx(tone.centre, abs=0.01)
    assert (on_screen(volume) != before).any()
    np.testing.assert_array_equal(on_screen(volume), original(volume))
    QTest.mouseRelease(picture, Qt.MouseButton.RightButton, free, middle + QPoint(75, 0))


def test_that_the_value_under_the_mouse_is_the_volumes_own_whatever_the_window(volume, seen):
    volume.window.show_tab("attention")
    seen(volume)
    values = volume.session.image.image.read(volume.session.image_view.at).values
    for tone in (None, Window(5000.0, 1.0)):
        volume.stepping.choose_tone(tone)
        picture_in(volume).hovered.emit(3.5, 4.5)
        assert f"{values[3, 4]:g}".replace("-", "−") in volume.window.read_out.text()


@pytest.mark.parametrize("tab", ["modes", "attention"])
def test_that_a_model_that_cannot_be_run_says_why_beside_the_image(refusing, seen, tab):
    refusing.window.show_tab(tab)
    seen(refusing)
    view = refusing.window.modes if tab == "modes" else refusing.window.attention
    assert view.state.text == "It has no patch embedding. Look at its weights."
    np.testing.assert_array_equal(on_screen(refusing), original(refusing))
    refusing.stepping.step_slice(2)
    seen(refusing)
    assert refusing.session.image_view.at.index == 6
    np.testing.assert_array_equal(on_screen(refusing), original(refusing))
    refusing.stepping.choose_tone(Window(0.0, 50.0))
    np.testing.assert_array_equal(on_screen(refusing), original(refusing))


@pytest.mark.parametrize("tab", ["modes", "attention"])
def test_that_the_image_stays_when_its_model_is_closed(one, seen, tab):
    one.window.show_tab(tab)
    seen(one)
    one.session.remove(0)
    seen(one)
    np.testing.assert_array_equal(on_screen(one), original(one))
    view = one.window.modes if tab == "modes" else one.window.attention
    assert view.scene is None
    assert view.state.text == OPEN_ONE


def test_that_a_typed_size_becomes_a_whole_number_of_patches(one, seen):
    box = one.window.map_options.preparation_box
    assert box.rows.singleStep() == 4
    box.rows.setValue(25)
    seen(one)
    assert one.session.preparation_of(one.session.models[0]).size == (24, 16)
    assert one.window.modes.scene.maps.grid.shape == (6, 4)
    assert one.window.modes.state.text == ""


@pytest.mark.parametrize("tab", ["modes", "attention"])
def test_that_a_size_the_model_cannot_take_is_told_and_the_last_picture_stays(one, seen, tab):
    one.window.show_tab(tab)
    seen(one)
    view = one.window.modes if tab == "modes" else one.window.attention
    entry, before = one.session.models[0], on_screen(one)
    wrong = replace(default_preparation(entry.model), size=(33, 32))
    one.session.set_preparation(entry, wrong)
    seen(one)
    assert "33 × 32" in view.state.text
    assert "multiple of the patch" in view.state.text
    np.testing.assert_array_equal(on_screen(one), before)
    QTest.keyClick(one.window, Qt.Key.Key_Period)
    QApplication.processEvents()
    assert view.scene is not None
    box = one.window.map_options.preparation_box
    assert box.rows.isEnabled()
    box.reset.click()
    seen(one)
    assert view.state.text == ""
    assert one.session.preparation_of(entry) is None


def test_that_an_unticked_native_size_begins_with_the_checkpoints_own(one, seen):
    box = one.window.map_options.preparation_box
    box.native.click()
    seen(one)
    assert one.session.preparation_of(one.session.models[0]).size is None
    assert one.window.modes.scene.maps.grid.shape == (10, 12)
    box.native.click()
    seen(one)
    assert one.session.preparation_of(one.session.models[0]) is None


def test_that_a_changed_preparation_stands_in_the_record_and_its_command_repeats_the_maps(
    one, seen, tmp_path, monkeypatch
):
    box = one.window.map_options.preparation_box
    for part, text in (
        (box.fit, "Squash both sides"),
        (box.interpolation, "Lanczos"),
        (box.normalisation.choice, "CLIP"),
    ):
        part.setCurrentIndex(part.findText(text))
        part.activated.emit(part.currentIndex())
    box.share.setValue(80)
    field = box.normalisation.fields[1][2]
    field.setText("0.4")
    field.editingFinished.emit()
    seen(one)
    std = (0.26862954, 0.26130258, 0.4)
    made = one.session.preparation_of(one.session.models[0])
    assert (made.fit, made.squash_share, made.interpolation) == ("squash", 0.8, "lanczos")
    assert (made.mean[0], made.std) == (0.48145466, std)
    maps = one.window.modes.scene.maps

    one.exporting.export(ExportRequest(FigureKind.MODE, FigureStyle(), tmp_path / "figure"))
    seen(one)
    record = json.loads((tmp_path / "figure.json").read_text())
    kept = record["images"][0]["preparation"]
    assert (kept["fit"], kept["squash_share"], kept["interpolation"]) == ("squash", 0.8, "lanczos")
    assert (tuple(kept["mean"]), tuple(kept["std"])) == (made.mean, std)
    assert repr(made) in (tmp_path / "figure.py").read_text()

    words = shlex.split(record["command"])[3:]
    words[words.index("--out") + 1] = str(tmp_path / "again")
    assert main(words) == 0
    at = one.session.selection.mode or 0
    with np.load(tmp_path / "again" / "maps.npz") as again:
        np.testing.assert_array_equal(again["query"], maps.query[0, at])
        np.testing.assert_array_equal(again["key"], maps.key[0, at])
        np.testing.assert_array_equal(again["overlay"], on_screen(one))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["figure.py"])
    runpy.run_path(str(tmp_path / "figure.py"))
    assert (tmp_path / "figure-again.pdf").read_bytes() == (tmp_path / "figure.pdf").read_bytes()


def test_that_nothing_is_said_to_run_where_all_is_known(pair, seen, qtbot):
    """What was looked at ahead is whole at once: no run is awaited."""
    pair.window.show_tab("modes")
    seen(pair)
    for position in (0, 1, 2):
        pair.session.choose_image(position)
        seen(pair)
    qtbot.wait(150)
    for position in (0, 1, 2, 0):
        pair.session.choose_image(position)
        assert pair.window.modes.busy.text() == ""
        assert pair.window.modes.scene.image.card.label == pair.session.image.card.label
    seen(pair)
    assert pair.window.modes.busy.text() == ""


def test_that_a_plane_and_a_slice_that_do_not_exist_become_ones_that_do(volume, seen):
    volume.session.set_image_view(replace(volume.session.image_view, at=SliceAddress(index=99)))
    seen(volume)
    np.testing.assert_array_equal(on_screen(volume), original(volume))
