"""Lay a naming over the names of a checkpoint: which tensor has which role in which block."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from inspector.families.listing import SEPARATORS, Listing
from inspector.families.naming import Naming, Slots, Table, compiled

BlockKey = tuple[int, int, int]
MOST_ROOTS = 128

ASIDE = ("decoder", "predictor", "student", "ema", "momentum", "text")
_TEXT = ("text", "text_model", "text_encoder", "language_model", "bert", "roberta")
_VISION = ("visual", "vision", "image")
_TEXT_MARKS = (
    "token_embedding.weight",
    "embeddings.token_embedding.weight",
    "embeddings.word_embeddings.weight",
    "embed_tokens.weight",
    "tok_embeddings.weight",
    "wte.weight",
)


@dataclass(frozen=True, slots=True)
class Root:
    """The prefix in front of a naming's patterns: ``module.backbone.``, ``0.``."""

    template: str
    indices: tuple[int, ...]

    @property
    def text(self) -> str:
        """The prefix as it stands in the file."""
        pieces = self.template.split("#")
        numbers = [*map(str, self.indices), ""]
        return "".join(piece + number for piece, number in zip(pieces, numbers, strict=True))

    @property
    def words(self) -> frozenset[str]:
        """The modules of the prefix and the words they are made of, in lower case."""
        modules = self.text.lower().replace("/", ".").split(".")
        return frozenset(modules) | {word for module in modules for word in module.split("_")}

    def around(self) -> Iterator["Root"]:
        """Give this prefix, then those of the modules around it, out to the top of the file."""
        template = self.template
        while template:
            yield Root(template, self.indices[: template.count("#")])
            cut = max(template.rfind(mark, 0, -1) for mark in SEPARATORS)
            template = template[: cut + 1]
        yield Root("", ())


@dataclass(frozen=True, eq=False)
class Placement:
    """A naming laid over the tensors under one prefix.

    Parameters
    ----------
    blocks
        Role to tensor name by stage, block and attention within the block.
    outside
        Role to tensor name, outside the blocks.
    inside
        The tensors of the blocks that hold attention.
    """

    naming: Naming
    root: Root
    blocks: Mapping[BlockKey, Mapping[str, str]]
    outside: Mapping[str, str]
    inside: frozenset[str]

    @property
    def sees(self) -> bool:
        """Whether it begins with a patch embedding."""
        return any(role.startswith("patch_embed") for role in self.outside)

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """How well it explains the file: not aside, has a patch embedding, tensors placed."""
        placed = len(self.inside.union(self.outside.values()))
        return (self.root.words.isdisjoint(ASIDE), self.sees, placed)


def place(naming: Naming, root: Root, listing: Listing) -> Placement | None:
    """Give roles to all tensors under a prefix; None where no block has a projection."""
    tables = compiled(naming)
    blocks: dict[BlockKey, dict[str, str]] = {}
    for name, indices, variant, role in _matches(tables.inside, root, listing):
        key = (indices.get("stage", 0), indices.get("block", 0), indices.get("turn", variant))
        blocks.setdefault(key, {})[role] = name
    attention = {key: roles for key, roles in blocks.items() if _attends(roles)}
    if not attention:
        return None
    outside = naming.adjust(_outside(naming, root, listing))
    inside = frozenset(name for roles in attention.values() for name in roles.values())
    kept = dict(sorted((attention if naming.hybrid else blocks).items()))
    return Placement(naming, root, kept, outside, inside)


def roots(naming: Naming, listing: Listing) -> list[Root]:
    """The prefixes below which a query stands where the naming says, in file order.

    Of a file with more than `MOST_ROOTS` the first: each is laid over the whole file.
    """
    found: dict[Root, None] = {}
    anchors = compiled(naming).anchors
    for template, names in listing.templates.items():
        if not template.endswith(anchors):
            continue
        for anchor in anchors:
            head = template[: len(template) - len(anchor)]
            if template.endswith(anchor) and (not head or head[-1] in SEPARATORS):
                depth = head.count("#")
                found.update(dict.fromkeys(Root(head, key[:depth]) for key in names))
    return list(found)[:MOST_ROOTS]


def is_fragment(placement: Placement, listing: Listing) -> bool:
    """Whether it is one stage of a model of several, whose naming is another one."""
    root = placement.root
    if "#" not in root.template or placement.sees:
        return False
    depth = len(root.indices)
    return any(
        key[:depth] != root.indices
        for anchor in compiled(placement.naming).anchors
        for key in listing.templates.get(root.template + anchor, ())
    )


def reads_words(placement: Placement, listing: Listing) -> bool:
    """Whether a tower reads text, not images."""
    root = placement.root
    if not root.words.isdisjoint(_TEXT):
        return True
    if placement.sees or not root.words.isdisjoint(_VISION):
        return False
    if not root.template:
        return holds_words(listing)
    return any(
        around.indices in listing.templates.get(around.template + mark, ())
        for around in root.around()
        for mark in _TEXT_MARKS
    )


def holds_words(listing: Listing) -> bool:
    """Whether there is a table of words anywhere in the file."""
    return any(template.endswith(_TEXT_MARKS) for template in listing.templates)


def _attends(roles: Mapping[str, str]) -> bool:
    return any(role.split(".")[0] in ("q", "qk", "qkv", "k", "v", "kv") for role in roles)


def _outside(naming: Naming, root: Root, listing: Listing) -> dict[str, str]:
    tables = compiled(naming)
    outside = {role: name for name, _, _, role in _matches(tables.outside, root, listing)}
    for around in root.around():
        for name, _, _, role in _matches(tables.above, around, listing):
            outside.setdefault(role, name)
    return outside


def _matches(
    table: Table, root: Root, listing: Listing
) -> Iterator[tuple[str, dict[str, int], int, str]]:
    depth = len(root.indices)
    for template, places in table.items():
        for key, name in listing.templates.get(root.template + template, {}).items():
            if key[:depth] != root.indices:
                continue
            for spot in places:
                found = _read(spot.slots, key[depth:])
                if found is not None:
                    yield name, found, spot.variant, _filled(spot.role, found)


def _read(slots: Slots, indices: tuple[int, ...]) -> dict[str, int] | None:
    found: dict[str, int] = {}
    for slot, index in zip(slots, indices, strict=True):
        if isinstance(slot, int):
            if slot != index:
                return None
            continue
        field_name, value = READINGS[slot](index)
        if value < 0:
            return None
        found[field_name] = value
    return found


def _filled(role: str, found: Mapping[str, int]) -> str:
    if "{" not in role:
        return role
    return role.format(s=found.get("stage", 0), i=found.get("index", 0), b=found.get("block", 0))


READINGS: Mapping[str, Callable[[int], tuple[str, int]]] = {
    "s": lambda index: ("stage", index),
    "n": lambda index: ("stage", index - 1),
    "o": lambda index: ("stage", (index - 1) // 2 if index % 2 else -1),
    "e": lambda index: ("stage", -1 if index % 2 else (index - 2) // 2),
    "b": lambda index: ("block", index),
    "c": lambda index: ("turn", index),
    "i": lambda index: ("index", index),
    "_": lambda index: ("any", index),
}
