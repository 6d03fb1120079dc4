"""The proof of a layout: the outline's q, k, v of a token are those the real module computes."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from inspector.core.outline import Matrix, ModelOutline
from inspector.families import recognise
from tests.families.made import checkpoint_of, prepare_torchvision, taken

TOLERANCE = 1e-4


@contextmanager
def seen_attention(module: torch.nn.Module, marks: tuple[str, ...]) -> Iterator[list]:
    """Collect (input tokens, q, k, v) of every attention; q, k, v are (batch, head, token, d_k)."""
    inputs: list[torch.Tensor] = []
    products: list[tuple] = []
    genuine = torch.nn.functional.scaled_dot_product_attention

    def watched(q, k, v, *rest, **named):
        products.append((q.detach(), k.detach(), v.detach()))
        return genuine(q, k, v, *rest, **named)

    def remember(_, given, named):
        tensors = [t for t in (*given, *named.values()) if isinstance(t, torch.Tensor)]
        inputs.append(tensors[0].detach())

    handles = [
        child.register_forward_pre_hook(remember, with_kwargs=True)
        for name, child in module.named_modules()
        if name.endswith(marks)
    ]
    seen: list[tuple] = []
    torch.nn.functional.scaled_dot_product_attention = watched
    try:
        yield seen
    finally:
        torch.nn.functional.scaled_dot_product_attention = genuine
        for handle in handles:
            handle.remove()
    assert len(inputs) == len(products) > 0
    seen.extend((x, *qkv) for x, qkv in zip(inputs, products, strict=True))


def check(outline: ModelOutline, state: dict, seen: list, *, scaled: bool = False) -> None:
    """Compare row by row: W x + b of each head against what the attention was given."""
    blocks = list(outline.blocks())
    assert len(seen) == len(blocks)
    for block, (x, q, k, v) in zip(blocks, seen, strict=True):
        tokens = _tokens(x, block.embed_dim)
        for matrix, actual in zip(Matrix, (q, k, v), strict=True):
            weight = taken(block.weights[matrix], state).astype(np.float64)
            expected = tokens @ weight.T
            if matrix in block.biases:
                expected = expected + taken(block.biases[matrix], state)
            batch, heads, count, length = actual.shape
            assert heads == block.num_heads
            assert weight.shape == (block.rows(matrix), block.embed_dim)
            by_head = expected.reshape(batch, count, heads, length).transpose(0, 2, 1, 3)
            factor = length**-0.5 if scaled and matrix is Matrix.Q else 1.0
            difference = np.abs(by_head * factor - actual.double().numpy()).max()
            assert difference < TOLERANCE, (str(block.address), str(matrix), difference)


def _tokens(x: torch.Tensor, width: int) -> np.ndarray:
    if x.ndim == 4 and x.shape[1] == width != x.shape[-1]:
        x = x.permute(0, 2, 3, 1)
    return x.reshape(x.shape[0], -1, width).double().numpy()


def randomised(module: torch.nn.Module) -> torch.nn.Module:
    """Fresh random values everywhere, biases too, so that no wrong place gives a right number."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return module.eval()


def state_of(module: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}


def image(side: int = 32) -> torch.Tensor:
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))


TIMM = [
    ("vit_tiny_patch16_224", {"embed_dim": 48, "depth": 2, "num_heads": 4}, 4, 32),
    ("deit_tiny_distilled_patch16_224", {"embed_dim": 48, "depth": 2, "num_heads": 4}, 4, 32),
    ("vit_small_patch14_reg4_dinov2", {"embed_dim": 48, "depth": 2, "num_heads": 4}, 4, 28),
    ("beit_base_patch16_224", {"embed_dim": 48, "depth": 2, "num_heads": 4}, None, 32),
    (
        "swin_tiny_patch4_window7_224",
        {"embed_dim": 16, "depths": (2, 2), "num_heads": (2, 4), "window_size": 4},
        None,
        32,
    ),
]


@pytest.mark.parametrize(("name", "sizes", "heads", "side"), TIMM)
def test_that_the_layout_of_timm_is_right(name, sizes, heads, side) -> None:
    prepare_torchvision()
    import timm

    module = randomised(timm.create_model(name, pretrained=False, img_size=side, **sizes))
    for child in module.modules():
        if hasattr(child, "fused_attn"):
            child.fused_attn = True
    with torch.no_grad(), seen_attention(module, (".attn",)) as seen:
        module(image(side))
    state = state_of(module)
    check(recognise(checkpoint_of(state), heads=heads), state, seen)


@pytest.mark.parametrize("separate", [True, False])
def test_that_the_layout_of_eva_is_right(separate) -> None:
    prepare_torchvision()
    from timm.models.eva import Eva

    module = Eva(
        img_size=32,
        patch_size=8,
        embed_dim=48,
        depth=2,
        num_heads=4,
        qkv_fused=not separate,
        swiglu_mlp=True,
        use_rot_pos_emb=False,
    )
    randomised(module)
    with torch.no_grad(), seen_attention(module, (".attn",)) as seen:
        module(image())
    state = state_of(module)
    check(recognise(checkpoint_of(state), heads=4), state, seen)


def test_that_the_head_first_layout_of_maxvit_and_coatnet_is_right() -> None:
    prepare_torchvision()
    from timm.models.maxxvit import MaxxVit, MaxxVitCfg, MaxxVitConvCfg, MaxxVitTransformerCfg

    attention = MaxxVitTransformerCfg(dim_head=8, window_size=(4, 4), head_first=True)
    for kind in ("M", "T"):
        sizes = MaxxVitCfg(
            embed_dim=(16, 32),
            depths=(1, 1),
            block_type=("M", "M") if kind == "M" else ("C", "T"),
            stem_width=8,
            conv_cfg=MaxxVitConvCfg(),
            transformer_cfg=attention,
        )
        module = randomised(MaxxVit(sizes, img_size=32, num_classes=3))
        for child in module.modules():
            if hasattr(child, "fused_attn"):
                child.fused_attn = True
        with torch.no_grad(), seen_attention(module, (".attn",)) as seen:
            module(image())
        state = state_of(module)
        outline = recognise(checkpoint_of(state))
        assert any(len(s.ranges) > 1 for b in outline.blocks() for s in b.weights.values())
        check(outline, state, seen)


def _hugging_face() -> dict:
    prepare_torchvision()
    import transformers as t

    plain = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "image_size": 32,
        "patch_size": 8,
    }
    swin = {
        "embed_dim": 16,
        "depths": [1, 2],
        "num_heads": [2, 4],
        "image_size": 32,
        "window_size": 4,
    }
    return {
        "ViT": t.ViTModel(t.ViTConfig(**plain)),
        "DeiT": t.DeiTModel(t.DeiTConfig(**plain)),
        "DINOv2": t.Dinov2Model(t.Dinov2Config(**plain)),
        "BEiT": t.BeitModel(t.BeitConfig(use_relative_position_bias=True, **plain)),
        "CLIP": t.CLIPVisionModel(t.CLIPVisionConfig(**plain)),
        "Swin": t.SwinModel(t.SwinConfig(**swin)),
    }


@pytest.mark.parametrize("name", ["ViT", "DeiT", "DINOv2", "BEiT", "CLIP", "Swin"])
def test_that_the_layout_of_hugging_face_is_right(name) -> None:
    module = randomised(_hugging_face()[name])
    with torch.no_grad(), seen_attention(module, (".attention", ".self_attn")) as seen:
        module(image())
    state = state_of(module)
    config = {"huggingface": module.config.to_dict()}
    outline = recognise(checkpoint_of(state, config=config))
    assert (outline.family, outline.source, outline.assumed) == (name, "Hugging Face", ())
    check(outline, state, seen)


def test_that_the_layout_of_torch_multihead_attention_is_right() -> None:
    layer = torch.nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True)
    module = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    randomised(module).train()
    with seen_attention(module, (".self_attn",)) as seen:
        module(torch.randn(2, 5, 32))
    state = state_of(module)
    check(recognise(checkpoint_of(state), heads=4), state, seen)


def test_that_the_layout_of_torchvision_vit_is_right() -> None:
    prepare_torchvision()
    from torchvision.models import VisionTransformer

    module = randomised(VisionTransformer(32, 8, 2, 4, 32, 64)).train()
    with seen_attention(module, (".self_attention",)) as seen:
        module(image())
    state = state_of(module)
    check(recognise(checkpoint_of(state), heads=4), state, seen)


@pytest.mark.parametrize("second", [False, True])
def test_that_the_layout_of_torchvision_swin_is_right(second, monkeypatch) -> None:
    """One window covers the image, so tokens keep their order; q is scaled before the product."""
    prepare_torchvision()
    from torchvision.models.swin_transformer import (
        PatchMerging,
        PatchMergingV2,
        SwinTransformer,
        SwinTransformerBlock,
        SwinTransformerBlockV2,
    )

    module = SwinTransformer(
        [4, 4],
        16,
        [2],
        [2],
        [8, 8],
        block=SwinTransformerBlockV2 if second else SwinTransformerBlock,
        downsample_layer=PatchMergingV2 if second else PatchMerging,
    )
    randomised(module)
    products, inputs, genuine = [], [], torch.Tensor.matmul

    def watched(left, right):
        products.append((left.detach(), right.detach()))
        return genuine(left, right)

    for block in module.features[1]:
        block.attn.register_forward_pre_hook(lambda _, given: inputs.append(given[0].detach()))
    monkeypatch.setattr(torch.Tensor, "matmul", watched)
    normalise = torch.nn.functional.normalize
    unit: list[torch.Tensor] = []
    monkeypatch.setattr(
        torch.nn.functional, "normalize", lambda x, **named: unit.append(x) or normalise(x, **named)
    )
    with torch.no_grad():
        module(image())
    monkeypatch.undo()
    seen = []
    for number, x in enumerate(inputs):
        if second:
            q, k = unit[2 * number : 2 * number + 2]
            v = products[number][1]
        else:
            (q, transposed), (_, v) = products[2 * number : 2 * number + 2]
            k = transposed.transpose(-2, -1)
        seen.append((x, q, k, v))
    state = state_of(module)
    check(recognise(checkpoint_of(state)), state, seen, scaled=not second)


def test_that_the_layout_of_vit_pytorch_is_right(monkeypatch) -> None:
    from vit_pytorch import ViT

    module = ViT(
        image_size=32,
        patch_size=8,
        num_classes=3,
        dim=32,
        depth=2,
        heads=4,
        mlp_dim=64,
        dim_head=16,
    )
    randomised(module)
    products, inputs, genuine = [], [], torch.matmul

    def watched(left, right):
        products.append((left.detach(), right.detach()))
        return genuine(left, right)

    for attention, _ in module.transformer.layers:
        attention.to_qkv.register_forward_pre_hook(
            lambda _, given: inputs.append(given[0].detach())
        )
    monkeypatch.setattr(torch, "matmul", watched)
    with torch.no_grad():
        module(image())
    seen = [
        (x, products[2 * n][0], products[2 * n][1].transpose(-2, -1), products[2 * n + 1][1])
        for n, x in enumerate(inputs)
    ]
    state = state_of(module)
    outline = recognise(checkpoint_of(state), heads=4)
    assert outline.stages[0].blocks[0].head_dim == 16
    check(outline, state, seen)


def test_that_flax_kernels_give_what_flax_computes() -> None:
    """Flax: q = einsum('nd,dhk->nhk', x, kernel) + bias; out = einsum('nhk,hkd->nd', z, kernel)."""
    from tests.families.shapes import flax_vit

    random = np.random.default_rng(0)
    state = {n: random.normal(size=s) for n, s in flax_vit(depth=1, d=24, heads=3).items()}
    outline = recognise(checkpoint_of(state))
    block = outline.stages[0].blocks[0]
    x = random.normal(size=(5, 24))
    at = "Transformer/encoderblock_0/MultiHeadDotProductAttention_1"
    for matrix, word in zip(Matrix, ("query", "key", "value"), strict=True):
        theirs = np.einsum("nd,dhk->nhk", x, state[f"{at}/{word}/kernel"])
        theirs = theirs + state[f"{at}/{word}/bias"]
        weight, bias = taken(block.weights[matrix], state), taken(block.biases[matrix], state)
        assert np.allclose((x @ weight.T + bias).reshape(5, 3, 8), theirs)
    z = random.normal(size=(5, 3, 8))
    theirs = np.einsum("nhk,hkd->nd", z, state[f"{at}/out/kernel"])
    assert np.allclose(z.reshape(5, 24) @ taken(block.parts["out.weight"], state).T, theirs)
