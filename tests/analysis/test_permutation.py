import itertools

import numpy as np
import pytest
from scipy import stats

from inspector.analysis.permutation import head_clusters
from tests.reference import evolution as slow

HEADS = np.repeat(np.arange(6), 8)


def clusters(values, heads=HEADS, permutations=200, seed=0):
    return head_clusters(
        np.atleast_2d(values),
        heads,
        permutations=permutations,
        random=np.random.default_rng(seed),
        tick=lambda: None,
    )


def noise(count, seed=0, size=48):
    return np.random.default_rng(seed).normal(size=(count, size))


def test_that_eta_squared_is_the_share_between_heads():
    values = 3.0 + noise(5) + 0.3 * HEADS
    for row, found in zip(values, clusters(values).eta_squared, strict=True):
        assert found == pytest.approx(slow.eta_squared(row.tolist(), HEADS.tolist()), rel=1e-12)


def test_that_eta_squared_gives_the_f_of_an_analysis_of_variance():
    values = noise(1)[0]
    found = clusters(values).eta_squared[0]
    between, within = 6 - 1, 48 - 6
    f = stats.f_oneway(*(values[head == HEADS] for head in range(6))).statistic
    assert found / (1 - found) * within / between == pytest.approx(f, rel=1e-10)


def test_that_undefined_values_are_left_out_of_their_head():
    values = noise(1)[0]
    values[[3, 4, 20, 47]] = np.nan
    good = np.isfinite(values)
    expected = slow.eta_squared(values[good].tolist(), HEADS[good].tolist())
    assert clusters(values).eta_squared[0] == pytest.approx(expected, rel=1e-12)
    assert 0 < clusters(values).p_value[0] <= 1


def test_that_the_p_value_counts_the_orders_with_at_least_as_much_between_heads():
    values = noise(1, seed=3)[0]
    found = clusters(values, permutations=300, seed=9)
    random = np.random.default_rng(9)
    orders = random.permuted(np.broadcast_to(np.arange(48), (300, 48)), axis=1)
    etas = [slow.eta_squared(values[order].tolist(), HEADS.tolist()) for order in orders]
    hits = sum(eta >= found.eta_squared[0] - 1e-12 for eta in etas)
    assert found.p_value[0] == pytest.approx((1 + hits) / 301)


@pytest.mark.parametrize("values", [[1, 2, 4, 8, 3, 7], [0, 0, 1, 1, 1, 0], [5, 1, 2, 9, 9, 9]])
def test_that_p_values_of_few_vectors_are_those_of_all_orders(values):
    heads = [0, 0, 0, 1, 1, 1]
    etas = [slow.eta_squared(order, heads) for order in itertools.permutations(values)]
    exact = sum(eta >= etas[0] - 1e-9 for eta in etas) / len(etas)
    draws = 20_000
    found = clusters(np.array(values, float), np.array(heads), permutations=draws).p_value[0]
    assert found == pytest.approx(exact, abs=4 * (exact * (1 - exact) / draws) ** 0.5 + 1 / draws)


def test_that_p_values_are_uniform_when_heads_mean_nothing():
    p_values = [
        clusters(noise(10, seed=n), permutations=199, seed=1000 + n).p_value for n in range(40)
    ]
    assert stats.kstest(np.concatenate([p[:1] for p in p_values]), "uniform").pvalue > 0.01
    every = np.concatenate(p_values)
    assert stats.kstest(every, "uniform").pvalue > 0.01
    assert 0.02 < (every <= 0.05).mean() < 0.09


def test_that_p_values_stay_uniform_with_undefined_values():
    values = [noise(10, seed=n) for n in range(40)]
    for one in values:
        one[:, [0, 1, 2, 3, 30]] = np.nan
    p = np.concatenate(
        [clusters(one, permutations=199, seed=n).p_value for n, one in enumerate(values)]
    )
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_that_a_planted_head_is_found_with_the_least_possible_p_value():
    values = noise(1)[0]
    values[HEADS == 2] += 4
    assert clusters(values).p_value[0] == pytest.approx(1 / 201)
    assert clusters(values).eta_squared[0] > 0.6


def test_that_heads_of_any_sizes_count():
    heads = np.repeat([0, 1, 2], [5, 30, 13])
    values = noise(1)[0]
    expected = slow.eta_squared(values.tolist(), heads.tolist())
    assert clusters(values, heads).eta_squared[0] == pytest.approx(expected, rel=1e-12)


def test_that_many_vectors_are_permuted_in_pieces_with_the_same_meaning():
    heads = np.repeat(np.arange(4), 500)
    values = noise(1, size=2000)[0] + 0.02 * heads
    ticks = []
    found = head_clusters(
        values[None],
        heads,
        permutations=120,
        random=np.random.default_rng(0),
        tick=lambda: ticks.append(1),
    )
    assert len(ticks) == 3
    assert 0 < found.p_value[0] <= 1


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e6])
def test_that_constant_values_have_no_clusters(offset):
    found = clusters(np.full(48, offset) * (1 + 1e-16 * HEADS))
    assert np.isnan(found.eta_squared[0])
    assert np.isnan(found.p_value[0])


@pytest.mark.parametrize("heads", [np.zeros(48, int), np.full(48, -1)])
def test_that_one_head_or_none_has_no_clusters(heads):
    found = clusters(noise(1), heads)
    assert np.isnan(found.eta_squared[0])
    assert np.isnan(found.p_value[0])
