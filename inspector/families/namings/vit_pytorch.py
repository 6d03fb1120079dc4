"""lucidrains' vit-pytorch, its newer and its older names."""

from collections.abc import Mapping

from inspector.families.naming import Kind, Naming

_FLAT = "patch_embed.weight (row, column, colour)"


def _newer_or_older(roles: Mapping[str, str]) -> dict[str, str]:
    """Newer embeddings are norm, linear, norm (1, 2, 3); older ones one linear layer (1)."""
    named = dict(roles)
    if _FLAT not in named and "flat_norm.weight" in named:
        named[_FLAT] = named.pop("flat_norm.weight")
        named["patch_embed.bias"] = named.pop("flat_norm.bias")
    return named


NAMING = Naming(
    source="vit-pytorch",
    blocks=("transformer.layers.{b}.",),
    inside={
        "0.norm.*": "norm1.*",
        "0.to_qkv.*": "qkv.*",
        "0.to_q.*": "q.*",
        "0.to_kv.*": "kv.*",
        "0.to_k.*": "k.*",
        "0.to_v.*": "v.*",
        "0.to_out.*": "out.*",
        "0.to_out.0.*": "out.*",
        "0.fn.to_qkv.*": "qkv.*",
        "0.fn.to_out.0.*": "out.*",
        "0.temperature": "temperature",
        "1.net.0.*": "norm2.*",
        "1.net.1.*": "mlp.in.*",
        "1.net.3.*": "mlp.out.*",
        "1.net.4.*": "mlp.out.*",
        "1.norm.*": "norm2.*",
        "1.fn.net.0.*": "mlp.in.*",
        "1.fn.net.3.*": "mlp.out.*",
    },
    outside={
        "cls_token": "cls_token",
        "distill_token": "dist_token",
        "pos_embedding": "pos_embed",
        "to_patch_embedding.1.*": "flat_norm.*",
        "to_patch_embedding.2.weight": _FLAT,
        "to_patch_embedding.2.bias": "patch_embed.bias",
        "to_patch_embedding.3.*": "patch_embed.norm.*",
        "transformer.norm.*": "norm.*",
        "mlp_head.*": "head.*",
        "mlp_head.0.*": "norm.*",
        "mlp_head.1.*": "head.*",
        "linear_head.*": "head.*",
        "linear_head.0.*": "norm.*",
        "linear_head.1.*": "head.*",
    },
    kinds=(Kind("ViT"),),
    adjust=_newer_or_older,
)
