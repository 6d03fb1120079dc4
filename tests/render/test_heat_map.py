import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib import colormaps
from matplotlib.colors import Normalize

from inspector.render.colour_tables import CIVIDIS, RED_BLUE, VIRIDIS
from inspector.render.colours import UNDEFINED
from inspector.render.heat_map import colour_bar, compose
from inspector.render.limits import Limits

VALUES = arrays(np.float64, (3, 5), elements=st.floats(-3, 3))


@given(VALUES, st.floats(-1, 0), st.floats(0.125, 2))
def test_that_a_map_has_the_colours_matplotlib_gives_it(values, low, high) -> None:
    ours = compose(values, Limits(low, high), CIVIDIS)
    theirs = colormaps["cividis"](Normalize(low, high)(values), bytes=True)
    np.testing.assert_array_equal(ours, theirs)


def test_that_a_cell_without_a_value_is_neutral_grey_and_opaque() -> None:
    picture = compose(np.array([[np.nan, np.inf, 0.0]]), Limits(0, 1))
    np.testing.assert_array_equal(picture[0, :2], [(*UNDEFINED, 255)] * 2)
    np.testing.assert_array_equal(picture[0, 2], (*VIRIDIS[0], 255))


def test_that_values_beyond_the_limits_take_the_end_colours() -> None:
    picture = compose(np.array([[-9.0, 9.0]]), Limits(0, 1))
    np.testing.assert_array_equal(picture[0, :, :3], VIRIDIS[[0, -1]])


def test_that_limits_with_a_centre_give_the_centre_the_middle_colour() -> None:
    picture = compose(np.array([[0.5, 1.0, 1.5]]), Limits(0.5, 1.5, 1.0))
    np.testing.assert_array_equal(picture[0, :, :3], RED_BLUE[[0, 128, 255]])


def test_that_the_picture_has_a_row_for_each_row_and_a_colour_for_each_value() -> None:
    picture = compose(np.zeros((2, 7)), Limits(0, 1))
    assert picture.shape == (2, 7, 4)
    assert picture.dtype == np.uint8


def test_that_the_colour_bar_has_the_highest_value_on_top() -> None:
    bar = colour_bar(Limits(0, 1))
    ramp = compose(np.linspace(1, 0, 256)[:, None], Limits(0, 1))
    assert bar.shape == (256, 1, 4)
    np.testing.assert_array_equal(bar[[0, -1]], ramp[[0, -1]])


def test_that_an_empty_map_stays_empty() -> None:
    assert compose(np.empty((0, 4)), Limits(0, 1)).shape == (0, 4, 4)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_that_a_narrow_span_far_from_zero_still_uses_the_whole_map(offset) -> None:
    values = offset + np.array([[0.0, 1e-3]])
    picture = compose(values, Limits(float(values.min()), float(values.max())))
    np.testing.assert_array_equal(picture[0, :, :3], VIRIDIS[[0, -1]])
