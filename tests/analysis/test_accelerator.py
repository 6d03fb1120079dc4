"""The torch route, on the processor where there is no graphics processor to run it on."""

import numpy as np
import pytest
import torch

from inspector.analysis.accelerator import DeviceMeter
from inspector.analysis.invariant import normalise, normalised_products
from inspector.analysis.vectors import VectorMeter
from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric
from tests.reference import evolution as slow


def pair(change, shape=(30, 200)):
    random = np.random.default_rng(0)
    a = random.normal(size=shape).astype(np.float32)
    return a, (a + change * random.normal(size=shape)).astype(np.float32)


@pytest.mark.parametrize("axis", ["out", "in"])
@pytest.mark.parametrize("change", [1.0, 1e-2, 1e-6, 0.0])
def test_that_float64_on_a_device_gives_the_numbers_of_the_processor(axis, change):
    a, b = pair(change)
    found = DeviceMeter("cpu").measure(a, b, axis=axis)
    np.testing.assert_allclose(found, VectorMeter().measure(a, b, axis=axis), rtol=1e-11)


@pytest.mark.parametrize("change", [1.0, 1e-2, 1e-4, 1e-6])
def test_that_float32_keeps_about_five_digits_even_of_nearly_identical_vectors(change):
    a, b = pair(change)
    found = DeviceMeter("cpu", dtype=torch.float32).measure(a, b)
    expected = VectorMeter().measure(a, b)
    own = [row for row, metric in enumerate(Metric) if metric is not Metric.DOT]
    np.testing.assert_allclose(found[own], expected[own], rtol=2e-5)
    dot = list(Metric).index(Metric.DOT)
    scale = (
        expected[list(Metric).index(Metric.NORM_A)] * expected[list(Metric).index(Metric.NORM_B)]
    )
    assert (abs(found[dot] - expected[dot]) <= 1e-6 * scale).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_that_identical_and_zero_vectors_come_out_exactly(dtype):
    a, _ = pair(0.0)
    a[3] = 0
    found = DeviceMeter("cpu", dtype=dtype).measure(a, a)
    cosine = found[list(Metric).index(Metric.COSINE_DISTANCE)]
    assert np.flatnonzero(np.isnan(cosine)).tolist() == [3]
    assert (np.delete(cosine, 3) == 0).all()
    assert (found[list(Metric).index(Metric.EUCLIDEAN)] == 0).all()


def test_that_a_device_refuses_shapes_as_the_processor_does():
    with pytest.raises(BadRequest):
        DeviceMeter("cpu").measure(np.ones((2, 3)), np.ones((3, 2)))


def test_that_products_on_a_device_equal_those_of_the_processor_and_the_slow_twin():
    random = np.random.default_rng(1)
    left_a, left_b, right_a, right_b = random.normal(size=(4, 2, 3, 5))
    found = normalise(DeviceMeter("cpu").inner_products(left_a, left_b, right_a, right_b))
    expected = normalised_products((left_a, left_b), (right_a, right_b))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    for head in range(2):
        twin = slow.product_cosine(left_a[head], right_a[head], left_b[head], right_b[head])
        assert found[head] == pytest.approx(twin, rel=1e-12)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
@pytest.mark.parametrize("axis", ["out", "in"])
@pytest.mark.parametrize("change", [1.0, 1e-2, 1e-6, 0.0])
def test_that_cuda_gives_the_numbers_of_the_processor(axis, change):
    a, b = pair(change, shape=(768, 768))
    found = DeviceMeter("cuda").measure(a, b, axis=axis)
    np.testing.assert_allclose(found, VectorMeter().measure(a, b, axis=axis), rtol=1e-9, atol=1e-12)


@pytest.mark.skipif(not torch.backends.mps.is_available(), reason="there is no MPS device here")
def test_that_mps_gives_the_numbers_of_the_processor_to_float32():
    a, b = pair(1e-2, shape=(768, 768))
    found, expected = DeviceMeter("mps").measure(a, b), VectorMeter().measure(a, b)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
