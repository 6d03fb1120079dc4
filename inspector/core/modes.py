"""The singular modes of a head's query-key (or value-output) product, and their maps on an image.

Methods, section B: M = W_q^T W_k = U S V^T, a mode is (u, sigma, v). All arrays are read-only.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from inspector.core.address import Address
from inspector.core.comparison import FloatArray, IntArray, ModelCard
from inspector.core.errors import BadRequest
from inspector.core.preparation import Preparation
from inspector.core.tokens import TokenGrid

SmallArray = npt.NDArray[np.float32]

# Two-sided 95 % of a normal distribution, in standard deviations.
_NORMAL_95 = 1.959963984540054


class Product(StrEnum):
    """Which product of a head is split into modes.

    ``qk``: W_q^T W_k, which pairs of features attend to each other: u in the query's token, v in
    the key's. ``ov``: W_o W_v (with LayerScale), what a head writes when it attends: v is read from
    the attended token, u is written to the attending one.
    """

    QK = "qk"
    OV = "ov"

    @property
    def label(self) -> str:
        """``Query–key`` or ``Value–output``."""
        return {"qk": "Query–key", "ov": "Value–output"}[self.value]

    @property
    def left(self) -> str:
        """What the map of u is called: ``query`` or ``written``."""
        return {"qk": "query", "ov": "written"}[self.value]

    @property
    def right(self) -> str:
        """What the map of v is called: ``key`` or ``read``."""
        return {"qk": "key", "ov": "read"}[self.value]


class TokenSpace(StrEnum):
    """Which tokens are projected on u and v; methods, section 0.5.

    ``attention-input``: exactly what W_q and W_k are applied to; only here do the modes add up to
    the score. ``residual``: the residual in front of the norm, as the published maps use.
    ``normed``: the normalised residual without gain and offset, which belong to the folded weights.
    """

    ATTENTION_INPUT = "attention-input"
    RESIDUAL = "residual"
    NORMED = "normed"


@dataclass(frozen=True, slots=True)
class ModeOptions:
    """How modes are computed; results of different options are never mixed.

    Parameters
    ----------
    product
        Of query and key, or of value and output.
    fold_norm
        Whether gain and offset of the norm in front of attention belong to the weights
        (W_q diag(gamma), b_q + W_q beta).
    augment_bias
        Whether the bias is a further input column (x~ = [x; 1]).
    """

    product: Product = Product.QK
    fold_norm: bool = False
    augment_bias: bool = False


@dataclass(frozen=True, eq=False)
class BlockModes:
    """All modes of all heads of one block.

    Parameters
    ----------
    address, global_index
        Of the block.
    width
        d, the length of u and v (one more than the token width where the bias is augmented).
    sigma
        (heads, modes) float64, falling, >= 0.
    cosine
        (heads, modes) float64, u . v.
    u, v
        (heads, width, modes) float32, orthonormal columns, the entry of u with the largest
        magnitude positive.
    degenerate
        (heads, modes) bool: sigma is closer than 1e-6 of the largest to a neighbour's, so that u, v
        and cosine of the single mode cannot be told apart from the neighbour's.
    trace
        (heads,) float64, <W_q, W_k>_F = the sum of sigma times cosine, from the weights directly.
    random_95
        The half-width of the band that holds the cosine of 95 % of pairs of random directions.
    exact
        Empty where the modes add up to the model's score; else the sentence that says why not.
    """

    address: Address
    global_index: int
    width: int
    sigma: FloatArray
    cosine: FloatArray
    u: SmallArray
    v: SmallArray
    degenerate: npt.NDArray[np.bool_]
    trace: FloatArray
    random_95: float
    exact: str = ""

    def __post_init__(self) -> None:
        heads, modes = self.sigma.shape
        shapes = {"cosine": (heads, modes), "degenerate": (heads, modes), "trace": (heads,)}
        shapes |= {"u": (heads, self.width, modes), "v": (heads, self.width, modes)}
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise BadRequest(f"Modes of {self.address}: {name} is not of shape {shape}.")
        for name in ("sigma", *shapes):
            getattr(self, name).setflags(write=False)

    @property
    def num_heads(self) -> int:
        """Heads of the block."""
        return int(self.sigma.shape[0])

    @property
    def num_modes(self) -> int:
        """Modes of a head: the smaller of d_k and d."""
        return int(self.sigma.shape[1])

    @cached_property
    def nuclear(self) -> FloatArray:
        """(heads,) the sum of sigma."""
        total: FloatArray = self.sigma.sum(axis=1)
        return total

    @cached_property
    def weighted_cosine(self) -> FloatArray:
        """(heads,) sum of sigma times cosine over the sum of sigma; NaN for a head of zeros."""
        with np.errstate(invalid="ignore", divide="ignore"):
            score: FloatArray = (self.sigma * self.cosine).sum(axis=1) / self.nuclear
        return score

    @cached_property
    def mean_cosine(self) -> FloatArray:
        """(heads,) plain mean of the cosines; NaN for a head of zeros, whose u and v are any."""
        mean: FloatArray = np.where(self.nuclear > 0, self.cosine.mean(axis=1), np.nan)
        return mean

    @property
    def block_weighted_cosine(self) -> float:
        """Mean over the heads that are not zero, as the paper's Figure 3; NaN where all are."""
        return _mean_of_finite(self.weighted_cosine)

    @property
    def block_mean_cosine(self) -> float:
        """Mean of the plain mean cosine over the heads that are not zero; NaN where all are."""
        return _mean_of_finite(self.mean_cosine)

    @cached_property
    def head_random_95(self) -> FloatArray:
        """(heads,) half-width of the band of a head's weighted cosine if u and v were unrelated.

        For these sigma and independent random frames u and v the cosines of different modes are
        uncorrelated with variance 1 / d, so the weighted cosine has the standard deviation
        sqrt(sum sigma^2 / d) / sum sigma; for random weights that is methods' sqrt(d d_k) / |M|_*.
        It is close to normal with several modes of similar sigma. NaN for a head of zeros.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = np.sqrt((self.sigma**2).sum(axis=1) / self.width) / self.nuclear
        band: FloatArray = _NORMAL_95 * spread
        return band

    @property
    def block_random_95(self) -> float:
        """Half-width of the band of `block_weighted_cosine`: the mean over independent heads."""
        good = self.head_random_95[np.isfinite(self.head_random_95)]
        return float(np.sqrt((good**2).sum()) / good.size) if good.size else float("nan")

    @cached_property
    def trace_error(self) -> float:
        """Largest |sum sigma cos - <W_q, W_k>| over the heads, relative to the sum of sigma."""
        found = (self.sigma * self.cosine).sum(axis=1)
        scale = np.where(self.nuclear > 0, self.nuclear, 1.0)
        return float(np.max(np.abs(found - self.trace) / scale, initial=0.0))

    def energy(self, head: int) -> FloatArray:
        """(modes,) share of each mode in the sum of squared sigma of its head."""
        squared = self.sigma[head] ** 2
        total = float(squared.sum())
        share: FloatArray = squared / total if total > 0 else np.zeros_like(squared)
        return share


@dataclass(frozen=True, eq=False)
class ModelModes:
    """The modes of all blocks of a model, in global order; while computing, the finished ones.

    `skipped` names blocks without modes, with the reason in words.
    """

    card: ModelCard
    options: ModeOptions
    stage_starts: tuple[int, ...]
    depth: int
    blocks: tuple[BlockModes, ...]
    skipped: tuple[tuple[Address, str], ...] = ()

    @cached_property
    def by_address(self) -> dict[Address, BlockModes]:
        """Blocks by their address."""
        return {block.address: block for block in self.blocks}

    @property
    def complete(self) -> bool:
        """Whether every block is there or skipped."""
        return len(self.blocks) + len(self.skipped) == self.depth

    def curve(self) -> FloatArray:
        """(depth,) weighted cosine of every block in global order; NaN where there is none."""
        values = np.full(self.depth, np.nan)
        for block in self.blocks:
            values[block.global_index] = block.block_weighted_cosine
        return values


@dataclass(frozen=True, eq=False)
class BlockMaps:
    """Query and key maps of all modes of all heads of one block on one image.

    Parameters
    ----------
    address, options, space
        What was projected on what.
    grid
        Where the patches lie.
    query, key
        (heads, modes, rows, columns) float32: x . u and x . v of every patch. For the value-output
        product: what the head wrote along u (its output's share, sigma included), and x . v.
    contribution
        (heads, modes) float64, methods section G: sigma_n mean_i|q_in| mean_j|k_jn| over pairs of
        patches that can attend to each other; the head's ranking of modes on this image.
    window_of
        (rows, columns) which window a patch attends in; None where all attend to all.
    """

    address: Address
    options: ModeOptions
    space: TokenSpace
    grid: TokenGrid
    query: SmallArray
    key: SmallArray
    contribution: FloatArray
    window_of: IntArray | None = None

    def __post_init__(self) -> None:
        if self.query.shape != self.key.shape or self.query.shape[2:] != self.grid.shape:
            raise BadRequest(
                f"Maps of {self.address} have shapes {self.query.shape} and {self.key.shape} on "
                f"a grid of {self.grid.shape}."
            )
        for array in (self.query, self.key, self.contribution):
            array.setflags(write=False)

    def order(self, head: int) -> IntArray:
        """(modes,) the modes of a head by contribution, largest first; ties in order of mode."""
        order: IntArray = np.argsort(-self.contribution[head], kind="stable")
        return order

    @property
    def nbytes(self) -> int:
        """Memory it holds, in bytes."""
        return self.query.nbytes + self.key.nbytes + self.contribution.nbytes


@dataclass(frozen=True, eq=False)
class Anisotropy:
    """How alike the centre patches of different images are, block by block; methods section B.

    values[l] = mean cosine over all pairs of images of the token at (rows // 2, columns // 2).

    Parameters
    ----------
    values
        (depth,) in global order.
    images
        How many images it is the mean over.
    skipped
        Files that could not be read, with the reason.
    preparation
        Of the images, where it is known.
    """

    card: ModelCard
    space: TokenSpace
    values: FloatArray
    images: int
    skipped: tuple[tuple[str, str], ...] = ()
    preparation: Preparation | None = None

    def __post_init__(self) -> None:
        self.values.setflags(write=False)


def _mean_of_finite(values: FloatArray) -> float:
    good = values[np.isfinite(values)]
    return float(good.mean()) if good.size else float("nan")
