from dataclasses import replace

import numpy as np
import pytest
import torch

from inspector.analysis.anisotropy import AnisotropyMeasurement, anisotropy, anisotropy_of
from inspector.analysis.measurement import Seen, SeenPicture
from inspector.core.address import Address
from inspector.core.errors import BadRequest, Cancelled
from inspector.core.modes import TokenSpace
from inspector.families.capture import capture
from tests.analysis.running import captured, input_for, running
from tests.reference import anisotropy as slow
from tests.reference.mode_maps import normed

SEEDS = (1, 2, 3, 4)


def images(kind, seeds=SEEDS):
    return (input_for(kind, seed=seed) for seed in seeds)


def middle(kind, address, space, seed):
    block = captured(kind, seed=seed).blocks[address]
    tokens = block.attn_input if space is TokenSpace.ATTENTION_INPUT else block.resid_pre
    grid = block.grid
    at = len(grid.prefix) + (grid.rows // 2) * grid.columns + grid.columns // 2
    token = tokens[0, at].numpy()
    return normed(token, 1e-6) if space is TokenSpace.NORMED else token


@pytest.mark.parametrize("space", list(TokenSpace))
@pytest.mark.parametrize("kind", ["vit", "registers", "detection swin"])
def test_that_it_is_the_mean_cosine_over_all_pairs_of_images(kind, space):
    model, network = running(kind)
    found = anisotropy(model, network, images(kind), space=space)
    assert found.images == 4
    assert found.values.shape == (model.outline.depth,)
    for block in model.outline.blocks():
        tokens = [middle(kind, block.address, space, seed) for seed in SEEDS]
        expected = slow.anisotropy(tokens)
        assert found.values[block.global_index] == pytest.approx(expected, abs=2e-5)


def test_that_the_same_image_twice_is_as_alike_as_can_be():
    model, network = running("vit")
    found = anisotropy(model, network, images("vit", (1, 1)), space=TokenSpace.RESIDUAL)
    np.testing.assert_allclose(found.values, 1, rtol=1e-9)


@pytest.mark.parametrize("seeds", [(), (1,)])
def test_that_fewer_than_two_images_are_refused(seeds):
    model, network = running("vit")
    with pytest.raises(BadRequest, match=f"two are needed, {len(seeds)}"):
        anisotropy(model, network, images("vit", seeds), space=TokenSpace.RESIDUAL)


def test_that_images_are_taken_one_by_one_and_can_be_stopped():
    model, network = running("vit")
    told, taken = [], []

    def given():
        for image in images("vit"):
            taken.append(len(told))
            yield image

    def progress(done, total, text=""):
        told.append((done, total, text))
        if done == total == 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        anisotropy(model, network, given(), space=TokenSpace.RESIDUAL, progress=progress)
    assert len(taken) == 2
    assert told[0] == (0, 3, "image 1")
    assert told[1] == (1, 3, "image 1 S0 B0")


def test_that_what_was_skipped_is_kept():
    model, network = running("vit")
    skipped = (("a.dcm", "has no pixels"),)
    found = anisotropy(model, network, images("vit"), space=TokenSpace.RESIDUAL, skipped=skipped)
    assert found.skipped == skipped
    assert Address(0, 0) in {block.address for block in model.outline.blocks()}


def measured(kind, seeds, space=TokenSpace.RESIDUAL, *, fill=0):
    """The records of pictures that are run together; `fill` more are run and not measured."""
    _, network = running(kind)
    prepared = list(images(kind, seeds))
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
    model, network = running("vit")
    given = [*images("vit"), replace(input_for("vit"), pixels=np.full((3, 16, 12), np.nan, "f4"))]
    found = anisotropy(model, network, given, space=TokenSpace.RESIDUAL)
    assert found.images == 4
    assert [name for name, _ in found.skipped] == ["image 5"]
    assert "not finite" in found.skipped[0][1]
    assert np.isfinite(found.values).all()
