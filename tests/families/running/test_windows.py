"""Windows are those of the originals: padded, rolled and masked as their code does it."""

import numpy as np
import pytest
import torch

from inspector.families.windows import (
    WindowRule,
    crop_tokens,
    into_windows,
    out_of_windows,
    pad_tokens,
    shift_mask,
    windows_on,
)
from tests.reference.windowed_attention import cut_into_windows, regions_of

GRIDS = ((8, 8), (9, 13), (4, 11), (3, 3), (16, 5), (7, 7))
ALWAYS = WindowRule((4, 4), (2, 2), "always")
ROLLED_BARE = WindowRule((4, 4), (2, 2), "always", pads_first=False)


@pytest.mark.parametrize("shape", GRIDS)
@pytest.mark.parametrize("rule", [ALWAYS, ROLLED_BARE, WindowRule((4, 4), (0, 0), "always")])
def test_that_a_window_holds_what_padding_rolling_and_cutting_gives(shape, rule) -> None:
    windows = windows_on(shape, rule)
    numbers = np.arange(1, 1 + shape[0] * shape[1]).reshape(shape)
    expected = cut_into_windows(numbers, rule.window, rule.shift, pads_first=rule.pads_first)
    tokens = torch.from_numpy(numbers.reshape(-1, 1))
    found = into_windows(pad_tokens(tokens, shape, windows), windows)
    assert np.array_equal(found[..., 0].numpy(), expected)


@pytest.mark.parametrize("shape", GRIDS)
@pytest.mark.parametrize("rule", [ALWAYS, ROLLED_BARE])
def test_that_the_mask_parts_what_only_the_roll_brought_together(shape, rule) -> None:
    windows = windows_on(shape, rule)
    regions = regions_of(windows.shape, rule.window, rule.shift)
    apart = regions[:, :, None] != regions[:, None, :]
    mask = shift_mask(windows, torch.device("cpu"))
    found = np.zeros(apart.shape) if mask is None else mask.numpy()
    assert np.array_equal(found, np.where(apart, -100.0, 0.0))


@pytest.mark.parametrize("shape", GRIDS)
def test_that_tokens_come_back_to_their_places(shape) -> None:
    for rule in (ALWAYS, ROLLED_BARE):
        windows = windows_on(shape, rule)
        tokens = torch.randn(2, shape[0] * shape[1], 3)
        whole = out_of_windows(into_windows(pad_tokens(tokens, shape, windows), windows), windows)
        assert torch.equal(crop_tokens(whole, shape, windows), tokens)


def test_that_members_windows_and_places_say_the_same() -> None:
    windows = windows_on((9, 13), ALWAYS)
    for window, members in enumerate(windows.members):
        assert (windows.window_of[members] == window).all()
        assert np.array_equal(windows.place_of[members], np.arange(16))


@pytest.mark.parametrize(
    ("shifts", "square", "wide"),
    [("always", True, True), ("by side", False, True), ("by shorter side", False, False)],
)
def test_that_small_grids_are_rolled_as_the_code_base_does(shifts, square, wide) -> None:
    rule = WindowRule((4, 4), (2, 2), shifts)
    still = WindowRule((4, 4), (0, 0), shifts)
    for shape, moved in (((4, 4), square), ((4, 8), wide), ((8, 8), True)):
        same = np.array_equal(windows_on(shape, rule).members, windows_on(shape, still).members)
        assert same is not moved


def test_that_by_side_rolls_only_the_side_that_is_longer_than_a_window() -> None:
    windows = windows_on((4, 8), WindowRule((4, 4), (2, 2), "by side"))
    assert np.array_equal(
        windows.members, cut_into_windows(np.arange(32).reshape(4, 8), (4, 4), (0, 2))
    )
