from dataclasses import replace

import numpy as np
import pytest

from inspector.analysis.attention import pair_score, token_attention
from inspector.analysis.modes import block_modes
from inspector.analysis.on_image import run_on_image
from inspector.core.address import Address
from inspector.core.errors import BadRequest
from inspector.core.modes import ModeOptions, Product
from inspector.core.outline import Matrix
from inspector.families.capture import pattern_of
from tests.analysis.running import KINDS, captured, input_for, running
from tests.reference import attention_scores as slow

AT = Address(0, 1)


def block_of(kind, address=AT):
    return run_on_image(running(kind)[1], input_for(kind)).attention(address)


def pattern_in_torch(kind, address=AT):
    """What `capture.pattern_of`, which is tested against the modules, makes of the same input."""
    network = running(kind)[1]
    taps = captured(kind).blocks[address]
    block = next(b for b in network.blocks if b.address == address)
    return pattern_of(block.attend(taps.attn_input, taps.grid))[0].numpy()


@pytest.mark.parametrize("kind", [k for k in KINDS if "swin" not in k])
def test_that_every_row_is_the_softmax_of_the_model(kind):
    block, expected = block_of(kind), pattern_in_torch(kind)
    first = len(block.grid.prefix)
    for token in range(block.grid.count):
        found = token_attention(block, token)
        np.testing.assert_allclose(found.prefix, expected[:, token, :first], atol=1e-6)
        patches = expected[:, token, first:].reshape(found.pattern.shape)
        np.testing.assert_allclose(found.pattern, patches, atol=1e-6)
        total = found.pattern.sum((1, 2)) + found.prefix.sum(1) + found.padding
        np.testing.assert_allclose(total, 1, rtol=1e-12)
        assert found.visible.all()
        assert np.isfinite(found.score).all()


@pytest.mark.parametrize("kind", ["detection swin", "swin v2"])
@pytest.mark.parametrize("address", [Address(0, 0), Address(0, 1), Address(1, 1), Address(2, 1)])
def test_that_every_row_of_a_window_is_the_softmax_of_the_model(kind, address):
    block, expected = block_of(kind, address), pattern_in_torch(kind, address)
    windows, grid = block.windows, block.grid
    for token in range(grid.count):
        found = token_attention(block, token)
        row, column = grid.place(token)
        place = row * windows.shape[1] + column
        window = windows.window_of[place]
        whole = np.zeros((block.num_heads, windows.window_of.size))
        whole[:, windows.members[window]] = expected[window, :, windows.place_of[place]]
        seen = whole.reshape(-1, *windows.shape)[:, : grid.rows, : grid.columns]
        np.testing.assert_allclose(found.pattern, seen, atol=1e-6, rtol=2e-5)
        total = found.pattern.sum((1, 2)) + found.padding
        np.testing.assert_allclose(total, 1, rtol=1e-12)
        np.testing.assert_array_equal(np.isnan(found.score[0]), ~found.visible)


def test_that_padding_tokens_of_a_detector_are_attended_to():
    block = block_of("detection swin")
    assert block.windows.shape != block.grid.shape
    last = block.grid.token(block.grid.rows - 1, block.grid.columns - 1)
    assert token_attention(block, last).padding.min() > 0
    assert token_attention(block_of("detection swin", Address(0, 0)), 0).padding.max() == 0


def weights_of(kind, head, address=AT):
    model = running(kind)[0]
    rows = slice(head * 8, (head + 1) * 8)
    found = []
    for matrix in (Matrix.Q, Matrix.K):
        bias = model.bias(address, matrix)
        weight = model.weight(address, matrix)[rows]
        found.append((weight, np.zeros(8) if bias is None else bias[rows].astype(float)))
    return found


def all_pairs(block):
    tokens = [0, 1, block.grid.count // 2, block.grid.count - 1]
    return [(query, key) for query in tokens for key in tokens]


@pytest.mark.parametrize("kind", ["vit", "vit without bias", "registers", "distilled"])
def test_that_bars_are_the_modes_and_bias_terms_of_the_full_decomposition(kind):
    model, _ = running(kind)
    block, modes = block_of(kind), block_modes(model, AT, ModeOptions())
    for head in range(block.num_heads):
        query, key = weights_of(kind, head)
        for i, j in all_pairs(block):
            found = pair_score(block, modes, head=head, query=i, key=j)
            x, y = block.tokens[i].astype(float), block.tokens[j].astype(float)
            by_mode, terms = slow.parts(x, y, query, key)
            scale = 8**-0.5
            np.testing.assert_allclose(found.contributions, np.array(by_mode) * scale, atol=2e-4)
            for name, value in terms.items():
                assert found.terms.get(name, 0.0) == pytest.approx(value * scale, abs=1e-4)
            expected = slow.score(x, y, query, key) * scale
            assert found.total == pytest.approx(expected, abs=1e-4)
            row = [slow.score(x, z.astype(float), query, key) * scale for z in block.tokens]
            assert found.weight == pytest.approx(slow.softmax(row)[j], abs=1e-5)
    if kind == "vit without bias":
        assert found.terms == {}
    else:
        assert set(found.terms) == set(terms)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("augment", [False, True])
def test_that_the_bars_add_up_to_the_score_that_the_token_view_shows(kind, augment):
    model, _ = running(kind)
    block = block_of(kind)
    modes = block_modes(model, AT, ModeOptions(augment_bias=augment))
    first, seen = len(block.grid.prefix), 0
    for i, j in all_pairs(block):
        row = token_attention(block, i)
        for head in range(block.num_heads):
            found = pair_score(block, modes, head=head, query=i, key=j)
            place = block.grid.place(j)
            score, weight = (
                (row.prefix_score[head, j], row.prefix[head, j])
                if place is None
                else (row.score[(head, *place)], row.pattern[(head, *place)])
            )
            if found.reason:
                assert np.isnan(score)
                assert np.isnan(found.total)
                assert found.weight == weight == 0
                continue
            seen += 1
            size = np.abs(found.contributions).sum() + 1
            assert found.sum == pytest.approx(found.total, abs=3e-5 * size)
            assert found.total == pytest.approx(score, abs=1e-9)
            assert found.weight == pytest.approx(weight, abs=1e-12)
            assert found.address == AT.with_head(head)
    assert seen >= block.num_heads
    assert first == len(block.grid.prefix)


def test_that_each_kind_of_attention_has_the_terms_it_must():
    def terms(kind, query, key, address=AT):
        modes = block_modes(running(kind)[0], address, ModeOptions())
        return pair_score(block_of(kind, address), modes, head=0, query=query, key=key).terms

    bias = {"query with key bias", "key with query bias", "both biases"}
    assert set(terms("vit", 2, 3)) == bias
    assert set(terms("beit", 2, 3)) == {"key with query bias", "position bias"}
    assert set(terms("eva02", 2, 3)) >= {"rotation"}
    assert terms("eva02", 0, 0)["rotation"] == 0
    assert abs(terms("eva02", 2, 9)["rotation"]) > 1e-3
    assert "normalisation" in terms("query norm", 2, 3)
    assert set(terms("detection swin", 0, 1)) == {*bias, "position bias", "shift mask"}
    assert "shift mask" not in terms("detection swin", 0, 1, Address(0, 0))
    assert "position bias" in terms("swin v2", 0, 1)


def test_that_two_ends_of_a_rolled_grid_are_kept_apart_by_the_mask():
    block = block_of("detection swin")
    modes = block_modes(running("detection swin")[0], AT, ModeOptions())
    windows, grid = block.windows, block.grid
    masked = 0
    for key in range(grid.count):
        found = pair_score(block, modes, head=0, query=0, key=key)
        row, column = grid.place(key)
        place = row * windows.shape[1] + column
        if windows.window_of[place] != windows.window_of[0]:
            assert found.reason == "The two tokens lie in different windows."
        elif windows.region_of[place] != windows.region_of[0]:
            masked += 1
            assert found.terms["shift mask"] == -100
            assert found.weight < 1e-30
    assert masked


def test_that_attention_never_depends_on_the_keys_bias():
    """Methods, H7 (10): it adds the same to the scores of all keys."""
    block = block_of("vit")
    moved = replace(block, key=block.key + 3.0, key_bias=block.key_bias + 3.0)
    for token in (0, 5):
        found, expected = token_attention(moved, token), token_attention(block, token)
        np.testing.assert_allclose(found.pattern, expected.pattern, atol=1e-5)
        assert not np.allclose(found.score, expected.score, atol=1e-2)


@pytest.mark.parametrize(
    "options", [ModeOptions(Product.OV), ModeOptions(fold_norm=True)], ids=["ov", "folded"]
)
def test_that_modes_of_another_product_are_refused(options):
    modes = block_modes(running("vit")[0], AT, options)
    with pytest.raises(BadRequest, match="do not add up"):
        pair_score(block_of("vit"), modes, head=0, query=3, key=5)


def test_that_tokens_heads_and_blocks_that_do_not_exist_are_refused():
    block, modes = block_of("vit"), block_modes(running("vit")[0], AT, ModeOptions())
    with pytest.raises(BadRequest, match="no token 99"):
        token_attention(block, 99)
    with pytest.raises(BadRequest, match="no token 13"):
        pair_score(block, modes, head=0, query=0, key=13)
    with pytest.raises(BadRequest, match="counted from 0"):
        pair_score(block, modes, head=3, query=0, key=1)
    other = block_modes(running("vit")[0], Address(0, 0), ModeOptions())
    with pytest.raises(BadRequest, match="S0 B0"):
        pair_score(block, other, head=0, query=0, key=1)


def test_that_the_module_needs_no_torch(repository):
    import subprocess
    import sys

    code = "import sys, inspector.analysis.attention; print('torch' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "False"
