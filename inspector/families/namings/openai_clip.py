"""OpenAI's CLIP and open_clip: the vision tower."""

from inspector.families.naming import Kind, Naming

NAMING = Naming(
    source="OpenAI CLIP",
    blocks=("transformer.resblocks.{b}.",),
    inside={
        "ln_1.*": "norm1.*",
        "ln_2.*": "norm2.*",
        "attn.in_proj_*": "qkv.*",
        "attn.q_proj_weight": "q.weight",
        "attn.k_proj_weight": "k.weight",
        "attn.v_proj_weight": "v.weight",
        "attn.out_proj.*": "out.*",
        "mlp.c_fc.*": "mlp.in.*",
        "mlp.c_proj.*": "mlp.out.*",
        "ls_1.gamma": "layer_scale1",
        "ls_2.gamma": "layer_scale2",
    },
    outside={
        "conv1.*": "patch_embed.*",
        "class_embedding": "cls_token",
        "positional_embedding": "pos_embed",
        "ln_pre.*": "norm_pre.*",
        "ln_post.*": "norm.*",
        "proj": "projection.weight",
    },
    above={"head.*": "head.*", "classifier.*": "head.*", "fc.*": "head.*"},
    kinds=(Kind("CLIP"),),
    transposed=frozenset({"projection.weight"}),
)
