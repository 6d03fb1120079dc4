"""What is built from a file of timm's is timm's model of that name, residual by residual."""

from functools import partial

import pytest

from inspector.core.errors import CannotRun
from inspector.families.torchvision_guard import prepare_torchvision
from tests.families.running.plain import (
    assert_close,
    assert_same_residuals,
    assert_sound,
    opened,
    pixels_of,
    randomised,
    residuals_of,
    saved,
)

SIZES = {"img_size": (16, 12), "patch_size": 4, "embed_dim": 24, "depth": 3, "num_heads": 3}
BEIT = {"init_values": 0.1}

# name, arguments beside the sizes, prefix tokens
MODELS = [
    ("vit_small_patch16_224", {}, "CLS"),
    ("vit_huge_patch14_gap_224", {}, ""),
    ("vit_base_patch16_224_miil", {}, "CLS"),
    ("deit_small_patch16_224", {}, "CLS"),
    ("deit_small_distilled_patch16_224", {}, "CLS DIST"),
    ("deit3_small_patch16_224", {}, "CLS"),
    ("vit_small_patch16_224.dino", {"num_classes": 0}, "CLS"),
    ("vit_small_patch14_dinov2", {"num_classes": 0}, "CLS"),
    ("vit_small_patch14_reg4_dinov2", {"num_classes": 5}, "CLS REG 0 REG 1 REG 2 REG 3"),
    ("vit_giant_patch14_dinov2", {}, "CLS"),
    ("vit_base_patch16_clip_224", {}, "CLS"),
    ("vit_base_patch16_clip_quickgelu_224", {"num_classes": 6}, "CLS"),
    ("vit_base_patch16_siglip_224", {"num_classes": 0}, ""),
    ("vit_base_patch16_siglip_gap_256", {"num_classes": 0}, ""),
    ("vit_small_patch16_dinov3", {}, "CLS REG 0 REG 1 REG 2 REG 3"),
    ("vit_small_plus_patch16_dinov3", {}, "CLS REG 0 REG 1 REG 2 REG 3"),
    ("vit_small_patch16_dinov3_qkvb", {}, "CLS REG 0 REG 1 REG 2 REG 3"),
    ("beit_base_patch16_224", BEIT, "CLS"),
    ("beitv2_base_patch16_224", BEIT, "CLS"),
    ("eva_large_patch14_196", {}, "CLS"),
    ("eva02_tiny_patch14_224", {}, "CLS"),
    ("eva02_base_patch14_224", {}, "CLS"),
    ("eva02_base_patch16_clip_224", {"num_classes": 6}, "CLS"),
    ("eva02_enormous_patch14_clip_224", {}, "CLS"),
    ("vit_base_patch16_rpn_224", {}, ""),
    ("vit_base_patch16_siglip_gap_256.v2_webli", {"num_classes": 0}, ""),
    ("vit_so400m_patch14_siglip_224", {"num_classes": 0}, ""),
]


def made(name: str, arguments: dict, *, seed: int = 3):
    prepare_torchvision()
    import timm

    given = {"num_classes": 7, **SIZES, **arguments}
    return randomised(timm.create_model(name, pretrained=False, **given), seed=seed)


def described(name: str) -> dict:
    """timm's config.json, as far as it bears on running the model."""
    return {
        "architecture": name,
        "model_args": {"img_size": SIZES["img_size"], "num_heads": SIZES["num_heads"]},
    }


@pytest.mark.parametrize(("name", "arguments", "prefix"), MODELS)
def test_that_the_network_is_timms(tmp_path, name, arguments, prefix) -> None:
    original = made(name, arguments)
    saved(tmp_path, original.state_dict(), described(name))
    model, network = opened(tmp_path)
    assert " ".join(network.prefix) == prefix
    assert model.outline.unplaced == ()
    pixels = pixels_of(16, 12)
    expected, output = residuals_of(original.blocks, partial(original, pixels))
    found = assert_sound(network, pixels)
    assert_same_residuals(found, expected)
    assert_close(found.output, output, "output")


@pytest.mark.parametrize(
    "name",
    [
        "vit_small_patch16_224",
        "deit_small_distilled_patch16_224",
        "deit3_small_patch16_224",
        "vit_small_patch14_reg4_dinov2",
        "vit_base_patch16_clip_224",
        "vit_small_patch16_dinov3",
        "eva02_tiny_patch14_224",
    ],
)
def test_that_another_size_is_what_timm_makes_of_it(tmp_path, name) -> None:
    original = made(name, {"dynamic_img_size": True})
    saved(tmp_path, original.state_dict(), described(name))
    _, network = opened(tmp_path)
    assert network.native
    pixels = pixels_of(20, 8)
    expected, output = residuals_of(original.blocks, partial(original, pixels))
    found = assert_sound(network, pixels)
    assert_same_residuals(found, expected)
    assert_close(found.output, output, "output")
    grid = found.blocks[network.blocks[0].address].grid
    assert grid.shape == (5, 2)
    assert grid.cell == (4.0, 4.0)


def test_that_a_shared_table_of_relative_positions_is_used_by_all_blocks(tmp_path) -> None:
    """SimMIM and BEiT in pre-training; with a table of each block besides, both are added."""
    prepare_torchvision()
    from timm.models.beit import Beit

    for number, own in enumerate((False, True)):
        sizes = {**SIZES, "num_classes": 5, "init_values": 0.1}
        original = randomised(
            Beit(**sizes, use_shared_rel_pos_bias=True, use_rel_pos_bias=own), seed=number
        )
        folder = saved(tmp_path / str(number), original.state_dict(), described("beit"))
        _, network = opened(folder)
        pixels = pixels_of(16, 12)
        expected, output = residuals_of(original.blocks, partial(original, pixels))
        found = assert_sound(network, pixels)
        assert_same_residuals(found, expected)
        assert_close(found.output, output)


def test_that_relative_positions_hold_for_one_size_only(tmp_path) -> None:
    original = made("beit_base_patch16_224", BEIT)
    saved(tmp_path, original.state_dict(), described("beit_base_patch16_224"))
    _, network = opened(tmp_path)
    assert not network.native
    with pytest.raises(CannotRun, match="16 × 12 pixels, not 24 × 12"):
        assert_sound(network, pixels_of(24, 12))


def test_that_query_and_key_norms_are_applied_head_by_head(tmp_path) -> None:
    prepare_torchvision()
    from timm.models.vision_transformer import VisionTransformer

    original = randomised(VisionTransformer(**SIZES, num_classes=4, qk_norm=True), seed=5)
    saved(tmp_path, original.state_dict(), described("vit"))
    _, network = opened(tmp_path)
    pixels = pixels_of(16, 12)
    found = assert_sound(network, pixels)
    block = network.blocks[0]
    parts = block.attend(found.blocks[block.address].attn_input, found.blocks[block.address].grid)
    attention = original.blocks[0].attn
    assert_close(parts.turned_query, attention.q_norm(parts.query))
    assert_close(parts.turned_key, attention.k_norm(parts.key))
    assert float((parts.turned_query - parts.query).abs().max()) > 0.1


def test_that_a_model_of_grey_pictures_sees_the_mean_of_three_channels(tmp_path) -> None:
    original = made("vit_small_patch16_224", {"in_chans": 1})
    saved(tmp_path, original.state_dict(), described("vit_small_patch16_224"))
    _, network = opened(tmp_path)
    grey = pixels_of(16, 12)[:, :1]
    found = assert_sound(network, grey.repeat(1, 3, 1, 1))
    expected, output = residuals_of(original.blocks, partial(original, grey))
    assert_same_residuals(found, expected)
    assert_close(found.output, output)
    assert any("one channel" in note for note in network.notes)
