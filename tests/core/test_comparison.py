import dataclasses

import numpy as np
import pytest

from inspector.core.comparison import Comparison, MatrixComparison, summarise
from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix, Stored
from tests.synthetic import comparison, matrix_comparison, series


def test_that_results_cannot_be_written_to() -> None:
    block = comparison().blocks[0]
    with pytest.raises(ValueError, match="read-only"):
        block.matrices[0].values[0, 0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        block.global_index = 3  # type: ignore[misc]


def test_that_a_metric_is_read_by_its_own_row() -> None:
    matrix = comparison().blocks[5].matrices[2]
    for row, metric in enumerate(Metric):
        np.testing.assert_array_equal(matrix[metric], matrix.values[row])


def test_that_values_and_vectors_must_agree_in_number() -> None:
    with pytest.raises(BadRequest, match="expected"):
        MatrixComparison(Matrix.Q, np.zeros((len(Metric), 4)), np.zeros(5, np.int64), 4)


def test_that_head_means_are_the_means_over_each_heads_defined_vectors() -> None:
    random = np.random.default_rng(3)
    a, b = random.normal(size=(12, 5)), random.normal(size=(12, 5))
    a[2] = 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        found = matrix_comparison(a, b, Matrix.K, 3)
    means = found.head_means(Metric.COSINE_DISTANCE)
    values = found[Metric.COSINE_DISTANCE]
    assert means[0] == pytest.approx(np.mean([values[0], values[1], values[3]]))
    assert means[2] == pytest.approx(values[8:].mean())
    assert found.summaries[Metric.COSINE_DISTANCE].undefined == 1


def test_that_a_pure_rotation_is_all_direction_and_a_pure_scaling_all_length() -> None:
    random = np.random.default_rng(5)
    a = random.normal(size=(6, 4))
    turn, _ = np.linalg.qr(random.normal(size=(4, 4)))
    assert matrix_comparison(a, a @ turn, Matrix.Q, 2).share_of_direction == pytest.approx(1.0)
    scaled = matrix_comparison(a, 1.5 * a, Matrix.Q, 2).share_of_direction
    assert scaled == pytest.approx(0.0, abs=1e-12)


def test_that_frozen_blocks_are_those_without_any_change() -> None:
    found = comparison(frozen_stages=2)
    assert [str(address) for address in found.frozen] == ["S0 B0", "S0 B1", "S1 B0", "S1 B1"]
    assert np.isnan(found.blocks[0].matrices[0].share_of_direction)


def at_angle(cosine_distance: float) -> Comparison:
    """One matrix of nine vectors whose median cosine distance is the given one."""
    values = np.ones((len(Metric), 9))
    values[list(Metric).index(Metric.COSINE_DISTANCE)] = [0.1] * 4 + [cosine_distance] + [2.0] * 4
    matrix = MatrixComparison(Matrix.Q, values, np.zeros(9, np.int64), 4)
    whole = comparison()
    block = dataclasses.replace(whole.blocks[0], matrices=(matrix,))
    return dataclasses.replace(whole, blocks=(block,))


def test_that_models_are_unrelated_above_a_median_cosine_distance_of_four_fifths() -> None:
    assert at_angle(0.801).unrelated
    assert not at_angle(0.8).unrelated
    assert at_angle(0.7).median_cosine_distance == 0.7
    assert not at_angle(0.7).unrelated


def test_that_a_series_has_one_axis() -> None:
    first, *rest = series(2).comparisons
    turned = dataclasses.replace(rest[0], axis="in")
    with pytest.raises(BadRequest, match="same axis"):
        type(series(1))((first, turned))


def test_that_a_summary_of_nothing_is_nan_and_counts_what_is_undefined() -> None:
    found = summarise(np.array([np.nan, np.inf]))
    assert np.isnan(found.mean)
    assert (found.count, found.undefined) == (0, 2)


def test_that_a_stored_part_is_cut_and_turned_so_that_rows_are_output_features() -> None:
    fused = np.arange(18.0).reshape(6, 3)
    np.testing.assert_array_equal(Stored("w", ((2, 4),)).take(fused), fused[2:4])
    head_first = Stored("w", ((0, 1), (3, 4))).take(fused)
    np.testing.assert_array_equal(head_first, fused[[0, 3]])
    kernel = np.arange(24.0).reshape(3, 2, 4)
    flax = Stored("w", axis=1, shape=(3, 8)).take(kernel)
    np.testing.assert_array_equal(flax, kernel.reshape(3, 8).T)
    assert np.shares_memory(Stored("w", ((2, 4),)).take(fused), fused)
