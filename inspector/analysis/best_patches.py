"""Where the patches of a picture reach furthest along directions: what optimal images are made of.

Methods, section C2. Of every mode the largest s x . u and s x . v over the patches, for both signs,
in the window where their product is largest, and where they are reached.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from inspector.analysis.patch_groups import Shape, groups_of
from inspector.analysis.token_spaces import tokens_in
from inspector.core.attention import Windows
from inspector.core.modes import BlockModes
from inspector.core.optimal import OptimalOptions
from inspector.families.capture import Capture, CapturedBlock
from inspector.families.network import NetworkBlock

# Numbers of one picture that are projected before they are searched: 4 MB.
_TOGETHER = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """What the patches of one block are projected on.

    Parameters
    ----------
    block
        Of the network.
    options
        Of the measurement.
    rows
        (2 * modes of all heads, d): u of every mode, then v of every mode.
    constant
        (2 * modes of all heads,) what the augmented bias adds to every patch; None without.
    """

    block: NetworkBlock
    options: OptimalOptions
    rows: Tensor
    constant: Tensor | None

    @classmethod
    def of(
        cls, block: NetworkBlock, modes: BlockModes, options: OptimalOptions, device: torch.device
    ) -> "Directions":
        """The first modes of every head, in one piece on a device."""
        count = count_of(modes, options)
        sides = [side.transpose(0, 2, 1)[:, :count] for side in (modes.u, modes.v)]
        rows = torch.from_numpy(np.stack(sides).reshape(-1, modes.width)).to(device)
        if not options.options.augment_bias:
            return cls(block, options, rows, None)
        return cls(block, options, rows[:, :-1].contiguous(), rows[:, -1].contiguous())

    def groups(self, captured: CapturedBlock) -> "_Groups":
        """Which patches attend to one another; as published, windows make no difference."""
        shape = captured.grid.shape
        windows = None if self.options.compat else self.block.windows(shape)
        return _groups_on(windows, shape, self.rows.device)

    def patches(self, captured: CapturedBlock, part: slice) -> Tensor:
        """(pictures, patches, d) of some pictures, group after group."""
        tokens = tokens_in(self.options.space, self.block, captured)
        patches, order = tokens[part, len(captured.grid.prefix) :], self.groups(captured).order
        return patches if order is None else patches.index_select(1, order)


def best_patches(
    directions: Sequence[Directions], capture: Capture, part: slice
) -> tuple[Tensor, Tensor]:
    """The largest s q and s k of some pictures, in the window where their product is largest.

    Parameters
    ----------
    directions
        Of the blocks, in their order.
    capture, part
        A pass, and which of its pictures.

    Returns
    -------
    (pictures, 2, rows of all blocks) for both signs; (pictures, 2, rows, 2) row and column of the
    patches, the bits of uint16. Rows are those of `Directions`, block after block.
    """
    found = [_best(run, capture, part) for run in _runs(directions, capture)]
    value = torch.cat([values for values, _ in found], dim=2)
    return value, torch.cat([places for _, places in found], dim=2)


def sides_of(directions: Sequence[Directions]) -> tuple[Tensor, Tensor]:
    """(modes of all blocks,) where the u, and the v, of each is among the rows of all blocks."""
    ends = list(itertools.accumulate(len(each.rows) for each in directions))
    of_block = [
        torch.arange(end - len(each.rows), end, device=each.rows.device).reshape(2, -1)
        for each, end in zip(directions, ends, strict=True)
    ]
    query, key = torch.cat(of_block, dim=1)
    return query, key


def count_of(modes: BlockModes, options: OptimalOptions) -> int:
    """How many modes of a head count."""
    return modes.num_modes if options.modes is None else min(options.modes, modes.num_modes)


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """`PatchGroups` on a device: `order` and `sizes` of these.

    place: (patches, 2) row and column of the patches in this order, the bits of uint16, which torch
    hardly knows. members: (groups, most) where the patches of each are in it; in a group of fewer
    than the most the first one again. Both orders are those of the patches in every group.
    """

    order: Tensor | None
    sizes: tuple[tuple[int, int], ...]
    place: Tensor
    members: Tensor


@lru_cache(maxsize=64)
def _groups_on(windows: Windows | None, shape: Shape, device: torch.device) -> _Groups:
    groups = groups_of(windows, shape)
    order = np.arange(shape[0] * shape[1]) if groups.order is None else groups.order.copy()
    lengths = np.concatenate([np.full(count, size) for count, size in groups.sizes])
    place = np.stack(np.divmod(order, shape[1]), axis=1).astype(np.uint16).view(np.int16)
    within = np.arange(lengths.max())
    within = np.where(within < lengths[:, None], within, 0)
    return _Groups(
        None if groups.order is None else torch.from_numpy(order).to(device),
        groups.sizes,
        torch.from_numpy(place).to(device),
        torch.from_numpy((np.cumsum(lengths) - lengths)[:, None] + within).to(device),
    )


def _runs(directions: Sequence[Directions], capture: Capture) -> Iterator[list[Directions]]:
    """Blocks that are searched together: those without windows that follow on one grid.

    Not more than stay in a cache.
    """
    run: list[Directions] = []
    room, last = 0, None
    for each in directions:
        groups = each.groups(capture.blocks[each.block.address])
        size = len(each.rows) * len(groups.place)
        if run and (groups is not last or groups.order is not None or size > room):
            yield run
            run = []
        room = (room if run else _TOGETHER) - size
        run.append(each)
        last = groups
    yield run


def _best(run: Sequence[Directions], capture: Capture, part: slice) -> tuple[Tensor, Tensor]:
    """As `best_patches`, of blocks that are searched together."""
    groups = run[0].groups(capture.blocks[run[0].block.address])
    constant = None
    if run[0].constant is not None:
        constant = torch.cat([each.constant for each in run if each.constant is not None])
        constant = constant * constant.new_tensor([1, -1])[:, None]
    if groups.order is None:
        value, at = _first_extremes(_projected(run, capture, part))
        return value if constant is None else value + constant, groups.place[at]
    (directions,) = run
    patches = directions.patches(capture.blocks[directions.block.address], part)
    value, at = _in_best_window(patches @ directions.rows.T, constant, groups)
    return value, groups.place[at]


def _projected(run: Sequence[Directions], capture: Capture, part: slice) -> Tensor:
    """(pictures, rows of the blocks, patches) the patches on every direction."""
    patches = [each.patches(capture.blocks[each.block.address], part) for each in run]
    ends = list(itertools.accumulate(len(each.rows) for each in run))
    found = patches[0].new_empty(len(patches[0]), ends[-1], patches[0].shape[1])
    for each, own, end in zip(run, patches, ends, strict=True):
        to = found[:, end - len(each.rows) : end]
        if len(own) == 1:
            torch.mm(each.rows, own[0].T, out=to[0])
        else:
            torch.bmm(each.rows.expand(len(own), -1, -1), own.mT, out=to)
    return found


def _first_extremes(values: Tensor) -> tuple[Tensor, Tensor]:
    """(pictures, 2, ...) maximum and negative minimum of the last axis, first place of each."""
    return _by_numpy(values) if values.device.type == "cpu" else _by_torch(values)


def _by_numpy(values: Tensor) -> tuple[Tensor, Tensor]:
    """In a sixth of the time that torch takes, along an axis that lies in one piece."""
    array = np.ascontiguousarray(values.numpy())
    at = np.empty((len(array), 2, *array.shape[1:-1]), np.intp)
    array.argmax(axis=-1, out=at[:, 0])
    array.argmin(axis=-1, out=at[:, 1])
    starts = np.arange(0, array.size, array.shape[-1]).reshape(array.shape[:-1])
    extremes = array.reshape(-1)[starts[:, None] + at]
    np.negative(extremes[:, 1], out=extremes[:, 1])
    return torch.from_numpy(extremes), torch.from_numpy(at)


def _by_torch(values: Tensor) -> tuple[Tensor, Tensor]:
    """On a graphics processor nothing is waited for."""
    high, low = values.max(dim=-1), values.min(dim=-1)
    found = torch.stack([high.values, -low.values], dim=1)
    return found, torch.stack([high.indices, low.indices], dim=1)


def _in_best_window(
    projected: Tensor, constant: Tensor | None, groups: _Groups
) -> tuple[Tensor, Tensor]:
    """Of (pictures, patches, directions), group after group.

    The extremes of all windows come first, taken along an axis that does not lie in one piece, so
    that many directions are compared at once; their places are looked for only in the window of
    each mode where the product is largest.

    Returns
    -------
    (pictures, 2, directions) maximum and negative minimum in that window; where in the order.
    """
    extremes = _extremes_of_windows(projected, groups)
    if constant is not None:
        extremes += constant[:, None]
    window = _best_windows(projected, extremes, groups).repeat(1, 1, 2)
    directions = window.shape[2]
    column = torch.arange(directions, device=window.device)[:, None]
    cell = groups.members[window].mul_(directions).add_(column)
    values = projected.flatten(1).gather(1, cell.flatten(1)).view(cell.shape)
    values[:, 1].neg_()
    at = cell.gather(3, _first_maxima(values)[..., None])[..., 0] // directions
    return extremes.gather(2, window[:, :, None])[:, :, 0], at


def _extremes_of_windows(projected: Tensor, groups: _Groups) -> Tensor:
    """(pictures, 2, windows, directions) maximum and negative minimum of (pictures, patches, ...).

    Windows of one size stand together.
    """
    high, low, start = [], [], 0
    for count, size in groups.sizes:
        part = projected[:, start : start + count * size]
        part = part.reshape(len(part), count, size, -1)
        high.append(part.amax(dim=2))
        low.append(part.amin(dim=2))
        start += count * size
    return torch.stack([torch.cat(high, dim=1), -torch.cat(low, dim=1)], dim=1)


def _best_windows(projected: Tensor, extremes: Tensor, groups: _Groups) -> Tensor:
    """(pictures, 2, modes) the windows where the product of u's and v's extremes is largest.

    In float64 the products of float32 are exact, so that no two windows are equal but where they
    are; of equal ones that with the first query patch, where a product is 0 any. What is not a
    number is the largest.
    """
    # Apple's processors have no float64.
    kind = torch.float32 if extremes.device.type == "mps" else torch.float64
    query, key = extremes.to(kind).clamp(min=0).chunk(2, dim=3)
    product = torch.nan_to_num(query * key, nan=torch.inf)
    largest = product.amax(dim=2, keepdim=True)
    equal = product == largest
    chosen = _first_true(equal)
    several = (equal.sum(dim=2, keepdim=True) > 1) & (largest > 0)
    picture, sign, window, mode = (equal & several).nonzero(as_tuple=True)
    if len(picture):
        members = groups.members[window]
        values = projected[picture[:, None], members, mode[:, None]]
        values = values * (1 - 2 * sign[:, None])
        at = members.gather(1, _first_maxima(values)[:, None])[:, 0]
        patch = at if groups.order is None else groups.order[at]
        known = patch.new_full(equal.shape, projected.shape[1])
        known[picture, sign, window, mode] = patch
        rival = known == known.amin(dim=2, keepdim=True)
        chosen = torch.where(several[:, :, 0], _first_true(rival), chosen)
    return chosen


def _first_true(which: Tensor) -> Tensor:
    """(pictures, 2, modes) the first of the windows of (pictures, 2, windows, modes)."""
    count = which.shape[2]
    falling = torch.arange(count, 0, -1, dtype=torch.int32, device=which.device)
    return count - (which * falling[:, None]).amax(dim=2).long()


def _first_maxima(values: Tensor) -> Tensor:
    """Where the maximum of the last axis is first reached."""
    if values.device.type == "cpu":
        return torch.from_numpy(values.numpy().argmax(axis=-1))
    return values.max(dim=-1).indices
