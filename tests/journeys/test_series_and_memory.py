"""Several epochs, corrected heads, and what is remembered until the next start."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from inspector.app.settings import Settings, load_settings, save_settings, settings_path
from inspector.checkpoints.checkpoint import Checkpoint
from inspector.core.address import Address
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.views.error_dialog import ErrorDialog


def labels(program) -> list[str]:
    return [m.card.label.removesuffix(".safetensors") for m in program.session.models]


def test_that_a_folder_of_epochs_opens_as_a_series_in_natural_order(
    open_program, settled, checkpoints, tmp_path
):
    for name in ("epoch_10", "epoch_2", "epoch_1"):
        source = next(path for path in checkpoints if path.stem == name)
        (tmp_path / f"{name}.safetensors").write_bytes(source.read_bytes())
    (tmp_path / "log.txt").write_text("no checkpoint")
    program = open_program(checkpoints[0], tmp_path)
    settled(program)
    assert labels(program) == ["pretrained", "epoch_1", "epoch_2", "epoch_10"]
    assert len(program.session.series.comparisons) == 3


@pytest.fixture
def series(open_program, settled, checkpoints):
    program = open_program(*checkpoints)
    settled(program)
    return program


def test_that_space_goes_on_to_the_next_compared_model_and_round(series, qtbot):
    seen = []
    series.window.compare.setFocus()
    for _ in range(3):
        QTest.keyClick(series.window, Qt.Key.Key_Space)
        qtbot.wait(0)
        seen.append(series.session.selection.compared)
    assert seen == [1, 2, 0]


def test_that_each_compared_model_has_its_own_patterns(series, qtbot):
    assert sorted(series.session.all_patterns) == [0, 1, 2]
    first = series.session.patterns
    series.session.select(replace(series.session.selection, compared=2))
    assert series.session.patterns is not first


def test_that_compared_models_are_reordered_and_closed_from_their_chips(series, settled):
    series.window.chips.reordered.emit([3, 1, 2])
    settled(series)
    assert labels(series) == ["pretrained", "epoch_10", "epoch_1", "epoch_2"]
    assert series.session.series.comparisons[0].compared.label == "epoch_10.safetensors"
    series.window.chips.closed.emit(1)
    settled(series)
    assert labels(series) == ["pretrained", "epoch_1", "epoch_2"]
    assert len(series.session.series.comparisons) == 2


def test_that_a_file_dropped_on_a_chip_takes_its_place(series, settled, checkpoints):
    series.window.chips.files_dropped.emit([checkpoints[0]], 1)
    settled(series)
    assert [m.source.path.stem for m in series.session.models] == [
        "pretrained",
        "pretrained",
        "epoch_2",
        "epoch_10",
    ]


def test_that_closed_files_are_closed(series, settled, monkeypatch):
    closed = []

    def close(checkpoint) -> None:
        closed.append(checkpoint.path.name)
        checkpoint.close_files()

    monkeypatch.setattr(Checkpoint, "close", close)
    series.window.chips.closed.emit(3)
    settled(series)
    assert closed == ["epoch_10.safetensors"]
    series.window.close()
    series.finish()
    assert sorted(closed[1:]) == [
        "epoch_1.safetensors",
        "epoch_2.safetensors",
        "pretrained.safetensors",
    ]


def test_that_the_number_of_heads_is_assumed_and_said_and_can_be_corrected(
    open_program, settled, checkpoints
):
    program = open_program(checkpoints[0])
    settled(program)
    assert program.session.reference.card.assumed
    program.window.chips.heads_corrected.emit(0, 3)
    settled(program)
    assert program.session.reference.model.outline.stages[0].blocks[0].num_heads == 3
    assert len(program.session.models) == 1


def test_that_heads_given_on_the_command_line_hold_for_every_file(
    open_program, settled, checkpoints
):
    program = open_program(*checkpoints[:2], "--heads", 6)
    settled(program)
    heads = [m.model.outline.stages[0].blocks[0].num_heads for m in program.session.models]
    assert heads == [6, 6]
    assert program.session.series.comparisons[0].blocks[0].num_heads == 6


def test_that_opened_files_are_offered_again_at_the_next_start(open_program, settled, checkpoints):
    first = open_program(*checkpoints[:2])
    settled(first)
    first.window.close()
    second = open_program()
    listed = second.window.commands.menu("recent").actions()
    assert [action.toolTip() for action in listed] == [str(path) for path in checkpoints[:2]]
    listed[1].trigger()
    settled(second)
    assert labels(second) == ["epoch_1"]


def test_that_a_recent_file_that_is_gone_is_said_to_be_gone_and_taken_off_the_list(
    open_program, qtbot
):
    save_settings(settings_path(), Settings(recent=("/gone/model.pth",)))
    program = open_program()
    program.window.welcome.recent_chosen.emit("/gone/model.pth")
    assert "no longer there" in program.window.findChild(ErrorDialog).text
    assert program.remembering.settings.recent == ()


def test_that_the_last_session_comes_back_with_its_selection(open_program, settled, checkpoints):
    first = open_program(*checkpoints[:3], "--heads", 3)
    settled(first)
    first.session.set_axis("out")
    looked_at = Selection(Address(0, 2), Matrix.K, Metric.EUCLIDEAN, compared=1, vector=5)
    first.session.select(looked_at)
    first.window.close()
    second = open_program()
    second.window.commands["reopen"].trigger()
    settled(second)
    assert labels(second) == ["pretrained", "epoch_1", "epoch_2"]
    assert second.session.selection == looked_at
    assert second.session.reference.source.heads == 3
    assert second.session.series.complete


def test_that_the_window_comes_back_where_and_how_it_was(open_program, qtbot):
    first = open_program()
    first.window.setGeometry(40, 50, 720, 640)
    first.window.commands["options"].setChecked(False)
    first.window.commands["theme_dark"].trigger()
    first.window.close()
    saved = load_settings(settings_path())
    assert saved.geometry[2:] == (720, 640)
    assert not saved.options_shown
    assert saved.theme == "dark"
    second = open_program()
    assert second.window.size().toTuple() == (720, 640)
    second.window.commands["theme_system"].trigger()


def test_that_reset_forgets_the_layout(open_program):
    first = open_program()
    usual = first.window.size()
    first.window.resize(700, 500)
    first.window.close()
    second = open_program("--reset")
    assert second.window.size() == usual


def test_that_a_model_that_is_added_to_a_finished_comparison_is_compared_too(
    open_program, settled, checkpoints
):
    program = open_program(*checkpoints[:2])
    settled(program)
    program.open_paths([checkpoints[2]])
    settled(program)
    assert len(program.session.series.comparisons) == 2
    assert program.session.series.complete


def test_that_a_dark_theme_is_dark_again_at_the_next_start(open_program, qapp):
    first = open_program()
    first.window.commands["theme_dark"].trigger()
    first.window.close()
    first.window.commands["theme_system"].trigger()
    save_settings(settings_path(), Settings(theme="dark"))
    second = open_program()
    assert qapp.palette().window().color().lightness() < 100
    assert second.window.commands["theme_dark"].isChecked()
    second.window.commands["theme_system"].trigger()
    assert qapp.palette().window().color().lightness() > 150


def test_that_models_are_opened_and_closed_many_times_without_waiting(
    open_program, settled, checkpoints, qtbot
):
    program = open_program()
    for turn in range(25):
        program.open_paths(checkpoints[:3])
        if turn % 3:
            qtbot.waitUntil(lambda: len(program.session.models) >= 2)
        program.window.commands["close_all"].trigger()
    settled(program)
    program.window.commands["close_all"].trigger()
    program.open_paths(checkpoints[:2])
    settled(program)
    assert labels(program) == ["pretrained", "epoch_1"]
    assert program.session.series.complete


def test_that_a_device_that_is_not_there_is_said_and_the_processor_can_be_chosen(
    open_program, settled, checkpoints
):
    program = open_program(*checkpoints[:2], "--device", "mps")
    settled(program)
    if program.session.series is not None:
        pytest.skip("this computer has an Apple graphics processor")
    assert "MPS" in program.window.banner.text
    box = program.window.options.device_choice
    box.setCurrentIndex(box.findData("cpu"))
    box.activated.emit(box.currentIndex())
    settled(program)
    assert program.session.series.complete
    assert program.window.banner.text == ""
