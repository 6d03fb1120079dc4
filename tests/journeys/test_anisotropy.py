"""Modes over depth while they are computed, where they fail, and the anisotropy of a folder."""

import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from inspector.core.errors import BadRequest
from inspector.core.modes import TokenSpace
from inspector.views.error_dialog import ErrorDialog
from tests.journeys.folders import Gate
from tests.tiny_models import vit_weights, write_safetensors

MEASURING = "Measuring the anisotropy…"


@pytest.fixture
def folder(tmp_path):
    """Four pictures, one of them cut short."""
    place, random = tmp_path / "pictures", np.random.default_rng(0)
    place.mkdir()
    for name in "abcd":
        Image.fromarray(random.integers(0, 256, (20, 24), np.uint8)).save(place / f"{name}.png")
    broken = place / "b.png"
    broken.write_bytes(broken.read_bytes()[:60])
    return place


@pytest.fixture
def over_depth(one, seen):
    """Modes of a model over its depth."""
    one.window.show_tab("depth")
    seen(one)
    return one


@pytest.fixture
def slow(monkeypatch):
    """Measuring goes on until it is cancelled, or let go."""
    from inspector.scans import analyses as module

    measured, go = module.anisotropy, threading.Event()

    def anisotropy(*given, progress, **named):
        while not go.wait(0.002):
            progress(1, 4, "a.png")
        return measured(*given, progress=progress, **named)

    monkeypatch.setattr(module, "anisotropy", anisotropy)
    yield go
    go.set()


@pytest.fixture
def gate(monkeypatch):
    gate = Gate(monkeypatch)
    yield gate
    gate.open()


def measure(program, folder) -> None:
    program.scans.measure_anisotropy(program.session.models[0], folder)


def test_that_the_anisotropy_of_a_folder_is_shown_and_a_broken_file_is_named(
    over_depth, seen, folder
):
    view = over_depth.window.over_depth
    assert not view.quantity.isVisible()
    measure(over_depth, folder)
    assert view.busy.text() == MEASURING
    seen(over_depth)
    found = over_depth.picturing.scenes.depth().anisotropy[0]
    assert found.images == 3
    assert [name for name, _ in found.skipped] == ["b.png"]
    assert found.space is TokenSpace.ATTENTION_INPUT
    assert "from 3 images" in view.anisotropy.text.text()
    assert view.anisotropy.skipped.text() == "1 file skipped"
    assert view.quantity.isVisible()
    assert view.busy.text() == ""
    assert [d for d in over_depth.window.findChildren(ErrorDialog) if d.isVisible()] == []


def test_that_measuring_shows_how_far_it_is_and_is_cancelled_with_esc(
    over_depth, folder, slow, seen, qtbot
):
    window = over_depth.window
    measure(over_depth, folder)
    qtbot.waitUntil(lambda: "Anisotropy of pretrained" in window.jobs.text, timeout=10_000)
    assert window.over_depth.busy.text() == MEASURING
    QTest.keyClick(window, Qt.Key.Key_Escape)
    seen(over_depth)
    assert window.over_depth.busy.text() == ""
    assert over_depth.picturing.scenes.depth().anisotropy == (None,)
    assert over_depth.picturing.scenes.depth().models[0].complete


def test_that_measuring_waits_goes_on_and_is_answered_from_disk_a_second_time(
    over_depth, folder, gate, seen, qtbot
):
    entry, window = over_depth.session.models[0], over_depth.window
    gate.let_through(1)
    measure(over_depth, folder)
    qtbot.waitUntil(lambda: gate.read > 0, timeout=10_000)
    window.jobs.pause.click()
    assert over_depth.scans.stage(entry, "anisotropy") == "paused"
    gate.open()
    qtbot.waitUntil(lambda: "paused" in window.jobs.text)
    qtbot.wait(150)
    assert over_depth.scans.anisotropy(entry) is None
    assert window.over_depth.busy.text() == MEASURING
    window.jobs.pause.click()
    seen(over_depth)
    first, read = over_depth.scans.measured(entry, "anisotropy"), gate.read
    assert (first.found.result.images, first.found.kept) == (3, 0)
    measure(over_depth, folder)
    seen(over_depth)
    second = over_depth.scans.measured(entry, "anisotropy")
    assert second.number != first.number
    assert second.found.kept == 3
    assert gate.read - read <= 1  # the broken file is tried anew
    np.testing.assert_array_equal(second.found.result.values, first.found.result.values)
    over_depth.session.set_models([])
    seen(over_depth)
    assert over_depth.scans.anisotropy(entry) is None


def test_that_modes_are_stepped_on_the_image_while_the_anisotropy_is_measured(
    over_depth, folder, slow, qtbot
):
    measure(over_depth, folder)
    over_depth.window.show_tab("modes")
    before = over_depth.window.modes.scene.mode
    QTest.keyClick(over_depth.window, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: str(over_depth.window.modes.scene.address).startswith("S0 B1"))
    QTest.keyClick(over_depth.window, Qt.Key.Key_Period)
    assert over_depth.window.modes.scene.mode == before + 1
    slow.set()


def test_that_a_folder_without_images_is_told_and_the_curves_stay(over_depth, seen, tmp_path):
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    measure(over_depth, nothing)
    seen(over_depth)
    (dialog,) = [d for d in over_depth.window.findChildren(ErrorDialog) if d.isVisible()]
    assert dialog.windowTitle() == "Could not measure the anisotropy"
    assert "nothing" in dialog.text
    assert over_depth.picturing.scenes.depth().models[0].complete
    assert over_depth.window.over_depth.busy.text() == ""


def test_that_a_block_without_finite_weights_is_named_and_all_others_are_shown(
    open_program, seen, tmp_path
):
    weights = vit_weights()
    weights["blocks.1.attn.qkv.weight"][3, 4] = np.nan
    program = open_program(write_safetensors(tmp_path / "spoilt.safetensors", weights))
    program.window.show_tab("depth")
    seen(program)
    view, modes = program.window.over_depth, program.picturing.scenes.depth().models[0]
    assert [block.address.block for block in modes.blocks] == [0, 2]
    assert "S0 B1 has no modes" in view.left_out.text
    assert view.left_out.isVisible()
    assert view.trouble.text == ""


def test_that_a_model_without_any_modes_says_why_over_depth(
    open_program, seen, checkpoints, monkeypatch
):
    told = "The norm cannot be folded in."

    def model_modes(*_, **__):
        raise BadRequest(told, advice="Leave it apart.")

    monkeypatch.setattr("inspector.analysis.modes.model_modes", model_modes)
    program = open_program(checkpoints[0])
    program.window.show_tab("depth")
    seen(program)
    view = program.window.over_depth
    assert view.trouble.text == f"pretrained.safetensors: {told} Leave it apart."


def test_that_what_is_being_computed_is_said_until_it_is_there(
    open_program, seen, checkpoints, monkeypatch, qtbot
):
    from inspector.analysis import modes as module

    computed, go = module.model_modes, threading.Event()

    def model_modes(*given, progress, **named):
        while not go.wait(0.002):
            progress(0, 3, "")
        return computed(*given, progress=progress, **named)

    monkeypatch.setattr(module, "model_modes", model_modes)
    program = open_program(checkpoints[0])
    view = program.window.over_depth
    program.window.show_tab("depth")
    qtbot.waitUntil(lambda: view.busy.text() == "Splitting heads into modes…", timeout=10_000)
    assert program.picturing.scenes.depth() is None
    go.set()
    seen(program)
    assert view.busy.text() == ""
    assert program.picturing.scenes.depth().models[0].complete
