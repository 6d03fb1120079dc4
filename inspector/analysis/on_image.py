"""A model run on one image, once: what its maps, rankings and attention are then made of.

Methods, sections C1 and G. The pass is `capture`; afterwards nothing of the model is run but the
query, key and value projections of a block that is looked at.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inspector.analysis.contributions import measured
from inspector.analysis.patch_groups import window_of
from inspector.analysis.precision import full_precision
from inspector.analysis.token_spaces import check_space, tokens_in
from inspector.core.address import Address
from inspector.core.attention import BlockAttention, Windows
from inspector.core.errors import BadRequest
from inspector.core.modes import (
    BlockMaps,
    BlockModes,
    ModeOptions,
    Product,
    SmallArray,
    TokenSpace,
)
from inspector.core.preparation import PreparedImage
from inspector.core.progress import Progress, silent
from inspector.core.tokens import TokenGrid
from inspector.families.capture import CapturedBlock, Tap, capture, mixed
from inspector.families.network import Network, NetworkBlock
from inspector.families.windows import pad_tokens

TAPS = (Tap.RESID_PRE, Tap.ATTN_INPUT)


@dataclass(frozen=True, eq=False)
class ImageRun:
    """What is kept of a forward pass: the residual and the attention input of every block.

    It holds tensors only, no hooks, and can be used from any thread.
    """

    network: Network
    blocks: Mapping[Address, CapturedBlock]

    @property
    def nbytes(self) -> int:
        """Memory of what is kept, in bytes."""
        taps = [(block.resid_pre, block.attn_input) for block in self.blocks.values()]
        return sum(tap.nbytes for pair in taps for tap in pair if tap is not None)

    def grid(self, address: Address) -> TokenGrid:
        """The token grid of a block."""
        return self._captured(address).grid

    def maps(self, modes: BlockModes, options: ModeOptions, space: TokenSpace) -> BlockMaps:
        """Project every patch on u and v of every mode of every head of a block.

        Tokens are multiplied by u and v themselves. To multiply them by W_q and W_k, as the model
        does, and to turn the d_k features of a head into its modes takes as many operations, and
        loses digits where a head is ill-conditioned.

        For the value-output product the key map is what is read, x . v, and the query map what the
        mode writes along u: sigma_n times the attention-weighted mean of x_j . v_n over all tokens
        j, prefix tokens included. That is the mode's part of what the head adds to the residual;
        what the value's bias adds to every token alike is in it where the bias is augmented. The
        contribution of such a mode is the mean of |what it writes| over the patches.

        Parameters
        ----------
        modes
            Of the block.
        options
            With which they were computed.
        space
            What is projected.

        Raises
        ------
        BadRequest
            When modes, options and space do not belong together, or the block was not run.
        """
        block, captured = self._block(modes.address), self._captured(modes.address)
        _check(
            modes,
            options,
            space,
            int(tokens_in(TokenSpace.ATTENTION_INPUT, block, captured).shape[2]),
        )
        with torch.inference_mode(), full_precision(self.network.device):
            tokens = tokens_in(space, block, captured)
            u, v = (_on(side, tokens.device) for side in (modes.u, modes.v))
            key = _project(tokens, v, modes)
            if options.product is Product.QK:
                query, windows = _project(tokens, u, modes), block.windows(captured.grid.shape)
            else:
                query, windows = self._written(block, captured, modes, options, v)
        grid = captured.grid
        read, written = _maps(key, grid), _maps(query, grid)
        visible = window_of(windows, grid.shape)
        if options.product is Product.QK:
            contribution = measured(written, read, modes.sigma, visible, "mean")
        else:
            contribution = np.abs(written).mean(axis=(2, 3), dtype=np.float64)
        return BlockMaps(modes.address, options, space, grid, written, read, contribution, visible)

    def attention(self, address: Address) -> BlockAttention:
        """Query, key, value and what enters the score of a block, as read-only arrays."""
        block, captured = self._block(address), self._captured(address)
        with torch.inference_mode(), full_precision(self.network.device):
            tokens = tokens_in(TokenSpace.ATTENTION_INPUT, block, captured)
            parts = block.attend(tokens, captured.grid)
            if parts.windows is not None:
                tokens = pad_tokens(tokens, captured.grid.shape, parts.windows)
        turned = (parts.turned_query, parts.turned_key)
        return BlockAttention(
            address=block.address,
            grid=captured.grid,
            tokens=_array(tokens[0]),
            query=_array(parts.query[0]),
            key=_array(parts.key[0]),
            value=_array(parts.value[0]),
            query_bias=_array(parts.query_bias),
            key_bias=_array(parts.key_bias),
            scale=_array(parts.scale),
            turned_query=None if turned[0] is None else _array(turned[0][0]),
            turned_key=None if turned[1] is None else _array(turned[1][0]),
            position_bias=None if parts.position_bias is None else _array(parts.position_bias),
            windows=parts.windows,
            cosine=parts.cosine,
        )

    def _written(
        self,
        block: NetworkBlock,
        captured: CapturedBlock,
        modes: BlockModes,
        options: ModeOptions,
        v: Tensor,
    ) -> tuple[Tensor, Windows | None]:
        """(heads, modes, tokens) what each mode writes; what is read is always what was attended.

        The values of the attention are replaced by x . v; padding tokens of a window are zero.
        """
        parts = block.attend(tokens_in(TokenSpace.ATTENTION_INPUT, block, captured), captured.grid)
        space = TokenSpace.NORMED if options.fold_norm else TokenSpace.ATTENTION_INPUT
        tokens = tokens_in(space, block, captured)
        if parts.windows is not None:
            tokens = pad_tokens(tokens, captured.grid.shape, parts.windows)
        read = _project(tokens, v, modes).mT[None]
        result = mixed(replace(parts, value=read), captured.grid)[0]
        by_mode = result.reshape(len(result), modes.num_heads, modes.num_modes).permute(1, 2, 0)
        sigma = torch.tensor(modes.sigma, dtype=by_mode.dtype, device=by_mode.device)
        return by_mode * sigma[:, :, None], parts.windows

    def _block(self, address: Address) -> NetworkBlock:
        found = (b for b in self.network.blocks if b.address == address.of_block)
        block = next(found, None)
        if block is None:
            raise BadRequest(f"The model that was run has no block {address.of_block}.")
        return block

    def _captured(self, address: Address) -> CapturedBlock:
        captured = self.blocks.get(address.of_block)
        if captured is None:
            raise BadRequest(
                f"Nothing was kept of block {address.of_block} when the model was run.",
                advice="Run the model again for this block.",
            )
        return captured


def run_on_image(
    network: Network,
    prepared: PreparedImage,
    *,
    addresses: Collection[Address] | None = None,
    progress: Progress = silent,
) -> ImageRun:
    """Run a model on one image and keep what maps and attention are made of.

    Parameters
    ----------
    network, prepared
        The model, and its input.
    addresses
        Of the blocks that will be looked at; all by default.
    progress
        Told after every block.
    """
    pixels = torch.from_numpy(prepared.pixels.copy())[None]
    with torch.inference_mode(), full_precision(network.device):
        found = capture(
            network,
            pixels,
            prepared.placement,
            taps=TAPS,
            addresses=addresses,
            progress=progress,
        )
    return ImageRun(network, found.blocks)


def _check(modes: BlockModes, options: ModeOptions, space: TokenSpace, width: int) -> None:
    """Refuse tokens that are not those the modes belong to."""
    if modes.width != width + options.augment_bias:
        raise BadRequest(
            f"Modes of {modes.address} are {modes.width} long, its tokens {width}: they belong to "
            "another model, or to other options."
        )
    check_space(space, options)


def _project(tokens: Tensor, columns: Tensor, modes: BlockModes) -> Tensor:
    """(heads, modes, tokens) of (1, tokens, d) and (heads, width, modes), one product for all.

    Where the bias is augmented, the last row of `columns` belongs to a feature that is always 1.
    """
    rows = columns.mT.reshape(-1, modes.width)
    width = tokens.shape[2]
    found = rows[:, :width] @ tokens[0].T
    if width < modes.width:
        found = found + rows[:, width:]
    return found.reshape(modes.num_heads, modes.num_modes, -1)


def _on(columns: SmallArray, device: torch.device) -> Tensor:
    """(heads, width, modes) on a device, each mode in one piece as in `columns`."""
    return torch.from_numpy(columns.transpose(0, 2, 1).copy()).to(device).mT


def _maps(projected: Tensor, grid: TokenGrid) -> SmallArray:
    """(heads, modes, rows, columns) of (heads, modes, tokens), without prefix tokens."""
    patches = _array(projected[:, :, len(grid.prefix) :])
    return patches.reshape(*patches.shape[:2], *grid.shape)


def _array(tensor: Tensor) -> npt.NDArray[np.float32]:
    """Read-only, contiguous, in memory of its own or the tensor's."""
    array: npt.NDArray[np.float32] = tensor.detach().float().cpu().contiguous().numpy()
    array.setflags(write=False)
    return array
