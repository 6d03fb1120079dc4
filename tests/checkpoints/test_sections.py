"""Wrappers are seen through: which weights are listed, by which names, and what is said."""

import sys
import types
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from inspector.checkpoints import open_checkpoint
from inspector.core.errors import BadCheckpoint


def weights(size: int = 4, start: float = 0.0) -> OrderedDict[str, torch.Tensor]:
    return OrderedDict(
        (f"blocks.{n}.attn.qkv.weight", torch.full((size, size), start + n)) for n in range(2)
    )


def optimizer() -> dict:
    state = {n: {"step": torch.tensor(3.0), "exp_avg": torch.ones(40, 40)} for n in range(3)}
    return {"state": state, "param_groups": [{"lr": 0.1, "params": [0, 1, 2]}]}


def saved(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "m.pth"
    torch.save(content, path)
    return path


@pytest.mark.parametrize(
    "wrapper",
    [
        *("state_dict", "model", "model_state_dict", "model_state", "net", "module", "backbone"),
        *("teacher", "student", "ema", "model_ema", "state_dict_ema", "my_own_word"),
    ],
)
def test_that_a_wrapper_is_seen_through_and_named(tmp_path: Path, wrapper: str):
    path = saved(tmp_path, {wrapper: weights(), "epoch": 7, "optimizer": optimizer()})
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.section == wrapper
        assert list(checkpoint.tensors) == list(weights())
        assert checkpoint.meta["epoch"] == 7
        assert any(f"“{wrapper}”" in note for note in checkpoint.notes)
        assert any("6 tensors of the optimizer" in note for note in checkpoint.notes)


def test_that_wrappers_in_wrappers_are_seen_through(tmp_path: Path):
    path = saved(tmp_path, {"model": {"state_dict": weights()}, "optimizer": optimizer()})
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.section == "model.state_dict"
        assert list(checkpoint.tensors) == list(weights())


def test_that_a_plain_state_dict_is_the_top_level(tmp_path: Path):
    with open_checkpoint(saved(tmp_path, weights())) as checkpoint:
        assert checkpoint.section == ""
        assert list(checkpoint.tensors) == list(weights())
        assert checkpoint.notes == ()


def test_that_prefixes_of_names_stay(tmp_path: Path):
    content = {f"module.backbone.{name}": tensor for name, tensor in weights().items()}
    with open_checkpoint(saved(tmp_path, {"state_dict": content})) as checkpoint:
        assert list(checkpoint.tensors) == list(content)


@pytest.mark.parametrize(
    ("content", "chosen", "all_sections"),
    [
        ({"student": weights(), "teacher": weights(4, 5)}, "teacher", {"student", "teacher"}),
        ({"model": weights(), "model_ema": weights(4, 5)}, "model", {"model", "model_ema"}),
        ({"state_dict": weights(), "state_dict_ema": weights()}, "state_dict", None),
        ({"ema_state_dict": weights(), "other": {"x": torch.ones(1)}}, "ema_state_dict", None),
        ({"generator": weights(), "discriminator": weights()}, "generator", None),
        ({"encoder": weights(), "target_encoder": weights()}, "target_encoder", None),
        ((weights(), optimizer()), "0", {"0"}),
    ],
)
def test_that_of_several_sets_the_likeliest_is_listed(tmp_path, content, chosen, all_sections):
    with open_checkpoint(saved(tmp_path, content)) as checkpoint:
        assert checkpoint.section == chosen
        if all_sections is not None:
            assert {section.name for section in checkpoint.sections} == all_sections


def test_that_any_section_can_be_asked_for(tmp_path: Path):
    path = saved(tmp_path, {"student": weights(), "teacher": weights(4, 5)})
    with open_checkpoint(path, section="student") as checkpoint:
        assert checkpoint.section == "student"
        assert checkpoint.tensors["blocks.0.attn.qkv.weight"].numpy()[0, 0] == 0.0
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.tensors["blocks.0.attn.qkv.weight"].numpy()[0, 0] == 5.0
        counts = {
            section.name: (section.tensors, section.elements) for section in checkpoint.sections
        }
        assert counts == {"student": (2, 32), "teacher": (2, 32)}
    with pytest.raises(BadCheckpoint, match="no section “nobody”") as caught:
        open_checkpoint(path, section="nobody")
    assert "“student”, “teacher”" in caught.value.advice


def test_that_teacher_and_student_in_one_dictionary_are_told_apart(tmp_path: Path):
    content = {
        f"{role}.{name}": tensor
        for role in ("student", "teacher")
        for name, tensor in weights().items()
    }
    content["loss.center"] = torch.ones(2)
    with open_checkpoint(saved(tmp_path, {"model": content})) as checkpoint:
        assert checkpoint.section == "model.teacher"
        assert list(checkpoint.tensors) == list(weights())
        assert {s.name for s in checkpoint.sections} == {"model", "model.teacher", "model.student"}


def test_that_averaged_weights_are_said_to_be_averaged(tmp_path: Path):
    with open_checkpoint(saved(tmp_path, {"ema": weights()})) as checkpoint:
        assert any("averaged" in note and "no others" in note for note in checkpoint.notes)
    path = saved(tmp_path, {"model": weights(), "ema": weights()})
    with open_checkpoint(path) as checkpoint:
        assert any("plain ones are shown" in note for note in checkpoint.notes)


def test_that_of_mmengine_files_the_state_dict_is_said_to_be_the_average(tmp_path: Path):
    meta = {"mmengine_version": "0.10.7", "epoch": 3}
    content = {"meta": meta, "state_dict": weights(), "ema_state_dict": weights(4, 5)}
    with open_checkpoint(saved(tmp_path, content)) as checkpoint:
        assert checkpoint.section == "state_dict"
        assert any("“state_dict” holds the averaged ones" in note for note in checkpoint.notes)
        assert not any("plain ones are shown" in note for note in checkpoint.notes)


def test_that_tensors_whose_names_only_sound_like_training_are_listed(tmp_path: Path):
    names = ("optimal_transport.weight", "optimizer_token", "head.scheduler.bias")
    content = {name: torch.ones(2) for name in names}
    with open_checkpoint(saved(tmp_path, {"model": content})) as checkpoint:
        assert list(checkpoint.tensors) == list(names)


def test_that_tensors_with_attributes_of_their_own_are_read(tmp_path: Path):
    tensor, parameter = torch.arange(3.0), nn.Parameter(torch.arange(4.0))
    tensor.origin, parameter.is_norm = "mine", True
    with open_checkpoint(saved(tmp_path, {"t": tensor, "p": parameter})) as checkpoint:
        assert checkpoint.tensors["t"].numpy().tolist() == [0, 1, 2]
        assert checkpoint.tensors["p"].numpy().tolist() == [0, 1, 2, 3]


def test_that_nested_dictionaries_are_one_set_of_dotted_names(tmp_path: Path):
    content = {
        "patch": {"w": torch.ones(2)},
        "blocks": {0: {"q": torch.ones(3)}, 1: {"q": torch.ones(3)}},
    }
    with open_checkpoint(saved(tmp_path, content)) as checkpoint:
        assert list(checkpoint.tensors) == ["patch.w", "blocks.0.q", "blocks.1.q"]


def test_that_lightning_files_open(tmp_path: Path):
    content = {
        "epoch": 4,
        "global_step": 100,
        "pytorch-lightning_version": "2.2.0",
        "state_dict": {f"model.{name}": tensor for name, tensor in weights().items()},
        "loops": {"fit_loop": {"state_dict": {"x": torch.ones(90, 90)}}},
        "callbacks": {"EMA": {"weights": torch.ones(99, 99)}},
        "optimizer_states": [optimizer()],
        "lr_schedulers": [{"last": torch.ones(80, 80)}],
        "hyper_parameters": {"lr": 0.1, "betas": (0.9, 0.99)},
    }
    with open_checkpoint(saved(tmp_path, content)) as checkpoint:
        assert [section.name for section in checkpoint.sections] == ["state_dict"]
        assert checkpoint.config["hyper_parameters"] == {"lr": 0.1, "betas": [0.9, 0.99]}
        assert checkpoint.meta["pytorch-lightning_version"] == "2.2.0"


def test_that_a_file_of_optimizer_state_alone_is_refused_as_that(tmp_path: Path):
    for content in (optimizer(), {"optimizer": optimizer()}, {"optimizer_state_dict": optimizer()}):
        with pytest.raises(BadCheckpoint, match="only the state of an optimizer \\(6 tensors\\)"):
            open_checkpoint(saved(tmp_path, content))


def test_that_a_file_without_tensors_is_refused_as_that(tmp_path: Path):
    with pytest.raises(BadCheckpoint, match="no tensor in it"):
        open_checkpoint(saved(tmp_path, {"epoch": 3}))


# Whole pickled modules


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(4, 12)
        self.register_buffer("index", torch.arange(3))
        self.register_buffer("scratch", torch.zeros(5), persistent=False)
        self.register_parameter("absent", None)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Attention(), Attention()])
        self.cls_token = nn.Parameter(torch.ones(1, 1, 4))
        self.norm = nn.BatchNorm1d(4)


@pytest.fixture
def importable():
    module = types.ModuleType("a_users_own_module")
    for cls in (Attention, Net):
        cls.__module__, cls.__qualname__ = module.__name__, cls.__name__
        setattr(module, cls.__name__, cls)
    sys.modules[module.__name__] = module
    yield
    del sys.modules[module.__name__]


@pytest.mark.filterwarnings("ignore:Couldn't retrieve source code:UserWarning")
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("wrap", [lambda net: net, lambda net: {"model": net, "epoch": 1}])
def test_that_a_whole_pickled_module_is_listed_as_its_state_dict(
    tmp_path, importable, legacy, wrap
):
    net = nn.DataParallel(Net())
    path = tmp_path / "net.pt"
    torch.save(wrap(net), path, _use_new_zipfile_serialization=not legacy)
    with open_checkpoint(path) as checkpoint:
        assert list(checkpoint.tensors) == list(net.state_dict())
        for name, tensor in net.state_dict().items():
            np.testing.assert_array_equal(checkpoint.tensors[name].numpy(), tensor.numpy())
        assert "a_users_own_module.Net" in checkpoint.foreign
        assert "torch.nn.modules.linear.Linear" in checkpoint.foreign


# Tensors that cannot be read


def test_that_meta_tensors_alone_are_refused_and_among_others_are_told(tmp_path: Path):
    absent = torch.empty(3, 4, device="meta")
    with pytest.raises(BadCheckpoint, match="meta device"):
        open_checkpoint(saved(tmp_path, {"w": absent, "v": absent}))
    with open_checkpoint(saved(tmp_path, {"w": torch.ones(2), "v": absent})) as checkpoint:
        assert list(checkpoint.tensors) == ["w"]
        assert any("meta device" in note and "“v”" in note for note in checkpoint.notes)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_that_sparse_and_quantised_tensors_are_told_and_left_out(tmp_path: Path):
    content = {
        "w": torch.ones(2, 2),
        "sparse": torch.eye(3).to_sparse(),
        "quantised": torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8),
    }
    with open_checkpoint(saved(tmp_path, content)) as checkpoint:
        assert list(checkpoint.tensors) == ["w"]
        said = " ".join(checkpoint.notes)
        assert "“sparse”" in said
        assert "“quantised”" in said


def test_that_parameters_and_their_subclasses_are_tensors(tmp_path: Path):
    content = {"p": nn.Parameter(torch.ones(3)), "b": nn.Buffer(torch.ones(2))}
    with open_checkpoint(saved(tmp_path, content)) as checkpoint:
        assert list(checkpoint.tensors) == ["p", "b"]
