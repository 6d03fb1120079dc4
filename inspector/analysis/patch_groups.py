"""Which patches of a block can attend to one another: all of them, or those of one window.

Of a shifted window only those of one region: the others lie at the far end of the picture.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from inspector.core.attention import Windows
from inspector.core.comparison import IntArray

Shape = tuple[int, int]


@dataclass(frozen=True, eq=False)
class PatchGroups:
    """The patches of a grid, group after group.

    Parameters
    ----------
    order
        (patches,) the patches, counted row by row: groups of one size stand together, in each group
        its patches in rising order. None where all patches are one group.
    sizes
        How many groups there are of which size, in this order: (groups, patches in each).
    """

    order: IntArray | None
    sizes: tuple[tuple[int, int], ...]


def window_of(windows: Windows | None, shape: Shape) -> IntArray | None:
    """(rows, columns) equal where two patches can attend to each other: window and region."""
    if windows is None:
        return None
    regions = int(windows.region_of.max()) + 1
    padded = (windows.window_of * regions + windows.region_of).reshape(windows.shape)
    found: IntArray = np.unique(padded[: shape[0], : shape[1]], return_inverse=True)[1]
    return found.reshape(shape)


@lru_cache(maxsize=64)
def groups_of(windows: Windows | None, shape: Shape) -> PatchGroups:
    """The groups of a grid of so many rows and columns; padding belongs to none."""
    of_patch = window_of(windows, shape)
    if of_patch is None or not of_patch.any():
        return PatchGroups(None, ((1, shape[0] * shape[1]),))
    group = of_patch.ravel()
    size = np.bincount(group)[group]
    order = np.lexsort((group, size))
    sizes, patches = np.unique(size, return_counts=True)
    order.setflags(write=False)
    return PatchGroups(
        order, tuple((int(n // of), int(of)) for of, n in zip(sizes, patches, strict=True))
    )
