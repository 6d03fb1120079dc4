"""What a plain transformer's weights do not tell, and running it needs; no torch.

From the checkpoint's configuration where it says so, else what the published models of the family
have in the code base that the names are of. Whatever is not in the file becomes a sentence.
"""

from dataclasses import dataclass
from typing import Literal

from inspector.families.heads import architecture_names
from inspector.families.model import Model
from inspector.families.settings import Settings

Activation = Literal["gelu", "gelu_tanh", "quick_gelu", "relu", "silu"]
Pooling = Literal["class token", "mean of the patches"]

_SPELLINGS: dict[str, Activation] = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_tanh": "gelu_tanh",
    "quick_gelu": "quick_gelu",
    "quickgelu": "quick_gelu",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}
_NAMES: dict[Activation, str] = {
    "gelu": "GELU",
    "gelu_tanh": "GELU in its tanh form",
    "quick_gelu": "quick GELU",
    "relu": "ReLU",
    "silu": "SiLU",
}

# Epsilon of the norms: by code base and family, by family, by code base, else 1e-6.
_HUGGING_FACE_FIRST = ("ViT", "DeiT", "BEiT", "MAE")
_OF_FAMILY = {"CLIP": 1e-5, "DINOv3": 1e-5}
_OF_SOURCE = {"OpenAI CLIP": 1e-5, "vit-pytorch": 1e-5, "MONAI": 1e-5}
_USUAL_EPS = 1e-6

# What only the archives that OpenAI published hold.
_OF_OPENAI = ("input_resolution", "context_length", "vocab_size")


@dataclass(frozen=True, slots=True)
class Facts:
    """What running a plain transformer needs beside its weights.

    Parameters
    ----------
    norm_eps
        Of all norms.
    activation
        Of the MLP where it is not gated; a gated one has SiLU.
    image_size
        Rows and columns it was trained on; None where no configuration says so.
    rope_base
        Base of the rotary frequencies; None for the family's own.
    pooling
        What a configuration says the output is made of; None where it is told by the tensors.
    norm_after
        Whether the norms stand behind the branches, not in front of them.
    assumed
        A sentence for each thing that is not in the file.
    """

    norm_eps: float
    activation: Activation
    image_size: tuple[int, int] | None = None
    rope_base: float | None = None
    pooling: Pooling | None = None
    norm_after: bool = False
    assumed: tuple[str, ...] = ()


def facts_of(model: Model) -> Facts:
    """Collect them from the configuration and the family."""
    settings = Settings.of(model)
    eps, eps_note = _norm_eps(model, settings)
    activation, activation_note = _activation(model, settings)
    return Facts(
        norm_eps=eps,
        activation=activation,
        image_size=image_size_of(settings),
        rope_base=settings.number("rope_theta", "rope_temperature", "pos_embed_rope_base"),
        pooling=_pooling(settings),
        assumed=tuple(note for note in (eps_note, activation_note) if note),
    )


def image_size_of(settings: Settings) -> tuple[int, int] | None:
    """Rows and columns of the training images, as a configuration says."""
    return settings.pair("image_size", "img_size", "input_size")


def _norm_eps(model: Model, settings: Settings) -> tuple[float, str]:
    told = settings.number("layer_norm_eps", "norm_eps")
    if told is None:
        norm = settings.find("norm_cfg")
        value = norm.get("eps") if isinstance(norm, dict) else None
        told = value if isinstance(value, float) and value > 0 else None
    if told is not None:
        return told, ""
    eps = _usual_eps(model.outline.family, model.outline.source)
    return eps, (
        f"The file does not tell the epsilon of the norms: {eps:g} was assumed, as "
        f"{model.outline.family} has in the naming of {model.outline.source}."
    )


def _usual_eps(family: str, source: str) -> float:
    if source == "Hugging Face" and family in _HUGGING_FACE_FIRST:
        return 1e-12
    return _OF_FAMILY.get(family) or _OF_SOURCE.get(source, _USUAL_EPS)


def _activation(model: Model, settings: Settings) -> tuple[Activation, str]:
    told = settings.text("hidden_act", "act_layer", "activation", "hidden_activation").lower()
    if told in _SPELLINGS:
        return _SPELLINGS[told], ""
    if settings.find("quick_gelu") is True:
        return "quick_gelu", ""
    names = architecture_names(model.checkpoint.config, model.checkpoint.meta)
    if any("quickgelu" in name.lower() for name in names):
        return "quick_gelu", ""
    if model.outline.family == "CLIP":
        return _of_clip(model, settings)
    if model.outline.family == "SigLIP" and model.outline.source == "Hugging Face":
        return "gelu_tanh", _assumed_activation("gelu_tanh", "as SigLIP has in Hugging Face")
    if model.outline.family == "SigLIP":
        return "gelu", _assumed_activation("gelu", "though SigLIP 2 has its tanh form")
    return "gelu", ""


def _of_clip(model: Model, settings: Settings) -> tuple[Activation, str]:
    """OpenAI's models have quick GELU, those trained with open_clip mostly GELU."""
    if any(kind == "open_clip" for kind, _ in settings.parts):
        return "gelu", ""
    if any(name in model.checkpoint.tensors for name in _OF_OPENAI):
        return "quick_gelu", ""
    if model.outline.source == "timm":
        return "gelu", _assumed_activation("gelu", "as timm has unless the name says “quickgelu”")
    return "quick_gelu", _assumed_activation(
        "quick_gelu", "as OpenAI's models have; those of open_clip mostly have GELU"
    )


def _assumed_activation(activation: Activation, why: str) -> str:
    return f"The file does not tell the activation: {_NAMES[activation]} was assumed, {why}."


def _pooling(settings: Settings) -> Pooling | None:
    told = settings.text("global_pool", "pool_type", "pool")
    known: dict[str, Pooling] = {
        "token": "class token",
        "cls": "class token",
        "tok": "class token",
        "avg": "mean of the patches",
        "mean": "mean of the patches",
    }
    return known.get(told)
