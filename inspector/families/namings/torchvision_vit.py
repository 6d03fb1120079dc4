"""torchvision's VisionTransformer."""

from inspector.families.naming import Kind, Naming

NAMING = Naming(
    source="torchvision",
    blocks=("encoder.layers.encoder_layer_{b}.",),
    inside={
        "ln_1.*": "norm1.*",
        "ln_2.*": "norm2.*",
        "self_attention.in_proj_*": "qkv.*",
        "self_attention.out_proj.*": "out.*",
        "mlp.0.*": "mlp.in.*",
        "mlp.3.*": "mlp.out.*",
        "mlp.linear_1.*": "mlp.in.*",
        "mlp.linear_2.*": "mlp.out.*",
    },
    outside={
        "class_token": "cls_token",
        "conv_proj.*": "patch_embed.*",
        "encoder.pos_embedding": "pos_embed",
        "encoder.ln.*": "norm.*",
        "heads.pre_logits.*": "pre_logits.*",
        "heads.head.*": "head.*",
    },
    above={"head.*": "head.*", "classifier.*": "head.*", "fc.*": "head.*"},
    kinds=(Kind("ViT"),),
)
