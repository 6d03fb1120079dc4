"""Made-up comparisons, for tests and trials of what draws, writes and shows them."""

import numpy as np

from inspector.core.address import Address
from inspector.core.comparison import (
    BlockComparison,
    Comparison,
    ComparisonSeries,
    Match,
    Matching,
    MatchKind,
    MatrixComparison,
    ModelCard,
)
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix


def card(label: str, depth: int = 24) -> ModelCard:
    return ModelCard(label, f"/models/{label}", "Swin", "MMDetection", 49_606_258, depth)


def matrix_comparison(a: np.ndarray, b: np.ndarray, matrix: Matrix, heads: int) -> MatrixComparison:
    """Straight from the formulas, row by row."""
    rows, length = a.shape
    norm_a, norm_b = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    euclid, dot = np.linalg.norm(a - b, axis=1), (a * b).sum(axis=1)
    values = {
        Metric.COSINE_DISTANCE: 1 - dot / (norm_a * norm_b),
        Metric.EUCLIDEAN: euclid,
        Metric.MSE: euclid**2 / length,
        Metric.DOT: dot,
        Metric.NORM_A: norm_a,
        Metric.NORM_B: norm_b,
        Metric.RELATIVE_DISTANCE: euclid / norm_a,
        Metric.NORM_RATIO: norm_b / norm_a,
    }
    head_of = np.arange(rows) // (rows // heads)
    return MatrixComparison(matrix, np.stack([values[m] for m in Metric]), head_of, length)


def comparison(
    *,
    label: str = "epoch_6.pth",
    change: float = 0.1,
    depths: tuple[int, ...] = (2, 2, 18, 2),
    width: int = 24,
    heads: int = 2,
    frozen_stages: int = 1,
    seed: int = 0,
) -> Comparison:
    """A Swin whose first stages are frozen, whose V is short, and whose change grows with depth."""
    random = np.random.default_rng(seed)
    blocks, index = [], 0
    starts = tuple(int(n) for n in np.cumsum((0, *depths[:-1])))
    for stage, depth in enumerate(depths):
        d, h = width << stage, heads << stage
        for block in range(depth):
            matrices = []
            for matrix in Matrix:
                size = 0.05 if matrix is Matrix.V else 0.2
                a = random.normal(0, size, (d, d))
                step = random.normal(0, size, (d, d)) * change * (1 + index / 24)
                step *= np.repeat(random.uniform(0.3, 1.5, h), d // h)[:, None]
                b = a if stage < frozen_stages else a + step
                matrices.append(matrix_comparison(a, b, matrix, h))
            invariant = np.clip(1 - change * random.uniform(0, 1, h), -1, 1)
            blocks.append(
                BlockComparison(
                    Address(stage, block), index, h, d // h, tuple(matrices), invariant, invariant
                )
            )
            index += 1
    matching = Matching(
        (
            Match(
                MatchKind.MATCHED, "patch_embed.weight", "p.w", "p.w", (24, 3, 4, 4), (24, 3, 4, 4)
            ),
            Match(MatchKind.ONLY_A, "head.weight", "head.weight", "", (1000, 192), ()),
            Match(MatchKind.SHAPE_DIFFERS, "pos_embed", "pos", "pos", (1, 197, 24), (1, 50, 24)),
        )
    )
    return Comparison(
        card("pretrained.pth", index),
        card(label, index),
        "out",
        starts,
        index,
        tuple(blocks),
        matching,
    )


def series(epochs: int = 3) -> ComparisonSeries:
    return ComparisonSeries(
        tuple(
            comparison(label=f"epoch_{n}.pth", change=0.05 * n, seed=7)
            for n in range(1, epochs + 1)
        )
    )
