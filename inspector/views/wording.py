"""How the comparison's numbers, vectors and models are put into words on the screen."""

from math import isnan

from inspector.core.address import Address
from inspector.core.comparison import (
    Axis,
    BlockComparison,
    Comparison,
    ComparisonSeries,
    MatrixComparison,
)
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix

AXIS_WORDS: dict[Axis, str] = {
    "out": "rows (output features)",
    "in": "columns (input features)",
}
SHORT_LABELS = {
    Metric.COSINE_DISTANCE: "cosine",
    Metric.EUCLIDEAN: "Euclidean",
    Metric.MSE: "MSE",
    Metric.DOT: "dot",
    Metric.NORM_A: "|a|",
    Metric.NORM_B: "|b|",
    Metric.RELATIVE_DISTANCE: "relative",
    Metric.NORM_RATIO: "|b|/|a|",
}
_LONGEST_NAME = 36


def number_text(value: float, *, digits: int = 4) -> str:
    """A number with its significant digits, as ``2.00``; ``undefined`` for NaN; a true minus."""
    if isnan(value):
        return "undefined"
    if value == 0:
        return "0"
    small = abs(value) < 1e-3 or abs(value) >= 1e5
    text = f"{value:.{digits - 1}e}" if small else f"{value:#.{digits}g}".rstrip(".")
    return text.replace("-", "−")


def percent_text(share: float) -> str:
    """A share as ``97.3 %``; a dash where there is none."""
    return "–" if isnan(share) else f"{100 * share:.1f} %".replace("-", "−")


def shortened(name: str, *, longest: int = _LONGEST_NAME) -> str:
    """A name with its middle left out where it is long: both ends tell files apart."""
    if len(name) <= longest:
        return name
    half = (longest - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def counted(number: int, noun: str) -> str:
    """``1 block``, ``24 blocks``, ``5,856 images``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def lower_first(label: str) -> str:
    """A metric's label inside a sentence: ``relative distance``, but ``Euclidean distance``."""
    return label if label.startswith("Euclid") else label[:1].lower() + label[1:]


def blocks_text(comparison: Comparison) -> str:
    """``24 blocks``; what is there and what is still to come while a computation runs."""
    done, depth = len(comparison.blocks), comparison.depth
    if not comparison.complete:
        return f"{done} of {counted(depth, 'block')} so far"
    return counted(done, "block") if done == depth else f"{done} of {counted(depth, 'block')}"


def name_of(comparison: Comparison) -> str:
    """The compared model's short name."""
    return shortened(comparison.compared.label)


def short_names(series: ComparisonSeries) -> tuple[str, ...]:
    """The part of the compared models' names in which they differ; whole names where empty.

    ``epoch_1.pth``, ``epoch_12.pth`` become ``1``, ``12``.
    """
    names = [comparison.compared.label for comparison in series.comparisons]
    if len(names) < 2:
        return tuple(names)
    start = _common_length(names)
    end = _common_length([name[start:][::-1] for name in names])
    short = tuple(name[start : len(name) - end] for name in names)
    return short if all(short) else tuple(names)


def matrix_text(block: BlockComparison, found: MatrixComparison, metric: Metric) -> str:
    """The read-out of one matrix of one block."""
    summary = found.summaries[metric]
    parts = [
        f"{block.address} · {found.matrix.label}",
        f"mean {lower_first(metric.about.label)} {number_text(summary.mean, digits=6)}",
        f"median {number_text(summary.median)}",
        f"std {number_text(summary.std)}",
        counted(found.count, "vector"),
    ]
    if summary.undefined:
        parts.append(f"{summary.undefined} undefined")
    if found.identical:
        parts.append("frozen: identical in A and B")
    return " · ".join(parts)


def head_text(address: Address, matrix: Matrix, metric: Metric, value: float) -> str:
    """The read-out of one head of one matrix."""
    label = lower_first(metric.about.label)
    return f"{address} · {matrix.label} · mean {label} {number_text(value, digits=6)}"


def vector_text(block: BlockComparison, found: MatrixComparison, vector: int) -> str:
    """The read-out of one vector: its place, its head where it has one, every metric's value."""
    head = int(found.head_of[vector])
    where = f" · head {head}" if head >= 0 else ""
    values = " · ".join(
        f"{SHORT_LABELS[metric]} {number_text(float(found[metric][vector]), digits=6)}"
        for metric in Metric
    )
    return f"{block.address} · {found.matrix.label} · vector {vector}{where} · {values}"


def _common_length(names: list[str]) -> int:
    length = 0
    for letters in zip(*names, strict=False):
        if len(set(letters)) > 1:
            break
        length += 1
    return length
