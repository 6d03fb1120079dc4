"""How often query and key of a mode lie on one object; methods, section C3."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from inspector.core.comparison import FloatArray, IntArray, ModelCard
from inspector.core.errors import BadRequest
from inspector.core.modes import SmallArray
from inspector.core.optimal import Left, OptimalOptions
from inspector.core.preparation import Preparation
from inspector.core.rows import ModeRows

DEFAULT_TOP = 5
ONE_OBJECT = "The image has fewer than two objects as large as a patch."
"""Why a picture does not count that every mode would score 1 on."""


@dataclass(frozen=True, eq=False)
class SameObject:
    """For every mode the pictures it scores best on, and which objects query and key favour there.

    Parameters
    ----------
    card, preparation, options
        Of which model, on pictures prepared how, scored how.
    folder, labels
        Of the pictures, and of their label maps.
    rows
        Which modes: all of every head.
    sigma
        (rows,) of the modes.
    images
        Names of the pictures that are among the best of any mode, in order of name.
    image
        (rows, k) index to `images`, best first; -1 where there is none.
    score
        (rows, k) float32, of the better of the two signs.
    sign
        (rows, k) int8, 1 or -1: which sign it was.
    query_object, key_object
        (rows, k) int32, the label of the object with the largest mean projection per area.
    chance
        (rows, k) float64: how often query and key would favour one object if the key's objects were
        permuted among the modes of the block on that picture.
    measured
        How many pictures count.
    one_object
        Names of the pictures with fewer than two objects, which do not count.
    left_out
        Other pictures that do not count, with the reason: no label map.
    total
        How many pictures the folder holds.
    """

    card: ModelCard
    preparation: Preparation
    options: OptimalOptions
    folder: str
    labels: str
    rows: ModeRows
    sigma: FloatArray
    images: tuple[str, ...]
    image: IntArray
    score: SmallArray
    sign: npt.NDArray[np.int8]
    query_object: npt.NDArray[np.int32]
    key_object: npt.NDArray[np.int32]
    chance: FloatArray
    measured: int
    one_object: tuple[str, ...] = ()
    left_out: Left = ()
    total: int = 0

    def __post_init__(self) -> None:
        arrays = (
            self.image, self.score, self.sign, self.query_object, self.key_object, self.chance,
        )  # fmt: skip
        if {array.shape for array in arrays} != {(self.rows.count, self.top)}:
            raise BadRequest("All that is kept of the best pictures has one shape.")
        if self.sigma.shape != (self.rows.count,):
            raise BadRequest("There is one sigma for each mode.")
        for array in (*arrays, self.sigma):
            array.setflags(write=False)

    @property
    def top(self) -> int:
        """k, how many pictures a mode's probability is the mean of."""
        return int(self.image.shape[-1])

    @property
    def complete(self) -> bool:
        """Whether every picture counts or was left out."""
        return self.measured + len(self.one_object) + len(self.left_out) >= self.total

    @property
    def every_left_out(self) -> Left:
        """All pictures that do not count, in order of name, with the reason."""
        return tuple(sorted((*self.left_out, *((name, ONE_OBJECT) for name in self.one_object))))

    @cached_property
    def probability(self) -> FloatArray:
        """(rows,) the share of a mode's pictures on which both favour one object; NaN for none."""
        return self._mean((self.query_object == self.key_object).astype(np.float64))

    @cached_property
    def expected(self) -> FloatArray:
        """(rows,) the same by chance."""
        return self._mean(self.chance)

    def by_head(self, values: FloatArray) -> FloatArray:
        """(heads,) of (rows,): the mean weighted by sigma over the modes that have a value."""
        heads = self.rows.of_heads
        found = [
            _weighted(values[rows], self.sigma[rows])
            for rows in map(self.rows.of_head, heads.addresses())
        ]
        return np.array(found, dtype=np.float64)

    def by_block(self, values: FloatArray) -> FloatArray:
        """(depth,) of (rows,): the mean over heads of the weighted mean of each."""
        heads, by_head = self.rows.of_heads, self.by_head(values)
        found = [_mean_of_finite(by_head[heads.of_block(n)]) for n in range(len(heads.blocks))]
        return np.array(found, dtype=np.float64)

    def curve(self) -> FloatArray:
        """(depth,) the probability of every block."""
        return self.by_block(self.probability)

    def chance_curve(self) -> FloatArray:
        """(depth,) the probability of every block by chance."""
        return self.by_block(self.expected)

    def _mean(self, values: FloatArray) -> FloatArray:
        good = self.image >= 0
        count = good.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean: FloatArray = np.where(good, values, 0.0).sum(axis=1) / count
        return mean


def _weighted(values: FloatArray, weights: FloatArray) -> float:
    good = np.isfinite(values)
    total = float(weights[good].sum())
    return float((values[good] * weights[good]).sum()) / total if total > 0 else float("nan")


def _mean_of_finite(values: FloatArray) -> float:
    good = values[np.isfinite(values)]
    return float(good.mean()) if good.size else float("nan")
