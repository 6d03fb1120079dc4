"""Windows of Swin: how the tokens of a grid are padded, rolled and cut, by whose rules.

The token order never changes: arrays hold the padded grid row by row as it lies in the picture, and
a window lists its members (methods, section 0.7). A network is run by the same `Windows` that its
attention is explained by.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import pad

from inspector.core.attention import Windows

Side = tuple[int, int]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WindowRule:
    """How one block cuts any grid into windows.

    Parameters
    ----------
    window, shift
        Rows and columns, in tokens; no shift is (0, 0).
    shifts
        ``always``: whatever the grid, as MMDetection. ``by side``: not along a side that fits into
        one window, as timm and torchvision. ``by shorter side``: not at all where the shorter
        side fits into one window, as Microsoft's classifiers, Hugging Face and MMPretrain.
    pads_first
        Whether zero tokens are put below and right before the grid is rolled, as all but timm do;
        timm rolls the bare grid and pads what came of it.
    mask
        Added to the score of two tokens that only the roll brought together.
    """

    window: Side
    shift: Side
    shifts: Literal["always", "by side", "by shorter side"]
    pads_first: bool = True
    mask: float = -100.0


@lru_cache(maxsize=32)
def windows_on(shape: Side, rule: WindowRule) -> Windows:
    """Cut a grid of so many rows and columns into windows."""
    shift = _shift(shape, rule)
    rows, columns = (
        _Axis.of(*sizes, pads_first=rule.pads_first)
        for sizes in zip(shape, rule.window, shift, strict=True)
    )
    area = rule.window[0] * rule.window[1]
    window_of = rows.window[:, None] * columns.windows + columns.window[None]
    place_of = rows.place[:, None] * rule.window[1] + columns.place[None]
    region_of = rows.region[:, None] * 2 + columns.region[None]
    members = np.empty((rows.windows * columns.windows, area), dtype=np.int64)
    members[window_of.ravel(), place_of.ravel()] = np.arange(window_of.size)
    arrays = (window_of.ravel(), place_of.ravel(), region_of.ravel(), members)
    for array in arrays:
        array.setflags(write=False)
    return Windows((len(rows.window), len(columns.window)), *arrays, mask=rule.mask)


def pad_tokens(tokens: Tensor, shape: Side, windows: Windows) -> Tensor:
    """(..., rows * columns, d) of a grid -> (..., padded rows * padded columns, d), zeros added."""
    below, right = (whole - side for whole, side in zip(windows.shape, shape, strict=True))
    return pad(_as_grid(tokens, shape), (0, 0, 0, right, 0, below)).flatten(-3, -2)


def crop_tokens(tokens: Tensor, shape: Side, windows: Windows) -> Tensor:
    """(..., padded rows * padded columns, d) -> (..., rows * columns, d): the grid's own tokens."""
    grid = _as_grid(tokens, windows.shape)
    return grid[..., : shape[0], : shape[1], :].flatten(-3, -2)


def into_windows(tensor: Tensor, windows: Windows) -> Tensor:
    """(..., padded tokens, d) -> (..., windows, area, d)."""
    return tensor[..., _indices(windows, tensor.device).members, :]


def out_of_windows(tensor: Tensor, windows: Windows) -> Tensor:
    """(..., windows, area, d) -> (..., padded tokens, d)."""
    return tensor.flatten(-3, -2)[..., _indices(windows, tensor.device).slots, :]


def shift_mask(windows: Windows, device: torch.device) -> Tensor | None:
    """(windows, area, area) added to the scores; None where no two tokens are kept apart."""
    return _indices(windows, device).mask


@dataclass(frozen=True, slots=True)
class _Axis:
    """Rows, or columns, of a padded grid: window, place and region of each; how many windows."""

    window: Integers
    place: Integers
    region: Integers
    windows: int

    @classmethod
    def of(cls, side: int, window: int, shift: int, *, pads_first: bool) -> "_Axis":
        whole = -(-side // window) * window
        at = np.arange(whole)
        rolled = (
            (at - shift) % whole if pads_first else np.where(at < side, (at - shift) % side, at)
        )
        # Swin draws three bands; the border between the first two is one of windows as well.
        region = (rolled >= whole - shift).astype(np.int64)
        return cls(rolled // window, rolled % window, region, whole // window)


@dataclass(frozen=True, eq=False)
class _Indices:
    """`Windows` on a device: members, the slot of each token among them, the mask."""

    members: Tensor
    slots: Tensor
    mask: Tensor | None


@lru_cache(maxsize=32)
def _indices(windows: Windows, device: torch.device) -> _Indices:
    area = windows.members.shape[1]
    slots = windows.window_of * area + windows.place_of
    region = windows.region_of[windows.members]
    apart = region[:, :, None] != region[:, None, :]
    mask = torch.from_numpy(np.where(apart, np.float32(windows.mask), np.float32(0.0)))
    return _Indices(
        torch.from_numpy(windows.members.copy()).to(device),
        torch.from_numpy(slots).to(device),
        mask.to(device) if apart.any() else None,
    )


def _as_grid(tokens: Tensor, shape: Side) -> Tensor:
    return tokens.reshape(*tokens.shape[:-2], *shape, tokens.shape[-1])


def _shift(shape: Side, rule: WindowRule) -> Side:
    fits = tuple(side <= window for side, window in zip(shape, rule.window, strict=True))
    if rule.shifts == "by shorter side" and any(fits):
        return (0, 0)
    if rule.shifts == "by side":
        rows, columns = (0 if inside else s for inside, s in zip(fits, rule.shift, strict=True))
        return (rows, columns)
    return rule.shift
