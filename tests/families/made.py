"""Checkpoints in memory: from real modules, from arrays, or from shapes alone."""

import importlib
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from inspector.checkpoints.checkpoint import Checkpoint, LazyTensor, Section
from inspector.core.outline import ModelOutline, Stored

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_LIBRARY: list[Any] = []


def prepare_torchvision() -> None:
    """Import torchvision, declaring the two operators that a build without its C++ part lacks."""
    import torch

    for _ in range(4):
        try:
            importlib.import_module("torchvision")
        except RuntimeError as error:
            missing = re.search(r"operator torchvision::(q?nms) does not exist", str(error))
            if missing is None:
                raise
            for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
                del sys.modules[name]
            if not _LIBRARY:
                _LIBRARY.append(torch.library.Library("torchvision", "FRAGMENT"))
            _LIBRARY[0].define(missing.group(1) + _SCHEMA)
        else:
            return


def checkpoint_of(
    state: Mapping[str, Any],
    *,
    config: Mapping[str, Any] | None = None,
    name: str = "model.pth",
    sections: tuple[Section, ...] = (),
) -> Checkpoint:
    """A checkpoint of tensors, arrays, or shapes (tuples, read as zeros)."""
    tensors = {key: _lazy(key, value) for key, value in state.items()}
    return Checkpoint(
        Path(name), (), "made in memory", tensors, config=config or {}, sections=sections
    )


def shapes_of(outline: ModelOutline, state: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shape of every role as it is compared: after `Stored.take`."""
    return {role: taken(stored, state).shape for role, stored in outline.roles().items()}


def taken(stored: Stored, state: Mapping[str, Any]) -> np.ndarray:
    """What a role reads."""
    return stored.take(_array(state[stored.tensor]))


def floating(module) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the floating-point tensors of a module's state dict."""
    return {
        name: tuple(tensor.shape)
        for name, tensor in module.state_dict().items()
        if tensor.is_floating_point()
    }


@cache
def timm_module(name: str):
    """One of timm's models, without memory for its weights."""
    prepare_torchvision()
    import timm
    import torch

    with torch.device("meta"):
        return timm.create_model(name, pretrained=False)


def timm_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of one of timm's models."""
    return floating(timm_module(name))


def _lazy(name: str, value: Any) -> LazyTensor:
    if isinstance(value, tuple):
        return LazyTensor(name, value, "float32", lambda: np.zeros(value, np.float32))
    dtype = str(value.dtype).removeprefix("torch.")
    return LazyTensor(name, tuple(value.shape), dtype, lambda: _array(value))


def _array(value: Any) -> np.ndarray:
    if isinstance(value, tuple):
        return np.zeros(value, np.float32)
    return value if isinstance(value, np.ndarray) else value.detach().cpu().numpy()
