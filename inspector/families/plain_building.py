"""Fill one of timm's plain transformers from the roles of a file: what all of them share."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import nn

from inspector.core.errors import CannotRun
from inspector.families.facts import Activation, Facts, facts_of
from inspector.families.model import Model
from inspector.families.network import Network
from inspector.families.plain_heads import Head, head_of
from inspector.families.plain_modules import NormedPatchEmbedding
from inspector.families.plain_network import plain_network
from inspector.families.plain_parameters import Style, key_biases, plain_parameters
from inspector.families.plain_sizes import LOOK, PlainSizes, plain_sizes
from inspector.families.role_tensors import RoleTensors, filled
from inspector.families.timm_names import as_timm_has_it
from inspector.families.torchvision_guard import prepare_torchvision


@dataclass(frozen=True, eq=False)
class Plan:
    """All that a plain transformer is made from.

    Parameters
    ----------
    roles
        The file's tensors.
    sizes, facts, head
        As their own types say.
    """

    roles: RoleTensors
    sizes: PlainSizes
    facts: Facts
    head: Head

    def has(self, role: str) -> bool:
        """Whether the first block has a role; all blocks are alike."""
        return f"S0 B0 {role}" in self.roles

    @property
    def gated(self) -> bool:
        """Whether the MLP has a gate (SwiGLU)."""
        return self.has("mlp.gate.weight")

    @property
    def has_bias(self) -> bool:
        """Whether any of query, key and value has a bias."""
        return any(self.has(f"{letter}.bias") for letter in "qkv")

    def mlp_ratio(self, *, halves: bool) -> float:
        """What timm multiplies the width by, to come to the MLP's; `halves` of a fused gate.

        Half a unit more than the exact share: timm cuts off what is behind the comma.
        """
        rows = 2 * self.sizes.hidden if self.gated and halves else self.sizes.hidden
        return (rows + 0.5) / self.sizes.embed_dim

    def norm(self) -> Callable[..., nn.Module]:
        """A LayerNorm of timm's with this model's epsilon."""
        from timm.layers.norm import LayerNorm

        return partial(LayerNorm, eps=self.facts.norm_eps)

    def common(self) -> dict[str, Any]:
        """Arguments that all of timm's plain transformers take."""
        sizes = self.sizes
        return {
            "img_size": sizes.image,
            "patch_size": sizes.patch,
            "in_chans": sizes.channels,
            "num_classes": 0,
            "global_pool": self.head.pooling or "token",
            "embed_dim": sizes.embed_dim,
            "depth": sizes.depth,
            "num_heads": sizes.heads,
            "qkv_bias": self.has_bias,
            "norm_layer": self.norm(),
            "init_values": 1.0 if self.has("layer_scale1") else None,
        }


@dataclass(frozen=True, eq=False)
class PlainStyle:
    """One of timm's plain transformers.

    Parameters
    ----------
    name
        As it is shown, as ``timm Beit``.
    style
        How its parameters are named.
    make
        Makes the module from the plan; it is called without memory for weights.
    native
        Whether it runs on other sizes than its own.
    rotary
        Whether `make` gives it a rotary position embedding.
    notes
        What is assumed of this kind of model.
    tables
        Puts what is stored in the file, and computed in timm, into the filled module.
    """

    name: str
    style: Style
    make: Callable[[Plan], nn.Module]
    native: bool
    rotary: bool = False
    notes: tuple[str, ...] = ()
    tables: Callable[[nn.Module], None] | None = None


def build_plain(model: Model, device: str, kind: PlainStyle) -> Network:
    """Build one of timm's plain transformers from the file's own tensors.

    Raises
    ------
    CannotRun
        When something is in the file that the module lacks, or the other way round.
    """
    prepare_torchvision()
    facts = as_timm_has_it(model, facts_of(model), rotary=kind.rotary)
    sizes = plain_sizes(model, facts)
    roles = RoleTensors(model)
    blocks = tuple(model.outline.blocks())
    plan = Plan(roles, sizes, facts, head_of(roles, model.outline, sizes, facts))
    tensors = {**plain_parameters(roles, blocks, sizes, kind.style), **plan.head.tensors}
    tensors = {n: t for n, t in tensors.items() if not n.startswith(plan.head.passed_by)}
    biases = {} if kind.style == "vision_transformer" else dict(key_biases(roles, blocks))
    roles.refuse_unused(kind.name)
    module = filled(lambda: _adapted(kind.make(plan), plan), tensors, "cpu")
    for name, bias in biases.items():
        module.get_buffer(name).copy_(bias)
    if kind.tables is not None:
        kind.tables(module)
    assumed = facts.assumed[:1] if plan.gated else facts.assumed
    return plain_network(
        module.to(device),
        model,
        sizes,
        architecture=kind.name,
        native=kind.native,
        norm_after=facts.norm_after,
        notes=(*assumed, *kind.notes, *plan.head.notes),
    )


def activation(word: Activation) -> type[nn.Module]:
    """The module of an activation."""
    from timm.layers.activations import GELUTanh, QuickGELU

    found: dict[Activation, type[nn.Module]] = {
        "gelu": nn.GELU,
        "gelu_tanh": GELUTanh,
        "quick_gelu": QuickGELU,
        "relu": nn.ReLU,
        "silu": nn.SiLU,
    }
    return found[word]


def _adapted(module: Any, plan: Plan) -> nn.Module:
    """Norms, embedding and head as the file has them, whatever the class has by default."""
    sizes, roles, norm = plan.sizes, plan.roles, plan.norm()
    for name in ("norm_pre", "norm", "fc_norm"):
        there = f"{name}.weight" in roles and f"{name}." not in plan.head.passed_by
        if there or hasattr(module, name):
            setattr(module, name, norm(sizes.embed_dim) if there else nn.Identity())
    _adapt_embedding(module, plan)
    if plan.head.pool is not None:
        if not hasattr(module, "attn_pool"):
            raise CannotRun(
                "The classifier reads several tokens, for which timm's class has no place.",
                advice=LOOK,
            )
        module.attn_pool = plan.head.pool()
        module.pool_include_prefix = True
    module.head = plan.head.make()
    whole: nn.Module = module
    return whole


def _adapt_embedding(module: Any, plan: Plan) -> None:
    sizes, roles = plan.sizes, plan.roles
    if "flat_norm.weight" in roles:
        kernel = (sizes.embed_dim, sizes.channels, *sizes.patch)
        module.patch_embed = NormedPatchEmbedding(kernel, sizes.grid, plan.facts.norm_eps)
        return
    if "patch_embed.norm.weight" in roles:
        module.patch_embed.norm = plan.norm()(sizes.embed_dim)
    if "patch_embed.bias" not in roles:
        module.patch_embed.proj.bias = None
    elif module.patch_embed.proj.bias is None:
        module.patch_embed.proj = nn.Conv2d(
            sizes.channels, sizes.embed_dim, sizes.patch, stride=sizes.patch
        )
