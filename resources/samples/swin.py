"""The network of the samples: timm's Swin, small, and how its answers are judged."""

import importlib
import re
import sys
from typing import Any

import pictures
import torch
from torch import Tensor, nn

SEED = 24
ARCHITECTURE: dict[str, Any] = {
    "patch_size": 4,
    "window_size": 4,
    "embed_dim": 10,
    "depths": (2, 2, 18, 2),
    "num_heads": (1, 2, 4, 8),
    "mlp_ratio": 2.0,
    "always_partition": True,
}
KEPT_ALIVE: list[torch.library.Library] = []


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


def swin(classes: int, *, drop_path_rate: float = 0.0) -> nn.Module:
    """A Swin of 24 blocks for (N, 3, 64, 64) inputs.

    It runs as MMDetection's does: windows keep their size in every stage, and every odd block
    shifts, even where all tokens fit into one window.
    """
    prepare_torchvision()
    from timm.models.swin_transformer import SwinTransformer

    model: nn.Module = SwinTransformer(
        img_size=pictures.SIZE,
        num_classes=classes,
        drop_path_rate=drop_path_rate,
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
