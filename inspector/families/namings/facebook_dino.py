"""The files of DINOv2 while it is trained (blocks in chunks) and of DINOv3 (masked key bias)."""

from dataclasses import replace

from inspector.families.naming import Kind
from inspector.families.namings import timm_vit

CHUNKED = replace(
    timm_vit.NAMING,
    source="DINOv2 (blocks in chunks)",
    blocks=("blocks.{_}.{b}.",),
    kinds=(Kind("DINOv2"),),
)

DINOV3 = replace(
    timm_vit.NAMING,
    source="DINOv3",
    inside={**timm_vit.BLOCK, "attn.qkv.bias_mask": "bias_mask"},
    outside={
        **timm_vit.OUTSIDE,
        "storage_tokens": "register_tokens",
        "cls_norm.*": "cls_norm.*",
        "local_cls_norm.*": "local_cls_norm.*",
    },
    kinds=(Kind("DINOv3"),),
    zero_key_bias=True,
)
