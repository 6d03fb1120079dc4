from dataclasses import replace

import numpy as np
import pytest

from inspector.core.address import Address
from inspector.render.depth import (
    block_addresses,
    depth_colour,
    depth_curves,
    difference,
    histograms,
    normalised_depth,
    spectra,
)
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
