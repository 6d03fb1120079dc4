"""Local patterns of a comparison: heads that change alike, ends that fall off, change points."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from inspector.analysis.change_points import change_points
from inspector.analysis.drops import drops_at_end, no_drop
from inspector.analysis.findings import findings_of
from inspector.analysis.permutation import Clusters, head_clusters
from inspector.core.address import Address
from inspector.core.comparison import (
    BlockComparison,
    Comparison,
    Drop,
    FloatArray,
    MatrixComparison,
    Pattern,
    Patterns,
)
from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.progress import Progress, silent

PERMUTATIONS = 1000
SEED = 0
_TENTH = 0.1


def find_patterns(
    comparison: Comparison,
    *,
    permutations: int = PERMUTATIONS,
    seed: int = SEED,
    progress: Progress = silent,
) -> Patterns:
    """Look for local patterns in every metric of every matrix, and say what they are.

    A frozen matrix has no pattern: its numbers are NaN. The same seed gives the same numbers,
    whichever blocks are there.

    Parameters
    ----------
    comparison
        Of one model with the reference.
    permutations
        Random orders of the vectors for each p-value.
    seed
        Of the random orders and windows.
    progress
        Told of every matrix, and within a large one every few milliseconds.
    """
    if permutations < 1:
        raise BadRequest("A permutation test takes at least one permutation.")
    cells = list(comparison.cells())
    found: dict[tuple[Address, Matrix, Metric], Pattern] = {}
    for done, (block, matrix) in enumerate(cells):
        text = f"{block.address} {matrix.matrix.label}"
        tick = partial(progress, done, len(cells), text)
        tick()
        random = np.random.default_rng(
            [seed, block.global_index, list(Matrix).index(matrix.matrix)]
        )
        for pattern in _patterns(block, matrix, permutations, random, tick):
            found[pattern.address, pattern.matrix, pattern.metric] = pattern
    progress(len(cells), len(cells))
    return Patterns(found, findings_of(comparison, found, permutations=permutations))


def _patterns(
    block: BlockComparison,
    matrix: MatrixComparison,
    permutations: int,
    random: np.random.Generator,
    tick: Callable[[], None],
) -> list[Pattern]:
    values = np.full_like(matrix.values, np.nan) if matrix.identical else matrix.values
    clusters, last_head, last_tenth = _numbers(block, matrix, permutations, random, tick)
    return [
        Pattern(
            address=block.address,
            matrix=matrix.matrix,
            metric=metric,
            head_means=matrix.head_means(metric),
            eta_squared=float(clusters.eta_squared[row]),
            p_value=float(clusters.p_value[row]),
            last_head=last_head[row],
            last_tenth=last_tenth[row],
            change_points=change_points(values[row]),
        )
        for row, metric in enumerate(Metric)
    ]


def _numbers(
    block: BlockComparison,
    matrix: MatrixComparison,
    permutations: int,
    random: np.random.Generator,
    tick: Callable[[], None],
) -> tuple[Clusters, tuple[Drop, ...], tuple[Drop, ...]]:
    """Clusters and both drops of all metrics."""
    has_heads = bool((matrix.head_of >= 0).all())
    head = matrix.count // block.num_heads if has_heads else block.head_dim
    tenth = math.ceil(_TENTH * matrix.count)
    if matrix.identical:
        return _nothing(matrix.values, head, tenth)
    clusters = head_clusters(
        matrix.values, matrix.head_of, permutations=permutations, random=random, tick=tick
    )
    at_head = drops_at_end(matrix.values, head, random=random)
    at_tenth = drops_at_end(matrix.values, tenth, random=random)
    if not has_heads:
        at_head = tuple(no_drop(head) for _ in Metric)
    return clusters, at_head, at_tenth


def _nothing(
    values: FloatArray, head: int, tenth: int
) -> tuple[Clusters, tuple[Drop, ...], tuple[Drop, ...]]:
    """Return what stands where nothing changed."""
    undefined = np.full(values.shape[0], np.nan)
    return (
        Clusters(undefined, undefined),
        tuple(no_drop(head) for _ in values),
        tuple(no_drop(tenth) for _ in values),
    )
