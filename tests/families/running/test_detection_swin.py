"""The Swin of a detector: always shifted, padded before it is rolled, on pictures of any size.

`test_detection_mmdet.py` holds it against MMDetection itself; here Hugging Face's SwinBackbone,
which follows the same rules, and the slow twin do.
"""

import numpy as np
import pytest
import torch

from inspector.core.address import Address
from inspector.families.capture import capture, mixed
from inspector.families.mmdetection_preparation import mmdetection_preparation, sees_bgr
from inspector.families.swin_network import side_by_side
from inspector.families.swin_rules import is_backbone, semantics_of
from tests.families.made import prepare_torchvision
from tests.families.running.swins import (
    apart,
    assert_whole,
    captured,
    model_of,
    network_of,
    outputs_of,
    picture,
    placement_of,
    random_weights,
    residuals,
    swin_in_mmdetections_names,
)
from tests.reference.windowed_attention import relative_bias, windowed_attention

EQUAL = 1e-5
SHAPES = ((64, 64), (100, 132), (51, 63), (28, 44))


def hf_backbone(**settings):
    prepare_torchvision()
    from transformers import SwinBackbone, SwinConfig

    sizes = {"image_size": 64, "embed_dim": 16, "depths": [2, 2, 2], "num_heads": [1, 2, 4]}
    stages = ["stage1", "stage2", "stage3"]
    config = SwinConfig(**{**sizes, "window_size": 4, "out_features": stages, **settings})
    return random_weights(SwinBackbone(config))


def detector(config=None, **settings):
    return model_of(swin_in_mmdetections_names(**settings), config, prefix="backbone.")


@pytest.mark.parametrize("shape", SHAPES)
def test_that_features_and_residuals_are_those_of_a_backbone(shape) -> None:
    module = hf_backbone()
    network = network_of(model_of(module))
    pixels = picture(2, 3, *shape)
    layers = [layer for stage in module.swin.encoder.layers for layer in stage.blocks]
    answer, after = outputs_of(module, layers, pixels)
    with torch.no_grad():
        found = network.module.stage_features(pixels)
    for one, other in zip(found, answer.feature_maps, strict=True):
        assert apart(one, other) < EQUAL
    for one, other in zip(residuals(network, pixels), after, strict=True):
        assert apart(one, other) < EQUAL


@pytest.mark.parametrize("shape", [(100, 132), (51, 63)])
def test_that_features_are_those_of_maskformers_backbone(shape) -> None:
    prepare_torchvision()
    from transformers import MaskFormerSwinBackbone, MaskFormerSwinConfig

    sizes = {"image_size": 64, "embed_dim": 16, "depths": [2, 2, 2], "num_heads": [1, 2, 4]}
    stages = ["stage1", "stage2", "stage3"]
    config = MaskFormerSwinConfig(**sizes, window_size=4, out_features=stages)
    module = random_weights(MaskFormerSwinBackbone(config))
    network = network_of(model_of(module, prefix="model.pixel_level_module.encoder."))
    pixels = picture(1, 3, *shape)
    answer, _ = outputs_of(module, [], pixels)
    with torch.no_grad():
        found = network.module.stage_features(pixels)
    for one, other in zip(found, answer.feature_maps, strict=True):
        assert apart(one, other) < EQUAL


def test_that_the_backbone_of_hugging_faces_second_version_is_no_detectors() -> None:
    prepare_torchvision()
    from transformers import Swinv2Backbone, Swinv2Config

    sizes = {"image_size": 64, "embed_dim": 16, "depths": [2, 2, 2], "num_heads": [1, 2, 4]}
    config = Swinv2Config(**sizes, window_size=4, out_features=["stage1", "stage2", "stage3"])
    module = random_weights(Swinv2Backbone(config))
    both = torch.nn.ModuleDict({"backbone": module, "neck": torch.nn.Linear(2, 2)})
    network = network_of(model_of(both, {"huggingface": config.to_dict()}))
    pixels = picture(1, 3, 64, 64)
    answer, _ = outputs_of(module, [], pixels)
    with torch.no_grad():
        found = network.module.stage_features(pixels)
    for one, other in zip(found, answer.feature_maps, strict=True):
        assert apart(one, other) < EQUAL


@pytest.mark.parametrize("shape", SHAPES)
def test_that_mmdetections_names_and_order_give_the_same_features(shape) -> None:
    module = hf_backbone()
    pixels = picture(1, 3, *shape)
    names = swin_in_mmdetections_names(of=module)
    network = network_of(model_of(names, prefix="backbone."))
    answer, _ = outputs_of(module, [], pixels)
    assert apart(captured(network, pixels).output, answer.feature_maps[-1]) < EQUAL


@pytest.mark.parametrize("shape", SHAPES)
def test_that_blocks_add_up_and_attention_is_what_its_parts_say(shape) -> None:
    assert_whole(network_of(detector()), picture(2, 3, *shape))


def test_that_a_blocks_attention_is_the_slow_ones_with_its_padding() -> None:
    network = network_of(detector())
    pixels = picture(1, 3, 36, 44)
    found = captured(network, pixels)
    # stage 2 has 3 x 3 tokens, less than one window, and is shifted all the same
    for address, shift in ((Address(0, 0), 0), (Address(0, 1), 2), (Address(2, 1), 2)):
        block = next(b for b in network.blocks if b.address == address)
        kept = found.blocks[address]
        ours = mixed(block.attend(kept.attn_input, kept.grid), kept.grid)[0].double().numpy()
        attention = block.module.attn
        for head in range(attention.num_heads):
            slow = _slow_head(attention, kept, head, shift)
            width = slow.shape[-1]
            one = ours[:, head * width : (head + 1) * width].reshape(slow.shape)
            assert apart(one, slow) < EQUAL


def _slow_head(attention, kept, head: int, shift: int) -> np.ndarray:
    weight = (
        attention.qkv.weight.double().numpy().reshape(3, attention.num_heads, -1, attention.dim)
    )
    bias = attention.qkv.bias.double().numpy().reshape(3, attention.num_heads, -1)
    tokens = kept.attn_input[0].double().numpy().reshape(*kept.grid.shape, -1)
    query, key, value = (tokens @ weight[n, head].T + bias[n, head] for n in range(3))
    table = attention.relative_position_bias_table.double().numpy()
    return windowed_attention(
        query,
        key,
        value,
        relative_bias(table, (4, 4))[head],
        window=(4, 4),
        shift=(shift, shift),
        scale=query.shape[-1] ** -0.5,
        query_of_padding=bias[0, head],
        key_of_padding=bias[1, head],
        value_of_padding=bias[2, head],
    )


def test_that_padding_tokens_have_the_bias_as_query_key_and_value() -> None:
    network = network_of(detector())
    pixels = picture(1, 3, 36, 44)
    block = network.blocks[0]
    kept = captured(network, pixels).blocks[block.address]
    parts = block.attend(kept.attn_input, kept.grid)
    assert kept.grid.shape == (9, 11)
    assert parts.windows.shape == (12, 12)
    last = parts.query.reshape(1, -1, 12, 12, parts.query.shape[-1])[0, :, 11, 11]
    assert torch.allclose(last, parts.query_bias)
    assert torch.allclose(parts.key[0, :, -1], parts.key_bias)


def test_that_a_pass_of_one_block_keeps_only_that_block() -> None:
    network = network_of(detector())
    pixels = picture(1, 3, 51, 63)
    kept = capture(network, pixels, placement_of(pixels), addresses=[Address(1, 1)])
    assert set(kept.blocks) == {Address(1, 1)}


def test_that_unfolded_columns_are_put_side_by_side() -> None:
    grid = torch.arange(2 * 2 * 3).reshape(2, 2, 3).float()  # rows, columns, channels
    unfolded = torch.nn.functional.unfold(grid.permute(2, 0, 1)[None], 2)[0, :, 0]
    beside = torch.cat([grid[row, column] for column in (0, 1) for row in (0, 1)])
    assert torch.equal(side_by_side(unfolded), beside)


def test_that_a_detector_is_told_by_norms_heads_or_configuration() -> None:
    assert is_backbone(detector())
    state = swin_in_mmdetections_names(norms=False)
    assert not is_backbone(model_of(state, prefix="backbone."))
    with_neck = torch.nn.ModuleDict({"backbone": state, "neck": torch.nn.Linear(2, 2)})
    assert is_backbone(model_of(with_neck))
    scope = {"mmengine": {"default_scope": "mmseg", "model": {"backbone": {"type": "X"}}}}
    assert is_backbone(model_of(state, scope, prefix="backbone."))


def test_that_mmpretrains_classifier_is_no_detector() -> None:
    config = {"mmengine": {"default_scope": "mmpretrain", "model": {"backbone": {"arch": "tiny"}}}}
    model = model_of(swin_in_mmdetections_names(norms=False, classes=3), config)
    assert not is_backbone(model)
    assert semantics_of(model).shifts == "by shorter side"


def test_that_pad_small_map_of_mmpretrain_shifts_always() -> None:
    backbone = {"type": "SwinTransformer", "arch": "tiny", "pad_small_map": True}
    config = {"mmengine": {"default_scope": "mmpretrain", "model": {"backbone": backbone}}}
    model = model_of(swin_in_mmdetections_names(norms=False, classes=3), config)
    assert semantics_of(model).shifts == "always"
    assert not is_backbone(model)


def test_that_the_notes_say_what_is_run_and_what_is_left_out() -> None:
    (note,) = network_of(detector()).notes
    assert "padded, then rolled" in note
    assert "the neck and heads of the file are left out" in note


def test_that_the_configuration_of_3_gives_the_preparation() -> None:
    told = {
        "mean": [10.2, 20.4, 30.6],
        "std": [51.0, 102.0, 25.5],
        "bgr_to_rgb": True,
        "pad_size_divisor": 64,
    }
    model = detector({"mmengine": {"model": {"data_preprocessor": told}}})
    found = mmdetection_preparation(model)
    assert found.size is None
    assert found.multiple == 64
    assert found.mean == pytest.approx((0.04, 0.08, 0.12))
    assert found.std == pytest.approx((0.2, 0.4, 0.1))
    assert found.source == "configuration in the checkpoint"


def test_that_the_configuration_of_2_gives_the_preparation() -> None:
    norm = {"mean": [123.675, 116.28, 103.53], "std": [51.0, 51.0, 51.0], "to_rgb": True}
    steps = [
        {"type": "Normalize", **norm},
        {"type": "Pad", "size_divisor": 16},
    ]
    pipeline = [{"type": "MultiScaleFlipAug", "transforms": steps}]
    for config in (
        {"data": {"test": {"pipeline": pipeline}}},
        {"img_norm_cfg": norm, "test_pipeline": pipeline},
    ):
        found = mmdetection_preparation(detector({"mmengine": config}))
        assert found.std == pytest.approx((0.2, 0.2, 0.2))
        assert found.multiple == 16


def test_that_a_detector_without_configuration_gets_mmdetections_own() -> None:
    found = mmdetection_preparation(detector())
    assert found.mean == pytest.approx((0.485, 0.456, 0.406))
    assert found.std == pytest.approx((0.229, 0.224, 0.225))
    assert (found.size, found.multiple) == (None, 32)
    assert found.source == "default of MMDetection"


def test_that_a_model_of_blue_first_is_fed_red_first_and_gives_the_same() -> None:
    state = swin_in_mmdetections_names()
    told = {"mean": [1.0, 2.0, 3.0], "std": [1.0, 1.0, 2.0], "bgr_to_rgb": False}
    blue_first = model_of(state, {"mmengine": {"model": {"data_preprocessor": told}}})
    assert sees_bgr(blue_first)
    assert mmdetection_preparation(blue_first).mean == pytest.approx((3 / 255, 2 / 255, 1 / 255))
    pixels = picture(1, 3, 64, 64)
    plain = captured(network_of(model_of(state)), pixels.flip(1)).output
    network = network_of(blue_first)
    assert apart(captured(network, pixels).output, plain) < EQUAL
    assert any("blue first" in note for note in network.notes)


def test_that_other_models_are_left_to_their_own_preparation() -> None:
    prepare_torchvision()
    from timm.models.swin_transformer import SwinTransformer

    module = SwinTransformer(
        img_size=64, embed_dim=8, depths=(1, 1), num_heads=(1, 1), window_size=4
    )
    assert mmdetection_preparation(model_of(module)) is None
