"""Swin runs as its originals: timm, Microsoft, Hugging Face, torchvision, and the samples."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from inspector.core.address import Address
from inspector.core.errors import CannotRun
from inspector.families import open_model, recognise
from inspector.families.capture import mixed
from inspector.families.model import Model
from inspector.families.swin_sizes import image_side
from tests.families.made import checkpoint_of, prepare_torchvision
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
)
from tests.reference.windowed_attention import relative_bias, windowed_attention

SMALL = {
    "img_size": 64,
    "embed_dim": 16,
    "depths": (2, 2, 2),
    "num_heads": (1, 2, 4),
    "window_size": 4,
    "num_classes": 5,
}
EQUAL = 1e-5


def timm_swin(**settings):
    prepare_torchvision()
    from timm.models.swin_transformer import SwinTransformer

    return random_weights(SwinTransformer(**{**SMALL, **settings}))


def hf_swin(**settings):
    prepare_torchvision()
    from transformers import SwinConfig, SwinForImageClassification

    sizes = {"image_size": 64, "embed_dim": 16, "depths": [2, 2, 2], "num_heads": [1, 2, 4]}
    config = SwinConfig(**{**sizes, "window_size": 4, "num_labels": 5, **settings})
    return random_weights(SwinForImageClassification(config))


def hf_layers(module):
    return [layer for stage in module.swin.encoder.layers for layer in stage.blocks]


@pytest.mark.parametrize("size", [64, 40, 72, 96])
def test_that_timms_answers_and_residuals_come_out(size: int) -> None:
    module = timm_swin(img_size=size)
    network = network_of(model_of(module))
    pixels = picture(2, 3, size, size)
    blocks = [block for layer in module.layers for block in layer.blocks]
    logits, after = outputs_of(module, blocks, pixels)
    assert apart(captured(network, pixels).output, logits) < EQUAL
    for found, expected in zip(residuals(network, pixels), after, strict=True):
        assert apart(found, expected) < EQUAL


def test_that_a_published_architecture_of_timm_comes_out() -> None:
    prepare_torchvision()
    import timm

    module = random_weights(timm.create_model("swin_tiny_patch4_window7_224", num_classes=10))
    network = network_of(model_of(module))
    pixels = picture(1, 3, 224, 224)
    logits, _ = outputs_of(module, [], pixels)
    assert apart(captured(network, pixels).output, logits) < EQUAL
    assert network.architecture == "timm SwinTransformer"


@pytest.mark.parametrize("shape", [(64, 64), (64, 96), (50, 71)])
def test_that_hugging_faces_answers_and_residuals_come_out(shape: tuple[int, int]) -> None:
    module = hf_swin()
    network = network_of(model_of(module, {"huggingface": module.config.to_dict()}))
    pixels = picture(2, 3, *shape)
    answer, after = outputs_of(module, hf_layers(module), pixels)
    assert apart(captured(network, pixels).output, answer.logits) < EQUAL
    for found, expected in zip(residuals(network, pixels), after, strict=True):
        assert apart(found, expected) < EQUAL


@pytest.mark.parametrize("size", [64, 96])
def test_that_position_embeddings_are_added_resized_where_they_have_to_be(size: int) -> None:
    # a new module each time: Hugging Face's forgets for good the shift that a small grid took off
    module = hf_swin(use_absolute_embeddings=True)
    network = network_of(model_of(module))
    pixels = picture(1, 3, size, size)
    with torch.no_grad():
        logits = module(pixels, interpolate_pos_encoding=True).logits
    assert apart(captured(network, pixels).output, logits) < EQUAL


@pytest.mark.parametrize("settings", [{"layer_norm_eps": 0.5}, {"hidden_act": "relu"}])
def test_that_eps_and_activation_of_the_configuration_count(settings) -> None:
    module = hf_swin(**settings)
    network = network_of(model_of(module, {"huggingface": module.config.to_dict()}))
    pixels = picture(1, 3, 64, 64)
    answer, _ = outputs_of(module, [], pixels)
    assert apart(captured(network, pixels).output, answer.logits) < EQUAL


@pytest.mark.parametrize("shape", [(64, 64), (64, 96), (52, 72)])
def test_that_torchvisions_answers_and_residuals_come_out(shape: tuple[int, int]) -> None:
    prepare_torchvision()
    from torchvision.models.swin_transformer import SwinTransformer

    module = random_weights(
        SwinTransformer([4, 4], 16, [2, 2, 2], [1, 2, 4], [4, 4], num_classes=5)
    )
    network = network_of(model_of(module))
    pixels = picture(2, 3, *shape)
    blocks = [block for stage in module.features[1::2] for block in stage]
    logits, after = outputs_of(module, blocks, pixels)
    assert apart(captured(network, pixels).output, logits) < EQUAL
    for found, expected in zip(residuals(network, pixels), after, strict=True):
        assert apart(found, expected) < EQUAL


@pytest.mark.parametrize("file", ["swin_24_pretrained.pth", "swin_24_cxr_epoch_12.pth"])
def test_that_the_samples_give_what_their_training_saw(
    file: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = repository / "resources" / "samples"
    monkeypatch.syspath_prepend(str(samples))
    for name in ("swin", "pictures"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import swin as training

    with open_model(samples / file) as model:
        network = network_of(model)
        module = training.swin(model.outline.num_classes).eval()
        module.load_state_dict(_in_timms_names(model))
    pixels = picture(4, 3, 64, 64)
    logits, after = outputs_of(module, [b for la in module.layers for b in la.blocks], pixels)
    assert apart(captured(network, pixels).output, logits) < EQUAL
    for found, expected in zip(residuals(network, pixels), after, strict=True):
        assert apart(found, expected) < EQUAL
    assert any("MMDetection" in note for note in network.notes)
    assert network.preparation.size == (64, 64)
    assert network.preparation.mean == pytest.approx((0.485, 0.456, 0.406))


def _in_timms_names(model) -> dict[str, torch.Tensor]:
    """By the names and orders of the samples' own page, apart from the program's conversion."""
    state = {}
    for name, tensor in model.checkpoint.tensors.items():
        if tensor.is_floating:
            array = torch.from_numpy(np.array(tensor.numpy()))
            state.update([_renamed(name.removeprefix("backbone."), array)])
    return state


def _renamed(name: str, array: torch.Tensor) -> tuple[str, torch.Tensor]:
    words = name.split(".")
    if "downsample" in words:
        words[1] = str(int(words[1]) + 1)
    if words[0] == "stages" and "downsample" in words:
        channels = array.shape[-1] // 4
        # (channel, row, column) of torch's unfold, to (column, row, channel)
        order = [c * 4 + r * 2 + k for k in (0, 1) for r in (0, 1) for c in range(channels)]
        array = array[..., order]
    text = ".".join(words)
    for one, other in (
        ("stages.", "layers."),
        ("w_msa.", ""),
        ("ffn.layers.0.0", "mlp.fc1"),
        ("ffn.layers.1", "mlp.fc2"),
        ("patch_embed.projection", "patch_embed.proj"),
        ("norm3.", "norm."),
        ("head.weight", "head.fc.weight"),
        ("head.bias", "head.fc.bias"),
    ):
        text = text.replace(one, other)
    return text, array


@pytest.mark.parametrize("shape", [(64, 64), (100, 132), (50, 63), (28, 28)])
@pytest.mark.parametrize("make", [timm_swin, hf_swin])
def test_that_blocks_add_up_and_attention_is_what_its_parts_say(make, shape) -> None:
    network = network_of(model_of(make(window_size=4)))
    assert_whole(network, picture(2, 3, *shape))


def test_that_a_blocks_attention_is_the_slow_ones() -> None:
    network = network_of(model_of(hf_swin()))
    pixels = picture(1, 3, 36, 44)
    found = captured(network, pixels)
    for address, shift in ((Address(0, 0), 0), (Address(0, 1), 2), (Address(1, 1), 2)):
        block = next(b for b in network.blocks if b.address == address)
        kept = found.blocks[address]
        parts = block.attend(kept.attn_input, kept.grid)
        ours = mixed(parts, kept.grid)[0].double().numpy()
        for head in range(parts.query.shape[1]):
            slow = _slow_head(block, kept, head, shift)
            width = slow.shape[-1]
            one = ours[:, head * width : (head + 1) * width].reshape(slow.shape)
            assert apart(one, slow) < EQUAL


def _slow_head(block, kept, head: int, shift: int) -> np.ndarray:
    attention = block.module.attn
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


def test_that_cells_of_a_stage_lie_on_its_patches() -> None:
    network = network_of(model_of(timm_swin()))
    placement = placement_of(picture(1, 3, 50, 63))
    grids = [network.grid_of(Address(stage, 0), placement) for stage in range(3)]
    assert [grid.shape for grid in grids] == [(13, 16), (7, 8), (4, 4)]
    assert [grid.cell for grid in grids] == [(4.0, 4.0), (8.0, 8.0), (16.0, 16.0)]


def test_that_windows_that_are_not_square_are_refused_in_words() -> None:
    with pytest.raises(CannotRun, match="no square window"):
        network_of(model_of(timm_swin(window_size=(4, 3), always_partition=True)))


def test_that_a_model_without_classifier_gives_features() -> None:
    module = timm_swin(num_classes=0)
    network = network_of(model_of(module))
    pixels = picture(2, 3, 64, 64)
    features, _ = outputs_of(module, [], pixels)
    assert apart(captured(network, pixels).output, features) < EQUAL
    assert features.shape == (2, 64)


def test_that_a_size_that_nothing_tells_is_said_to_be_assumed() -> None:
    network = network_of(model_of(timm_swin(img_size=96)))
    assert network.preparation.size == (128, 128)
    assert any("128 × 128 pixels were assumed" in note for note in network.notes)
    told = network_of(model_of(timm_swin(img_size=96), {"timm": {"img_size": 96}}))
    assert told.preparation.size == (96, 96)
    assert not any("assumed" in note for note in told.notes)


def test_that_microsofts_masks_and_names_tell_the_size() -> None:
    mask = torch.zeros(9, 16, 16)
    state = dict(timm_swin(img_size=48).state_dict())
    checkpoint = checkpoint_of({**state, "layers.0.blocks.1.attn_mask": mask})
    assert image_side(Model(checkpoint, recognise(checkpoint))).value == 48
    for name in ("swin_tiny_patch4_window7_384.pth", "swinv2_base_window12to24_192to384.pth"):
        named = checkpoint_of(state, name=name)
        assert image_side(Model(named, recognise(named))).value == 384


def test_that_a_model_of_grey_pictures_is_given_the_mean_of_three_channels() -> None:
    module = timm_swin(in_chans=1)
    network = network_of(model_of(module))
    pixels = picture(1, 3, 64, 64)
    with torch.no_grad():
        logits = module(pixels.mean(1, keepdim=True))
    assert apart(captured(network, pixels).output, logits) < EQUAL
    assert any("one channel" in note for note in network.notes)


def test_that_a_picture_of_four_channels_is_refused_in_words() -> None:
    with pytest.raises(CannotRun, match="one or three channels"):
        network_of(model_of(timm_swin(in_chans=4)))


def test_that_a_swin_of_another_kind_is_refused_in_words() -> None:
    prepare_torchvision()
    from timm.models.swin_transformer_v2_cr import SwinTransformerV2Cr

    sizes = {name: SMALL[name] for name in ("img_size", "embed_dim", "depths", "num_heads")}
    with pytest.raises(CannotRun, match="cannot be run on images"):
        network_of(model_of(SwinTransformerV2Cr(window_size=4, **sizes)))
