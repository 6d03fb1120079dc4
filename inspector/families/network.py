"""A model that can be run on images: timm's module, and where in it a block's parts are.

One architecture per file of `architectures` builds it from the file's own tensors.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from inspector.core.address import Address
from inspector.core.attention import Windows
from inspector.core.preparation import Preparation
from inspector.core.tokens import Placement, TokenGrid


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Tokens of a block, by their places: where there are windows, on the padded grid.

    queries: (batch, n) whose query is wanted; keys: (batch, m) whose key is, None for all.
    """

    queries: Tensor
    keys: Tensor | None = None


@dataclass(frozen=True, eq=False)
class AttentionParts:
    """`inspector.core.attention.BlockAttention` in torch, with a leading batch axis.

    query, key, value: (batch, heads, tokens, d_k) with bias; turned_query, turned_key: as they
    enter the product, None where they are query and key; query_bias, key_bias: (heads, d_k); scale:
    (heads,); position_bias: (heads, tokens, tokens), or (heads, window area, window area). Where
    there are windows, the tokens are those of the padded grid. Where some tokens were asked for,
    queries and keys are those of these tokens, and there is no value.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    query_bias: Tensor
    key_bias: Tensor
    scale: Tensor
    turned_query: Tensor | None = None
    turned_key: Tensor | None = None
    position_bias: Tensor | None = None
    windows: Windows | None = None
    cosine: bool = False


class Attend(Protocol):
    """What a block's attention makes of its input."""

    def __call__(
        self, attn_input: Tensor, grid: TokenGrid, asked: Asked | None = None
    ) -> AttentionParts:
        """(batch, tokens, d) -> the parts; nothing is run but the projections.

        Of all tokens, or of those asked for alone.
        """
        ...


def no_windows(shape: tuple[int, int]) -> Windows | None:
    """Of a block in which every token attends to every other, whatever the grid."""
    del shape
    return None


@dataclass(frozen=True, eq=False)
class NetworkBlock:
    """One attention block of a running model.

    Parameters
    ----------
    address
        As in the outline.
    module
        Its input is the residual in, its output the residual out.
    norm
        Its output is the attention input; None where the residual itself is (post-norm).
    attn_branch, mlp_branch
        Their output is what attention, and the MLP, add to the residual: x_out = x_in + a + m.
    attend
        Query, key, value and what enters the score, from the attention input.
    write
        (batch, tokens, heads * d_v) -> (batch, tokens, d): output projection with its bias,
        LayerScale and branch norm; what is added to the residual.
    windows
        How a grid of so many rows and columns is cut: those of the parts; None where it is not.
    """

    address: Address
    module: nn.Module
    norm: nn.Module | None
    attn_branch: nn.Module
    mlp_branch: nn.Module
    attend: Attend
    write: Callable[[Tensor], Tensor]
    windows: Callable[[tuple[int, int]], Windows | None] = no_windows


@dataclass(frozen=True, eq=False)
class Network:
    """A model that runs.

    Parameters
    ----------
    module
        In evaluation mode, without gradients; (batch, 3, rows, columns) float32 in, logits (or
        features, where there is no classifier) out.
    architecture
        In words, as ``timm VisionTransformer``.
    blocks
        In global order.
    prefix
        Names of the prefix tokens in order.
    preparation
        How images are prepared, as the checkpoint or the family says.
    native
        Whether images of any size can be run.
    grid_of
        The token grid of a block on an image of this placement.
    flat
        (batch, tokens, d) of a residual, from the module's own layout.
    notes
        What was assumed to run it, in sentences.
    """

    module: nn.Module
    architecture: str
    blocks: tuple[NetworkBlock, ...]
    prefix: tuple[str, ...]
    preparation: Preparation
    native: bool
    grid_of: Callable[[Address, Placement], TokenGrid]
    flat: Callable[[Tensor], Tensor]
    notes: tuple[str, ...] = field(default=())

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return next(self.module.parameters()).device
