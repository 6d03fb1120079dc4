"""Swin and Swin-v2 give what MMPretrain's own backbones and classifiers give.

Needs mmpretrain and mmcv; skipped, saying so, where they cannot be imported.
"""

import sys
import warnings
from types import ModuleType

import pytest
import torch

from tests.families.made import prepare_torchvision
from tests.families.running.swins import (
    apart,
    captured,
    model_of,
    network_of,
    outputs_of,
    picture,
    random_weights,
    residuals,
)

pytestmark = pytest.mark.filterwarnings("ignore")
EQUAL = 1e-5
ARCH = {"embed_dims": 24, "depths": [2, 2, 2, 2], "num_heads": [1, 2, 4, 8]}


@pytest.fixture(scope="module")
def backbones():
    """MMPretrain's two classes; importing them warns of much that is not ours."""
    prepare_torchvision()
    # its models of pictures and words want an old transformers, and are not what is tested here
    unused = "mmpretrain.models.multimodal"
    sys.modules.setdefault(unused, ModuleType(unused))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from mmpretrain.models import SwinTransformer, SwinTransformerV2
        except ImportError as error:
            pytest.skip(f"MMPretrain's own Swin cannot be imported here: {error}")
    return {"Swin": SwinTransformer, "Swin-v2": SwinTransformerV2}


def _classifier(backbones, which: str, **settings):
    arch = ARCH if which == "Swin" else {**ARCH, "extra_norm_every_n_blocks": 0}
    backbone = backbones[which](arch=arch, **{"img_size": 128, "window_size": 4, **settings})
    fc = torch.nn.Linear(192, 3)
    parts = {"backbone": backbone, "head": torch.nn.ModuleDict({"fc": fc})}
    module = random_weights(torch.nn.ModuleDict(parts))
    backbone.eval()
    told = {"type": "SwinTransformer", "arch": arch, "window_size": 4, **settings}
    config = {"mmengine": {"default_scope": "mmpretrain", "model": {"backbone": told}}}
    return module, network_of(model_of(module, config))


@pytest.mark.parametrize(
    ("which", "settings", "shape"),
    [
        ("Swin", {}, (128, 128)),
        ("Swin", {}, (152, 200)),
        ("Swin", {"pad_small_map": True}, (100, 71)),
        ("Swin-v2", {"window_size": [4, 4, 4, 4]}, (128, 128)),
        ("Swin-v2", {"window_size": [8, 8, 8, 4]}, (128, 128)),
        ("Swin-v2", {"pretrained_window_sizes": [2, 2, 2, 2]}, (152, 200)),
    ],
)
def test_that_answers_and_residuals_are_mmpretrains(backbones, which, settings, shape) -> None:
    module, network = _classifier(backbones, which, **settings)
    backbone = module["backbone"]
    pixels = picture(2, 3, *shape)
    blocks = [block for stage in backbone.stages for block in stage.blocks]
    features, after = outputs_of(backbone, blocks, pixels)
    with torch.no_grad():
        logits = module["head"]["fc"](features[-1].mean((2, 3)))
    assert apart(captured(network, pixels).output, logits) < EQUAL
    for found, expected in zip(residuals(network, pixels), after, strict=True):
        assert apart(found, expected) < EQUAL
