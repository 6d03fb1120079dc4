"""Pictures that Pillow reads: numbers kept as deep as the file has them, turned upright."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from inspector.core.errors import BadImage
from inspector.core.images import ImageCard, Plane, Preset, Slice, SliceAddress, Values
from inspector.images.image import InputImage
from inspector.images.numbers import (
    ON_BLACK,
    as_values,
    full_range,
    hidden_where_no_number,
    on_black,
)
from inspector.images.reader import Pictures
from inspector.images.refusing import ADVICE, refuse_large, refused_as_damaged

_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "DIB", "WEBP", "JPEG2000", "PPM")
"""Formats that Pillow is let try: it knows others, of which some call other programs."""
_ODD = (Image.DecompressionBombError,)
_DEEP = ("I;16", "I;16B", "I;16L", "I", "F")


def open_picture(path: Path) -> InputImage:
    """Read the first picture of a file; it is opened anew for each further one.

    Raises
    ------
    BadImage
        When it is damaged or too large.
    """
    with refused_as_damaged(path.name, "a picture", *_ODD), _opened(path) as image:
        form, mode, count = _form(image), image.mode, _count(image)
        upright = image.getexif().get(274, 1) in (0, 1)
        first, is_transparent = _slice(path, image)
    notes = [ON_BLACK] if is_transparent else []
    if not upright:
        notes.append("Turned upright as its EXIF orientation says.")
    if mode == "CMYK":
        notes.append("Printing colours (CMYK) are shown as RGB.")
    kept = {0: first}

    def read(at: SliceAddress) -> Slice:
        if at.index in kept:
            return kept.pop(at.index)
        with refused_as_damaged(path.name, "a picture", *_ODD), _opened(path) as image:
            image.seek(at.index)
            return _slice(path, image)[0]

    card = ImageCard(
        label=path.name,
        path=str(path),
        format=form,
        kind="colour" if first.is_colour else "grey",
        shape=first.shape,
        slices={Plane.STORED: count},
        notes=tuple(notes),
    )
    return InputImage(card, (path,), read, kept.clear)


def count_pictures(path: Path) -> Pictures:
    """The frames of a file (GIF, WebP and PNG may move); none is decoded.

    Raises
    ------
    BadImage
        When its header is damaged, or says that it is too large.
    """
    with refused_as_damaged(path.name, "a picture", *_ODD), _opened(path) as image:
        return Pictures((path,), slices=_count(image))


def palette_places(path: Path) -> Values | None:
    """(rows, columns) uint8 the stored places in a palette, upright; None where there is none.

    Raises
    ------
    BadImage
        When the picture is damaged or too large.
    """
    with refused_as_damaged(path.name, "a picture", *_ODD), _opened(path) as image:
        if image.mode not in ("P", "PA"):
            return None
        _load(path, image)
        upright = ImageOps.exif_transpose(image)
        return np.array(upright.getchannel(0) if upright.mode == "PA" else upright)


def _form(image: Image.Image) -> str:
    return str(image.format).replace("MPO", "JPEG")


def _count(image: Image.Image) -> int:
    # A camera's JPEG may bring previews and depth maps (MPO): the picture is first.
    return 1 if _form(image) == "JPEG" else int(getattr(image, "n_frames", 1))


def _opened(path: Path) -> Image.Image:
    Image.init()
    try:
        image = Image.open(path, formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise BadImage(
            f"“{path.name}” is called like a picture, but is none, or its header is damaged.",
            advice=ADVICE,
        ) from error
    except Image.DecompressionBombError as error:
        raise BadImage(
            f"“{path.name}” says that it holds more pixels than is read here.",
            advice="If the file is right, save a smaller or cropped picture and open that.",
        ) from error
    refuse_large(path.name, (image.height, image.width), 4)
    return image


def _slice(path: Path, image: Image.Image) -> tuple[Slice, bool]:
    """The picture, and whether something of it is transparent."""
    _load(path, image)
    clear = image.info.get("transparency")
    # Turned where it is, and not copied where it need not be: a picture may have 400 MB.
    ImageOps.exif_transpose(image, in_place=True)
    return _upright(image, clear)


def _upright(upright: Image.Image, clear: Any) -> tuple[Slice, bool]:
    if upright.mode == "1":
        values = np.asarray(upright.convert("L")) > 0
        return Slice(as_values(values), presets=(full_range(0, 1),)), False
    if upright.mode == "L" or upright.mode in _DEEP:
        return _grey(as_values(_native(upright)), upright.mode, clear)
    if upright.mode == "LA":
        return _grey_on_black(np.asarray(upright))
    if upright.mode in ("RGBA", "PA", "RGBa", "La") or clear is not None:
        pixels = np.asarray(upright.convert("RGBA"))
        return Slice(on_black(pixels[..., :3], pixels[..., 3]), unit=""), bool(
            (pixels[..., 3] < 255).any()
        )
    colour = upright if upright.mode == "RGB" else upright.convert("RGB")
    return Slice(np.asarray(colour), unit=""), False


def _load(path: Path, image: Image.Image) -> None:
    try:
        image.load()
    except OSError as error:
        raise BadImage(
            f"“{path.name}” is damaged or cut short: its picture cannot be read to its end.",
            advice=ADVICE,
            details=f"{type(error).__name__}: {error}",
        ) from error


def _native(image: Image.Image) -> Values:
    numbers: Values = np.asarray(image)
    return numbers.astype(numbers.dtype.newbyteorder("="), copy=False)


def _grey(values: Values, mode: str, clear: Any) -> tuple[Slice, bool]:
    hidden = hidden_where_no_number(values)
    if isinstance(clear, int):
        hidden = (values == clear) if hidden is None else hidden | (values == clear)
    presets: tuple[Preset, ...] = (full_range(0, 255),) if mode == "L" else ()
    return Slice(values, hidden=hidden, presets=presets), isinstance(clear, int)


def _grey_on_black(pixels: Values) -> tuple[Slice, bool]:
    level, alpha = pixels[..., 0].astype(np.float32), pixels[..., 1].astype(np.float32)
    values = np.rint(level * alpha / 255.0)
    return Slice(values, presets=(full_range(0, 255),)), bool((alpha < 255).any())
