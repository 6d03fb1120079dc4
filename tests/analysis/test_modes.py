from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.analysis.decomposition import decompose, degenerate_modes
from inspector.analysis.modes import block_modes, model_modes
from inspector.core.address import Address
from inspector.core.errors import BadCheckpoint, BadRequest, Cancelled
from inspector.core.modes import ModeOptions, Product
from inspector.core.outline import Matrix, StageOutline, Stored
from inspector.families import open_model, recognise
from inspector.families.model import Model
from tests import models, tiny_models
from tests.analysis.running import running
from tests.families.made import checkpoint_of
from tests.reference import modes as slow

HEADS, OWN, WIDTH = 3, 4, 12
FIRST = Address(0, 0)


def by_head(weight: np.ndarray) -> np.ndarray:
    return weight.reshape(HEADS, -1, weight.shape[-1])


def heads_of(conditions: tuple[float, ...], *, width=96, rows=16, seed=0, dtype=np.float32):
    """(heads, rows, width) random matrices of these conditions; 0 for rank-deficient by three."""
    random = np.random.default_rng(seed)
    found = []
    for condition in conditions:
        wide = np.linalg.qr(random.normal(size=(width, rows)))[0].T
        turn = np.linalg.qr(random.normal(size=(rows, rows)))[0]
        sizes = np.geomspace(1, 1 / condition, rows) if condition else np.ones(rows)
        if not condition:
            sizes[-3:] = 0
        found.append(turn @ (sizes[:, None] * wide))
    return np.stack(found).astype(dtype)


def assert_orthonormal(rows: np.ndarray, *, within=1e-5):
    wide = rows.astype(np.float64)
    unit = np.eye(rows.shape[1])
    np.testing.assert_allclose(wide @ wide.transpose(0, 2, 1), [unit] * len(rows), atol=within)


def state_with(change) -> models.State:
    """The tiny ViT in float64 with Q, K, V of its first block as `change` makes them."""
    state = {name: array.astype(np.float64) for name, array in models.vit_state().items()}
    q, k, v = np.split(state["blocks.0.attn.qkv.weight"], 3)
    state["blocks.0.attn.qkv.weight"] = np.concatenate(change(q, k, v))
    return state


PLAIN = ModeOptions()


def first_modes(state, options=PLAIN):
    return block_modes(models.vit(state), FIRST, options)


def test_that_the_quick_way_equals_the_full_decomposition_of_every_head():
    model = models.vit()
    for block in model_modes(model, ModeOptions()).blocks:
        query, key = (by_head(model.weight(block.address, m)) for m in (Matrix.Q, Matrix.K))
        heads = []
        for head in range(HEADS):
            u, sigma, v, cosine = slow.modes(query[head], key[head])
            np.testing.assert_allclose(block.sigma[head], sigma, atol=1e-10 * sigma[0])
            np.testing.assert_allclose(block.cosine[head], cosine, atol=1e-5)
            np.testing.assert_allclose(block.u[head], u, atol=2e-5)
            np.testing.assert_allclose(block.v[head], v, atol=2e-5)
            heads.append((sigma, cosine))
            assert block.weighted_cosine[head] == pytest.approx(
                slow.weighted_cosine(sigma, cosine), abs=1e-6
            )
        assert block.block_weighted_cosine == pytest.approx(
            slow.block_weighted_cosine(heads), abs=1e-6
        )


def test_that_weights_stored_in_float64_keep_their_digits():
    state = state_with(lambda *qkv: qkv)
    found = first_modes(state)
    q, k, _ = np.split(state["blocks.0.attn.qkv.weight"], 3)
    for head in range(HEADS):
        _, sigma, _, cosine = slow.modes(by_head(q)[head], by_head(k)[head])
        np.testing.assert_allclose(found.sigma[head], sigma, rtol=1e-12)
        np.testing.assert_allclose(found.cosine[head], cosine, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_that_ill_conditioned_and_deficient_heads_keep_orthonormal_modes_and_their_product(dtype):
    left = heads_of((1, 30, 900, 1e4, 1e6, 0), seed=1, dtype=dtype)
    right = heads_of((1e6, 30, 1, 1e3, 1e6, 5), seed=2, dtype=dtype)
    found = decompose(left, right)
    assert_orthonormal(found.left)
    assert_orthonormal(found.right)
    product = left.astype(np.float64).transpose(0, 2, 1) @ right
    again = (found.left * found.sigma[:, :, None]).transpose(0, 2, 1) @ found.right
    np.testing.assert_allclose(again, product, atol=3e-6)
    for head in range(len(left)):
        sigma = slow.modes(left[head], right[head])[1]
        np.testing.assert_allclose(found.sigma[head], sigma, atol=1e-8 * sigma[0])
        assert (np.diff(found.sigma[head]) <= 0).all()


def test_that_both_ways_of_factorising_find_the_same_modes(monkeypatch):
    left, right = heads_of((5, 40, 100), seed=3), heads_of((20, 3, 100), seed=4)
    quick = decompose(left, right)
    monkeypatch.setattr("inspector.analysis.decomposition.CONDITION", 0.0)
    careful = decompose(left, right)
    np.testing.assert_allclose(quick.sigma, careful.sigma, atol=1e-10)
    np.testing.assert_allclose(quick.cosine, careful.cosine, atol=1e-4)


@pytest.mark.parametrize("rows", [2, 4, 16, 64])
def test_that_u_and_v_are_orthonormal_up_to_where_the_other_way_is_taken(rows):
    """Conditions on both sides of the limit, of one weak direction as well as of many."""
    conditions = tuple(np.geomspace(30, 3000, 60))
    left = heads_of(conditions, width=2 * rows, rows=rows, seed=rows)
    weak = heads_of((1.0,) * 60, width=2 * rows, rows=rows, seed=rows + 1)
    turn, sizes, wide = np.linalg.svd(weak.astype(np.float64), full_matrices=False)
    sizes[:, -1] = 1 / np.array(conditions)
    right = ((turn * sizes[:, None]) @ wide).astype(np.float32)
    found = decompose(left, right)
    assert_orthonormal(found.left)
    assert_orthonormal(found.right)


@pytest.mark.parametrize("width", [16, 96, 1024, 1030, 2100, 4100])
def test_that_weights_of_any_width_are_multiplied_whole(width):
    """They are cut into pieces of 1024 or 4096 columns at 16 rows, and what is left over."""
    left, right = (heads_of((10, 100), width=width, seed=s) for s in (7, 8))
    found = decompose(left, right)
    assert_orthonormal(found.left)
    again = (found.left * found.sigma[:, :, None]).transpose(0, 2, 1) @ found.right
    np.testing.assert_allclose(again, left.transpose(0, 2, 1) @ right, atol=3e-6)


def test_that_the_products_of_a_device_give_the_same_modes():
    left, right = heads_of((5, 40, 1e5), seed=3), heads_of((20, 3, 1), seed=4)
    found, expected = decompose(left, right, device="cpu:0"), decompose(left, right)
    np.testing.assert_allclose(found.sigma, expected.sigma, atol=1e-12)
    np.testing.assert_allclose(found.cosine, expected.cosine, atol=1e-4)


@pytest.mark.parametrize("scale", [1e-18, 1e-6, 1.0, 1e12])
def test_that_the_size_of_the_weights_scales_sigma_and_nothing_else(scale):
    left, right = heads_of((10, 100), seed=5), heads_of((30, 3), seed=6)
    plain, scaled = decompose(left, right), decompose((left * scale).astype(np.float32), right)
    np.testing.assert_allclose(scaled.sigma, plain.sigma * scale, rtol=1e-5)
    np.testing.assert_allclose(scaled.cosine, plain.cosine, atol=1e-4)
    assert_orthonormal(scaled.left)


@given(
    seed=st.integers(0, 1000),
    rows=st.integers(1, 9),
    width=st.integers(1, 9),
    kind=st.sampled_from([np.float16, np.float32, np.float64]),
)
@settings(max_examples=40, deadline=None)
def test_that_modes_rebuild_the_product_for_any_shape_and_type(seed, rows, width, kind):
    random = np.random.default_rng(seed)
    left, right = (
        random.normal(size=(2, rows, width)).astype(kind).astype(np.float32) for _ in range(2)
    )
    found = decompose(left, right)
    assert found.sigma.shape == (2, min(rows, width))
    assert_orthonormal(found.left)
    assert_orthonormal(found.right)
    again = (found.left * found.sigma[:, :, None]).transpose(0, 2, 1) @ found.right
    np.testing.assert_allclose(again, left.transpose(0, 2, 1) @ right, atol=3e-5)


def test_that_the_sum_of_sigma_times_cosine_is_the_inner_product_of_the_weights():
    for block in model_modes(models.vit(), ModeOptions()).blocks:
        assert block.trace_error < 1e-6
    weights = np.split(models.vit_state()["blocks.0.attn.qkv.weight"], 3)
    block = first_modes(models.vit_state())
    expected = [float((q * k).sum()) for q, k in zip(*map(by_head, weights[:2]), strict=True)]
    np.testing.assert_allclose(block.trace, expected, rtol=1e-5)


def test_that_no_change_of_basis_inside_a_head_alters_the_modes():
    """W_q -> A^T W_q, W_k -> A^-1 W_k; rows of a head mean nothing."""
    random = np.random.default_rng(8)
    turn, other = (np.linalg.qr(random.normal(size=(OWN, OWN)))[0] for _ in range(2))
    mix = turn @ np.diag(np.geomspace(1, 300, OWN)) @ other

    def remix(q, k, v):
        q, k = q.copy(), k.copy()
        for head in range(HEADS):
            rows = slice(head * OWN, (head + 1) * OWN)
            q[rows], k[rows] = mix.T @ q[rows], np.linalg.inv(mix) @ k[rows]
        return q, k, v

    plain, mixed = first_modes(state_with(lambda *qkv: qkv)), first_modes(state_with(remix))
    np.testing.assert_allclose(mixed.sigma, plain.sigma, rtol=1e-9)
    np.testing.assert_allclose(mixed.cosine, plain.cosine, atol=1e-9)
    np.testing.assert_allclose(mixed.u, plain.u, atol=1e-6)


def test_that_a_rotation_of_the_tokens_space_leaves_sigma_and_cosine():
    rotation = np.linalg.qr(np.random.default_rng(9).normal(size=(WIDTH, WIDTH)))[0]
    plain = first_modes(state_with(lambda *qkv: qkv))
    turned = first_modes(state_with(lambda q, k, v: (q @ rotation, k @ rotation, v)))
    np.testing.assert_allclose(turned.sigma, plain.sigma, rtol=1e-10)
    np.testing.assert_allclose(turned.cosine, plain.cosine, atol=1e-10)
    assert not np.allclose(turned.u, plain.u, atol=1e-2)


def test_that_swapping_query_and_key_swaps_u_and_v():
    plain = first_modes(state_with(lambda *qkv: qkv))
    swapped = first_modes(state_with(lambda q, k, v: (k, q, v)))
    np.testing.assert_allclose(swapped.cosine, plain.cosine, atol=1e-10)
    sign = np.sign(np.einsum("hdn,hdn->hn", swapped.u, plain.v))[:, None]
    np.testing.assert_allclose(swapped.u * sign, plain.v, atol=1e-6)
    np.testing.assert_allclose(swapped.v * sign, plain.u, atol=1e-6)


def test_that_equal_opposite_and_skew_related_weights_have_the_cosines_they_must():
    same = first_modes(state_with(lambda q, k, v: (q, q, v)))
    opposite = first_modes(state_with(lambda q, k, v: (q, -q, v)))
    skew = np.random.default_rng(3).normal(size=(OWN, OWN))
    skew -= skew.T

    def skewed(q, k, v):
        return q, np.concatenate([skew @ rows for rows in by_head(q)]), v

    turned = first_modes(state_with(skewed))
    np.testing.assert_allclose(same.cosine, 1, atol=1e-12)
    np.testing.assert_allclose(opposite.cosine, -1, atol=1e-12)
    np.testing.assert_allclose(turned.weighted_cosine, 0, atol=1e-12)
    np.testing.assert_allclose(turned.sigma[:, ::2], turned.sigma[:, 1::2], rtol=1e-10)
    assert turned.degenerate.all()
    q = np.split(state_with(lambda *qkv: qkv)["blocks.0.attn.qkv.weight"], 3)[0]
    singular = [np.linalg.svd(rows, compute_uv=False) ** 2 for rows in by_head(q)]
    np.testing.assert_allclose(same.sigma, singular, rtol=1e-10)


def test_that_permuting_heads_permutes_the_output_only():
    order = [2, 0, 1]

    def permuted(q, k, v):
        return tuple(by_head(w)[order].reshape(-1, WIDTH) for w in (q, k, v))

    plain = first_modes(state_with(lambda *qkv: qkv))
    moved = first_modes(state_with(permuted))
    np.testing.assert_array_equal(moved.sigma, plain.sigma[order])
    np.testing.assert_array_equal(moved.u, plain.u[order])


def test_that_fused_and_separate_weights_of_the_same_numbers_give_the_same_modes():
    fused = model_modes(models.vit(models.vit_state()), ModeOptions())
    separate = models.vit(models.vit_state(naming="separate"), naming="separate")
    for one, other in zip(fused.blocks, model_modes(separate, ModeOptions()).blocks, strict=True):
        for name in ("sigma", "cosine", "u", "v", "trace"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_that_the_fused_weight_of_torchs_attention_gives_the_same_modes():
    """Methods, H7 (12): ``in_proj_weight`` holds the numbers of timm's ``qkv.weight``."""
    state = tiny_models.vit_weights(width=24, depth=2)
    timm = checkpoint_of(state)
    torchvision = checkpoint_of(dict(in_torchvisions_names(state)))
    one, other = (model_modes(Model(c, recognise(c, heads=3)), PLAIN) for c in (timm, torchvision))
    for block, same in zip(one.blocks, other.blocks, strict=True):
        for name in ("sigma", "cosine", "u", "v", "trace"):
            np.testing.assert_array_equal(getattr(block, name), getattr(same, name))


def in_torchvisions_names(state):
    words = {
        "blocks.": "encoder.layers.encoder_layer_",
        "attn.qkv.weight": "self_attention.in_proj_weight",
        "attn.qkv.bias": "self_attention.in_proj_bias",
        "attn.proj": "self_attention.out_proj",
        "norm1": "ln_1",
        "norm2": "ln_2",
        "mlp.fc1": "mlp.0",
        "mlp.fc2": "mlp.3",
        "cls_token": "class_token",
        "pos_embed": "encoder.pos_embedding",
        "patch_embed.proj": "conv_proj",
        "head.": "heads.head.",
    }
    for name, array in state.items():
        renamed = name
        for old, new in words.items():
            renamed = renamed.replace(old, new)
        yield (f"encoder.ln.{name[5:]}" if name.startswith("norm.") else renamed), array


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_that_the_type_a_file_is_stored_in_is_not_in_the_way(kind):
    stored = {name: array.astype(kind) for name, array in models.vit_state().items()}
    same = {name: array.astype(np.float32) for name, array in stored.items()}
    found, expected = first_modes(stored), first_modes(same)
    np.testing.assert_allclose(found.sigma, expected.sigma, atol=1e-9)
    np.testing.assert_allclose(found.cosine, expected.cosine, atol=2e-6)
    assert found.u.dtype == np.float32
    assert found.sigma.dtype == np.float64


def test_that_random_weights_have_weighted_cosines_as_small_as_theory_says():
    """Methods: standard deviation 0.0049 at d = 768, d_k = 64."""
    random = np.random.default_rng(11)
    weights = random.normal(size=(2, 16, 64, 768)).astype(np.float32)
    found = decompose(*weights)
    scores = (found.sigma * found.cosine).sum(1) / found.sigma.sum(1)
    assert np.abs(scores).max() < 4 * 0.005
    assert scores.std() == pytest.approx(0.0049, rel=0.5)


def test_that_the_entry_of_u_with_the_largest_magnitude_is_positive():
    for block in model_modes(models.vit(), ModeOptions()).blocks:
        at = np.abs(block.u).argmax(axis=1)
        assert (np.take_along_axis(block.u, at[:, None], axis=1) > 0).all()


def test_that_of_entries_of_equal_magnitude_the_first_is_positive():
    left = np.array([[[-1.0, 1.0]]], dtype=np.float32)
    found = decompose(left, left)
    np.testing.assert_allclose(found.left[0, 0], [0.5**0.5, -(0.5**0.5)], rtol=1e-6)
    np.testing.assert_allclose(found.right[0, 0], found.left[0, 0], rtol=1e-6)


def test_that_neighbours_closer_than_a_millionth_of_the_largest_are_degenerate():
    sigma = np.array([[1.0, 0.5, 0.5 - 9e-7, 0.4, 0.4 - 2e-6], [0.0] * 5])
    np.testing.assert_array_equal(
        degenerate_modes(sigma), [[False, True, True, False, False], [True] * 5]
    )


def test_that_a_head_of_zeros_has_no_mean_cosine_and_does_not_count_in_that_of_the_block():
    state = state_with(lambda q, k, v: (q * (np.arange(WIDTH)[:, None] >= OWN), k, v))
    block = first_modes(state)
    assert np.isnan(block.weighted_cosine[0])
    assert np.isnan(block.head_random_95[0])
    assert np.isnan(block.mean_cosine[0])
    assert block.block_weighted_cosine == pytest.approx(block.weighted_cosine[1:].mean())
    assert block.block_mean_cosine == pytest.approx(block.cosine[1:].mean())
    assert_orthonormal(block.u.transpose(0, 2, 1))


def test_that_more_rows_than_width_give_as_many_modes_as_the_width():
    random = np.random.default_rng(2)
    left, right = random.normal(size=(2, 2, 9, 5)).astype(np.float32)
    found = decompose(left, right)
    for head in range(2):
        _, sigma, _, cosine = slow.modes(left[head], right[head])
        np.testing.assert_allclose(found.sigma[head], sigma, rtol=1e-5)
        np.testing.assert_allclose(found.cosine[head], cosine, atol=1e-5)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_that_a_block_that_is_not_finite_is_skipped_with_the_name_of_its_tensor(wrong):
    state = models.vit_state()
    state["blocks.1.attn.qkv.weight"][3, 4] = wrong
    model = models.vit(state)
    with pytest.raises(BadCheckpoint, match=r"blocks\.1\.attn\.qkv\.weight.*1 weight that is"):
        block_modes(model, Address(0, 1), ModeOptions())
    found = model_modes(model, ModeOptions())
    assert [block.address for block in found.blocks] == [Address(0, 0), Address(0, 2)]
    ((address, reason),) = found.skipped
    assert address == Address(0, 1)
    assert "blocks.1.attn.qkv.weight" in reason
    assert found.complete
    assert np.isnan(found.curve()[1])


@pytest.mark.parametrize(
    "name", ["attn.qkv.bias", "attn.proj.weight", "attn.qkv.weight"], ids=["bias", "out", "weight"]
)
def test_that_whatever_the_options_ask_for_is_refused_by_name(name):
    state = models.vit_state()
    state[f"blocks.0.{name}"].flat[-1] = np.inf
    with pytest.raises(BadCheckpoint, match=f"“blocks.0.{name}”"):
        first_modes(state, ModeOptions(Product.OV, augment_bias=True))


def test_that_weights_so_large_that_nothing_can_hold_their_product_are_refused():
    state = {name: array.astype(np.float64) for name, array in models.vit_state().items()}
    state["blocks.0.attn.qkv.weight"] *= 1e200
    with pytest.raises(BadCheckpoint, match="so large that their squares"):
        first_modes(state)


def test_that_a_model_without_any_finite_block_is_an_error():
    state = models.vit_state(depth=1)
    state["blocks.0.attn.qkv.weight"][0, 0] = np.nan
    with pytest.raises(BadCheckpoint, match="not a number"):
        model_modes(models.vit(state), ModeOptions())


def test_that_weights_whose_squares_overflow_float32_are_still_split():
    state = models.vit_state()
    state["blocks.0.attn.qkv.weight"] *= 1e20
    plain, large = first_modes(models.vit_state()), first_modes(state)
    np.testing.assert_allclose(large.sigma, plain.sigma * 1e40, rtol=1e-5)


@pytest.mark.parametrize("augment", [False, True])
@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("product", list(Product))
def test_that_every_option_equals_the_slow_twin(product, fold, augment):
    state = {name: array.astype(np.float64) for name, array in models.vit_state().items()}
    random = np.random.default_rng(4)
    gain, offset, scale = (random.normal(size=WIDTH) for _ in range(3))
    state |= {"blocks.0.norm1.weight": gain, "beta": offset, "ls": scale}
    model = with_parts(models.vit(state), {"norm1.bias": "beta", "layer_scale1": "ls"})
    found = block_modes(model, FIRST, ModeOptions(product, fold, augment))
    weights = np.split(state["blocks.0.attn.qkv.weight"], 3)
    biases = np.split(state["blocks.0.attn.qkv.bias"], 3)
    if fold:
        pairs = [slow.folded(w, b, gain, offset) for w, b in zip(weights, biases, strict=True)]
    else:
        pairs = list(zip(weights, biases, strict=True))
    for head in range(HEADS):
        rows = slice(head * OWN, (head + 1) * OWN)
        sides = [(w[rows], b[rows]) for w, b in pairs]
        if product is Product.OV:
            out = state["blocks.0.attn.proj.weight"]
            sides[0], sides[1] = (slow.written(out, scale, head, OWN), np.zeros(OWN)), sides[2]
        left, right = (slow.augmented(*side) if augment else side[0] for side in sides[:2])
        u, sigma, v, cosine = slow.modes(left, right)
        np.testing.assert_allclose(found.sigma[head], sigma, rtol=1e-10)
        np.testing.assert_allclose(found.cosine[head], cosine, atol=1e-10)
        np.testing.assert_allclose(found.u[head], u, atol=1e-6)
        np.testing.assert_allclose(found.v[head], v, atol=1e-6)
    assert found.width == WIDTH + augment


def with_parts(model, parts, **changes):
    """The model with further parts of its first block, and its outline changed."""
    blocks = list(model.outline.blocks())
    added = {role: Stored(name) for role, name in parts.items()}
    blocks[0] = replace(blocks[0], parts={**blocks[0].parts, **added})
    outline = replace(model.outline, stages=(StageOutline(0, tuple(blocks)),), **changes)
    return model.with_outline(outline)


def test_that_folding_is_refused_where_no_norm_stands_in_front():
    model = with_parts(models.vit(), {}, family="Swin-v2")
    with pytest.raises(BadRequest, match="normalises after attention"):
        block_modes(model, FIRST, ModeOptions(fold_norm=True))
    model = with_parts(models.vit(), {}, family="transformer encoder")
    with pytest.raises(BadRequest, match="cannot be told"):
        block_modes(model, FIRST, ModeOptions(fold_norm=True))


def test_that_models_told_by_their_name_to_normalise_after_attention_are_refused_too():
    model, _ = running("norm after")
    with pytest.raises(BadRequest, match="normalises after attention"):
        block_modes(model, FIRST, ModeOptions(fold_norm=True))
    assert (
        "normalised before it is added" in block_modes(model, FIRST, ModeOptions(Product.OV)).exact
    )


def test_that_a_norm_that_is_not_finite_is_named():
    state = models.vit_state()
    state["blocks.0.norm1.weight"][2] = np.nan
    with pytest.raises(BadCheckpoint, match=r"blocks\.0\.norm1\.weight"):
        first_modes(state, ModeOptions(fold_norm=True))


@pytest.mark.parametrize(
    ("family", "role", "words"),
    [
        ("EVA-02", "norm2.weight", "Rotary"),
        ("Swin-v2", "logit_scale", "Cosine attention"),
        ("ViT", "q_norm.weight", "normalised before their product"),
        ("CaiT", "talking_heads1.weight", "Talking heads"),
    ],
)
def test_that_models_whose_score_is_more_than_the_product_say_so(family, role, words):
    model = with_parts(models.vit(), {role: "norm.weight"}, family=family)
    assert words in block_modes(model, FIRST, ModeOptions()).exact
    assert block_modes(models.vit(), FIRST, ModeOptions()).exact == ""


def test_that_a_norm_in_front_of_the_output_projection_is_told():
    model = with_parts(models.vit(), {"attn_norm.weight": "norm.weight"})
    assert "norm stands between" in block_modes(model, FIRST, ModeOptions(Product.OV)).exact
    assert block_modes(model, FIRST, ModeOptions()).exact == ""


def test_that_partial_results_grow_block_by_block_and_progress_can_cancel():
    seen, told = [], []
    found = model_modes(
        models.vit(),
        ModeOptions(),
        partial=lambda modes: seen.append(len(modes.blocks)),
        progress=lambda done, total, text="": told.append((done, total, text)),
    )
    assert seen == [1, 2, 3]
    assert told[0] == (0, 3, "")
    assert told[-1] == (3, 3, "S0 B2 modes")
    assert found.complete

    def stop(done, total, text=""):
        if done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        model_modes(models.vit(), ModeOptions(), progress=stop)


def test_that_stages_of_different_width_have_modes_of_their_own_width():
    found = model_modes(models.swin(), ModeOptions())
    assert [block.width for block in found.blocks] == [8, 8, 16, 16, 32, 32, 32, 64, 64]
    assert found.stage_starts == (0, 2, 4, 7)
    assert found.blocks[0].random_95 > found.blocks[-1].random_95


def test_that_the_number_of_torchs_threads_is_what_it_was(monkeypatch):
    before, inside = torch.get_num_threads(), []

    def fail(*arguments, **options):
        inside.append(torch.get_num_threads())
        raise RuntimeError

    torch.set_num_threads(2)
    monkeypatch.setattr("inspector.analysis.modes.decompose", fail)
    with pytest.raises(RuntimeError):
        first_modes(models.vit_state())
    assert (inside, torch.get_num_threads()) == ([1], 2)
    torch.set_num_threads(before)


def test_that_the_result_is_read_only():
    block = first_modes(models.vit_state())
    for name in ("sigma", "cosine", "u", "v", "degenerate", "trace"):
        assert not getattr(block, name).flags.writeable


def test_that_a_fine_tuned_pair_has_the_curve_of_its_family(shared_data):
    """Methods, H4: DeiT-Ti is high early, near zero in the middle, and rises at the end."""
    path = shared_data / "weights" / "deit_tiny_patch16_224.fb_in1k" / "model.safetensors"
    with open_model(path) as model:
        found = model_modes(model, ModeOptions())
        query, key = (model.weight(Address(0, 5), m) for m in (Matrix.Q, Matrix.K))
        _, sigma, _, cosine = slow.modes(query[64:128], key[64:128])
    curve = found.curve()
    assert curve[:2].min() > 0.5
    assert curve[3:6].max() < 0.2
    assert curve[11] > 0.4
    np.testing.assert_allclose(found.blocks[5].sigma[1], sigma, atol=1e-9 * sigma[0])
    gap = np.minimum(-np.diff(sigma, prepend=np.inf), -np.diff(sigma, append=0)) / sigma[0]
    assert (np.abs(found.blocks[5].cosine[1] - cosine) < 2e-6 + 3e-7 / gap).all()
    assert max(block.trace_error for block in found.blocks) < 1e-6
