import numpy as np
import pytest

from inspector.analysis.anisotropy import anisotropy
from inspector.core.address import Address
from inspector.core.errors import BadRequest, Cancelled
from inspector.core.modes import TokenSpace
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
