from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QObject

from inspector.core.map_style import ColourPair, MapStyle
from inspector.render.scenes import limits_for, mode_picture, side_picture
from inspector.views.composing import PARTS, Composing, compose_part, key_of
from inspector.views.composing_ahead import ComposingAhead, one_step_further
from inspector.views.modes_view import ModesView
from tests.views.mode_scenes import HEADS, MODES, scene, shown_image, without_maps

STYLE = MapStyle()


def drawn(composing: Composing, part, shown, style=STYLE):
    limits = limits_for([shown], style)[0]
    key = key_of(part, shown, style, limits)
    return composing.drawn(key, lambda: compose_part(part, shown, style, limits))


@pytest.mark.parametrize("part", PARTS)
def test_that_a_picture_has_the_bytes_of_the_compositor_also_the_second_time(part) -> None:
    composing, shown = Composing(), scene(head=1, mode=3)
    fresh = mode_picture(shown, STYLE) if part is None else side_picture(shown, part, STYLE)
    found = drawn(composing, part, shown)
    np.testing.assert_array_equal(found.picture, fresh.picture)
    again = replace(shown)
    assert again is not shown
    assert drawn(composing, part, again) is found


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "change",
    [{"mode": 2}, {"head": 0}, {"image": shown_image()}, {"maps": scene().maps}],
    ids=lambda change: next(iter(change)),
)
def test_that_another_scene_is_composed_anew(part, change) -> None:
    composing, shown = Composing(), scene(head=1, mode=3)
    other = replace(shown, **change)
    assert drawn(composing, part, other) is not drawn(composing, part, shown)


@pytest.mark.parametrize(
    ("change", "overlay", "side"),
    [
        ({"dim": 0.3}, True, True),
        ({"smooth": True}, True, True),
        ({"flipped": True}, True, True),
        ({"seen": True}, True, True),
        ({"opacity": 0.3}, True, False),
        ({"pair": ColourPair.ORANGE_AZURE}, True, False),
        ({"grid": True}, False, False),
    ],
    ids=str,
)
def test_that_a_style_is_composed_anew_where_it_shows(change, overlay, side) -> None:
    composing, shown = Composing(), scene()
    other = replace(STYLE, **change)
    for part, is_new in ((None, overlay), ("query", side), ("key", side)):
        before, after = drawn(composing, part, shown), drawn(composing, part, shown, other)
        assert (after is not before) is is_new
        fresh = mode_picture(shown, other) if part is None else side_picture(shown, part, other)
        np.testing.assert_array_equal(after.picture, fresh.picture)


def test_that_pictures_of_images_that_are_gone_are_let_go() -> None:
    composing, one, other = Composing(), scene(), scene()
    found = drawn(composing, None, one), drawn(composing, None, other)
    composing.keep_only(one.image, None)
    assert drawn(composing, None, one) is found[0]
    assert drawn(composing, None, other) is not found[1]


def test_that_one_step_more_goes_where_the_last_one_went_and_stays_inside() -> None:
    first = scene(mode=1)
    second = replace(first, mode=2)
    found = one_step_further(first, second)
    assert (found.head, found.mode) == (0, 3)
    assert one_step_further(second, first).mode == 0
    assert one_step_further(first, replace(first)) is None
    assert one_step_further(None, first) is None
    assert one_step_further(first, replace(first, mode=MODES - 1)) is None
    assert one_step_further(first, replace(first, head=HEADS - 1)) is None
    assert one_step_further(first, scene(mode=2)) is None
    assert one_step_further(without_maps(first), without_maps(second)) is None


def test_that_what_is_expected_is_composed_while_nothing_else_happens(qtbot) -> None:
    composing, owner, shown = Composing(), QObject(), scene(mode=2)
    ahead = ComposingAhead(composing, owner)
    keys = [key_of(part, shown, STYLE, limits_for([shown], STYLE)[0]) for part in PARTS]
    ahead.expect([shown], STYLE)
    qtbot.wait(5)
    assert not any(key in composing for key in keys)
    ahead.begin()
    qtbot.waitUntil(lambda: all(key in composing for key in keys))
    fresh = mode_picture(shown, STYLE).picture
    np.testing.assert_array_equal(drawn(composing, None, shown).picture, fresh)


def test_that_steps_show_the_pictures_of_their_own_mode(qtbot) -> None:
    view, first = ModesView(), scene(head=1)
    qtbot.addWidget(view)
    for mode in (0, 1, 2, 3, 2, 1, 0):
        shown = replace(first, mode=mode)
        view.show_scene(shown)
        qtbot.wait(5)
        expected = mode_picture(shown, STYLE).picture
        np.testing.assert_array_equal(view.pictures.overlay.picture.pixels, expected)
        for side in ("query", "key"):
            expected = side_picture(shown, side, STYLE).picture
            np.testing.assert_array_equal(view.pictures.sides[side].picture.pixels, expected)
