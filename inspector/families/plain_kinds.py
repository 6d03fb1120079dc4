"""Which of timm's plain transformers a model is run as, and why some are not; no torch."""

from typing import Literal

from inspector.core.outline import ModelOutline
from inspector.families.model import Model

# Code bases of which no model that is run here goes without a last norm (Perception Encoders do).
_WITH_LAST_NORM = ("timm", "OpenAI CLIP")

PlainKind = Literal["vision_transformer", "beit", "eva"]

_TABLE = "relative_position_bias_table"
_ROTARY = ("EVA-02", "DINOv3")
_EVA = ("EVA", *_ROTARY)

# What is known to be computed in another way than timm's plain blocks do.
_OTHER = {
    "XCiT": "attends between channels, not between tokens",
    "CaiT": "mixes its heads before and after the softmax",
    "ConViT": "has gates between content and place in its heads",
    "SAM": "adds decomposed relative positions to the scores",
    "ViTDet": "adds decomposed relative positions to the scores",
    "AIMv2": "has norms without a mean",
    "RoPE-ViT": "has a rotary embedding whose form the file does not tell",
    "I-JEPA predictor": "predicts tokens from tokens and takes no image",
    "transformer encoder": "does not begin with an image",
}
_SOURCES = {
    "torch nn.TransformerEncoder": (
        "the file does not tell whether its norms stand before or behind the branches, and which "
        "activation it has"
    ),
    "unknown naming (opened by shapes)": "its naming is not known, so its parts are not",
}


def is_plain(model: Model) -> PlainKind | None:
    """The kind a model is run as; None where it is none of these."""
    outline = model.outline
    if why_not_plain(outline):
        return None
    if outline.family in _EVA:
        return "eva"
    return "beit" if _has_table(outline) else "vision_transformer"


def why_not_plain(outline: ModelOutline) -> str:
    """Why a model is not run as a plain transformer; empty where it may be."""
    if outline.source in _SOURCES:
        return f"{_SOURCES[outline.source]}"
    if outline.family in _OTHER:
        return f"{outline.family} {_OTHER[outline.family]}, which is not run here"
    if len(outline.stages) > 1 or any(role.startswith("downsample.") for role in outline.parts):
        return f"{outline.family} has stages of its own kind, which are not run here"
    if not ("pos_embed" in outline.parts or _has_table(outline) or outline.family in _ROTARY):
        return "the file holds no embedding of positions, and does not tell how else it knows them"
    return _why_otherwise(outline)


def _why_otherwise(outline: ModelOutline) -> str:
    """Why tensors that look like those of a family are not; empty where they may be."""
    parts = outline.parts
    if outline.family == "DINOv3" and "cls_token" not in parts:
        return "it has a rotary embedding, and the file does not tell its form"
    if "pool.latent" in parts and "cls_token" in parts:
        return "it looks like a Perception Encoder, whose rotary embedding is not run here"
    if outline.source in _WITH_LAST_NORM and not parts.keys() & {"norm.weight", "fc_norm.weight"}:
        return "it has no norm behind its last block, as no model does that is known here"
    return ""


def _has_table(outline: ModelOutline) -> bool:
    return _TABLE in next(outline.blocks()).parts or _TABLE in outline.parts
