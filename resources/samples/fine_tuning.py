"""The second half: tell normal chest X-rays from pneumonia, with the first stage frozen."""

import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mmengine_layout
import numpy as np
import pictures
import torch
from swin import ARCHITECTURE, SEED, accuracies, answers, set_rate, swin
from torch import Tensor, nn
from torch.nn import functional

BATCH, EPOCHS = 32, 12
LABELS = ("normal", "pneumonia")
log = logging.getLogger("samples")


def configuration(splits: Mapping[str, pictures.ChestXrays]) -> dict[str, Any]:
    """What the fine-tuning does, in MMDetection's words; it is what drives `fine_tune`."""
    counts = torch.bincount(splits["train"].labels).tolist()
    weights = [round(sum(counts) / (len(counts) * count), 4) for count in counts]
    backbone = {
        "type": "SwinTransformer",
        "pretrain_img_size": pictures.SIZE,
        "embed_dims": ARCHITECTURE["embed_dim"],
        "depths": list(ARCHITECTURE["depths"]),
        "num_heads": list(ARCHITECTURE["num_heads"]),
        "patch_size": ARCHITECTURE["patch_size"],
        "window_size": ARCHITECTURE["window_size"],
        "mlp_ratio": int(ARCHITECTURE["mlp_ratio"]),
        "qkv_bias": True,
        "qk_scale": None,
        "drop_rate": 0.0,
        "attn_drop_rate": 0.0,
        "drop_path_rate": 0.0,
        "patch_norm": True,
        "out_indices": (3,),
        "frozen_stages": 1,
        "with_cp": False,
        "convert_weights": True,
        "init_cfg": {"type": "Pretrained", "checkpoint": "swin_24_pretrained.pth"},
    }
    return {
        "default_scope": "mmdet",
        "description": "A classifier of chest X-rays on MMDetection's Swin backbone, trained by "
        "resources/samples/train.py of ViT Inspector and written in the layout of MMEngine's "
        "Runner; no detector was trained.",
        "model": {
            "type": "mmpretrain.ImageClassifier",
            "data_preprocessor": {
                "type": "mmpretrain.ClsDataPreprocessor",
                "mean": list(pictures.MEAN),
                "std": list(pictures.STD),
                "num_classes": len(LABELS),
            },
            "backbone": backbone,
            "neck": {"type": "mmpretrain.GlobalAveragePooling"},
            "head": {
                "type": "mmpretrain.LinearClsHead",
                "num_classes": len(LABELS),
                "in_channels": ARCHITECTURE["embed_dim"] * 8,
                "loss": {"type": "mmpretrain.CrossEntropyLoss", "class_weight": weights},
            },
        },
        "train_pipeline": [
            {"type": "Resize", "scale": (pictures.SIZE, pictures.SIZE)},
            {"type": "RandomCrop", "crop_size": pictures.SIZE, "padding": 4},
            {"type": "RandomFlip", "prob": 0.5},
        ],
        "train_dataloader": {
            "batch_size": BATCH,
            "drop_last": True,
            "sampler": {"type": "DefaultSampler", "shuffle": True},
            "dataset": {"type": "PneumoniaMNIST", "split": "train"},
        },
        "val_dataloader": {"dataset": {"type": "PneumoniaMNIST", "split": "val"}},
        "train_cfg": {"type": "EpochBasedTrainLoop", "max_epochs": EPOCHS, "val_interval": 1},
        "param_scheduler": [
            {"type": "LinearLR", "start_factor": 0.001, "by_epoch": False, "begin": 0, "end": 100},
            {
                "type": "MultiStepLR",
                "begin": 0,
                "end": EPOCHS,
                "by_epoch": True,
                "milestones": [8, 11],
                "gamma": 0.1,
            },
        ],
        "optim_wrapper": {
            "type": "OptimWrapper",
            "optimizer": {
                "type": "AdamW",
                "lr": 0.001,
                "betas": (0.9, 0.999),
                "weight_decay": 0.05,
            },
            "clip_grad": {"max_norm": 1.0},
            "paramwise_cfg": {
                "custom_keys": {
                    "relative_position_bias_table": {"decay_mult": 0.0},
                    "norm": {"decay_mult": 0.0},
                }
            },
        },
        "randomness": {"seed": SEED},
    }


def freeze(model: nn.Module) -> list[nn.Module]:
    """Freeze what ``frozen_stages=1`` does: patch embedding, stage 0 and its downsampling."""
    names = ("patch_embed", "layers.0", "layers.1.downsample")
    frozen = [model.get_submodule(name) for name in names]
    for part in frozen:
        part.requires_grad_(False)
    return frozen


def optimizer_of(
    model: nn.Module, config: Mapping[str, Any]
) -> tuple[torch.optim.Optimizer, list[str]]:
    """AdamW with a group for every parameter, and their names.

    As in MMEngine, the frozen ones are in it too, since the backbone freezes them later, when
    training begins; having no gradient they get no state.
    """
    settings = config["optim_wrapper"]["optimizer"]
    decays = config["optim_wrapper"]["paramwise_cfg"]["custom_keys"]
    parameters = dict(model.named_parameters())
    names = mmengine_layout.in_mmdetection_order(list(parameters))
    groups: list[dict[str, Any]] = []
    for name in names:
        group: dict[str, Any] = {"params": [parameters[name]], "initial_lr": settings["lr"]}
        if any(key in mmengine_layout.mmdetection_name(name) for key in decays):
            group |= {"lr": settings["lr"], "weight_decay": 0.0, "decay_mult": 0.0}
        groups.append(group)
    values = {key: value for key, value in settings.items() if key != "type"}
    return torch.optim.AdamW(groups, **values), names


def rate_at(config: Mapping[str, Any], iteration: int, epoch: int) -> float:
    """Learning rate: a linear warm-up by iteration, then a step down at every milestone."""
    linear, steps = config["param_scheduler"]
    base: float = config["optim_wrapper"]["optimizer"]["lr"]
    share = min(1.0, iteration / (linear["end"] - 1))
    warm = linear["start_factor"] + (1 - linear["start_factor"]) * share
    return float(base * warm * steps["gamma"] ** sum(epoch >= at for at in steps["milestones"]))


class FineTuning:
    """One run over the chest X-rays: the model, its optimizer, and every number it logs."""

    def __init__(self, model: nn.Module, splits: Mapping[str, pictures.ChestXrays]) -> None:
        self.model, self.splits = model, splits
        self.config = configuration(splits)
        self.optimizer, self.names = optimizer_of(model, self.config)
        self.frozen = freeze(model)
        weights = self.config["model"]["head"]["loss"]["class_weight"]
        self.class_weight = torch.tensor(weights)
        self.random = torch.Generator().manual_seed(SEED)
        self.logs: dict[str, list[float]] = defaultdict(list)
        self.iteration = 0

    def epoch(self, number: int) -> None:
        """Train on every image once (0-based `number`) and validate."""
        self.model.train()
        for part in self.frozen:
            part.eval()
        order = torch.randperm(len(self.splits["train"].labels), generator=self.random)
        for index in order.split(BATCH)[: len(order) // BATCH]:
            self.step(index, number)
        for key, value in self.evaluate("val").items():
            self.logs[f"val/accuracy/{key}"].append(value)
        log.info("epoch %d loss %.3f %s", number + 1, self.recent_loss(), self.evaluate("val"))

    def step(self, index: Tensor, epoch: int) -> None:
        """One iteration over the images at `index`."""
        begun = time.perf_counter()
        rate = rate_at(self.config, self.iteration, epoch)
        set_rate(self.optimizer, rate)
        train = self.splits["train"]
        inputs = pictures.grey_to_input(pictures.augmented(train.upsampled(index), self.random))
        losses = functional.cross_entropy(
            self.model(inputs), train.labels[index], self.class_weight, reduction="none"
        )
        self.optimizer.zero_grad()
        losses.mean().backward()
        limit = self.config["optim_wrapper"]["clip_grad"]["max_norm"]
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        self.optimizer.step()
        self.iteration += 1
        seconds = time.perf_counter() - begun
        numbers = {
            "lr": rate,
            "loss": losses.mean().item(),
            "grad_norm": norm.item(),
            "time": seconds,
        }
        for key, value in numbers.items():
            self.logs[f"train/{key}"].append(value)

    def recent_loss(self) -> float:
        """Mean loss of the last fifty iterations."""
        return float(np.mean(self.logs["train/loss"][-50:]))

    def evaluate(self, split: str) -> dict[str, float]:
        """Accuracies on a split, unaugmented."""
        data = self.splits[split]
        inputs = pictures.grey_to_input(data.upsampled(torch.arange(len(data.labels))))
        return accuracies(answers(self.model, inputs), data.labels)

    def write(self, path: Path) -> None:
        """Write the checkpoint of the last epoch as MMEngine's Runner does."""
        with mmengine_layout.history_buffer() as buffer:
            torch.save(self.checkpoint(buffer), path)

    def checkpoint(self, buffer: type) -> dict[str, Any]:
        """`meta`, `state_dict`, `message_hub`, `optimizer` and `param_schedulers`."""
        dataset = {"classes": LABELS}
        text, name = mmengine_layout.pretty_text(self.config), "swin_24_cxr"
        base = self.config["optim_wrapper"]["optimizer"]["lr"]
        next_rate = rate_at(self.config, self.iteration, EPOCHS)
        for group in self.optimizer.param_groups:
            group["lr"] = next_rate
        count = len(self.optimizer.param_groups) + 1
        return {
            "meta": {
                "epoch": EPOCHS,
                "iter": self.iteration,
                "cfg": text,
                "seed": SEED,
                "experiment_name": name,
                "time": time.strftime("%Y%m%d_%H%M%S"),
                "mmengine_version": "0.10.7",
                "dataset_meta": dataset,
            },
            "state_dict": mmengine_layout.state_dict(self.model, ARCHITECTURE["window_size"]),
            "message_hub": mmengine_layout.message_hub(
                buffer,
                self.logs,
                {
                    "cfg": text,
                    "seed": SEED,
                    "experiment_name": name,
                    "dataset_meta": dataset,
                    "loop_stage": "train",
                    "epoch": EPOCHS - 1,
                    "iter": self.iteration - 1,
                    "max_epochs": EPOCHS,
                    "max_iters": self.iteration,
                },
            ),
            "optimizer": mmengine_layout.optimizer_state(self.optimizer, self.names),
            "param_schedulers": mmengine_layout.schedulers(
                self.config["param_scheduler"], [base] * count, [next_rate] * count, self.iteration
            ),
        }


def fine_tuned_from(pretrained: nn.Module) -> nn.Module:
    """The pretrained network with a new head for two classes, run as MMDetection runs it."""
    model = swin(len(LABELS))
    kept = {k: v for k, v in pretrained.state_dict().items() if not k.startswith("head.")}
    model.load_state_dict(kept, strict=False)
    return model
