from dataclasses import replace
from threading import Thread

import numpy as np
import pytest

from inspector.analysis.contributions import contributions
from inspector.analysis.modes import block_modes
from inspector.analysis.on_image import run_on_image
from inspector.core.address import Address
from inspector.core.errors import BadRequest, Cancelled
from inspector.core.modes import ModeOptions, Product, TokenSpace
from tests.analysis.running import KINDS, PLAIN, captured, input_for, running
from tests.reference import mode_maps as slow

PLAIN_OPTIONS = ModeOptions()
FOLDED = ModeOptions(fold_norm=True)
AT = Address(0, 1)


def maps_of(kind, options=PLAIN_OPTIONS, space=TokenSpace.ATTENTION_INPUT, address=AT):
    model, network = running(kind)
    modes = block_modes(model, address, options)
    return modes, run_on_image(network, input_for(kind)).maps(modes, options, space)


@pytest.mark.parametrize("kind", KINDS)
def test_that_maps_are_the_patches_projected_on_every_mode(kind):
    modes, maps = maps_of(kind)
    block = captured(kind).blocks[AT]
    tokens, prefix = block.attn_input[0].numpy(), len(block.grid.prefix)
    assert maps.query.shape == (modes.num_heads, modes.num_modes, *block.grid.shape)
    for head in range(modes.num_heads):
        for mode in (0, modes.num_modes - 1):
            for found, side in ((maps.query, modes.u), (maps.key, modes.v)):
                expected = slow.token_map(tokens, side[head, :, mode], prefix)
                np.testing.assert_allclose(found[head, mode].ravel(), expected, atol=2e-5)


def test_that_the_residual_is_projected_where_it_is_asked_for():
    modes, maps = maps_of("registers", space=TokenSpace.RESIDUAL)
    tokens = captured("registers").blocks[AT].resid_pre[0].numpy()
    expected = slow.token_map(tokens, modes.u[1, :, 2], 5)
    np.testing.assert_allclose(maps.query[1, 2].ravel(), expected, atol=2e-5)


def test_that_the_normalised_residual_goes_with_folded_weights():
    model, network = running("vit")
    modes, maps = maps_of("vit", FOLDED, TokenSpace.NORMED)
    block = captured("vit").blocks[AT]
    eps = network.blocks[1].norm.eps
    tokens = np.stack([slow.normed(token, eps) for token in block.resid_pre[0].numpy()])
    expected = slow.token_map(tokens, modes.v[2, :, 0], 1)
    np.testing.assert_allclose(maps.key[2, 0].ravel(), expected, atol=2e-5)
    gain, offset = (
        model.read(model.outline.block(AT).parts[f"norm1.{word}"]) for word in ("weight", "bias")
    )
    np.testing.assert_allclose(tokens * gain + offset, block.attn_input[0], atol=2e-5)


def test_that_modes_options_and_space_that_do_not_belong_together_are_refused():
    model, network = running("vit")
    run = run_on_image(network, input_for("vit"))
    plain, folded = (block_modes(model, AT, o) for o in (PLAIN_OPTIONS, FOLDED))
    with pytest.raises(BadRequest, match="folded in"):
        run.maps(plain, PLAIN_OPTIONS, TokenSpace.NORMED)
    with pytest.raises(BadRequest, match="twice"):
        run.maps(folded, FOLDED, TokenSpace.ATTENTION_INPUT)
    with pytest.raises(BadRequest, match="long"):
        run.maps(plain, ModeOptions(augment_bias=True), TokenSpace.ATTENTION_INPUT)
    model, network = running("norm after")
    modes = block_modes(model, AT, PLAIN_OPTIONS)
    with pytest.raises(BadRequest, match="No norm stands in front"):
        run_on_image(network, input_for("norm after")).maps(modes, FOLDED, TokenSpace.NORMED)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("measure", ["mean", "max", "energy"])
def test_that_every_measure_is_that_over_explicit_pairs(kind, measure):
    modes, maps = maps_of(kind)
    windows = None if maps.window_of is None else maps.window_of.ravel().tolist()
    found = contributions(maps, modes.sigma, measure)
    for head in range(modes.num_heads):
        for mode in range(0, modes.num_modes, 3):
            expected = slow.contribution(
                maps.query[head, mode].ravel(),
                maps.key[head, mode].ravel(),
                modes.sigma[head, mode],
                windows,
                measure,
            )
            assert found[head, mode] == pytest.approx(expected, rel=1e-9)
    if measure == "mean":
        np.testing.assert_allclose(maps.contribution, found, rtol=1e-12)


def test_that_windows_of_a_shifted_block_follow_what_it_attends_to():
    _, maps = maps_of("detection swin")
    model, network = running("detection swin")
    block = run_on_image(network, input_for("detection swin")).attention(AT)
    windows, grid = block.windows, block.grid
    assert windows.region_of.any()
    whole = np.arange(windows.window_of.size).reshape(windows.shape)
    visible = whole[: grid.rows, : grid.columns].ravel()
    same = maps.window_of.ravel()[:, None] == maps.window_of.ravel()[None]
    together = (windows.window_of[visible][:, None] == windows.window_of[visible]) & (
        windows.region_of[visible][:, None] == windows.region_of[visible]
    )
    np.testing.assert_array_equal(same, together)
    del model


def test_that_a_joint_change_of_sign_changes_no_contribution():
    modes, maps = maps_of("vit")
    flipped = replace(maps, query=-maps.query, key=-maps.key)
    for measure in ("mean", "max", "energy"):
        np.testing.assert_allclose(
            contributions(flipped, modes.sigma, measure), contributions(maps, modes.sigma, measure)
        )
    one = replace(maps, query=-maps.query)
    assert not np.allclose(
        contributions(one, modes.sigma, "max"), contributions(maps, modes.sigma, "max")
    )


@pytest.mark.parametrize("kind", ["vit without bias", "registers", "vit"])
def test_that_the_modes_of_a_block_add_up_to_the_score_of_all_pairs_of_patches(kind):
    """Methods, H7 (15): sum over modes of sigma q k = score; the bias inside the modes."""
    options = ModeOptions(augment_bias=True)
    modes, maps = maps_of(kind, options)
    q, k = (m.reshape(*m.shape[:2], -1).astype(float) for m in (maps.query, maps.key))
    found = np.einsum("hn,hni,hnj->hij", modes.sigma, q, k)
    block = run_on_image(running(kind)[1], input_for(kind)).attention(AT)
    first = len(block.grid.prefix)
    expected = block.query[:, first:] @ block.key[:, first:].transpose(0, 2, 1)
    np.testing.assert_allclose(found, expected, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize(
    "kind", ["vit", "registers", "beit", "eva02", "norm of values", "norm after", "detection swin"]
)
def test_that_what_all_modes_write_is_what_attention_adds_to_the_residual(kind):
    """sum over heads and modes of u_n written_n, with the value's bias, plus that of the output."""
    options = ModeOptions(Product.OV, augment_bias=True)
    modes, maps = maps_of(kind, options)
    block = captured(kind).blocks[AT]
    width, first = block.attn_out.shape[2], len(block.grid.prefix)
    written = np.einsum("hdn,hnrc->rcd", modes.u[:, :width].astype(float), maps.query)
    network = running(kind)[1].blocks[AT.block]
    nothing = block.attn_out.new_zeros(1, 1, modes.num_heads * modes.num_modes)
    offset = network.write(nothing)[0, 0].numpy()
    expected = block.attn_out[0, first:].numpy() - offset
    found = written.reshape(-1, width)
    if modes.exact:
        assert not np.allclose(found, expected, atol=1e-2)
    else:
        np.testing.assert_allclose(found, expected, atol=5e-5 * np.abs(expected).max() + 1e-5)


def test_that_a_mode_of_the_value_output_product_contributes_what_it_writes():
    _, maps = maps_of("vit", ModeOptions(Product.OV))
    np.testing.assert_allclose(maps.contribution, np.abs(maps.query).mean(axis=(2, 3)), rtol=1e-5)


def test_that_a_run_of_one_block_holds_one_block_and_says_what_is_missing():
    _, network = running("vit")
    run, whole = (
        run_on_image(network, input_for("vit"), addresses=at) for at in ([Address(0, 1)], None)
    )
    assert set(run.blocks) == {Address(0, 1)}
    tokens = 4 * 3 + 1
    assert run.nbytes == 2 * tokens * 24 * 4
    assert whole.nbytes == 3 * run.nbytes
    assert run.grid(Address(0, 1, 2)).shape == (4, 3)
    with pytest.raises(BadRequest, match="Nothing was kept of block S0 B2"):
        run.attention(Address(0, 2))
    with pytest.raises(BadRequest, match="no block S0 B9"):
        run.attention(Address(0, 9))


def test_that_a_run_tells_every_block_and_can_be_stopped():
    _, network = running("vit")
    told = []
    run_on_image(network, input_for("vit"), progress=lambda *now: told.append(now))
    assert told == [(n, 3, f"S0 B{n - 1}") for n in (1, 2, 3)]

    def stop(done, total, text=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        run_on_image(network, input_for("vit"), progress=stop)


def test_that_a_run_is_used_from_another_thread():
    model, network = running("vit")
    run = run_on_image(network, input_for("vit"))
    modes = block_modes(model, AT, PLAIN_OPTIONS)
    found = []
    work = lambda: found.append(run.maps(modes, PLAIN_OPTIONS, TokenSpace.ATTENTION_INPUT))  # noqa: E731
    thread = Thread(target=work)
    thread.start()
    thread.join()
    expected = run.maps(modes, PLAIN_OPTIONS, TokenSpace.ATTENTION_INPUT)
    np.testing.assert_array_equal(found[0].query, expected.query)


@pytest.mark.parametrize("kind", PLAIN)
def test_that_arrays_of_maps_and_attention_are_read_only(kind):
    _, maps = maps_of(kind)
    block = run_on_image(running(kind)[1], input_for(kind)).attention(AT)
    for array in (maps.query, maps.key, maps.contribution, block.tokens, block.query, block.scale):
        assert not array.flags.writeable
        assert array.flags.c_contiguous
