"""Scores of pairs whatever modes are selected; what is remembered, let go of, and bounded."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from inspector.app import inspecting
from inspector.app.settings import load_settings, settings_path
from inspector.core.modes import ModeOptions, Product, TokenSpace


@pytest.fixture
def many(tmp_path_factory):
    """Thirty pictures."""
    folder, random = tmp_path_factory.mktemp("many"), np.random.default_rng(0)
    paths = [folder / f"{number}.png" for number in range(30)]
    for path in paths:
        Image.fromarray(random.integers(0, 256, (30, 40), np.uint8)).save(path)
    return paths


@pytest.fixture
def in_pair(one, seen):
    """Attention, with a query and a key token chosen."""
    one.window.show_tab("attention")
    one.session.select(replace(one.session.selection, token=6, key=10))
    seen(one)
    return one


OV = ModeOptions(Product.OV)


@pytest.mark.parametrize(
    ("options", "space"),
    [
        (OV, TokenSpace.ATTENTION_INPUT),
        (OV, TokenSpace.RESIDUAL),
        (ModeOptions(Product.QK, fold_norm=True), TokenSpace.NORMED),
        (ModeOptions(Product.OV, fold_norm=True, augment_bias=True), TokenSpace.NORMED),
        (ModeOptions(Product.QK, augment_bias=True), TokenSpace.ATTENTION_INPUT),
    ],
)
def test_that_a_score_is_split_into_query_key_modes_whatever_is_selected_for_the_maps(
    in_pair, seen, options, space
):
    plain, session = in_pair.window.attention.scene.pair, in_pair.session
    session.select(replace(session.selection, options=options, space=space))
    seen(in_pair)
    assert (session.selection.options, session.selection.space) == (options, space)
    pair = in_pair.window.attention.scene.pair
    assert pair.sum == pytest.approx(pair.total, rel=1e-4, abs=1e-5)
    assert pair.total == plain.total
    if options.augment_bias:
        assert pair.terms == {}
    else:
        np.testing.assert_allclose(pair.contributions, plain.contributions, rtol=1e-6, atol=1e-9)
        assert pair.terms == plain.terms


def test_that_a_pair_is_split_where_the_selected_modes_cannot_be_had(in_pair, seen, monkeypatch):
    from inspector.analysis import modes as module
    from inspector.core.errors import BadRequest

    computed = module.block_modes

    def block_modes(model, address, options, **named):
        if options.product is Product.OV:
            raise BadRequest("There is no output projection.")
        return computed(model, address, options, **named)

    monkeypatch.setattr(module, "block_modes", block_modes)
    monkeypatch.setattr(module, "model_modes", lambda *_, **__: block_modes(None, None, OV))
    in_pair.window.commands[f"product_{Product.OV}"].trigger()
    seen(in_pair)
    pair = in_pair.window.attention.scene.pair
    assert pair.sum == pytest.approx(pair.total, rel=1e-4, abs=1e-5)


def test_that_a_beside_b_is_remembered(pair, open_program, seen):
    pair.window.show_tab("modes")
    seen(pair)
    assert not pair.window.modes.other_pictures.isVisible()
    pair.window.modes.beside.click()
    assert pair.window.modes.other_pictures.isVisible()
    assert load_settings(settings_path()).beside
    pair.window.close()
    second = open_program()
    assert second.window.modes.beside.isChecked()
    second.window.modes.beside_chosen.emit(False)
    assert not load_settings(settings_path()).beside


def test_that_thirty_images_are_opened_at_once_and_their_thumbnails_come_by_themselves(
    open_program, seen, checkpoints, many
):
    program = open_program(checkpoints[0], *many)
    seen(program)
    strip = program.window.strip
    assert strip.list.count() == 30
    assert strip.list.verticalScrollBar().maximum() > 0
    assert all(program.imaging._tried[id(one.image)] is not None for one in program.session.images)
    program.session.choose_image(29)
    seen(program)
    row = strip.list.visualItemRect(strip.list.item(29))
    assert strip.list.viewport().rect().contains(row.center())
    assert program.window.modes.scene.image.card.label == "29.png"


def test_that_memory_of_what_was_looked_at_is_bounded(
    open_program, seen, checkpoints, many, monkeypatch
):
    """What is kept of each image is let go of when there is no room for it."""
    limits = {"RUNS_BYTES": 700_000, "BLOCKS_BYTES": 90_000, "SLICES_BYTES": 9_000}
    for name, limit in limits.items():
        monkeypatch.setattr(inspecting, name, limit)
    program = open_program(checkpoints[0], *many)
    seen(program)
    for position in range(30):
        program.session.choose_image(position)
        seen(program)
    found = program.inspecting
    kept = (found._runs, found._blocks, found._slices)
    assert [0 < one._held <= one._limit for one in kept] == [True] * 3
    assert len(found._runs) < 30
    assert program.window.modes.scene.maps is not None


@pytest.mark.parametrize("close", ["image", "model", "all", "window"])
def test_that_what_is_looked_at_may_be_closed_while_the_model_runs(pair, seen, qtbot, close):
    pair.window.show_tab("modes")
    seen(pair)
    pair.inspecting.forget_runs()
    assert pair.inspecting.is_busy
    if close == "image":
        pair.session.remove_image(pair.session.position)
    elif close == "model":
        pair.session.remove(0)
    elif close == "all":
        pair.window.commands["close_all"].trigger()
    else:
        pair.window.close()
        assert not pair.lane.is_running
        return
    QApplication.processEvents()
    seen(pair)
    scene = pair.window.modes.scene
    if close == "all":
        assert pair.window.welcome.isVisible()
        assert len(pair.inspecting._runs) == 0
    else:
        assert scene.maps is not None
        assert scene.image.card.label == pair.session.image.card.label
        assert scene.model.label == pair.session.models[0].card.label


def test_that_images_closed_one_after_the_other_leave_the_next_one_in_view(pair, seen):
    pair.window.show_tab("attention")
    seen(pair)
    for left in (2, 1, 0):
        pair.window.commands["close_image"].trigger()
        seen(pair)
        assert len(pair.session.images) == left
    assert pair.window.attention.scene is None
    assert not pair.window.strip.isVisible()


def test_that_the_model_beside_is_drawn_as_soon_as_it_has_been_run(pair, seen, qtbot):
    pair.window.show_tab("modes")
    view = pair.window.modes
    view.beside.click()
    seen(pair)
    for position in (0, 1):
        pair.session.choose_image(position)
        seen(pair)
        beside = view.other_pictures.sides["query"].picture
        qtbot.waitUntil(lambda picture=beside: picture.pixels is not None, timeout=10_000)


def test_that_a_model_beside_that_cannot_be_run_says_why(
    open_program, seen, checkpoints, images, monkeypatch, qtbot
):
    from inspector.core.errors import CannotRun
    from inspector.families import running

    build = running.build_network

    def build_network(model, **named):
        if model.checkpoint.path == checkpoints[2]:
            raise CannotRun("It has no patch embedding.", advice="Look at its weights.")
        return build(model, **named)

    monkeypatch.setattr(running, "build_network", build_network)
    program = open_program(checkpoints[0], checkpoints[2], images[0])
    program.window.show_tab("modes")
    seen(program)
    view = program.window.modes
    assert view.state.text == ""
    view.beside.click()
    told = "epoch_2.safetensors: It has no patch embedding. Look at its weights."
    qtbot.waitUntil(lambda: view.state.text == told, timeout=10_000)
    assert view.scene.maps is not None
    assert "being run" not in view.other_pictures.sides["query"].picture.sentence
