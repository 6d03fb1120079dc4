"""From objects of single pictures to curves over depth, against sums written out by hand."""

import numpy as np
import pytest

from inspector.core.address import Address
from inspector.core.comparison import ModelCard
from inspector.core.errors import BadRequest
from inspector.core.optimal import OptimalOptions
from inspector.core.preparation import Preparation
from inspector.core.rows import ModeRows
from inspector.core.same_object import ONE_OBJECT, SameObject

CARD = ModelCard("tiny", "tiny.pth", "ViT", "timm", 10, 2)
ROWS = ModeRows((Address(0, 0), Address(1, 0)), (2, 1), (3, 2))
COUNT, TOP = 8, 4
HEADS = (range(3), range(3, 6), range(6, 8))
BLOCKS = ((0, 1), (2,))


def found(seed: int = 0, **changed) -> SameObject:
    generator = np.random.default_rng(seed)
    image = generator.integers(0, 3, (COUNT, TOP))
    image[1, 2:] = -1
    values = {
        "card": CARD, "preparation": Preparation(), "options": OptimalOptions(modes=None),
        "folder": "scans", "labels": "labels", "rows": ROWS,
        "sigma": generator.uniform(0.1, 3, COUNT), "images": ("a.png", "b.png", "c.png"),
        "image": image, "score": np.ones((COUNT, TOP), np.float32),
        "sign": np.ones((COUNT, TOP), np.int8),
        "query_object": generator.integers(1, 4, (COUNT, TOP)).astype(np.int32),
        "key_object": generator.integers(1, 4, (COUNT, TOP)).astype(np.int32),
        "chance": generator.uniform(0, 1, (COUNT, TOP)), "measured": 3, "total": 5,
        "one_object": ("d.png",), "left_out": (("e.png", "no label map"),),
    }  # fmt: skip
    return SameObject(**{**values, **changed})


def probabilities_by_hand(result: SameObject) -> list[float]:
    rows = []
    for row in range(COUNT):
        ranks = [rank for rank in range(TOP) if result.image[row, rank] >= 0]
        same = [result.query_object[row, rank] == result.key_object[row, rank] for rank in ranks]
        rows.append(sum(same) / len(ranks) if ranks else float("nan"))
    return rows


def heads_by_hand(values, sigma) -> list[float]:
    found = []
    for rows in HEADS:
        good = [row for row in rows if values[row] == values[row]]
        weight = sum(sigma[row] for row in good)
        found.append(
            sum(values[row] * sigma[row] for row in good) / weight if weight else float("nan")
        )
    return found


def blocks_by_hand(values, sigma) -> list[float]:
    by_head, found = heads_by_hand(values, sigma), []
    for heads in BLOCKS:
        good = [by_head[head] for head in heads if by_head[head] == by_head[head]]
        found.append(sum(good) / len(good) if good else float("nan"))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_that_modes_heads_and_blocks_are_the_means_they_are_said_to_be(seed):
    result = found(seed)
    by_hand = probabilities_by_hand(result)
    assert 0 < np.mean(by_hand) < 1
    np.testing.assert_allclose(result.probability, by_hand, rtol=1e-13)
    np.testing.assert_allclose(
        result.by_head(result.probability), heads_by_hand(by_hand, result.sigma), rtol=1e-13
    )
    np.testing.assert_allclose(result.curve(), blocks_by_hand(by_hand, result.sigma), rtol=1e-13)


def test_that_chance_is_the_mean_over_the_pictures_there_are():
    result = found()
    by_hand = [
        np.mean([result.chance[row, rank] for rank in range(TOP) if result.image[row, rank] >= 0])
        for row in range(COUNT)
    ]
    np.testing.assert_allclose(result.expected, by_hand, rtol=1e-13)
    np.testing.assert_allclose(
        result.chance_curve(), blocks_by_hand(by_hand, result.sigma), rtol=1e-13
    )


def test_that_objects_of_missing_pictures_do_not_count():
    result = found()
    query, key = result.query_object.copy(), result.key_object.copy()
    query[1, 2:], key[1, 2:] = 7, 7
    assert found(query_object=query, key_object=key).probability[1] == result.probability[1]


def test_that_a_mode_without_pictures_has_no_number_and_no_weight():
    image = found().image.copy()
    image[0] = -1
    image[6:] = -1
    result = found(image=image)
    by_hand = probabilities_by_hand(result)
    assert np.isnan(by_hand[0])
    np.testing.assert_allclose(result.probability, by_hand)
    np.testing.assert_allclose(result.curve(), blocks_by_hand(by_hand, result.sigma))
    assert np.isnan(result.curve()[1])
    assert np.isnan(result.chance_curve()[1])
    assert np.isfinite(result.curve()[0])


def test_that_modes_without_sigma_weigh_nothing():
    sigma = found().sigma.copy()
    sigma[1:3] = 0
    result = found(sigma=sigma)
    assert result.by_head(result.probability)[0] == pytest.approx(result.probability[0])


def test_that_one_object_everywhere_is_probability_one():
    alike = np.ones((COUNT, TOP), np.int32)
    result = found(query_object=alike, key_object=alike)
    np.testing.assert_allclose(result.curve(), 1.0)


def test_that_every_picture_is_accounted_for():
    assert found().complete
    assert not found(total=6).complete
    assert found().top == TOP


def test_that_arrays_of_other_shapes_are_refused_and_none_can_be_changed():
    for name in ("image", "score", "sign", "query_object", "key_object", "chance"):
        with pytest.raises(BadRequest, match="one shape"):
            found(**{name: np.zeros((COUNT, TOP + 1))})
        with pytest.raises(ValueError, match="read-only"):
            getattr(found(), name)[0, 0] = 0
    with pytest.raises(BadRequest, match="sigma"):
        found(sigma=np.ones(COUNT + 1))


def test_that_pictures_of_one_object_are_among_those_that_do_not_count():
    left = (("e.png", "It is empty."), ("c.png", "There are no labels."))
    assert found(left_out=left).every_left_out == (
        ("c.png", "There are no labels."),
        ("d.png", ONE_OBJECT),
        ("e.png", "It is empty."),
    )
