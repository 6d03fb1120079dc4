from dataclasses import replace

import numpy as np
import pytest

from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.optimal import Winner
from inspector.core.tokens import Box
from inspector.render.gallery import (
    limits_in_row,
    row_words,
    score_words,
    tile_limits,
    tile_outlines,
    tile_pictures,
)
from inspector.render.overlay import compose_overlay, unit_map
from tests.galleries_by_hand import gallery_scene, tile

WINNER = Winner(0, 6.0, "a.png", (2, 1), (0, 2))


@pytest.mark.parametrize("smooth", [False, True])
def test_that_a_tile_is_drawn_as_every_overlay_is(smooth):
    one, style = tile(WINNER, box=Box(-5.0, 0.0, 50.0, 24.0)), MapStyle(smooth=smooth)
    plain, overlay = tile_pictures(one, style)
    limits = [np.percentile(side.astype(np.float64), (30, 95)) for side in (one.query, one.key)]
    maps = [unit_map(s, tuple(at)) for s, at in zip((one.query, one.key), limits, strict=True)]
    assert plain is one.picture
    assert np.array_equal(overlay, compose_overlay(one.picture, one.grid, *maps, style))


def test_that_the_colours_of_the_style_are_taken():
    one = tile(WINNER)
    red, magenta = (
        tile_pictures(one, MapStyle(pair))[1]
        for pair in (ColourPair.RED_CYAN, ColourPair.MAGENTA_GREEN)
    )
    assert not np.array_equal(red, magenta)


def test_that_a_sign_chosen_by_hand_changes_no_tile_whose_row_has_its_own():
    one = tile(WINNER)
    (_, plain), (_, flipped) = (tile_pictures(one, MapStyle(flipped=f)) for f in (False, True))
    assert np.array_equal(plain, flipped)


def test_that_a_constant_map_gives_no_light():
    one = tile(WINNER, constant=True)
    _, overlay = tile_pictures(one, MapStyle())
    nothing = np.zeros_like(one.query)
    key = unit_map(one.key, tile_limits([one])[1])
    assert np.array_equal(overlay, compose_overlay(one.picture, one.grid, nothing, key, MapStyle()))


def test_that_the_tiles_of_a_row_share_their_limits_where_limits_are_shared():
    row, style = gallery_scene().rows[0], MapStyle(limits="shared")
    shared = limits_in_row(row, style)
    every = np.concatenate([t.key.ravel() for t in row.tiles]).astype(np.float64)
    assert shared[1] == pytest.approx(tuple(np.percentile(every, (30, 95))))
    one = row.tiles[0]
    maps = [unit_map(s, at) for s, at in zip((one.query, one.key), shared, strict=True)]
    _, overlay = tile_pictures(one, style, shared)
    assert np.array_equal(overlay, compose_overlay(one.picture, one.grid, *maps, style))
    assert limits_in_row(row, MapStyle()) is None
    missing = replace(row, tiles=(None,) * len(row.tiles))
    assert limits_in_row(missing, style) is None


def test_that_the_winning_patches_are_outlined_where_they_lie():
    one = tile(WINNER, shape=(40, 60))
    query, key = tile_outlines(one)
    assert (query.side, query.box) == ("query", Box(20.0, 20.0, 10.0, 20.0))
    assert (key.side, key.box) == ("key", Box(0.0, 40.0, 10.0, 20.0))


def test_that_a_row_is_named_by_its_mode_with_cosine_and_sigma():
    scene = gallery_scene()
    cosine, sigma = scene.modes.cosine[1, 3], scene.modes.sigma[1, 3]
    assert row_words(scene, scene.rows[-1]) == (
        "M3",
        f"cos = {cosine:.2f}".replace("-", "−"),
        f"\N{GREEK SMALL LETTER SIGMA} = {sigma:.3g}",
    )


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (12.3456, "12.35"),
        (2.0, "2.000"),
        (1234.0, "1234"),
        (0.00123456, "0.001235"),
        (123456.0, "1.235e+05"),
        (1.23e-7, "1.230e−07"),
    ],
)
def test_that_a_score_has_four_significant_digits(score, words):
    assert score_words(score) == words
