"""What the local patterns say: head clusters, ends that fall off, change points.

Every sentence that quotes a test says how many tests there were and how many would come out so by
chance, because among hundreds of tests some always do. The z of an end is not normal, as the
windows it is held against overlap and are few: of series of independent values (normal, exponential
and log-normal, 40 to 1024 vectors, windows of a 24th to a half, 8000 to 10000 series each) up to
2.2 % lie beyond 3 and up to 0.5 % beyond 4, which is why 4 is asked for.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from inspector.analysis.change_points import MINIMUM
from inspector.analysis.wording import count, number, percent
from inspector.core.address import Address
from inspector.core.comparison import Comparison, Drop, Finding, Pattern
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix

_LEVEL = 0.05
_MORE_THAN_CHANCE = 0.01
_FAR = 4.0
_BEYOND_FAR = 0.005
_NEAR = 2
_SHOWN = 3

PatternTable = Mapping[tuple[Address, Matrix, Metric], Pattern]


def local_findings(
    comparison: Comparison, patterns: PatternTable, *, permutations: int
) -> Iterator[Finding]:
    """Put the local patterns of one comparison into words."""
    yield from _clusters(patterns, permutations)
    for metric in (Metric.COSINE_DISTANCE, Metric.DOT):
        yield from _drops(patterns, metric)
    yield from _boundaries(comparison, patterns)


def chance_of_as_many(successes: int, tests: int, level: float) -> float:
    """Probability of at least so many successes in independent tests at a level (binomial)."""
    return math.fsum(
        math.exp(
            math.lgamma(tests + 1)
            - math.lgamma(n + 1)
            - math.lgamma(tests - n + 1)
            + n * math.log(level)
            + (tests - n) * math.log1p(-level)
        )
        for n in range(successes, tests + 1)
    )


def _clusters(patterns: PatternTable, permutations: int) -> Iterator[Finding]:
    metric = Metric.COSINE_DISTANCE
    tested = [p for p in patterns.values() if p.metric is metric and np.isfinite(p.p_value)]
    if not tested:
        return
    hit = [pattern for pattern in tested if pattern.p_value <= _LEVEL]
    expected = number(_LEVEL * len(tested))
    if chance_of_as_many(len(hit), len(tested), _LEVEL) > _MORE_THAN_CHANCE:
        yield Finding(
            f"No more head clusters than chance would give: the cosine distance differs between "
            f"heads in {len(hit)} of {count(len(tested), 'matrix', 'matrices')} (permutation test, "
            f"p ≤ {_LEVEL}; {expected} expected by chance).",
            20,
            metric=metric,
        )
        return
    best = max(hit, key=lambda pattern: pattern.eta_squared)
    middle = float(np.median([pattern.eta_squared for pattern in hit]))
    yield Finding(
        f"The cosine distance differs between heads in {len(hit)} of "
        f"{count(len(tested), 'matrix', 'matrices')} (permutation test, p ≤ {_LEVEL}; {expected} "
        f"expected by chance). There, heads account for {percent(middle)} of the variance over "
        f"vectors in the median; most in {best.address} {best.matrix.label}, for "
        f"{percent(best.eta_squared)} (η² = {number(best.eta_squared)}, p = "
        f"{number(best.p_value)}; {number(1 / (1 + permutations))} is the least that "
        f"{permutations} permutations can give).",
        65,
        best.address,
        best.matrix,
        metric,
    )


def _drops(patterns: PatternTable, metric: Metric) -> Iterator[Finding]:
    """Find where a metric lies far lower (or higher) at the end of a matrix."""
    ends = [
        (pattern, drop, words)
        for pattern in patterns.values()
        if pattern.metric is metric
        for drop, words in ((pattern.last_head, "head"), (pattern.last_tenth, "tenth"))
        if np.isfinite(drop.z)
    ]
    far = [end for end in ends if abs(end[1].z) >= _FAR]
    if chance_of_as_many(len(far), len(ends), _BEYOND_FAR) > _MORE_THAN_CHANCE:
        return
    best: dict[tuple[Address, Matrix], tuple[Pattern, Drop, str]] = {}
    for end in sorted(far, key=lambda end: -abs(end[1].z)):
        best.setdefault((end[0].address, end[0].matrix), end)
    places = list(best.values())
    told = "; ".join(_end(*end) for end in places[:_SHOWN])
    first = places[0][0]
    yield Finding(
        f"The {metric.about.label.lower()} stands out at the end of "
        f"{count(len(places), 'matrix', 'matrices')}"
        f"{', most' if len(places) > _SHOWN else ''}: {told} ({len(far)} of {len(ends)} ends "
        f"tested lie beyond |z| = {_FAR:.0f}; {number(_BEYOND_FAR * len(ends))} at most expected "
        "by chance).",
        55,
        first.address,
        first.matrix,
        metric,
    )


def _end(pattern: Pattern, drop: Drop, words: str) -> str:
    side = "lower" if drop.z > 0 else "higher"
    amount = abs(drop.relative)
    share = f"{percent(amount)} {side}" if np.isfinite(amount) else side
    return (
        f"{share} in the last {words} of {pattern.address} {pattern.matrix.label} "
        f"({drop.window} vectors, z = {number(-drop.z)})"
    )


def _boundaries(comparison: Comparison, patterns: PatternTable) -> Iterator[Finding]:
    """Count the change points that lie at a boundary between heads."""
    metric = Metric.COSINE_DISTANCE
    points = near = 0
    chance = 0.0
    for block, matrix in comparison.cells():
        pattern = patterns.get((block.address, matrix.matrix, metric))
        edges = np.flatnonzero(np.diff(matrix.head_of))[:, None] + 1
        if pattern is None or not pattern.change_points or not edges.size:
            continue
        places = np.array(pattern.change_points)
        everywhere = np.arange(MINIMUM, matrix.count - MINIMUM + 1)
        points += places.size
        near += int((np.abs(places - edges) <= _NEAR).any(axis=0).sum())
        chance += places.size * float((np.abs(everywhere - edges) <= _NEAR).any(axis=0).mean())
    if points > 1:
        yield Finding(
            f"Of {points} change points of the cosine distance along the vectors, {near} "
            f"lie within {_NEAR} vectors of a boundary between heads; {number(chance)} would if "
            "they lay anywhere.",
            45,
            metric=metric,
        )
