"""From the numbers of a file to the numbers of a picture, none of them changed on the way."""

import numpy as np

from inspector.core.images import Preset, Values, Window

ON_BLACK = "Transparent: shown on black."
EIGHT_BITS = "Colours of more than 8 bits are shown with 8."


def as_values(numbers: Values) -> Values:
    """As float32 where that holds every number, else as float64.

    >>> as_values(np.array([[7]], np.int16)).dtype, as_values(np.array([[7]], np.int32)).dtype
    (dtype('float32'), dtype('float64'))
    """
    is_single = numbers.dtype.kind == "f" and numbers.dtype.itemsize == 4
    narrow = numbers.dtype.itemsize <= 2 or is_single
    return numbers.astype(np.float32 if narrow else np.float64)


def hidden_where_no_number(values: Values) -> Values | None:
    """(rows, columns) bool of what is NaN or infinite; None where nothing is."""
    bad = ~np.isfinite(values)
    return bad if bad.any() else None


def full_range(lowest: float, highest: float) -> Preset:
    """The window that shows every number there can be; bytes are shown as they are stored."""
    middle = (lowest + highest) / 2
    return Preset(f"Full range, {lowest:g} to {highest:g}", Window(middle, highest - lowest))


def as_bytes(colour: Values) -> Values:
    """(rows, columns, 3) uint8 of colours in any type of number.

    Whole numbers keep their highest eight bits; fractions run from 0 to 1, or to their highest
    value where that is above 1.
    """
    if colour.dtype == np.bool_:
        return colour.astype(np.uint8) * np.uint8(255)
    if colour.dtype.kind == "u":
        shift = np.array(8 * (colour.dtype.itemsize - 1), colour.dtype)
        return np.asarray(colour >> shift).astype(np.uint8)
    real = np.nan_to_num(colour.astype(np.float64), posinf=0.0, neginf=0.0)
    top = max(1.0, float(real.max()))
    level: Values = np.rint(np.clip(real / top, 0.0, 1.0) * 255.0).astype(np.uint8)
    return level


def on_black(colour: Values, alpha: Values) -> Values:
    """(rows, columns, 3) uint8 laid on black; `alpha` (rows, columns) in the type's full range."""
    share = as_bytes(alpha).astype(np.float32) / 255.0
    laid: Values = np.rint(as_bytes(colour) * share[..., None]).astype(np.uint8)
    return laid
