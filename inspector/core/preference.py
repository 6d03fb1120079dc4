"""Whether attention groups like with like, or sets it off; methods, section D (odd one out)."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from inspector.core.comparison import FloatArray, ModelCard
from inspector.core.errors import BadRequest
from inspector.core.optimal import Left
from inspector.core.preparation import Preparation
from inspector.core.rows import HeadRows

RATIOS = ("tt", "td", "tb", "dt", "dd", "db")
"""First letter the query's, second what is attended to: target, distractor, background."""


class Group(StrEnum):
    """The three groups of the six ratios."""

    SAME = "same"
    DIFFERENT = "different"
    BACKGROUND = "background"


@dataclass(frozen=True, eq=False)
class Preference:
    """What the patch in the target, and the one in a distractor, attend to, picture by picture.

    Parameters
    ----------
    card, preparation
        Of which model, on pictures prepared how.
    folder
        The folder of the pictures.
    heads
        Which heads; `depth` is the number of their blocks.
    images
        Names of the pictures that count, in order of name.
    ratios
        (images, heads, 2, 3) float64: the attention of the query patch in the target, then in the
        distractor, that goes to target, distractor and background, of that which goes to patches
        that belong to one of them. The three sum to 1; NaN where all attention of a query goes to
        prefix tokens or padding.
    without_query
        The same with the query patch itself left out of what is attended to.
    areas
        (images, depth, 3) the share of target, distractor and background in the patches that count.
    coverage
        (images, depth, 2) the largest share of a patch that the target, the distractor covers.
    visible
        (images, depth, 2) the share of the distractor that the target's query can attend to at all,
        and of the target that the distractor's can; 1 where there are no windows.
    left_out
        Pictures that do not count, with the reason: no mask, no target.
    total
        How many pictures the folder holds.
    """

    card: ModelCard
    preparation: Preparation
    folder: str
    heads: HeadRows
    images: tuple[str, ...]
    ratios: FloatArray
    without_query: FloatArray
    areas: FloatArray
    coverage: FloatArray
    visible: FloatArray
    left_out: Left = ()
    total: int = 0

    def __post_init__(self) -> None:
        images, depth = len(self.images), len(self.heads.blocks)
        shapes = {
            "ratios": (images, self.heads.count, 2, 3),
            "without_query": (images, self.heads.count, 2, 3),
            "areas": (images, depth, 3),
            "coverage": (images, depth, 2),
            "visible": (images, depth, 2),
        }
        for name, shape in shapes.items():
            array: npt.NDArray[np.float64] = getattr(self, name)
            if array.shape != shape:
                raise BadRequest(f"Attention preference: {name} is not of shape {shape}.")
            array.setflags(write=False)

    @property
    def complete(self) -> bool:
        """Whether every picture counts or was left out."""
        return len(self.images) + len(self.left_out) >= self.total

    def groups(self, *, without_query: bool = False) -> dict[Group, FloatArray]:
        """(images, heads) of every group: they sum to 1.

        same = (tt + dd) / 2, different = (td + dt) / 2, background = (tb + db) / 2.
        """
        return _grouped(self.without_query if without_query else self.ratios)

    def curves(self, *, without_query: bool = False) -> dict[Group, FloatArray]:
        """(depth,) of every group: the mean over pictures and heads; NaN without pictures."""
        found = self.groups(without_query=without_query)
        return {group: self._by_block(values) for group, values in found.items()}

    @cached_property
    def chance(self) -> dict[Group, FloatArray]:
        """(depth,) of every group: what attention spread evenly over the patches would give."""
        even = np.stack([self.areas, self.areas], axis=2)
        return {group: _mean(values, axis=0) for group, values in _grouped(even).items()}

    def enrichment(self, *, without_query: bool = False) -> FloatArray:
        """(depth, 2, 3) mean over pictures and heads of ratio over area; NaN where no area is."""
        values = self.without_query if without_query else self.ratios
        depth = len(self.heads.blocks)
        found = np.full((depth, 2, 3), np.nan)
        for block in range(depth):
            area = self.areas[:, block][:, None, None, :]
            with np.errstate(divide="ignore", invalid="ignore"):
                over = np.where(area > 0, values[:, self.heads.of_block(block)] / area, np.nan)
            found[block] = _mean(over, axis=(0, 1))
        return found

    def _by_block(self, values: FloatArray) -> FloatArray:
        depth = len(self.heads.blocks)
        means = [_mean(values[:, self.heads.of_block(n)], axis=(0, 1)) for n in range(depth)]
        return np.array(means, dtype=np.float64)


def _grouped(ratios: FloatArray) -> dict[Group, FloatArray]:
    """Of (..., 2, 3): queries target and distractor, attended target, distractor, background."""
    return {
        Group.SAME: (ratios[..., 0, 0] + ratios[..., 1, 1]) / 2,
        Group.DIFFERENT: (ratios[..., 0, 1] + ratios[..., 1, 0]) / 2,
        Group.BACKGROUND: (ratios[..., 0, 2] + ratios[..., 1, 2]) / 2,
    }


def _mean(values: FloatArray, *, axis: int | tuple[int, ...]) -> FloatArray:
    """The mean of the finite values, NaN where there are none."""
    good = np.isfinite(values)
    count = good.sum(axis=axis)
    total = np.where(good, values, 0.0).sum(axis=axis)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean: FloatArray = np.where(count > 0, total / count, np.nan)
    return mean
