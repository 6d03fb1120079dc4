"""The two-colour overlay of a query and a key map, and single maps, over a picture.

The one compositor for the screen and for files, in whole numbers so that both have the same bytes:

    grey  = (77 red + 150 green + 29 blue + 128) >> 8                of a pixel of the picture
    base  = (grey * round(256 dim) + 128) >> 8
    light = round(255 opacity (q C_query + k C_key))                 of a patch, q and k in 0..1
    out   = min(base + light, 255)

which is dim grey + opacity (q C_query + k C_key), clipped, to within a level. Light is added, so
that neither map hides the other; the two colours of a pair add up to white, so that a place where
both maps are high is neutral. The picture is made grey, as its own colours could not be told from
the light. Pixels that no token covers keep half of the dimmed picture and get no light. Where
tokens lie on the picture is asked of `TokenGrid` alone.
"""

import math
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from inspector.core.images import Picture
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.tokens import TokenGrid
from inspector.render.colour_tables import ByteArray
from inspector.render.colours import UNDEFINED, table_for
from inspector.render.limits import Limits
from inspector.render.percentiles import percentiles_of
from inspector.render.screen_pixels import (
    Pixels,
    empty_pixels,
    picture_of,
    pixels_of,
)

_LUMA = (77, 150, 29)
"""Shares of red, green and blue in the luma of ITU-R BT.601, in 256ths."""

LOW_PERCENTILE, HIGH_PERCENTILE = 30.0, 95.0

LIGHTS: dict[ColourPair, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    ColourPair.RED_CYAN: ((1.0, 0.0, 0.0), (0.0, 1.0, 1.0)),
    ColourPair.MAGENTA_GREEN: ((1.0, 0.0, 1.0), (0.0, 1.0, 0.0)),
    ColourPair.ORANGE_AZURE: ((1.0, 0.5, 0.0), (0.0, 0.5, 1.0)),
}
"""Red, green and blue (0..1) of the query map, then of the key map; each pair adds up to white."""

Map = npt.NDArray[np.floating[Any]]
UnitMap = npt.NDArray[np.float32]


def percentiles(maps: Sequence[Map]) -> tuple[float, float]:
    """P30 and P95 over the finite values of all maps; methods C1. (0, 0) where there are none."""
    values = np.concatenate([values[np.isfinite(values)] for values in maps])
    if not values.size:
        return (0.0, 0.0)
    low, high = percentiles_of(values, (LOW_PERCENTILE, HIGH_PERCENTILE))
    return (low, high)


def unit_map(values: Map, limits: tuple[float, float]) -> UnitMap:
    """Any shape in, clip((x - P30) / (P95 - P30), 0, 1) out; zeros where P95 == P30; methods C1."""
    low, high = limits
    if not high > low:
        return np.zeros(values.shape, dtype=np.float32)
    share = (values.astype(np.float64) - low) / (high - low)
    return np.clip(np.nan_to_num(share), 0.0, 1.0).astype(np.float32)


def orientation(query: Map, key: Map) -> int:
    """+1 or -1: which of (u, v) and (-u, -v) is shown on an image; methods C1.

    +1 where max q * max k >= min q * min k: the strongest pair of patches is then one of high
    values. Patches without a finite value are passed over.
    """
    (query_low, query_high), (key_low, key_high) = (_ends(values) for values in (query, key))
    return 1 if query_high * key_high >= query_low * key_low else -1


def _ends(values: Map) -> tuple[float, float]:
    """Lowest and highest finite value; (0, 0) where there is none."""
    low, high = float(values.min()), float(values.max())
    if not math.isfinite(high - low):
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    return low, high


def compose_overlay(
    picture: Picture, grid: TokenGrid, query01: UnitMap, key01: UnitMap, style: MapStyle
) -> Picture:
    """Light up a picture where the query map, and where the key map, is high.

    Parameters
    ----------
    picture
        (rows, columns, 3) as it is looked at; what was dimmed is kept for the next call while a
        read-only picture lives.
    grid
        Where the patches lie on it.
    query01, key01
        (grid rows, grid columns) from 0 to 1.
    style
        Its colour pair, opacity, dim and smoothing.

    Returns
    -------
    (rows, columns, 3) uint8, a view of `screen_pixels`.
    """
    query_light, key_light = (np.array(light) for light in LIGHTS[style.pair])
    light = query01[..., None] * query_light + key01[..., None] * key_light
    cells = pixels_of(np.rint(255.0 * style.opacity * light), opaque=0)
    base = _dimmed(picture, style.dim)
    out = _unlit(base, grid)
    below, above = _inside(base.lit, grid), _inside(out, grid)
    for band, bright in _bands(cells, grid, smooth=style.smooth):
        np.minimum(below[band], 255 - bright, out=above[band])
        above[band] += bright
    return picture_of(out)


def compose_map(
    grid: TokenGrid,
    values: Map,
    limits: Limits,
    *,
    style: MapStyle,
    base: Picture | None = None,
    table: ByteArray | None = None,
) -> Picture:
    """Colour one map, over the pixels of the picture it belongs to.

    Parameters
    ----------
    values
        (grid rows, grid columns); a patch without a finite value is grey.
    limits
        With a centre for a diverging map, without for a sequential one.
    style
        Its smoothing (the values are interpolated, not the colours; not where a value is missing)
        and dim.
    base
        The picture, seen (dimmed, then halved) where no token lies; grey where it is not given.
    table
        (256, 3); the one that fits the limits where none is given.

    Returns
    -------
    (rows, columns, 3) uint8, a view of `screen_pixels`.
    """
    table = table_for(limits) if table is None else table
    places, missing = _places(values, limits, len(table))
    smooth = style.smooth and not missing.any()
    inks = pixels_of(table)
    if base is None:
        out = empty_pixels(*grid.placement.image_shape)
        out[...] = pixels_of(UNDEFINED)
    else:
        out = _unlit(_dimmed(base, style.dim), grid)
    colours = inks[places]
    colours[missing] = pixels_of(UNDEFINED)
    target = _inside(out, grid)
    for band, bright in _bands(places[..., None] if smooth else colours, grid, smooth=smooth):
        target[band] = _whole(inks).take(bright).view(np.uint8) if smooth else bright
    return picture_of(out)


def colours_of(values: Map, limits: Limits, table: ByteArray | None = None) -> Picture:
    """(rows, columns, 3) uint8, one pixel a patch: a thumbnail."""
    table = table_for(limits) if table is None else table
    places, missing = _places(values, limits, len(table))
    picture = table[places]
    picture[missing] = UNDEFINED
    return picture


def light_ramp(pair: ColourPair, which: int, style: MapStyle) -> ByteArray:
    """(256, 3) what one map adds to black from 0 to 1: the bar beside an overlay.

    `which` is 0 for the query map, 1 for the key map.
    """
    share = np.linspace(0.0, 1.0, 256)[:, None]
    ramp = np.rint(255.0 * style.opacity * share * np.array(LIGHTS[pair][which]))
    table: ByteArray = ramp.astype(np.uint8)
    return table


def _places(
    values: Map, limits: Limits, steps: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Which colour of a table each value has, and which values are none."""
    missing = ~np.isfinite(values)
    filled = np.where(missing, limits.low, values).astype(np.float64)
    share = (filled - limits.low) / (limits.high - limits.low)
    return np.clip(share * steps, 0, steps - 1).astype(np.uint8), missing


@dataclass(frozen=True, eq=False, slots=True)
class _Dimmed:
    """A picture in grey at a share of its brightness, and half of that where no token lies."""

    lit: Pixels
    unlit: Pixels


@dataclass(frozen=True, eq=False, slots=True)
class _Kept:
    """What was made of a picture that nobody can write to: its grey, and that dimmed last."""

    picture: "weakref.ref[Picture]"
    grey: npt.NDArray[np.uint8]
    dim: float
    base: _Dimmed


_KEPT: dict[int, _Kept] = {}
"""By the picture's id; entries are replaced whole, as figures are composed in another thread."""


def _dimmed(picture: Picture, dim: float) -> _Dimmed:
    """The picture in grey, at a share of its brightness.

    A mode, a head or the opacity changes many times over one picture, so the last one of each
    picture that nobody can write to is kept as long as the picture itself.
    """
    place = id(picture)
    known = _KEPT.get(place)
    if known is not None and known.picture() is not picture:
        known = None
    if known is not None and known.dim == dim:
        return known.base
    grey = _grey_of(picture) if known is None else known.grey
    base = _dimmed_grey(grey, dim)
    if not picture.flags.writeable:
        there = weakref.ref(picture, lambda _: _forget(place))
        _KEPT[place] = _Kept(there, grey, dim, base)
    return base


def _grey_of(picture: Picture) -> npt.NDArray[np.uint8]:
    grey = np.full(picture.shape[:2], 128, dtype=np.uint16)
    for channel, share in enumerate(_LUMA):
        grey += picture[..., channel] * np.uint16(share)
    grey >>= np.uint16(8)
    return grey.astype(np.uint8)


def _dimmed_grey(grey: npt.NDArray[np.uint8], dim: float) -> _Dimmed:
    """Each of the 256 greys is dimmed once, and looked up for every pixel as a whole one."""
    levels = (np.arange(256) * round(256 * dim) + 128) >> 8
    lit, unlit = (
        _whole(pixels_of(np.repeat(found[:, None], 3, axis=1))).take(grey).view(np.uint8)
        for found in (levels, levels >> 1)
    )
    shape = (*grey.shape, 4)
    return _Dimmed(lit.reshape(shape), unlit.reshape(shape))


def _forget(place: int) -> None:
    known = _KEPT.get(place)
    if known is not None and known.picture() is None:
        del _KEPT[place]


@dataclass(frozen=True, eq=False, slots=True)
class _Stretches:
    """The pixels that tokens lie on: one stretch of rows and columns, as cells rise with them.

    `bands` are stretches of pixel rows, counted inside, with the row of the grid they lie in;
    `across` is the column of the grid of each pixel column inside.
    """

    rows: slice
    columns: slice
    bands: tuple[tuple[slice, int], ...]
    across: npt.NDArray[np.int64]


@lru_cache(maxsize=16)
def _stretches(grid: TokenGrid) -> _Stretches:
    rows, columns = _stretch(grid.row_of_pixel), _stretch(grid.column_of_pixel)
    down, across = grid.row_of_pixel[rows], grid.column_of_pixel[columns]
    lit = down.size and across.size
    bands = tuple((band, int(down[band.start])) for band in _runs(down)) if lit else ()
    return _Stretches(rows, columns, bands, across)


def _stretch(cells: npt.NDArray[np.int64]) -> slice:
    found = np.flatnonzero(cells >= 0)
    return slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, 0)


def _inside(pixels: Pixels, grid: TokenGrid) -> Pixels:
    """(pixel rows, bytes of a row) of what tokens lie on: a view."""
    there = _stretches(grid)
    wide = slice(4 * there.columns.start, 4 * there.columns.stop)
    return pixels.reshape(len(pixels), -1)[there.rows, wide]


def _whole(pixels: Pixels) -> npt.NDArray[np.uint32]:
    """Each pixel as one number: taking one is then four times as quick."""
    whole: npt.NDArray[np.uint32] = pixels.view(np.uint32)[..., 0]
    return whole


def _unlit(base: _Dimmed, grid: TokenGrid) -> Pixels:
    """Pixels to draw on: half of the base where no token lies, anything where one does."""
    there = _stretches(grid)
    out = np.empty_like(base.unlit)
    for band in (slice(0, there.rows.start), slice(there.rows.stop, None)):
        out[band] = base.unlit[band]
    for side in (slice(0, there.columns.start), slice(there.columns.stop, None)):
        out[there.rows, side] = base.unlit[there.rows, side]
    return out


def _bands(
    cells: npt.NDArray[np.uint8], grid: TokenGrid, *, smooth: bool
) -> Iterator[tuple[slice, npt.NDArray[np.uint8]]]:
    """Stretches of pixel rows (counted inside the grid) and the bytes on them.

    `cells` is (grid rows, grid columns, 4), or 1 instead of 4 where `smooth`; the bytes are (pixel
    rows, or 1 where all are alike, pixel columns * channels).
    """
    there = _stretches(grid)
    if smooth and there.bands:
        yield from _smooth_bands(cells, grid)
    elif there.bands:
        lines = _whole(cells).take(there.across, axis=1).view(np.uint8)
        for band, row in there.bands:
            yield band, lines[row : row + 1]


def _smooth_bands(
    cells: npt.NDArray[np.uint8], grid: TokenGrid
) -> Iterator[tuple[slice, npt.NDArray[np.uint8]]]:
    """Bilinear between the centres of patches, in 256ths of a patch; flat beyond the outermost."""
    extent, there = grid.extent, _stretches(grid)
    rows, down = _between(there.rows, extent.top, extent.height, grid.rows)
    columns, right = _between(there.columns, extent.left, extent.width, grid.columns)
    wide = cells.astype(np.uint16)
    lines = _mixed(
        wide[:, columns], wide[:, np.minimum(columns + 1, grid.columns - 1)], right[None, :, None]
    ).reshape(grid.rows, -1)
    for band in _runs(rows):
        row = rows[band.start]
        following = lines[min(row + 1, grid.rows - 1)]
        mixed = _mixed(lines[row][None, :], following[None, :], down[band, None])
        yield band, mixed.astype(np.uint8)


def _between(
    pixels: slice, start: float, length: float, count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint16]]:
    """The patch before each pixel's centre, and how far it is to the next, in 256ths."""
    centres = np.arange(pixels.start, pixels.stop) + 0.5
    place = np.floor(((centres - start) * count / length - 0.5) * 256).astype(np.int64)
    place = np.clip(place, 0, (count - 1) * 256)
    return place >> 8, (place & 255).astype(np.uint16)


def _mixed(
    one: npt.NDArray[np.uint16], other: npt.NDArray[np.uint16], share: npt.NDArray[np.uint16]
) -> npt.NDArray[np.uint16]:
    """(one * (256 - share) + other * share + 128) >> 8; never above 65 535 for bytes."""
    mixed: npt.NDArray[np.uint16] = one * (np.uint16(256) - share)
    mixed += other * share
    mixed += np.uint16(128)
    mixed >>= np.uint16(8)
    return mixed


def _runs(cells: npt.NDArray[np.int64]) -> Iterator[slice]:
    """Stretches of equal neighbours."""
    steps = np.flatnonzero(np.diff(cells)) + 1
    for first, last in pairwise((0, *steps.tolist(), cells.size)):
        yield slice(first, last)
