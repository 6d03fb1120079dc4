"""A checkpoint and an image are dropped, and looked at."""

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from inspector.core.address import Address
from inspector.core.figures import ExportRequest, FigureKind, FigureStyle
from inspector.views.error_dialog import ErrorDialog


def press(program, key, held=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(program.window, key, held)
    QApplication.processEvents()


def shown(program):
    return program.window.modes.scene


def drop_on(window, paths) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton)
    where, free = QPointF(400, 300), Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(where.toPoint(), *how, free))
    assert window.highlight.text == "Open as A and as image"
    QApplication.sendEvent(window, QDropEvent(where, *how, free))


def test_that_a_checkpoint_and_an_image_dropped_together_are_looked_at_together(
    open_program, seen, checkpoints, images
):
    program = open_program()
    drop_on(program.window, [checkpoints[0], images[0]])
    seen(program)
    assert program.window.tab == "modes"
    scene = shown(program)
    assert (scene.model.label, scene.image.card.label) == ("pretrained.safetensors", "first.png")
    assert scene.maps.query.shape == (1, 24, 4, 4)
    assert program.window.strip.isVisible()


def test_that_modes_heads_and_blocks_are_stepped_with_the_keys(one, seen):
    for key in (Qt.Key.Key_Period, Qt.Key.Key_Period, Qt.Key.Key_Comma):
        press(one, key)
    assert shown(one).mode == 1
    press(one, Qt.Key.Key_PageDown)
    seen(one)
    assert shown(one).address == Address(0, 1, 0, 1)
    assert shown(one).maps.address == Address(0, 1)


def test_that_what_is_kept_is_on_the_screen_before_the_key_is_let_go(one, seen):
    seen(one)
    asked = []
    one.lane.busy.connect(lambda: asked.append(1))
    before = shown(one)
    press(one, Qt.Key.Key_Period)
    assert shown(one).mode == before.mode + 1
    assert shown(one).maps is before.maps
    assert asked == []


def test_that_space_flickers_between_a_and_b(pair, seen):
    pair.window.show_tab("modes")
    seen(pair)
    letters = []
    for _ in range(3):
        press(pair, Qt.Key.Key_Space)
        letters.append(shown(pair).letter)
    assert letters == ["B", "A", "B"]
    assert shown(pair).maps is not None


def test_that_a_token_and_a_pair_are_picked_and_the_bars_add_up(one, seen, qtbot):
    one.window.show_tab("attention")
    seen(one)
    view = one.window.attention
    assert view.scene.attention.token == 0
    view.overlay.picture.setFocus()
    QTest.keyClick(view.overlay.picture, Qt.Key.Key_Right)
    assert one.session.selection.token == view.scene.attention.token > 0
    QTest.keyClick(view.overlay.picture, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    pair = view.scene.pair
    assert pair.key == one.session.selection.key
    assert pair.sum == pytest.approx(pair.total, rel=1e-4, abs=1e-5)


def test_that_another_window_shows_at_once_and_is_run_after_it(one, seen):
    before = shown(one)
    one.stepping.choose_preset(1)
    tone = one.session.image_view.tone
    assert shown(one).image.tone == tone
    seen(one)
    assert shown(one).image.prepared is not before.image.prepared


def test_that_slices_are_stepped_and_the_last_whole_picture_stays_until_the_new_one(pair, seen):
    pair.session.choose_image(2)
    pair.window.show_tab("modes")
    seen(pair)
    before = shown(pair)
    assert before.image.at.index == 4
    press(pair, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    assert shown(pair).image.at.index == 4
    assert shown(pair).maps is before.maps
    seen(pair)
    assert shown(pair).image.at.index == 5
    assert shown(pair).maps is not None


def test_that_switching_the_image_while_the_model_runs_ends_on_the_last_one(pair, seen):
    pair.window.show_tab("modes")
    for position in (1, 0, 2, 1):
        pair.session.choose_image(position)
        QApplication.processEvents()
    seen(pair)
    assert shown(pair).image.card.label == "second.png"
    assert shown(pair).maps is not None


@pytest.mark.parametrize("kind", ["empty.png", "cut.dcm", "report.dcm"])
def test_that_a_bad_image_is_told_and_everything_stays_open(
    one, seen, tmp_path, qtbot, kind, repository
):
    from pydicom import dcmread

    path = tmp_path / kind
    whole = repository / "resources" / "samples" / "phantom_radiograph.dcm"
    if kind == "empty.png":
        path.write_bytes(b"\x89PNG\r\n\x1a\n")
    elif kind == "cut.dcm":
        path.write_bytes(whole.read_bytes()[:20_000])
    else:
        stored = dcmread(whole)
        del stored.PixelData
        stored.save_as(path)
    models, images = one.session.models, one.session.images
    one.open_paths([path])
    seen(one)
    told = [d for d in one.window.findChildren(ErrorDialog) if d.isVisible()]
    in_view = one.window.modes.state.text
    assert told or in_view
    assert one.session.models == models
    assert one.session.images[: len(images)] == images


def test_that_a_model_that_cannot_run_still_shows_its_weights(
    open_program, seen, checkpoints, images, monkeypatch
):
    from inspector.core.errors import CannotRun

    def build_network(*_, **__):
        raise CannotRun("It has no patch embedding.", advice="Look at its weights.")

    monkeypatch.setattr("inspector.families.running.build_network", build_network)
    program = open_program(checkpoints[0], images[0])
    seen(program)
    assert "no patch embedding" in program.window.modes.state.text
    assert shown(program).maps is None
    assert shown(program).image.card.label == "first.png"
    program.window.show_tab("depth")
    assert program.picturing.scenes.depth().models[0].complete


@pytest.mark.parametrize(
    ("tab", "kind"),
    [
        ("modes", FigureKind.MODE),
        ("modes", FigureKind.MODELS),
        ("attention", FigureKind.ATTENTION),
        ("depth", FigureKind.DEPTH),
    ],
)
def test_that_each_tab_exports_its_own_figures(pair, seen, tmp_path, tab, kind):
    pair.window.show_tab(tab)
    seen(pair)
    assert kind in pair.exporting.kinds()
    pair.exporting.export(ExportRequest(kind, FigureStyle(), tmp_path / "figure"))
    seen(pair)
    assert {".pdf", ".json", ".py"} <= {path.suffix for path in tmp_path.iterdir()}


def test_that_images_slice_and_mode_come_back_with_the_last_session(
    open_program, seen, checkpoints, images
):
    first = open_program(checkpoints[0], *images[1:])
    seen(first)
    first.session.choose_image(1)
    first.stepping.step_slice(2)
    press(first, Qt.Key.Key_Period)
    seen(first)
    saved = first.session.saved
    first.window.close()
    second = open_program()
    second.window.commands["reopen"].trigger()
    seen(second)
    assert second.session.saved == saved
    assert shown(second).image.at.index == 6


def test_that_closing_everything_lets_go_of_every_image(one, settled):
    one.window.commands["close_all"].trigger()
    settled(one)
    assert one.session.images == ()
    assert one.window.welcome.isVisible()
    assert len(one.inspecting._runs) == len(one.inspecting._blocks) == 0
