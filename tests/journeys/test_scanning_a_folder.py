"""A folder is dropped, looked through, paused, stopped, gone on with, and looked at."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from inspector.app import galleries
from inspector.app.scanning import Scanned
from inspector.core.errors import CannotRun
from inspector.core.figures import FigureKind
from inspector.core.gallery import GalleryRow
from inspector.core.modes import TokenSpace
from inspector.core.scan_request import ScanRequest
from inspector.views.error_dialog import ErrorDialog
from tests.journeys.folders import Gate, write_pictures

NAMES = "abcdefghijkl"


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path / "pictures", NAMES)


@pytest.fixture
def gate(monkeypatch):
    monkeypatch.setattr("inspector.scans.telling.PARTIAL_EVERY_S", 0.0)
    monkeypatch.setattr(galleries, "ANEW_MS", 50)
    gate = Gate(monkeypatch)
    yield gate
    gate.open()


@pytest.fixture
def looking(open_program, seen, checkpoints):
    """A model, looked at in the gallery."""
    program = open_program(checkpoints[0])
    return shown(program, seen)


def shown(program, seen):
    """Look at the gallery in a window of a usual size."""
    seen(program)
    program.window.resize(1200, 800)
    program.window.show_tab("gallery")
    program.show()
    return program


def drop(program, *paths) -> None:
    program.window.drops.files_dropped.emit(list(paths))


def view_of(program):
    return program.window.gallery


def in_sight(program) -> list[GalleryRow]:
    """The first two rows that have winners."""
    view = view_of(program)
    return [row for row in view.shown.rows_of(view.scene) if row.winners][:2]


def whole(program, qtbot) -> None:
    """Wait until every tile in sight is there."""
    view = view_of(program)

    def is_whole() -> bool:
        if program.lane.is_busy or view.scene is None or not view.scene.found.complete:
            return False
        return all(tile is not None for row in in_sight(program) for tile in row.tiles)

    qtbot.waitUntil(is_whole, timeout=20_000)


def note_kept(kept: list[int]):
    """Of how many images every scan that ends had the results from disk."""

    def note(_: str, value: object) -> None:
        if isinstance(value, Scanned):
            kept.append(value.found.kept)

    return note


def errors(program) -> list[ErrorDialog]:
    return [one for one in program.window.findChildren(ErrorDialog) if one.isVisible()]


def test_that_a_folder_dropped_on_the_gallery_is_looked_through_and_its_winners_are_shown(
    looking, folder, qtbot
):
    drop(looking, folder)
    whole(looking, qtbot)
    scene = view_of(looking).scene
    assert scene.found.measured == len(NAMES)
    row = in_sight(looking)[0]
    best = row.winners
    assert len(best) > 1
    assert [winner.score for winner in best] == sorted((w.score for w in best), reverse=True)
    tile = row.tiles[0]
    assert tile.query[best[0].query] == tile.query.max()
    assert looking.session.images == ()
    assert errors(looking) == []


def test_that_the_same_folder_dropped_elsewhere_is_opened_and_offered_to_the_gallery(
    looking, folder, seen, qtbot
):
    looking.window.show_tab("modes")
    drop(looking, folder)
    seen(looking)
    assert len(looking.session.images) == len(NAMES)
    looking.window.show_tab("gallery")
    view = view_of(looking)
    assert view.scene is None
    assert view.empty.lately.text() == f"Scan pictures ({len(NAMES)} images)"
    view.empty.lately.click()
    whole(looking, qtbot)
    assert view.scene.found.folder == str(folder)


def test_that_what_was_found_so_far_is_shown_while_a_scan_runs_and_waits(
    looking, folder, gate, qtbot
):
    view = view_of(looking)
    gate.let_through(4)
    drop(looking, folder)
    qtbot.waitUntil(lambda: view.scene is not None and view.scene.found.measured > 0)
    assert not view.scene.found.complete
    qtbot.waitUntil(lambda: "of 12 images" in looking.window.jobs.text)
    view.scan_bar.pause.click()
    assert view.scan_bar.pause.text() == "Resume"
    gate.open()
    qtbot.waitUntil(lambda: "paused" in looking.window.jobs.text)
    so_far = view.scene.found.measured
    qtbot.wait(150)
    assert so_far <= view.scene.found.measured < len(NAMES)
    looking.window.jobs.pause.click()
    whole(looking, qtbot)
    assert view.scene.found.measured == len(NAMES)


def test_that_a_scan_that_was_stopped_goes_on_where_it_was(looking, folder, gate, qtbot, seen):
    view = view_of(looking)
    gate.let_through(5)
    drop(looking, folder)
    qtbot.waitUntil(lambda: view.scene is not None and view.scene.found.measured >= 3)
    view.scan_bar.cancel.click()
    gate.open()
    seen(looking)
    assert not view.scene.found.complete
    assert "Stopped at" in view.status.text.text()
    assert view.scan_bar.start.text() == "Go on"
    read, stopped_at = gate.read, view.scene.found.measured
    view.scan_bar.start.click()
    whole(looking, qtbot)
    assert view.scene.found.measured == len(NAMES)
    assert gate.read - read <= len(NAMES) - stopped_at
    assert errors(looking) == []


def test_that_a_second_scan_is_answered_from_disk_until_that_is_cleared(
    looking, folder, qtbot, monkeypatch
):
    drop(looking, folder)
    whole(looking, qtbot)
    first, kept = view_of(looking).scene.found, []
    looking.lane.result.connect(note_kept(kept))
    view_of(looking).scan_bar.start.click()
    whole(looking, qtbot)
    assert kept == [len(NAMES)]
    again = view_of(looking).scene.found
    assert again is not first
    np.testing.assert_array_equal(again.score, first.score)
    looking.window.commands["kept_scans"].trigger()
    dialog = looking.keeping.dialog
    qtbot.waitUntil(lambda: len(dialog.model.records) > 0)
    dialog.clear_chosen.emit(None)
    qtbot.waitUntil(lambda: len(dialog.model.records) == 0)
    dialog.close()
    kept.clear()
    view_of(looking).scan_bar.start.click()
    whole(looking, qtbot)
    assert kept == [0]


def test_that_a_tile_opens_its_image_once_with_its_mode_and_sign(looking, folder, qtbot, seen):
    drop(looking, folder)
    whole(looking, qtbot)
    row = in_sight(looking)[1]
    image = row.winners[1].image
    for _ in range(2):
        looking.window.show_tab("gallery")
        view_of(looking).tile_opened.emit(image, row.mode, "-")
        qtbot.waitUntil(lambda: looking.window.tab == "modes")
        seen(looking)
    assert [one.source.path.name for one in looking.session.images] == [image]
    assert looking.session.selection.mode == row.mode
    assert looking.session.style.flipped
    assert looking.window.modes.scene.mode == row.mode


def test_that_a_tile_is_opened_with_the_mouse(looking, folder, qtbot, seen):
    drop(looking, folder)
    whole(looking, qtbot)
    canvas = view_of(looking).canvas
    qtbot.waitUntil(canvas.sheet.isVisible)
    tiles = {
        (x, y): tile
        for y in range(0, canvas.height(), 12)
        for x in range(0, canvas.width(), 12)
        if (tile := canvas._tile_at(QPoint(x, y))) is not None
    }
    place, (row, rank) = next(iter(tiles.items()))
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(*place))
    qtbot.waitUntil(lambda: looking.window.tab == "modes")
    seen(looking)
    winner = canvas.rows[row].winners[rank]
    assert looking.session.image.source.path.name == winner.image


def test_that_files_that_cannot_be_read_are_left_out_and_named(looking, folder, qtbot):
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:60])
    (folder / "empty.png").touch()
    (folder / "notes.txt").write_text("no image")
    drop(looking, folder)
    whole(looking, qtbot)
    found = view_of(looking).scene.found
    assert [name for name, _ in found.left_out] == ["broken.png", "empty.png"]
    assert found.measured == len(NAMES)
    assert view_of(looking).status.left_out.text() == "2 left out…"
    assert errors(looking) == []


def test_that_a_folder_without_images_is_told_and_nothing_is_shown(looking, tmp_path, qtbot):
    empty = tmp_path / "empty"
    empty.mkdir()
    drop(looking, empty)
    qtbot.waitUntil(lambda: len(errors(looking)) == 1)
    said = [label.text() for label in errors(looking)[0].findChildren(QLabel)]
    assert any("holds no image" in text for text in said)
    assert view_of(looking).scene is None


def test_that_closing_the_model_ends_its_scan(looking, folder, gate, qtbot, seen):
    gate.let_through(3)
    drop(looking, folder)
    qtbot.waitUntil(lambda: view_of(looking).scene is not None)
    looking.session.set_models([])
    gate.open()
    seen(looking)
    assert view_of(looking).scene is None
    assert not looking.lane.is_busy
    assert errors(looking) == []


def test_that_the_program_ends_while_a_scan_waits(looking, folder, gate, qtbot):
    gate.let_through(3)
    drop(looking, folder)
    qtbot.waitUntil(lambda: view_of(looking).scene is not None)
    view_of(looking).scan_bar.pause.click()
    gate.open()
    qtbot.waitUntil(lambda: "paused" in looking.window.jobs.text)
    looking.window.close()
    looking.finish()
    assert not looking.lane.is_running


def test_that_images_are_looked_at_while_a_scan_runs(looking, folder, gate, qtbot, images):
    gate.let_through(3)
    drop(looking, folder)
    qtbot.waitUntil(lambda: view_of(looking).scene is not None)
    looking.window.show_tab("modes")
    drop(looking, images[0])
    qtbot.waitUntil(
        lambda: (
            looking.window.modes.scene is not None and looking.window.modes.scene.maps is not None
        ),
        timeout=10_000,
    )
    entry = looking.session.models[0]
    assert looking.scans.stage(entry, "optimal") == "running"
    gate.open()


def test_that_the_scans_of_two_models_follow_one_another(
    open_program, seen, checkpoints, folder, gate, qtbot
):
    program = shown(open_program(checkpoints[0], checkpoints[2]), seen)
    gate.let_through(3)
    drop(program, folder)
    view = view_of(program)
    qtbot.waitUntil(lambda: view.scene is not None)
    view.model_chosen.emit("B")
    assert view.scene is None
    view.scan_bar.start.click()
    assert program.scans.stage(program.session.models[1], "optimal") == "waiting"
    assert view.status.text.text().startswith("Waits for “Gallery of pretrained")
    assert program.window.jobs.text.endswith("1 waiting")
    gate.open()
    whole(program, qtbot)
    assert view.scene.letter == "B"
    view.model_chosen.emit("A")
    assert view.scene.found.complete


def test_that_other_tokens_have_another_gallery_and_the_first_comes_back(
    looking, folder, qtbot, seen
):
    drop(looking, folder)
    whole(looking, qtbot)
    looking.window.commands[f"space_{TokenSpace.RESIDUAL}"].trigger()
    assert view_of(looking).scene is None
    looking.window.commands[f"space_{TokenSpace.ATTENTION_INPUT}"].trigger()
    assert view_of(looking).scene.found.complete


def test_that_a_gallery_is_a_figure(looking, folder, qtbot):
    drop(looking, folder)
    whole(looking, qtbot)
    assert looking.window.commands["export"].isEnabled()
    content = looking.content.now()
    assert content.kinds() == (FigureKind.GALLERY,)
    assert looking.window.current_figure_kind() is FigureKind.GALLERY


def test_that_the_folder_is_remembered_and_what_is_kept_is_told_and_shown_from_disk(
    looking, folder, qtbot, open_program, seen
):
    drop(looking, folder)
    whole(looking, qtbot)
    looking.close()
    program = open_program()
    program.window.commands["reopen"].trigger()
    shown(program, seen)
    assert program.session.scan == ScanRequest(folder)
    qtbot.waitUntil(lambda: view_of(program).scan_bar.start.text() == "Go on")
    assert (
        view_of(program).status.text.text() == f"Results of {len(NAMES)} different images are kept"
    )
    kept = []
    program.lane.result.connect(note_kept(kept))
    view_of(program).scan_bar.start.click()
    whole(program, qtbot)
    assert kept == [len(NAMES)]


def test_that_the_anisotropy_over_the_same_images_comes_along(looking, folder, qtbot):
    drop(looking, folder)
    whole(looking, qtbot)
    entry = looking.session.models[0]
    assert looking.scans.anisotropy(entry).images == len(NAMES)
    looking.window.show_tab("depth")
    looking.window.commands[f"space_{TokenSpace.RESIDUAL}"].trigger()
    assert looking.scans.anisotropy(entry) is None


def test_that_an_anisotropy_measured_by_itself_stays_when_another_comes_along(
    looking, folder, qtbot, seen, tmp_path
):
    entry = looking.session.models[0]
    few = write_pictures(tmp_path / "few", "abc", seed=1)
    drop(looking, few)
    whole(looking, qtbot)
    came_along = looking.scans.measured(entry, "anisotropy")
    assert came_along.wanted.folder == few
    assert [file.name for file in came_along.found.files] == ["a.png", "b.png", "c.png"]
    looking.scans.measure_anisotropy(entry, folder)
    seen(looking)
    measured = looking.scans.anisotropy(entry)
    assert measured.images == len(NAMES)
    view_of(looking).scan_bar.start.click()
    whole(looking, qtbot)
    assert looking.scans.anisotropy(entry) is measured


def test_that_a_scan_waits_and_goes_on_with_the_pause_key_and_ends_with_esc(
    looking, folder, gate, qtbot, seen
):
    entry, commands = looking.session.models[0], looking.window.commands
    assert not commands["pause"].isEnabled()
    gate.let_through(3)
    drop(looking, folder)
    qtbot.waitUntil(commands["pause"].isEnabled)
    commands["pause"].trigger()
    assert looking.scans.stage(entry, "optimal") == "paused"
    assert looking.window.jobs.text.endswith("paused")
    commands["pause"].trigger()
    assert looking.scans.stage(entry, "optimal") == "running"
    commands["cancel"].trigger()
    gate.open()
    seen(looking)
    assert looking.scans.stage(entry, "optimal") == "idle"
    assert not commands["pause"].isEnabled()


def test_that_a_folder_of_checkpoints_dropped_on_the_gallery_is_opened(
    looking, checkpoints, seen, tmp_path
):
    place = tmp_path / "epochs"
    place.mkdir()
    (place / "epoch_1.safetensors").write_bytes(checkpoints[1].read_bytes())
    drop(looking, place)
    seen(looking)
    assert len(looking.session.models) == 2
    assert looking.session.scan is None


def test_that_holding_a_folder_over_the_gallery_says_what_a_drop_does(looking, folder):
    looking.window.drops.dragging.emit([folder])
    assert looking.window.highlight.text == "Scan “pictures” for the gallery"
    looking.window.show_tab("modes")
    looking.window.drops.dragging.emit([folder])
    assert looking.window.highlight.text == "Open as image"
    looking.window.drops.dragging.emit([])


def test_that_what_is_kept_is_told_no_more_once_it_is_cleared(
    looking, folder, qtbot, open_program, seen
):
    drop(looking, folder)
    whole(looking, qtbot)
    looking.close()
    program = open_program()
    program.window.commands["reopen"].trigger()
    shown(program, seen)
    start = view_of(program).scan_bar.start
    qtbot.waitUntil(lambda: start.text() == "Go on")
    program.window.commands["kept_scans"].trigger()
    qtbot.waitUntil(lambda: len(program.keeping.dialog.model.records) > 0)
    program.keeping.dialog.clear_chosen.emit(None)
    qtbot.waitUntil(lambda: start.text() == "Start")


def test_that_of_two_scans_the_one_that_waits_can_be_ended_alone(
    open_program, seen, checkpoints, folder, gate, qtbot
):
    program = shown(open_program(checkpoints[0], checkpoints[2]), seen)
    gate.let_through(3)
    drop(program, folder)
    view, cell = view_of(program), program.window.jobs
    qtbot.waitUntil(lambda: view.scene is not None)
    view.model_chosen.emit("B")
    view.scan_bar.start.click()
    cell.waiting.click()
    first, second = cell.panel.rows
    assert second.says.text() == "waits"
    second.cancel.click()
    first_model, second_model = program.session.models
    assert program.scans.stage(second_model, "optimal") == "idle"
    assert program.scans.stage(first_model, "optimal") == "running"
    assert [row.job.key for row in cell.panel.rows] == [first.job.key]
    cell.panel.close()
    gate.open()
    seen(program)


def test_that_all_tiles_in_sight_are_made_while_a_scan_runs(looking, folder, gate, qtbot):
    view = view_of(looking)
    gate.let_through(8)
    drop(looking, folder)
    qtbot.waitUntil(lambda: view.scene is not None)

    def whole_in_sight() -> bool:
        names, columns = view.canvas.in_sight
        rows = [row for row in view.canvas.rows if (row.mode, row.sign) in names]
        return len(rows) > 2 and all(
            tile is not None for row in rows for tile in row.tiles[:columns]
        )

    qtbot.waitUntil(whole_in_sight, timeout=10_000)
    assert looking.scans.stage(looking.session.models[0], "optimal") == "running"
    assert "Reading images" not in looking.window.jobs.text
    gate.open()


def test_that_the_last_tiles_are_made_as_soon_as_a_scan_has_ended(
    looking, folder, gate, qtbot, monkeypatch
):
    monkeypatch.setattr(galleries, "ANEW_MS", 60_000)
    view = view_of(looking)
    gate.let_through(2)
    drop(looking, folder)
    qtbot.waitUntil(lambda: view.scene is not None)
    qtbot.waitUntil(lambda: all(tile for row in in_sight(looking) for tile in row.tiles))
    gate.open()
    whole(looking, qtbot)
    assert any(len(row.winners) > 2 for row in in_sight(looking))


def test_that_the_folder_is_remembered_from_when_its_scan_begins(looking, folder, gate, qtbot):
    gate.let_through(0)
    drop(looking, folder)
    saved = looking.remembering.last_session()
    assert saved.scan == ScanRequest(folder)
    assert len(saved.sources) == 1
    gate.open()


def test_that_a_model_that_cannot_be_run_is_told_and_the_gallery_says_so_after_it(
    looking, folder, qtbot, monkeypatch
):
    def refuse(model, *, device):
        raise CannotRun("It has no patch embedding.", advice="Look at its weights.")

    monkeypatch.setattr("inspector.families.running.build_network", refuse)
    drop(looking, folder)
    qtbot.waitUntil(lambda: len(errors(looking)) == 1)
    errors(looking)[0].close()
    qtbot.waitUntil(lambda: "It has no patch embedding." in view_of(looking).empty.accessibleName())
    assert looking.scans.stage(looking.session.models[0], "optimal") == "idle"
