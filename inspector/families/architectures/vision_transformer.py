"""timm's VisionTransformer: ViT, DeiT, DINO, DINOv2, MAE, CLIP, SigLIP, I-JEPA..."""

from typing import Any

from torch import nn

from inspector.families.architecture import Architecture
from inspector.families.model import Model
from inspector.families.network import Network
from inspector.families.plain_building import PlainStyle, Plan, activation, build_plain
from inspector.families.plain_kinds import is_plain

_NAME = "timm VisionTransformer"


def _matches(model: Model) -> bool:
    return is_plain(model) == "vision_transformer"


def _build(model: Model, device: str) -> Network:
    return build_plain(model, device, PlainStyle(_NAME, "vision_transformer", _made, native=True))


def _made(plan: Plan) -> nn.Module:
    from timm.layers.mlp import Mlp, SwiGLUPacked
    from timm.models.vision_transformer import Block, ResPostBlock, VisionTransformer

    sizes = plan.sizes
    mlp: Any = SwiGLUPacked if plan.gated else Mlp
    module = VisionTransformer(
        **plan.common(),
        block_fn=ResPostBlock if plan.facts.norm_after else Block,
        mlp_ratio=plan.mlp_ratio(halves=True),
        mlp_layer=mlp,
        act_layer=nn.SiLU if plan.gated else activation(plan.facts.activation),
        qk_norm=plan.has("q_norm.weight"),
        scale_attn_norm=plan.has("attn_norm.weight"),
        scale_mlp_norm=plan.has("mlp.norm.weight"),
        proj_bias=plan.has("out.bias"),
        class_token=sizes.class_token,
        reg_tokens=sizes.registers,
        no_embed_class=sizes.placed_prefix < len(sizes.prefix),
        pos_embed="learn" if "pos_embed" in plan.roles else "none",
        dynamic_img_size=True,
        weight_init="skip",
    )
    if sizes.heads * sizes.head_dim != sizes.embed_dim:
        _widen(module, plan)
    whole: nn.Module = module
    return whole


def _widen(module: Any, plan: Plan) -> None:
    """Heads whose rows together are not as wide as the tokens."""
    from timm.layers.attention import Attention

    norm: Any = plan.norm()
    for block in module.blocks:
        block.attn = Attention(
            plan.sizes.embed_dim,
            num_heads=plan.sizes.heads,
            attn_head_dim=plan.sizes.head_dim,
            qkv_bias=plan.has_bias,
            qk_norm=plan.has("q_norm.weight"),
            scale_norm=plan.has("attn_norm.weight"),
            proj_bias=plan.has("out.bias"),
            norm_layer=norm,
        )


ARCHITECTURE = Architecture(name=_NAME, matches=_matches, build=_build)
