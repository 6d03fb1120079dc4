"""What timm knows of an architecture by its name, beside the sizes: norms, activation, pooling."""

from dataclasses import replace
from typing import Any

import torch

from inspector.core.errors import CannotRun
from inspector.families.facts import Activation, Facts, Pooling
from inspector.families.heads import architecture_names
from inspector.families.model import Model
from inspector.families.plain_sizes import LOOK

_ACTIVATIONS: dict[str, Activation] = {
    "GELU": "gelu",
    "GELUTanh": "gelu_tanh",
    "QuickGELU": "quick_gelu",
    "ReLU": "relu",
    "SiLU": "silu",
}
_NORM_AFTER = ("ResPostBlock", "EvaBlockPostNorm")
_POOLING: dict[str, Pooling] = {"token": "class token", "avg": "mean of the patches"}


def as_timm_has_it(model: Model, facts: Facts, *, rotary: bool) -> Facts:
    """The facts of the timm model that a file of timm's is named after; as they were for others.

    Nothing is made but the bare module, without memory for weights. What a configuration says
    goes before it, and the assumptions fall away. `rotary` is whether it is run with a rotary
    embedding.

    Raises
    ------
    CannotRun
        When timm's model of that name turns query and key by their place, and it is not run so.
    """
    if model.outline.source != "timm":
        return facts
    named = _named(model)
    if named is None:
        return facts
    if getattr(named, "rope", None) is not None and not rotary:
        raise CannotRun(
            "timm's model of this name has a rotary position embedding, of a form that is not run "
            "here.",
            advice=LOOK,
        )
    block = named.blocks[0]
    act = type(getattr(block.mlp, "act", None)).__name__
    return replace(
        facts,
        norm_eps=float(block.norm1.eps),
        activation=_ACTIVATIONS.get(act, facts.activation),
        pooling=facts.pooling or _POOLING.get(named.global_pool),
        norm_after=type(block).__name__ in _NORM_AFTER,
        assumed=(),
    )


def _named(model: Model) -> Any:
    """The module of the first name that is one of timm's plain transformers."""
    import timm
    from timm.models.beit import Beit
    from timm.models.eva import Eva
    from timm.models.vision_transformer import VisionTransformer

    for name in architecture_names(model.checkpoint.config, model.checkpoint.meta):
        base = name.partition(".")[0]
        if not timm.is_model(base):
            continue
        with torch.device("meta"):
            module: Any = timm.create_model(base, pretrained=False)
        if isinstance(module, VisionTransformer | Beit | Eva):
            return module
    return None
