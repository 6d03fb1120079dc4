from dataclasses import replace

import numpy as np
import pytest
import torch

from inspector.analysis.anisotropy import AnisotropyMeasurement, anisotropy_of
from inspector.analysis.measurement import Seen, SeenPicture
from inspector.core.errors import BadRequest
from inspector.core.modes import TokenSpace
from inspector.families.capture import capture
from tests.analysis.running import captured, input_for, running
from tests.reference import anisotropy as slow
from tests.reference.mode_maps import normed

SEEDS = (1, 2, 3, 4)


def middle(kind, address, space, seed):
    block = captured(kind, seed=seed).blocks[address]
    tokens = block.attn_input if space is TokenSpace.ATTENTION_INPUT else block.resid_pre
    grid = block.grid
    at = len(grid.prefix) + (grid.rows // 2) * grid.columns + grid.columns // 2
    token = tokens[0, at].numpy()
    return normed(token, 1e-6) if space is TokenSpace.NORMED else token


def measured(kind, seeds, space=TokenSpace.RESIDUAL, *, fill=0):
    """The records of pictures that are run together; `fill` more are run and not measured."""
    return measured_of(kind, [input_for(kind, seed=seed) for seed in seeds], space, fill=fill)


def measured_of(kind, prepared, space=TokenSpace.RESIDUAL, *, fill=0):
    _, network = running(kind)
    measurement = AnisotropyMeasurement(network, space)
    pixels = np.stack([image.pixels for image in prepared] + [prepared[-1].pixels] * fill)
    with torch.inference_mode():
        found = capture(
            network, torch.from_numpy(pixels), prepared[0].placement, taps=measurement.taps
        )
        pictures = [SeenPicture(image.placement) for image in prepared]
        return measurement, measurement.measure(Seen(network, found, pictures))


def records(made, numbers):
    return {"middle": np.stack([made[n]["middle"] for n in numbers])}


def one_after_the_other(kind, seeds, space=TokenSpace.RESIDUAL, **further):
    model, network = running(kind)
    measurement = AnisotropyMeasurement(network, space)
    tally = measurement.tally()
    for number, seed in enumerate(seeds):
        _, made = measured(kind, (seed,), space)
        tally.add(np.array([number]), records(made, [0]))
    return anisotropy_of(tally, measurement, model, **further)


@pytest.mark.parametrize("space", list(TokenSpace))
@pytest.mark.parametrize("kind", ["vit", "registers", "detection swin"])
def test_that_it_is_the_mean_cosine_over_all_pairs_of_images(kind, space):
    model, _ = running(kind)
    found = one_after_the_other(kind, SEEDS, space)
    assert found.images == 4
    assert found.values.shape == (model.outline.depth,)
    for block in model.outline.blocks():
        tokens = [middle(kind, block.address, space, seed) for seed in SEEDS]
        expected = slow.anisotropy(tokens)
        assert found.values[block.global_index] == pytest.approx(expected, abs=2e-5)


def test_that_the_same_image_twice_is_as_alike_as_can_be():
    found = one_after_the_other("vit", (1, 1))
    np.testing.assert_allclose(found.values, 1, rtol=1e-9)


@pytest.mark.parametrize("seeds", [(), (1,)])
def test_that_fewer_than_two_images_are_refused(seeds):
    with pytest.raises(BadRequest, match=f"two are needed, {len(seeds)}"):
        one_after_the_other("vit", seeds)


def test_that_what_was_skipped_is_kept():
    skipped = (("a.dcm", "has no pixels"),)
    assert one_after_the_other("vit", SEEDS, skipped=skipped).skipped == skipped


@pytest.mark.parametrize("kind", ["vit", "detection swin"])
def test_that_a_record_holds_the_middle_patch_of_every_block_with_length_one(kind):
    _, made = measured(kind, SEEDS)
    model, _ = running(kind)
    for seed, record in zip(SEEDS, made, strict=True):
        assert record["middle"].dtype == np.float32
        start = 0
        for block in model.outline.blocks():
            found = record["middle"][start : start + block.embed_dim]
            token = middle(kind, block.address, TokenSpace.RESIDUAL, seed).astype(float)
            expected = token / np.sqrt((token**2).sum())
            np.testing.assert_allclose(found, expected, atol=1e-5)
            start += block.embed_dim
        assert start == len(record["middle"])


def test_that_pictures_that_fill_a_group_are_not_measured():
    assert len(measured("vit", SEEDS)[1]) == len(measured("vit", SEEDS, fill=3)[1]) == 4


def test_that_the_order_and_the_grouping_of_records_change_no_bit():
    model, _ = running("vit")
    measurement, made = measured("vit", tuple(range(1, 13)))
    whole = measurement.tally()
    whole.add(np.arange(12), records(made, range(12)))
    expected = anisotropy_of(whole, measurement, model).values
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(12)
        parts = [measurement.tally() for _ in range(3)]
        for part, numbers in zip(parts, np.split(order, (2, 3)), strict=True):
            for n in numbers:
                part.add(np.array([n]), records(made, [n]))
        merged = measurement.tally()
        for part in (measurement.tally(), *parts):
            merged.merge(part.state())
        found = anisotropy_of(merged, measurement, model)
        assert found.images == 12
        assert np.array_equal(found.values, expected)


def test_that_a_picture_whose_tokens_are_not_finite_does_not_count():
    given = [input_for("vit"), replace(input_for("vit"), pixels=np.full((3, 16, 12), np.nan, "f4"))]
    _, made = measured_of("vit", given)
    assert isinstance(made[0], dict)
    assert "not finite" in made[1]
