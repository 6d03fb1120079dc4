"""What the objects of a picture are, and how much of each patch they cover."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector.core.comparison import FloatArray
from inspector.core.errors import BadRequest
from inspector.core.tokens import TokenGrid

Labels = npt.NDArray[np.int32]
TARGET, DISTRACTOR, BACKGROUND, UNLABELLED = 1, 2, 3, 0
"""The labels of an odd-one-out picture; `UNLABELLED` belongs to none of the three."""


@dataclass(frozen=True, eq=False)
class ObjectMap:
    """Which object every pixel of a picture belongs to.

    Parameters
    ----------
    labels
        (rows, columns) int32 >= 0 of the whole picture, 0 for none; rows and columns may be
        another number than the picture's, the sides then are in proportion.
    key
        SHA-256 of what it was read from, and of how.
    """

    labels: Labels
    key: str

    def __post_init__(self) -> None:
        if self.labels.ndim != 2 or self.labels.size == 0:
            raise BadRequest(f"Labels of shape {self.labels.shape} are no picture.")
        self.labels.setflags(write=False)

    def values(self) -> tuple[int, ...]:
        """The labels there are, without 0, rising."""
        return tuple(int(value) for value in np.unique(self.labels) if value > 0)

    def areas(self, grid: TokenGrid, values: tuple[int, ...]) -> FloatArray:
        """(labels, rows, columns) the share of each patch that an object covers, 0 to 1.

        The exact area: each patch is a rectangle on the picture, cut out and resized as the model's
        input is, whose edges may go through pixels. What lies outside the picture is of no object.

        Parameters
        ----------
        grid
            Of the patches, placed on the picture.
        values
            Which labels.
        """
        rows, columns = self.labels.shape
        placement = grid.placement.resized((rows, columns))
        placed = TokenGrid(grid.rows, grid.columns, grid.cell, placement, grid.prefix)
        down = _shares(self.labels.shape[0], placed, axis=0)
        across = _shares(self.labels.shape[1], placed, axis=1)
        covered = np.empty((len(values), *grid.shape))
        for place, value in enumerate(values):
            whole = self.labels == value
            # Many objects are small: all around them nothing is summed.
            top, left = _extent(whole.any(axis=1)), _extent(whole.any(axis=0))
            part = whole[top, left].astype(np.float64)
            covered[place] = down[:, top] @ part @ across[:, left].T
        return np.clip(covered, 0.0, 1.0)


def _extent(there: npt.NDArray[np.bool_]) -> slice:
    """From the first to the last of what is there."""
    if not there.any():
        return slice(0)
    return slice(int(there.argmax()), len(there) - int(there[::-1].argmax()))


def _shares(pixels: int, grid: TokenGrid, *, axis: int) -> FloatArray:
    """(cells, pixels) which share of a cell's side each pixel is."""
    extent, count = grid.extent, grid.shape[axis]
    start, length = ((extent.top, extent.height), (extent.left, extent.width))[axis]
    edges = start + length / count * np.arange(count + 1)
    low, high = edges[:-1, None], edges[1:, None]
    left = np.arange(pixels)[None]
    overlap = np.minimum(high, left + 1) - np.maximum(low, left)
    shares: FloatArray = np.maximum(overlap, 0.0) / (length / count)
    return shares
