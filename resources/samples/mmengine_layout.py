"""Write a Swin as MMEngine's Runner writes a detector's: MMDetection's names, and all around them.

MMEngine itself is not needed. The layout is that of MMEngine 0.10.7 and MMDetection 3.3.0.
"""

import sys
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

RENAMED = {
    "patch_embed.proj.": "patch_embed.projection.",
    ".attn.": ".attn.w_msa.",
    ".mlp.fc1.": ".ffn.layers.0.0.",
    ".mlp.fc2.": ".ffn.layers.1.",
}
LAST_STAGE = 3


def mmdetection_name(name: str) -> str:
    """MMDetection's name of a parameter of timm's Swin; the classifier keeps its own prefix."""
    if name.startswith("head."):
        return name
    if name.startswith("norm."):
        return f"backbone.norm{LAST_STAGE}.{name.removeprefix('norm.')}"
    for old, new in RENAMED.items():
        name = name.replace(old, new)
    if not name.startswith("layers."):
        return f"backbone.{name}"
    _, stage, rest = name.split(".", maxsplit=2)
    earlier = int(rest.startswith("downsample."))
    return f"backbone.stages.{int(stage) - earlier}.{rest}"


def to_unfold_order(merging: Tensor) -> Tensor:
    """Reorder the last axis of a patch merging from (kw, kh, c), as timm has it, to (c, kh, kw).

    MMDetection gathers the four neighbours of a token by `nn.Unfold`, channel by channel.
    """
    *rest, length = merging.shape
    neighbours = merging.reshape(*rest, 2, 2, length // 4)
    return neighbours.movedim((-1, -2, -3), (-3, -2, -1)).reshape(*rest, length).contiguous()


def to_mmdetection(name: str, values: Tensor) -> Tensor:
    """Values of timm's tensor `name`, or its optimizer state, in the order MMDetection has them."""
    merging = "downsample.norm." in name or "downsample.reduction.weight" in name
    return to_unfold_order(values) if merging else values.detach().clone()


def in_mmdetection_order(names: Sequence[str]) -> list[str]:
    """Names of timm's in the order of MMDetection's modules: a stage's downsampling follows it."""

    def place(name: str) -> tuple[int, bool]:
        parts = mmdetection_name(name).split(".")
        if "stages" in parts:
            return int(parts[2]), "downsample" in parts
        return (-1 if "patch_embed" in parts else LAST_STAGE + 1, parts[0] == "head")

    return sorted(names, key=place)


def relative_position_index(window: int) -> Tensor:
    """(window², window²) buffer that MMDetection keeps of every attention."""
    steps = torch.arange(window) * (2 * window - 1)
    sequence = (steps[:, None] + torch.arange(window)).reshape(1, -1)
    return (sequence + sequence.T).flip(1).contiguous()


def state_dict(model: torch.nn.Module, window: int) -> OrderedDict[str, Tensor]:
    """The weights of timm's Swin under MMDetection's names, with the buffers it saves."""
    weights = model.state_dict()
    state: OrderedDict[str, Tensor] = OrderedDict()
    for name in in_mmdetection_order(list(weights)):
        state[mmdetection_name(name)] = to_mmdetection(name, weights[name])
        if name.endswith("relative_position_bias_table"):
            buffer = mmdetection_name(name).replace("bias_table", "index")
            state[buffer] = relative_position_index(window)
    state._metadata = OrderedDict({"": {"version": 1}})  # type: ignore[attr-defined]
    return state


def optimizer_state(optimizer: torch.optim.Optimizer, names: Sequence[str]) -> dict[str, Any]:
    """What `OptimWrapper.state_dict` returns; `names` are timm's, one parameter a group."""
    saved = optimizer.state_dict()
    for index, entry in saved["state"].items():
        for key, value in entry.items():
            if isinstance(value, Tensor) and value.dim():
                entry[key] = to_mmdetection(names[index], value)
    base = {"params": torch.tensor([0.0]), **optimizer.defaults}
    rates = {key: saved["param_groups"][0][key] for key in ("lr", "initial_lr")}
    return {**saved, "base_param_settings": base | rates}


def schedulers(
    config: Sequence[Mapping[str, Any]], rates: Sequence[float], last: Sequence[float], steps: int
) -> list[dict[str, Any]]:
    """States of the two schedulers (LinearLR by iteration, MultiStepLR by epoch) at the end.

    `rates` are the base rates of all groups, `last` those now, `steps` the iterations done.
    """
    linear, steady = config
    shared = {"param_name": "lr", "base_values": list(rates), "verbose": False}
    return [
        {
            "start_factor": linear["start_factor"],
            "end_factor": 1.0,
            "total_iters": linear["end"] - linear["begin"] - 1,
            **shared,
            "begin": linear["begin"],
            "end": linear["end"],
            "by_epoch": False,
            "last_step": min(steps, linear["end"] - 1),
            "_global_step": steps,
            "_last_value": list(last),
        },
        {
            "milestones": Counter(steady["milestones"]),
            "gamma": steady["gamma"],
            **shared,
            "begin": steady["begin"],
            "end": steady["end"],
            "by_epoch": True,
            "last_step": steady["end"] - 1,
            "_global_step": steady["end"],
            "_last_value": list(last),
        },
    ]


def message_hub(
    history_buffer: type, scalars: Mapping[str, Sequence[float]], information: Mapping[str, Any]
) -> dict[str, Any]:
    """The Runner's message hub: a history of every logged number, and the state of the run."""
    logs = OrderedDict((key, history_buffer(values)) for key, values in scalars.items())
    return {
        "log_scalars": logs,
        "runtime_info": OrderedDict(information),
        "resumed_keys": OrderedDict.fromkeys((*logs, *information), True),
    }


@contextmanager
def history_buffer() -> Iterator[type]:
    """A class that pickles as `mmengine.logging.history_buffer.HistoryBuffer`, while open.

    Pickle looks a class up where it says it lives, so that modules of that name exist for the
    moment; what was there before is put back.
    """
    path = ("mmengine", "mmengine.logging", "mmengine.logging.history_buffer")
    before = {name: sys.modules.get(name) for name in path}
    modules = {name: ModuleType(name) for name in path}
    stand_in = _stand_in(path[-1])
    modules[path[-1]].HistoryBuffer = stand_in  # type: ignore[attr-defined]
    sys.modules.update(modules)
    try:
        yield stand_in
    finally:
        for name, module in before.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


def _stand_in(module: str) -> type:
    """A class with the attributes that MMEngine's own pickles, its four statistics included."""

    def __init__(self: Any, values: Sequence[float]) -> None:  # noqa: N807
        self.max_length = 1_000_000
        self._log_history = np.array(values)
        self._count_history = np.ones(len(values), dtype=np.int64)
        self.statistics_methods = {name: getattr(stand_in, name) for name in statistics}

    statistics = {
        "min": lambda self: self._log_history.min(),
        "max": lambda self: self._log_history.max(),
        "current": lambda self: self._log_history[-1],
        "mean": lambda self: self._log_history.sum() / self._count_history.sum(),
    }
    stand_in = type("HistoryBuffer", (), {"__init__": __init__, **statistics})
    stand_in.__module__ = module
    for name, function in statistics.items():
        function.__module__, function.__name__ = module, name
        function.__qualname__ = f"HistoryBuffer.{name}"
    return stand_in


def pretty_text(config: Mapping[str, Any]) -> str:
    """A configuration as MMEngine dumps it: one `name = value` for each entry."""
    return "".join(f"{name} = {_text(value)}\n" for name, value in config.items())


def _text(value: Any, depth: int = 0) -> str:
    if not isinstance(value, dict | list | tuple) or not value:
        return repr(value)
    inner = "    " * (depth + 1)
    if isinstance(value, dict):
        identifiers = all(str(key).isidentifier() for key in value)
        pairs = [
            f"{key}={_text(item, depth + 1)}"
            if identifiers
            else f"{key!r}: {_text(item, depth + 1)}"
            for key, item in value.items()
        ]
        opening, closing = ("dict(", ")") if identifiers else ("{", "}")
        return f"{opening}\n{inner}" + f",\n{inner}".join(pairs) + closing
    opening, closing = ("[", "]") if isinstance(value, list) else ("(", ")")
    one_is_short = isinstance(value, tuple) and len(value) == 1
    items = ", ".join(_text(item, depth + 1) for item in value)
    return f"{opening}{items}{',' if one_is_short else ''}{closing}"
