"""Property 17: the best pictures kept while they stream by are those of a full sort."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.analysis.top import TopTally
from inspector.core.errors import BadRequest

SHAPE = (2, 3)
PAYLOAD = {"place": (np.uint16, (4,)), "sign": (np.int8, ()), "chance": (np.float64, ())}


def records(seed, pictures, levels):
    """Scores of few levels, so that many are equal; a payload that tells picture and row."""
    random = np.random.default_rng(seed)
    score = random.integers(-levels, levels + 1, (pictures, *SHAPE)).astype(np.float32) / 2
    place = random.integers(0, 2**16, (pictures, *SHAPE, 4)).astype(np.uint16)
    sign = random.choice([-1, 1], (pictures, *SHAPE)).astype(np.int8)
    return score, {"place": place, "sign": sign, "chance": random.random((pictures, *SHAPE))}


def full_sort(score, payload, top, eligible=None):
    """Rows one by one: all pictures in a list, sorted by falling score, then by number."""
    shape = (*SHAPE, top)
    found = {"score": np.zeros(shape, np.float32), "picture": np.full(shape, -1)}
    for name, (kind, tail) in PAYLOAD.items():
        found[name] = np.zeros((*shape, *tail), kind)
    for row in np.ndindex(SHAPE):
        pictures = [n for n in range(len(score)) if eligible is None or eligible[n][row]]
        pictures.sort(key=lambda n: (-float(score[n][row]), n))
        for rank, n in enumerate(pictures[:top]):
            found["score"][row][rank] = score[n][row]
            found["picture"][row][rank] = n
            for name, kept in payload.items():
                found[name][row][rank] = kept[n][row]
    return found


def assert_same(state, expected):
    assert state.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(state[name], array)
        assert state[name].dtype == (np.int64 if name == "picture" else array.dtype)


def counted(tally, numbers, score, payload, eligible=None):
    allowed = None if eligible is None else eligible[numbers]
    kept = {name: array[numbers] for name, array in payload.items()}
    tally.add(np.array(numbers, np.int64), score[numbers], kept, allowed)


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**20),
    pictures=st.integers(0, 90),
    levels=st.sampled_from([1, 5, 1000]),
    top=st.integers(1, 8),
    data=st.data(),
)
def test_that_the_best_are_those_of_a_full_sort_however_they_come(
    seed, pictures, levels, top, data
):
    """Any order, any batches, any split into tallies that are merged in any order."""
    score, payload = records(seed, pictures, levels)
    order = data.draw(st.permutations(range(pictures)))
    ends = sorted(data.draw(st.lists(st.integers(0, pictures), max_size=8)))
    batches = [order[a:b] for a, b in zip([0, *ends], [*ends, pictures], strict=True)]
    tallies = [TopTally(SHAPE, top, PAYLOAD) for _ in range(data.draw(st.integers(1, 4)))]
    for number, batch in enumerate(batches):
        counted(tallies[number % len(tallies)], batch, score, payload)
    merged = TopTally(SHAPE, top, PAYLOAD)
    for tally in data.draw(st.permutations(tallies)):
        merged.merge(tally.state())
    assert_same(merged.state(), full_sort(score, payload, top))


@settings(deadline=None)
@given(seed=st.integers(0, 2**20), data=st.data())
def test_that_merging_is_associative_and_commutative(seed, data):
    score, payload = records(seed, 30, 2)
    thirds = [list(range(n, 30, 3)) for n in range(3)]

    def tally(*numbers):
        made = TopTally(SHAPE, 4, PAYLOAD)
        for some in numbers:
            counted(made, some, score, payload)
        return made

    first, second, third = data.draw(st.permutations(thirds))
    left = tally(first)
    left.merge(tally(second).state())
    left.merge(tally(third).state())
    right = tally(second)
    right.merge(tally(third).state())
    other = tally(first)
    other.merge(right.state())
    assert_same(left.state(), other.state())


def test_that_what_is_not_eligible_never_enters():
    score, payload = records(0, 40, 3)
    eligible = score > 0
    tally = TopTally(SHAPE, 25, PAYLOAD)
    counted(tally, list(range(40)), score, payload, eligible)
    assert_same(tally.state(), full_sort(score, payload, 25, eligible))
    assert (tally.picture == -1).any()
    assert not tally.score[tally.picture == -1].any()


def test_that_scores_of_every_size_and_sign_are_sorted():
    values = np.array(
        [0.0, -0.0, 1e-45, -1e-45, 3.4e38, -3.4e38, np.inf, -np.inf, 1.0, np.nextafter(1, 2)],
        np.float32,
    )
    tally = TopTally((1,), len(values), {})
    tally.add(np.arange(len(values)), values[:, None], {})
    expected = sorted(range(len(values)), key=lambda n: (-float(values[n]), n))
    assert tally.picture[0].tolist() == expected
    np.testing.assert_array_equal(tally.score[0], values[expected])


def test_that_what_is_not_a_number_never_enters():
    tally = TopTally((1,), 3, {})
    tally.add(np.arange(3), np.array([[np.nan], [1], [np.nan]], np.float32), {})
    assert tally.picture.tolist() == [[1, -1, -1]]


def test_that_rows_need_no_second_axis_and_numbers_may_be_large():
    tally = TopTally((2,), 1, {"object": (np.int32, ())})
    score = np.array([[1, 4], [2, 3]], np.float32)
    kept = {"object": np.array([[10, 20], [30, 40]], np.int32)}
    tally.add(np.array([2**32 - 1, 2**31]), score, kept)
    assert tally.picture.tolist() == [[2**31], [2**32 - 1]]
    assert tally.payload("object").tolist() == [[30], [20]]


def test_that_a_tally_of_other_rows_or_another_number_of_pictures_is_refused():
    tally = TopTally((2,), 3, {})
    for other in (TopTally((3,), 3, {}), TopTally((2,), 4, {})):
        with pytest.raises(BadRequest, match="no part of one"):
            tally.merge(other.state())


@pytest.mark.parametrize(("top", "payload"), [(0, {}), (1, {"score": (np.float32, ())})])
def test_that_nonsense_is_refused(top, payload):
    with pytest.raises(BadRequest):
        TopTally((2,), top, payload)
