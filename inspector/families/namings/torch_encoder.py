"""torch's ``nn.TransformerEncoder``, alone or inside a model of one's own."""

from inspector.families.naming import Kind, Naming

_AROUND = {
    "cls_token": "cls_token",
    "class_token": "cls_token",
    "pos_embed": "pos_embed",
    "pos_embedding": "pos_embed",
    "patch_embed.*": "patch_embed.*",
    "patch_embed.proj.*": "patch_embed.*",
    "patch_embedding.*": "patch_embed.*",
    "conv_proj.*": "patch_embed.*",
    "norm.*": "norm.*",
    "head.*": "head.*",
    "mlp_head.*": "head.*",
    "classifier.*": "head.*",
    "fc.*": "head.*",
}

NAMING = Naming(
    source="torch nn.TransformerEncoder",
    blocks=("layers.{b}.",),
    inside={
        "norm1.*": "norm1.*",
        "norm2.*": "norm2.*",
        "self_attn.in_proj_*": "qkv.*",
        "self_attn.q_proj_weight": "q.weight",
        "self_attn.k_proj_weight": "k.weight",
        "self_attn.v_proj_weight": "v.weight",
        "self_attn.out_proj.*": "out.*",
        "linear1.*": "mlp.in.*",
        "linear2.*": "mlp.out.*",
    },
    above=_AROUND,
    kinds=(Kind("ViT", has=("patch_embed.weight",)), Kind("transformer encoder")),
)
