import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from inspector.analysis.vectors import VectorMeter
from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric
from tests.reference import evolution as slow

ROW = {metric: row for row, metric in enumerate(Metric)}
AXES = ("out", "in")

weights = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 5), st.integers(1, 6)),
    elements=st.floats(-4, 4).filter(lambda x: x == 0 or abs(x) > 1e-3),
)


def pair(seed=0, shape=(7, 11), change=0.2, dtype=np.float32):
    random = np.random.default_rng(seed)
    a = random.normal(size=shape)
    return a.astype(dtype), (a + change * random.normal(size=shape)).astype(dtype)


def measure(a, b, axis="out"):
    values = VectorMeter().measure(a, b, axis=axis)
    return {metric: values[ROW[metric]] for metric in Metric}


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_that_every_metric_equals_its_slow_twin(axis, dtype):
    a, b = pair(dtype=dtype)
    found, expected = measure(a, b, axis), slow.matrix_metrics(a, b, axis=axis)
    for metric in Metric:
        np.testing.assert_allclose(found[metric], expected[metric.value], rtol=1e-12)


@pytest.mark.parametrize("axis", AXES)
def test_that_brain_floats_decoded_to_float32_equal_their_slow_twin(axis):
    a, b = pair(change=0.01)
    short_a, short_b = ((x.view(np.uint32) & 0xFFFF0000).view(np.float32) for x in (a, b))
    found, expected = (
        measure(short_a, short_b, axis),
        slow.matrix_metrics(short_a, short_b, axis=axis),
    )
    for metric in Metric:
        np.testing.assert_allclose(found[metric], expected[metric.value], rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("axis", AXES)
def test_that_checkpoints_of_different_types_compare_without_rounding_either(axis):
    a, b = pair()
    found = measure(a.astype(np.float16), b, axis)
    expected = slow.matrix_metrics(a.astype(np.float16), b, axis=axis)
    for metric in Metric:
        np.testing.assert_allclose(found[metric], expected[metric.value], rtol=1e-12)


@given(weights, st.data())
def test_that_the_metrics_satisfy_their_identities(a, data):
    b = data.draw(hnp.arrays(np.float64, a.shape, elements=st.floats(-4, 4)))
    m = measure(a, b)
    norm_a, norm_b, e = m[Metric.NORM_A], m[Metric.NORM_B], m[Metric.EUCLIDEAN]
    scale = norm_a**2 + norm_b**2
    bound = 1e-13 * scale + 1e-300
    assert (abs(e**2 - a.shape[1] * m[Metric.MSE]) <= bound).all()
    assert (abs(e**2 - (scale - 2 * m[Metric.DOT])) <= bound).all()
    good = np.isfinite(m[Metric.COSINE_DISTANCE])
    turned = 2 * norm_a * norm_b * m[Metric.COSINE_DISTANCE]
    assert (abs(e**2 - (norm_a - norm_b) ** 2 - turned) <= bound)[good].all()
    dot = norm_a * norm_b * (1 - m[Metric.COSINE_DISTANCE])
    assert (abs(m[Metric.DOT] - dot) <= bound)[good].all()
    assert (good == ((norm_a > 0) & (norm_b > 0))).all()
    defined = norm_a > 0
    assert (abs(m[Metric.RELATIVE_DISTANCE] * norm_a - e) <= 1e-14 * (e + 1))[defined].all()
    assert (abs(m[Metric.NORM_RATIO] * norm_a - norm_b) <= 1e-14 * (norm_b + 1))[defined].all()


@pytest.mark.parametrize("axis", AXES)
def test_that_the_metrics_are_symmetric_in_both_models(axis):
    a, b = pair()
    there, back = measure(a, b, axis), measure(b, a, axis)
    for metric in (Metric.EUCLIDEAN, Metric.MSE):
        np.testing.assert_array_equal(there[metric], back[metric])
    scale = there[Metric.NORM_A] * there[Metric.NORM_B]
    for metric, unit in ((Metric.COSINE_DISTANCE, 1.0), (Metric.DOT, scale)):
        assert (abs(there[metric] - back[metric]) <= 4 * np.spacing(unit)).all()
    np.testing.assert_allclose(there[Metric.NORM_A], back[Metric.NORM_B], rtol=1e-15)


@pytest.mark.parametrize("factor", [1e-6, 0.3, 2.0, 3.0, 1000.0, 1e7])
@pytest.mark.parametrize("change", [0.3, 1e-3, 1e-8])
def test_that_the_cosine_distance_does_not_depend_on_lengths(factor, change):
    a, b = pair(shape=(20, 50), change=change, dtype=np.float64)
    plain = measure(a, b)[Metric.COSINE_DISTANCE]
    scaled = measure(a, factor * b)[Metric.COSINE_DISTANCE]
    assert abs(scaled - plain).max() <= 1e-15
    assert abs(scaled / plain - 1).max() <= 1e-12 + 2e-16 / change


@pytest.mark.parametrize("factor", [0.1, 0.99, 1 + 1e-7, 3.0, 1e5])
def test_that_a_change_of_length_alone_has_no_cosine_distance(factor):
    a, _ = pair(dtype=np.float64)
    found = measure(a, factor * a)[Metric.COSINE_DISTANCE]
    assert (found >= 0).all()
    assert found.max() <= 1e-30


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_that_identical_matrices_differ_by_exactly_nothing(axis, dtype):
    a, _ = pair(shape=(40, 33), dtype=dtype)
    m = measure(a, a.copy(), axis)
    for metric in (
        Metric.COSINE_DISTANCE,
        Metric.EUCLIDEAN,
        Metric.MSE,
        Metric.RELATIVE_DISTANCE,
    ):
        assert (m[metric] == 0.0).all()
    assert (m[Metric.NORM_RATIO] == 1.0).all()
    np.testing.assert_array_equal(m[Metric.NORM_A], m[Metric.NORM_B])
    np.testing.assert_allclose(m[Metric.DOT], m[Metric.NORM_A] ** 2, rtol=1e-14)


@pytest.mark.parametrize("change", [1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12])
def test_that_nearly_identical_vectors_keep_their_digits(change):
    a, b = pair(shape=(6, 30), change=change, dtype=np.float64)
    expected = [slow.cosine_distance(x, y) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(measure(a, b)[Metric.COSINE_DISTANCE], expected, rtol=1e-11)


def test_that_float32_weights_one_rounding_apart_keep_their_digits():
    a, _ = pair(shape=(10, 300))
    b = np.nextafter(a, np.where(np.arange(300) % 2, np.inf, -np.inf).astype(np.float32))
    expected = [slow.cosine_distance(x, y) for x, y in zip(a, b, strict=True)]
    assert max(expected) < 1e-13
    np.testing.assert_allclose(measure(a, b)[Metric.COSINE_DISTANCE], expected, rtol=1e-11)


@pytest.mark.parametrize("length", [1e-9, 1e-5, 0.1])
def test_that_a_small_turn_beside_a_large_change_of_length_keeps_its_digits(length):
    a, turn = pair(shape=(6, 30), change=1.0, dtype=np.float64)
    b = (1 + length) * a + 1e-3 * length * turn
    expected = [slow.cosine_distance(x, y) for x, y in zip(a, b, strict=True)]
    found = measure(a, b)[Metric.COSINE_DISTANCE]
    np.testing.assert_allclose(found, expected, rtol=1e-9 + 1e-12 / length)


@pytest.mark.parametrize("size", [1e-8, 1e-3, 0.4, 0.6, 2.0, 1e3, 1e8])
def test_that_vectors_of_very_different_lengths_keep_their_digits(size):
    a, b = pair(shape=(8, 40), change=0.5, dtype=np.float64)
    found, expected = measure(a, size * b), slow.matrix_metrics(a, size * b, axis="out")
    for metric in Metric:
        np.testing.assert_allclose(found[metric], expected[metric.value], rtol=1e-13)


def test_that_opposite_vectors_are_two_apart_and_never_more():
    a, _ = pair(shape=(50, 40))
    found = measure(a, -a)[Metric.COSINE_DISTANCE]
    np.testing.assert_allclose(found, 2.0, rtol=1e-15)
    assert found.max() <= 2.0


def test_that_zero_vectors_have_no_angle_and_no_relative_change():
    a, b = pair()
    a[2] = 0
    b[4] = 0
    a[5] = b[5] = 0
    m = measure(a, b)
    assert np.flatnonzero(np.isnan(m[Metric.COSINE_DISTANCE])).tolist() == [2, 4, 5]
    assert np.flatnonzero(np.isnan(m[Metric.RELATIVE_DISTANCE])).tolist() == [2, 5]
    assert np.flatnonzero(np.isnan(m[Metric.NORM_RATIO])).tolist() == [2, 5]
    assert m[Metric.NORM_RATIO][4] == 0.0
    assert np.isfinite(m[Metric.EUCLIDEAN]).all()


def test_that_permuting_rows_permutes_the_numbers_and_nothing_else():
    a, b = pair(shape=(300, 64))
    order = np.random.default_rng(1).permutation(300)
    values = VectorMeter().measure(a, b)
    np.testing.assert_array_equal(VectorMeter().measure(a[order], b[order]), values[:, order])


def test_that_rows_and_columns_sum_to_the_same_frobenius_norm():
    a, b = pair(shape=(70, 45))
    rows = math.fsum(measure(a, b)[Metric.EUCLIDEAN] ** 2)
    columns = math.fsum(measure(a, b, "in")[Metric.EUCLIDEAN] ** 2)
    exact = math.fsum((float(x) - float(y)) ** 2 for x, y in zip(a.ravel(), b.ravel(), strict=True))
    assert rows == pytest.approx(exact, rel=1e-14)
    assert columns == pytest.approx(exact, rel=1e-14)


def test_that_columns_are_the_rows_of_the_transpose():
    a, b = pair(shape=(400, 350))
    columns = VectorMeter().measure(a, b, axis="in")
    rows = VectorMeter().measure(a.T.copy(), b.T.copy())
    np.testing.assert_allclose(columns, rows, rtol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 700), st.integers(1, 700))
def test_that_a_meter_used_for_many_shapes_mixes_nothing_up(rows, columns):
    meter = VectorMeter()
    for shape in ((rows, columns), (columns, rows), (rows, columns)):
        a, b = pair(shape=shape)
        values = meter.measure(a, b)
        difference = a.astype(np.float64) - b
        np.testing.assert_allclose(
            values[ROW[Metric.EUCLIDEAN]], np.linalg.norm(difference, axis=1), rtol=1e-12
        )


def test_that_a_matrix_larger_than_a_piece_is_measured_whole():
    a, b = pair(shape=(1000, 400))
    values = VectorMeter().measure(a, b)
    sample = [0, 326, 327, 328, 655, 999]
    np.testing.assert_allclose(
        values[:, sample], VectorMeter().measure(a[sample], b[sample]), rtol=1e-15
    )


def test_that_a_turned_view_as_of_a_flax_kernel_is_measured_like_its_copy():
    a, b = pair(shape=(60, 50))
    turned = VectorMeter().measure(a.T, b.T)
    np.testing.assert_array_equal(turned, VectorMeter().measure(a.T.copy(), b.T.copy()))


def test_that_matrices_of_different_shapes_are_refused():
    with pytest.raises(BadRequest, match="cannot be compared"):
        VectorMeter().measure(np.ones((2, 3)), np.ones((3, 2)))


def test_that_weights_are_neither_changed_nor_copied_whole():
    a, b = pair(shape=(50, 50))
    before = a.copy(), b.copy()
    for array in (a, b):
        array.setflags(write=False)
    measure(a, b)
    np.testing.assert_array_equal(a, before[0])
    np.testing.assert_array_equal(b, before[1])
