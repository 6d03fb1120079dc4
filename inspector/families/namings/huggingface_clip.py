"""Hugging Face's CLIP and SigLIP: the vision tower."""

from inspector.families.naming import Kind, Naming

NAMING = Naming(
    source="Hugging Face",
    blocks=("encoder.layers.{b}.",),
    inside={
        "layer_norm1.*": "norm1.*",
        "layer_norm2.*": "norm2.*",
        "self_attn.q_proj.*": "q.*",
        "self_attn.k_proj.*": "k.*",
        "self_attn.v_proj.*": "v.*",
        "self_attn.out_proj.*": "out.*",
        "mlp.fc1.*": "mlp.in.*",
        "mlp.fc2.*": "mlp.out.*",
    },
    outside={
        "embeddings.class_embedding": "cls_token",
        "embeddings.patch_embedding.*": "patch_embed.*",
        "embeddings.position_embedding.weight": "pos_embed",
        "pre_layrnorm.*": "norm_pre.*",
        "post_layernorm.*": "norm.*",
        "head.probe": "pool.latent",
        "head.attention.in_proj_*": "pool.qkv.*",
        "head.attention.out_proj.*": "pool.out.*",
        "head.layernorm.*": "pool.norm.*",
        "head.mlp.fc1.*": "pool.mlp.in.*",
        "head.mlp.fc2.*": "pool.mlp.out.*",
    },
    above={"visual_projection.weight": "projection.weight", "classifier.*": "head.*"},
    kinds=(
        Kind("SigLIP", has=("patch_embed.weight",), lacks=("cls_token",)),
        Kind("CLIP", has=("patch_embed.weight",)),
        Kind("transformer encoder"),
    ),
)
