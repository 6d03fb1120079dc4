"""How much each mode contributes to the attention scores of one image; methods, section G.

A mode adds sigma_n q_in k_jn to the score of the tokens i and j. Over all pairs of patches that can
attend to each other, the measures are

* ``mean``: sigma_n times the mean of |q_in||k_jn|;
* ``max``: sigma_n times the largest q_in k_jn;
* ``energy``: sigma_n^2 times the mean of q_in^2 k_jn^2.

All of them separate into sums and extremes over the patches of a window, so that no pair is formed.
"""

from typing import Literal

import numpy as np

from inspector.core.comparison import FloatArray, IntArray
from inspector.core.modes import BlockMaps, SmallArray

Measure = Literal["mean", "max", "energy"]


def contributions(maps: BlockMaps, sigma: FloatArray, measure: Measure = "mean") -> FloatArray:
    """(heads, modes) of a block's query-key modes on one image.

    Parameters
    ----------
    maps
        Query and key map of every mode.
    sigma
        (heads, modes)
    """
    return measured(maps.query, maps.key, sigma, maps.window_of, measure)


def measured(
    query: SmallArray,
    key: SmallArray,
    sigma: FloatArray,
    window_of: IntArray | None,
    measure: Measure,
) -> FloatArray:
    """As `contributions`, of maps (heads, modes, rows, columns) that are no `BlockMaps` yet."""
    q, k = (m.reshape(*m.shape[:2], -1).astype(np.float64) for m in (query, key))
    patches = np.zeros(q.shape[2], np.int64) if window_of is None else window_of.ravel()
    order = np.argsort(patches, kind="stable")
    _, starts, sizes = np.unique(patches[order], return_index=True, return_counts=True)
    q, k = q[:, :, order], k[:, :, order]
    if measure == "max":
        ends = [
            (np.minimum.reduceat(m, starts, axis=2), np.maximum.reduceat(m, starts, axis=2))
            for m in (q, k)
        ]
        products = np.stack([a * b for a in ends[0] for b in ends[1]])
        largest: FloatArray = sigma * products.max(axis=(0, 3))
        return largest
    q, k = (np.abs(q), np.abs(k)) if measure == "mean" else (q**2, k**2)
    sums = [np.add.reduceat(m, starts, axis=2) for m in (q, k)]
    mean = (sums[0] * sums[1]).sum(axis=2) / float((sizes**2).sum())
    found: FloatArray = (sigma if measure == "mean" else sigma**2) * mean
    return found
