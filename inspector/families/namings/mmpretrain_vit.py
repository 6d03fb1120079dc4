"""ViT, DeiT, BEiT, MAE and DINOv2 in MMPretrain and MMSegmentation."""

from inspector.families.naming import Kind, Naming

NAMING = Naming(
    source="MMPretrain",
    blocks=("layers.{b}.",),
    inside={
        "ln1.*": "norm1.*",
        "ln2.*": "norm2.*",
        "norm1.*": "norm1.*",
        "norm2.*": "norm2.*",
        "attn.qkv.*": "qkv.*",
        "attn.q_bias": "q.bias",
        "attn.v_bias": "v.bias",
        "attn.proj.*": "out.*",
        "attn.attn.in_proj_*": "qkv.*",
        "attn.attn.out_proj.*": "out.*",
        "attn.relative_position_bias_table": "relative_position_bias_table",
        "attn.gamma1.weight": "layer_scale1",
        "ffn.gamma2.weight": "layer_scale2",
        "gamma_1": "layer_scale1",
        "gamma_2": "layer_scale2",
        "ffn.layers.0.0.*": "mlp.in.*",
        "ffn.layers.1.*": "mlp.out.*",
        "ffn.w12.*": "mlp.in.*",
        "ffn.w3.*": "mlp.out.*",
    },
    outside={
        "patch_embed.projection.*": "patch_embed.*",
        "cls_token": "cls_token",
        "dist_token": "dist_token",
        "mask_token": "mask_token",
        "pos_embed": "pos_embed",
        "rel_pos_bias.relative_position_bias_table": "relative_position_bias_table",
        "pre_norm.*": "norm_pre.*",
        "ln1.*": "norm.*",
        "norm1.*": "norm.*",
        "ln2.*": "fc_norm.*",
    },
    above={
        "head.layers.head.*": "head.*",
        "head.layers.head_dist.*": "head_dist.*",
        "head.fc.*": "head.*",
        "cls_head.layers.head.*": "head.*",
    },
    kinds=(
        Kind("DeiT", has=("dist_token",)),
        Kind("BEiT", has=("relative_position_bias_table", "q.bias")),
        Kind("DINOv2", has=("layer_scale1", "cls_token", "pos_embed")),
        Kind("ViT"),
    ),
)
