"""Open a naming nobody declared: find Q, K, V by their shapes and the words in their names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inspector.families.listing import SEPARATORS, Listing
from inspector.families.naming import Kind, Naming, Shape

SOURCE = "unknown naming (opened by shapes)"

_FUSED = re.compile(
    r"(?i)(?:qkv|in_proj|c_attn|query_key_value|to_qkv|attn_proj_in|(?:att|attn|attention)\b)"
)
_WEIGHT = re.compile(r"(?:^|[._/])(?:weight|kernel|w)$")
_SLOTS = {1: ("{b}",), 2: ("{s}", "{b}"), 3: ("{s}", "{b}", "{c}")}
_TRIPLES = (
    ("queries", "keys", "values"),
    ("query", "key", "value"),
    ("Query", "Key", "Value"),
    ("q", "k", "v"),
    ("Q", "K", "V"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """Templates that hold Q, K, V of repeated blocks: one fused, or three."""

    templates: tuple[str, ...]
    blocks: int
    size: int


def naming_by_shapes(listing: Listing) -> Naming | None:
    """Write a naming for this one checkpoint; None where nothing looks like Q, K and V.

    Looked for are names with an index that hold a (3n, d) matrix whose name speaks of attention,
    or three (n, d) matrices whose names differ in q, k, v (query, key, value) only.
    """
    groups = [*_separate(listing), *_fused(listing)]
    if not groups:
        return None
    best = max(groups, key=lambda group: (group.blocks, group.size))
    return _naming(best, listing) if len(_varying(best, listing)) <= len(_SLOTS) else None


def _separate(listing: Listing) -> Iterator[Group]:
    for template in filter(_is_plain, listing.templates):
        for key, value in _siblings(template):
            names = (template, key, value)
            if all(name in listing.templates for name in names) and _alike(names, listing):
                yield _group(names, listing)


def _siblings(template: str) -> Iterator[tuple[str, str]]:
    """The names of key and value that go with this name, if it is one of a query."""
    start = template.rfind("#") + 1
    for query, key, value in _TRIPLES:
        for found in re.finditer(re.escape(query), template[start:]):
            left, right = start + found.start(), start + found.end()
            yield (
                template[:left] + key + template[right:],
                template[:left] + value + template[right:],
            )


def _alike(templates: Sequence[str], listing: Listing) -> bool:
    """Three matrices in every block, of one number of input features."""
    first = listing.templates[templates[0]]
    if "#" not in templates[0] or any(
        listing.templates[t].keys() != first.keys() for t in templates
    ):
        return False
    for key in first:
        shapes = [listing.shape(listing.templates[t][key]) for t in templates]
        if any(len(s) != 2 or s[1] != shapes[0][1] or min(s) < 2 for s in shapes):
            return False
        if shapes[0] != shapes[1]:
            return False
    return True


def _fused(listing: Listing) -> Iterator[Group]:
    for template, names in listing.templates.items():
        tail = template[template.rfind("#") + 1 :]
        if (
            "#" in template
            and _is_plain(template)
            and _FUSED.search(tail)
            and _all_thirds(names, listing)
        ):
            yield _group((template,), listing)


def _all_thirds(names: Mapping[tuple[int, ...], str], listing: Listing) -> bool:
    shapes = [listing.shape(name) for name in names.values()]
    return all(len(s) == 2 and s[0] == 3 * s[1] and s[1] > 1 for s in shapes)


def _group(templates: tuple[str, ...], listing: Listing) -> Group:
    names = listing.templates[templates[0]]
    size = sum(_elements(listing.shape(name)) for name in names.values())
    return Group(templates, len(names), size)


def _elements(shape: Shape) -> int:
    return shape[0] * shape[1]


def _naming(group: Group, listing: Listing) -> Naming:
    block = _block_pattern(group, listing)
    roles = dict(zip(group.templates, _roles(group), strict=True))
    inside: dict[str, str] = {}
    stem = group.templates[0][: _cut_after_block(group, listing)]
    for template in listing.templates:
        if template.startswith(stem):
            inside.update(_inside(template, stem, roles, listing))
    outside = {
        name: name
        for template, names in listing.templates.items()
        if not template.startswith(stem)
        for name in names.values()
        if _is_plain(name)
    }
    return Naming(
        source=SOURCE,
        blocks=(block,),
        inside=inside,
        outside=outside,
        kinds=(Kind("transformer"),),
    )


def _roles(group: Group) -> tuple[str, ...]:
    return ("qkv.weight",) if len(group.templates) == 1 else ("q.weight", "k.weight", "v.weight")


def _varying(group: Group, listing: Listing) -> list[int]:
    """Positions of the indices that number the blocks: those that differ between them."""
    keys = list(listing.templates[group.templates[0]])
    positions = [p for p in range(len(keys[0])) if len({key[p] for key in keys}) > 1]
    return positions or [0]


def _cut_after_block(group: Group, listing: Listing) -> int:
    """Length of the template up to and with the separator behind the block's index."""
    template, cut = group.templates[0], -1
    for _ in range(_varying(group, listing)[-1] + 1):
        cut = template.index("#", cut + 1)
    return cut + 2


def _block_pattern(group: Group, listing: Listing) -> str:
    stem = group.templates[0][: _cut_after_block(group, listing)]
    varying = _varying(group, listing)
    first = next(iter(listing.templates[group.templates[0]]))
    pieces = stem.split("#")
    slots = [_slot(position, varying, first) for position in range(len(pieces) - 1)]
    return "".join(p + s for p, s in zip(pieces, [*slots, ""], strict=True))


def _slot(position: int, varying: Sequence[int], first: Sequence[int]) -> str:
    if position not in varying:
        return str(first[position])
    return _SLOTS[len(varying)][list(varying).index(position)]


def _inside(
    template: str, stem: str, roles: Mapping[str, str], listing: Listing
) -> Iterator[tuple[str, str]]:
    """Every tensor of a block by its own name, but Q, K, V and their biases by role."""
    depth = stem.count("#")
    for rest in {
        _filled(template[len(stem) :], key[depth:]) for key in listing.templates[template]
    }:
        if _is_plain(rest):
            yield rest, roles.get(template) or _bias_role(template, roles) or rest


def _is_plain(name: str) -> bool:
    """Whether a name can stand as a pattern for itself."""
    return "{" not in name and "}" not in name and not name.endswith("*")


def _bias_role(template: str, roles: Mapping[str, str]) -> str | None:
    for weight, role in roles.items():
        if _WEIGHT.search(weight) and template == _WEIGHT.sub(_to_bias, weight):
            return role.replace(".weight", ".bias")
    return None


def _to_bias(found: re.Match[str]) -> str:
    text = found.group()
    return (text[0] if text[0] in SEPARATORS + "_" else "") + "bias"


def _filled(rest: str, indices: Sequence[int]) -> str:
    pieces = rest.split("#")
    numbers = [*map(str, indices), ""]
    return "".join(piece + number for piece, number in zip(pieces, numbers, strict=True))
