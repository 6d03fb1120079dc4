"""What flows through a running model, block by block; the only place that hooks into modules.

Hooks live inside one context manager and are gone when it is left, however it is left. Several
threads may capture from one model at once: each keeps what its own pass computes. A hook stands
for a module's `forward`: torch's own would take a longer way through every module that has one,
and could fail where one is set while another thread runs the model. Attention itself is not hooked:
it may be fused. Query, key, value and pattern are computed again from the attention input by
`NetworkBlock.attend`, which is tested to give what the module gives.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import torch
from torch import Tensor, nn

from inspector.core.address import Address
from inspector.core.attention import Windows
from inspector.core.errors import BadRequest
from inspector.core.progress import Progress, silent
from inspector.core.tokens import Placement, TokenGrid
from inspector.families.network import AttentionParts, Network, NetworkBlock

Values = dict[Address, dict[str, Tensor]]
Forward = Callable[..., Tensor]


class Tap(StrEnum):
    """A place in a block where what flows is kept."""

    RESID_PRE = "resid_pre"
    ATTN_INPUT = "attn_input"
    ATTN_OUT = "attn_out"
    MLP_OUT = "mlp_out"
    RESID_POST = "resid_post"


ALL_TAPS = tuple(Tap)


@dataclass(frozen=True, eq=False)
class CapturedBlock:
    """What flowed through one block: (batch, tokens, d) each, None where it was not asked for.

    Prefix tokens come first, then patches row by row. `attn_out` and `mlp_out` are what attention
    and the MLP added: resid_post = resid_pre + attn_out + mlp_out.
    """

    address: Address
    grid: TokenGrid
    resid_pre: Tensor | None = None
    attn_input: Tensor | None = None
    attn_out: Tensor | None = None
    mlp_out: Tensor | None = None
    resid_post: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Capture:
    """One forward pass: the blocks that were asked for, and the model's output."""

    blocks: Mapping[Address, CapturedBlock]
    output: Tensor
    placement: Placement


def capture(
    network: Network,
    pixels: Tensor,
    placement: Placement,
    *,
    taps: Collection[Tap] = ALL_TAPS,
    addresses: Collection[Address] | None = None,
    progress: Progress = silent,
) -> Capture:
    """Run the model and keep what flows through its blocks; safe from several threads at once.

    Parameters
    ----------
    pixels
        (batch, 3, rows, columns), prepared.
    placement
        Of these pixels on their picture.
    taps
        What is kept.
    addresses
        Of the blocks it is kept of; all by default.
    progress
        Told after every block; what it raises ends the pass.

    Raises
    ------
    BadRequest
        When the pixels do not fit the placement, or a block does not exist.
    CannotRun
        When the model does not take images of this size.
    """
    if tuple(pixels.shape[2:]) != placement.input_shape:
        raise BadRequest(
            f"Pixels of shape {tuple(pixels.shape)} do not fit an input of {placement.input_shape}."
        )
    chosen = _chosen(network, addresses)
    values: Values = {block.address: {} for block in chosen}
    grids = {address: network.grid_of(address, placement) for address in values}
    with _hooked(network, values, frozenset(taps), progress), torch.no_grad():
        output = network.module(pixels.to(network.device))
    blocks = {
        address: CapturedBlock(address, grids[address], **kept) for address, kept in values.items()
    }
    return Capture(blocks, output, placement)


def pattern_of(parts: AttentionParts) -> Tensor:
    """Attention after softmax, computed from its parts (methods, sections 0.4 and 0.7).

    Returns
    -------
    (batch, heads, tokens, tokens); where there are windows (batch, windows, heads, area, area).
    """
    query = parts.query if parts.turned_query is None else parts.turned_query
    key = parts.key if parts.turned_key is None else parts.turned_key
    scale = parts.scale[:, None, None]
    if parts.windows is None:
        score = query @ key.transpose(-2, -1) * scale
        if parts.position_bias is not None:
            score = score + parts.position_bias
        return score.softmax(-1)
    members = _members(parts.windows, query.device)
    score = _windowed(query, members) @ _windowed(key, members).transpose(-2, -1) * scale
    if parts.position_bias is not None:
        score = score + parts.position_bias
    return (score + _shift_mask(parts.windows, score)).softmax(-1)


def mixed(parts: AttentionParts, grid: TokenGrid) -> Tensor:
    """What attention makes of the values, before the output projection: pattern times value.

    Returns
    -------
    (batch, tokens, heads * d_v) of the visible tokens of `grid`.
    """
    pattern = pattern_of(parts)
    if parts.windows is None:
        return (pattern @ parts.value).transpose(1, 2).flatten(2)
    members = _members(parts.windows, pattern.device)
    by_window = (pattern @ _windowed(parts.value, members)).transpose(2, 3).flatten(3)
    rows, columns = parts.windows.shape
    padded = by_window.new_empty(len(by_window), rows * columns, by_window.shape[-1])
    padded[:, members.flatten()] = by_window.flatten(1, 2)
    visible = padded.reshape(len(padded), rows, columns, -1)[:, : grid.rows, : grid.columns]
    return visible.flatten(1, 2)


def _chosen(network: Network, addresses: Collection[Address] | None) -> list[NetworkBlock]:
    if addresses is None:
        return list(network.blocks)
    wanted = {address.of_block for address in addresses}
    missing = wanted - {block.address for block in network.blocks}
    if missing:
        raise BadRequest(f"The model has no block {min(missing)}.")
    return [block for block in network.blocks if block.address in wanted]


@dataclass(frozen=True, slots=True, eq=False)
class _Pass:
    """A forward pass: what it keeps of each block, None of those not asked for; who is told."""

    kept: tuple[dict[str, Tensor] | None, ...]
    taps: frozenset[str]
    progress: Progress


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """What a hook in one module keeps of a block: of its input, of its output; who is told."""

    number: int
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    is_block: bool = False


@dataclass(slots=True, eq=False)
class _Hook:
    """A hook in a module, how many want it, and the `forward` that was set before, if any."""

    earlier: Forward | None
    wanted: int = 0


# The pass of the thread that a hook is called in.
_PASS: ContextVar[_Pass | None] = ContextVar("forward pass", default=None)
_HOOKS: dict[nn.Module, _Hook] = {}
_HOOKS_LOCK = threading.Lock()


@contextmanager
def _hooked(
    network: Network, values: Values, taps: frozenset[Tap], progress: Progress
) -> Iterator[None]:
    """Keep what flows into `values` in this thread while the context lasts."""
    kept = tuple(values.get(block.address) for block in network.blocks)
    with hooks_in(network, taps):
        before = _PASS.set(_Pass(kept, frozenset(map(str, taps)), progress))
        try:
            yield
        finally:
            _PASS.reset(before)


@contextmanager
def hooks_in(network: Network, taps: Collection[Tap]) -> Iterator[None]:
    """Hooks for some taps are set by the first who wants them and removed by the last.

    Who captures many times in a row stays in it from the first to the last.
    """
    places = _places(network, taps)
    with _HOOKS_LOCK:
        for module, place in places.items():
            if module not in _HOOKS:
                _HOOKS[module] = _set_hook(network, module, place)
            _HOOKS[module].wanted += 1
    try:
        yield
    finally:
        with _HOOKS_LOCK:
            for module in places:
                _HOOKS[module].wanted -= 1
                if not _HOOKS[module].wanted:
                    _remove_hook(module, _HOOKS.pop(module))


def _places(network: Network, taps: Collection[Tap]) -> dict[nn.Module, _Place]:
    """The modules that need a hook, each with all that can be kept there."""
    found = {}
    for number, block in enumerate(network.blocks):
        before: tuple[str, ...] = (Tap.RESID_PRE.value,)
        if block.norm is None:
            before = (*before, Tap.ATTN_INPUT.value)
        elif Tap.ATTN_INPUT in taps:
            found[block.norm] = _Place(number, after=(Tap.ATTN_INPUT.value,))
        if Tap.ATTN_OUT in taps:
            found[block.attn_branch] = _Place(number, after=(Tap.ATTN_OUT.value,))
        if Tap.MLP_OUT in taps:
            found[block.mlp_branch] = _Place(number, after=(Tap.MLP_OUT.value,))
        found[block.module] = _Place(number, before, (Tap.RESID_POST.value,), is_block=True)
    return found


def _set_hook(network: Network, module: nn.Module, place: _Place) -> _Hook:
    forward: Forward = module.forward
    hook = _Hook(vars(module).get("forward"))
    blocks, flat = network.blocks, network.flat

    def hooked(*arguments: Any, **named: Any) -> Tensor:
        running = _PASS.get()
        if running is None:
            return forward(*arguments, **named)
        kept = running.kept[place.number]
        if kept is not None:
            for tap in place.before:
                if tap in running.taps:
                    kept[tap] = flat(arguments[0])
        output = forward(*arguments, **named)
        if kept is not None:
            for tap in place.after:
                if tap in running.taps:
                    kept[tap] = flat(output)
        if place.is_block:
            done = place.number + 1
            running.progress(done, len(blocks), str(blocks[place.number].address))
        return output

    # To set and to remove it is one step each, whichever thread runs the module meanwhile.
    module.forward = hooked
    return hook


def _remove_hook(module: nn.Module, hook: _Hook) -> None:
    if hook.earlier is None:
        del module.forward
    else:
        module.forward = hook.earlier


def _members(windows: Windows, device: torch.device) -> Tensor:
    return torch.tensor(windows.members, device=device)


def _windowed(values: Tensor, members: Tensor) -> Tensor:
    """(batch, heads, tokens, n) -> (batch, windows, heads, area, n)."""
    return values[:, :, members].transpose(1, 2)


def _shift_mask(windows: Windows, score: Tensor) -> Tensor:
    """(windows, 1, area, area): what keeps apart the ends of a rolled grid."""
    region = torch.tensor(windows.region_of[windows.members], device=score.device)
    apart = region[:, None, :, None] != region[:, None, None, :]
    return apart.to(score.dtype) * windows.mask
