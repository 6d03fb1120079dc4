"""The first half: tell which kind of picture a crop comes from."""

import logging
import math
import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import mmengine_layout
import numpy as np
import pictures
import torch
from swin import ARCHITECTURE, SEED, accuracies, answers, set_rate
from torch import Tensor, nn
from torch.nn import functional

PRETRAINING = {
    "steps": 1200,
    "drop_path_rate": 0.1,
    "batch": 64,
    "lr": 2e-3,
    "weight_decay": 0.05,
    "warmup": 100,
}
log = logging.getLogger("samples")


def pretrain(model: nn.Module, images: pictures.Pictures) -> dict[str, float]:
    """Teach it which kind of picture a crop comes from; returns the held-out accuracies."""
    random = np.random.default_rng(SEED)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=PRETRAINING["lr"], weight_decay=PRETRAINING["weight_decay"]
    )
    held_out, kinds = pictures.held_out_crops(images)
    steps = int(PRETRAINING["steps"])
    for step in range(steps):
        model.train()
        set_rate(optimizer, PRETRAINING["lr"] * _warm_cosine(step, steps))
        inputs, labels = pictures.random_crops(images, int(PRETRAINING["batch"]), random)
        loss = functional.cross_entropy(model(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 99:
            found = accuracies(answers(model, held_out), kinds)
            log.info("pretraining step %d loss %.3f held out %s", step + 1, loss.item(), found)
    return accuracies(answers(model, held_out), kinds)


def _warm_cosine(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / PRETRAINING["warmup"])
    return warm * (1 + math.cos(math.pi * step / steps)) / 2


def official_state(model: nn.Module) -> OrderedDict[str, Tensor]:
    """The weights in the official naming: a stage ends, not begins, with the downsampling."""
    state: OrderedDict[str, Tensor] = OrderedDict()
    weights = model.state_dict()
    for name in mmengine_layout.in_mmdetection_order(list(weights)):
        state[_official_name(name)] = weights[name].clone()
        if name.endswith("relative_position_bias_table"):
            attention = model.get_submodule(name.rpartition(".")[0])
            buffer = name.replace("bias_table", "index")
            state[buffer] = attention.relative_position_index.clone()  # type: ignore[operator]
    return state


def _official_name(name: str) -> str:
    name = name.replace("head.fc.", "head.")
    later = re.match(r"layers\.(\d+)\.downsample\.(.*)", name)
    return name if later is None else f"layers.{int(later[1]) - 1}.downsample.{later[2]}"


def write_pretrained(path: Path, model: nn.Module, found: Mapping[str, float]) -> None:
    """Write ``{"model": weights, ...}`` with plain values on how it was trained."""
    checkpoint = {
        "model": official_state(model),
        "config": {"img_size": pictures.SIZE, **ARCHITECTURE, "num_classes": len(pictures.KINDS)},
        "classes": list(pictures.KINDS),
        "training": {**PRETRAINING, "seed": SEED, "optimizer": "AdamW"},
        "held_out_accuracy": dict(found),
    }
    torch.save(checkpoint, path)
