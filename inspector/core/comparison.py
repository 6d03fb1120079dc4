"""What the comparison of two or more checkpoints found.

Everything here is frozen and holds read-only float64 arrays, so it crosses from the worker thread
to the screen, and from the program to a file, without copying.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from inspector.core.address import Address
from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Axis = Literal["out", "in"]


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean, median and (population) standard deviation of the defined values of one metric.

    `undefined` counts the vectors without a value: the cosine of a zero vector.
    """

    mean: float
    median: float
    std: float
    count: int
    undefined: int = 0


@dataclass(frozen=True, eq=False)
class MatrixComparison:
    """All vectors of Q, K or V of one block.

    Parameters
    ----------
    matrix
        Which of the three.
    values
        (metrics, vectors), rows in the order of `Metric`; NaN where undefined.
    head_of
        (vectors,) the head each vector belongs to; -1 for vectors along the input axis, which
        belong to no head.
    vector_length
        D, the number of weights of one vector.
    """

    matrix: Matrix
    values: FloatArray
    head_of: IntArray
    vector_length: int

    def __post_init__(self) -> None:
        if self.values.shape != (len(Metric), self.head_of.size):
            raise BadRequest(
                f"A comparison of {self.matrix} holds {self.values.shape} values for "
                f"{self.head_of.size} vectors; expected ({len(Metric)}, {self.head_of.size})."
            )
        self.values.setflags(write=False)
        self.head_of.setflags(write=False)

    def __getitem__(self, metric: Metric) -> FloatArray:
        """(vectors,) values of one metric."""
        row: FloatArray = self.values[_ROW[metric]]
        return row

    @property
    def count(self) -> int:
        """Number of vectors."""
        return int(self.head_of.size)

    @cached_property
    def summaries(self) -> dict[Metric, Summary]:
        """Summary of every metric over all vectors."""
        return {metric: summarise(self[metric]) for metric in Metric}

    def head_means(self, metric: Metric) -> FloatArray:
        """(heads,) mean over each head's defined vectors; NaN where a head has none."""
        values = self[metric]
        good = np.isfinite(values) & (self.head_of >= 0)
        heads = int(self.head_of.max(initial=-1)) + 1
        count = np.bincount(self.head_of[good], minlength=heads).astype(np.float64)
        total = np.bincount(self.head_of[good], weights=values[good], minlength=heads)
        with np.errstate(invalid="ignore", divide="ignore"):
            means: FloatArray = total / count
        return means

    @cached_property
    def share_of_direction(self) -> float:
        """Share of the summed squared Euclidean change that is a change of direction, 0 to 1.

        sum 2|a||b|*cosine_distance / sum |a-b|^2; the rest, (|a|-|b|)^2, is a change of length.
        NaN where nothing changed.
        """
        squared = float(np.nansum(self[Metric.EUCLIDEAN] ** 2))
        if squared == 0.0:
            return float("nan")
        turned = 2 * self[Metric.NORM_A] * self[Metric.NORM_B] * self[Metric.COSINE_DISTANCE]
        return min(1.0, float(np.nansum(turned)) / squared)

    @property
    def identical(self) -> bool:
        """Whether every vector is bit for bit the same in both models (a frozen matrix)."""
        return bool(np.all(self[Metric.EUCLIDEAN] == 0.0))


@dataclass(frozen=True, eq=False)
class BlockComparison:
    """Q, K and V of one block, and the comparison that no change of basis can alter.

    Parameters
    ----------
    address, global_index, num_heads, head_dim
        Of the block in the reference.
    matrices
        Those of Q, K, V whose shapes agree, in that order.
    query_key, value_output
        (heads,) normalised inner product of the query-key (value-output) products of A and B:
        <M_A, M_B>_F / (|M_A||M_B|), 1 for the same function of the head whatever its basis. Empty
        where shapes differ or the output projection is not known.
    """

    address: Address
    global_index: int
    num_heads: int
    head_dim: int
    matrices: tuple[MatrixComparison, ...]
    query_key: FloatArray
    value_output: FloatArray

    def __post_init__(self) -> None:
        self.query_key.setflags(write=False)
        self.value_output.setflags(write=False)

    def matrix(self, matrix: Matrix) -> MatrixComparison | None:
        """The comparison of Q, K or V; None where it could not be compared."""
        return next((m for m in self.matrices if m.matrix is matrix), None)

    @property
    def frozen(self) -> bool:
        """Whether Q, K and V are all identical in A and B."""
        return all(m.identical for m in self.matrices)


class MatchKind(StrEnum):
    """What became of one tensor (or part of one) in the matching of two checkpoints."""

    MATCHED = "matched"
    RENAMED = "renamed"
    ONLY_A = "only in A"
    ONLY_B = "only in B"
    SHAPE_DIFFERS = "of different shape"


@dataclass(frozen=True, slots=True)
class Match:
    """One role, and the tensors that fill it; an empty name or shape where there is none."""

    kind: MatchKind
    role: str
    name_a: str = ""
    name_b: str = ""
    shape_a: tuple[int, ...] = ()
    shape_b: tuple[int, ...] = ()


@dataclass(frozen=True)
class Matching:
    """The fate of every tensor of both files: nothing is skipped silently."""

    matches: tuple[Match, ...]
    notes: tuple[str, ...] = ()

    def count(self, kind: MatchKind) -> int:
        """How many are of this kind."""
        return sum(match.kind is kind for match in self.matches)

    def of_kind(self, kind: MatchKind) -> tuple[Match, ...]:
        """Those of this kind, in file order."""
        return tuple(match for match in self.matches if match.kind is kind)

    @property
    def sentence(self) -> str:
        """``148 matched, 1 of different shape``; kinds without members are left out."""
        parts = [f"{n} {kind}" for kind in MatchKind if (n := self.count(kind))]
        return ", ".join(parts) or "nothing to match"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is shown of an open model: on a chip, in a legend, in the provenance.

    `label` is short and unique among the open models (the file name, with its folder where two
    files have the same name); `path` is the file or folder given.
    """

    label: str
    path: str
    family: str
    source: str
    parameters: int
    depth: int
    assumed: tuple[str, ...] = ()
    foreign_classes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Comparison:
    """Reference A against one compared B.

    Parameters
    ----------
    axis
        ``out``: a vector is a row of the weight (one output feature), heads are contiguous rows.
        ``in``: a vector is a column of each of Q, K, V (one input feature).
    blocks
        In global order; while a computation runs, those that are finished.
    skipped
        Blocks that could not be compared, with the reason in words.
    complete
        False while blocks are still to come.
    """

    reference: ModelCard
    compared: ModelCard
    axis: Axis
    stage_starts: tuple[int, ...]
    depth: int
    blocks: tuple[BlockComparison, ...]
    matching: Matching
    skipped: tuple[tuple[Address, str], ...] = ()
    complete: bool = True

    @cached_property
    def by_address(self) -> dict[Address, BlockComparison]:
        """Blocks by their address."""
        return {block.address: block for block in self.blocks}

    def cells(self) -> Iterator[tuple[BlockComparison, MatrixComparison]]:
        """Every compared matrix with its block, in global order, Q before K before V."""
        for block in self.blocks:
            for matrix in block.matrices:
                yield block, matrix

    @cached_property
    def median_cosine_distance(self) -> float:
        """Over all vectors of all blocks; NaN where none is defined."""
        values = [matrix[Metric.COSINE_DISTANCE] for _, matrix in self.cells()]
        return summarise(np.concatenate(values)).median if values else float("nan")

    @property
    def unrelated(self) -> bool:
        """Whether B was in all likelihood not trained from A, so that rows do not correspond.

        The rule of methods, section A: the median cosine distance is above 0.8.
        """
        return self.median_cosine_distance > UNRELATED_ABOVE

    @property
    def frozen(self) -> tuple[Address, ...]:
        """Blocks whose Q, K and V did not change by a single bit."""
        return tuple(block.address for block in self.blocks if block.frozen)


@dataclass(frozen=True, eq=False)
class ComparisonSeries:
    """One reference against one or more compared models, in the order given (epochs)."""

    comparisons: tuple[Comparison, ...]

    def __post_init__(self) -> None:
        if not self.comparisons:
            raise BadRequest("A series holds at least one comparison.")
        if len({c.axis for c in self.comparisons}) > 1:
            raise BadRequest("All comparisons of a series use the same axis.")

    @property
    def reference(self) -> ModelCard:
        """The reference A."""
        return self.comparisons[0].reference

    @property
    def axis(self) -> Axis:
        """The axis of all comparisons."""
        return self.comparisons[0].axis

    @property
    def complete(self) -> bool:
        """Whether every block of every comparison is there."""
        return all(c.complete for c in self.comparisons)


@dataclass(frozen=True, slots=True)
class Drop:
    """How much lower the last `window` vectors of a matrix lie than those before them.

    drop = mean(m[:-window]) - mean(m[-window:]); `relative` = drop / mean(m[:-window]);
    `z` = how many standard deviations the last window's mean lies below the mean of 1000 random
    contiguous windows of the same length. NaN where the matrix is too short or constant.
    """

    window: int
    drop: float
    relative: float
    z: float


@dataclass(frozen=True, eq=False)
class Pattern:
    """The local pattern of one metric in one matrix of one block.

    Parameters
    ----------
    head_means
        (heads,)
    eta_squared, p_value
        Share of the variance over vectors that lies between heads, and how often a random
        permutation of the vectors gives as much ((1 + hits) / (1 + permutations)). NaN for a
        single head, a constant matrix, or vectors along the input axis.
    last_head, last_tenth
        The drop at the end of the matrix, over its last head and over its last tenth.
    change_points
        Vectors at which the mean changes (binary segmentation, segments of at least 8).
    """

    address: Address
    matrix: Matrix
    metric: Metric
    head_means: FloatArray
    eta_squared: float
    p_value: float
    last_head: Drop
    last_tenth: Drop
    change_points: tuple[int, ...]

    def __post_init__(self) -> None:
        self.head_means.setflags(write=False)


@dataclass(frozen=True)
class Finding:
    """One thing worth saying about a comparison, in words with its numbers.

    `address`, `matrix`, `metric` say where clicking on it leads; None where it is about the whole.
    `weight` orders findings, largest first.
    """

    sentence: str
    weight: float
    address: Address | None = None
    matrix: Matrix | None = None
    metric: Metric | None = None


@dataclass(frozen=True, eq=False)
class Patterns:
    """Local patterns of one comparison by address, matrix and metric, and what they say."""

    patterns: dict[tuple[Address, Matrix, Metric], Pattern] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


UNRELATED_ABOVE = 0.8
_ROW = {metric: row for row, metric in enumerate(Metric)}


def summarise(values: FloatArray) -> Summary:
    """Summarise the finite values of an array; NaN for all three where there is none."""
    good = values[np.isfinite(values)]
    if good.size == 0:
        nan = float("nan")
        return Summary(nan, nan, nan, 0, int(values.size))
    return Summary(
        float(good.mean()),
        float(np.median(good)),
        float(good.std()),
        int(good.size),
        int(values.size - good.size),
    )
