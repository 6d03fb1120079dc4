import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.analysis.change_points import MINIMUM, change_points
from tests.reference import evolution as slow


def steps(*levels, length=32, noise=1.0, seed=0):
    random = np.random.default_rng(seed)
    return np.repeat(levels, length) + noise * random.normal(size=length * len(levels))


def test_that_a_planted_change_is_found_where_it_is():
    assert change_points(steps(0, 5)) == (32,)


def test_that_several_planted_changes_are_found():
    found = change_points(steps(0, 6, 0, 12, 3))
    np.testing.assert_allclose(found, [32, 64, 96, 128], atol=1)


def test_that_the_first_split_is_the_best_of_all():
    values = steps(0, 3, seed=2)
    best, _ = slow.best_split(values.tolist(), MINIMUM)
    assert best in change_points(values)


@given(st.integers(0, 2**32 - 1), st.integers(16, 90), st.floats(0, 4))
@settings(max_examples=60, deadline=None)
def test_that_all_change_points_are_those_of_the_slow_twin(seed, size, height):
    random = np.random.default_rng(seed)
    levels = height * (random.random(size) < 0.08).cumsum() * random.choice([-1, 1], size=size)
    values = (random.normal(size=size) + levels).tolist()
    assert change_points(np.array(values)) == tuple(slow.change_points(values, MINIMUM))


@pytest.mark.parametrize(
    ("size", "rate"), [(24, 0.04), (64, 0.02), (96, 0.0125), (192, 0.005), (1024, 0.005)]
)
def test_that_noise_alone_is_split_no_more_often_than_is_said(size, rate):
    random = np.random.default_rng(size)
    split = sum(bool(change_points(random.normal(size=size))) for _ in range(600))
    assert split <= 600 * rate + 3 * (600 * rate * (1 - rate)) ** 0.5


def test_that_size_and_offset_of_the_values_do_not_matter():
    values = steps(0, 5, 2)
    assert change_points(1e-9 * values + 1e-7) == change_points(values)


@given(st.integers(0, 2**32 - 1), st.integers(16, 200))
def test_that_no_segment_is_shorter_than_the_least(seed, size):
    random = np.random.default_rng(seed)
    values = random.normal(size=size) + 10 * (random.random(size) < 0.1).cumsum()
    edges = [0, *change_points(values), size]
    assert min(np.diff(edges)) >= MINIMUM


def test_that_undefined_values_are_passed_over_and_places_stay_those_of_the_matrix():
    values = steps(0, 8)
    values[:10] = np.nan
    assert change_points(values) == (32,)


@pytest.mark.parametrize("values", [np.ones(50), np.full(50, np.nan), np.arange(10.0), np.empty(0)])
def test_that_constant_undefined_or_short_values_have_no_change(values):
    assert change_points(values) == ()
