"""Swin in MMDetection, MMSegmentation and MMPretrain, 2.x and 3.x."""

import re
from collections.abc import Mapping

from inspector.families.naming import Kind, Naming

_LAST_NORM = "detection_norm.3"
_MERGING = re.compile(r"downsample\.(\d+)\.")


def _as_others_call_them(roles: Mapping[str, str]) -> dict[str, str]:
    """A classifier's one norm, and merging that begins a stage, as in other namings.

    The norm after the last stage is what others call ``norm``. MMPretrain's Swin-v2 merges where a
    stage begins, not where one ends.
    """
    norms = {role.rpartition(".")[0] for role in roles if role.startswith("detection_norm.")}
    begins = not any(role.startswith("downsample.0.") for role in roles)
    renamed = {}
    for role, name in roles.items():
        new = role.replace(_LAST_NORM, "norm") if norms == {_LAST_NORM} else role
        stage = _MERGING.match(role)
        if begins and stage:
            new = f"downsample.{int(stage[1]) - 1}.{role[stage.end() :]}"
        renamed[new] = name
    return renamed


NAMING = Naming(
    source="MMDetection",
    blocks=("stages.{s}.blocks.{b}.",),
    inside={
        "norm1.*": "norm1.*",
        "norm2.*": "norm2.*",
        "attn.w_msa.qkv.*": "qkv.*",
        "attn.w_msa.q_bias": "q.bias",
        "attn.w_msa.v_bias": "v.bias",
        "attn.w_msa.proj.*": "out.*",
        "attn.w_msa.relative_position_bias_table": "relative_position_bias_table",
        "attn.w_msa.logit_scale": "logit_scale",
        "attn.w_msa.cpb_mlp.0.*": "position_mlp.in.*",
        "attn.w_msa.cpb_mlp.2.*": "position_mlp.out.*",
        "ffn.layers.0.0.*": "mlp.in.*",
        "ffn.layers.1.*": "mlp.out.*",
    },
    outside={
        "patch_embed.projection.*": "patch_embed.*",
        "patch_embed.norm.*": "patch_embed.norm.*",
        "absolute_pos_embed": "pos_embed",
        "mask_token": "mask_token",
        "stages.{s}.downsample.reduction.weight": "downsample.{s}.reduction.weight (unfold order)",
        "stages.{s}.downsample.norm.weight": "downsample.{s}.norm.weight (unfold order)",
        "stages.{s}.downsample.norm.bias": "downsample.{s}.norm.bias (unfold order)",
        "norm0.*": "detection_norm.0.*",
        "norm1.*": "detection_norm.1.*",
        "norm2.*": "detection_norm.2.*",
        "norm3.*": "detection_norm.3.*",
    },
    above={"head.fc.*": "head.*", "cls_head.fc.*": "head.*"},
    kinds=(Kind("Swin-v2", has=("logit_scale",)), Kind("Swin")),
    head_dim=32,
    adjust=_as_others_call_them,
)
