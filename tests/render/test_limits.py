import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric
from inspector.render.limits import Limits, limits_of

NUMBERS = st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf, -np.inf])


def test_that_a_distance_starts_at_the_value_of_two_identical_vectors() -> None:
    assert limits_of(np.array([0.2, 0.5]), Metric.EUCLIDEAN) == Limits(0.0, 0.5)


def test_that_the_norm_ratio_is_centred_at_one() -> None:
    found = limits_of(np.array([0.9, 1.25]), Metric.NORM_RATIO)
    assert (found.low, found.high, found.centre) == (0.75, 1.25, 1.0)


def test_that_a_metric_without_a_value_for_the_same_runs_over_what_there_is() -> None:
    assert limits_of(np.array([-3.0, 7.0]), Metric.DOT) == Limits(-3.0, 7.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_that_values_that_are_not_finite_do_not_count(bad) -> None:
    assert limits_of(np.array([1.0, bad, 2.0]), Metric.DOT) == Limits(1.0, 2.0)


def test_that_the_smallest_and_largest_of_a_whole_series_are_its_limits() -> None:
    series = [np.array([1.0, 2.0]), np.array([np.nan]), np.array([0.5, 1.0])]
    assert limits_of(series, Metric.DOT) == Limits(0.5, 2.0)


def test_that_a_frozen_map_is_all_at_the_start_of_its_limits() -> None:
    assert limits_of(np.zeros(4), Metric.MSE).low == 0.0
    unchanged = limits_of(np.ones(4), Metric.NORM_RATIO)
    assert unchanged.low + unchanged.high == 2.0


@given(
    arrays(np.float64, st.tuples(st.integers(0, 4), st.integers(0, 4)), elements=NUMBERS),
    st.sampled_from([None, *Metric]),
)
def test_that_any_map_gets_limits_that_can_be_drawn(values, metric) -> None:
    found = limits_of(values, metric)
    good = values[np.isfinite(values)]
    assert found.low < found.high
    assert good.size == 0 or found.high >= good.max() or metric not in (None, Metric.DOT)
    if metric in (None, Metric.DOT) and good.size:
        assert found.low <= good.min()
    if found.centre is not None:
        assert found.centre == pytest.approx((found.low + found.high) / 2)


def test_that_limits_out_of_order_are_refused() -> None:
    with pytest.raises(BadRequest, match="cannot run from 1 to 1"):
        Limits(1.0, 1.0)
