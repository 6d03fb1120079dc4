from dataclasses import replace

import numpy as np

from inspector.core.address import Address
from inspector.core.comparison import ComparisonSeries
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.render.maps import addresses, block_limits, block_map, head_counts, head_map
from tests import synthetic

FOUND = synthetic.comparison(depths=(2, 1), width=8, heads=2, frozen_stages=0)


def test_that_the_block_map_holds_the_mean_of_every_matrix() -> None:
    values = block_map(FOUND, Metric.DOT)
    assert values.shape == (3, 3)
    for row, matrix in enumerate(Matrix):
        for block in FOUND.blocks:
            mean = block.matrix(matrix)[Metric.DOT].mean()
            assert values[row, block.global_index] == mean


def test_that_the_head_map_is_ragged_where_stages_have_more_heads() -> None:
    values = head_map(FOUND, Matrix.K, Metric.EUCLIDEAN)
    assert values.shape == (4, 3)
    assert np.isnan(values[2:, :2]).all()
    assert np.isfinite(values[:, 2]).all()
    assert head_counts(FOUND, Matrix.K) == (2, 2, 4)
    first_head = FOUND.blocks[1].matrix(Matrix.K)[Metric.EUCLIDEAN][:4]
    assert values[0, 1] == np.mean(first_head)


def test_that_a_block_that_was_not_compared_is_a_gap_in_its_place() -> None:
    partial = replace(FOUND, blocks=(FOUND.blocks[0], FOUND.blocks[2]))
    values = block_map(partial, Metric.MSE)
    assert np.isnan(values[:, 1]).all()
    assert np.isfinite(values[:, [0, 2]]).all()
    assert head_counts(partial, Matrix.Q) == (2, 0, 4)


def test_that_all_models_of_a_series_share_their_limits() -> None:
    series = synthetic.series(3)
    limits = block_limits(series, Metric.EUCLIDEAN)
    highest = max(block_map(c, Metric.EUCLIDEAN).max() for c in series.comparisons)
    assert (limits.low, limits.high) == (0.0, highest)


def test_that_every_block_has_its_address_in_global_order() -> None:
    assert addresses(FOUND) == (Address(0, 0), Address(0, 1), Address(1, 0))
    assert len(addresses(synthetic.comparison(width=4, heads=1))) == 24


def test_that_vectors_along_the_input_axis_make_no_head_map() -> None:
    blocks = tuple(
        replace(
            b,
            matrices=tuple(replace(m, head_of=np.full_like(m.head_of, -1)) for m in b.matrices),
        )
        for b in FOUND.blocks
    )
    along = replace(FOUND, axis="in", blocks=blocks)
    assert head_map(along, Matrix.Q, Metric.MSE).shape == (0, 3)
    assert ComparisonSeries((along,)).axis == "in"
