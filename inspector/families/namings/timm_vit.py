"""timm's plain transformers, and the files of DeiT, DINO, MAE, BEiT, EVA and I-JEPA they follow."""

from collections.abc import Mapping

from inspector.families.naming import Kind, Naming

BLOCK = {
    "norm1.*": "norm1.*",
    "norm2.*": "norm2.*",
    "norm3.*": "norm3.*",
    "attn.qkv.*": "qkv.*",
    "attn.qk.*": "qk.*",
    "attn.q.*": "q.*",
    "attn.k.*": "k.*",
    "attn.v.*": "v.*",
    "attn.kv.*": "kv.*",
    "attn.q_proj.*": "q.*",
    "attn.k_proj.*": "k.*",
    "attn.v_proj.*": "v.*",
    "attn.q_bias": "q.bias",
    "attn.k_bias": "k.bias",
    "attn.v_bias": "v.bias",
    "attn.q_norm.*": "q_norm.*",
    "attn.k_norm.*": "k_norm.*",
    "attn.norm.*": "attn_norm.*",
    "attn.inner_attn_ln.*": "attn_norm.*",
    "attn.proj.*": "out.*",
    "attn.relative_position_bias_table": "relative_position_bias_table",
    "attn.rel_pos.relative_position_bias_table": "relative_position_bias_table",
    "attn.rel_pos.mlp.fc1.*": "position_mlp.in.*",
    "attn.rel_pos.mlp.fc2.*": "position_mlp.out.*",
    "attn.rel_pos_h": "rel_pos_h",
    "attn.rel_pos_w": "rel_pos_w",
    "attn.temperature": "temperature",
    "attn.gating_param": "gating_param",
    "attn.pos_proj.*": "pos_proj.*",
    "attn.proj_l.*": "talking_heads1.*",
    "attn.proj_w.*": "talking_heads2.*",
    "mlp.fc1.*": "mlp.in.*",
    "mlp.fc2.*": "mlp.out.*",
    "mlp.fc1_g.*": "mlp.gate.*",
    "mlp.fc1_x.*": "mlp.in.*",
    "mlp.w1.*": "mlp.gate.*",
    "mlp.w2.*": "mlp.in.*",
    "mlp.w3.*": "mlp.out.*",
    "mlp.w12.*": "mlp.in.*",
    "mlp.norm.*": "mlp.norm.*",
    "mlp.ffn_ln.*": "mlp.norm.*",
    "ls1.gamma": "layer_scale1",
    "ls2.gamma": "layer_scale2",
    "gamma_1": "layer_scale1",
    "gamma_2": "layer_scale2",
    "gamma1": "layer_scale1",
    "gamma2": "layer_scale2",
    "gamma3": "layer_scale3",
    "local_mp.conv1.*": "local.in.*",
    "local_mp.conv2.*": "local.out.*",
    "local_mp.bn.*": "local.norm.*",
}

OUTSIDE = {
    "patch_embed.proj.*": "patch_embed.*",
    "patch_embed.norm.*": "patch_embed.norm.*",
    "cls_token": "cls_token",
    "dist_token": "dist_token",
    "reg_token": "register_tokens",
    "register_tokens": "register_tokens",
    "mask_token": "mask_token",
    "pos_embed": "pos_embed",
    "norm_pre.*": "norm_pre.*",
    "norm.*": "norm.*",
    "fc_norm.*": "fc_norm.*",
    "pre_logits.fc.*": "pre_logits.*",
    "rel_pos_bias.relative_position_bias_table": "relative_position_bias_table",
    "shared_rel_pos.relative_position_bias_table": "relative_position_bias_table",
    "shared_rel_pos.mlp.fc1.*": "position_mlp.in.*",
    "shared_rel_pos.mlp.fc2.*": "position_mlp.out.*",
    "embeds.cls_token": "cls_token",
    "embeds.reg_token": "register_tokens",
    "embeds.pos_embed": "pos_embed",
    "embeds.proj.weight": "patch_embed.weight (row, column, colour)",
    "embeds.proj.bias": "patch_embed.bias",
    "attn_pool.latent": "pool.latent",
    "attn_pool.q.*": "pool.q.*",
    "attn_pool.kv.*": "pool.kv.*",
    "attn_pool.proj.*": "pool.out.*",
    "attn_pool.norm.*": "pool.norm.*",
    "attn_pool.mlp.fc1.*": "pool.mlp.in.*",
    "attn_pool.mlp.fc2.*": "pool.mlp.out.*",
}

HEADS = {
    "head.*": "head.*",
    "head.fc.*": "head.*",
    "fc.*": "head.*",
    "classifier.*": "head.*",
    "head_dist.*": "head_dist.*",
}

_POSITIONS = (
    "pos_embed",
    "relative_position_bias_table",
    "rel_pos_h",
    "position_mlp.in.weight",
    "temperature",
)


def _clip_projection(roles: Mapping[str, str]) -> dict[str, str]:
    """Name the last layer of a CLIP tower, which has no bias, for what it is."""
    named = dict(roles)
    is_clip = "norm_pre.weight" in roles and "patch_embed.bias" not in roles
    if is_clip and "head.weight" in roles and "head.bias" not in roles:
        named["projection.weight"] = named.pop("head.weight")
    return named


NAMING = Naming(
    source="timm",
    blocks=("blocks.{b}.",),
    inside=BLOCK,
    outside=OUTSIDE,
    above=HEADS,
    kinds=(
        Kind("XCiT", has=("temperature", "local.in.weight")),
        Kind("CaiT", has=("talking_heads1.weight",)),
        Kind("ConViT", has=("gating_param",)),
        Kind("DeiT", has=("dist_token",)),
        Kind("MAE", has=("decoder_embed.weight",)),
        Kind("SimMIM", has=("mask_token", "decoder.#.weight")),
        Kind("DINOv3", has=("register_tokens", "layer_scale1"), lacks=("pos_embed", "qkv.bias")),
        Kind("BEiT", has=("relative_position_bias_table", "q.bias")),
        Kind("EVA-02", has=("mlp.gate.weight", "q.bias", "pos_embed", "cls_token")),
        Kind("EVA-02", has=("attn_norm.weight", "mlp.norm.weight", "q.bias")),
        Kind("EVA", has=("q.bias", "pos_embed", "cls_token")),
        Kind("DINOv2", has=("register_tokens", "cls_token", "pos_embed", "layer_scale1")),
        Kind("DINOv2", has=("mask_token", "cls_token", "layer_scale1")),
        Kind("DINO", has=("head.last_layer.weight_g",)),
        Kind("SAM", has=("rel_pos_h", "neck.#.weight")),
        Kind("ViTDet", has=("rel_pos_h",)),
        Kind("CLIP", has=("norm_pre.weight", "norm.weight"), lacks=("patch_embed.bias",)),
        Kind("SigLIP", has=("pool.latent",), lacks=("cls_token",)),
        Kind("AIMv2", has=("mlp.gate.weight",), lacks=("cls_token", "norm1.bias", "qkv.bias")),
        Kind("RoPE-ViT", has=("patch_embed.weight", "cls_token"), lacks=_POSITIONS),
        Kind("ViT"),
    ),
    adjust=_clip_projection,
)
