"""From the roles of a plain transformer to the parameters of timm's modules.

Roles are the same in every naming, so one table serves all files.
"""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

from inspector.core.outline import BlockOutline
from inspector.families.plain_sizes import FLAT_EMBEDDING, PlainSizes
from inspector.families.role_tensors import RoleTensors

Style = Literal["vision_transformer", "beit", "eva"]
Parameters = Iterator[tuple[str, Tensor]]

# Of training: what stands in for a patch that is hidden, and what masks a bias that is never used.
_OF_TRAINING = ("mask_token", "local_cls_norm.weight", "local_cls_norm.bias")
_TABLE = "relative_position_bias_table"
_SCALES = {
    "vision_transformer": ("ls1.gamma", "ls2.gamma"),
    "beit": ("gamma_1", "gamma_2"),
    "eva": ("gamma_1", "gamma_2"),
}


def plain_parameters(
    roles: RoleTensors, blocks: tuple[BlockOutline, ...], sizes: PlainSizes, style: Style
) -> dict[str, Tensor]:
    """Every parameter of the module by its name in timm, but those of the classifier."""
    for role in _OF_TRAINING:
        roles.set_aside(role)
    found = dict(_embedding(roles, sizes))
    for number, block in enumerate(blocks):
        for name, tensor in _block(roles, block, style):
            found[f"blocks.{number}.{name}"] = tensor
    found.update(_pooling(roles))
    return found


def key_biases(roles: RoleTensors, blocks: tuple[BlockOutline, ...]) -> Parameters:
    """Key biases by name, which BEiT and EVA in timm keep as a table of zeros."""
    for number, block in enumerate(blocks):
        if f"{block.address} k.bias" in roles:
            yield f"blocks.{number}.attn.k_bias", roles.read(f"{block.address} k.bias")


def _embedding(roles: RoleTensors, sizes: PlainSizes) -> Parameters:
    yield "patch_embed.proj.weight", _kernel(roles, sizes)
    yield from _copied(roles, "", {"patch_embed.bias": "patch_embed.proj.bias"})
    yield from _copied(roles, "", _module("patch_embed.norm", "patch_embed.norm"))
    for role, name in _module("flat_norm", "patch_embed.flat_norm").items():
        if role in roles:
            yield name, _colours_first(roles.read(role), sizes)[0].flatten()
    for name in ("norm_pre", "norm", "fc_norm"):
        yield from _copied(roles, "", _module(name, name))
    yield from _copied(roles, "", {_TABLE: f"rel_pos_bias.{_TABLE}"})
    yield from _tokens(roles, sizes)


def _tokens(roles: RoleTensors, sizes: PlainSizes) -> Parameters:
    """Prefix tokens and position embedding.

    timm gives a position to all prefix tokens or to none; where only those before the registers
    have one, it is added to the tokens themselves, which is the same.
    """
    tokens = [roles.read(r) for r in ("cls_token", "dist_token", "register_tokens") if r in roles]
    prefix = torch.cat(tokens) if tokens else torch.empty(0, sizes.embed_dim)
    if "pos_embed" in roles:
        positions, placed = roles.read("pos_embed"), sizes.placed_prefix
        if placed < len(sizes.prefix):
            prefix[:placed] += positions[:placed]
            positions = positions[placed:]
        yield "pos_embed", positions[None]
    if sizes.class_token:
        yield "cls_token", prefix[None, :1]
    if sizes.registers:
        yield "reg_token", prefix[None, len(prefix) - sizes.registers :]


def _kernel(roles: RoleTensors, sizes: PlainSizes) -> Tensor:
    """(d, colours, rows, columns); a linear layer over flat patches has the colours last."""
    if FLAT_EMBEDDING not in roles:
        return roles.read("patch_embed.weight")
    return _colours_first(roles.read(FLAT_EMBEDDING), sizes)


def _colours_first(flat: Tensor, sizes: PlainSizes) -> Tensor:
    """(n, rows * columns * colours) -> (n, colours, rows, columns)."""
    return flat.reshape(-1, *sizes.patch, sizes.channels).permute(0, 3, 1, 2).contiguous()


def _block(roles: RoleTensors, block: BlockOutline, style: Style) -> Parameters:
    at = f"{block.address} "
    roles.set_aside(f"{at}bias_mask")
    yield from _attention(roles, at, style)
    first, second = _SCALES[style]
    yield from _copied(
        roles,
        at,
        {
            **_module("norm1", "norm1"),
            **_module("norm2", "norm2"),
            **_module("out", "attn.proj"),
            **_module("q_norm", "attn.q_norm"),
            **_module("k_norm", "attn.k_norm"),
            **_module("attn_norm", "attn.norm"),
            **_module("mlp.norm", "mlp.norm"),
            **_module("mlp.out", "mlp.fc2"),
            _TABLE: f"attn.{_TABLE}",
            "layer_scale1": first,
            "layer_scale2": second,
        },
    )
    yield from _mlp_input(roles, at, style)


def _attention(roles: RoleTensors, at: str, style: Style) -> Parameters:
    weights = [roles.read(f"{at}{letter}.weight") for letter in "qkv"]
    yield "attn.qkv.weight", torch.cat(weights)
    if not any(f"{at}{letter}.bias" in roles for letter in "qkv"):
        return
    biases = {
        letter: roles.read(f"{at}{letter}.bias")
        if f"{at}{letter}.bias" in roles
        else torch.zeros(len(weight))
        for letter, weight in zip("qkv", weights, strict=True)
    }
    if style == "vision_transformer":
        yield "attn.qkv.bias", torch.cat(list(biases.values()))
    else:
        yield "attn.q_bias", biases["q"]
        yield "attn.v_bias", biases["v"]


def _mlp_input(roles: RoleTensors, at: str, style: Style) -> Parameters:
    """The first layer of the MLP; timm keeps gate and input apart in some of its classes."""
    for word in ("weight", "bias"):
        if f"{at}mlp.in.{word}" not in roles:
            continue
        wide = roles.read(f"{at}mlp.in.{word}")
        if f"{at}mlp.gate.{word}" not in roles:
            yield f"mlp.fc1.{word}", wide
        elif style == "vision_transformer":
            yield f"mlp.fc1.{word}", torch.cat([roles.read(f"{at}mlp.gate.{word}"), wide])
        else:
            yield f"mlp.fc1_g.{word}", roles.read(f"{at}mlp.gate.{word}")
            yield f"mlp.fc1_x.{word}", wide


def _pooling(roles: RoleTensors) -> Parameters:
    """A latent token that attends to all (SigLIP); Hugging Face has its q, k and v in one."""
    if "pool.latent" not in roles:
        return
    latent = roles.read("pool.latent")
    yield "attn_pool.latent", latent.reshape(1, -1, latent.shape[-1])
    for word in ("weight", "bias"):
        if f"pool.qkv.{word}" in roles:
            query, key, value = roles.read(f"pool.qkv.{word}").chunk(3)
            yield f"attn_pool.q.{word}", query.contiguous()
            yield f"attn_pool.kv.{word}", torch.cat([key, value])
    yield from _copied(
        roles,
        "",
        {
            **_module("pool.q", "attn_pool.q"),
            **_module("pool.kv", "attn_pool.kv"),
            **_module("pool.out", "attn_pool.proj"),
            **_module("pool.norm", "attn_pool.norm"),
            **_module("pool.mlp.in", "attn_pool.mlp.fc1"),
            **_module("pool.mlp.out", "attn_pool.mlp.fc2"),
        },
    )


def _module(role: str, name: str) -> dict[str, str]:
    return {f"{role}.{word}": f"{name}.{word}" for word in ("weight", "bias")}


def _copied(roles: RoleTensors, at: str, names: dict[str, str]) -> Parameters:
    for role, name in names.items():
        if f"{at}{role}" in roles:
            yield name, roles.read(f"{at}{role}")
