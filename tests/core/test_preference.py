"""Six ratios to three groups, chance and enrichment, against sums written out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.core.address import Address
from inspector.core.comparison import ModelCard
from inspector.core.errors import BadRequest
from inspector.core.preference import Group, Preference
from inspector.core.preparation import Preparation
from inspector.core.rows import HeadRows

CARD = ModelCard("tiny", "tiny.pth", "ViT", "timm", 10, 2)
HEADS = HeadRows((Address(0, 0), Address(1, 0)), (2, 3))


def shares(generator, *shape) -> np.ndarray:
    """Three that sum to 1 on the last axis."""
    values = generator.uniform(0.01, 1, (*shape, 3))
    return values / values.sum(axis=-1, keepdims=True)


def found(seed: int = 0, images: int = 4, **changed) -> Preference:
    generator = np.random.default_rng(seed)
    values = {
        "card": CARD, "preparation": Preparation(), "folder": "odd", "heads": HEADS,
        "images": tuple(f"{n}.png" for n in range(images)),
        "ratios": shares(generator, images, 5, 2), "without_query": shares(generator, images, 5, 2),
        "areas": shares(generator, images, 2), "coverage": np.ones((images, 2, 2)),
        "visible": np.ones((images, 2, 2)), "total": images,
    }  # fmt: skip
    return Preference(**{**values, **changed})


def mean(values) -> float:
    """Of those that are numbers, one after the other."""
    good = [float(value) for value in values if value == value]
    return sum(good) / len(good) if good else float("nan")


T, D, B = 0, 1, 2


def groups_by_hand(six: np.ndarray) -> dict[Group, float]:
    """Of one head on one picture: (2, 3) query target and distractor, attended t, d, b."""
    return {
        Group.SAME: 0.5 * (six[T, T] + six[D, D]),
        Group.DIFFERENT: 0.5 * (six[T, D] + six[D, T]),
        Group.BACKGROUND: 0.5 * (six[T, B] + six[D, B]),
    }


@pytest.mark.parametrize("without_query", [False, True])
def test_that_curves_are_means_over_pictures_and_heads_of_a_block(without_query):
    result = found()
    six = result.without_query if without_query else result.ratios
    curves = result.curves(without_query=without_query)
    for group in Group:
        for block, heads in enumerate((range(2), range(2, 5))):
            cells = [groups_by_hand(six[n, h])[group] for n in range(4) for h in heads]
            assert curves[group][block] == pytest.approx(mean(cells), rel=1e-13)


@given(st.integers(0, 10_000))
def test_that_the_three_groups_sum_to_one(seed):
    result = found(seed)
    total = sum(result.groups().values())
    np.testing.assert_allclose(total, 1.0, rtol=1e-12)
    np.testing.assert_allclose(sum(result.curves().values()), 1.0, rtol=1e-12)
    np.testing.assert_allclose(sum(result.chance.values()), 1.0, rtol=1e-12)


def test_that_chance_is_what_even_attention_gives():
    result = found()
    even = np.repeat(result.areas[:, [0, 0, 1, 1, 1], None], 2, axis=2)
    flat = found(ratios=even)
    for group in Group:
        np.testing.assert_allclose(result.chance[group], flat.curves()[group], rtol=1e-12)
        for block in range(2):
            area = result.areas[:, block]
            by_hand = {
                Group.SAME: 0.5 * (area[:, T] + area[:, D]),
                Group.DIFFERENT: 0.5 * (area[:, D] + area[:, T]),
                Group.BACKGROUND: area[:, B],
            }
            assert result.chance[group][block] == pytest.approx(mean(by_hand[group]), rel=1e-13)


@pytest.mark.parametrize("without_query", [False, True])
def test_that_enrichment_is_the_mean_of_ratio_over_area(without_query):
    result = found()
    six = result.without_query if without_query else result.ratios
    enrichment = result.enrichment(without_query=without_query)
    for block, heads in enumerate((range(2), range(2, 5))):
        for query in (T, D):
            for attended in (T, D, B):
                cells = [
                    six[n, h, query, attended] / result.areas[n, block, attended]
                    for n in range(4)
                    for h in heads
                ]
                assert enrichment[block, query, attended] == pytest.approx(mean(cells), rel=1e-13)


def test_that_even_attention_is_enriched_once():
    result = found()
    even = np.repeat(result.areas[:, [0, 0, 1, 1, 1], None], 2, axis=2)
    np.testing.assert_allclose(found(ratios=even).enrichment(), 1.0, rtol=1e-12)


def test_that_target_and_distractor_change_their_roles_when_permuted():
    result = found()
    turned = found(
        ratios=result.ratios[:, :, [D, T]][..., [D, T, B]], areas=result.areas[..., [D, T, B]]
    )
    for group in Group:
        np.testing.assert_allclose(turned.curves()[group], result.curves()[group], rtol=1e-14)
    swapped = turned.enrichment()[:, [D, T]][..., [D, T, B]]
    np.testing.assert_allclose(swapped, result.enrichment(), rtol=1e-14)


def test_that_what_has_no_number_is_left_out_of_the_means():
    ratios = found().ratios.copy()
    ratios[1, 0] = np.nan
    ratios[:, 2:] = np.nan
    areas = found().areas.copy()
    areas[2] = [0.0, 0.4, 0.6]
    result = found(ratios=ratios, areas=areas)
    cells = [groups_by_hand(ratios[n, h])[Group.SAME] for n in range(4) for h in range(2)]
    assert result.curves()[Group.SAME][0] == pytest.approx(mean(cells))
    assert np.isnan(result.curves()[Group.SAME][1])
    enriched = [ratios[n, h, T, T] / areas[n, 0, T] for n in (0, 1, 3) for h in range(2)]
    assert result.enrichment()[0, T, T] == pytest.approx(mean(enriched))
    assert np.isnan(result.enrichment()[1]).all()


def test_that_without_pictures_there_are_no_numbers():
    result = found(images=0)
    assert all(
        np.isnan(curve).all() for curve in (*result.curves().values(), *result.chance.values())
    )
    assert np.isnan(result.enrichment()).all()


def test_that_it_is_complete_when_every_picture_counts_or_was_left_out():
    assert found().complete
    assert not found(total=5).complete
    assert found(total=5, left_out=(("x.png", "no mask"),)).complete


@pytest.mark.parametrize("name", ["ratios", "without_query", "areas", "coverage", "visible"])
def test_that_arrays_of_other_shapes_are_refused_and_none_can_be_changed(name):
    with pytest.raises(BadRequest, match=name):
        found(**{name: np.zeros((4, 9))})
    with pytest.raises(ValueError, match="read-only"):
        getattr(found(), name)[0, 0] = 0
