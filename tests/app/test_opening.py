import threading
from pathlib import Path

import pytest

from inspector.app.opening import checkpoints_at, open_all
from inspector.core.errors import BadCheckpoint, Cancelled
from inspector.jobs.context import JobContext, JobState
from inspector.session import Source
from tests.tiny_models import model, vit_weights, write_safetensors


@pytest.fixture(scope="module")
def weights() -> dict:
    return vit_weights(depth=1)


def context() -> JobContext:
    go = threading.Event()
    go.set()
    return JobContext(
        JobState("open", ""),
        cancelled=threading.Event(),
        paused=threading.Event(),
        go=go,
        let_through=lambda: None,
        rest=lambda: None,
        report=lambda _: None,
        leave=lambda _: None,
    )


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_that_a_folder_of_epochs_stands_for_its_checkpoints_in_natural_order(tmp_path, weights):
    for name in ("epoch_10", "epoch_9", "epoch_1"):
        write_safetensors(tmp_path / f"{name}.safetensors", weights)
    (tmp_path / "log.txt").write_text("not a checkpoint")
    (tmp_path / "last_checkpoint").write_text("epoch_10.safetensors")
    assert names(checkpoints_at(tmp_path)) == [
        "epoch_1.safetensors",
        "epoch_9.safetensors",
        "epoch_10.safetensors",
    ]


def test_that_a_folder_of_a_hub_is_one_checkpoint_whatever_lies_beside_the_weights(
    tmp_path, weights
):
    for name in ("model", "other", "optimizer"):
        write_safetensors(tmp_path / f"{name}.safetensors", weights)
    assert checkpoints_at(tmp_path) == [tmp_path]


def test_that_a_folder_of_folders_stands_for_those_that_hold_weights(tmp_path, weights):
    for name in ("checkpoint-1000", "checkpoint-500", "logs"):
        (tmp_path / name).mkdir()
    for name in ("checkpoint-1000", "checkpoint-500"):
        write_safetensors(tmp_path / name / "model.safetensors", weights)
    assert names(checkpoints_at(tmp_path)) == ["checkpoint-500", "checkpoint-1000"]


def test_that_a_file_is_itself_even_when_it_is_not_there(tmp_path):
    assert checkpoints_at(tmp_path / "gone.pth") == [tmp_path / "gone.pth"]


def test_that_a_file_that_is_not_there_and_an_empty_folder_fail_with_a_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    opened = open_all([Source(tmp_path / "gone.pth"), Source(tmp_path / "empty")], context())
    assert opened.models == ()
    assert names([path for path, _ in opened.failures]) == ["gone.pth", "empty"]
    assert all(isinstance(error, BadCheckpoint) for _, error in opened.failures)
    assert all(error.__traceback__ is None for _, error in opened.failures)


def test_that_heads_and_the_path_of_each_model_are_kept(tmp_path, weights):
    for name in ("a", "b"):
        write_safetensors(tmp_path / f"{name}.safetensors", weights)
    opened = open_all([Source(tmp_path, heads=6)], context())
    assert [m.source for m in opened.models] == [
        Source(tmp_path / "a.safetensors", 6),
        Source(tmp_path / "b.safetensors", 6),
    ]
    assert {b.num_heads for m in opened.models for b in m.model.outline.blocks()} == {6}
    for entry in opened.models:
        entry.model.close()


def test_that_what_was_opened_before_a_cancel_is_closed(tmp_path, weights, monkeypatch):
    """The second file is never opened: the cancel comes while it is being read."""
    closed, opened = [], []

    def open_model(path, **_):
        if opened:
            raise Cancelled
        opened.append(path)
        return model(path.name, closed=closed)

    monkeypatch.setattr("inspector.app.opening.open_model", open_model)
    with pytest.raises(Cancelled):
        open_all([Source(tmp_path / "a.pth"), Source(tmp_path / "b.pth")], context())
    assert closed == ["a.pth"]
