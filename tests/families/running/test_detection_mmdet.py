"""The detection Swin gives what MMDetection's own SwinTransformer gives, on pictures of any size.

Needs mmdet and mmcv (the ``mmdet`` extra); skipped, saying so, where they cannot be imported.
"""

import warnings

import pytest
import torch

from inspector.families import open_model
from inspector.families.running import build_network
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
SIZES = ((200, 264), (256, 352), (203, 251), (224, 224), (800, 1344))
SMALL = {"embed_dims": 24, "depths": (2, 2, 4, 2), "num_heads": (1, 2, 4, 8), "window_size": 7}


@pytest.fixture(scope="module")
def swin_of_mmdet():
    """MMDetection's class; importing it warns of much that is not ours."""
    prepare_torchvision()
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


def test_that_a_whole_detector_is_opened_and_its_backbone_run(swin_of_mmdet, tmp_path) -> None:
    from mmengine import Config

    module = _whole_detector(Config(_DETECTOR))
    file = tmp_path / "epoch_1.pth"
    torch.save(
        {
            "meta": {"epoch": 1, "cfg": Config(_DETECTOR).pretty_text},
            "state_dict": module.state_dict(),
        },
        file,
    )
    pixels = picture(1, 3, 203, 251)
    features, _ = outputs_of(module.backbone, [], pixels)
    with open_model(file) as model:
        network = build_network(model)
    with torch.no_grad():
        found = network.module.stage_features(pixels)
    for one, other in zip(found, features, strict=True):
        assert apart(one, other) < EQUAL
    assert network.preparation.size is None
    assert network.preparation.multiple == 32
    assert network.preparation.mean == pytest.approx((0.485, 0.456, 0.406))
    assert network.preparation.source == "configuration in the checkpoint"
    assert "neck and heads" in network.notes[0]


def _whole_detector(config):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mmdet.registry import MODELS
        from mmdet.utils import register_all_modules

        register_all_modules(init_default_scope=True)
        module = MODELS.build(config.model)
    random_weights(module)
    module.backbone.eval()
    return module


_BACKBONE = {
    "type": "SwinTransformer",
    "embed_dims": 24,
    "depths": [2, 2, 2, 2],
    "num_heads": [1, 2, 4, 8],
    "window_size": 7,
    "init_cfg": None,
}
_ANCHORS = {"type": "AnchorGenerator", "scales": [8], "ratios": [1.0], "strides": [4, 8, 16, 32]}
_CODER = {
    "type": "DeltaXYWHBBoxCoder",
    "target_means": [0.0, 0.0, 0.0, 0.0],
    "target_stds": [1.0, 1.0, 1.0, 1.0],
}
_DETECTOR = {
    "default_scope": "mmdet",
    "model": {
        "type": "RPN",
        "data_preprocessor": {
            "type": "DetDataPreprocessor",
            "mean": [123.675, 116.28, 103.53],
            "std": [58.395, 57.12, 57.375],
            "bgr_to_rgb": True,
            "pad_size_divisor": 32,
        },
        "backbone": _BACKBONE,
        "neck": {"type": "FPN", "in_channels": [24, 48, 96, 192], "out_channels": 8, "num_outs": 4},
        "rpn_head": {
            "type": "RPNHead",
            "in_channels": 8,
            "feat_channels": 8,
            "anchor_generator": _ANCHORS,
            "bbox_coder": _CODER,
            "loss_cls": {"type": "CrossEntropyLoss", "use_sigmoid": True},
            "loss_bbox": {"type": "L1Loss"},
        },
        "train_cfg": None,
        "test_cfg": {"rpn": {"nms_pre": 10, "max_per_img": 10}},
    },
}
