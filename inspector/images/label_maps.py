"""From the file of a label map to the number of the object every pixel belongs to.

Numbers are those stored: of a palette the places in it, of grey its values. A colour's label is
its number red * 65536 + green * 256 + blue, a grey's its level; the pure blues, whose numbers are
those of greys, are told apart by `_BLUES`. Black, and what is transparent, is no object.

A binary mask whose edges are soft, from 0 to 255 over a few pixels (because it was resized, or
packed as JPEG), is the same mask with hard edges: from 128 on it is object 255. It is known by
where its other values lie: between a darker and a brighter neighbour. Pixels of an object have
neighbours of their own value instead. A file with soft edges between more than two levels has lost
which object is which, and is refused; so is a picture that is no label map at all.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from inspector.core.errors import BadImage
from inspector.core.images import Slice, SliceAddress, Values
from inspector.core.objects import Labels
from inspector.images.numbers import as_values
from inspector.images.pillow_picture import palette_places as places_of_picture
from inspector.images.refusing import refuse_large, refused_as_damaged

HALF, WHITE = 128, 255
_NEAR = 16
"""How far from black and from white a lossy file puts what was black or white."""
_MANY_VALUES = 32
"""Of a lossy file that was saved again without loss."""
_LEAST_BETWEEN = 0.5
_LEAST_EQUAL = 0.5
"""Share of neighbours on objects that have one label; of pictures it is far below."""
_MOST_EDGE_VALUES = 4
_BLUES = 1 << 24
_LARGEST = 2**31 - 1
_ADVICE = "Save it without loss (PNG, TIFF, NIfTI), and resize it with “nearest neighbour”."

Mask = npt.NDArray[np.bool_]


def labels_of(path: Path, at: SliceAddress, picture: Slice | None) -> Labels:
    """(rows, columns) int32 of a label map.

    Parameters
    ----------
    path
        The file; it is read again where its stored numbers are not those of a picture.
    at
        Which of its slices.
    picture
        The slice as the reader gives it; None for an array of numpy.

    Raises
    ------
    BadImage
        When it is no label map.
    """
    if picture is None:
        return _whole(path.name, _array(path))
    if _is_lossy(path):
        return _of_lossy(path.name, picture.values)
    places = _places(path, at)
    if places is not None:
        return places.astype(np.int32)
    if picture.is_colour:
        return _of_colours(path.name, picture.values)
    labels = _whole(path.name, picture.values)
    if picture.hidden is not None:
        labels[picture.hidden] = 0
    return _of_soft(path.name, labels)


def mask_of(picture: Slice) -> Mask:
    """(rows, columns) what is white: at least half of the range of its numbers.

    The range is 1, 255 or 65535, the smallest that holds them. The brightest channel of a colour
    counts; what is transparent is black.
    """
    values = picture.values.max(axis=2) if picture.is_colour else picture.values
    values = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if picture.hidden is not None:
        values = np.where(picture.hidden, 0.0, values)
    top = next((top for top in (1, 255, 65535) if values.max() <= top), values.max())
    white = top - values if picture.inverted else values
    found: Mask = white >= (top + 1) // 2 if top > 1 else white >= 0.5
    return found


def _array(path: Path) -> Values:
    with refused_as_damaged(path.name, "an array of numpy"):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if array.ndim != 2 or array.dtype.kind not in "iub":
            raise BadImage(
                f"“{path.name}” holds an array of shape {array.shape} and type {array.dtype}; "
                "whole numbers in rows and columns were expected.",
            )
        refuse_large(path.name, array.shape, array.dtype.itemsize)
        return np.array(array)


def _places(path: Path, at: SliceAddress) -> Values | None:
    """The places in the palette of a picture that has one."""
    name = path.name.lower()
    if name.endswith((".png", ".bmp", ".gif")):
        return places_of_picture(path)
    if name.endswith((".tif", ".tiff")):
        from inspector.images.tiff_pages import palette_places as places_of_page

        return places_of_page(path, at.index)
    return None


def _is_lossy(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(16)
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return head.startswith(b"\xff\xd8\xff") or (is_webp and head[12:] != b"VP8L")


def _whole(name: str, numbers: Values) -> Labels:
    values = numbers if numbers.dtype.kind in "iub" else np.nan_to_num(as_values(numbers))
    low, high = values.min(), values.max()
    if low < 0 or high > _LARGEST or (values.dtype.kind == "f" and (values % 1).any()):
        raise BadImage(
            f"“{name}” is no label map: its numbers run from {low:g} to {high:g}, and labels are "
            "whole numbers from 0 on.",
            advice=_ADVICE,
        )
    return values.astype(np.int32)


def _of_colours(name: str, colour: Values) -> Labels:
    red, green, blue = (colour[..., channel].astype(np.int32) for channel in range(3))
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return _of_soft(name, red)
    labels = (red << 16) + (green << 8) + blue
    labels[(red == green) & (green == blue)] &= WHITE
    labels[(red == 0) & (green == 0) & (blue > 0)] += _BLUES
    return _checked(name, labels)


def _of_soft(name: str, labels: Labels) -> Labels:
    """Numbers that were stored without loss, perhaps after they were resized."""
    others = (labels > 0) & (labels < WHITE)
    is_wide = labels.min() <= _NEAR and WHITE - _NEAR <= labels.max() <= WHITE
    if not is_wide or not others.any():
        return _checked(name, labels)
    if _share(_between(labels), others) >= _LEAST_BETWEEN:
        return _hard(labels)
    middle = (labels > _NEAR) & (labels < WHITE - _NEAR)
    is_rough = middle.any() and np.unique(labels).size >= _MANY_VALUES
    if is_rough and _share(_between(labels), middle) >= _LEAST_BETWEEN:
        return _hard(labels)
    return _checked(name, labels)


def _of_lossy(name: str, numbers: Values) -> Labels:
    if numbers.ndim == 3:
        if (np.ptp(numbers, axis=2) > 2 * _NEAR).any():
            raise _not_hard(name)
        numbers = numbers[..., 1]
    labels = _whole(name, numbers)
    middle = (labels > _NEAR) & (labels < WHITE - _NEAR)
    if not middle.any() or _share(_between(labels), middle) >= _LEAST_BETWEEN:
        return _hard(labels)
    raise _not_hard(name)


def _checked(name: str, labels: Labels) -> Labels:
    """Refuse what was resized between labels, and what is a picture."""
    values, counts = np.unique(labels, return_counts=True)
    if values.size <= _MOST_EDGE_VALUES:
        return labels
    between = _between(labels)
    edges = np.bincount(np.searchsorted(values, labels[between]), minlength=values.size)
    soft = int((edges >= _LEAST_BETWEEN * counts).sum())
    if soft >= _MOST_EDGE_VALUES and soft > values.size // 4:
        raise _not_hard(name)
    left, right = labels[:, :-1], labels[:, 1:]
    both = (left > 0) & (right > 0)
    if values.size > _MANY_VALUES and _share(left == right, both) < _LEAST_EQUAL:
        raise BadImage(
            f"“{name}” is a picture and no label map: its neighbouring pixels hardly ever have "
            "one value.",
            advice="Give the folder of the label maps, not that of the pictures.",
        )
    return labels


def _between(labels: Labels) -> Mask:
    """Pixels with a darker neighbour on one side and a brighter one on the other."""
    padded = np.pad(labels, 1, mode="edge")
    rows, columns = labels.shape
    found = np.zeros(labels.shape, bool)
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        one, other = (padded[1 + s * down :, 1 + s * right :][:rows, :columns] for s in (1, -1))
        found |= (np.minimum(one, other) < labels) & (labels < np.maximum(one, other))
    return found


def _hard(labels: Labels) -> Labels:
    hard: Labels = np.where(labels >= HALF, WHITE, 0).astype(np.int32)
    return hard


def _share(found: Mask, among: Mask) -> float:
    count = int(among.sum())
    return float((found & among).sum()) / count if count else 1.0


def _not_hard(name: str) -> BadImage:
    return BadImage(
        f"“{name}” has soft edges between more than two levels, so that it cannot be told which "
        "pixel belongs to which object.",
        advice=_ADVICE,
    )
