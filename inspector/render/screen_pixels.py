"""Pictures that lie in memory as screens have them, so that nothing is converted to be shown.

A picture is (rows, columns, 3): red, green, blue. A pixel of the screen is one whole number of 32
bits, 0xffRRGGBB, which a computer keeps as blue, green, red, 255. A picture that is composed is a
view of such pixels: the same bytes for a file, and no other three bytes a pixel for the screen.
"""

import numpy as np
import numpy.typing as npt

from inspector.core.images import Picture

Pixels = npt.NDArray[np.uint8]
OPAQUE = 255
_RED_TO_BLUE = slice(2, None, -1)


def empty_pixels(rows: int, columns: int) -> Pixels:
    """(rows, columns, 4) to be written on: blue, green, red, and `OPAQUE` in every pixel."""
    return np.empty((rows, columns, 4), dtype=np.uint8)


def pixels_of(colours: npt.ArrayLike, opaque: int = OPAQUE) -> Pixels:
    """(..., 3) red, green, blue in, (..., 4) out."""
    given = np.asarray(colours, dtype=np.uint8)
    pixels = np.full((*given.shape[:-1], 4), opaque, dtype=np.uint8)
    pixels[..., _RED_TO_BLUE] = given
    return pixels


def picture_of(pixels: Pixels) -> Picture:
    """(rows, columns, 3) red, green, blue: a view."""
    return pixels[..., _RED_TO_BLUE]


def screen_pixels(picture: Picture) -> Pixels | None:
    """What a picture is a view of; None where it has its own memory, or is a part of another."""
    pixels = picture.base
    if not isinstance(pixels, np.ndarray) or pixels.shape != (*picture.shape[:2], 4):
        return None
    expected = picture_of(pixels)
    is_view = (
        pixels.dtype == np.uint8
        and pixels.flags.c_contiguous
        and expected.strides == picture.strides
        and expected.ctypes.data == picture.ctypes.data
    )
    return pixels if is_view else None
