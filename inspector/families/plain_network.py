"""From one of timm's plain transformers, filled, to a `Network`: where its parts are, what q is.

Serves `VisionTransformer`, `Beit` and `Eva`, whose blocks differ in where biases, scales, rotation
and relative positions are kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from inspector.core.address import Address
from inspector.core.errors import CannotRun
from inspector.core.outline import ModelOutline
from inspector.core.tokens import Placement, TokenGrid
from inspector.families.model import Model
from inspector.families.network import Asked, AttentionParts, Network, NetworkBlock
from inspector.families.plain_modules import GreyInput
from inspector.families.plain_sizes import PlainSizes
from inspector.families.preparation import default_preparation
from inspector.families.projecting import project


@dataclass(frozen=True, slots=True)
class PlainGrids:
    """Where the tokens of a plain transformer lie: the same in all blocks."""

    sizes: PlainSizes
    native: bool

    def __call__(self, address: Address, placement: Placement) -> TokenGrid:
        """The grid of patches on an image.

        Raises
        ------
        CannotRun
            When the input is not one that the model can be run on.
        """
        del address
        shape, patch = placement.input_shape, self.sizes.patch
        if not self.native and shape != self.sizes.image:
            raise CannotRun(
                f"This model takes {_written(self.sizes.image)} pixels, not {_written(shape)}: its "
                "table of relative positions is made for that size.",
                advice="Prepare the image at the model's own size.",
            )
        if shape[0] % patch[0] or shape[1] % patch[1]:
            raise CannotRun(
                f"An input of {_written(shape)} pixels is no whole number of patches of "
                f"{_written(patch)}.",
                advice="Choose a size that is a multiple of the patch.",
            )
        rows, columns = shape[0] // patch[0], shape[1] // patch[1]
        cell = (float(patch[0]), float(patch[1]))
        return TokenGrid(rows, columns, cell, placement, self.sizes.prefix)


def plain_network(
    module: nn.Module,
    model: Model,
    sizes: PlainSizes,
    *,
    architecture: str,
    native: bool,
    norm_after: bool,
    notes: tuple[str, ...],
) -> Network:
    """Describe a filled module; a model of grey pictures is given one channel for three."""
    whole, said = module, list(notes)
    if sizes.channels == 1:
        whole = nn.Sequential(GreyInput(), module)
        said.append("The model looks at one channel: the mean of an image's three.")
    if native and getattr(module, "pos_embed", None) is not None:
        said.append(
            f"On other sizes than {_written(sizes.image)} pixels the position embedding is "
            "interpolated as timm does: bicubic, antialiased."
        )
    return Network(
        module=whole.eval(),
        architecture=architecture,
        blocks=tuple(_blocks(module, model.outline, norm_after=norm_after)),
        prefix=sizes.prefix,
        preparation=default_preparation(model),
        native=native,
        grid_of=PlainGrids(sizes, native),
        flat=_as_it_is,
        notes=tuple(said),
    )


def _blocks(module: Any, outline: ModelOutline, *, norm_after: bool) -> list[NetworkBlock]:
    shared = getattr(module, "rel_pos_bias", None)
    rope = getattr(module, "rope", None)
    return [
        NetworkBlock(
            address=described.address,
            module=block,
            norm=None if norm_after else block.norm1,
            attn_branch=block.drop_path1,
            mlp_branch=block.drop_path2,
            attend=PlainAttention.of(block.attn, shared, rope),
            write=_writer(block, norm_after=norm_after),
        )
        for described, block in zip(outline.blocks(), module.blocks, strict=True)
    ]


@dataclass(frozen=True, eq=False, slots=True)
class PlainAttention:
    """Query, key and value of a block, computed as the module computes them.

    Parameters
    ----------
    attention
        timm's module; `bias` is (3 * heads * d_k,), zeros where there is none.
    shared
        A table of relative positions that all blocks have in common.
    rope
        What turns query and key; prefix tokens are not turned.
    """

    attention: Any
    bias: Tensor
    shared: Any
    rope: Any

    @classmethod
    def of(cls, attention: Any, shared: Any, rope: Any) -> Self:
        """Of a module of timm's."""
        return cls(attention, _fused_bias(attention), shared, rope)

    def __call__(
        self, attn_input: Tensor, grid: TokenGrid, asked: Asked | None = None
    ) -> AttentionParts:
        """(batch, tokens, d) -> the parts."""
        attention, heads = self.attention, self.attention.num_heads
        shape = (heads, len(self.bias) // (3 * heads))
        query, key, value = project(attn_input, attention.qkv.weight, self.bias, shape, asked)
        turned_query, turned_key = self._turned(query, key, grid, asked)
        query_bias, key_bias, _ = self.bias.reshape(3, heads, -1)
        return AttentionParts(
            query=query,
            key=key,
            value=value,
            query_bias=query_bias,
            key_bias=key_bias,
            scale=torch.full((heads,), attention.scale, device=query.device),
            turned_query=None if turned_query is query else turned_query,
            turned_key=None if turned_key is key else turned_key,
            position_bias=self._position_bias(),
        )

    def _turned(
        self, query: Tensor, key: Tensor, grid: TokenGrid, asked: Asked | None
    ) -> tuple[Tensor, Tensor]:
        """As they enter the product: normalised head by head, patches turned by their place."""
        normed = [
            tensor if isinstance(norm, nn.Identity) else norm(tensor)
            for tensor, norm in (
                (query, getattr(self.attention, "q_norm", nn.Identity())),
                (key, getattr(self.attention, "k_norm", nn.Identity())),
            )
        ]
        if self.rope is None:
            return normed[0], normed[1]
        angles = self.rope.get_embed(shape=list(grid.shape))
        places = (None, None) if asked is None else (asked.queries, asked.keys)
        turned = [
            self._rotated(tensor, angles, len(grid.prefix))
            if at is None
            else self._rotated_at(tensor, angles, at - len(grid.prefix))
            for tensor, at in zip(normed, places, strict=True)
        ]
        return turned[0], turned[1]

    def _rotated(self, tensor: Tensor, angles: Tensor, prefix: int) -> Tensor:
        from timm.layers.pos_embed_sincos import apply_rot_embed_cat

        half = self.attention.rotate_half
        patches = apply_rot_embed_cat(tensor[:, :, prefix:], angles, half=half)
        return torch.cat([tensor[:, :, :prefix], patches], dim=2)

    def _rotated_at(self, tensor: Tensor, angles: Tensor, patch: Tensor) -> Tensor:
        """Of tokens (batch, n) by the patches they are; those before the first are not turned."""
        from timm.layers.pos_embed_sincos import apply_rot_embed_cat

        own = angles[patch.clamp(min=0)][:, None]
        turned = apply_rot_embed_cat(tensor, own, half=self.attention.rotate_half)
        return torch.where((patch < 0)[:, None, :, None], tensor, turned)

    def _position_bias(self) -> Tensor | None:
        """(heads, tokens, tokens): the block's own table and the shared one, where there are."""
        own = getattr(self.attention, "relative_position_bias_table", None)
        found = self.attention._get_rel_pos_bias()[0] if own is not None else None
        if self.shared is None:
            return found
        common: Tensor = self.shared()
        common = common.reshape(-1, *common.shape[-2:])
        return common if found is None else found + common


def _fused_bias(attention: Any) -> Tensor:
    if attention.qkv.bias is not None:
        bias: Tensor = attention.qkv.bias
        return bias.detach()
    if getattr(attention, "q_bias", None) is not None:
        return torch.cat([attention.q_bias, attention.k_bias, attention.v_bias]).detach()
    weight: Tensor = attention.qkv.weight
    return torch.zeros(len(weight), device=weight.device)


def _writer(block: Any, *, norm_after: bool) -> Callable[[Tensor], Tensor]:
    """Norm of the mixed values where there is one, output projection, norm behind, LayerScale."""
    scale = getattr(block, "gamma_1", None)
    if scale is None:
        layer_scale = getattr(block, "ls1", None)
        scale = None if layer_scale is None else getattr(layer_scale, "gamma", None)
    norm = getattr(block.attn, "norm", nn.Identity())

    def write(mixed: Tensor) -> Tensor:
        written: Tensor = block.attn.proj(norm(mixed))
        if norm_after:
            written = block.norm1(written)
        return written if scale is None else scale * written

    return write


def _as_it_is(residual: Tensor) -> Tensor:
    return residual


def _written(shape: tuple[int, int]) -> str:
    return f"{shape[0]} × {shape[1]}"
