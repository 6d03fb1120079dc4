"""Google's Flax ViT (``.npz``): kernels are (in, out), those of attention have an axis of heads."""

from inspector.families.naming import Kind, Naming

_ATTENTION = "MultiHeadDotProductAttention_1/"
_FLAT = "patch_embed.weight (row, column, colour)"

NAMING = Naming(
    source="Flax ViT",
    blocks=("Transformer/encoderblock_{b}/",),
    inside={
        "LayerNorm_0/scale": "norm1.weight",
        "LayerNorm_0/bias": "norm1.bias",
        "LayerNorm_2/scale": "norm2.weight",
        "LayerNorm_2/bias": "norm2.bias",
        _ATTENTION + "query/kernel": "q.weight",
        _ATTENTION + "query/bias": "q.bias",
        _ATTENTION + "key/kernel": "k.weight",
        _ATTENTION + "key/bias": "k.bias",
        _ATTENTION + "value/kernel": "v.weight",
        _ATTENTION + "value/bias": "v.bias",
        _ATTENTION + "out/kernel": "out.weight",
        _ATTENTION + "out/bias": "out.bias",
        "MlpBlock_3/Dense_0/kernel": "mlp.in.weight",
        "MlpBlock_3/Dense_0/bias": "mlp.in.bias",
        "MlpBlock_3/Dense_1/kernel": "mlp.out.weight",
        "MlpBlock_3/Dense_1/bias": "mlp.out.bias",
    },
    outside={
        "cls": "cls_token",
        "embedding/kernel": _FLAT,
        "embedding/bias": "patch_embed.bias",
        "Transformer/posembed_input/pos_embedding": "pos_embed",
        "Transformer/encoder_norm/scale": "norm.weight",
        "Transformer/encoder_norm/bias": "norm.bias",
        "pre_logits/kernel": "pre_logits.weight",
        "pre_logits/bias": "pre_logits.bias",
        "head/kernel": "head.weight",
        "head/bias": "head.bias",
    },
    kinds=(Kind("ViT"),),
    transposed=frozenset(
        {
            "q.weight",
            "k.weight",
            "v.weight",
            "out.weight",
            "mlp.in.weight",
            "mlp.out.weight",
            "pre_logits.weight",
            "head.weight",
            _FLAT,
        }
    ),
)
