"""The detection Swin gives what MMDetection's own SwinTransformer gives, on pictures of any size.

Needs mmdet and mmcv (the ``mmdet`` extra); skipped, saying so, where they cannot be imported.
"""

import warnings

import pytest
import torch

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
SIZES = ((200, 264), (256, 352), (203, 251), (224, 224), (800, 1344))
SMALL = {"embed_dims": 24, "depths": (2, 2, 4, 2), "num_heads": (1, 2, 4, 8), "window_size": 7}


@pytest.fixture(scope="module")
def swin_of_mmdet():
    """MMDetection's class; importing it warns of much that is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from mmdet.models.backbones.swin import SwinTransformer
        except ImportError as error:
            pytest.skip(f"MMDetection's own Swin cannot be imported here: {error}")
    return SwinTransformer


def _swin(swin_of_mmdet, **settings):
    module = swin_of_mmdet(**{**SMALL, **settings})
    random_weights(module)
    return module


@pytest.mark.parametrize("shape", SIZES)
def test_that_features_and_residuals_are_mmdetections(swin_of_mmdet, shape) -> None:
    module = _swin(swin_of_mmdet)
    network = network_of(model_of(module, prefix="backbone."))
    pixels = picture(1, 3, *shape)
    blocks = [block for stage in module.stages for block in stage.blocks]
    features, after = outputs_of(module, blocks, pixels)
    with torch.no_grad():
        found = network.module.stage_features(pixels)
    for one, other in zip(found, features, strict=True):
        assert apart(one, other) < EQUAL
    for one, other in zip(residuals(network, pixels), after, strict=True):
        assert apart(one, other) < EQUAL
    assert apart(captured(network, pixels).output, features[-1]) < EQUAL


def test_that_only_the_stages_that_are_asked_for_have_a_norm(swin_of_mmdet) -> None:
    module = _swin(swin_of_mmdet, out_indices=(1, 2))
    network = network_of(model_of(module, prefix="backbone."))
    pixels = picture(1, 3, 75, 102)
    features, _ = outputs_of(module, [], pixels)
    with torch.no_grad():
        found = network.module.stage_features(pixels)
    for stage, expected in zip((1, 2), features, strict=True):
        assert apart(found[stage], expected) < EQUAL


def test_that_a_classifier_on_mmdetections_backbone_is_run_as_one(swin_of_mmdet) -> None:
    module = _swin(swin_of_mmdet, out_indices=(3,), window_size=4)
    backbone = {"type": "SwinTransformer", "pretrain_img_size": 64, **SMALL, "window_size": 4}
    head = torch.nn.Linear(192, 2)
    both = torch.nn.ModuleDict({"backbone": module, "head": torch.nn.ModuleDict({"fc": head})})
    config = {"mmengine": {"default_scope": "mmdet", "model": {"backbone": backbone}}}
    network = network_of(model_of(both, config))
    pixels = picture(2, 3, 64, 64)
    features, _ = outputs_of(module, [], pixels)
    assert apart(captured(network, pixels).output, head(features[0].mean((2, 3))).detach()) < EQUAL
