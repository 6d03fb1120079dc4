import time

import numpy as np
import pytest

from inspector.analysis.evolution import compare
from inspector.analysis.patterns import find_patterns
from inspector.core.address import Address
from inspector.core.errors import BadRequest, Cancelled
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from tests import models, synthetic


def swin_pair(**options):
    state = models.swin_state(width=16)
    return compare(models.swin(state), models.swin(models.changed(state, 0.1)), **options)


def planted():
    """Head 2 of K of S2 B1 turned ten times as far, and nothing else out of line."""
    state = models.swin_state(width=32)
    after = models.changed(state, 0.05)
    name = "layers.2.blocks.1.attn.qkv.weight"
    rows = slice(128 + 16, 128 + 24)
    after[name][rows] = models.changed(state, 0.5)[name][rows]
    return compare(models.swin(state), models.swin(after))


def test_that_every_metric_of_every_matrix_has_a_pattern():
    comparison = swin_pair()
    found = find_patterns(comparison, permutations=20).patterns
    assert len(found) == 9 * 3 * len(Metric)
    for (address, matrix, metric), pattern in found.items():
        assert (pattern.address, pattern.matrix, pattern.metric) == (address, matrix, metric)
        cell = comparison.by_address[address].matrix(matrix)
        np.testing.assert_array_equal(pattern.head_means, cell.head_means(metric))
        assert pattern.last_head.window == 8
        assert pattern.last_tenth.window == -(-cell.count // 10)


def test_that_a_planted_head_is_the_strongest_cluster():
    found = find_patterns(planted(), permutations=200).patterns
    own = [p for p in found.values() if p.metric is Metric.COSINE_DISTANCE]
    best = max(own, key=lambda p: -1 if np.isnan(p.eta_squared) else p.eta_squared)
    assert (best.address, best.matrix) == (Address(2, 1), Matrix.K)
    assert best.p_value == pytest.approx(1 / 201)
    assert best.eta_squared > 0.9
    np.testing.assert_allclose(best.change_points, [16, 24], atol=1)


def test_that_a_single_head_has_no_clusters_and_no_last_head():
    pattern = find_patterns(swin_pair(), permutations=20).patterns[
        Address(0, 0), Matrix.Q, Metric.DOT
    ]
    assert pattern.head_means.size == 2
    state = models.vit_state()
    one = compare(models.vit(state, heads=1), models.vit(models.changed(state, 0.1), heads=1))
    pattern = find_patterns(one, permutations=20).patterns[Address(0, 0), Matrix.Q, Metric.DOT]
    assert np.isnan(pattern.p_value)
    assert np.isnan(pattern.last_head.z)
    assert np.isfinite(pattern.last_tenth.z)


def test_that_frozen_matrices_have_no_patterns():
    comparison = synthetic.comparison()
    found = find_patterns(comparison, permutations=20).patterns
    for metric in Metric:
        pattern = found[Address(0, 0), Matrix.V, metric]
        numbers = [pattern.eta_squared, pattern.p_value]
        numbers += [d.z for d in (pattern.last_head, pattern.last_tenth)]
        assert np.isnan(numbers).all()
        assert pattern.change_points == ()


def test_that_columns_have_no_heads():
    found = find_patterns(swin_pair(axis="in"), permutations=20).patterns
    pattern = found[Address(3, 0), Matrix.Q, Metric.COSINE_DISTANCE]
    assert pattern.head_means.size == 0
    assert np.isnan([pattern.p_value, pattern.last_head.z, pattern.last_head.drop]).all()
    assert np.isfinite(pattern.last_tenth.z)


def numbers(pattern):
    return [
        pattern.eta_squared,
        pattern.p_value,
        pattern.last_head.z,
        pattern.last_tenth.z,
        *pattern.change_points,
    ]


def test_that_the_seed_decides_the_numbers_and_the_other_blocks_do_not():
    seen = []
    state = models.swin_state()
    pair = models.swin(state), models.swin(models.changed(state, 0.1))
    whole = compare(*pair, partial=seen.append)
    first = find_patterns(whole, permutations=50, seed=3).patterns
    some = find_patterns(seen[4], permutations=50, seed=3).patterns
    other = find_patterns(whole, permutations=50, seed=4).patterns
    for key, pattern in some.items():
        np.testing.assert_array_equal(numbers(pattern), numbers(first[key]))
    assert any(other[key].p_value != first[key].p_value for key in some)


def test_that_progress_comes_often_and_reaches_the_total():
    steps = []
    last = time.perf_counter()
    gaps = []

    def progress(done, total, text=""):
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now
        steps.append((done, total))

    find_patterns(synthetic.comparison(depths=(1, 1), width=384, heads=12), progress=progress)
    assert steps[0] == (0, 6)
    assert steps[-1] == (6, 6)
    assert sorted(steps) == steps
    assert np.median(gaps) < 0.1


def test_that_cancelling_ends_the_search():
    def progress(done, total, text=""):
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        find_patterns(swin_pair(), permutations=10, progress=progress)


def test_that_no_permutation_at_all_is_refused():
    with pytest.raises(BadRequest):
        find_patterns(swin_pair(), permutations=0)
