"""The tables and arrays of attention preference, from a result made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from inspector.core.address import Address
from inspector.core.preference import Preference
from inspector.core.preparation import Preparation
from inspector.core.rows import HeadRows
from inspector.export.preference_files import preference_arrays, write_preference
from tests.scenes_by_hand import card

NAN = float("nan")


@pytest.fixture
def found() -> Preference:
    """Two pictures and two blocks, of one head and of two; numbers that are exact in binary."""
    heads = HeadRows((Address(0, 0), Address(1, 3)), (1, 2))
    ratios = np.empty((2, 3, 2, 3))
    ratios[0] = [
        [[0.5, 0.25, 0.25], [0.125, 0.375, 0.5]],
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]],
    ]
    ratios[1] = [[[0.25, 0.25, 0.5], [0.25, 0.25, 0.5]]] * 3
    ratios[1, 2] = NAN
    areas = np.array([[[0.25, 0.25, 0.5], [0.5, 0.25, 0.25]]] * 2)
    coverage = np.array([[[1.0, 0.75], [0.5, 0.625]], [[1.0, 1.0], [1.0, 1.0]]])
    visible = np.array([[[1.0, 1.0], [0.0, 0.25]], [[1.0, 1.0], [1.0, 1.0]]])
    without = np.full((2, 3, 2, 3), 0.25)
    without[..., 2] = 0.5
    return Preference(
        card(),
        Preparation(),
        "/images",
        heads,
        ("a.png", "b.png"),
        ratios,
        without,
        areas,
        coverage,
        visible,
        total=2,
    )


def text(folder, name: str) -> str:
    return (folder / name).read_text()


def test_that_the_six_ratios_of_every_picture_and_head_are_a_row(found, tmp_path) -> None:
    write_preference(tmp_path, found)
    assert text(tmp_path, "images.csv") == (
        "image,stage,block,head,tt,td,tb,dt,dd,db\n"
        "a.png,0,0,0,0.5,0.25,0.25,0.125,0.375,0.5\n"
        "a.png,1,3,0,1.0,0.0,0.0,0.0,1.0,0.0\n"
        "a.png,1,3,1,0.0,1.0,0.0,1.0,0.0,0.0\n"
        "b.png,0,0,0,0.25,0.25,0.5,0.25,0.25,0.5\n"
        "b.png,1,3,0,0.25,0.25,0.5,0.25,0.25,0.5\n"
        "b.png,1,3,1,nan,nan,nan,nan,nan,nan\n"
    )


def test_that_groups_are_means_over_pictures_and_heads_of_those_that_have_a_value(
    found, tmp_path
) -> None:
    write_preference(tmp_path, found)
    # Block S0 B0: same (0.4375 + 0.25) / 2, different (0.1875 + 0.25) / 2.
    # Block S1 B3 over the three heads with a value: same (1 + 0 + 0.25) / 3.
    third = repr((1 + 0 + 0.25) / 3)
    sixth = repr((0 + 0 + 0.5) / 3)
    assert text(tmp_path, "blocks.csv") == (
        "stage,block,same,different,background\n"
        "0,0,0.34375,0.21875,0.4375\n"
        f"1,3,{third},{third},{sixth}\n"
    )
    assert text(tmp_path, "blocks_without_query.csv") == (
        "stage,block,same,different,background\n0,0,0.25,0.25,0.5\n1,3,0.25,0.25,0.5\n"
    )
    assert text(tmp_path, "blocks_chance.csv") == (
        "stage,block,same,different,background\n0,0,0.25,0.25,0.5\n1,3,0.375,0.375,0.25\n"
    )


def test_that_areas_coverage_and_visibility_stand_in_one_row_a_block(found, tmp_path) -> None:
    write_preference(tmp_path, found)
    assert text(tmp_path, "areas.csv").splitlines()[:3] == [
        "image,stage,block,target,distractor,background,"
        "target_coverage,distractor_coverage,distractor_visible,target_visible",
        "a.png,0,0,0.25,0.25,0.5,1.0,0.75,1.0,1.0",
        "a.png,1,3,0.5,0.25,0.25,0.5,0.625,0.0,0.25",
    ]
    assert len(text(tmp_path, "areas.csv").splitlines()) == 5


def test_that_enrichment_is_the_mean_of_ratio_over_area(found, tmp_path) -> None:
    write_preference(tmp_path, found)
    header, first, _ = text(tmp_path, "enrichment.csv").splitlines()
    assert header == "stage,block,tt,td,tb,dt,dd,db"
    # (0.5 + 0.25) / 2 / 0.25 and so on; areas are the same on both pictures.
    assert first == "0,0,1.5,1.0,0.75,0.75,1.25,1.0"


def test_that_the_arrays_hold_everything_with_what_places_it(found) -> None:
    arrays = preference_arrays(found)
    np.testing.assert_array_equal(arrays["ratios"], found.ratios)
    np.testing.assert_array_equal(arrays["without_query"], found.without_query)
    np.testing.assert_array_equal(arrays["visible"], found.visible)
    assert arrays["images"].tolist() == ["a.png", "b.png"]
    assert list(zip(arrays["stage"], arrays["block"], arrays["head"], strict=True)) == [
        (0, 0, 0),
        (1, 3, 0),
        (1, 3, 1),
    ]
    assert arrays["block_stage"].tolist() == [0, 1]
    assert arrays["block_block"].tolist() == [0, 3]


def test_that_no_picture_that_counts_leaves_headers_and_undefined_curves(found, tmp_path) -> None:
    arrays = ("ratios", "without_query", "areas", "coverage", "visible")
    none = replace(found, images=(), **{name: getattr(found, name)[:0] for name in arrays})
    write_preference(tmp_path, none)
    assert text(tmp_path, "images.csv") == "image,stage,block,head,tt,td,tb,dt,dd,db\n"
    assert text(tmp_path, "blocks.csv").splitlines()[1:] == ["0,0,nan,nan,nan", "1,3,nan,nan,nan"]
