"""Where tokens lie on the original picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.core.errors import BadRequest
from inspector.core.tokens import Box, Placement, TokenGrid

SIDES = st.integers(1, 40)


@st.composite
def placements(draw) -> Placement:
    def measure(low, high):
        return draw(st.floats(low, high, allow_nan=False))

    box = Box(measure(-30, 30), measure(-30, 30), measure(0.5, 80), measure(0.5, 80))
    return Placement((draw(SIDES), draw(SIDES)), (draw(SIDES), draw(SIDES)), box)


@st.composite
def grids(draw) -> TokenGrid:
    placement = draw(placements())
    cell = tuple(draw(st.floats(0.5, 16, allow_nan=False)) for _ in range(2))
    rows, columns = (
        int(np.ceil(side / step)) for side, step in zip(placement.input_shape, cell, strict=True)
    )
    names = draw(st.sampled_from([(), ("CLS",), ("CLS", "REG 0", "REG 1")]))
    return TokenGrid(rows, columns, cell, placement, names)


@given(placements(), st.floats(-100, 100), st.floats(-100, 100))
def test_that_to_the_input_and_back_ends_where_it_began(placement, row, column):
    back = placement.to_image(*placement.to_input(row, column))
    np.testing.assert_allclose(back, (row, column), atol=1e-6)


@given(placements())
def test_that_the_corners_of_the_input_are_the_corners_of_the_box(placement):
    box = placement.box
    np.testing.assert_allclose(placement.to_image(0, 0), (box.top, box.left))
    np.testing.assert_allclose(
        placement.to_image(*placement.input_shape), (box.bottom, box.right), atol=1e-9
    )


@given(grids(), st.data())
def test_that_the_middle_of_a_patch_lies_in_that_patch(grid, data):
    row = data.draw(st.integers(0, grid.rows - 1))
    column = data.draw(st.integers(0, grid.columns - 1))
    box = grid.box(row, column)
    middle = (box.top + box.height / 2, box.left + box.width / 2)
    assert grid.token_at(*middle) == grid.token(row, column)


@given(grids())
def test_that_patches_lie_edge_to_edge_and_fill_the_extent(grid):
    first, last = grid.box(0, 0), grid.box(grid.rows - 1, grid.columns - 1)
    extent = grid.extent
    np.testing.assert_allclose((first.top, first.left), (extent.top, extent.left), atol=1e-9)
    np.testing.assert_allclose((last.bottom, last.right), (extent.bottom, extent.right), atol=1e-6)
    if grid.rows > 1:
        assert grid.box(1, 0).top == pytest.approx(grid.box(0, 0).bottom, abs=1e-9)


@given(grids())
def test_that_each_pixel_lies_in_the_patch_under_its_centre(grid):
    for row, found in enumerate(grid.row_of_pixel[:12]):
        box = grid.box(max(int(found), 0), 0)
        inside = box.top - 1e-9 <= row + 0.5 <= box.bottom + 1e-9
        assert inside or found == -1
    high, wide = grid.placement.image_shape
    for row, column in ((0, 0), (high - 1, wide - 1), (high // 2, wide // 2)):
        place = (int(grid.row_of_pixel[row]), int(grid.column_of_pixel[column]))
        token = grid.token_at(row + 0.5, column + 0.5)
        near = _near_an_edge(grid, row + 0.5, column + 0.5)
        assert near or token == (None if -1 in place else grid.token(*place))


def _near_an_edge(grid: TokenGrid, row: float, column: float) -> bool:
    """Where the last digit decides, both neighbours are right."""
    places = grid.placement.to_input(row, column)
    return any(
        abs(at / step - round(at / step)) < 1e-6 for at, step in zip(places, grid.cell, strict=True)
    )


@given(grids(), st.data())
def test_that_tokens_are_numbered_row_by_row_after_the_prefix(grid, data):
    token = data.draw(st.integers(0, grid.count - 1))
    place = grid.place(token)
    if token < len(grid.prefix):
        assert place is None
        assert grid.name(token) == grid.prefix[token]
    else:
        assert grid.token(*place) == token
        assert grid.name(token) == f"row {place[0]}, column {place[1]}"


@given(grids(), st.data())
def test_that_a_step_stays_in_the_grid_and_a_prefix_token_stays(grid, data):
    token = data.draw(st.integers(0, grid.count - 1))
    down, right = (data.draw(st.integers(-3, 3)) for _ in range(2))
    after = grid.step(token, down, right)
    place = grid.place(token)
    if place is None:
        assert after == token
        return
    moved = grid.place(after)
    assert moved == (
        min(max(place[0] + down, 0), grid.rows - 1),
        min(max(place[1] + right, 0), grid.columns - 1),
    )


def test_that_a_last_patch_may_reach_beyond_the_input():
    placement = Placement((30, 30), (30, 30), Box(0, 0, 30, 30))
    grid = TokenGrid(2, 2, (16.0, 16.0), placement)
    assert grid.box(1, 1).bottom == 32
    assert grid.token_at(29.9, 29.9) == 3
    assert grid.token_at(33, 0) is None
    assert grid.row_of_pixel.tolist() == [0] * 16 + [1] * 14


def test_that_pixels_beyond_a_crop_lie_in_no_patch():
    placement = Placement((4, 6), (4, 4), Box(0, 1, 4, 4))
    grid = TokenGrid(2, 2, (2.0, 2.0), placement)
    assert grid.column_of_pixel.tolist() == [-1, 0, 0, 1, 1, -1]


@pytest.mark.parametrize("token", [-1, 7])
def test_that_a_token_that_is_not_there_is_refused(token):
    grid = TokenGrid(2, 3, (1.0, 1.0), Placement((2, 3), (2, 3), Box(0, 0, 2, 3)), ("CLS",))
    with pytest.raises(BadRequest, match="there are 7"):
        grid.place(token)


def test_that_nonsense_is_refused():
    whole = Box(0, 0, 2, 2)
    with pytest.raises(BadRequest, match="at least one pixel"):
        Placement((0, 2), (2, 2), whole)
    with pytest.raises(BadRequest, match="covers some"):
        Placement((2, 2), (2, 2), Box(0, 0, 0, 2))
    placement = Placement((2, 2), (2, 2), whole)
    with pytest.raises(BadRequest, match="cannot be"):
        TokenGrid(0, 2, (1, 1), placement)
    with pytest.raises(BadRequest, match="no patch in row 2"):
        TokenGrid(2, 2, (1, 1), placement).token(2, 0)


def test_that_an_input_on_a_stretched_picture_covers_the_same_of_it() -> None:
    placement = Placement((100, 60), (32, 32), Box(10.0, -6.0, 80.0, 72.0))
    resized = placement.resized((50, 180))
    assert resized == Placement((50, 180), (32, 32), Box(5.0, -18.0, 40.0, 216.0))
    assert placement.resized((300, 180)) == placement.enlarged(3)
