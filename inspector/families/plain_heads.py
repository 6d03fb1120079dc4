"""What makes the output of a plain transformer: how tokens are pooled, and the classifier."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from torch import Tensor, nn

from inspector.core.errors import CannotRun
from inspector.core.outline import ModelOutline
from inspector.families.facts import Facts
from inspector.families.plain_modules import ClassAndMean, DistilledHeads, FirstTokens
from inspector.families.plain_sizes import LOOK, PlainSizes
from inspector.families.role_tensors import RoleTensors


@dataclass(frozen=True, eq=False)
class Head:
    """How the output is made.

    Parameters
    ----------
    pooling
        timm's word: ``token``, ``avg`` (patches only) or ``map``; empty where `pool` does it.
    pool
        Makes a module that pools all tokens; None where timm does it.
    make
        Makes the classifier, or an identity.
    tensors
        Of the classifier by name, as ``head.weight``.
    passed_by
        Beginnings of the names of what the output is made without: the last norm, a pooling.
    notes
        What is worth knowing.
    """

    pooling: str
    pool: Callable[[], nn.Module] | None
    make: Callable[[], nn.Module]
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    passed_by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def head_of(roles: RoleTensors, outline: ModelOutline, sizes: PlainSizes, facts: Facts) -> Head:
    """Decide from the tensors there are, then from the configuration.

    Raises
    ------
    CannotRun
        When the classifier's width is not one that is known.
    """
    if "head_dist.weight" in roles and "head.weight" in roles:
        return _distilled(roles, sizes)
    hugging_face = outline.source == "Hugging Face"
    if "head.weight" in roles and hugging_face and outline.family in ("CLIP", "SigLIP"):
        return _of_hugging_face_clip(roles, outline, sizes)
    if "head.weight" in roles and roles.shape("head.weight")[1] == 2 * sizes.embed_dim:
        return _class_and_mean(roles, sizes)
    return _usual(roles, outline, sizes, facts)


def _usual(roles: RoleTensors, outline: ModelOutline, sizes: PlainSizes, facts: Facts) -> Head:
    pooling, notes = _pooling(roles, sizes, facts)
    if "projection.weight" in roles and "head.weight" not in roles:
        weight = roles.read("projection.weight")
        project = partial(nn.Linear, weight.shape[1], weight.shape[0], bias=False)
        return Head(pooling, None, project, {"head.weight": weight}, notes=notes)
    if "pre_logits.weight" in roles and not (
        outline.source == "Hugging Face" and "head.weight" in roles
    ):
        return _with_hidden_layer(roles, pooling, notes)
    for word in ("weight", "bias"):
        roles.set_aside(f"pre_logits.{word}")
        roles.set_aside(f"head_dist.{word}")
    make, tensors = _linear(roles, "head", sizes.embed_dim)
    return Head(pooling, None, make, tensors, notes=notes)


def _pooling(roles: RoleTensors, sizes: PlainSizes, facts: Facts) -> tuple[str, tuple[str, ...]]:
    if "pool.latent" in roles:
        return "map", ()
    if not sizes.class_token:
        return "avg", ()
    if facts.pooling is not None:
        return ("token" if facts.pooling == "class token" else "avg"), ()
    if "fc_norm.weight" in roles:
        return "avg", ("The output is the mean of the patches: there is a norm behind it.",)
    return "token", ()


def _linear(
    roles: RoleTensors, role: str, width: int
) -> tuple[Callable[[], nn.Module], dict[str, Tensor]]:
    if f"{role}.weight" not in roles:
        return nn.Identity, {}
    tensors = {
        f"head.{word}": roles.read(f"{role}.{word}")
        for word in ("weight", "bias")
        if f"{role}.{word}" in roles
    }
    classes, columns = tensors["head.weight"].shape
    if columns != width:
        raise CannotRun(
            f"The classifier takes {columns} numbers, where the model gives {width}.", advice=LOOK
        )
    return partial(nn.Linear, columns, classes, bias="head.bias" in tensors), tensors


def _with_hidden_layer(roles: RoleTensors, pooling: str, notes: tuple[str, ...]) -> Head:
    """A tanh layer before the classifier (the first ViTs) or instead of it (a pooler)."""
    width = roles.shape("pre_logits.weight")
    tensors = {f"head.hidden.{w}": roles.read(f"pre_logits.{w}") for w in ("weight", "bias")}
    classifier, inner = _linear(roles, "head", width[0])
    tensors |= {name.replace("head.", "head.classifier."): t for name, t in inner.items()}

    def make() -> nn.Module:
        hidden = nn.Linear(width[1], width[0])
        return nn.Sequential(OrderedDict(hidden=hidden, tanh=nn.Tanh(), classifier=classifier()))

    return Head(pooling, None, make, tensors, notes=notes)


def _distilled(roles: RoleTensors, sizes: PlainSizes) -> Head:
    tensors = {
        f"head.{name}.{word}": roles.read(f"{role}.{word}")
        for name, role in (("of_class", "head"), ("of_distillation", "head_dist"))
        for word in ("weight", "bias")
    }
    classes = len(tensors["head.of_class.weight"])
    return Head("", FirstTokens, partial(DistilledHeads, sizes.embed_dim, classes), tensors)


def _class_and_mean(roles: RoleTensors, sizes: PlainSizes) -> Head:
    make, tensors = _linear(roles, "head", 2 * sizes.embed_dim)
    return Head("", partial(ClassAndMean, len(sizes.prefix)), make, tensors)


def _of_hugging_face_clip(roles: RoleTensors, outline: ModelOutline, sizes: PlainSizes) -> Head:
    """Its classifiers average tokens, those of CLIP before the last norm, and pass by all else."""
    roles.set_aside("projection.weight")
    make, tensors = _linear(roles, "head", sizes.embed_dim)
    if outline.family == "SigLIP":
        return Head("avg", None, make, tensors, passed_by=("attn_pool.",))
    note = "As in Hugging Face, this classifier reads the patches before the last norm."
    return Head("avg", None, make, tensors, passed_by=("norm.",), notes=(note,))
