"""timm's pyramids with a reduced key and value: PVT-v2 and Twins."""

from dataclasses import replace

from inspector.families.naming import Kind, Naming
from inspector.families.namings.timm_vit import BLOCK, HEADS

_INSIDE = {
    **{rest: role for rest, role in BLOCK.items() if rest != "attn.norm.*"},
    "attn.sr.*": "reduction.*",
    "attn.norm.*": "reduction_norm.*",
    "mlp.dwconv.*": "mlp.depthwise.*",
}

PVT = Naming(
    source="timm",
    blocks=("stages.{s}.blocks.{b}.",),
    inside=_INSIDE,
    outside={
        "patch_embed.proj.*": "patch_embed.*",
        "patch_embed.norm.*": "patch_embed.norm.*",
        "stages.{n}.downsample.proj.*": "downsample.{s}.reduction.*",
        "stages.{n}.downsample.norm.*": "downsample.{s}.norm.*",
        "stages.{i}.norm.*": "stage_norm.{i}.*",
    },
    above=HEADS,
    kinds=(Kind("PVT"),),
    head_dim=0,
)

TWINS = replace(
    PVT,
    blocks=("blocks.{s}.{b}.",),
    outside={
        "patch_embeds.0.proj.*": "patch_embed.*",
        "patch_embeds.0.norm.*": "patch_embed.norm.*",
        "patch_embeds.{n}.proj.*": "downsample.{s}.reduction.*",
        "patch_embeds.{n}.norm.*": "downsample.{s}.norm.*",
        "pos_block.{i}.proj.0.*": "position.{i}.*",
        "norm.*": "norm.*",
    },
    kinds=(Kind("Twins"),),
)
