import itertools

import numpy as np
import pytest
from matplotlib import colormaps

from inspector.core.outline import Matrix
from inspector.render import colour_tables
from inspector.render.colours import (
    SURFACES,
    UNDEFINED,
    matrix_colours,
    series_colours,
    table_for,
)
from inspector.render.limits import Limits

# Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritan": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def rgb(text: str) -> np.ndarray:
    return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)])


def linear(colour) -> np.ndarray:
    c = np.asarray(colour) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Of WCAG 2: (L1 + 0.05) / (L2 + 0.05)."""
    low, high = sorted(float(TO_XYZ[1] @ linear(rgb(c))) for c in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(light: np.ndarray) -> np.ndarray:
    xyz = TO_XYZ @ np.clip(light, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (colour_tables.VIRIDIS, "viridis"),
        (colour_tables.CIVIDIS, "cividis"),
        (colour_tables.PLASMA, "plasma"),
        (colour_tables.RED_BLUE, "RdBu_r"),
    ],
)
def test_that_a_table_is_exactly_matplotlibs_map(ours, theirs) -> None:
    np.testing.assert_array_equal(ours, colormaps[theirs](np.arange(256), bytes=True)[:, :3])


@pytest.mark.parametrize("surface", ["light", "dark"])
def test_that_lines_stand_out_from_their_surface_and_their_tint(surface) -> None:
    for matrix in Matrix:
        colours = matrix_colours(matrix, surface)
        assert contrast(colours.line, SURFACES[surface]) >= 3
        assert contrast(colours.line, colours.tint) >= 2.8


@pytest.mark.parametrize("surface", ["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
def test_that_query_key_and_value_stay_apart_for_every_kind_of_colour_vision(
    surface, sight
) -> None:
    seen = [lab(SIGHT[sight] @ linear(rgb(matrix_colours(m, surface).line))) for m in Matrix]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= 20


@pytest.mark.parametrize("surface", ["light", "dark"])
@pytest.mark.parametrize("count", [1, 2, 6, 12])
def test_that_each_model_of_a_series_has_its_own_visible_colour(surface, count) -> None:
    colours = series_colours(count, surface)
    assert len(set(colours)) == len(colours) == count
    assert all(contrast(c, SURFACES[surface]) >= 3 for c in colours)


def test_that_a_series_gets_lighter_from_first_to_last() -> None:
    light = [TO_XYZ[1] @ linear(rgb(c)) for c in series_colours(8)]
    assert light == sorted(light)


@pytest.mark.parametrize("name", ["VIRIDIS", "CIVIDIS", "RED_BLUE"])
def test_that_the_grey_of_no_value_is_in_no_map(name) -> None:
    grey = lab(linear(UNDEFINED))
    nearest = min(np.linalg.norm(lab(linear(c)) - grey) for c in getattr(colour_tables, name))
    assert nearest >= 15


def test_that_only_limits_with_a_centre_get_the_diverging_map() -> None:
    assert table_for(Limits(0, 1)) is colour_tables.VIRIDIS
    assert table_for(Limits(0, 2, 1)) is colour_tables.RED_BLUE
