"""timm's Beit: tables of relative positions, shared by the blocks or of each; BEiT and SimMIM."""

from typing import Any

from torch import nn

from inspector.core.errors import CannotRun
from inspector.families.architecture import Architecture
from inspector.families.model import Model
from inspector.families.network import Network
from inspector.families.plain_building import PlainStyle, Plan, activation, build_plain
from inspector.families.plain_kinds import is_plain
from inspector.families.plain_sizes import LOOK

_NAME = "timm Beit"
_TABLE = "relative_position_bias_table"


def _matches(model: Model) -> bool:
    return is_plain(model) == "beit"


def _build(model: Model, device: str) -> Network:
    return build_plain(model, device, PlainStyle(_NAME, "beit", _made, native=False))


def _made(plan: Plan) -> nn.Module:
    from timm.models.beit import Beit

    if plan.sizes.prefix != ("CLS",):
        raise CannotRun(
            "Tables of relative positions are known with one class token only; this model has "
            f"{len(plan.sizes.prefix)} prefix tokens.",
            advice=LOOK,
        )
    module: Any = Beit(
        **plan.common(),
        mlp_ratio=plan.mlp_ratio(halves=False),
        swiglu_mlp=plan.gated,
        scale_mlp=plan.has("mlp.norm.weight"),
        use_abs_pos_emb="pos_embed" in plan.roles,
        use_rel_pos_bias=plan.has(_TABLE),
        use_shared_rel_pos_bias=_TABLE in plan.roles,
    )
    if not plan.gated:
        for block in module.blocks:
            block.mlp.act = activation(plan.facts.activation)()
    whole: nn.Module = module
    return whole


ARCHITECTURE = Architecture(name=_NAME, matches=_matches, build=_build)
