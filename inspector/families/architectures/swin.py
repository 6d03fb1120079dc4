"""Swin as a classifier, in whichever naming: timm's modules, windows as that code cuts them."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from inspector.core.outline import BlockOutline, Matrix
from inspector.core.tokens import TokenGrid
from inspector.families.architecture import Architecture
from inspector.families.model import Model
from inspector.families.network import Asked, AttentionParts, Network, NetworkBlock
from inspector.families.projecting import project
from inspector.families.role_tensors import RoleTensors
from inspector.families.swin_network import (
    SwinKind,
    SwinSizes,
    build_swin,
    common_settings,
    mlp_and_norms,
    ratio,
    written,
)
from inspector.families.swin_rules import is_backbone, is_swin
from inspector.families.swin_sizes import TABLE, window_of_table
from inspector.families.windows import WindowRule, pad_tokens, windows_on


def is_first_swin(model: Model) -> bool:
    """Whether a model is a Swin of the first version, classifier or backbone."""
    return is_swin(model) and TABLE in next(model.outline.blocks()).parts


def build_first_swin(model: Model, device: str) -> Network:
    """Build a Swin of the first version; its semantics are told from the file."""
    windows = {b.address: window_of_table(model, b) for b in model.outline.blocks()}
    return build_swin(model, device, KIND, windows)


def _body(sizes: SwinSizes) -> Any:
    from timm.models.swin_transformer import SwinTransformer

    settings: dict[str, Any] = {
        **common_settings(sizes),
        "head_dim": sizes.head_dims,
        "mlp_ratio": tuple(
            ratio(hidden, sizes.embed_dim << stage) for stage, hidden in enumerate(sizes.hidden)
        ),
    }
    return SwinTransformer(**settings)


def _tensors(tensors: RoleTensors, block: BlockOutline) -> Iterator[tuple[str, Tensor]]:
    at = str(block.address)
    yield "attn.qkv.weight", torch.cat([tensors.read(f"{at} {m}.weight") for m in Matrix])
    if block.has_qkv_bias:
        parts = [
            tensors.read(f"{at} {m}.bias") if m in block.biases else torch.zeros(block.rows(m))
            for m in Matrix
        ]
        yield "attn.qkv.bias", torch.cat(parts)
    table = tensors.read(f"{at} {TABLE}")
    yield f"attn.{TABLE}", table if table.shape[1] == block.num_heads else table.T.contiguous()
    yield from mlp_and_norms(tensors, block)


def _network_block(block: Any, outline: BlockOutline, rule: WindowRule) -> NetworkBlock:
    attention = block.attn
    shape = (outline.num_heads, outline.head_dim)

    def attend(attn_input: Tensor, grid: TokenGrid, asked: Asked | None = None) -> AttentionParts:
        windows = windows_on(grid.shape, rule)
        tokens = pad_tokens(attn_input, grid.shape, windows)
        weight, bias = attention.qkv.weight, attention.qkv.bias
        query, key, value = project(tokens, weight, bias, shape, asked)
        biases = attn_input.new_zeros(3, *shape) if bias is None else bias.reshape(3, *shape)
        return AttentionParts(
            query,
            key,
            value,
            query_bias=biases[0],
            key_bias=biases[1],
            scale=attn_input.new_full((shape[0],), attention.scale),
            position_bias=attention._get_rel_pos_bias()[0],
            windows=windows,
        )

    return NetworkBlock(
        outline.address,
        block,
        norm=block.norm1,
        attn_branch=block.drop_path1,
        mlp_branch=block.drop_path2,
        attend=attend,
        write=written(attention.proj),
        windows=lambda grid: windows_on(grid, rule),
    )


KIND = SwinKind("timm SwinTransformer", _body, _tensors, _network_block)

ARCHITECTURE = Architecture(
    name="timm Swin",
    matches=lambda model: is_first_swin(model) and not is_backbone(model),
    build=build_first_swin,
)
