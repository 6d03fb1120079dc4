"""timm's MaxViT and CoAtNet: convolutions between, and q, k, v of one head after another's."""

from collections.abc import Mapping

from inspector.families.naming import Kind, Naming, Shape
from inspector.families.namings.timm_vit import BLOCK, HEADS


def _head_first(shapes: Mapping[str, Shape]) -> bool:
    """The variants ported from TensorFlow, whose bias table is H x rows x columns, are not."""
    return len(shapes.get("relative_position_bias_table", ())) != 3


NAMING = Naming(
    source="timm",
    blocks=(
        "stages.{s}.blocks.{b}.attn_block.",
        "stages.{s}.blocks.{b}.attn_grid.",
        "stages.{s}.blocks.{b}.",
    ),
    inside={
        **{rest: role for rest, role in BLOCK.items() if rest.startswith(("norm", "mlp", "ls"))},
        "norm1.norm.*": "norm1.*",
        "attn.qkv.*": "qkv.*",
        "attn.proj.*": "out.*",
        "attn.rel_pos.relative_position_bias_table": "relative_position_bias_table",
        "attn.rel_pos.mlp.fc1.*": "position_mlp.in.*",
        "attn.rel_pos.mlp.fc2.*": "position_mlp.out.*",
        "shortcut.expand.*": "shortcut.*",
    },
    outside={
        "stem.conv1.*": "stem.conv1.*",
        "stem.norm1.*": "stem.norm1.*",
        "stem.conv2.*": "stem.conv2.*",
        "norm.*": "norm.*",
        "head.norm.*": "norm.*",
        "head.pre_logits.fc.*": "pre_logits.*",
    },
    above=HEADS,
    kinds=(
        Kind("MaxViT", has=("stages.#.blocks.#.attn_grid.attn.qkv.weight",)),
        Kind("CoAtNet"),
    ),
    head_dim=32,
    head_first=_head_first,
    hybrid=True,
)
