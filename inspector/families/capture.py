"""What flows through a running model, block by block; the only place that hooks into modules.

Hooks live inside one context manager and are gone when it is left, however it is left. Several
threads may capture from one model at once: each keeps what its own pass computes. Attention
itself is not hooked: it may be fused. Query, key, value and pattern are computed again from the
attention input by `NetworkBlock.attend`, which is tested to give what the module gives.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor, nn

from inspector.core.address import Address
from inspector.core.attention import Windows
from inspector.core.errors import BadRequest
from inspector.core.progress import Progress, silent
from inspector.core.tokens import Placement, TokenGrid
from inspector.families.network import AttentionParts, Network, NetworkBlock

Values = dict[Address, dict[str, Tensor]]
Handles = list[torch.utils.hooks.RemovableHandle]


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


@dataclass(slots=True, eq=False)
class _Shared:
    """The hooks in one module, and how many passes run with them."""

    handles: Handles
    passes: int = 0


# The pass of the thread that a hook is called in.
_PASS: ContextVar[_Pass | None] = ContextVar("forward pass", default=None)
_SHARED: dict[nn.Module, _Shared] = {}
_SHARED_LOCK = threading.Lock()


@contextmanager
def _hooked(
    network: Network, values: Values, taps: frozenset[Tap], progress: Progress
) -> Iterator[None]:
    """Keep what flows into `values` in this thread while the context lasts."""
    kept = tuple(values.get(block.address) for block in network.blocks)
    with hooks_in(network):
        before = _PASS.set(_Pass(kept, frozenset(map(str, taps)), progress))
        try:
            yield
        finally:
            _PASS.reset(before)


@contextmanager
def hooks_in(network: Network) -> Iterator[None]:
    """Hooks are set by the first of the passes that run at one time and removed by the last.

    torch goes through a module's hooks whenever it is called; were they changed by another thread
    meanwhile, that could fail. Who captures many times in a row stays in it from the first to the
    last: to set the hooks anew takes as long as all of them in a pass.
    """
    module = network.module
    with _SHARED_LOCK:
        if module not in _SHARED:
            _SHARED[module] = _Shared(_set_hooks(network))
        _SHARED[module].passes += 1
    try:
        yield
    finally:
        with _SHARED_LOCK:
            _SHARED[module].passes -= 1
            if not _SHARED[module].passes:
                _remove(_SHARED.pop(module).handles)


def _set_hooks(network: Network) -> Handles:
    handles: Handles = []
    try:
        for number, block in enumerate(network.blocks):
            handles.extend(_taps_of(number, block, network.flat))
            handles.append(block.module.register_forward_hook(_told(number, network)))
    except BaseException:
        _remove(handles)
        raise
    return handles


def _remove(handles: Handles) -> None:
    for handle in handles:
        handle.remove()


def _taps_of(
    number: int, block: NetworkBlock, flat: Callable[[Tensor], Tensor]
) -> Iterator[torch.utils.hooks.RemovableHandle]:
    outputs = {
        Tap.ATTN_OUT: block.attn_branch,
        Tap.MLP_OUT: block.mlp_branch,
        Tap.RESID_POST: block.module,
    }
    inputs = {Tap.RESID_PRE: block.module}
    if block.norm is None:
        inputs[Tap.ATTN_INPUT] = block.module
    else:
        outputs[Tap.ATTN_INPUT] = block.norm
    for tap, module in inputs.items():
        yield module.register_forward_pre_hook(_keep_input(number, tap.value, flat))
    for tap, module in outputs.items():
        yield module.register_forward_hook(_keep_output(number, tap.value, flat))


def _keep_input(
    number: int, tap: str, flat: Callable[[Tensor], Tensor]
) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def keep(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        del module
        _keep(number, tap, flat, arguments[0])

    return keep


def _keep_output(
    number: int, tap: str, flat: Callable[[Tensor], Tensor]
) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def keep(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        del module, arguments
        _keep(number, tap, flat, output)

    return keep


def _keep(number: int, tap: str, flat: Callable[[Tensor], Tensor], tensor: Tensor) -> None:
    running = _PASS.get()
    if running is None or tap not in running.taps:
        return
    kept = running.kept[number]
    if kept is not None:
        kept[tap] = flat(tensor)


def _told(number: int, network: Network) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def tell(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        del module, arguments, output
        running = _PASS.get()
        if running is not None:
            running.progress(number + 1, len(network.blocks), str(network.blocks[number].address))

    return tell


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
