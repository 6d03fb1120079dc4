import numpy as np
import pytest

from inspector.analysis.patch_groups import groups_of, window_of
from inspector.families.windows import WindowRule, windows_on
from tests.analysis.running import KINDS, captured, running
from tests.reference.windowed_attention import cut_into_windows, regions_of

RULES = [
    WindowRule((4, 4), (0, 0), "always"),
    WindowRule((4, 4), (2, 2), "always"),
    WindowRule((3, 5), (1, 2), "by side"),
    WindowRule((4, 4), (2, 2), "by side", pads_first=False),
]
SHAPES = [(8, 8), (6, 11), (4, 13), (3, 3)]


@pytest.mark.parametrize("kind", KINDS)
def test_that_a_block_knows_its_windows_without_being_run(kind):
    _, network = running(kind)
    taps = captured(kind).blocks
    for block in network.blocks:
        grid = taps[block.address].grid
        parts = block.attend(taps[block.address].attn_input, grid)
        assert block.windows(grid.shape) is parts.windows
        assert (parts.windows is not None) == ("swin" in kind)


def groups(shape, rule):
    """Every group as a list of patches, from the order and the sizes."""
    found = groups_of(windows_on(shape, rule), shape)
    order = np.arange(shape[0] * shape[1]) if found.order is None else found.order
    start, lists = 0, []
    for count, size in found.sizes:
        for _ in range(count):
            lists.append(order[start : start + size].tolist())
            start += size
    assert start == len(order)
    return lists


def expected(shape, rule):
    """The tokens of each window and region, as Swin's code cuts them, without padding."""
    windows = windows_on(shape, rule)
    shift = rule.shift if windows.region_of.any() or rule.shifts == "always" else (0, 0)
    numbers = cut_into_windows(
        1 + np.arange(shape[0] * shape[1]).reshape(shape),
        rule.window,
        shift,
        pads_first=rule.pads_first,
    )
    whole = tuple(-(-side // size) * size for side, size in zip(shape, rule.window, strict=True))
    regions = regions_of(whole, rule.window, shift) if any(shift) else np.zeros_like(numbers)
    found = set()
    for members, parts in zip(numbers, regions, strict=True):
        for part in set(parts.tolist()):
            patches = sorted(int(n) - 1 for n in members[parts == part] if n)
            if patches:
                found.add(tuple(patches))
    return found


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rule", RULES[:2])
def test_that_groups_are_the_patches_that_attend_to_one_another(shape, rule):
    found = groups(shape, rule)
    assert sorted(len(group) for group in found) == [len(group) for group in found]
    assert {tuple(group) for group in found} == expected(shape, rule)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rule", RULES)
def test_that_groups_are_those_of_the_numbered_patches(shape, rule):
    """Each patch is in one group, with all that have its number and no others, in order."""
    number = window_of(windows_on(shape, rule), shape).ravel()
    found = groups(shape, rule)
    assert sorted(patch for group in found for patch in group) == list(range(shape[0] * shape[1]))
    for group in found:
        assert group == np.flatnonzero(number == number[group[0]]).tolist()


@pytest.mark.parametrize("windows", [None, windows_on((3, 4), RULES[0])])
def test_that_without_windows_and_in_a_single_one_all_patches_are_one_group(windows):
    found = groups_of(windows, (3, 4))
    assert found.order is None
    assert found.sizes == ((1, 12),)
    assert window_of(None, (3, 4)) is None
