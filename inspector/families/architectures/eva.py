"""timm's Eva: rotary position embedding; EVA, EVA-02 and DINOv3."""

from typing import Any

from torch import nn

from inspector.core.errors import CannotRun
from inspector.families.architecture import Architecture
from inspector.families.model import Model
from inspector.families.network import Network
from inspector.families.plain_building import PlainStyle, Plan, activation, build_plain
from inspector.families.plain_kinds import is_plain
from inspector.families.plain_sizes import LOOK

_NAME = "timm Eva"
_PERIODS = "rope_embed.periods"

# EVA-02 was trained on 16 x 16 patches; on other grids places are scaled to that one.
_GRID_OF_EVA02 = (16, 16)
_BASES = {"EVA-02": 10000.0, "DINOv3": 100.0}
_LAYOUTS = {
    "EVA-02": "places scaled to a grid of 16 × 16, neighbouring numbers turned together",
    "DINOv3": "places from −1 to 1 along each side, halves of the numbers turned together",
}


def _matches(model: Model) -> bool:
    return is_plain(model) == "eva"


def _build(model: Model, device: str) -> Network:
    family = model.outline.family

    def stored_periods(module: Any) -> None:
        """DINOv3's own files hold the periods, in the precision that it was trained with."""
        name = model.outline.stripped + _PERIODS
        tensor = model.checkpoint.tensors.get(name)
        if tensor is not None and family == "DINOv3":
            _put_periods(module, tensor.numpy(), name)

    kind = PlainStyle(
        _NAME,
        "eva",
        lambda plan: _made(plan, family),
        native=True,
        rotary=family in _BASES,
        notes=_notes(family),
        tables=stored_periods,
    )
    return build_plain(model, device, kind)


def _made(plan: Plan, family: str) -> nn.Module:
    from timm.models.eva import Eva

    sizes = plan.sizes
    module: Any = Eva(
        **plan.common(),
        mlp_ratio=plan.mlp_ratio(halves=False),
        swiglu_mlp=plan.gated,
        swiglu_align_to=1 if plan.gated else 0,
        use_post_norm=plan.facts.norm_after,
        scale_mlp=plan.has("mlp.norm.weight"),
        scale_attn_inner=plan.has("attn_norm.weight"),
        qk_norm=plan.has("q_norm.weight"),
        class_token=sizes.class_token,
        num_reg_tokens=sizes.registers,
        no_embed_class=sizes.placed_prefix < len(sizes.prefix),
        use_abs_pos_emb="pos_embed" in plan.roles,
        dynamic_img_size=True,
        **_rotation(plan, family),
    )
    if not plan.gated:
        for block in module.blocks:
            block.mlp.act = activation(plan.facts.activation)()
    whole: nn.Module = module
    return whole


def _rotation(plan: Plan, family: str) -> dict[str, Any]:
    if family not in _BASES:
        return {}
    if plan.sizes.head_dim % 4:
        raise CannotRun(
            f"Rows and columns are turned by quarters of a head; {plan.sizes.head_dim} rows have "
            "none.",
            advice=LOOK,
        )
    base = plan.facts.rope_base or _BASES[family]
    if family == "DINOv3":
        return {
            "use_rot_pos_emb": True,
            "rope_type": "dinov3",
            "rope_temperature": base,
            "rope_rotate_half": True,
        }
    return {
        "use_rot_pos_emb": True,
        "rope_temperature": base,
        "ref_feat_shape": _GRID_OF_EVA02,
    }


def _notes(family: str) -> tuple[str, ...]:
    if family not in _BASES:
        return ()
    return (f"The rotary embedding is not in the file: that of {family}, {_LAYOUTS[family]}.",)


def _put_periods(module: Any, periods: Any, name: str) -> None:
    import numpy as np
    import torch

    held = module.rope.periods
    if periods.shape != tuple(held.shape):
        raise CannotRun(
            f"“{name}” has {periods.shape[0]} numbers where heads of this width have {len(held)}.",
            advice=LOOK,
        )
    held.copy_(torch.from_numpy(np.array(periods, np.float32)))


ARCHITECTURE = Architecture(name=_NAME, matches=_matches, build=_build)
