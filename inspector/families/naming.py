"""How one code base names the tensors of its transformers: a record of patterns, nothing else."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

Shape = tuple[int, ...]
Slots = tuple[int | str, ...]

_INDEX = re.compile(r"(?:(?<![^./_])|(?<=\blayers))(\d{1,6}|\{[a-z_]\})(?![^./])")


@dataclass(frozen=True, slots=True)
class Kind:
    """A family, and what tells it from the others that share its naming.

    Parameters
    ----------
    family
        The word shown: ``DeiT``, ``DINOv2``.
    has, lacks
        Marks that are all there, and marks of which none is there. A mark is a role (of a block or
        of the model) or a tensor's name below the model's prefix, its indices written ``#``.
    """

    family: str
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    def fits(self, marks: frozenset[str]) -> bool:
        """Whether a model with these marks is of this kind."""
        return marks.issuperset(self.has) and marks.isdisjoint(self.lacks)


def never(shapes: Mapping[str, Shape]) -> bool:
    """No block is head-first: Q, K and V are the thirds of a fused weight."""
    del shapes
    return False


def as_they_are(roles: Mapping[str, str]) -> dict[str, str]:
    """Keep the roles outside the blocks as the table gives them."""
    return dict(roles)


@dataclass(frozen=True, eq=False)
class Naming:
    """One naming style.

    Patterns are tensor names with slots for their indices: ``{s}`` stage, ``{b}`` block,
    ``{n}`` the stage after the one meant, ``{o}`` and ``{e}`` torchvision's odd (stage) and even
    (merging) features, ``{c}`` an attention within a block, ``{i}`` an index repeated in the role,
    ``{_}`` one without meaning. ``.*`` or ``_*`` at the end stands for weight and bias. Roles are
    those of `BlockOutline.parts` and `ModelOutline.parts`; ``qkv``, ``kv``, ``qk``, ``q``, ``k``
    and ``v`` are the matrices that lie in equal parts in one tensor, in that order.

    Parameters
    ----------
    source
        Whose naming it is.
    blocks
        Where a block sits; several where a block of the code base holds several attentions, in
        the order they are run.
    inside
        Pattern below a block to role.
    outside
        Pattern below the model's prefix to role.
    above
        The same, but also looked for in the modules around the model: the classifier of a detector
        or of a wrapper.
    kinds
        The first that fits names the family.
    head_dim
        Rows per head where nothing tells the number of heads; 0 for one head in the first stage.
    transposed
        Roles stored as (in, out).
    head_first
        Whether a fused weight holds q, k, v of head 0, then of head 1..., from the shapes of the
        block's tensors by role.
    zero_key_bias
        Whether the key's part of a fused bias is stored but never used.
    hybrid
        Whether other blocks (convolutions) may lie between those of attention.
    adjust
        Last word on the roles outside the blocks (role to tensor name).
    """

    source: str
    blocks: tuple[str, ...]
    inside: Mapping[str, str]
    outside: Mapping[str, str] = field(default_factory=dict)
    above: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = (Kind("ViT"),)
    head_dim: int = 64
    transposed: frozenset[str] = frozenset()
    head_first: Callable[[Mapping[str, Shape]], bool] = never
    zero_key_bias: bool = False
    hybrid: bool = False
    adjust: Callable[[Mapping[str, str]], dict[str, str]] = as_they_are


@dataclass(frozen=True, slots=True)
class Place:
    """One pattern, ready to match: what its indices mean, and the role it gives."""

    slots: Slots
    role: str
    variant: int = 0


Table = dict[str, list[Place]]


@dataclass(frozen=True, slots=True)
class Compiled:
    """The tables of a naming by template (a name with its indices replaced by ``#``)."""

    inside: Table
    outside: Table
    above: Table
    anchors: tuple[str, ...]


@lru_cache(maxsize=128)
def compiled(naming: Naming) -> Compiled:
    """Prepare the tables of a naming, once."""
    inside: Table = {}
    for variant, block in enumerate(naming.blocks):
        _add(inside, {block + rest: role for rest, role in naming.inside.items()}, variant)
    outside: Table = {}
    _add(outside, naming.outside)
    above: Table = {}
    _add(above, naming.above)
    anchors = tuple(
        template
        for template, places in inside.items()
        if any(place.role in ("q.weight", "qk.weight", "qkv.weight") for place in places)
    )
    return Compiled(inside, outside, above, anchors)


def _add(table: Table, patterns: Mapping[str, str], variant: int = 0) -> None:
    for pattern, role in patterns.items():
        for full, named in _spelled_out(pattern, role):
            template, slots = _split(full)
            table.setdefault(template, []).append(Place(slots, named, variant))


def _spelled_out(pattern: str, role: str) -> list[tuple[str, str]]:
    if not pattern.endswith("*"):
        return [(pattern, role)]
    stem = role.removesuffix("*")
    return [(pattern[:-1] + word, stem + word) for word in ("weight", "bias")]


def _split(pattern: str) -> tuple[str, Slots]:
    pieces = _INDEX.split(pattern)
    slots = tuple(word[1] if word.startswith("{") else int(word) for word in pieces[1::2])
    return "#".join(pieces[::2]), slots
