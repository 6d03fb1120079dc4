"""Make an open model run: the first architecture that matches builds it from the file's tensors."""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from inspector.core.errors import CannotRun
from inspector.families.architectures import ARCHITECTURES
from inspector.families.model import Model
from inspector.families.network import Network
from inspector.families.plain_kinds import why_not_plain

_LOOK = "Its weights can still be looked at."
_SHOWN = 4

# What stands beside a backbone in files of all kinds: decoders, heads, teachers of a training.
_BESIDE = re.compile(
    r"(?i)^(?:\w*decode\w*|\w*predictor\w*|(?:\w+_)?heads?(?:_\w+)?\d*|aux\w*|necks?|classifiers?|fc|"
    r"linear|projector|pooler|queue\w*|center|target_\w+|text\w*|logit_scale|logit_bias)(?=[./]|$)"
)


def build_network(model: Model, *, device: str = "cpu") -> Network:
    """Build the model of a file so that it runs on images.

    Nothing is downloaded or drawn at random: every weight is the file's, and every tensor of the
    backbone is used. What the weights do not tell, and was assumed, is in `Network.notes`.

    Raises
    ------
    CannotRun
        When timm has no such model, its modules and the file's tensors do not fit, or a weight is
        not finite.
    """
    architecture = next((known for known in ARCHITECTURES if known.matches(model)), None)
    if architecture is None:
        reason = why_not_plain(model.outline) or f"{model.outline.family} is not run here"
        raise CannotRun(f"This model cannot be run on images: {reason}.", advice=_LOOK)
    beside = _beside(model)
    try:
        network = architecture.build(model, device)
    except (AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise CannotRun(
            f"The tensors of the file do not fit together as a {architecture.name} has them.",
            advice=_LOOK,
            details=repr(error),
        ) from error
    _check_finite(model, network)
    return replace(network, notes=(*model.outline.assumed, *network.notes, *beside))


def _check_finite(model: Model, network: Network) -> None:
    """Refuse weights that would make every number after them none; a classifier's are let pass.

    Raises
    ------
    CannotRun
        When a weight is not a number or infinite; the sentence names its tensor.
    """
    # A sum is finite only where all its terms are, and is read in one pass.
    if all(bool(weights.sum().isfinite()) for weights in network.module.parameters()):
        return
    for tensor in _tensors_before_the_head(model):
        weights = np.asarray(model.checkpoint.tensors[tensor].numpy())
        if not np.isfinite(weights).all():
            raise CannotRun(
                f"This model cannot be run on images: its tensor “{tensor}” holds weights that are "
                "not a number or infinite.",
                advice=f"The training probably diverged; take an earlier checkpoint. {_LOOK}",
            )


def _tensors_before_the_head(model: Model) -> Iterator[str]:
    outline = model.outline
    parts = [part for role, part in outline.parts.items() if not role.startswith("head")]
    for block in outline.blocks():
        parts += [*block.weights.values(), *block.biases.values(), *block.parts.values()]
    yield from dict.fromkeys(part.tensor for part in parts)


def _beside(model: Model) -> tuple[str, ...]:
    """A note on tensors that stand beside the model.

    Raises
    ------
    CannotRun
        When the backbone itself has tensors without a role: it computes something not known here.
    """
    outline = model.outline
    inside = [
        name
        for name in outline.unplaced
        if name.startswith(outline.stripped)
        and not _BESIDE.match(name.removeprefix(outline.stripped))
    ]
    if inside:
        raise CannotRun(
            f"The model has tensors whose part in it is not known: {_named(inside)}.",
            advice=_LOOK,
            details="\n".join(inside),
        )
    if not outline.unplaced:
        return ()
    return (f"Beside the model the file holds {_named(outline.unplaced)}: not used to run it.",)


def _named(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
