"""Swin-v2 runs as its originals: timm, Hugging Face, torchvision."""

import numpy as np
import pytest
import torch

from inspector.core.address import Address
from inspector.families.capture import mixed
from tests.families.made import prepare_torchvision
from tests.families.running.swins import (
    apart,
    assert_whole,
    captured,
    model_of,
    network_of,
    outputs_of,
    picture,
    random_weights,
    residuals,
)
from tests.reference.windowed_attention import continuous_bias, windowed_attention

EQUAL = 1e-5
SMALL = {
    "img_size": 64,
    "embed_dim": 16,
    "depths": (2, 2, 2),
    "num_heads": (1, 2, 4),
    "window_size": 4,
    "num_classes": 5,
}


def timm_swin(**settings):
    prepare_torchvision()
    from timm.models.swin_transformer_v2 import SwinTransformerV2

    return random_weights(SwinTransformerV2(**{**SMALL, **settings}))


def hf_swin(**settings):
    prepare_torchvision()
    from transformers import Swinv2Config, Swinv2ForImageClassification

    sizes = {"image_size": 64, "embed_dim": 16, "depths": [2, 2, 2], "num_heads": [1, 2, 4]}
    config = Swinv2Config(**{**sizes, "window_size": 4, "num_labels": 5, **settings})
    return random_weights(Swinv2ForImageClassification(config))


def torchvision_swin():
    prepare_torchvision()
    from torchvision.models.swin_transformer import (
        PatchMergingV2,
        SwinTransformer,
        SwinTransformerBlockV2,
    )

    return random_weights(
        SwinTransformer(
            [4, 4],
            16,
            [2, 2, 2],
            [1, 2, 4],
            [4, 4],
            num_classes=5,
            block=SwinTransformerBlockV2,
            downsample_layer=PatchMergingV2,
        )
    )


def hf_network(module):
    return network_of(model_of(module, {"huggingface": module.config.to_dict()}))


def timm_network(module, **config):
    return network_of(model_of(module, {"timm": {"img_size": 64, "window_size": 4, **config}}))


@pytest.mark.parametrize(
    "settings", [{}, {"window_size": 8}, {"pretrained_window_sizes": (2, 2, 2)}]
)
def test_that_timms_answers_and_residuals_come_out(settings) -> None:
    module = timm_swin(**settings)
    network = timm_network(module, **settings)
    pixels = picture(2, 3, 64, 64)
    blocks = [block for layer in module.layers for block in layer.blocks]
    logits, after = outputs_of(module, blocks, pixels)
    assert apart(captured(network, pixels).output, logits) < EQUAL
    for found, expected in zip(residuals(network, pixels), after, strict=True):
        assert apart(found, expected) < EQUAL


@pytest.mark.parametrize("name", ["swinv2_tiny_window8_256", "swinv2_base_window12to24_192to384"])
def test_that_a_name_of_timm_tells_windows_and_sizes(name: str) -> None:
    prepare_torchvision()
    import timm

    small = {"embed_dim": 16, "depths": (2, 2, 2, 2), "num_heads": (1, 1, 2, 2)}
    module = random_weights(timm.create_model(name, num_classes=3, **small))
    network = network_of(model_of(module, {"timm": {"architecture": name}}))
    size = module.patch_embed.img_size[0]
    pixels = picture(1, 3, size, size)
    logits, _ = outputs_of(module, [], pixels)
    assert apart(captured(network, pixels).output, logits) < EQUAL
    assert not any("assumed" in note for note in network.notes)


@pytest.mark.parametrize(
    "settings", [{}, {"window_size": 8}, {"pretrained_window_sizes": [2, 2, 2]}]
)
def test_that_hugging_faces_answers_and_residuals_come_out(settings) -> None:
    module = hf_swin(**settings)
    network = hf_network(module)
    pixels = picture(2, 3, 64, 64)
    layers = [layer for stage in module.swinv2.encoder.layers for layer in stage.blocks]
    answer, after = outputs_of(module, layers, pixels)
    assert apart(captured(network, pixels).output, answer.logits) < EQUAL
    for found, expected in zip(residuals(network, pixels), after, strict=True):
        assert apart(found, expected) < EQUAL


def test_that_hugging_faces_mask_of_200_holds_against_scores_of_100() -> None:
    # heads of two numbers, whose cosines fill -1 to 1, at the largest scale
    module = hf_swin(num_heads=[8, 16, 32])
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if "logit_scale" in name:
                parameter.fill_(10.0)
    network = hf_network(module)
    pixels = picture(2, 3, 64, 64)
    answer, _ = outputs_of(module, [], pixels)
    assert apart(captured(network, pixels).output, answer.logits) < EQUAL


@pytest.mark.parametrize("shape", [(64, 64), (52, 72)])
def test_that_torchvisions_answers_and_residuals_come_out(shape) -> None:
    module = torchvision_swin()
    network = network_of(model_of(module))
    pixels = picture(2, 3, *shape)
    blocks = [block for stage in module.features[1::2] for block in stage]
    logits, after = outputs_of(module, blocks, pixels)
    assert apart(captured(network, pixels).output, logits) < EQUAL
    for found, expected in zip(residuals(network, pixels), after, strict=True):
        assert apart(found, expected) < EQUAL


@pytest.mark.parametrize("shape", [(64, 64), (50, 71)])
@pytest.mark.parametrize("make", ["timm", "hugging face", "torchvision"])
def test_that_blocks_add_up_and_attention_is_what_its_parts_say(make, shape) -> None:
    networks = {
        "timm": lambda: timm_network(timm_swin()),
        "hugging face": lambda: hf_network(hf_swin()),
        "torchvision": lambda: network_of(model_of(torchvision_swin())),
    }
    assert_whole(networks[make](), picture(2, 3, *shape))


def test_that_queries_and_keys_enter_the_product_with_length_one() -> None:
    network = timm_network(timm_swin())
    found = captured(network, picture(1, 3, 64, 64))
    for block in network.blocks:
        kept = found.blocks[block.address]
        parts = block.attend(kept.attn_input, kept.grid)
        assert block.norm is None
        assert torch.equal(kept.attn_input, kept.resid_pre)
        assert parts.cosine
        assert torch.allclose(parts.turned_query.norm(dim=-1), torch.ones(()), atol=1e-5)
        assert parts.scale.max() <= 100.001


def test_that_a_blocks_attention_is_the_slow_ones() -> None:
    network = timm_network(
        timm_swin(pretrained_window_sizes=(3, 3, 3)), pretrained_window_sizes=[3, 3, 3]
    )
    found = captured(network, picture(1, 3, 64, 64))
    for address, shift in ((Address(0, 0), 0), (Address(1, 1), 2)):
        block = next(b for b in network.blocks if b.address == address)
        kept = found.blocks[address]
        ours = mixed(block.attend(kept.attn_input, kept.grid), kept.grid)[0].double().numpy()
        for head in range(block.module.attn.num_heads):
            slow = _slow_head(block.module.attn, kept, head, shift)
            width = slow.shape[-1]
            one = ours[:, head * width : (head + 1) * width].reshape(slow.shape)
            assert apart(one, slow) < EQUAL


def _slow_head(attention, kept, head: int, shift: int) -> np.ndarray:
    weight = (
        attention.qkv.weight.double().numpy().reshape(3, attention.num_heads, -1, attention.dim)
    )
    zero = np.zeros(attention.dim)
    biases = np.stack([attention.q_bias.double().numpy(), zero, attention.v_bias.double().numpy()])
    bias = biases.reshape(3, attention.num_heads, -1)
    tokens = kept.attn_input[0].double().numpy().reshape(*kept.grid.shape, -1)
    query, key, value = (tokens @ weight[n, head].T + bias[n, head] for n in range(3))
    into, _, out = attention.cpb_mlp
    position = continuous_bias(
        into.weight.double().numpy(), into.bias.double().numpy(), out.weight.double().numpy(), 4, 3
    )
    return windowed_attention(
        query,
        key,
        value,
        position[head],
        window=(4, 4),
        shift=(shift, shift),
        scale=min(np.exp(float(attention.logit_scale[head])), 100.0),
        query_of_padding=bias[0, head],
        key_of_padding=bias[1, head],
        value_of_padding=bias[2, head],
        cosine=True,
    )


def test_that_what_nothing_tells_is_said_to_be_assumed() -> None:
    notes = network_of(model_of(timm_swin())).notes
    assert sum("assumed" in note for note in notes) == 2
