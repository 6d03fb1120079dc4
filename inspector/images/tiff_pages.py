"""TIFF through tifffile: numbers as deep as they are stored, pages as slices, true millimetres."""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from inspector.core.errors import BadImage
from inspector.core.images import ImageCard, Plane, Slice, SliceAddress, Spacing, Values
from inspector.images.image import InputImage
from inspector.images.numbers import (
    EIGHT_BITS,
    ON_BLACK,
    as_bytes,
    as_values,
    full_range,
    hidden_where_no_number,
    on_black,
)
from inspector.images.reader import Pictures
from inspector.images.refusing import ADVICE, refuse_large, refused_as_damaged

_ODD = (tifffile.TiffFileError,)
_REDUCED = 1
_MM = {
    "nm": 1e-6,
    "µm": 1e-3,
    "μm": 1e-3,
    "um": 1e-3,
    "micron": 1e-3,
    "microns": 1e-3,
    "mm": 1.0,
    "cm": 10.0,
    "inch": 25.4,
    "in": 25.4,
}
_SCREEN = (72.0, 96.0)
"""Dots per inch that programs write without having measured anything."""
_MOST_PAGES = 100_000


@dataclass(frozen=True)
class _Pages:
    """The slices of a file and what is true of all of them."""

    read: Callable[[int], tuple[Values, Any]]
    count: int
    notes: tuple[str, ...]
    spacing: Spacing | None


def open_pages(path: Path) -> InputImage:
    """Open a file and read its first slice.

    Raises
    ------
    BadImage
        When it is damaged, too large, or packed or coloured in a way that is not read.
    """
    with _opened(path) as file:
        return _open(path, file)


def count_pictures(path: Path) -> Pictures:
    """The pages of a file; none is decoded.

    Raises
    ------
    BadImage
        As `open_pages`, as far as the header tells.
    """
    with _opened(path) as file:
        return Pictures((path,), slices=_pages(path, file).count)


def palette_places(path: Path, index: int) -> Values | None:
    """(rows, columns) the stored places in a palette, upright; None where there is none.

    Raises
    ------
    BadImage
        When there is no such page, or it cannot be read.
    """
    with _opened(path) as file:
        pages = _pages(path, file)
        if not 0 <= index < pages.count:
            raise BadImage(f"“{path.name}” has no page {index}: there are {pages.count}.")
        numbers, page = pages.read(index)
        if page.photometric.name != "PALETTE":
            return None
        return _turned(_channels_last(path, numbers, page), page)[..., 0]


@contextmanager
def _opened(path: Path) -> Iterator[tifffile.TiffFile]:
    """An open file, that is closed at the end: folders may hold more than may be open at a time."""
    with refused_as_damaged(path.name, "a TIFF file", *_ODD):
        try:
            file = tifffile.TiffFile(path)
        except tifffile.TiffFileError as error:
            raise BadImage(
                f"“{path.name}” is called like a TIFF file, but is none, or is damaged.",
                advice=ADVICE,
                details=str(error)[:1000],
            ) from error
        try:
            yield file
        finally:
            file.filehandle.close()


def _open(path: Path, file: tifffile.TiffFile) -> InputImage:
    pages = _pages(path, file)

    def read(at: SliceAddress) -> Slice:
        with refused_as_damaged(path.name, "a TIFF file", *_ODD):
            file.filehandle.open()
            try:
                return replace(_slice(path, *pages.read(at.index))[0], spacing=pages.spacing)
            finally:
                file.filehandle.close()

    first, notes = _slice(path, *pages.read(0))
    card = ImageCard(
        label=path.name,
        path=str(path),
        format="TIFF",
        kind="colour" if first.is_colour else "grey",
        shape=first.shape,
        slices={Plane.STORED: pages.count},
        notes=(*pages.notes, *notes),
    )
    return InputImage(card, (path,), read, file.close)


def _pages(path: Path, file: tifffile.TiffFile) -> _Pages:
    found: list[Any] = []
    for number in range(min(len(file.pages), _MOST_PAGES)):
        page = file.pages[number]
        if not isinstance(page, tifffile.TiffPage):
            page = page.aspage()
        if not page.subfiletype & _REDUCED or number == 0:
            found.append(page)
    if not found:
        raise BadImage(f"“{path.name}” holds no picture.", advice=ADVICE)
    alike = [page for page in found if page.shape == found[0].shape]
    notes = []
    if len(alike) < len(found):
        apart = len(found) - len(alike)
        notes.append(
            f"{apart} {'page' if apart == 1 else 'pages'} of another size than the first left out."
        )
    refuse_large(path.name, _sides(found[0]), found[0].dtype.itemsize if found[0].dtype else 1)
    spacing = _spacing(file, found[0])
    stack = _stack_behind_one_page(path, file)
    if stack is not None:
        return _Pages(stack, stack.count, tuple(notes), spacing)

    def read(index: int) -> tuple[Values, Any]:
        return alike[index].asarray(), alike[index]

    return _Pages(read, len(alike), tuple(notes), spacing)


class _Stack:
    """A series whose pictures lie one behind the other under a single page (ImageJ does so)."""

    def __init__(self, path: Path, series: Any, page: Any) -> None:
        self.path, self.series, self.page = path, series, page
        self.count = math.prod(series.shape) // math.prod(page.shape)
        refuse_large(path.name, (*page.shape, self.count), page.dtype.itemsize)
        self.kept: Values | None = None

    def __call__(self, index: int) -> tuple[Values, Any]:
        if self.kept is None:
            self.kept = self.series.asarray().reshape(self.count, *self.page.shape)
        return self.kept[index], self.page


def _stack_behind_one_page(path: Path, file: tifffile.TiffFile) -> _Stack | None:
    if len(file.pages) > 1 or not file.series:
        return None
    page = file.pages[0]
    series = file.series[0]
    beyond = math.prod(series.shape) > math.prod(page.shape)
    return _Stack(path, series, page) if beyond and page.axes in ("YX", "YXS") else None


def _sides(page: Any) -> tuple[int, ...]:
    rows, columns = int(page.imagelength), int(page.imagewidth)
    rest = math.prod(page.shape) // max(1, rows * columns)
    return (rows, columns, max(1, rest))


def _slice(path: Path, numbers: Values, page: Any) -> tuple[Slice, tuple[str, ...]]:
    pixels = _turned(_channels_last(path, numbers, page), page)
    photometric = page.photometric.name
    if photometric == "PALETTE" and page.colormap is not None:
        table = np.asarray(page.colormap).T
        return Slice(as_bytes(table[pixels[..., 0].astype(np.int64)]), unit=""), ()
    if photometric in ("RGB", "YCBCR"):
        return _colour(path, pixels, page)
    if photometric == "SEPARATED" and pixels.shape[2] >= 4:
        ink = as_bytes(pixels[..., :4]).astype(np.float32) / 255.0
        light = (1.0 - ink[..., :3]) * (1.0 - ink[..., 3:])
        note = "Printing colours (CMYK) are shown as RGB."
        return Slice(np.rint(light * 255.0).astype(np.uint8), unit=""), (note,)
    if photometric in ("MINISBLACK", "MINISWHITE"):
        return _grey(pixels, page, is_inverted=photometric == "MINISWHITE")
    raise BadImage(
        f"“{path.name}” holds colours of the kind {photometric}, which are not read here.",
        advice="Save it with RGB colours and open that.",
    )


def _channels_last(path: Path, numbers: Values, page: Any) -> Values:
    """(rows, columns, samples) of a page, planar or not."""
    if page.axes == "YX":
        return numbers[..., None]
    if page.axes == "YXS":
        return numbers
    if page.axes == "SYX":
        return np.moveaxis(numbers, 0, -1)
    raise BadImage(
        f"“{path.name}” holds pages with the axes {page.axes}, which are not read here.",
        advice="Save it as a stack of pages and open that.",
    )


def _turned(pixels: Values, page: Any) -> Values:
    """Turn as the tag Orientation says (TIFF 6.0, page 36)."""
    tag = page.tags.get("Orientation")
    orientation = int(tag.value) if tag is not None else 1
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _colour(path: Path, pixels: Values, page: Any) -> tuple[Slice, tuple[str, ...]]:
    if pixels.shape[2] < 3:
        raise BadImage(f"“{path.name}” says it is in colour, but has less than three channels.")
    bits = int(page.bitspersample)
    notes = (EIGHT_BITS,) if bits > 8 else ()
    if page.dtype.kind == "u" and 8 < bits < 8 * page.dtype.itemsize:
        pixels = pixels << (8 * page.dtype.itemsize - bits)
    colour = as_bytes(pixels[..., :3])
    if pixels.shape[2] == 3 or not _has_alpha(page):
        return Slice(colour, unit=""), notes
    alpha = as_bytes(pixels[..., 3])
    seen = bool((alpha < 255).any())
    already = _extra(page)[0] == "ASSOCALPHA"
    laid = colour if already else on_black(colour, alpha)
    return Slice(laid, unit=""), (*notes, ON_BLACK) if seen else notes


def _grey(pixels: Values, page: Any, *, is_inverted: bool) -> tuple[Slice, tuple[str, ...]]:
    channel = pixels[..., 0]
    notes: tuple[str, ...] = ()
    if pixels.shape[2] == 2 and _has_alpha(page) and page.dtype.kind == "u":
        if _extra(page)[0] != "ASSOCALPHA":
            channel = channel * (as_bytes(pixels[..., 1]).astype(np.float32) / 255.0)
        notes = (ON_BLACK,)
    elif pixels.shape[2] > 1:
        notes = (f"The first of {pixels.shape[2]} channels is shown.",)
    if channel.dtype.kind == "c":
        channel = np.abs(channel)
        notes = (*notes, "Complex numbers: their magnitude is shown.")
    values = as_values(channel)
    bits = 1 if page.dtype.kind == "b" else int(page.bitspersample)
    whole = page.dtype.kind in "bu" and bits <= 8
    return (
        Slice(
            values,
            hidden=hidden_where_no_number(values),
            inverted=is_inverted,
            presets=(full_range(0, 2**bits - 1),) if whole else (),
        ),
        notes,
    )


def _extra(page: Any) -> tuple[str, ...]:
    return tuple(getattr(sample, "name", str(sample)) for sample in page.extrasamples)


def _has_alpha(page: Any) -> bool:
    return bool(_extra(page)) and _extra(page)[0] in ("ASSOCALPHA", "UNASSALPHA")


def _spacing(file: tifffile.TiffFile, page: Any) -> Spacing | None:
    found = _of_ome(file) or _of_imagej(file, page) or _of_tags(page)
    turned = page.tags.get("Orientation")
    if found is None or turned is None or int(turned.value) < 5:
        return found
    return replace(found, rows=found.columns, columns=found.rows)


def _of_ome(file: tifffile.TiffFile) -> Spacing | None:
    text = file.ome_metadata if file.is_ome else None
    pixels = re.search(r"<(?:\w+:)?Pixels\b[^>]{0,4000}>", text or "")
    if pixels is None:
        return None
    sides = []
    for axis in "YX":
        size = re.search(rf'\bPhysicalSize{axis}="([^"]{{1,40}})"', pixels[0])
        unit = re.search(rf'\bPhysicalSize{axis}Unit="([^"]{{1,20}})"', pixels[0])
        sides.append(_number(size[1]) * _MM.get(unit[1] if unit else "µm", 0.0) if size else 0.0)
    return _spacing_of(sides[0], sides[1], "PhysicalSize of OME-XML")


def _of_imagej(file: tifffile.TiffFile, page: Any) -> Spacing | None:
    unit = str((file.imagej_metadata or {}).get("unit", "")) if file.is_imagej else ""
    # ImageJ writes the micro sign as an escape of its own.
    scale = _MM.get(unit.replace("\\u00B5", "µ").strip(), 0.0)
    rows, columns = _per_unit(page, "YResolution"), _per_unit(page, "XResolution")
    if not scale or not rows or not columns:
        return None
    return _spacing_of(scale / rows, scale / columns, "ImageJ's unit and XResolution")


def _of_tags(page: Any) -> Spacing | None:
    unit = page.tags.get("ResolutionUnit")
    length = {2: 25.4, 3: 10.0}.get(int(unit.value) if unit is not None else 0)
    rows, columns = _per_unit(page, "YResolution"), _per_unit(page, "XResolution")
    if length is None or not rows or not columns:
        return None
    if length == 25.4 and rows in _SCREEN and columns in _SCREEN:
        return None
    return _spacing_of(
        length / rows, length / columns, "XResolution of the TIFF file", "as it would be printed"
    )


def _per_unit(page: Any, name: str) -> float:
    tag = page.tags.get(name)
    if tag is None or not isinstance(tag.value, tuple) or len(tag.value) != 2 or not tag.value[1]:
        return 0.0
    return float(tag.value[0]) / float(tag.value[1])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _spacing_of(rows: float, columns: float, source: str, where: str = "") -> Spacing | None:
    good = np.isfinite((rows, columns)).all() and min(rows, columns) > 0
    return Spacing(rows, columns, source, where) if good else None
