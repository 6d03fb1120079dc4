"""A picture as a model wants it, and where on the original each of its pixels comes from."""

from dataclasses import dataclass
from math import floor

import numpy as np
from PIL import Image

from inspector.core.errors import BadRequest
from inspector.core.images import Picture, Slice, Tone
from inspector.core.preparation import LARGEST_SIDE, Preparation, PreparedImage
from inspector.core.tokens import Box, Placement

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


_MOST_RESIZED = 1 << 25
"""Pixels up to which a whole picture is resized before it is cropped (strips grow enormous)."""


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A picture in the input's size; `covered` rows and columns of it are picture, not padding."""

    seen: Picture
    box: Box
    covered: tuple[int, int]


def prepare(picture: Slice, tone: Tone | None, preparation: Preparation) -> PreparedImage:
    """Resize, cut or pad, and normalise what `picture` looks like under `tone`, or its own.

    The model is fed pixels: where they are not square in mm (sagittal cuts of thick slices), they
    are not made so; a squash or crop works on rows and columns alone, as training pipelines do.
    Grey pictures are given to the model as three equal channels.

    Raises
    ------
    BadRequest
        When a native size is larger than a model can be given.
    """
    shown = picture.shown(tone)
    fitted = _fit(shown, preparation)
    mean, std = (np.asarray(row, np.float32) for row in (preparation.mean, preparation.std))
    pixels = (fitted.seen.astype(np.float32) / np.float32(255.0) - mean) / std
    seen = fitted.seen
    if preparation.size is None:
        rows, columns = fitted.covered
        pixels[rows:] = pixels[:, columns:] = 0.0
        # A zero after normalising is a pixel of the mean colour before.
        neutral = np.clip(np.rint(mean * 255.0), 0, 255).astype(np.uint8)
        seen[rows:] = seen[:, columns:] = neutral
    placement = Placement(picture.shape, (seen.shape[0], seen.shape[1]), fitted.box)
    return PreparedImage(
        pixels=np.ascontiguousarray(pixels.transpose(2, 0, 1)),
        seen=seen,
        placement=placement,
        preparation=preparation,
    )


def _fit(shown: Picture, preparation: Preparation) -> _Fitted:
    if preparation.size is None:
        return _native(shown, preparation.multiple)
    if preparation.fit == "squash":
        return _squashed(shown, preparation, preparation.size)
    if preparation.fit == "crop":
        return _cropped(shown, preparation, preparation.size)
    return _padded(shown, preparation, preparation.size)


def _squashed(shown: Picture, preparation: Preparation, size: tuple[int, int]) -> _Fitted:
    """As timm's ``crop_mode='squash'``: resize both sides, then cut out the centre."""
    high, wide = (floor(side / preparation.squash_share) for side in size)
    return _centre_of(shown, (high, wide), preparation, size)


def _cropped(shown: Picture, preparation: Preparation, size: tuple[int, int]) -> _Fitted:
    """As timm's ``crop_mode='center'``: resize by the shorter side, then cut out the centre."""
    before = _size_before_crop((shown.shape[0], shown.shape[1]), preparation.crop_share, size)
    return _centre_of(shown, before, preparation, size)


def _centre_of(
    shown: Picture, before: tuple[int, int], preparation: Preparation, size: tuple[int, int]
) -> _Fitted:
    """The centre of the picture after it was resized to `before` rows and columns."""
    (rows, columns), (high, wide) = shown.shape[:2], before
    to_pixel = floor if preparation.rounds_down else round
    top, left = (to_pixel((whole - part) / 2) for whole, part in ((high, size[0]), (wide, size[1])))
    down, right = rows / high, columns / wide
    box = Box(top * down, left * right, size[0] * down, size[1] * right)
    if high * wide > _MOST_RESIZED:
        return _Fitted(_resized(shown, size, preparation, box), box, size)
    whole = _resized(shown, (high, wide), preparation)
    return _Fitted(whole[top : top + size[0], left : left + size[1]].copy(), box, size)


def _size_before_crop(
    shape: tuple[int, int], share: float, size: tuple[int, int]
) -> tuple[int, int]:
    """Rows and columns a picture is resized to, so that the crop keeps `share` of it.

    For square inputs torchvision's Resize gives the shorter side its size and cuts off the other's
    fraction; for others timm's ResizeKeepRatio rounds both.
    """
    high, wide = (floor(side / share) for side in size)
    rows, columns = shape
    if high == wide:
        if rows <= columns:
            return (high, int(high * columns / rows))
        return (int(high * rows / columns), high)
    ratio = min(rows / high, columns / wide)
    return (round(rows / ratio), round(columns / ratio))


def _padded(shown: Picture, preparation: Preparation, size: tuple[int, int]) -> _Fitted:
    rows, columns = shown.shape[:2]
    scale = min(size[0] / rows, size[1] / columns)
    high, wide = (
        min(max(round(side * scale), 1), most)
        for side, most in ((rows, size[0]), (columns, size[1]))
    )
    seen = np.zeros((*size, 3), np.uint8)
    seen[:high, :wide] = _resized(shown, (high, wide), preparation)
    box = Box(0.0, 0.0, size[0] * rows / high, size[1] * columns / wide)
    return _Fitted(seen, box, (high, wide))


def _native(shown: Picture, multiple: int) -> _Fitted:
    rows, columns = shown.shape[:2]
    high, wide = (-(-side // multiple) * multiple for side in (rows, columns))
    if max(high, wide) > LARGEST_SIDE:
        raise BadRequest(
            f"A picture of {rows} × {columns} pixels is too large to be given to a model as it is.",
            advice=f"Choose an input size; at most {LARGEST_SIDE} pixels a side are possible.",
        )
    seen = np.zeros((high, wide, 3), np.uint8)
    seen[:rows, :columns] = shown
    return _Fitted(seen, Box(0.0, 0.0, high, wide), (rows, columns))


def _resized(
    shown: Picture, size: tuple[int, int], preparation: Preparation, box: Box | None = None
) -> Picture:
    """The whole picture in `size`, or only `box` of it."""
    edges = None if box is None else (box.left, box.top, box.right, box.bottom)
    resample = _FILTERS[preparation.interpolation]
    resized = Image.fromarray(shown).resize((size[1], size[0]), resample, box=edges)
    return np.array(resized)
