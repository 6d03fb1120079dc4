"""The quantities that compare a vector a of the reference with the vector b compared to it.

Source of the formulas: methods, section A. With e the Euclidean distance and D the length of the
vectors: e^2 = D*mse = (|a|-|b|)^2 + 2|a||b|*cosine_distance, and dot = |a||b|(1-cosine_distance).
"""

from dataclasses import dataclass
from enum import StrEnum


class Metric(StrEnum):
    """One number per vector."""

    COSINE_DISTANCE = "cosine_distance"
    EUCLIDEAN = "euclidean"
    MSE = "mse"
    DOT = "dot"
    NORM_A = "norm_a"
    NORM_B = "norm_b"
    RELATIVE_DISTANCE = "relative_distance"
    NORM_RATIO = "norm_ratio"

    @property
    def about(self) -> "MetricText":
        """Its label, formula and meaning in words."""
        return _TEXTS[self]


@dataclass(frozen=True, slots=True)
class MetricText:
    """How a metric is written and read.

    Parameters
    ----------
    label
        As on an axis: ``Cosine distance``.
    formula
        In plain Unicode: ``1 − a·b / (|a||b|)``.
    meaning
        One sentence on how to read it.
    same
        The value two identical vectors give, where it does not depend on the vectors; a
        heat map of such a metric starts (or is centred) there.
    """

    label: str
    formula: str
    meaning: str
    same: float | None


_TEXTS = {
    Metric.COSINE_DISTANCE: MetricText(
        "Cosine distance",
        "1 − a·b / (|a||b|)",
        "Change of direction: 0 for the same direction, 1 for a right angle, 2 for the opposite.",
        0.0,
    ),
    Metric.EUCLIDEAN: MetricText(
        "Euclidean distance",
        "|a − b|",
        "Change of length and direction together; grows with the size of the weights.",
        0.0,
    ),
    Metric.MSE: MetricText(
        "Mean squared error",
        "|a − b|² / D",
        "The squared Euclidean distance per weight.",
        0.0,
    ),
    Metric.DOT: MetricText(
        "Dot product",
        "a · b",
        "Depends on the lengths of both vectors: low for short vectors however similar they are.",
        None,
    ),
    Metric.NORM_A: MetricText("Norm in A", "|a|", "Length of the vector in the reference.", None),
    Metric.NORM_B: MetricText(
        "Norm in B", "|b|", "Length of the vector in the compared model.", None
    ),
    Metric.RELATIVE_DISTANCE: MetricText(
        "Relative distance",
        "|a − b| / |a|",
        "Euclidean change as a share of the vector's own length: comparable between Q, K and V.",
        0.0,
    ),
    Metric.NORM_RATIO: MetricText(
        "Norm ratio",
        "|b| / |a|",
        "Change of length alone: above 1 the vector grew, below 1 it shrank.",
        1.0,
    ),
}
