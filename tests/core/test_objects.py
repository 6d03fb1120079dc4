"""How much of each patch an object covers: exact areas, wherever the patches lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.errors import BadRequest
from inspector.core.images import Slice, Window
from inspector.core.objects import ObjectMap
from inspector.core.preparation import Preparation
from inspector.core.tokens import Box, Placement, TokenGrid
from inspector.images.preparing import prepare
from tests.reference.object_areas import areas as slow_areas


def labels_of(seed: int, shape=(13, 9), most=4) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, most, shape).astype(np.int32)


def grid_of(preparation: Preparation, shape, patch: int = 4) -> TokenGrid:
    """The patches of a picture of this shape, placed by the preparation itself."""
    prepared = prepare(Slice(np.zeros(shape, np.float32)), Window(0, 1), preparation)
    rows, columns = prepared.placement.input_shape
    return TokenGrid(rows // patch, columns // patch, (patch, patch), prepared.placement)


PREPARATIONS = {
    "squash": Preparation((12, 12)),
    "squash of the centre": Preparation((12, 12), squash_share=0.8),
    "crop": Preparation((12, 12), "crop"),
    "crop of a share": Preparation((12, 12), "crop", crop_share=0.875),
    "pad": Preparation((12, 12), "pad"),
    "native": Preparation(None, multiple=4),
    "not square": Preparation((8, 20)),
}


@pytest.mark.parametrize("name", PREPARATIONS)
@pytest.mark.parametrize("shape", [(13, 9), (9, 21)])
@pytest.mark.parametrize("map_shape", ["same", "half", "twice"])
def test_that_areas_are_those_of_the_slow_twin(name, shape, map_shape):
    grid = grid_of(PREPARATIONS[name], shape)
    times = {"same": 1, "half": 0.5, "twice": 2}[map_shape]
    labels = labels_of(len(name), tuple(int(np.ceil(side * times)) for side in shape))
    found = ObjectMap(labels, "").areas(grid, (1, 2, 3))
    np.testing.assert_allclose(found, slow_areas(labels, grid, (1, 2, 3)), atol=1e-12)


@st.composite
def grids(draw) -> TokenGrid:
    def measure(low, high):
        return draw(st.floats(low, high, allow_nan=False))

    box = Box(measure(-9, 9), measure(-9, 9), measure(0.5, 30), measure(0.5, 30))
    side = st.integers(1, 16)
    placement = Placement((draw(side), draw(side)), (draw(side), draw(side)), box)
    cell = (measure(0.5, 9), measure(0.5, 9))
    return TokenGrid(draw(st.integers(1, 4)), draw(st.integers(1, 4)), cell, placement)


@settings(deadline=None, max_examples=60)
@given(grids(), st.integers(0, 99), st.integers(1, 8), st.integers(1, 8))
def test_that_any_grid_on_any_map_has_the_areas_of_the_slow_twin(grid, seed, rows, columns):
    labels = labels_of(seed, (rows, columns), 3)
    found = ObjectMap(labels, "").areas(grid, (1, 2))
    np.testing.assert_allclose(found, slow_areas(labels, grid, (1, 2)), atol=1e-9)
    whole = ObjectMap(labels, "").areas(grid, (0, 1, 2)).sum(axis=0)
    assert whole.max() <= 1 + 1e-9
    assert found.min() >= 0


def test_that_a_label_that_covers_the_picture_covers_every_patch_inside_it():
    everything = ObjectMap(np.ones((6, 10), np.int32), "")
    for name in ("squash", "squash of the centre", "crop", "not square"):
        covered = everything.areas(grid_of(PREPARATIONS[name], (6, 10)), (1,))
        np.testing.assert_allclose(covered, 1.0, atol=1e-12, err_msg=name)
    # Half as high as wide: six of twelve rows of the input, one patch and a half.
    padded = everything.areas(grid_of(PREPARATIONS["pad"], (6, 12)), (1,))[0]
    np.testing.assert_allclose(padded, [[1] * 3, [0.5] * 3, [0] * 3], atol=1e-12)


def test_that_shares_are_those_counted_by_hand():
    """Two patches of three pixels' width on a row of six: the middle pixel of each is labelled."""
    placement = Placement((1, 6), (4, 8), Box(0, 0, 1, 6))
    found = ObjectMap(np.array([[0, 1, 0, 0, 2, 2]], np.int32), "").areas(
        TokenGrid(1, 2, (4, 4), placement), (1, 2, 9)
    )
    np.testing.assert_allclose(found[:, 0], [[1 / 3, 0], [0, 2 / 3], [0, 0]])


def test_that_edges_between_patches_go_through_pixels():
    placement = Placement((1, 3), (4, 8), Box(0, 0, 1, 3))
    found = ObjectMap(np.array([[0, 1, 0]], np.int32), "").areas(
        TokenGrid(1, 2, (4, 4), placement), (1,)
    )
    np.testing.assert_allclose(found[0, 0], [1 / 3, 1 / 3])


def test_that_areas_supersampled_are_nearly_the_same():
    """Points thrown evenly on the patches, with the labels under them."""
    grid = grid_of(PREPARATIONS["crop of a share"], (13, 9))
    labels = labels_of(3)
    steps, fine = 200, np.zeros(grid.shape)
    for row in range(grid.rows):
        for column in range(grid.columns):
            box = grid.box(row, column)
            inside = (np.arange(steps) + 0.5) / steps
            down = np.floor(box.top + inside * box.height).astype(int)
            right = np.floor(box.left + inside * box.width).astype(int)
            fine[row, column] = (labels[np.ix_(down, right)] == 1).mean()
    np.testing.assert_allclose(ObjectMap(labels, "").areas(grid, (1,))[0], fine, atol=0.01)


def test_that_values_are_those_there_are_without_zero():
    assert ObjectMap(np.array([[0, 7], [3, 7]], np.int32), "").values() == (3, 7)
    assert ObjectMap(np.zeros((2, 2), np.int32), "").values() == ()


def test_that_labels_are_a_picture_and_cannot_be_changed():
    for shape in ((0, 3), (3,), (2, 2, 3)):
        with pytest.raises(BadRequest, match="no picture"):
            ObjectMap(np.zeros(shape, np.int32), "")
    labels = ObjectMap(np.zeros((2, 2), np.int32), "").labels
    with pytest.raises(ValueError, match="read-only"):
        labels[0, 0] = 1
