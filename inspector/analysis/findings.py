"""What a comparison says, in sentences that carry their numbers, the weightiest first.

The sentences are careful: they say what was measured and over how many tests, not why it is so.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from inspector.analysis.local_findings import local_findings
from inspector.analysis.wording import count, listed, mean_of, number, percent, runs, vectors
from inspector.core.address import Address
from inspector.core.comparison import (
    UNRELATED_ABOVE,
    BlockComparison,
    Comparison,
    Finding,
    MatrixComparison,
    Pattern,
)
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix

_CLEARLY = 0.9
_EQUAL = 0.15

Cell = tuple[BlockComparison, MatrixComparison]
PatternTable = Mapping[tuple[Address, Matrix, Metric], Pattern]


def findings_of(
    comparison: Comparison, patterns: PatternTable, *, permutations: int
) -> tuple[Finding, ...]:
    """Put a comparison and its local patterns into words.

    Of unrelated models only what keeps its meaning is said: the numbers of single vectors have
    none when rows do not correspond.
    """
    found = [*_unrelated(comparison), *_frozen(comparison), *_reservations(comparison)]
    if not comparison.unrelated:
        changed = [cell for cell in comparison.cells() if not cell[1].identical]
        found += [
            *_extremes(comparison, changed),
            *_direction(changed),
            *_scale(changed),
            *_stages(comparison),
        ]
        found += local_findings(comparison, patterns, permutations=permutations)
    return tuple(sorted(found, key=lambda finding: -finding.weight))


def _unrelated(comparison: Comparison) -> Iterator[Finding]:
    if not comparison.unrelated:
        return
    noun = vectors(comparison.axis)
    yield Finding(
        f"B was in all likelihood not trained from A: the median cosine distance over all {noun} "
        f"is {number(comparison.median_cosine_distance)}, above {UNRELATED_ABOVE}. The {noun} of A "
        "and B then do not correspond, and numbers of single vectors mean nothing. Read the "
        "query-key and value-output products, which no change of basis inside a head alters"
        f"{_products(comparison)}.",
        100,
        metric=Metric.COSINE_DISTANCE,
    )


def _products(comparison: Comparison) -> str:
    parts = []
    for name, words in (("query_key", "query-key"), ("value_output", "value-output")):
        values = np.concatenate([getattr(b, name) for b in comparison.blocks] or [np.empty(0)])
        values = values[np.isfinite(values)]
        if values.size:
            parts.append(f"{number(float(values.mean()))} ({words}, {count(values.size, 'head')})")
    if not parts:
        return ""
    return (
        f": their mean is {listed(parts)}, where 1 is the same function and 0 an unrelated one; "
        "heads are compared in the order of the files"
    )


def _frozen(comparison: Comparison) -> Iterator[Finding]:
    frozen = [block.address for block in comparison.blocks if block.frozen]
    names = "Q, K and V"
    if frozen and len(frozen) == comparison.depth:
        yield Finding(
            f"All {count(len(frozen), 'block')} are frozen: their {names} are bit for bit those "
            "of A.",
            90,
        )
        return
    size = {
        stage: sum(block.address.stage == stage for block in comparison.blocks)
        for stage in {address.stage for address in frozen}
    }
    for stage, first, last in runs(frozen):
        yield Finding(_frozen_run(stage, first, last, size[stage]), 90, Address(stage, first))
    yield from _frozen_matrices(comparison)


def _frozen_run(stage: int, first: int, last: int, size: int) -> str:
    ending = "bit for bit those of A."
    if last - first + 1 == size:
        blocks = f"block {first}" if first == last else f"blocks {first} to {last}"
        return f"Stage {stage} ({blocks}) is frozen: its Q, K and V are {ending}"
    if first == last:
        return f"Block S{stage} B{first} is frozen: its Q, K and V are {ending}"
    return f"Blocks S{stage} B{first} to B{last} are frozen: their Q, K and V are {ending}"


def _frozen_matrices(comparison: Comparison) -> Iterator[Finding]:
    """Find matrices that are frozen in blocks that are not."""
    for matrix in Matrix:
        places = [
            block.address
            for block, cell in comparison.cells()
            if cell.matrix is matrix and cell.identical and not block.frozen
        ]
        if places:
            yield Finding(
                f"{matrix.label} alone is frozen in {count(len(places), 'block')} "
                f"({', '.join(map(str, places[:6]))}{', ...' if len(places) > 6 else ''}): bit for "
                "bit that of A, while the others changed.",
                89,
                places[0],
                matrix,
            )


def _reservations(comparison: Comparison) -> Iterator[Finding]:
    """Say what was left out or assumed."""
    if comparison.skipped:
        address, reason = comparison.skipped[0]
        yield Finding(
            f"{count(len(comparison.skipped), 'block')} could not be compared in full; the first "
            f"is {address}: {reason}",
            88,
        )
    zero = [(b, m, int(np.isnan(m[Metric.COSINE_DISTANCE]).sum())) for b, m in comparison.cells()]
    missing = [cell for cell in zero if cell[2]]
    if missing:
        block, matrix, most = max(missing, key=lambda cell: cell[2])
        total = sum(cell[2] for cell in missing)
        yield Finding(
            f"{count(total, 'vector')} in {count(len(missing), 'matrix', 'matrices')} "
            f"{'is' if total == 1 else 'are'} zero in A or B (most in {block.address} "
            f"{matrix.matrix.label}: {most}); the cosine distance is undefined there and left out "
            "of all means.",
            50,
            block.address,
            matrix.matrix,
            Metric.COSINE_DISTANCE,
        )
    for owner, card in (("A", comparison.reference), ("B", comparison.compared)):
        for sentence in card.assumed:
            yield Finding(f"Assumed of {owner}: {sentence.rstrip('.')}.", 40)


def _extremes(comparison: Comparison, changed: list[Cell]) -> Iterator[Finding]:
    """Find where the change is largest and smallest, relative to the vectors' own length."""
    metric = Metric.RELATIVE_DISTANCE
    means = [(cell[1].summaries[metric].mean, cell) for cell in changed]
    means = [mean for mean in means if np.isfinite(mean[0])]
    if len(means) < 2:
        return
    low, (block_low, matrix_low) = min(means, key=lambda mean: mean[0])
    high, (block, matrix) = max(means, key=lambda mean: mean[0])
    ratio = f", {number(high / low)} times less" if low > 0 else ""
    apart = ", frozen matrices apart" if len(changed) < len(list(comparison.cells())) else ""
    yield Finding(
        f"Relative to their length, the vectors changed most in {block.address} "
        f"{matrix.matrix.label} (mean relative distance {number(high)}) and least in "
        f"{block_low.address} {matrix_low.matrix.label} ({number(low)}{ratio}){apart}.",
        80,
        block.address,
        matrix.matrix,
        metric,
    )


def _stages(comparison: Comparison) -> Iterator[Finding]:
    """Compare the mean change of the stages."""
    metric = Metric.RELATIVE_DISTANCE
    stages = sorted({block.address.stage for block in comparison.blocks})
    if len(stages) < 2 or all(block.frozen for block in comparison.blocks):
        return
    means = []
    for stage in stages:
        values = [m[metric] for b, m in comparison.cells() if b.address.stage == stage]
        means.append(number(mean_of(np.concatenate(values))))
    yield Finding(
        f"Mean relative distance of stage {stages[0]} to stage {stages[-1]}: {listed(means)}.",
        60,
        metric=metric,
    )


def _direction(changed: list[Cell]) -> Iterator[Finding]:
    """Say what share of the squared Euclidean change is direction, and what length."""
    shares = []
    for matrix in Matrix:
        cells = [cell for _, cell in changed if cell.matrix is matrix]
        squared = sum(float((cell[Metric.EUCLIDEAN] ** 2).sum()) for cell in cells)
        length = sum(
            float(((cell[Metric.NORM_A] - cell[Metric.NORM_B]) ** 2).sum()) for cell in cells
        )
        if squared > 0:
            share = 1 - min(1.0, length / squared)
            shares.append(f"{percent(share)} of that of {matrix.label}")
    if shares:
        yield Finding(
            f"Of the squared Euclidean change, a change of direction is {listed(shares)}; the rest "
            "is a change of length.",
            70,
        )


@dataclass(frozen=True, slots=True)
class _Means:
    """Means over all vectors of one of Q, K, V in the blocks that changed."""

    matrix: Matrix
    euclidean: float
    relative: float
    norm: float
    dot: float


def _scale(changed: list[Cell]) -> Iterator[Finding]:
    """Tell a small change from the small change of short vectors (methods, section A)."""
    means = sorted(_means(changed), key=lambda one: one.euclidean)
    if len(means) < len(Matrix) or not all(math.isfinite(one.relative) for one in means):
        return
    least, others = means[0], sorted(means[1:], key=lambda one: list(Matrix).index(one.matrix))
    if least.euclidean > _CLEARLY * min(one.euclidean for one in others):
        return
    name = least.matrix.label
    theirs = listed([one.matrix.label for one in others])
    yield Finding(
        f"{name} has the smallest Euclidean distance and mean squared error (mean distance "
        f"{number(least.euclidean)}, against {_both(others, 'euclidean')} in {theirs}). "
        + _verdict(least, others),
        85,
        matrix=least.matrix,
        metric=Metric.RELATIVE_DISTANCE,
    )


def _verdict(least: _Means, others: list[_Means]) -> str:
    name = least.matrix.label
    relative = f"{number(least.relative)}, against {_both(others, 'relative')}"
    norms = f"mean norm {number(least.norm)}, against {_both(others, 'norm')}"
    ratios = [least.relative / one.relative for one in others]
    shorter = all(least.norm < _CLEARLY * one.norm for one in others)
    if max(ratios) < 1 - _EQUAL:
        opening = f"Its vectors are shorter ({norms}), but relative" if shorter else "Relative"
        return (
            f"{opening} to their length they changed less too: mean relative distance {relative}."
        )
    if not shorter:
        return f"Relative to their length the picture is mixed: mean relative distance {relative}."
    if min(ratios) > 1 + _EQUAL and all(_bulk(least) > _bulk(one) for one in others):
        return (
            f"{name} looks more similar only because its vectors are shorter ({norms}): relative "
            f"to their length they changed more, mean relative distance {relative}."
        )
    if _mainly_length(least, others):
        return (
            f"{name} looks more similar mainly because its vectors are shorter ({norms}): relative "
            f"to their length they changed about as much, mean relative distance {relative}."
            + _same_cause(least, others)
        )
    return (
        f"Its vectors are shorter ({norms}); relative to their length the picture is mixed: mean "
        f"relative distance {relative}."
    )


def _bulk(one: _Means) -> float:
    """Relative distance of all vectors together, in which single short ones do not weigh."""
    return one.euclidean / one.norm


def _mainly_length(least: _Means, others: list[_Means]) -> bool:
    """Whether relative changes are about equal and differ by far less than the lengths do."""
    for one in others:
        ratio = least.relative / one.relative
        if abs(ratio - 1) > _EQUAL:
            return False
        if abs(math.log(ratio)) > math.log(one.norm / least.norm) / 2:
            return False
    return True


def _same_cause(least: _Means, others: list[_Means]) -> str:
    """Of a dot product that is lower too: at about the same angle it follows from the lengths."""
    if not all(0 < least.dot < _CLEARLY * one.dot for one in others):
        return ""
    return (
        f" Its lower dot product (mean {number(least.dot)}, against {_both(others, 'dot')}) goes "
        "with its length too."
    )


def _both(others: list[_Means], quantity: str) -> str:
    return listed([number(getattr(one, quantity)) for one in others])


def _means(changed: list[Cell]) -> Iterator[_Means]:
    """Q, K, V over blocks in which all three were compared and changed."""
    by_block: dict[Address, list[MatrixComparison]] = {}
    for block, cell in changed:
        by_block.setdefault(block.address, []).append(cell)
    whole = [cells for cells in by_block.values() if len(cells) == len(Matrix)]
    for matrix in Matrix:
        cells = [cell for three in whole for cell in three if cell.matrix is matrix]
        if cells:
            values = np.concatenate([cell.values for cell in cells], axis=1)
            mean = {metric: mean_of(row) for metric, row in zip(Metric, values, strict=True)}
            yield _Means(
                matrix,
                mean[Metric.EUCLIDEAN],
                mean[Metric.RELATIVE_DISTANCE],
                mean[Metric.NORM_A],
                mean[Metric.DOT],
            )
