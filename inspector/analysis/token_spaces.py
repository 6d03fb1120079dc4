"""The tokens of a block as one of the three token spaces has them; methods, section 0.5."""

import torch
from torch import Tensor, nn

from inspector.core.errors import BadRequest
from inspector.core.modes import ModeOptions, TokenSpace
from inspector.families.capture import CapturedBlock, Tap
from inspector.families.network import NetworkBlock


def taps_for(space: TokenSpace) -> tuple[Tap, ...]:
    """What has to be captured for it."""
    return (Tap.ATTN_INPUT,) if space is TokenSpace.ATTENTION_INPUT else (Tap.RESID_PRE,)


def check_space(space: TokenSpace, options: ModeOptions) -> None:
    """Refuse tokens that do not belong to the weights that modes are computed from.

    Raises
    ------
    BadRequest
        When the norm's gain would be applied twice, or not at all.
    """
    if space is TokenSpace.NORMED and not options.fold_norm:
        raise BadRequest(
            "The normalised residual has no gain and offset: it belongs to weights with the norm "
            "folded in.",
            advice="Fold the norm into the weights, or choose the attention input.",
        )
    if space is TokenSpace.ATTENTION_INPUT and options.fold_norm:
        raise BadRequest(
            "The attention input has the gain and offset of the norm already: weights with the "
            "norm folded in would apply them twice.",
            advice="Choose the normalised residual, or weights without the norm.",
        )


def tokens_in(space: TokenSpace, block: NetworkBlock, captured: CapturedBlock) -> Tensor:
    """(batch, tokens, d) of a captured block.

    Raises
    ------
    BadRequest
        When the block has no norm in front of attention whose gain could be left out.
    """
    if space is TokenSpace.ATTENTION_INPUT:
        return _kept(captured.attn_input, captured)
    residual = _kept(captured.resid_pre, captured)
    if space is TokenSpace.RESIDUAL:
        return residual
    if block.norm is None:
        raise BadRequest(
            f"No norm stands in front of the attention of {block.address}, so that there is no "
            "normalised residual.",
            advice="Choose the residual or the attention input, which are the same here.",
        )
    return normed(residual, block.norm)


def normed(residual: Tensor, norm: nn.Module) -> Tensor:
    """What a norm makes of its input, without gain and offset; epsilon is the module's own.

    LayerNorm: (x - mean) / sqrt(variance + eps). RMS norm: x / sqrt(mean of x^2 + eps).

    Raises
    ------
    BadRequest
        When the norm is neither.
    """
    eps = getattr(norm, "eps", None)
    if eps is None:
        eps = torch.finfo(residual.dtype).eps
    if isinstance(norm, nn.LayerNorm):
        return nn.functional.layer_norm(residual, (residual.shape[-1],), eps=eps)
    if type(norm).__name__.lower().startswith("rms"):
        return residual * (residual.square().mean(-1, keepdim=True) + eps).rsqrt()
    raise BadRequest(f"How a norm of the kind {type(norm).__name__} normalises is not known here.")


def _kept(tap: Tensor | None, captured: CapturedBlock) -> Tensor:
    if tap is None:
        raise BadRequest(f"The tokens of {captured.address} were not kept.")
    return tap
