"""The script that trained the samples: its conversion to MMDetection, and its claim."""

import importlib
import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import nn

from inspector.checkpoints import open_checkpoint
from inspector.checkpoints.config_text import parse_config_text
from resources import resource, samples
from tests.resources.inert import contents


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The second half of the script, imported as it is run: from its own folder."""
    monkeypatch.syspath_prepend(str(resource("samples")))
    return importlib.import_module("fine_tuning")


@pytest.fixture
def layout(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(resource("samples")))
    return importlib.import_module("mmengine_layout")


def test_that_a_merging_in_unfold_order_computes_the_same(layout) -> None:
    torch.manual_seed(0)
    channels, tokens = 3, torch.randn(1, 4, 6, 3)
    norm = nn.LayerNorm(4 * channels)
    nn.init.normal_(norm.weight)
    reduction = nn.Linear(4 * channels, 5, bias=False)
    gathered = tokens.reshape(1, 2, 2, 3, 2, channels).permute(0, 1, 3, 4, 2, 5).flatten(3)
    expected = reduction(norm(gathered)).flatten(1, 2)

    unfolded = nn.Unfold(2, stride=2)(tokens.permute(0, 3, 1, 2)).transpose(1, 2)
    for parameters in (norm, reduction):
        parameters.weight = nn.Parameter(layout.to_unfold_order(parameters.weight.data))
    norm.bias = nn.Parameter(layout.to_unfold_order(norm.bias.data))
    torch.testing.assert_close(reduction(norm(unfolded)), expected)


def test_that_the_position_index_counts_offsets_between_tokens(layout) -> None:
    window = 3
    index = layout.relative_position_index(window)
    places = [(row, column) for row in range(window) for column in range(window)]
    span = 2 * window - 1
    for i, (row, column) in enumerate(places):
        for j, (other_row, other_column) in enumerate(places):
            down, across = row - other_row + window - 1, column - other_column + window - 1
            assert index[i, j] == down * span + across


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("patch_embed.proj.weight", "backbone.patch_embed.projection.weight"),
        ("layers.1.downsample.norm.bias", "backbone.stages.0.downsample.norm.bias"),
        ("layers.2.blocks.7.attn.qkv.bias", "backbone.stages.2.blocks.7.attn.w_msa.qkv.bias"),
        ("layers.3.blocks.1.mlp.fc1.weight", "backbone.stages.3.blocks.1.ffn.layers.0.0.weight"),
        ("norm.weight", "backbone.norm3.weight"),
        ("head.fc.weight", "head.fc.weight"),
    ],
)
def test_that_names_become_mmdetections(layout, name, expected) -> None:
    assert layout.mmdetection_name(name) == expected


def test_that_the_stand_in_for_mmengine_is_gone_afterwards(layout) -> None:
    with layout.history_buffer() as buffer:
        assert sys.modules["mmengine.logging.history_buffer"].HistoryBuffer is buffer
    assert "mmengine" not in sys.modules


def test_that_a_configuration_is_written_as_it_was_meant(layout) -> None:
    keys = {"norm.weight": 0.5, "lr": None}
    config = {"model": {"type": "A", "depths": [2, 18], "keys": keys}, "empty": [], "flag": True}
    assert parse_config_text(layout.pretty_text(config)) == (config, [])


def test_that_a_tuple_of_one_is_written_as_a_tuple(layout) -> None:
    assert layout.pretty_text({"out_indices": (3,)}) == "out_indices = (3,)\n"


def test_that_the_learning_rate_warms_up_and_steps_down(script) -> None:
    splits = {"train": script.pictures.ChestXrays(torch.zeros(2), torch.tensor([0, 1]))}
    config = script.configuration(splits)
    base = config["optim_wrapper"]["optimizer"]["lr"]
    warm_up, steps = config["param_scheduler"]
    first, last = steps["milestones"]
    assert script.rate_at(config, 0, 0) == pytest.approx(base * warm_up["start_factor"])
    assert script.rate_at(config, warm_up["end"] - 1, 0) == pytest.approx(base)
    assert script.rate_at(config, 9999, first - 1) == pytest.approx(base)
    assert script.rate_at(config, 9999, first) == pytest.approx(base * steps["gamma"])
    assert script.rate_at(config, 9999, last) == pytest.approx(base * steps["gamma"] ** 2)


def test_that_held_out_pictures_are_never_trained_on(script, shared_data) -> None:
    read = script.pictures.read_pictures(shared_data)
    for training, held_out in zip(read.training, read.held_out, strict=True):
        assert training
        assert held_out
        trained = {picture.tobytes() for picture in training}
        assert not trained & {picture.tobytes() for picture in held_out}


def test_that_the_fine_tuned_sample_is_as_accurate_as_it_logged(
    script, layout, shared_data
) -> None:
    model = script.swin(2).eval()
    with open_checkpoint(samples()[1]) as checkpoint:
        state = {
            name: _timm_values(checkpoint, name, layout.mmdetection_name(name))
            for name in model.state_dict()
        }
    model.load_state_dict(state)
    images = script.pictures.read_chest_xrays(shared_data)["val"]
    inputs = script.pictures.grey_to_input(images.upsampled(torch.arange(len(images.labels))))
    found = script.accuracies(script.answers(model, inputs), images.labels)
    logged = contents(samples()[1])[0]["message_hub"]["log_scalars"]
    one_image = 1 / 135
    for key in ("top1", "balanced"):
        claim = logged[f"val/accuracy/{key}"].state["_log_history"][-1]
        assert found[key] == pytest.approx(claim, abs=one_image)
        assert found[key] > 0.9


def _timm_values(checkpoint, name: str, stored: str) -> torch.Tensor:
    """The values of timm's tensor `name`, its merging reordered back by the inverse."""
    values = np.array(checkpoint.tensors[stored].numpy())
    if "downsample" in name:
        *rest, length = values.shape
        values = values.reshape(*rest, length // 4, 2, 2)
        values = np.moveaxis(values, (-3, -2, -1), (-1, -2, -3)).reshape(*rest, length)
    return torch.from_numpy(np.ascontiguousarray(values))
