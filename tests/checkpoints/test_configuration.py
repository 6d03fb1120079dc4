"""Configuration is read where it is: in the file as text or values, or beside it as JSON."""

import argparse
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from inspector.checkpoints import open_checkpoint
from inspector.checkpoints.config_text import parse_config_text

RUNNER = """
auto_scale_lr = dict(base_batch_size=16, enable=False)
backend_args = None
model = dict(
    backbone=dict(
        attn_drop_rate=0.0,
        convert_weights=True,
        depths=[
            2,
            2,
            18,
            2,
        ],
        out_indices=(
            0,
            1,
        ),
        init_cfg=dict(checkpoint='https://a.b/swin.pth', type='Pretrained'),
        type='SwinTransformer'),
    data_preprocessor=dict(mean=[123.675, 116.28, -103.53]),
    type='MaskRCNN')
max_epochs = 12
names = {'a': 1, 2: 'b'}
limit = float('inf')
work_dir = './work_dirs/mask-rcnn'
"""


def test_that_the_text_of_a_runner_is_read_as_the_values_it_writes():
    values, notes = parse_config_text(RUNNER)
    assert notes == []
    assert values["model"]["backbone"]["depths"] == [2, 2, 18, 2]
    assert values["model"]["backbone"]["out_indices"] == [0, 1]
    assert values["model"]["data_preprocessor"]["mean"] == [123.675, 116.28, -103.53]
    assert values["limit"] == float("inf")
    assert values["names"] == {"a": 1, 2: "b"}
    assert values["backend_args"] is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x = 2 * 3 + 4 / 2 - 1", 7.0),
        ("y = 3\nx = dict(a=y)", {"a": 3}),
        ("x = dict({'a b': 1}, c=2)", {"a b": 1, "c": 2}),
        ("x = tuple([1, 2])", [1, 2]),
        ("x = {1, 2}", [1, 2]),
        ("x = dict()", {}),
        ("'a docstring'\nx = True", True),
        ("x = float('-inf')", float("-inf")),
    ],
)
def test_that_plain_forms_are_read(text: str, value: object):
    values, notes = parse_config_text(text)
    assert values["x"] == value
    assert notes == []


@pytest.mark.parametrize(
    "line",
    [
        "x = __import__('os').system('touch canary')",
        "import os",
        "x = [n for n in range(9)]",
        "x = 9 ** 9 ** 9",
        "x = 'a' * 10 ** 10",
        "x = 'a' * 1000000000",
        "x = [1] * 1000000000",
        "x = lambda: 1",
        "x = f'{1}'",
        "class X: pass",
        "def f(): pass",
        "x = open('canary', 'w')",
        "x = dict(**{'a': 1})",
        "x = a.b",
        "x, y = 1, 2",
        "x: int = 1",
        "x = y",
        "x = 1 / 0",
        "x = float('1_0')",
        "x = 1 if True else 2",
        "x = (y := 3)",
        "x = {[]: 1}",
        "x = -'a'",
        "del x",
        f"x = {'9' * 80} * {'9' * 80}",
    ],
)
def test_that_what_is_no_literal_is_skipped_and_told(tmp_path: Path, monkeypatch, line: str):
    monkeypatch.chdir(tmp_path)
    values, notes = parse_config_text(f"before = 1\n{line}\nafter = 2")
    assert values == {"before": 1, "after": 2}
    assert len(notes) == 1
    assert "Line 2" in notes[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["x = (", "x = " + "(" * 500, "\0", "x = " + "9" * 10_000])
def test_that_a_text_that_is_no_configuration_is_told(text: str):
    values, notes = parse_config_text(text)
    assert values == {}
    assert len(notes) == 1


@pytest.mark.parametrize("key", ["cfg", "config"])
def test_that_the_configuration_in_meta_is_found(tmp_path: Path, key: str):
    path = tmp_path / "epoch_1.pth"
    meta = {key: RUNNER + "import os\n", "epoch": 12, "mmengine_version": "0.10.7"}
    torch.save({"state_dict": {"a.b": torch.ones(2)}, "meta": meta}, path)
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.config["mmengine"]["model"]["type"] == "MaskRCNN"
        assert checkpoint.meta == {"epoch": 12, "mmengine_version": "0.10.7"}
        assert any("skipped" in note for note in checkpoint.notes)


def test_that_a_long_configuration_is_read_from_where_it_lies(tmp_path: Path):
    text = "\n".join(f"value_{n} = {n}" for n in range(10_000))
    path = tmp_path / "epoch_1.pth"
    torch.save({"state_dict": {"a.b": torch.ones(2)}, "meta": {"cfg": text}}, path)
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.config["mmengine"]["value_9999"] == 9999


def test_that_stored_arguments_become_plain_values(tmp_path: Path):
    arguments = argparse.Namespace(
        arch="vit_small", lr=0.1, layers=[1, 2], out=Path("a") / "b", nested={"deep": (1, None)}
    )
    arguments.score = np.float64(0.5)
    path = tmp_path / "m.pth"
    torch.save({"model": {"a.b": torch.ones(2)}, "args": arguments, "epoch": 3}, path)
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.config["args"] == {
            "arch": "vit_small",
            "lr": 0.1,
            "layers": [1, 2],
            "out": "a/b",
            "nested": {"deep": [1, None]},
            "score": 0.5,
        }
        assert checkpoint.foreign == ("argparse.Namespace",)


def test_that_omegaconf_values_become_plain_values(tmp_path: Path, monkeypatch):
    module = types.ModuleType("omegaconf.stand_in")

    class Node:
        def __init__(self, value: object) -> None:
            self.__dict__["_content" if isinstance(value, dict) else "_val"] = value

    Node.__module__, Node.__qualname__ = module.__name__, "Node"
    module.Node = Node
    monkeypatch.setitem(sys.modules, "omegaconf", types.ModuleType("omegaconf"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    path = tmp_path / "m.ckpt"
    value = Node({"arch": Node("vit_large"), "depth": Node(24)})
    torch.save({"state_dict": {"a.b": torch.ones(2)}, "config": value}, path)
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.config["config"] == {"arch": "vit_large", "depth": 24}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("config.json", {"model_type": "vit", "num_attention_heads": 12}, "huggingface"),
        ("config.json", {"architectures": ["ViTModel"]}, "huggingface"),
        ("config.json", {"architecture": "vit_tiny_patch16_224", "pretrained_cfg": {}}, "timm"),
        ("open_clip_config.json", {"model_cfg": {"embed_dim": 512}}, "open_clip"),
        ("config.json", {"learning_rate": 0.1}, None),
        ("config.json", [1, 2], None),
    ],
)
def test_that_a_configuration_beside_the_weights_is_read(tmp_path: Path, name, content, kind):
    path = tmp_path / "m.pth"
    torch.save({"a.b": torch.ones(2)}, path)
    (tmp_path / name).write_text(json.dumps(content))
    with open_checkpoint(path) as checkpoint:
        assert dict(checkpoint.config) == ({} if kind is None else {kind: content})
        assert ((tmp_path / name) in checkpoint.files) == (kind is not None)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_that_a_broken_configuration_beside_the_weights_is_told(tmp_path: Path, text: str):
    path = tmp_path / "m.pth"
    torch.save({"a.b": torch.ones(2)}, path)
    (tmp_path / "config.json").write_text(text)
    with open_checkpoint(path) as checkpoint:
        assert list(checkpoint.tensors) == ["a.b"]
        assert any("config.json" in note for note in checkpoint.notes)
