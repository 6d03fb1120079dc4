"""How Q, K and V changed from a reference to one or more compared models, vector by vector."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from inspector.analysis.correspondence import Correspondence, correspond
from inspector.analysis.matching import match
from inspector.analysis.reading import (
    Array,
    Meter,
    meter_of,
    read_matrices,
    refuse_bad_weights,
    stacked,
)
from inspector.core.comparison import (
    Axis,
    BlockComparison,
    Comparison,
    ComparisonSeries,
    FloatArray,
    IntArray,
    Matching,
    MatrixComparison,
    ModelCard,
)
from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric
from inspector.core.outline import BlockOutline, Matrix
from inspector.core.progress import Progress, silent
from inspector.families.model import Model

_NORMS = {metric: list(Metric).index(metric) for metric in (Metric.NORM_A, Metric.NORM_B)}


def compare(
    reference: Model,
    compared: Model,
    *,
    axis: Axis = "out",
    device: str = "cpu",
    progress: Progress = silent,
    partial: Callable[[Comparison], None] | None = None,
    labels: tuple[str, str] = ("", ""),
) -> Comparison:
    """Compare one model with a reference; see `compare_series`.

    `partial` receives a new `Comparison` (``complete=False``) whenever a block is finished.
    """

    def pass_on(series: ComparisonSeries) -> None:
        if partial is not None:
            partial(series.comparisons[0])

    series = compare_series(
        reference,
        [compared],
        axis=axis,
        device=device,
        progress=progress,
        partial=pass_on,
        labels=labels,
    )
    return series.comparisons[0]


def compare_series(
    reference: Model,
    compared: Sequence[Model],
    *,
    axis: Axis = "out",
    device: str = "cpu",
    progress: Progress = silent,
    partial: Callable[[ComparisonSeries], None] | None = None,
    labels: Sequence[str] = (),
) -> ComparisonSeries:
    """Measure every vector of Q, K and V of every block; the reference is read once per block.

    The products of the heads (`invariant.with_products`) are a computation of their own; until
    it has run, `BlockComparison.query_key` and `value_output` are empty.

    Parameters
    ----------
    reference, compared
        Open models; at least one is compared. Blocks correspond by address, and a matrix is
        compared where its shape agrees.
    axis
        ``out``: vectors are rows (output features); ``in``: columns of each of Q, K and V.
    device
        As `devices.resolve_device` returned it.
    progress
        Told of every matrix; one takes well under 100 ms up to a width of several thousand.
    partial
        Receives a new series (``complete=False``) whenever a block of the reference is finished.
    labels
        Of the reference and of each compared model; empty for the names of the files.

    Raises
    ------
    NotComparable
        When a compared model has no block whose Q, K or V has the shape of the reference's.
    BadCheckpoint
        When a matrix holds a weight that is not finite.
    """
    if not compared:
        raise BadRequest("Nothing is given to compare with the reference.")
    names = [*labels, *[""] * (1 + len(compared) - len(labels))]
    ongoing = [
        _Ongoing(model, model.card(name), correspond(reference, model), match(reference, model))
        for model, name in zip(compared, names[1:], strict=True)
    ]
    work = _Work(reference, reference.card(names[0]), axis, meter_of(device), progress, ongoing)
    for block in reference.outline.blocks():
        if work.compare_block(block) and partial is not None:
            partial(work.series(complete=False))
    return work.series(complete=True)


@dataclass(eq=False)
class _Ongoing:
    """One compared model and what is found of it so far."""

    model: Model
    card: ModelCard
    correspondence: Correspondence
    matching: Matching
    blocks: list[BlockComparison] = field(default_factory=list)


@dataclass(eq=False)
class _Work:
    """A comparison under way."""

    reference: Model
    card: ModelCard
    axis: Axis
    meter: Meter
    progress: Progress
    ongoing: list[_Ongoing]
    done: int = 0
    total: int = field(init=False)

    def __post_init__(self) -> None:
        shared = [pair for one in self.ongoing for pair in one.correspondence.shared.values()]
        self.total = sum(len(pair.matrices) for pair in shared)
        self.progress(0, self.total)

    def compare_block(self, block: BlockOutline) -> bool:
        """Compare a block of the reference with all that have it; whether any has."""
        sharing = [one for one in self.ongoing if block.address in one.correspondence.shared]
        if not sharing:
            return False
        weights = read_matrices(self.reference, block)
        for one in sharing:
            pair = one.correspondence.shared[block.address]
            others = read_matrices(one.model, pair.block)
            matrices = []
            for matrix, values in self._measure(pair.matrices, weights, others):
                _check(self.reference, block, matrix, weights, values[_NORMS[Metric.NORM_A]])
                _check(one.model, pair.block, matrix, others, values[_NORMS[Metric.NORM_B]])
                matrices.append(self._matrix(block, matrix, weights[matrix], values))
                self._step(f"{one.card.label} {block.address} {matrix.label}")
            one.blocks.append(_block(block, tuple(matrices)))
        return True

    def _measure(
        self,
        matrices: tuple[Matrix, ...],
        weights: Mapping[Matrix, Array],
        others: Mapping[Matrix, Array],
    ) -> Iterator[tuple[Matrix, FloatArray]]:
        """Measure Q, K and V of a block; their rows in one go where they are stored fused."""
        a, b = ([side[matrix] for matrix in matrices] for side in (weights, others))
        whole_a, whole_b = stacked(a), stacked(b)
        if self.axis == "in" or whole_a is None or whole_b is None:
            for matrix, one, other in zip(matrices, a, b, strict=True):
                yield matrix, self.meter.measure(one, other, axis=self.axis)
            return
        ends = np.cumsum([one.shape[0] for one in a])[:-1]
        measured = np.split(self.meter.measure(whole_a, whole_b), ends, axis=1)
        yield from zip(matrices, measured, strict=True)

    def series(self, *, complete: bool) -> ComparisonSeries:
        """What is found so far."""
        outline = self.reference.outline
        return ComparisonSeries(
            tuple(
                Comparison(
                    reference=self.card,
                    compared=one.card,
                    axis=self.axis,
                    stage_starts=outline.stage_starts,
                    depth=outline.depth,
                    blocks=tuple(one.blocks),
                    matching=one.matching,
                    skipped=one.correspondence.skipped,
                    complete=complete,
                )
                for one in self.ongoing
            )
        )

    def _matrix(
        self, block: BlockOutline, matrix: Matrix, weights: Array, values: FloatArray
    ) -> MatrixComparison:
        length = weights.shape[1] if self.axis == "out" else weights.shape[0]
        return MatrixComparison(matrix, values, _heads(block, matrix, values, self.axis), length)

    def _step(self, text: str) -> None:
        self.done += 1
        self.progress(self.done, self.total, text)


def _heads(block: BlockOutline, matrix: Matrix, values: FloatArray, axis: Axis) -> IntArray:
    """(vectors,) head of each vector; -1 along the input axis."""
    count = values.shape[1]
    if axis == "in":
        return np.full(count, -1, dtype=np.int64)
    return np.arange(count, dtype=np.int64) // (block.rows(matrix) // block.num_heads)


def _block(block: BlockOutline, matrices: tuple[MatrixComparison, ...]) -> BlockComparison:
    return BlockComparison(
        address=block.address,
        global_index=block.global_index,
        num_heads=block.num_heads,
        head_dim=block.head_dim,
        matrices=matrices,
        query_key=np.empty(0),
        value_output=np.empty(0),
    )


def _check(
    model: Model,
    block: BlockOutline,
    matrix: Matrix,
    weights: Mapping[Matrix, Array],
    norms: FloatArray,
) -> None:
    """Refuse weights that are not finite: they make a norm that is not."""
    if not np.isfinite(norms).all():
        raise refuse_bad_weights(model, block.weights[matrix], weights[matrix])
