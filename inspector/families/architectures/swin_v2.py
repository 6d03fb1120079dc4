"""Swin-v2: cosine attention, position bias from a small network, norms after the branches."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from inspector.core.address import Address
from inspector.core.errors import CannotRun
from inspector.core.outline import BlockOutline, Matrix
from inspector.core.tokens import TokenGrid
from inspector.families.architecture import Architecture
from inspector.families.model import Model
from inspector.families.network import Asked, AttentionParts, Network, NetworkBlock
from inspector.families.projecting import project
from inspector.families.role_tensors import RoleTensors
from inspector.families.swin_network import (
    LATER,
    SwinKind,
    SwinSizes,
    build_swin,
    common_settings,
    mlp_and_norms,
    ratio,
    written,
)
from inspector.families.swin_rules import is_swin
from inspector.families.swin_sizes import (
    configured_window,
    image_side,
    sibling,
    trained_windows,
    window_of_buffers,
)
from inspector.families.windows import WindowRule, pad_tokens, windows_on

_LARGEST_SCALE = math.log(100.0)
_REACH = 16.0


def _matches(model: Model) -> bool:
    first = next(model.outline.blocks()).parts
    return is_swin(model) and {"logit_scale", "position_mlp.in.weight"} <= set(first)


def _build(model: Model, device: str) -> Network:
    windows, assumed = _windows(model)
    network = build_swin(model, device, _kind(model), windows, assumed=assumed)
    for block, outline in zip(network.blocks, model.outline.blocks(), strict=True):
        _complete(block.module.attn, model, outline)
    return network


def _windows(model: Model) -> tuple[dict[Address, int], tuple[str, ...]]:
    """The window of each block: stored beside it, else the configured one, no larger than the grid.

    The grids are those of the images it was trained on.
    """
    blocks = tuple(model.outline.blocks())
    stored = {block.address: window_of_buffers(model, block) for block in blocks}
    known = {address: window for address, window in stored.items() if window is not None}
    if len(known) == len(blocks):
        return known, ()
    window, side = configured_window(model), image_side(model)
    grid = side.value // (model.outline.patch_size[0] or 4)
    clamped = {
        block.address: min(window.value, -(-grid // (1 << block.address.stage)))
        if _shrinks(model)
        else window.value
        for block in blocks
    }
    return clamped, tuple(filter(None, (window.assumption, side.assumption)))


def _shrinks(model: Model) -> bool:
    """Only torchvision keeps a window that is larger than its grid, and fills it with padding."""
    return model.outline.source != "torchvision"


def _kind(model: Model) -> SwinKind:
    trained = trained_windows(model, len(model.outline.stages))

    def body(sizes: SwinSizes) -> Any:
        from timm.models.swin_transformer_v2 import SwinTransformerV2

        settings: dict[str, Any] = {
            **common_settings(sizes),
            "mlp_ratio": ratio(sizes.hidden[0], sizes.embed_dim),
            "pretrained_window_sizes": trained,
        }
        return SwinTransformerV2(**settings)

    return SwinKind("timm SwinTransformerV2", body, _tensors, _network_block)


def _tensors(tensors: RoleTensors, block: BlockOutline) -> Iterator[tuple[str, Tensor]]:
    at = str(block.address)
    if block.num_heads * block.head_dim != block.embed_dim:
        raise CannotRun(
            f"The heads of block {block.address} have {block.num_heads * block.head_dim} rows for "
            f"tokens of {block.embed_dim}; those of a Swin-v2 have as many.",
            advice=LATER,
        )
    yield "attn.qkv.weight", torch.cat([tensors.read(f"{at} {m}.weight") for m in Matrix])
    for matrix in (Matrix.Q, Matrix.V) if block.has_qkv_bias else ():
        yield f"attn.{matrix}_bias", tensors.read(f"{at} {matrix}.bias")
    if Matrix.K in block.biases:
        tensors.set_aside(f"{at} k.bias")
    yield "attn.logit_scale", tensors.read(f"{at} logit_scale").reshape(-1, 1, 1)
    yield "attn.cpb_mlp.0.weight", tensors.read(f"{at} position_mlp.in.weight")
    yield "attn.cpb_mlp.0.bias", tensors.read(f"{at} position_mlp.in.bias")
    yield "attn.cpb_mlp.2.weight", tensors.read(f"{at} position_mlp.out.weight")
    yield from mlp_and_norms(tensors, block)


def _complete(attention: Any, model: Model, block: BlockOutline) -> None:
    """Fill what timm computes and a file may state: the key's bias, the spaced offsets."""
    if Matrix.K in block.biases:
        bias = RoleTensors(model).read(f"{block.address} k.bias")
        attention.k_bias.copy_(bias.to(attention.k_bias.device))
    name = sibling(block, "logit_scale", "relative_coords_table")
    stored = model.checkpoint.tensors.get(name)
    if stored is not None and stored.size == attention.relative_coords_table.numel():
        offsets = torch.tensor(stored.numpy(), dtype=torch.float32)
        table = attention.relative_coords_table
        table.copy_(offsets.reshape(table.shape).to(table.device))


def _network_block(block: Any, outline: BlockOutline, rule: WindowRule) -> NetworkBlock:
    attention = block.attn
    shape = (outline.num_heads, outline.head_dim)

    def attend(attn_input: Tensor, grid: TokenGrid, asked: Asked | None = None) -> AttentionParts:
        windows = windows_on(grid.shape, rule)
        tokens = pad_tokens(attn_input, grid.shape, windows)
        biases = _biases(attention, shape)
        weight, bias = attention.qkv.weight, biases.flatten()
        query, key, value = project(tokens, weight, bias, shape, asked)
        return AttentionParts(
            query,
            key,
            value,
            query_bias=biases[0],
            key_bias=biases[1],
            scale=attention.logit_scale.clamp(max=_LARGEST_SCALE).exp().flatten(),
            turned_query=normalize(query, dim=-1),
            turned_key=normalize(key, dim=-1),
            position_bias=_position_bias(attention),
            windows=windows,
            cosine=True,
        )

    return NetworkBlock(
        outline.address,
        block,
        norm=None,
        attn_branch=block.drop_path1,
        mlp_branch=block.drop_path2,
        attend=attend,
        write=written(attention.proj, block.norm1),
        windows=lambda grid: windows_on(grid, rule),
    )


def _biases(attention: Any, shape: tuple[int, int]) -> Tensor:
    """(3, heads, d_k), zeros where there is none."""
    if attention.q_bias is None:
        zeros: Tensor = attention.qkv.weight.new_zeros(3, *shape)
        return zeros
    return torch.stack((attention.q_bias, attention.k_bias, attention.v_bias)).reshape(3, *shape)


def _position_bias(attention: Any) -> Tensor:
    """(heads, area, area): 16 times the sigmoid of a small network of log-spaced offsets."""
    table = attention.cpb_mlp(attention.relative_coords_table).flatten(0, 2)
    area = attention.window_size[0] * attention.window_size[1]
    bias: Tensor = table[attention.relative_position_index.flatten()].reshape(area, area, -1)
    return _REACH * bias.permute(2, 0, 1).sigmoid()


ARCHITECTURE = Architecture(name="timm Swin-v2", matches=_matches, build=_build)
