import numpy as np
import pytest

from inspector.analysis.evolution import compare, compare_series
from inspector.analysis.invariant import normalised_products, with_products
from inspector.core.errors import BadRequest, Cancelled
from inspector.core.outline import Matrix
from tests import models
from tests.reference import evolution as slow

HEADS, OWN, WIDTH = 3, 4, 12


def products(a, b):
    return with_products(compare_series(a, [b]), a, [b]).comparisons[0].blocks


def by_head(weight):
    return weight.reshape(HEADS, -1, weight.shape[1])


def remixed(state, *, cond=30.0, seed=5):
    """The same function in another basis of every head: W_q -> A^T W_q, W_k -> A^-1 W_k..."""
    random = np.random.default_rng(seed)
    found = {name: array.astype(np.float64) for name, array in state.items()}
    for block in range(3):
        q, k, v = np.split(found[f"blocks.{block}.attn.qkv.weight"].copy(), 3)
        out = found[f"blocks.{block}.attn.proj.weight"]
        for head in range(HEADS):
            rows = slice(head * OWN, (head + 1) * OWN)
            u, _, w = np.linalg.svd(random.normal(size=(OWN, OWN)))
            mix = u @ np.diag(np.geomspace(1, cond, OWN)) @ w
            q[rows], k[rows] = mix.T @ q[rows], np.linalg.inv(mix) @ k[rows]
            v[rows], out[:, rows] = mix @ v[rows], out[:, rows] @ np.linalg.inv(mix)
        found[f"blocks.{block}.attn.qkv.weight"] = np.concatenate([q, k, v])
    return found


def test_that_both_products_of_every_head_equal_the_whole_matrices():
    a, b = models.vit(), models.vit(models.changed(models.vit_state(), 0.5))
    for block in products(a, b):
        w = [{m: by_head(model.weight(block.address, m)) for m in Matrix} for model in (a, b)]
        out = [
            by_head(m.read(m.outline.block(block.address).parts["out.weight"]).T) for m in (a, b)
        ]
        for head in range(HEADS):
            query_key = slow.product_cosine(
                w[0][Matrix.Q][head],
                w[0][Matrix.K][head],
                w[1][Matrix.Q][head],
                w[1][Matrix.K][head],
            )
            value_output = slow.product_cosine(
                out[0][head], w[0][Matrix.V][head], out[1][head], w[1][Matrix.V][head]
            )
            assert block.query_key[head] == pytest.approx(query_key, rel=1e-12)
            assert block.value_output[head] == pytest.approx(value_output, rel=1e-12)


def test_that_no_change_of_basis_inside_a_head_alters_the_products():
    state = models.vit_state()
    a = models.vit(state)
    for block in products(a, models.vit(remixed(state))):
        np.testing.assert_allclose(block.query_key, 1, rtol=1e-11)
        np.testing.assert_allclose(block.value_output, 1, rtol=1e-11)
    other = models.changed(state, 0.7)
    plain, mixed = products(a, models.vit(other)), products(a, models.vit(remixed(other)))
    for one, same in zip(plain, mixed, strict=True):
        assert one.query_key.max() < 0.95
        np.testing.assert_allclose(same.query_key, one.query_key, rtol=1e-9)
        np.testing.assert_allclose(same.value_output, one.value_output, rtol=1e-9)


def test_that_rows_see_the_change_of_basis_that_the_products_do_not():
    state = models.vit_state()
    assert compare(models.vit(state), models.vit(remixed(state))).median_cosine_distance > 0.3


def test_that_products_do_not_depend_on_size_but_see_a_sign():
    state = models.vit_state()
    scaled = dict(state)
    for block in range(3):
        fused = state[f"blocks.{block}.attn.qkv.weight"].astype(np.float64)
        scaled[f"blocks.{block}.attn.qkv.weight"] = np.concatenate(
            [3 * fused[:12], -0.1 * fused[12:24], 7 * fused[24:]]
        )
    for block in products(models.vit(state), models.vit(scaled)):
        np.testing.assert_allclose(block.query_key, -1, rtol=1e-14)
        np.testing.assert_allclose(block.value_output, 1, rtol=1e-14)


def test_that_products_are_symmetric_in_both_models():
    a, b = models.vit(), models.vit(models.changed(models.vit_state(), 0.5))
    for there, back in zip(products(a, b), products(b, a), strict=True):
        np.testing.assert_allclose(there.query_key, back.query_key, rtol=1e-13)
        np.testing.assert_allclose(there.value_output, back.value_output, rtol=1e-13)


def test_that_permuting_heads_permutes_the_products():
    a, b = models.vit_state(), models.changed(models.vit_state(), 0.5)
    rows = np.concatenate([np.arange(h * OWN, (h + 1) * OWN) for h in (2, 0, 1)])

    def permuted(state):
        found = dict(state)
        for block in range(3):
            fused = state[f"blocks.{block}.attn.qkv.weight"]
            order = np.concatenate([rows, 12 + rows, 24 + rows])
            found[f"blocks.{block}.attn.qkv.weight"] = fused[order]
            out = f"blocks.{block}.attn.proj.weight"
            found[out] = state[out][:, rows]
        return found

    plain = products(models.vit(a), models.vit(b))
    turned = products(models.vit(permuted(a)), models.vit(permuted(b)))
    for one, other in zip(plain, turned, strict=True):
        np.testing.assert_allclose(other.query_key, one.query_key[[2, 0, 1]], rtol=1e-13)
        np.testing.assert_allclose(other.value_output, one.value_output[[2, 0, 1]], rtol=1e-13)


def test_that_a_zero_head_has_no_product():
    left, right = np.ones((2, 2, 3)), np.ones((2, 2, 3))
    zero = left.copy()
    zero[1] = 0
    found = normalised_products((left, zero), (right, right))
    assert found[0] == 1.0
    assert np.isnan(found[1])


def test_that_products_stay_empty_where_the_heads_or_the_output_projection_are_not_the_same():
    for block in products(models.vit(heads=3), models.vit(heads=6)):
        assert block.query_key.size == block.value_output.size == 0
    state = models.vit_state()
    state["blocks.0.attn.proj.weight"] = state["blocks.0.attn.proj.weight"][:6]
    first = products(models.vit(), models.vit(state))[0]
    assert first.query_key.size == 3
    assert first.value_output.size == 0


def test_that_the_products_of_a_series_are_those_of_its_pairs_and_the_vectors_stay():
    state = models.vit_state()
    a = models.vit(state)
    others = [models.vit(models.changed(state, change)) for change in (0.1, 0.5)]
    before = compare_series(a, others)
    series = with_products(before, a, others)
    for comparison, other in zip(series.comparisons, others, strict=True):
        for block, expected in zip(comparison.blocks, products(a, other), strict=True):
            np.testing.assert_array_equal(block.query_key, expected.query_key)
    assert series.comparisons[0].blocks[0].matrices is before.comparisons[0].blocks[0].matrices
    assert before.comparisons[0].blocks[0].query_key.size == 0


def test_that_cancelling_ends_the_products():
    a, b = models.vit(), models.vit(models.vit_state(seed=1))

    def progress(done, total, text=""):
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        with_products(compare_series(a, [b]), a, [b], progress=progress)


def test_that_models_of_another_series_are_refused():
    a = models.vit()
    with pytest.raises(BadRequest):
        with_products(compare_series(a, [a]), a, [a, a])
