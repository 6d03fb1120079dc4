"""How OpenMMLab's models (MMDetection, MMSegmentation, MMPretrain) want their pictures.

Their configuration is stored in the checkpoint; means and deviations are of values from 0 to 255.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from inspector.core.preparation import Preparation
from inspector.families.model import Model
from inspector.families.swin_rules import is_backbone
from inspector.families.swin_sizes import image_side

MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)
_MULTIPLE = 32
_LARGEST_MULTIPLE = 1024

Triple = tuple[float, float, float]


def mmdetection_preparation(model: Model) -> Preparation | None:
    """The preparation of a detector, or of any model with OpenMMLab's names; None for others.

    A detector takes pictures of any size, padded to a multiple of 32 after normalising; a
    classifier takes those of its own size.
    """
    detects = is_backbone(model)
    if not detects and model.outline.source != "MMDetection":
        return None
    told = _preprocessor(model)
    mean, std = _triple(told.get("mean")), _triple(told.get("std"))
    stored = mean is not None and std is not None and min(std) > 0
    if mean is None or std is None or not stored:
        mean, std = MEAN, STD
    if stored and sees_bgr(model):
        mean, std = _reversed(mean), _reversed(std)
    side = 0 if detects else image_side(model).value
    return Preparation(
        size=None if detects else (side, side),
        mean=_share(mean),
        std=_share(std),
        interpolation="bilinear" if detects else "bicubic",
        multiple=_multiple(told) if detects else 1,
        source="configuration in the checkpoint" if stored else "default of MMDetection",
    )


def sees_bgr(model: Model) -> bool:
    """Whether the configuration says that blue comes first; nothing said means red, as usual."""
    told = _preprocessor(model)
    words = [told[word] for word in ("bgr_to_rgb", "to_rgb") if word in told]
    return words == [False] and told.get("rgb_to_bgr") is not True


def _preprocessor(model: Model) -> Mapping[str, Any]:
    """``data_preprocessor`` of 3.x, or what 2.x says in its normalising and padding steps."""
    config = _mapping(model.checkpoint.config.get("mmengine"))
    for part in (_mapping(config.get("model")), config):
        for word in ("data_preprocessor", "preprocess_cfg"):
            found = _mapping(part.get(word))
            if found:
                return found
    found = _mapping(config.get("img_norm_cfg"))
    steps = {str(step.get("type")): step for step in _steps(config)}
    divisor = _mapping(steps.get("Pad")).get("size_divisor")
    norm = found or _mapping(steps.get("Normalize"))
    return norm if divisor is None else {**norm, "pad_size_divisor": divisor}


def _steps(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The test pipeline of 2.x, its nested steps included."""
    test = _mapping(_mapping(config.get("data")).get("test"))
    found: list[Mapping[str, Any]] = []
    for step in _list(test.get("pipeline")) or _list(config.get("test_pipeline")):
        outer = _mapping(step)
        found += [outer, *map(_mapping, _list(outer.get("transforms")))]
    return found


def _multiple(told: Mapping[str, Any]) -> int:
    value = told.get("pad_size_divisor")
    if isinstance(value, int) and 1 <= value <= _LARGEST_MULTIPLE:
        return value
    return _MULTIPLE


def _triple(value: object) -> Triple | None:
    numbers = [n for n in _list(value) if isinstance(n, int | float) and np.isfinite(n)]
    if len(numbers) != 3 or len(_list(value)) != 3:
        return None
    return (float(numbers[0]), float(numbers[1]), float(numbers[2]))


def _reversed(triple: Triple) -> Triple:
    return (triple[2], triple[1], triple[0])


def _share(triple: Triple) -> Triple:
    return (triple[0] / 255, triple[1] / 255, triple[2] / 255)


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
