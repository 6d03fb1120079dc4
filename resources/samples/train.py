"""Train the two samples that ViT Inspector ships: a small Swin, and the same one fine-tuned.

Run it as ``python resources/samples/train.py --data FOLDER_OF_REAL_IMAGES``; `pictures.py` says
which files the folder holds. It writes `swin_24_pretrained.pth` (official Swin naming) and
`swin_24_cxr_epoch_6.pth` (MMEngine's layout, MMDetection's naming) beside itself. Two threads
of a laptop need about a quarter of an hour. Seeded: the same machine gives the same weights.
"""

import argparse
import importlib
import logging
import math
import re
import sys
import time
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mmengine_layout
import numpy as np
import pictures
import torch
from torch import Tensor, nn
from torch.nn import functional

SEED = 24
ARCHITECTURE: dict[str, Any] = {
    "patch_size": 4,
    "window_size": 4,
    "embed_dim": 10,
    "depths": (2, 2, 18, 2),
    "num_heads": (1, 2, 4, 8),
    "mlp_ratio": 2.0,
    "drop_path_rate": 0.1,
}
PRETRAINING = {"steps": 600, "batch": 64, "lr": 2e-3, "weight_decay": 0.05, "warmup": 100}
BATCH, EPOCHS = 64, 6
LABELS = ("normal", "pneumonia")
log = logging.getLogger("samples")


def prepare_torchvision() -> None:
    """Declare the operators that torchvision misses beside a torch of another build.

    timm imports torchvision but calls none of its compiled operators. A sound installation is
    left as it is.
    """
    library: torch.library.Library | None = None
    for _ in range(3):
        try:
            importlib.import_module("torchvision")
        except RuntimeError as error:
            missing = re.search(r"operator torchvision::(q?nms) does not exist", str(error))
            if missing is None:
                raise
            for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
                del sys.modules[name]
            library = library or torch.library.Library("torchvision", "FRAGMENT")
            library.define(f"{missing[1]}(Tensor dets, Tensor scores, float iou) -> Tensor")
            KEPT_ALIVE.append(library)
        else:
            return


KEPT_ALIVE: list[torch.library.Library] = []


def swin(classes: int, *, always_shift: bool) -> nn.Module:
    """A Swin of 24 blocks for (N, 3, 128, 128) inputs.

    `always_shift` is how MMDetection runs it: the last stage, whose 4x4 tokens are one window,
    shifts too. Classification models, timm's and the official ones, do not shift there.
    """
    prepare_torchvision()
    from timm.models.swin_transformer import SwinTransformer

    model: nn.Module = SwinTransformer(
        img_size=pictures.SIZE,
        num_classes=classes,
        always_partition=always_shift,
        strict_img_size=not always_shift,
        **ARCHITECTURE,
    )
    return model


def accuracies(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Share of right answers, and its mean over the classes (balanced accuracy)."""
    right = (logits.argmax(dim=1) == labels).float()
    recalls = [right[labels == label].mean().item() for label in labels.unique()]
    return {"top1": right.mean().item(), "balanced": sum(recalls) / len(recalls)}


@torch.no_grad()
def answers(model: nn.Module, inputs: Tensor) -> Tensor:
    """(N, classes) logits in evaluation mode."""
    model.eval()
    return torch.cat([model(batch) for batch in inputs.split(128)])


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group of parameters this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


# Pretraining ------------------------------------------------------------------------------------


def pretrain(model: nn.Module, images: pictures.Pictures, *, steps: int) -> dict[str, float]:
    """Teach it which kind of picture a crop comes from; returns the held-out accuracies."""
    random = np.random.default_rng(SEED)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=PRETRAINING["lr"], weight_decay=PRETRAINING["weight_decay"]
    )
    held_out, kinds = pictures.held_out_crops(images)
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
    """The weights of timm's Swin in the official naming: a stage ends, not begins, with the downsampling."""
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


def write_pretrained(path: Path, model: nn.Module, found: Mapping[str, float], steps: int) -> None:
    """Write ``{"model": weights, ...}`` with plain values on how it was trained."""
    checkpoint = {
        "model": official_state(model),
        "config": {"img_size": pictures.SIZE, **ARCHITECTURE, "num_classes": len(pictures.KINDS)},
        "classes": list(pictures.KINDS),
        "training": {**PRETRAINING, "steps": steps, "seed": SEED, "optimizer": "AdamW"},
        "held_out_accuracy": dict(found),
    }
    torch.save(checkpoint, path)


# Fine-tuning ------------------------------------------------------------------------------------


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
        "drop_path_rate": ARCHITECTURE["drop_path_rate"],
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
            {"type": "RandomCrop", "crop_size": pictures.SIZE, "padding": 8},
            {"type": "RandomFlip", "prob": 0.5},
            {"type": "ColorJitter", "contrast": 0.2, "brightness": 0.2},
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
            {"type": "LinearLR", "start_factor": 0.001, "by_epoch": False, "begin": 0, "end": 50},
            {
                "type": "MultiStepLR",
                "begin": 0,
                "end": EPOCHS,
                "by_epoch": True,
                "milestones": [4, 5],
                "gamma": 0.1,
            },
        ],
        "optim_wrapper": {
            "type": "OptimWrapper",
            "optimizer": {
                "type": "AdamW",
                "lr": 0.0005,
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
    model = swin(len(LABELS), always_shift=True)
    kept = {k: v for k, v in pretrained.state_dict().items() if not k.startswith("head.")}
    model.load_state_dict(kept, strict=False)
    return model


def train_pair(data: Path, out: Path, *, steps: int, epochs: int) -> None:
    """Pretrain for `steps` crops' batches, fine-tune for `epochs`, and write both files."""
    torch.manual_seed(SEED)
    model = swin(len(pictures.KINDS), always_shift=False)
    found = pretrain(model, pictures.read_pictures(data), steps=steps)
    log.info("pretrained: held-out accuracies %s", found)
    write_pretrained(out / "swin_24_pretrained.pth", model, found, steps)
    torch.manual_seed(SEED)
    run = FineTuning(fine_tuned_from(model), pictures.read_chest_xrays(data))
    for number in range(epochs):
        run.epoch(number)
    log.info("fine-tuned: val %s, test %s", run.evaluate("val"), run.evaluate("test"))
    run.write(out / f"swin_24_cxr_epoch_{EPOCHS}.pth")


def main() -> None:
    """Read the command line and train both."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of real images")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(2)
    here = Path(__file__).resolve().parent
    train_pair(arguments.data, here, steps=int(PRETRAINING["steps"]), epochs=EPOCHS)


if __name__ == "__main__":
    main()
