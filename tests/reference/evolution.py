"""Slow twins of the comparison of matrices, straight from the formulas of methods, section A.

Python's own floats (float64), one vector after the other, every sum by `math.fsum`, which rounds
once. Where even that loses digits (the angle between nearly identical vectors) exact fractions.
"""

import itertools
import math
import statistics
from collections.abc import Sequence
from decimal import Decimal, localcontext

import numpy as np

Vector = Sequence[float]


def dot(a: Vector, b: Vector) -> float:
    return math.fsum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def norm(a: Vector) -> float:
    return math.sqrt(dot(a, a))


def metrics(a: Vector, b: Vector) -> dict[str, float]:
    """The eight numbers of one pair of vectors, by the name of the metric."""
    length_a, length_b = norm(a), norm(b)
    distance = norm([float(x) - float(y) for x, y in zip(a, b, strict=True)])
    nan = float("nan")
    return {
        "cosine_distance": cosine_distance(a, b),
        "euclidean": distance,
        "mse": distance**2 / len(a),
        "dot": dot(a, b),
        "norm_a": length_a,
        "norm_b": length_b,
        "relative_distance": distance / length_a if length_a else nan,
        "norm_ratio": length_b / length_a if length_a else nan,
    }


def cosine_distance(a: Vector, b: Vector) -> float:
    """1 - a·b / (|a||b|) with eighty digits, so that nothing is lost in the subtraction."""
    with localcontext() as context:
        context.prec = 80
        wide_a, wide_b = [Decimal(float(x)) for x in a], [Decimal(float(x)) for x in b]
        inner = sum((x * y for x, y in zip(wide_a, wide_b, strict=True)), Decimal(0))
        lengths = sum(x * x for x in wide_a) * sum(x * x for x in wide_b)
        if lengths == 0:
            return float("nan")
        return float(1 - inner / lengths.sqrt())


def matrix_metrics(a: np.ndarray, b: np.ndarray, *, axis: str) -> dict[str, list[float]]:
    """The numbers of every row (``out``) or column (``in``)."""
    rows_a, rows_b = (a, b) if axis == "out" else (a.T, b.T)
    found = [metrics(x.tolist(), y.tolist()) for x, y in zip(rows_a, rows_b, strict=True)]
    return {name: [one[name] for one in found] for name in found[0]}


def product_cosine(
    left_a: np.ndarray, right_a: np.ndarray, left_b: np.ndarray, right_b: np.ndarray
) -> float:
    """<M_A, M_B>_F / (|M_A||M_B|) with the whole d x d matrices M = left^T right."""
    m_a, m_b = matrix_product(left_a, right_a), matrix_product(left_b, right_b)
    flat_a = [x for row in m_a for x in row]
    flat_b = [x for row in m_b for x in row]
    return dot(flat_a, flat_b) / (norm(flat_a) * norm(flat_b))


def matrix_product(left: np.ndarray, right: np.ndarray) -> list[list[float]]:
    """left^T right, element by element."""
    return [[dot(x.tolist(), y.tolist()) for y in right.T] for x in left.T]


def eta_squared(values: Sequence[float], heads: Sequence[int]) -> float:
    """SS_between / SS_total."""
    mean = math.fsum(values) / len(values)
    between = 0.0
    for head in sorted(set(heads)):
        own = [value for value, of in zip(values, heads, strict=True) if of == head]
        between += len(own) * (math.fsum(own) / len(own) - mean) ** 2
    return between / math.fsum((value - mean) ** 2 for value in values)


def drop(values: Sequence[float], window: int) -> tuple[float, float]:
    """Drop at the end and relative drop."""
    before = math.fsum(values[:-window]) / (len(values) - window)
    last = math.fsum(values[-window:]) / window
    return before - last, (before - last) / before


def best_split(values: Sequence[float], minimum: int) -> tuple[int, float]:
    """The split that lowers the sum of squares most, and by how much, trying every one."""

    def squares(part: Sequence[float]) -> float:
        mean = math.fsum(part) / len(part)
        return math.fsum((value - mean) ** 2 for value in part)

    whole = squares(values)
    gains = {
        split: whole - squares(values[:split]) - squares(values[split:])
        for split in range(minimum, len(values) - minimum + 1)
    }
    best = max(gains, key=lambda split: gains[split])
    return best, gains[best]


def change_points(values: Sequence[float], minimum: int) -> list[int]:
    """Binary segmentation: a split gains more than 3 sigma^2 log n; its parts are split again."""
    steps = [after - before for before, after in itertools.pairwise(values)]
    middle = statistics.median(steps)
    spread = statistics.median(abs(step - middle) for step in steps)
    sigma = spread / statistics.NormalDist().inv_cdf(0.75) / math.sqrt(2)
    least = 3 * sigma**2 * math.log(len(values))

    def split(start: int, stop: int) -> list[int]:
        if stop - start < 2 * minimum:
            return []
        place, gain = best_split(values[start:stop], minimum)
        if gain <= least:
            return []
        return [*split(start, start + place), start + place, *split(start + place, stop)]

    return split(0, len(values))
