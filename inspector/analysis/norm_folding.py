"""The gain and offset of the norm in front of attention, as part of the weights.

Attention multiplies gamma * z + beta, with z the normalised residual, so that W_q diag(gamma) and
b_q + W_q beta are what z is multiplied by (methods, section 0.5).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector.analysis.decomposition import Weights
from inspector.analysis.reading import refuse_bad_weights
from inspector.core.errors import BadRequest
from inspector.core.outline import BlockOutline
from inspector.families.by_shapes import SOURCE as BY_SHAPES
from inspector.families.heads import architecture_names
from inspector.families.kinds import normalises_after
from inspector.families.model import Model

_ADVICE = "Take the weights without the norm."


@dataclass(frozen=True, eq=False)
class Norm:
    """Gain and offset, (d,) float64 each; None where the norm has none."""

    gain: npt.NDArray[np.float64] | None = None
    offset: npt.NDArray[np.float64] | None = None

    def weight(self, weights: Weights) -> Weights:
        """(rows, d) weights of what the normalised residual is multiplied by."""
        if self.gain is None:
            return weights
        folded: Weights = weights * self.gain.astype(weights.dtype)
        return folded

    def bias(self, weights: Weights, bias: Weights) -> Weights:
        """(rows,) bias that goes with `weight`; `weights` are those without the norm."""
        if self.offset is None:
            return bias
        folded: Weights = bias + (weights @ self.offset).astype(bias.dtype)
        return folded


def norm_in_front(model: Model, block: BlockOutline) -> Norm:
    """Read the norm whose output a block's query, key and value are made from.

    Raises
    ------
    BadRequest
        When no norm stands in front of attention, or it is not known whether one does.
    BadCheckpoint
        When its weights are not finite.
    """
    outline = model.outline
    names = architecture_names(model.checkpoint.config, model.checkpoint.meta)
    if normalises_after(outline.family, names):
        raise BadRequest(
            f"{outline.family} normalises after attention, not in front of it: there is no gain "
            "that could belong to query and key.",
            advice=_ADVICE,
        )
    if outline.source == BY_SHAPES or outline.family == "transformer encoder":
        raise BadRequest(
            "Whether a norm stands in front of attention cannot be told from this file, so its "
            "gain cannot be made a part of the weights.",
            advice=_ADVICE,
        )
    return Norm(_read(model, block, "norm1.weight"), _read(model, block, "norm1.bias"))


def _read(model: Model, block: BlockOutline, role: str) -> npt.NDArray[np.float64] | None:
    stored = block.parts.get(role)
    if stored is None:
        return None
    found = np.asarray(model.read(stored), dtype=np.float64)
    if not np.isfinite(found).all():
        raise refuse_bad_weights(model, stored, found)
    return found
