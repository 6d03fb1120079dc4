"""torchvision's SwinTransformer: stages are the odd features, patch merging the even ones."""

from dataclasses import replace

from inspector.families.naming import Kind, Naming

_BLOCK = {
    "norm1.*": "norm1.*",
    "norm2.*": "norm2.*",
    "attn.qkv.*": "qkv.*",
    "attn.proj.*": "out.*",
    "attn.relative_position_bias_table": "relative_position_bias_table",
    "mlp.0.*": "mlp.in.*",
    "mlp.3.*": "mlp.out.*",
}

NAMING = Naming(
    source="torchvision",
    blocks=("features.{o}.{b}.",),
    inside=_BLOCK,
    outside={
        "features.0.0.*": "patch_embed.*",
        "features.0.2.*": "patch_embed.norm.*",
        "features.{e}.reduction.*": "downsample.{s}.reduction.*",
        "features.{e}.norm.*": "downsample.{s}.norm.*",
        "norm.*": "norm.*",
    },
    above={"head.*": "head.*", "classifier.*": "head.*", "fc.*": "head.*"},
    kinds=(Kind("Swin"),),
    head_dim=32,
)

# The second version stores a bias for the key and sets it to zero whenever it is used.
V2 = replace(
    NAMING,
    inside={
        **_BLOCK,
        "attn.logit_scale": "logit_scale",
        "attn.cpb_mlp.0.*": "position_mlp.in.*",
        "attn.cpb_mlp.2.*": "position_mlp.out.*",
    },
    kinds=(Kind("Swin-v2"),),
    zero_key_bias=True,
)
