import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inspector.render.percentiles import percentiles_of

NUMBERS = st.floats(-(2.0**100), 2.0**100, allow_nan=False, width=32)


@given(
    arrays(np.float32, st.integers(1, 60), elements=NUMBERS),
    st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=4),
)
def test_that_percentiles_are_those_of_numpy_to_the_last_bit(values, percents) -> None:
    expected = np.percentile(values.astype(np.float64), percents)
    np.testing.assert_array_equal(percentiles_of(values, percents), expected)


@pytest.mark.parametrize("count", [1, 2, 196, 197, 1369])
def test_that_the_percentiles_of_maps_are_those_of_numpy(count) -> None:
    values = np.random.default_rng(count).normal(size=count).astype(np.float32)
    expected = np.percentile(values.astype(np.float64), (30.0, 95.0, 98.0))
    np.testing.assert_array_equal(percentiles_of(values, (30.0, 95.0, 98.0)), expected)
