"""What goes wrong leaves everything that was open."""

import time

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from inspector.core.address import Address
from inspector.core.selection import Selection
from inspector.views.error_dialog import ErrorDialog
from tests.tiny_models import vit_weights, write_safetensors


@pytest.fixture
def endless(monkeypatch):
    """Looking for patterns takes for ever, until it is cancelled."""

    def find_patterns(comparison, *, progress, **_):
        while True:
            progress(1, 2, "S0 B0 Query")
            time.sleep(0.001)

    monkeypatch.setattr("inspector.analysis.patterns.find_patterns", find_patterns)


def error_of(program) -> ErrorDialog | None:
    shown = [d for d in program.window.findChildren(ErrorDialog) if d.isVisible()]
    return shown[0] if shown else None


def test_that_a_file_that_is_no_checkpoint_is_refused_and_what_was_open_stays(
    open_program, settled, checkpoints, tmp_path, qtbot
):
    program = open_program(*checkpoints[:2])
    settled(program)
    before, series = program.session.models, program.session.series
    wrong = tmp_path / "notes.pth"
    wrong.write_text("version https://example.org\n")
    program.open_paths([wrong])
    qtbot.waitUntil(lambda: error_of(program) is not None)
    settled(program)
    dialog = error_of(program)
    assert "notes.pth" in dialog.windowTitle()
    assert program.session.models == before
    assert len(program.session.series.comparisons[0].blocks) == len(series.comparisons[0].blocks)
    copy = next(b for b in dialog.findChildren(QPushButton) if "Copy" in b.text())
    copy.click()
    assert "notes.pth" in QApplication.clipboard().text()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: error_of(program) is None)


def test_that_of_several_files_those_that_can_be_read_are_opened(
    program, settled, checkpoints, tmp_path, qtbot
):
    empty = tmp_path / "empty.pth"
    empty.write_bytes(b"")
    program.open_paths([checkpoints[0], empty, checkpoints[1]])
    qtbot.waitUntil(lambda: error_of(program) is not None)
    settled(program)
    labels = [m.card.label for m in program.session.models]
    assert labels == ["pretrained.safetensors", "epoch_1.safetensors"]
    assert program.session.series.complete


def test_that_models_that_cannot_be_compared_are_open_and_the_reason_is_said(
    program, settled, checkpoints, tmp_path
):
    other = write_safetensors(tmp_path / "wide.safetensors", vit_weights(width=48))
    program.open_paths([checkpoints[0], other])
    settled(program)
    assert len(program.session.models) == 2
    assert program.window.banner.isVisible()
    assert program.window.banner.text
    assert error_of(program) is None


def test_that_esc_cancels_the_running_job_and_keeps_what_was_computed(
    endless, open_program, checkpoints, qtbot
):
    program = open_program(*checkpoints[:2])
    qtbot.waitUntil(lambda: "local patterns" in program.window.jobs.text, timeout=10_000)
    assert program.window.commands["cancel"].isEnabled()
    QTest.keyClick(program.window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not program.lane.is_busy)
    assert program.session.series.complete
    assert program.window.jobs.text.startswith("Ready")
    assert not program.window.commands["cancel"].isEnabled()
    assert error_of(program) is None


def test_that_a_comparison_that_was_stopped_is_said_to_be_and_can_be_taken_up_again(
    endless, open_program, checkpoints, qtbot
):
    program = open_program(*checkpoints[:2])
    qtbot.waitUntil(lambda: "local patterns" in program.window.jobs.text, timeout=10_000)
    QTest.keyClick(program.window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not program.lane.is_busy)
    assert "was stopped" in program.window.banner.text
    program.window.banner.acted.emit()
    assert not program.window.banner.isVisible()
    qtbot.waitUntil(lambda: "local patterns" in program.window.jobs.text, timeout=10_000)


def test_that_opening_another_file_interrupts_what_is_computed(
    endless, open_program, checkpoints, qtbot
):
    program = open_program(*checkpoints[:2])
    qtbot.waitUntil(lambda: "local patterns" in program.window.jobs.text, timeout=10_000)
    program.open_paths([checkpoints[2]])
    qtbot.waitUntil(lambda: len(program.session.models) == 3)


def test_that_the_window_closes_at_once_while_a_job_runs(endless, open_program, checkpoints, qtbot):
    program = open_program(*checkpoints[:2])
    qtbot.waitUntil(lambda: "local patterns" in program.window.jobs.text, timeout=10_000)
    began = time.monotonic()
    program.window.close()
    assert not program.window.isVisible()
    assert not program.lane.is_running
    assert time.monotonic() - began < 2


def test_that_a_fault_of_the_program_is_shown_once_and_the_window_lives(program, qtbot):
    program.fault_reported.emit("Traceback\nZeroDivisionError")
    program.fault_reported.emit("Traceback\nanother")
    qtbot.waitUntil(lambda: error_of(program) is not None)
    assert len(program.window.findChildren(ErrorDialog)) == 1
    assert program.window.isVisible()


def test_that_after_600_rapid_selections_the_last_is_shown_and_the_window_never_stalls(
    open_program, settled, qtbot, monkeypatch
):
    """Without the collection of all garbage: what a test run has loaded is not the program's."""
    monkeypatch.setattr("inspector.app.responsiveness.PAUSE_MS", 600_000)
    program = open_program("--samples")
    settled(program)
    blocks = [b.address for b in program.session.reference.model.outline.blocks()]
    wanted = [Selection(address=blocks[n % len(blocks)]) for n in range(600)]
    ticks: list[float] = []
    clock = QTimer()
    clock.setTimerType(Qt.TimerType.PreciseTimer)
    clock.timeout.connect(lambda: ticks.append(time.thread_time()))
    clock.start(10)
    began, feed = time.monotonic(), QTimer()

    def select_what_is_due() -> None:
        due = min(600, int((time.monotonic() - began) / 0.003))
        while 600 - len(wanted) < due:
            program.session.select(wanted.pop(0))

    feed.timeout.connect(select_what_is_due)
    feed.start(3)
    qtbot.waitUntil(lambda: not wanted, timeout=30_000)
    feed.stop()
    where = program.session.selection.address
    title = f"Stage {where.stage}, Block {where.block}"
    qtbot.waitUntil(lambda: title in program.window.compare.block.title.text())
    clock.stop()
    assert program.session.selection.address == blocks[599 % len(blocks)]
    assert np.diff(ticks).max() < 0.1  # seconds of work between two ticks, whatever else runs


def test_that_the_selection_is_nowhere_before_a_model_is_open(program):
    assert program.session.selection.address is None
    for key in (Qt.Key.Key_PageDown, Qt.Key.Key_BracketRight, Qt.Key.Key_Space):
        QTest.keyClick(program.window, key)
    assert program.session.selection == Selection()


def test_that_an_address_outside_the_model_falls_back(open_program, settled, checkpoints):
    program = open_program(checkpoints[0])
    settled(program)
    program.session.select(Selection(address=Address(7, 7)))
    assert program.session.selection.address == Address(0, 0)
