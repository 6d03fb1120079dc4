"""From the file of a label map to the number of the object every pixel belongs to.

Numbers are those stored: of a palette the places in it, of grey its values. A colour's label is
its number red * 65536 + green * 256 + blue, a grey's its level; the pure blues, whose numbers are
those of greys, are told apart by `_BLUES`. Black, and what is transparent, is no object.

A binary mask whose edges are soft, from 0 to 255 over a few pixels (because it was resized, or
packed as JPEG), is the same mask with hard edges: from 128 on it is object 255; of colours, each
channel is such a mask. It is known by three things. Much of its dark side (below 128) is black and
much of its bright side is white. Nearly all other pixels lie at an edge: black and white are both
within a few pixels. And these have many different values; or, of straight edges, few, but then
they lie between a darker and a brighter neighbour, where pixels of an object have neighbours of
their own value. A file with soft edges between more than two levels has lost which object is which,
and is refused; so is a picture that is no label map at all.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inspector.core.errors import BadImage
from inspector.core.images import Slice, SliceAddress, Values
from inspector.core.objects import Labels
from inspector.images.numbers import as_values
from inspector.images.pillow_picture import palette_places as places_of_picture
from inspector.images.reader import head_of
from inspector.images.refusing import refuse_large, refused_as_damaged

HALF, WHITE = 128, 255
_NEAR = 16
"""How far from black and from white a lossy file puts what was black or white."""
_FEW_VALUES, _MANY_VALUES = 8, 32
"""Soft edges have many values, unless they are straight; lossy files, and pictures, have more."""
_EDGE = 7
"""Pixels from black, and from white, to any pixel of an edge: a block of JPEG has 8."""
_LEAST_PLAIN = 0.25
_LEAST_AT_EDGES = 0.9
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
    places = _places(path, at)
    if places is not None:
        return places.astype(np.int32)
    values = picture.values if picture.is_colour else picture.values[..., None]
    channels = [_whole(path.name, values[..., n]) for n in range(values.shape[2])]
    if picture.hidden is not None:
        for channel in channels:
            channel[picture.hidden] = 0
    return _of_lossy(path.name, channels) if _is_lossy(path) else _of_exact(path.name, channels)


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
    head_of(path)  # refuses what is no file: a pipe would be waited for without end
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
    head = head_of(path)
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return head.startswith(b"\xff\xd8\xff") or (is_webp and head[12:16] != b"VP8L")


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


def _of_exact(name: str, channels: Sequence[Labels]) -> Labels:
    """Of channels stored without loss, perhaps after they were resized."""
    return _checked(name, _numbered([_hard(c) if _has_soft_edges(c) else c for c in channels]))


def _of_lossy(name: str, channels: Sequence[Labels]) -> Labels:
    apart = np.ptp(np.stack(channels), axis=0).max() if len(channels) > 1 else 0
    if apart <= 2 * _NEAR:
        # Of grey that was packed in colour, green has the least loss.
        channels = channels[len(channels) // 2 :][:1]
    if not all(_are_lost_edges(channel) for channel in channels):
        raise _not_hard(name)
    return _numbered([_hard(channel) for channel in channels])


def _numbered(channels: Sequence[Labels]) -> Labels:
    """The labels of greys and colours."""
    if len(channels) == 1:
        return channels[0]
    red, green, blue = channels
    labels = (red << 16) + (green << 8) + blue
    labels[(red == green) & (green == blue)] &= WHITE
    labels[(red == 0) & (green == 0) & (blue > 0)] += _BLUES
    return labels


def _has_soft_edges(levels: Labels) -> bool:
    """Whether all between black and white are edges; also where a lossy file was saved again."""
    if levels.max() > WHITE or not _is_black_and_white(levels):
        return False
    counts = np.bincount(levels.ravel(), minlength=WHITE + 1)
    others = (levels > 0) & (levels < WHITE)
    different = int(np.count_nonzero(counts[1:WHITE]))
    if different < _FEW_VALUES:
        return different > 0 and _share(_between(levels), others) >= _LEAST_BETWEEN
    edges = _edges(levels)
    middle = others if different < _MANY_VALUES else _is_middle(levels)
    return bool(middle.any()) and _share(edges, middle) >= _LEAST_AT_EDGES


def _are_lost_edges(levels: Labels) -> bool:
    """The same of a lossy file, in which black and white are only nearly so."""
    middle = _is_middle(levels)
    if not middle.any():
        return True
    return _is_black_and_white(levels) and _share(_edges(levels), middle) >= _LEAST_AT_EDGES


def _is_middle(levels: Labels) -> Mask:
    """Neither black nor white, as far as a lossy file keeps these."""
    middle: Mask = (levels > _NEAR) & (levels < WHITE - _NEAR)
    return middle


def _is_black_and_white(levels: Labels) -> bool:
    dark, bright = levels < HALF, levels >= HALF
    if not dark.any() or not bright.any():
        return False
    black, white = levels <= _NEAR, levels >= WHITE - _NEAR
    return _share(black, dark) >= _LEAST_PLAIN and _share(white, bright) >= _LEAST_PLAIN


def _edges(levels: Labels) -> Mask:
    """Pixels with black and with white near them."""
    from scipy.ndimage import maximum_filter

    side = 2 * _EDGE + 1
    black: Mask = maximum_filter(levels <= _NEAR, side)
    white: Mask = maximum_filter(levels >= WHITE - _NEAR, side)
    return black & white


def _checked(name: str, labels: Labels) -> Labels:
    """Refuse a picture, and what was resized between labels."""
    values, counts = _counted(labels)
    if values.size <= _MOST_EDGE_VALUES:
        return labels
    left, right = labels[:, :-1], labels[:, 1:]
    both = (left > 0) & (right > 0)
    if values.size > _MANY_VALUES and _share(left == right, both) < _LEAST_EQUAL:
        raise BadImage(
            f"“{name}” is a picture and no label map: its neighbouring pixels hardly ever have "
            "one value.",
            advice="Give the folder of the label maps, not that of the pictures.",
        )
    edges = np.searchsorted(values, labels[_between(labels)])
    edge_counts = np.bincount(edges, minlength=values.size)
    soft = int((edge_counts >= _LEAST_BETWEEN * counts).sum())
    if soft >= _MOST_EDGE_VALUES and soft > values.size // 4:
        raise _not_hard(name)
    return labels


def _counted(labels: Labels) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The labels there are, rising, and how many pixels each has."""
    if labels.max() < 1 << 16:
        counts = np.bincount(labels.ravel())
        values = np.flatnonzero(counts)
        return values, counts[values]
    found, counts = np.unique(labels, return_counts=True)
    return found.astype(np.int64), counts


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
