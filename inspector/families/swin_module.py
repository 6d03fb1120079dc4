"""timm's Swins as they are run: over images of any size, with windows cut by `windows`.

timm's own block rolls before it pads and decides on shifts when it is built; here each block cuts
any grid by its `WindowRule`, and tells how to whoever explains its attention.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from inspector.families.windows import (
    WindowRule,
    crop_tokens,
    into_windows,
    out_of_windows,
    pad_tokens,
    shift_mask,
    windows_on,
)


class RunningSwin(nn.Module):
    """A Swin over images of any size: padded to whole patches, then timm's stages.

    Parameters
    ----------
    body
        timm's SwinTransformer or SwinTransformerV2.
    norms
        Of a backbone, by stage: what its features are normalised by; None for a classifier.
    positions
        Shape (rows, columns, d) of position embeddings added to the patches, else None.
    """

    def __init__(
        self,
        body: Any,
        *,
        norms: Mapping[int, nn.Module] | None = None,
        positions: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self.body = body
        self.is_backbone = norms is not None
        self.norms = nn.ModuleDict({str(stage): norm for stage, norm in (norms or {}).items()})
        self.pos_embed: nn.Parameter | None = None
        if positions is not None:
            self.pos_embed = nn.Parameter(body.patch_embed.proj.weight.new_empty(positions))

    def forward(self, pixels: Tensor) -> Tensor:
        """(batch, 3, rows, columns) -> logits or features (batch, n).

        Of a backbone the features of its last stage (batch, d, rows, columns).
        """
        if self.is_backbone:
            return self.stage_features(pixels)[-1]
        found = self._tokens(pixels)
        for layer in self.body.layers:
            found = layer(found)
        logits: Tensor = self.body.forward_head(self.body.norm(found))
        return logits

    def stage_features(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """(batch, d, rows, columns) after each stage, normalised where the backbone has a norm."""
        found, features = self._tokens(pixels), []
        for stage, layer in enumerate(self.body.layers):
            found = layer(found)
            norm = self.norms[str(stage)] if str(stage) in self.norms else nn.Identity()
            features.append(norm(found).permute(0, 3, 1, 2))
        return tuple(features)

    def _tokens(self, pixels: Tensor) -> Tensor:
        high, wide = self.body.patch_embed.patch_size
        if self.body.patch_embed.proj.in_channels == 1:
            pixels = pixels.mean(dim=1, keepdim=True)
        whole = pad(pixels, (0, -pixels.shape[3] % wide, 0, -pixels.shape[2] % high))
        tokens: Tensor = self.body.patch_embed(whole)
        if self.pos_embed is None:
            return tokens
        shape = tokens.shape[1:3]
        positions = self.pos_embed.permute(2, 0, 1)[None]
        if positions.shape[2:] != shape:
            positions = interpolate(positions, size=shape, mode="bicubic", align_corners=False)
        return tokens + positions.permute(0, 2, 3, 1)


def cut_by(block: Any, rule: WindowRule) -> None:
    """Let a timm block attend within the windows of a rule instead of its own."""

    def attend(tokens: Tensor) -> Tensor:
        shape = (int(tokens.shape[1]), int(tokens.shape[2]))
        windows = windows_on(shape, rule)
        whole = pad_tokens(tokens.flatten(1, 2), shape, windows)
        cut = into_windows(whole, windows)
        mask = shift_mask(windows, tokens.device)
        attended = block.attn(cut.flatten(0, 1), mask=mask).reshape(cut.shape)
        kept = crop_tokens(out_of_windows(attended, windows), shape, windows)
        return kept.reshape(tokens.shape)

    block._attn = attend


def flat(residual: Tensor) -> Tensor:
    """(batch, rows, columns, d) or (batch, tokens, d) -> (batch, tokens, d)."""
    return residual.flatten(1, -2)
