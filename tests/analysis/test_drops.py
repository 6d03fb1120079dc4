import numpy as np
import pytest

from inspector.analysis.drops import drops_at_end
from tests.reference import evolution as slow


def drops(values, window, seed=0):
    return drops_at_end(np.atleast_2d(values), window, random=np.random.default_rng(seed))


def noise(seed=0, size=384):
    return 5 + np.random.default_rng(seed).normal(size=size)


def test_that_drop_and_relative_drop_equal_their_slow_twin():
    values = noise()
    (found,) = drops(values, 32)
    assert (found.drop, found.relative) == pytest.approx(slow.drop(values.tolist(), 32))
    assert found.window == 32


def test_that_z_measures_the_last_window_against_random_windows():
    values = noise()
    starts = np.random.default_rng(4).integers(0, 384 - 32 + 1, size=1000)
    means = np.array([values[start : start + 32].mean() for start in starts])
    (found,) = drops(values, 32, seed=4)
    assert found.z == pytest.approx((means.mean() - values[-32:].mean()) / means.std())


def test_that_a_planted_drop_is_found_and_a_rise_has_the_other_sign():
    values = noise()
    values[-32:] -= 3
    assert drops(values, 32)[0].z > 3
    values[-32:] += 6
    assert drops(values, 32)[0].z < -3


def test_that_noise_alone_seldom_looks_like_a_drop():
    z = np.array([drops(noise(seed=n), 32, seed=n)[0].z for n in range(400)])
    assert (abs(z) > 3).mean() < 0.02
    assert abs(z.mean()) < 0.2


def test_that_undefined_values_are_left_out_of_every_mean():
    values = noise()
    values[[5, 380]] = np.nan
    (found,) = drops(values, 32)
    last = np.nanmean(values[-32:])
    assert found.drop == pytest.approx(np.nanmean(values[:-32]) - last)
    assert np.isfinite(found.z)


@pytest.mark.parametrize("window", [48, 60])
def test_that_a_window_as_long_as_the_matrix_has_no_drop(window):
    (found,) = drops(noise(size=48), window)
    assert np.isnan([found.drop, found.relative, found.z]).all()
    assert found.window == window


def test_that_constant_values_have_no_z():
    (found,) = drops(np.full(100, 0.1), 10)
    assert found.drop == pytest.approx(0, abs=1e-12)
    assert np.isnan(found.z)


def test_that_values_that_are_all_undefined_have_no_drop():
    (found,) = drops(np.full(100, np.nan), 10)
    assert np.isnan([found.drop, found.relative, found.z]).all()
