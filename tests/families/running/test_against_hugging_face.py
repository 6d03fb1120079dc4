"""What is built from a folder of Hugging Face's is its own model, residual by residual."""

from functools import partial

import pytest
import torch

from inspector.families.torchvision_guard import prepare_torchvision
from tests.families.running.plain import (
    assert_close,
    assert_same_residuals,
    assert_sound,
    opened,
    pixels_of,
    randomised,
    residuals_of,
)

SIZES = {
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "image_size": 16,
    "patch_size": 4,
}
REL = {"use_relative_position_bias": True, "layer_scale_init_value": 0.1}
LABELS = {"num_labels": 5}

# class, its configuration, beside the sizes, prefix tokens
MODELS = [
    ("ViTForImageClassification", "ViTConfig", LABELS, "CLS"),
    ("ViTModel", "ViTConfig", {"qkv_bias": False}, "CLS"),
    ("DeiTForImageClassificationWithTeacher", "DeiTConfig", LABELS, "CLS DIST"),
    ("DeiTForImageClassification", "DeiTConfig", LABELS, "CLS DIST"),
    ("DeiTModel", "DeiTConfig", {"hidden_act": "relu"}, "CLS DIST"),
    ("Dinov2Model", "Dinov2Config", {"layerscale_value": 0.5, "mlp_ratio": 2}, "CLS"),
    ("Dinov2Model", "Dinov2Config", {"use_swiglu_ffn": True, "mlp_ratio": 4}, "CLS"),
    ("Dinov2ForImageClassification", "Dinov2Config", {**LABELS, "mlp_ratio": 2}, "CLS"),
    (
        "Dinov2WithRegistersModel",
        "Dinov2WithRegistersConfig",
        {"num_register_tokens": 3, "mlp_ratio": 2},
        "CLS REG 0 REG 1 REG 2",
    ),
    (
        "Dinov2WithRegistersForImageClassification",
        "Dinov2WithRegistersConfig",
        {**LABELS, "num_register_tokens": 2, "mlp_ratio": 2},
        "CLS REG 0 REG 1",
    ),
    ("DINOv3ViTModel", "DINOv3ViTConfig", {"num_register_tokens": 2}, "CLS REG 0 REG 1"),
    (
        "DINOv3ViTModel",
        "DINOv3ViTConfig",
        {
            "num_register_tokens": 4,
            "use_gated_mlp": True,
            "hidden_act": "silu",
            "rope_theta": 50.0,
            "query_bias": False,
            "value_bias": False,
        },
        "CLS REG 0 REG 1 REG 2 REG 3",
    ),
    ("BeitModel", "BeitConfig", REL, "CLS"),
    ("BeitForImageClassification", "BeitConfig", {**REL, **LABELS}, "CLS"),
    (
        "BeitForImageClassification",
        "BeitConfig",
        {**LABELS, "use_shared_relative_position_bias": True, "use_mean_pooling": False},
        "CLS",
    ),
    ("BeitModel", "BeitConfig", {**REL, "use_absolute_position_embeddings": True}, "CLS"),
    ("CLIPVisionModel", "CLIPVisionConfig", {}, "CLS"),
    ("CLIPVisionModelWithProjection", "CLIPVisionConfig", {"projection_dim": 10}, "CLS"),
    ("CLIPVisionModel", "CLIPVisionConfig", {"hidden_act": "gelu"}, "CLS"),
    ("SiglipVisionModel", "SiglipVisionConfig", {}, ""),
    ("IJepaModel", "IJepaConfig", {}, ""),
    ("IJepaForImageClassification", "IJepaConfig", LABELS, ""),
]


def blocks_of(model) -> torch.nn.ModuleList:
    """The list of blocks, wherever this class keeps it."""
    lists = [m for m in model.modules() if isinstance(m, torch.nn.ModuleList)]
    return next(found for found in lists if len(found) == SIZES["num_hidden_layers"])


def made(kind: str, config: str, arguments: dict):
    prepare_torchvision()
    import transformers

    sizes = {**SIZES, **arguments}
    return randomised(getattr(transformers, kind)(getattr(transformers, config)(**sizes)), seed=7)


def output_of(given) -> torch.Tensor:
    """What our network gives: logits, embeddings, or the pooled token."""
    for name in ("logits", "image_embeds", "pooler_output"):
        if getattr(given, name, None) is not None:
            return getattr(given, name)
    return given.last_hidden_state.mean(dim=1)


@pytest.mark.parametrize(("kind", "config", "arguments", "prefix"), MODELS)
def test_that_the_network_is_hugging_faces(tmp_path, kind, config, arguments, prefix) -> None:
    original = made(kind, config, arguments)
    original.save_pretrained(tmp_path)
    model, network = opened(tmp_path)
    assert model.outline.source == "Hugging Face"
    assert " ".join(network.prefix) == prefix
    pixels = pixels_of(16, 16)
    expected, output = residuals_of(blocks_of(original), partial(original, pixel_values=pixels))
    found = assert_sound(network, pixels)
    assert_same_residuals(found, expected)
    assert_close(found.output, output_of(output), "output")
    assert not any("was assumed" in note for note in network.notes)


@pytest.mark.parametrize(
    ("kind", "config", "arguments"),
    [
        ("ViTForImageClassification", "ViTConfig", LABELS),
        ("DINOv3ViTModel", "DINOv3ViTConfig", {}),
        ("IJepaModel", "IJepaConfig", {}),
    ],
)
def test_that_a_grid_that_is_no_square_is_hugging_faces(tmp_path, kind, config, arguments) -> None:
    original = made(kind, config, {**arguments, "image_size": [16, 12]})
    original.save_pretrained(tmp_path)
    _, network = opened(tmp_path)
    pixels = pixels_of(16, 12)
    expected, output = residuals_of(blocks_of(original), partial(original, pixel_values=pixels))
    found = assert_sound(network, pixels)
    assert_same_residuals(found, expected)
    assert_close(found.output, output_of(output), "output")
    assert found.blocks[network.blocks[0].address].grid.shape == (4, 3)


@pytest.mark.parametrize("kind", ["ViTMAEForPreTraining", "ViTMAEModel"])
def test_that_mae_is_run_without_hiding_patches(tmp_path, kind) -> None:
    original = made(kind, "ViTMAEConfig", {"mask_ratio": 0.0})
    original.save_pretrained(tmp_path)
    model, network = opened(tmp_path)
    assert model.outline.family == "MAE"
    pixels = pixels_of(16, 16)
    in_order = torch.arange(16.0).repeat(len(pixels), 1)
    encoder = original.vit if kind.endswith("Training") else original
    run_it = partial(encoder, pixel_values=pixels, noise=in_order)
    expected, output = residuals_of(blocks_of(encoder), run_it)
    found = assert_sound(network, pixels)
    assert_same_residuals(found, expected)
    assert_close(found.output, output.last_hidden_state[:, 0], "class token")


@pytest.mark.parametrize(
    ("kind", "config", "tower"),
    [
        ("CLIPForImageClassification", "CLIPConfig", "CLIPVisionConfig"),
        ("SiglipForImageClassification", "SiglipConfig", "SiglipVisionConfig"),
    ],
)
def test_that_classifiers_on_clip_read_what_hugging_face_reads(
    tmp_path, kind, config, tower
) -> None:
    prepare_torchvision()
    import transformers

    text = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 9}
    sizes = getattr(transformers, config)(
        vision_config=getattr(transformers, tower)(**SIZES).to_dict(),
        text_config={**text, "intermediate_size": 8},
        num_labels=5,
    )
    original = randomised(getattr(transformers, kind)(sizes), seed=8)
    original.save_pretrained(tmp_path)
    _, network = opened(tmp_path)
    pixels = pixels_of(16, 16)
    expected, output = residuals_of(blocks_of(original), partial(original, pixel_values=pixels))
    found = assert_sound(network, pixels)
    assert_same_residuals(found, expected)
    assert_close(found.output, output.logits, "logits")


def test_that_a_whole_clip_is_run_as_its_vision_tower(tmp_path) -> None:
    prepare_torchvision()
    import transformers

    text = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 9}
    sizes = transformers.CLIPConfig(
        vision_config={**SIZES, "hidden_act": "gelu"},
        text_config={**text, "intermediate_size": 8},
        projection_dim=6,
    )
    original = randomised(transformers.CLIPModel(sizes), seed=9)
    original.save_pretrained(tmp_path)
    model, network = opened(tmp_path)
    assert model.outline.family == "CLIP"
    pixels = pixels_of(16, 16)
    with torch.no_grad():
        expected = original.get_image_features(pixel_values=pixels)
    expected = expected if isinstance(expected, torch.Tensor) else expected.pooler_output
    assert_close(assert_sound(network, pixels).output, expected, "features")
