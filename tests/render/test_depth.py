from dataclasses import replace

import numpy as np
import pytest

from inspector.core.address import Address
from inspector.core.preference import Group
from inspector.render.colours import SURFACES
from inspector.render.depth import (
    GROUP_COLOURS,
    SAME_OBJECT,
    block_addresses,
    depth_colour,
    depth_curves,
    difference,
    histograms,
    normalised_depth,
    preference_curves,
    same_object_curves,
    spectra,
)
from tests.measured_by_hand import preference, same_object
from tests.render.test_colours import contrast
from tests.scenes_by_hand import depth_scene, model_modes


def test_that_depth_runs_from_zero_to_one_and_a_single_block_stands_at_zero() -> None:
    np.testing.assert_array_equal(normalised_depth(5), [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_array_equal(normalised_depth(1), [0])


def test_that_a_curve_is_the_mean_over_heads_of_the_weighted_cosine() -> None:
    scene = depth_scene(depths=(1, 2))
    for curve, model in zip(depth_curves(scene), scene.models, strict=True):
        for block in model.blocks:
            heads = [
                (s * c).sum() / s.sum() for s, c in zip(block.sigma, block.cosine, strict=True)
            ]
            assert curve.cosine[block.global_index] == pytest.approx(np.mean(heads), rel=1e-12)
        np.testing.assert_array_equal(curve.relative, curve.cosine - curve.anisotropy)
        assert curve.addresses == (Address(0, 0), Address(1, 0), Address(1, 1))


def test_that_the_difference_is_b_minus_a_and_only_between_models_of_the_same_blocks() -> None:
    scene = depth_scene()
    a, b = depth_curves(scene)
    np.testing.assert_array_equal(difference(scene), b.cosine - a.cosine)
    other = replace(scene, models=(scene.models[0], model_modes("c.pth", depths=(1, 2))))
    assert difference(other) is None
    assert difference(depth_scene(models=1)) is None


def test_that_a_block_without_modes_leaves_a_gap() -> None:
    scene = depth_scene(models=1, baseline=False)
    short = replace(scene.models[0], blocks=scene.models[0].blocks[::2])
    (curve,) = depth_curves(replace(scene, models=(short,)))
    assert np.isnan(curve.cosine).tolist() == [False, True, False]
    assert np.isnan(curve.mode_95).tolist() == [False, True, False]
    assert curve.anisotropy is None
    assert block_addresses(short) == (Address(0, 0), Address(0, 1), Address(0, 2))


def test_that_a_histogram_is_a_density_over_minus_one_to_one() -> None:
    for found in histograms(model_modes()):
        assert found.edges[0] == -1
        assert found.edges[-1] == 1
        assert found.density.size == 50
        assert (found.density * np.diff(found.edges)).sum() == pytest.approx(1.0)
        cosines = found.block.cosine
        high = found.density[found.edges[:-1] >= 0].sum() / found.density.sum()
        assert high == pytest.approx((cosines >= 0).mean())


def test_that_histograms_go_from_yellow_to_blue() -> None:
    first, last = depth_colour(0, 12), depth_colour(11, 12)
    assert first[0] > first[2]
    assert first[1] > first[2]
    assert last[2] > last[0]


def test_that_every_head_has_a_spectrum_on_the_scale_of_its_block() -> None:
    model = model_modes(depths=(1, 1))
    rows = list(spectra(model))
    assert [len(row) for row in rows] == [2, 4]
    for row, block in zip(rows, model.blocks, strict=True):
        for head, cell in enumerate(row):
            assert cell.address == block.address.with_head(head)
            assert cell.sigma_top == pytest.approx(1.1 * block.sigma.max())
            np.testing.assert_array_equal(cell.cosine, block.cosine[head])


def test_that_a_group_s_curve_is_the_mean_over_pictures_and_heads_beside_each_head() -> None:
    scene = depth_scene(models=1)
    known = preference(scene.models[0])
    curves = preference_curves(replace(scene, preference=(known,)))
    assert [curve.name for curve in curves] == ["same", "different", "background"]
    same = curves[0]
    for block, address in enumerate(known.heads.blocks):
        for head in range(known.heads.heads[block]):
            ratios = known.ratios[:, known.heads.row(address.with_head(head))]
            expected = np.mean([(r[0, 0] + r[1, 1]) / 2 for r in ratios])
            assert same.heads[head, block] == pytest.approx(expected, rel=1e-12)
        count = known.heads.heads[block]
        assert same.values[block] == pytest.approx(same.heads[:count, block].mean(), rel=1e-12)
    np.testing.assert_allclose(sum(curve.values for curve in curves), 1.0)
    np.testing.assert_array_equal(same.chance, known.chance[Group.SAME])


def test_that_without_the_query_token_other_ratios_are_drawn() -> None:
    scene = depth_scene(models=1)
    known = preference(scene.models[0])
    curves = preference_curves(replace(scene, preference=(known,)), without_query=True)
    np.testing.assert_array_equal(curves[0].values, known.curves(without_query=True)[Group.SAME])
    assert not np.allclose(curves[0].values, known.curves()[Group.SAME])


def test_that_blocks_that_were_not_measured_leave_a_gap() -> None:
    scene = depth_scene(models=1)
    known = preference(scene.models[0], blocks=2)
    curve = preference_curves(replace(scene, preference=(known,)))[0]
    assert np.isfinite(curve.values).tolist() == [True, True, False]
    assert not np.isfinite(curve.heads[:, 2]).any()


def test_that_the_same_object_curve_is_that_of_the_result_and_models_without_one_have_none() -> (
    None
):
    scene = depth_scene()
    known = same_object(scene.models[1])
    (curve,) = same_object_curves(replace(scene, same_object=(None, known)))
    assert (curve.letter, curve.name) == ("B", SAME_OBJECT)
    np.testing.assert_array_equal(curve.values, known.curve())
    np.testing.assert_array_equal(curve.chance, known.chance_curve())
    first = known.by_head(known.probability)[: known.rows.heads[0]]
    np.testing.assert_array_equal(curve.heads[: first.size, 0], first)
    assert preference_curves(scene) == ()


def test_that_the_colours_of_the_groups_are_seen_on_their_surface() -> None:
    for surface, colours in GROUP_COLOURS.items():
        assert all(contrast(colour, SURFACES[surface]) >= 3 for colour in colours.values())
