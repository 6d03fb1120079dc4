"""Swin and Swin-v2 in timm and in Microsoft's own code, which differ in where stages begin."""

from dataclasses import replace

from inspector.families.naming import Kind, Naming
from inspector.families.namings.timm_vit import HEADS

BLOCK = {
    "norm1.*": "norm1.*",
    "norm2.*": "norm2.*",
    "attn.qkv.*": "qkv.*",
    "attn.q_bias": "q.bias",
    "attn.k_bias": "k.bias",
    "attn.v_bias": "v.bias",
    "attn.proj.*": "out.*",
    "attn.relative_position_bias_table": "relative_position_bias_table",
    "attn.logit_scale": "logit_scale",
    "attn.cpb_mlp.0.*": "position_mlp.in.*",
    "attn.cpb_mlp.2.*": "position_mlp.out.*",
    "mlp.fc1.*": "mlp.in.*",
    "mlp.fc2.*": "mlp.out.*",
}

KINDS = (Kind("Swin-v2", has=("logit_scale",)), Kind("Swin"))

NAMING = Naming(
    source="timm",
    blocks=("layers.{s}.blocks.{b}.",),
    inside=BLOCK,
    outside={
        "patch_embed.proj.*": "patch_embed.*",
        "patch_embed.norm.*": "patch_embed.norm.*",
        "mask_token": "mask_token",
        "pos_embed": "pos_embed",
        "absolute_pos_embed": "pos_embed",
        "layers.{n}.downsample.reduction.*": "downsample.{s}.reduction.*",
        "layers.{n}.downsample.norm.*": "downsample.{s}.norm.*",
        "norm.*": "norm.*",
    },
    above=HEADS,
    kinds=KINDS,
    head_dim=32,
)

OFFICIAL = replace(
    NAMING,
    source="official Swin",
    outside={
        **{pattern.replace("{n}", "{s}"): role for pattern, role in NAMING.outside.items()},
        **{f"norm{stage}.*": f"detection_norm.{stage}.*" for stage in range(4)},
    },
)
