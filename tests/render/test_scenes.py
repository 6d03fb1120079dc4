from dataclasses import replace

import numpy as np
import pytest

from inspector.core.errors import BadRequest
from inspector.core.images import ImageCard, Slice, SliceAddress, Window
from inspector.core.map_style import MapStyle
from inspector.core.scene import ShownImage
from inspector.core.tokens import Box, Placement, TokenGrid
from inspector.render.limits import Limits
from inspector.render.overlay import compose_map, compose_overlay, orientation, unit_map
from inspector.render.scenes import (
    attention_picture,
    head_patterns,
    limits_for,
    mode_limits,
    mode_picture,
    mode_title,
    oriented_maps,
    pattern_limits,
    pattern_picture,
    shared_limits,
    shown_grid,
    shown_picture,
    side_picture,
    sign_of,
    token_outlines,
)
from tests.scenes_by_hand import attention_scene, grid, mode_scene, shown

STYLE = MapStyle()


def test_that_a_title_says_address_sigma_energy_and_cosine() -> None:
    scene = mode_scene()
    sigma = scene.modes.sigma[1]
    share = 100 * sigma[2] ** 2 / (sigma**2).sum()
    title = mode_title(scene)
    assert title.startswith(f"S0 B1 H1 M2 · \N{GREEK SMALL LETTER SIGMA} = {sigma[2]:.3g} ")
    assert f"({share:.0f} % energy)" in title
    assert title.endswith(f"cos = {scene.modes.cosine[1, 2]:.2f}".replace("-", "−"))


def test_that_a_mode_of_a_head_of_zeros_has_no_cosine() -> None:
    scene = mode_scene()
    sigma = scene.modes.sigma.copy()
    sigma[scene.head] = 0.0
    title = mode_title(replace(scene, modes=replace(scene.modes, sigma=sigma)))
    assert "cos =" not in title
    assert "no cosine" in title


def test_that_an_overlay_is_drawn_from_the_maps_of_its_head_and_mode() -> None:
    scene = mode_scene()
    query, key = scene.maps.query[1, 2], scene.maps.key[1, 2]
    sign = orientation(query, key)
    limits = [np.percentile(sign * m.astype(np.float64), (30, 95)) for m in (query, key)]
    expected = compose_overlay(
        scene.image.picture,
        shown_grid(scene.maps.grid, scene.image, STYLE),
        unit_map(sign * query, limits[0]),
        unit_map(sign * key, limits[1]),
        STYLE,
    )
    np.testing.assert_array_equal(mode_picture(scene, STYLE).picture, expected)


def test_that_flipping_draws_the_other_sign_of_both_maps() -> None:
    scene, turned = mode_scene(), replace(STYLE, flipped=True)
    assert sign_of(scene, turned) == -sign_of(scene, STYLE)
    for one, other in zip(oriented_maps(scene, STYLE), oriented_maps(scene, turned), strict=True):
        np.testing.assert_array_equal(one, -other)


def test_that_a_stored_pair_and_its_negative_are_drawn_alike() -> None:
    scene = mode_scene()
    maps = scene.maps
    turned = replace(scene, maps=replace(maps, query=-maps.query, key=-maps.key))
    np.testing.assert_array_equal(
        mode_picture(scene, STYLE).picture, mode_picture(turned, STYLE).picture
    )


@pytest.mark.parametrize(("side", "place"), [("query", 0), ("key", 1)])
def test_that_a_single_map_is_centred_on_zero_up_to_its_98th_percentile(side, place) -> None:
    scene = mode_scene()
    values = oriented_maps(scene, STYLE)[place]
    reach = float(np.percentile(np.abs(values).astype(np.float64), 98))
    drawn = side_picture(scene, side, STYLE)
    (bar,) = drawn.bars
    assert (bar.limits.low, bar.limits.high, bar.limits.centre) == (-reach, reach, 0.0)
    expected = compose_map(
        shown_grid(scene.maps.grid, scene.image, STYLE),
        values,
        Limits(-reach, reach, 0.0),
        style=STYLE,
        base=scene.image.picture,
    )
    np.testing.assert_array_equal(drawn.picture, expected)
    clipped = bar.low.startswith("≤") or bar.high.startswith("≥")
    assert clipped == bool((np.abs(values) > reach).any())


def test_that_shared_limits_hold_the_values_of_all_scenes() -> None:
    scenes = [mode_scene(seed=seed) for seed in (0, 5)]
    together = mode_limits(scenes, STYLE)
    both = np.concatenate([oriented_maps(scene, STYLE)[0].ravel() for scene in scenes])
    assert together.query == tuple(np.percentile(both.astype(np.float64), (30, 95)))
    shared = limits_for(scenes, replace(STYLE, limits="shared"))
    assert shared == (together, together)
    own = limits_for(scenes, STYLE)
    assert own == tuple(mode_limits([scene], STYLE) for scene in scenes)
    assert own[0] != own[1]
    assert shared_limits(scenes, STYLE) is None
    assert shared_limits(scenes, replace(STYLE, limits="shared")) == together


def test_that_what_the_model_saw_is_drawn_over_the_whole_input() -> None:
    tokens = grid(box=Box(6.0, 4.0, 30.0, 24.0))
    image, style = shown(tokens), replace(STYLE, seen=True)
    assert shown_picture(image, style) is image.prepared.seen
    seen = shown_grid(tokens, image, style)
    assert seen.row_of_pixel.min() == 0
    assert seen.placement.image_shape == tokens.placement.input_shape
    scene = mode_scene(tokens=tokens, image=image)
    assert mode_picture(scene, style).picture.shape[:2] == tokens.placement.input_shape
    times = image.enlargement
    assert mode_picture(scene, STYLE).picture.shape[:2] == (48 * times, 36 * times)


def test_that_a_scene_without_maps_is_refused_in_words() -> None:
    with pytest.raises(BadRequest, match="no maps of S0 B1 H1 M2 yet"):
        mode_picture(replace(mode_scene(), maps=None), STYLE)


def test_that_a_constant_map_has_a_bar_that_says_so() -> None:
    scene = mode_scene()
    flat = np.full_like(scene.maps.query, 0.25)
    scene = replace(scene, maps=replace(scene.maps, query=flat))
    bars = mode_picture(scene, STYLE).bars
    assert "constant" in bars[0].name
    assert bars[0].low == "0.25" or bars[0].low == "−0.25"


def test_that_a_pattern_is_light_in_the_colour_of_keys() -> None:
    scene = attention_scene()
    pattern = scene.attention.pattern[1]
    share = unit_map(pattern, (0.0, float(pattern.max())))
    expected = compose_overlay(
        scene.image.picture,
        shown_grid(scene.attention.grid, scene.image, STYLE),
        np.zeros_like(share),
        share,
        STYLE,
    )
    drawn = attention_picture(scene, STYLE)
    np.testing.assert_array_equal(drawn.picture, expected)
    assert drawn.bars[0].limits == Limits(0.0, float(pattern.max()))


def test_that_a_pattern_alone_runs_from_zero_to_its_largest() -> None:
    scene = attention_scene()
    limits = pattern_limits([scene], STYLE)
    expected = compose_map(
        shown_grid(scene.attention.grid, scene.image, STYLE),
        scene.attention.pattern[1],
        limits,
        style=STYLE,
        base=scene.image.picture,
    )
    np.testing.assert_array_equal(pattern_picture(scene, STYLE).picture, expected)


def test_that_thumbnails_have_limits_of_their_own_or_of_all_heads() -> None:
    scene = attention_scene()
    largest = [float(head.max()) for head in scene.attention.pattern]
    own = [thumb.bar.limits.high for thumb in head_patterns(scene, STYLE)]
    assert own == largest
    style = replace(STYLE, limits="shared")
    assert {t.bar.limits.high for t in head_patterns(scene, style)} == {max(largest)}
    assert pattern_limits([scene], style).high == max(largest)


def test_that_chosen_patches_are_outlined_and_prefix_tokens_are_not() -> None:
    scene = attention_scene()
    query, key = token_outlines(scene, STYLE)
    tokens = shown_grid(scene.attention.grid, scene.image, STYLE)
    assert (query.side, query.box) == ("query", tokens.box(1, 1))
    assert (key.side, key.box) == ("key", tokens.box(2, 0))
    cls = replace(scene, attention=replace(scene.attention, token=0), pair=None)
    assert token_outlines(cls, STYLE) == ()


def test_that_patches_without_a_number_are_passed_over() -> None:
    scene = attention_scene()
    pattern = np.full_like(scene.attention.pattern, np.nan)
    pattern[1:, 0, 0] = 0.25
    gaps = replace(scene, attention=replace(scene.attention, pattern=pattern), head=1)
    assert pattern_limits([gaps], STYLE).high == 0.25
    assert pattern_limits([replace(gaps, head=0)], STYLE).high == 1.0
    assert len(head_patterns(gaps, STYLE)) == len(pattern)
    one = mode_scene()
    query = one.maps.query.copy()
    query[..., 0, 0], query[..., 0, 1] = np.nan, 1e6
    mapped = replace(one, maps=replace(one.maps, query=query))
    (bar,) = side_picture(mapped, "query", STYLE).bars
    assert bar.high.startswith("≥") or bar.low.startswith("≤")


def test_that_every_patch_of_a_small_image_has_pixels_of_its_own() -> None:
    """28 x 28 pixels under a grid of 14 x 14, of which the model saw 90 %."""
    values = np.arange(28 * 28, dtype=np.float32).reshape(28, 28)
    image = ShownImage(
        ImageCard("x.png", "x.png", "PNG"), SliceAddress(), Slice(values), Window(400, 800)
    )
    box = Box(1.4, 1.4, 25.2, 25.2)
    tokens = TokenGrid(14, 14, (16.0, 16.0), Placement((28, 28), (224, 224), box))
    drawn = shown_grid(tokens, image, STYLE)
    times = image.enlargement
    assert image.picture.shape == (28 * times, 28 * times, 3)
    np.testing.assert_array_equal(image.picture[::times, ::times], image.slice.shown(image.tone))
    for cells in (drawn.row_of_pixel, drawn.column_of_pixel):
        sizes = np.bincount(cells[cells >= 0], minlength=14)
        assert sizes.min() >= 8
        assert sizes.max() - sizes.min() <= 1
    for place in ((0, 0), (5, 9), (13, 13)):
        small, large = tokens.box(*place), drawn.box(*place)
        assert (large.top, large.left) == pytest.approx((small.top * times, small.left * times))


def test_that_a_large_image_keeps_its_pixels_and_a_narrow_one_is_not_made_huge() -> None:
    sizes = {(512, 300): 1, (256, 256): 1, (10, 2000): 1, (10, 400): 5, (1, 1): 256}
    for shape, times in sizes.items():
        image = ShownImage(
            ImageCard("x.png", "x.png", "PNG"),
            SliceAddress(),
            Slice(np.zeros(shape, "f4")),
            Window(0, 1),
        )
        assert image.enlargement == times
