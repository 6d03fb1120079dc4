"""Whose Swin a checkpoint is run as: the code bases roll and pad their windows differently.

Told by what is in the file: the naming, the norms and heads of a detector, the configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from inspector.families.model import Model
from inspector.families.swin_sizes import setting

Shifts = Literal["always", "by side", "by shorter side"]

UNFOLD = " (unfold order)"

_DETECTORS = (
    "neck.", "rpn_head.", "roi_head.", "bbox_head.", "mask_head.", "decode_head.",
    "panoptic_head.", "query_head.", "auxiliary_head.",
)  # fmt: skip
_SOURCES = ("timm", "official Swin", "Hugging Face", "torchvision", "MMDetection")
_SCOPES = ("mmdet", "mmseg", "mmrotate", "mmdet3d")
_ALWAYS = "as MMDetection runs it: padded, then rolled in every second block whatever the size"


@dataclass(frozen=True, slots=True)
class SwinSemantics:
    """How windows are rolled and padded; the fields of `inspector.families.windows.WindowRule`.

    Parameters
    ----------
    words
        A sentence for the notes.
    backbone
        Whether the output is the stages' features instead of a classifier's.
    """

    shifts: Shifts
    words: str
    pads_first: bool = True
    mask: float = -100.0
    backbone: bool = False


def semantics_of(model: Model) -> SwinSemantics:
    """Decide how a Swin is run, and say why."""
    if is_backbone(model):
        return _of_backbone(model)
    if _always_shifts(model):
        return SwinSemantics("always", f"The configuration says that it is run {_ALWAYS}.")
    return _of_classifier(model)


def is_swin(model: Model) -> bool:
    """Whether it is a Swin of a code base whose windows are known, told by merging and naming."""
    if model.outline.source not in _SOURCES or model.outline.family == "Swin-v2 (CR)":
        return False
    roles = (f"downsample.0.reduction.weight{order}" for order in ("", UNFOLD))
    return any(role in model.outline.parts for role in roles)


def is_backbone(model: Model) -> bool:
    """Whether a Swin is the backbone of a detector or segmenter."""
    outline = model.outline
    if any(role.startswith("detection_norm.") for role in outline.parts):
        return True
    if any(f".{word}" in f".{name}" for name in outline.unplaced for word in _DETECTORS):
        return True
    return outline.num_classes == 0 and _is_of_mmdetection(model)


def _always_shifts(model: Model) -> bool:
    if setting(model, "always_partition") is True or setting(model, "pad_small_map") is True:
        return True
    return _is_of_mmdetection(model)


def _is_of_mmdetection(model: Model) -> bool:
    """Whether the configuration's backbone is MMDetection's: MMPretrain's has other settings."""
    if model.outline.source != "MMDetection":
        return False
    config = _mapping(model.checkpoint.config.get("mmengine"))
    backbone = _mapping(_mapping(config.get("model")).get("backbone"))
    scope = str(backbone.get("type", "")).rpartition(".")[0] or config.get("default_scope")
    if scope:
        return scope in _SCOPES
    return "pretrain_img_size" in backbone or "embed_dims" in backbone


def _of_backbone(model: Model) -> SwinSemantics:
    """Only Hugging Face's backbone of Swin-v2 cuts its windows as the classifier does."""
    left_out = "the neck and heads of the file are left out, the output are the stages' features"
    classifier = _of_classifier(model)
    if (model.outline.source, model.outline.family) == ("Hugging Face", "Swin-v2"):
        return replace(
            classifier, words=f"{classifier.words} A backbone: {left_out}.", backbone=True
        )
    words = f"The Swin of a detector or segmenter is run {_ALWAYS}; {left_out}."
    return SwinSemantics("always", words, backbone=True)


def _of_classifier(model: Model) -> SwinSemantics:
    source = model.outline.source
    fits = "a stage that fits into one window is not rolled"
    if source == "timm":
        return SwinSemantics("by side", f"Windows as in timm: {fits}.", pads_first=False)
    if source == "torchvision":
        return SwinSemantics("by side", f"Windows as in torchvision: {fits}.")
    if source == "Hugging Face" and model.outline.family == "Swin-v2":
        return SwinSemantics(
            "by side",
            f"Windows as in Hugging Face: {fits}; its Swin-v2 adds the mask twice.",
            mask=-200.0,
        )
    whose = "MMPretrain" if source == "MMDetection" else source
    return SwinSemantics("by shorter side", f"Windows as in {whose}: {fits}.")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
