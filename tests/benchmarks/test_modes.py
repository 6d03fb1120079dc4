"""The modes of all heads of a ViT-B/16 against a full decomposition per head, and against QR alone.

Run explicitly, on one thread: ``OMP_NUM_THREADS=1 pytest tests/benchmarks/test_modes.py -s``.
Prints one line a ratio: name, ours, reference, ratio, bar. The sides take turns; measured is
the processor's time of the quickest of several repeats, which other work disturbs least. Ours is
all that `model_modes` does: reading the weights, refusing what is not finite, the whole result.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch

from inspector.analysis.modes import model_modes
from inspector.core.modes import ModeOptions
from inspector.core.outline import Matrix
from inspector.families.model import Model
from tests import models

DEPTH, WIDTH, HEADS = 12, 768, 12
REPEATS = 15
SAMPLE = 1
FULL_BAR = 1 / 100
QR_BAR = 2.5


@pytest.fixture(scope="module")
def vit_b() -> Model:
    return models.vit(models.vit_state(depth=DEPTH, width=WIDTH), heads=HEADS)


@pytest.fixture(scope="module")
def weights(vit_b: Model) -> list[tuple[np.ndarray, np.ndarray]]:
    """(heads, d_k, d) query and key of every block, in the type of the file."""
    return [
        (
            vit_b.weight(block.address, Matrix.Q).reshape(HEADS, -1, WIDTH).copy(),
            vit_b.weight(block.address, Matrix.K).reshape(HEADS, -1, WIDTH).copy(),
        )
        for block in vit_b.outline.blocks()
    ]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    if os.environ.get("OMP_NUM_THREADS") != "1":
        pytest.fail("numpy has as many threads as it likes: set OMP_NUM_THREADS=1")


def milliseconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return 1000 * (time.process_time() - start)


def report(name: str, ours: float, reference: float, *, bar: float) -> None:
    ratio = ours / reference
    sys.stdout.write(
        f"\n{name}: ours {ours:.1f} ms, reference {reference:.1f} ms, ratio {ratio:.4f} "
        f"(1 : {1 / ratio:.1f}), bar {bar:.4f}\n"
    )
    assert ratio <= bar, f"{name}: {ratio:.4f} is above the bar {bar:.4f}"


def published(query: np.ndarray, key: np.ndarray) -> np.ndarray:
    """The full decomposition of the d x d product, as published, in float64: cosines."""
    u, _, v = np.linalg.svd(query.astype(np.float64).T @ key.astype(np.float64))
    rows = len(query)
    return np.einsum("dn,nd->n", u[:, :rows], v[:rows])


def test_that_all_modes_cost_a_hundredth_of_a_full_decomposition_per_head(
    vit_b: Model, weights: list[tuple[np.ndarray, np.ndarray]]
):
    model_modes(vit_b, ModeOptions())
    ours, full = [], []
    for _ in range(REPEATS):
        ours.append(milliseconds(lambda: model_modes(vit_b, ModeOptions())))
        query, key = weights[0]
        full += [milliseconds(partial(published, query[head], key[head])) for head in range(SAMPLE)]
    reference = min(full) * DEPTH * HEADS
    report("ViT-B/16, 144 heads", min(ours), reference, bar=FULL_BAR)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_that_all_modes_cost_at_most_two_and_a_half_factorisations(
    vit_b: Model, weights: list[tuple[np.ndarray, np.ndarray]], dtype: torch.dtype
):
    """Against both types: ours is of mixed precision, see `decomposition`."""
    factors = [[torch.from_numpy(w).to(dtype).mT for w in pair] for pair in weights]

    def factorise() -> None:
        for pair in factors:
            for factor in pair:
                torch.linalg.qr(factor)

    factorise()
    ours, reference = [], []
    for _ in range(REPEATS):
        ours.append(milliseconds(lambda: model_modes(vit_b, ModeOptions())))
        reference.append(milliseconds(factorise))
    name = f"ViT-B/16 against QR alone, {str(dtype).removeprefix('torch.')}"
    report(name, min(ours), min(reference), bar=QR_BAR)
