"""How a model wants its images: as its checkpoint says, else as its family has them; no torch."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from inspector.checkpoints.checkpoint import Checkpoint
from inspector.checkpoints.json_text import read_json
from inspector.core.errors import BadCheckpoint, CannotRun, InspectorError
from inspector.core.preparation import LARGEST_SIDE, Fit, Interpolation, Preparation
from inspector.families.facts import facts_of, image_size_of
from inspector.families.mmdetection_preparation import mmdetection_preparation
from inspector.families.model import Model
from inspector.families.plain_sizes import plain_sizes
from inspector.families.settings import Settings, is_number
from inspector.families.swin_rules import is_swin
from inspector.families.swin_sizes import image_side

_PREPROCESSOR = "preprocessor_config.json"
_MOST_CONFIG = 1 << 20
_USUAL = (224, 224)

Triple = tuple[float, float, float]
_HALF: tuple[Triple, Triple] = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_IMAGENET: tuple[Triple, Triple] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_CLIP: tuple[Triple, Triple] = (
    (0.48145466, 0.4578275, 0.40821073),
    (0.26862954, 0.26130258, 0.27577711),
)

# Pillow's numbers, as Hugging Face stores them.
_RESAMPLING: dict[int, Interpolation] = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
_OTHERWISE_PADDED = ", which pads all around with the mean colour, not right and below with black"
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")

_Default = tuple[tuple[Triple, Triple], Fit, float, Interpolation]
# What the published models of a family had in evaluation; by code base, then by family. The share
# is that of a crop, or of a squash.
_OF_SOURCE: dict[tuple[str, str], _Default] = {
    ("Hugging Face", "ViT"): (_HALF, "squash", 1.0, "bilinear"),
    ("Hugging Face", "DeiT"): (_IMAGENET, "squash", 0.875, "bicubic"),
    ("Hugging Face", "BEiT"): (_HALF, "squash", 1.0, "bilinear"),
    ("Hugging Face", "DINO"): (_IMAGENET, "squash", 1.0, "bicubic"),
    ("Hugging Face", "DINOv2"): (_IMAGENET, "crop", 0.875, "bicubic"),
    ("Hugging Face", "DINOv3"): (_IMAGENET, "squash", 1.0, "bilinear"),
    ("Hugging Face", "Swin"): (_IMAGENET, "squash", 1.0, "bicubic"),
    ("Hugging Face", "Swin-v2"): (_IMAGENET, "squash", 1.0, "bicubic"),
    ("Flax ViT", "ViT"): (_HALF, "squash", 1.0, "bilinear"),
    ("torchvision", "ViT"): (_IMAGENET, "crop", 0.875, "bilinear"),
    ("MMPretrain", "ViT"): (_IMAGENET, "crop", 0.875, "bicubic"),
    ("MMPretrain", "DeiT"): (_IMAGENET, "crop", 0.875, "bicubic"),
}
_OF_FAMILY: dict[str, _Default] = {
    "DeiT": (_IMAGENET, "crop", 0.9, "bicubic"),
    "DeiT III": (_IMAGENET, "crop", 0.9, "bicubic"),
    "DINO": (_IMAGENET, "crop", 0.9, "bicubic"),
    "DINOv2": (_IMAGENET, "crop", 1.0, "bicubic"),
    "DINOv3": (_IMAGENET, "crop", 1.0, "bicubic"),
    "MAE": (_IMAGENET, "crop", 0.9, "bicubic"),
    "I-JEPA": (_IMAGENET, "crop", 0.9, "bicubic"),
    "SimMIM": (_IMAGENET, "crop", 0.9, "bicubic"),
    "BEiT": (_HALF, "crop", 0.9, "bicubic"),
    "BEiT v2": (_IMAGENET, "crop", 0.9, "bicubic"),
    "EVA": (_CLIP, "crop", 0.9, "bicubic"),
    "EVA-02": (_CLIP, "crop", 0.9, "bicubic"),
    "CLIP": (_CLIP, "crop", 1.0, "bicubic"),
    "SigLIP": (_HALF, "squash", 1.0, "bicubic"),
    "ViT": (_HALF, "crop", 0.9, "bicubic"),
    "Swin": (_IMAGENET, "crop", 0.9, "bicubic"),
    "Swin-v2": (_IMAGENET, "crop", 0.9, "bicubic"),
}
_ANY: _Default = (_IMAGENET, "crop", 0.9, "bicubic")

# Words in the name of a file or folder, or of an architecture: plain ViTs of these are named alike.
_WORDS = (
    (re.compile(r"augreg", re.I), "ViT"),
    (re.compile(r"deit3", re.I), "DeiT III"),
    (re.compile(r"deit", re.I), "DeiT"),
    (re.compile(r"dino", re.I), "DINO"),
    (re.compile(r"(?<![a-z])mae(?![a-z])", re.I), "MAE"),
    (re.compile(r"i.?jepa", re.I), "I-JEPA"),
    (re.compile(r"beit.?v2", re.I), "BEiT v2"),
)
_NAMED = {"ViT": ("ViT", "DeiT", "DeiT III", "DINO", "MAE", "I-JEPA"), "BEiT": ("BEiT v2",)}


def default_preparation(model: Model) -> Preparation:
    """What is done to an image before this model sees it.

    From ``preprocessor_config.json`` beside the weights, from the configuration of timm, open_clip
    or MMEngine, or else from what the published models of the family had. `source` says which.
    """
    settings = Settings.of(model)
    base = _of_family(model, settings)
    detector = mmdetection_preparation(model) if is_swin(model) else None
    return (
        detector
        or _of_hugging_face(model, base)
        or _of_timm(settings, base)
        or _of_open_clip(model, base)
        or _of_mmengine(model, base)
        or base
    )


def preprocessor_beside(checkpoint: Checkpoint) -> Path | None:
    """Hugging Face's file in the folder of a checkpoint that says how images are prepared."""
    folder = checkpoint.path if checkpoint.path.is_dir() else checkpoint.path.parent
    content = _read(folder / _PREPROCESSOR)
    told = content is not None and {"image_mean", "size", "crop_size"} & content.keys()
    return folder / _PREPROCESSOR if told else None


def own_size(model: Model) -> tuple[int, int]:
    """Rows and columns of the images the model was trained on, 224 x 224 where nothing tells."""
    if is_swin(model):
        side = image_side(model).value
        return (side, side)
    try:
        size = plain_sizes(model, facts_of(model)).image
    except CannotRun:
        size = image_size_of(Settings.of(model)) or _USUAL
    return size if max(size) <= LARGEST_SIDE else _USUAL


def _of_family(model: Model, settings: Settings) -> Preparation:
    family, why = _family(model, settings)
    default = _OF_SOURCE.get((model.outline.source, family)) or _OF_FAMILY.get(family, _ANY)
    (mean, std), fit, share, interpolation = default
    return Preparation(
        size=own_size(model),
        fit=fit,
        **_shares(fit, share),
        mean=mean,
        std=std,
        interpolation=interpolation,
        multiple=max(*model.outline.patch_size, 1),
        source=f"default of {family}{why}",
        rounds_down=model.outline.source == "Hugging Face",
    )


def _family(model: Model, settings: Settings) -> tuple[str, str]:
    """The family; a plain one may be told more closely by what the file is called."""
    family = model.outline.family
    path = model.checkpoint.path
    names = [settings.text("architecture", "arch", "model", "model_type"), path.name]
    for name in (*names, path.parent.name):
        for pattern, closer in _WORDS:
            if closer in _NAMED.get(family, ()) and pattern.search(name):
                return closer, "" if closer == family else f", as “{name}” is called"
    return family, ""


def _of_hugging_face(model: Model, base: Preparation) -> Preparation | None:
    path = preprocessor_beside(model.checkpoint)
    content = None if path is None else _read(path)
    if content is None:
        return None
    size, fit, share = _size_of_hugging_face(content, base)
    mean, std = _statistics(content.get("image_mean"), content.get("image_std"), base)
    if content.get("do_normalize") is False:
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return _changed(
        base,
        size=size,
        fit=fit,
        **_shares(fit, share),
        rounds_down=True,
        mean=mean,
        std=std,
        interpolation=_RESAMPLING.get(_whole(content.get("resample")), base.interpolation),
        source=f"{_PREPROCESSOR} beside the weights",
    )


def _size_of_hugging_face(
    content: Mapping[str, Any], base: Preparation
) -> tuple[tuple[int, int], Fit, float]:
    """Size, fit and share: what is cut out of what the sides, or the shorter one, are brought to.

    A size of one number is a square, and of some processors the length of the shorter edge.
    """
    usual = base.size or _USUAL
    resized, edge = _sides(content.get("size"))
    if content.get("do_resize") is False:
        return usual, "crop", 1.0
    if _takes_an_edge(content) and _whole(content.get("size")) > 0:
        resized, edge = None, _whole(content.get("size"))
    if content.get("do_center_crop") is True:
        cut = _sides(content.get("crop_size"))[0] or usual
        longer = max(resized) if resized else edge or max(cut)
        return cut, "squash" if resized else "crop", min(max(cut) / longer, 1.0)
    if edge:
        share = content.get("crop_pct")
        return (edge, edge), "crop", float(share) if is_number(share) else 1.0
    return resized or usual, "squash", 1.0


def _takes_an_edge(content: Mapping[str, Any]) -> bool:
    """Whether a processor understands a size of one number as that of the shorter edge."""
    words = (str(content.get(word)) for word in ("image_processor_type", "feature_extractor_type"))
    return any(word.startswith(("CLIP", "ChineseCLIP", "Bit", "ConvNext")) for word in words)


def _shares(fit: Fit, share: float) -> dict[str, float]:
    """The share of the centre that is kept, of a crop or of a squash."""
    return {"squash_share" if fit == "squash" else "crop_share": share}


def _sides(value: Any) -> tuple[tuple[int, int] | None, int]:
    """Rows and columns, or the length of the shorter edge."""
    if _whole(value) > 0:
        return (_whole(value), _whole(value)), 0
    if not isinstance(value, Mapping):
        return None, 0
    edge = _whole(value.get("shortest_edge"))
    if edge > 0:
        return None, edge
    sides = (_whole(value.get("height")), _whole(value.get("width")))
    return (sides if min(sides) > 0 else None), 0


def _whole(value: Any) -> int:
    """A whole number; -1 where it is none."""
    return value if is_number(value) and isinstance(value, int) else -1


def _of_timm(settings: Settings, base: Preparation) -> Preparation | None:
    if settings.find("mean", of=("timm",)) is None:
        return None
    only = Settings(tuple(part for part in settings.parts if part[0] == "timm"))
    mode, share = only.text("crop_mode"), only.number("crop_pct") or base.crop_share
    fit: Fit = "squash" if mode == "squash" else "pad" if mode == "border" else "crop"
    mean, std = _statistics(only.find("mean"), only.find("std"), base)
    return _changed(
        base,
        size=only.pair("input_size", "img_size") or base.size,
        fit=fit,
        **_shares(fit, share),
        mean=mean,
        std=std,
        interpolation=_interpolation(only.text("interpolation"), base),
        source="config.json beside the weights (timm)" + _OTHERWISE_PADDED * (fit == "pad"),
    )


def _of_open_clip(model: Model, base: Preparation) -> Preparation | None:
    described = model.checkpoint.config.get("open_clip")
    content = described.get("preprocess_cfg") if isinstance(described, Mapping) else None
    if not isinstance(content, Mapping):
        return None
    mean, std = _statistics(content.get("mean"), content.get("std"), base)
    fits: dict[str, Fit] = {"squash": "squash", "longest": "pad", "shortest": "crop"}
    fit = fits.get(str(content.get("resize_mode")), "crop")
    return _changed(
        base,
        size=_sides(content.get("size"))[0] or base.size,
        fit=fit,
        mean=mean,
        std=std,
        interpolation=_interpolation(str(content.get("interpolation")), base),
        source="open_clip_config.json beside the weights" + _OTHERWISE_PADDED * (fit == "pad"),
    )


def _of_mmengine(model: Model, base: Preparation) -> Preparation | None:
    """Mean and standard deviation, of values up to 255, as a training stored them."""
    config = model.checkpoint.config.get("mmengine")
    if not isinstance(config, Mapping):
        return None
    inner = config.get("model")
    for part in (inner if isinstance(inner, Mapping) else {}, config):
        for word in ("data_preprocessor", "img_norm_cfg"):
            content = part.get(word)
            if isinstance(content, Mapping) and content.get("mean") is not None:
                scaled = (_over_255(content.get("mean")), _over_255(content.get("std")))
                mean, std = _statistics(*scaled, base)
                return _changed(
                    base, mean=mean, std=std, source="configuration stored in the checkpoint"
                )
    return None


def _over_255(value: Any) -> list[float] | None:
    if not isinstance(value, list | tuple) or not all(map(is_number, value)):
        return None
    return [number / 255 for number in value]


def _statistics(mean: Any, std: Any, base: Preparation) -> tuple[Triple, Triple]:
    """Three numbers each, one for all where one is given; the family's where they are none."""
    found = [_triple(mean), _triple(std)]
    if found[0] is None or found[1] is None:
        return base.mean, base.std
    return found[0], found[1]


def _triple(value: Any) -> Triple | None:
    if is_number(value):
        value = [value]
    if not isinstance(value, list | tuple) or len(value) not in (1, 3):
        return None
    if not all(map(is_number, value)):
        return None
    return cast("Triple", tuple(float(number) for number in value) * (3 if len(value) == 1 else 1))


def _interpolation(word: str, base: Preparation) -> Interpolation:
    return cast("Interpolation", word) if word in _INTERPOLATIONS else base.interpolation


def _changed(base: Preparation, **changes: Any) -> Preparation | None:
    """The default with these changes; None where they make no sense (a damaged configuration)."""
    try:
        return replace(base, **changes)
    except (InspectorError, TypeError):
        return None


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        content = read_json(path, most=_MOST_CONFIG)
    except BadCheckpoint:
        return None
    return content if isinstance(content, dict) else None
