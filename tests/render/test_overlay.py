import itertools

import numpy as np
import pytest

from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.tokens import Box
from inspector.render.colour_tables import RED_BLUE, VIRIDIS
from inspector.render.colours import UNDEFINED
from inspector.render.limits import Limits
from inspector.render.overlay import (
    LIGHTS,
    colours_of,
    compose_map,
    compose_overlay,
    light_ramp,
    orientation,
    percentiles,
    unit_map,
)
from inspector.render.screen_pixels import OPAQUE, screen_pixels
from tests.reference import overlay as slow
from tests.render.test_colours import SIGHT, lab, linear
from tests.scenes_by_hand import grid

BOXES = {
    "the whole": None,
    "a crop": Box(5.3, 2.7, 30.1, 26.4),
    "more than the picture": Box(-6.0, -3.0, 60.0, 50.0),
    "odd pixels": Box(0.0, 0.0, 47.0, 35.0),
}


@pytest.fixture
def picture() -> np.ndarray:
    made = np.random.default_rng(3).integers(0, 256, (48, 36, 3), dtype=np.uint8)
    made.setflags(write=False)
    return made


def unit_maps(tokens, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((2, *tokens.shape)).astype(np.float32)


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
@pytest.mark.parametrize("pair", ColourPair)
def test_that_every_pixel_is_the_dimmed_picture_and_the_light_of_its_patch(
    picture, pair, box
) -> None:
    tokens = grid(box=box)
    query, key = unit_maps(tokens)
    style = MapStyle(pair, opacity=0.7, dim=0.45)
    found = compose_overlay(picture, tokens, query, key, style)
    np.testing.assert_array_equal(found, slow.overlay(picture, tokens, query, key, style))


def test_that_whole_numbers_stay_within_a_level_of_the_formula(picture) -> None:
    tokens, style = grid(), MapStyle(opacity=0.6, dim=0.5)
    query, key = unit_maps(tokens)
    found = compose_overlay(picture, tokens, query, key, style).astype(float)
    rows, columns = tokens.row_of_pixel[:, None], tokens.column_of_pixel[None, :]
    light = sum(
        m[rows, columns][..., None] * np.array(light)
        for m, light in zip((query, key), LIGHTS[style.pair], strict=True)
    )
    grey = (picture @ [0.299, 0.587, 0.114])[..., None]
    exact = np.minimum(0.5 * grey + 0.6 * 255 * light, 255)
    assert np.abs(found - exact).max() <= 1.5


def test_that_a_smooth_overlay_is_bilinear_between_the_centres(picture) -> None:
    tokens, style = grid(box=BOXES["a crop"]), MapStyle(smooth=True, opacity=0.6)
    query, key = unit_maps(tokens)
    found = compose_overlay(picture, tokens, query, key, style)
    for row, column in itertools.product(range(0, 48, 5), range(0, 36, 4)):
        if slow.token_under(tokens, row, column) is None:
            assert (found[row, column] == slow.dimmed(picture[row, column], 0.5) // 2).all()
            continue
        light = 0.6 * 255 * slow.smooth_share(query, tokens, row, column)
        base = slow.dimmed(picture[row, column], 0.5)
        assert found[row, column, 0] == pytest.approx(min(base + light, 255), abs=2)


def test_that_a_smooth_overlay_of_a_flat_map_is_the_flat_one(picture) -> None:
    tokens = grid()
    flat = np.full(tokens.shape, 0.5, dtype=np.float32)
    one, other = (
        compose_overlay(picture, tokens, flat, flat, MapStyle(smooth=smooth))
        for smooth in (False, True)
    )
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("pair", ColourPair)
def test_that_the_two_lights_of_a_pair_add_up_to_white(pair) -> None:
    np.testing.assert_allclose(np.sum(LIGHTS[pair], axis=0), 1.0)
    black = np.zeros((48, 36, 3), dtype=np.uint8)
    tokens = grid()
    full = np.ones(tokens.shape, dtype=np.float32)
    both = compose_overlay(black, tokens, full, full, MapStyle(pair))
    assert (both == both[..., :1]).all()
    assert both.max() == round(255 * 0.6)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("pair", [ColourPair.MAGENTA_GREEN, ColourPair.ORANGE_AZURE])
def test_that_a_safe_pair_keeps_nothing_query_key_and_both_apart_over_any_grey(pair, sight) -> None:
    tokens = grid()
    level = np.broadcast_to(np.arange(0, 256, 5), (48, 52)).astype(np.uint8)
    tokens = grid((48, 52))
    picture = np.repeat(level[..., None], 3, axis=2)
    on, off = (np.full(tokens.shape, share, dtype=np.float32) for share in (1, 0))
    states = [
        compose_overlay(picture, tokens, q, k, MapStyle(pair))[0]
        for q, k in itertools.product((off, on), repeat=2)
    ]
    for column in range(52):
        seen = [lab(SIGHT[sight] @ linear(state[column])) for state in states]
        apart = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
        assert apart >= 20, f"grey {level[0, column]}"


def test_that_a_picture_that_may_change_is_dimmed_anew() -> None:
    tokens, style = grid(), MapStyle()
    nothing = np.zeros(tokens.shape, dtype=np.float32)
    picture = np.full((48, 36, 3), 200, dtype=np.uint8)
    assert compose_overlay(picture, tokens, nothing, nothing, style)[0, 0, 0] == 100
    picture[:] = 50
    assert compose_overlay(picture, tokens, nothing, nothing, style)[0, 0, 0] == 25


def test_that_what_was_dimmed_goes_with_its_picture() -> None:
    from inspector.render import overlay

    before = len(overlay._KEPT)
    tokens = grid()
    nothing = np.zeros(tokens.shape, dtype=np.float32)
    for level in (10, 20, 30):
        picture = np.full((48, 36, 3), level, dtype=np.uint8)
        picture.setflags(write=False)
        out = compose_overlay(picture, tokens, nothing, nothing, MapStyle(dim=1.0))
        assert (out == level).all()
        assert len(overlay._KEPT) == before + 1
        del picture
        assert len(overlay._KEPT) == before


def test_that_percentiles_are_taken_over_all_finite_values_of_all_maps() -> None:
    one, other = np.arange(50.0), np.arange(50.0, 101.0)
    assert percentiles([one, np.array([np.nan]), other]) == (30.0, 95.0)
    assert percentiles([np.array([np.inf, np.nan])]) == (0.0, 0.0)


def test_that_a_map_is_clipped_between_its_percentiles() -> None:
    found = unit_map(np.array([[-5.0, 1.0], [2.0, 9.0]]), (1.0, 3.0))
    np.testing.assert_array_equal(found, [[0.0, 0.0], [0.5, 1.0]])
    assert found.dtype == np.float32


def test_that_a_constant_map_gives_no_light() -> None:
    flat = np.full((3, 3), 7.0)
    np.testing.assert_array_equal(unit_map(flat, percentiles([flat])), np.zeros((3, 3)))


@pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
def test_that_patches_without_a_number_do_not_decide_the_orientation(gap) -> None:
    query, key = (np.array([[3.0, -1.0], [0.5, 0.0]], np.float32) for _ in range(2))
    query[1, 1] = key[0, 1] = gap
    assert orientation(query, key) == 1
    assert orientation(-query, -key) == -1
    nothing = np.full((2, 2), np.nan, np.float32)
    assert orientation(nothing, nothing) == 1


@pytest.mark.parametrize("seed", range(20))
def test_that_the_strongest_pair_of_one_sign_decides_the_orientation(seed) -> None:
    query, key = np.random.default_rng(seed).normal(size=(2, 4, 3))
    kept = query.max() * key.max()
    turned = (-query).max() * (-key).max()
    assert orientation(query, key) == (1 if kept >= turned else -1)
    assert orientation(-query, -key) == -orientation(query, key)


def test_that_a_tie_keeps_the_stored_sign() -> None:
    even = np.array([[-1.0, 1.0]])
    assert orientation(even, even) == 1


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_that_a_map_has_the_colour_of_its_patch_on_every_pixel(picture, box) -> None:
    tokens = grid(box=box)
    values = np.random.default_rng(5).normal(size=tokens.shape)
    values[1, 2] = np.nan
    limits = Limits(-2.0, 2.0, 0.0)
    found = compose_map(tokens, values, limits, style=MapStyle(dim=0.5), base=picture)
    for row, column in np.ndindex(48, 36):
        place = slow.token_under(tokens, row, column)
        if place is None:
            expected = [slow.dimmed(picture[row, column], 0.5) // 2] * 3
        elif not np.isfinite(values[place]):
            expected = UNDEFINED
        else:
            expected = RED_BLUE[int(np.clip((values[place] + 2) / 4 * 256, 0, 255))]
        np.testing.assert_array_equal(found[row, column], expected)


def test_that_a_map_without_a_picture_is_grey_where_no_token_lies() -> None:
    tokens = grid(box=BOXES["a crop"])
    found = compose_map(tokens, np.ones(tokens.shape), Limits(0, 1), style=MapStyle())
    assert tuple(found[0, 0]) == UNDEFINED
    np.testing.assert_array_equal(found[20, 15], VIRIDIS[255])


def test_that_a_smooth_map_has_only_colours_of_its_table_and_is_smooth() -> None:
    tokens = grid()
    values = np.where(np.indices(tokens.shape).sum(axis=0) % 2 == 0, -1.0, 1.0)
    limits = Limits(-1.0, 1.0, 0.0)
    found = compose_map(tokens, values, limits, style=MapStyle(smooth=True))
    table = {tuple(colour) for colour in RED_BLUE.tolist()}
    assert {tuple(colour) for colour in found.reshape(-1, 3).tolist()} <= table
    middle = RED_BLUE.tolist().index(found[11, 5].tolist())
    expected = (slow.smooth_share(values, tokens, 11, 5) + 1) / 2 * 255
    assert middle == pytest.approx(expected, abs=2)


def test_that_a_map_with_a_missing_patch_is_drawn_flat() -> None:
    tokens = grid()
    values = np.random.default_rng(0).random(tokens.shape)
    values[0, 0] = np.nan
    one, other = (
        compose_map(tokens, values, Limits(0, 1), style=MapStyle(smooth=smooth))
        for smooth in (False, True)
    )
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_that_what_is_composed_lies_as_the_screen_has_it_and_covers_everything(
    picture, box, smooth
) -> None:
    tokens, style = grid(box=box), MapStyle(smooth=smooth)
    query, key = unit_maps(tokens)
    composed = (
        compose_overlay(picture, tokens, query, key, style),
        compose_map(tokens, query, Limits(0.0, 1.0), style=style, base=picture),
        compose_map(tokens, query, Limits(0.0, 1.0), style=style),
    )
    for found in composed:
        pixels = screen_pixels(found)
        assert pixels is not None
        assert (pixels[..., 3] == OPAQUE).all()


def test_that_a_thumbnail_has_a_pixel_for_each_patch() -> None:
    values = np.array([[0.0, 0.5], [1.0, np.nan]])
    found = colours_of(values, Limits(0, 1))
    np.testing.assert_array_equal(found[0], VIRIDIS[[0, 128]])
    assert tuple(found[1, 1]) == UNDEFINED


def test_that_the_bar_of_a_light_is_what_it_adds_to_black() -> None:
    style = MapStyle(ColourPair.ORANGE_AZURE, opacity=0.6)
    black, tokens = np.zeros((48, 36, 3), dtype=np.uint8), grid()
    share = np.full(tokens.shape, 128 / 255, dtype=np.float32)
    nothing = np.zeros_like(share)
    lit = compose_overlay(black, tokens, nothing, share, style)
    np.testing.assert_array_equal(light_ramp(style.pair, 1, style)[128], lit[0, 0])
