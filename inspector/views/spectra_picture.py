"""The picture of many small spectra: cosines and singular values of heads, as pixels at once.

The paper's supplementary Figure S2 has one plot for each of 144 heads and more. Here all marks of
all heads in sight are put into one array, so that 24 x 24 heads take a few milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector.core.modes import BlockModes

Pixels = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]
Places = npt.NDArray[np.intp]

SIGMA_ROOM = 1.1
_DASH = 4
_DOTS = {
    1: ((0, 0),),
    2: ((0, 0), (0, 1), (1, 0), (1, 1)),
    3: tuple((r, c) for r in (-1, 0, 1) for c in (-1, 0, 1)),
    4: tuple((r, c) for r in range(-2, 3) for c in range(-2, 3) if abs(r) + abs(c) < 4),
}
_CROSSES = {
    1: ((0, 0),),
    2: ((0, 0), (-1, -1), (1, 1), (-1, 1), (1, -1)),
    3: ((0, 0), (-1, -1), (1, 1), (-1, 1), (1, -1)),
    4: tuple((sign * step, step) for step in (-3, -2, -1, 0, 1, 2, 3) for sign in (1, -1)),
}


@dataclass(frozen=True, slots=True)
class SpectraColours:
    """Red, green and blue of everything that is drawn."""

    surface: Colour
    frame: Colour
    zero: Colour
    band: Colour
    cosine: Colour
    sigma: Colour


@dataclass(frozen=True, slots=True)
class CellShape:
    """One cell: its size in pixels, and how large its marks are (1 to 4)."""

    width: int
    height: int
    mark: int

    @property
    def edge(self) -> int:
        """Free pixels around the data."""
        return self.mark + 1

    def x(self, modes: int) -> Places:
        """(modes,) the column of each mode's mark, the first at the left."""
        last = self.width - 1 - self.edge
        return np.linspace(self.edge, last, modes).round().astype(np.intp)

    def y_of_cosine(self, cosine: npt.NDArray[np.float64]) -> Places:
        """The row of a cosine: 1 at the top, -1 at the bottom."""
        room = self.height - 1 - 2 * self.edge
        share = (1.0 - np.clip(np.nan_to_num(cosine), -1.0, 1.0)) / 2.0
        return np.rint(self.edge + share * room).astype(np.intp)

    def y_of_sigma(self, sigma: npt.NDArray[np.float64], largest: float) -> Places:
        """The row of a singular value: 0 at the bottom, 1.1 times the largest at the top."""
        room = self.height - 1 - 2 * self.edge
        share = np.nan_to_num(sigma) / (SIGMA_ROOM * largest if largest > 0 else 1.0)
        return np.rint(self.edge + (1.0 - np.clip(share, 0.0, 1.0)) * room).astype(np.intp)

    def mode_at(self, x: float, modes: int) -> int:
        """The mode whose mark is nearest to a column of the cell."""
        room = max(self.width - 1 - 2 * self.edge, 1)
        return int(np.clip(np.rint((x - self.edge) / room * (modes - 1)), 0, modes - 1))


def mark_size(width: int) -> int:
    """How large marks are in cells of this width."""
    return 1 if width < 40 else 2 if width < 110 else 3 if width < 220 else 4


def compose_spectra(
    blocks: Sequence[BlockModes | None],
    heads: range,
    shape: CellShape,
    colours: SpectraColours,
) -> Pixels:
    """Draw rows of blocks by columns of heads.

    Returns
    -------
    (blocks * height, heads * width, 3) uint8; cells without a head are left empty.
    """
    size = (len(blocks) * shape.height, len(heads) * shape.width, 3)
    picture = np.empty(size, dtype=np.uint8)
    picture[:] = colours.surface
    for row, block in enumerate(blocks):
        strip = picture[row * shape.height : (row + 1) * shape.height]
        if block is not None:
            _draw_block(strip, block, heads, shape, colours)
    return picture


def _draw_block(
    strip: Pixels, block: BlockModes, heads: range, shape: CellShape, colours: SpectraColours
) -> None:
    there = [head for head in heads if head < block.num_heads]
    if not there:
        return
    lefts = np.array([head - heads.start for head in there], dtype=np.intp) * shape.width
    _draw_lines(strip, lefts, block.random_95, shape, colours)
    x = (lefts[:, None] + shape.x(block.num_modes)).ravel()
    largest = float(np.nan_to_num(block.sigma).max(initial=0.0))
    sigma = shape.y_of_sigma(block.sigma[there], largest).ravel()
    _stamp(strip, sigma, x, _CROSSES[shape.mark], colours.sigma)
    cosine = shape.y_of_cosine(block.cosine[there]).ravel()
    _stamp(strip, cosine, x, _DOTS[shape.mark], colours.cosine)


def _draw_lines(
    strip: Pixels, lefts: Places, band: float, shape: CellShape, colours: SpectraColours
) -> None:
    columns = np.arange(shape.edge, shape.width - shape.edge)
    inside = (lefts[:, None] + columns).ravel()
    zero, *edges = shape.y_of_cosine(np.array([0.0, band, -band]))
    strip[zero, inside] = colours.zero
    dashes = (lefts[:, None] + columns[columns % (2 * _DASH) < _DASH]).ravel()
    for edge in edges:
        strip[edge, dashes] = colours.band
    whole = (lefts[:, None] + np.arange(shape.width - 1)).ravel()
    for row in (0, shape.height - 2):
        strip[row, whole] = colours.frame
    for side in (0, shape.width - 2):
        strip[: shape.height - 1, lefts + side] = colours.frame


def _stamp(
    strip: Pixels, rows: Places, columns: Places, mark: Sequence[tuple[int, int]], colour: Colour
) -> None:
    high, wide = strip.shape[:2]
    for down, right in mark:
        at = np.clip(rows + down, 0, high - 1), np.clip(columns + right, 0, wide - 1)
        strip[at] = colour
