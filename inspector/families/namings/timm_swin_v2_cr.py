"""timm's other Swin-v2 (``swinv2_cr``), written from the paper: its stages are called stages."""

from dataclasses import replace

from inspector.families.naming import Kind
from inspector.families.namings import timm_swin

NAMING = replace(
    timm_swin.NAMING,
    blocks=("stages.{s}.blocks.{b}.",),
    inside={
        **timm_swin.BLOCK,
        "norm3.*": "norm3.*",
        "attn.meta_mlp.fc1.*": "position_mlp.in.*",
        "attn.meta_mlp.fc2.*": "position_mlp.out.*",
    },
    outside={
        "patch_embed.proj.*": "patch_embed.*",
        "patch_embed.norm.*": "patch_embed.norm.*",
        "stages.{n}.downsample.reduction.*": "downsample.{s}.reduction.*",
        "stages.{n}.downsample.norm.*": "downsample.{s}.norm.*",
        "norm.*": "norm.*",
    },
    kinds=(Kind("Swin-v2 (CR)", has=("logit_scale",)), Kind("Swin")),
)
