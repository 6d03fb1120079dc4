import numpy as np
import pytest

from inspector.analysis.decomposition import decompose
from inspector.analysis.random_directions import random_cosine_95
from inspector.core.address import Address
from inspector.core.errors import BadRequest
from inspector.core.modes import BlockModes


@pytest.mark.parametrize(
    ("width", "band"),
    [(96, 0.1996), (192, 0.1413), (384, 0.1000), (768, 0.0707), (1024, 0.0612), (1280, 0.0548)],
)
def test_that_the_band_has_the_half_width_of_methods(width, band):
    assert random_cosine_95(width) == pytest.approx(band, abs=5e-5)


@pytest.mark.parametrize("width", [2, 3, 24, 192])
def test_that_ninety_five_of_a_hundred_random_pairs_lie_in_the_band(width):
    random = np.random.default_rng(width)
    a, b = random.normal(size=(2, 20_000, width))
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert (np.abs(cosine) < random_cosine_95(width)).mean() == pytest.approx(0.95, abs=0.006)


def test_that_numbers_are_alike_or_opposite_and_nothing_has_no_direction():
    assert random_cosine_95(1) == 1.0
    with pytest.raises(BadRequest):
        random_cosine_95(0)


def modes_of(left: np.ndarray, right: np.ndarray) -> BlockModes:
    found = decompose(left, right)
    u, v = (rows.transpose(0, 2, 1) for rows in (found.left, found.right))
    nothing = np.zeros(len(left))
    return BlockModes(
        Address(0, 0), 0, left.shape[2], found.sigma, found.cosine, u, v, found.degenerate,
        nothing, random_cosine_95(left.shape[2]),
    )  # fmt: skip


def test_that_the_bands_of_heads_and_blocks_hold_95_of_a_hundred_random_models():
    random = np.random.default_rng(5)
    heads, rows, width, draws = 4, 16, 96, 500
    weights = random.normal(size=(2, draws * heads, rows, width)).astype(np.float32)
    found = modes_of(*weights)
    inside = np.abs(found.weighted_cosine) < found.head_random_95
    assert inside.mean() == pytest.approx(0.95, abs=0.015)
    scores = found.weighted_cosine.reshape(draws, heads).mean(axis=1)
    bands = np.sqrt((found.head_random_95.reshape(draws, heads) ** 2).sum(axis=1)) / heads
    assert (np.abs(scores) < bands).mean() == pytest.approx(0.95, abs=0.03)
    first = modes_of(*weights[:, :heads])
    assert first.block_random_95 == pytest.approx(bands[0], rel=1e-6)


def test_that_the_band_of_a_head_is_that_of_methods_for_random_weights():
    """Methods: sqrt(d d_k) / |M|_*, about 0.0046 at d = 768, d_k = 64."""
    weights = np.random.default_rng(6).normal(size=(2, 2, 64, 768)).astype(np.float32)
    found = modes_of(*weights)
    theory = np.sqrt(768 * 64) / found.nuclear
    np.testing.assert_allclose(found.head_random_95 / 1.96, theory, rtol=0.02)
    np.testing.assert_allclose(theory, 0.0046, rtol=0.01)
