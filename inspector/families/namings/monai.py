"""MONAI's encoders of medical volumes: the ViT of UNETR and the Swin of SwinUNETR."""

from inspector.families.naming import Kind, Naming

_MLP = {
    "mlp.linear1.*": "mlp.in.*",
    "mlp.linear2.*": "mlp.out.*",
    "mlp.fc1.*": "mlp.in.*",
    "mlp.fc2.*": "mlp.out.*",
}

SWIN = Naming(
    source="MONAI",
    blocks=("layers{n}.0.blocks.{b}.",),
    inside={
        "norm1.*": "norm1.*",
        "norm2.*": "norm2.*",
        "attn.qkv.*": "qkv.*",
        "attn.proj.*": "out.*",
        "attn.relative_position_bias_table": "relative_position_bias_table",
        **_MLP,
    },
    outside={
        "patch_embed.proj.*": "patch_embed.*",
        "patch_embed.norm.*": "patch_embed.norm.*",
        "layers{n}.0.downsample.reduction.*": "downsample.{s}.reduction.*",
        "layers{n}.0.downsample.norm.*": "downsample.{s}.norm.*",
        "norm.*": "norm.*",
    },
    kinds=(Kind("Swin"),),
    head_dim=32,
)

VIT = Naming(
    source="MONAI",
    blocks=("blocks.{b}.",),
    inside={
        "norm1.*": "norm1.*",
        "norm2.*": "norm2.*",
        "attn.qkv.*": "qkv.*",
        "attn.out_proj.*": "out.*",
        **_MLP,
    },
    outside={
        "patch_embedding.patch_embeddings.*": "patch_embed.*",
        "patch_embedding.patch_embeddings.1.weight": "patch_embed.weight (row, column, colour)",
        "patch_embedding.patch_embeddings.1.bias": "patch_embed.bias",
        "patch_embedding.position_embeddings": "pos_embed",
        "patch_embedding.cls_token": "cls_token",
        "cls_token": "cls_token",
        "norm.*": "norm.*",
    },
    above={"classification_head.0.*": "head.*"},
    kinds=(Kind("ViT"),),
)
