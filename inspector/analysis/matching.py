"""What became of every tensor of two checkpoints: matched, renamed, or in one of them only.

Tensors are matched by their role in the model, not by their name, so that different namings of one
architecture compare. What has no role (a detection head, a decoder) is matched by its name.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from inspector.core.comparison import Match, Matching, MatchKind
from inspector.core.outline import Stored
from inspector.families.model import Model

_UNFOLD = "(unfold order)"


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a role is stored, and the (out, in) shape it has there."""

    stored: Stored
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two models: its parts by role, and its floating tensors without a role."""

    owner: str
    model: Model
    placed: dict[str, _Part]
    unplaced: dict[str, _Part]


def match(reference: Model, compared: Model) -> Matching:
    """Match the tensors of two open models; nothing is read.

    Every role of either model appears once, and every floating-point tensor without a role once,
    under its name without the prefix that was seen through.
    """
    a, b = _side("A", reference), _side("B", compared)
    parts_a, parts_b = a.placed | a.unplaced, b.placed | b.unplaced
    roles = dict.fromkeys((*parts_a, *parts_b))
    matches = tuple(_match_of(role, parts_a.get(role), parts_b.get(role)) for role in roles)
    return Matching(matches, tuple(_notes(a, b)))


def shape_of(model: Model, stored: Stored) -> tuple[int, ...]:
    """Shape of a part as `Stored.take` would give it, without reading it."""
    shape = stored.shape or model.checkpoint.tensors[stored.tensor].shape
    if stored.axis == 1:
        shape = shape[::-1]
    if not stored.ranges:
        return shape
    return (sum(stop - start for start, stop in stored.ranges), *shape[1:])


def _side(owner: str, model: Model) -> _Side:
    roles = model.outline.roles()
    placed = {role: _Part(stored, shape_of(model, stored)) for role, stored in roles.items()}
    used = {stored.tensor for stored in roles.values()}
    unplaced: dict[str, _Part] = {}
    for name, tensor in model.checkpoint.tensors.items():
        if not tensor.is_floating or name in used:
            continue
        role = name.removeprefix(model.outline.stripped)
        if role in placed or role in unplaced:
            role = f"{name} (by name)"
        unplaced[role] = _Part(Stored(name), tensor.shape)
    return _Side(owner, model, placed, unplaced)


def _match_of(role: str, a: _Part | None, b: _Part | None) -> Match:
    if a is None or b is None:
        kind = MatchKind.ONLY_B if a is None else MatchKind.ONLY_A
    elif a.shape != b.shape:
        kind = MatchKind.SHAPE_DIFFERS
    else:
        kind = MatchKind.MATCHED if a.stored == b.stored else MatchKind.RENAMED
    name_a, shape_a = (a.stored.tensor, a.shape) if a else ("", ())
    name_b, shape_b = (b.stored.tensor, b.shape) if b else ("", ())
    return Match(kind, role, name_a, name_b, shape_a, shape_b)


def _notes(a: _Side, b: _Side) -> Iterator[str]:
    yield from _outline_notes(a.model.outline.notes, b.model.outline.notes)
    if _unfolded(a) != _unfolded(b) and _merges(a) and _merges(b):
        yield (
            "The patch-merging weights are in another channel order in the two files (MMDetection "
            "unfolds the patches, the official Swin and timm concatenate them), so they are not "
            "compared. Query, key and value are not affected."
        )
    yield from _head_notes(a.model, b.model)
    for side in (a, b):
        yield from _left_out_notes(side)


def _outline_notes(notes_a: tuple[str, ...], notes_b: tuple[str, ...]) -> Iterator[str]:
    for note in dict.fromkeys((*notes_a, *notes_b)):
        owner = "Both" if note in notes_a and note in notes_b else "A" if note in notes_a else "B"
        yield f"{owner}: {note}"


def _unfolded(side: _Side) -> bool:
    return any(role.endswith(_UNFOLD) for role in side.placed)


def _merges(side: _Side) -> bool:
    return any(role.startswith("downsample") for role in side.placed)


def _head_notes(reference: Model, compared: Model) -> Iterator[str]:
    heads_b = {block.address: block.num_heads for block in compared.outline.blocks()}
    differing = Counter(
        (block.num_heads, heads_b[block.address])
        for block in reference.outline.blocks()
        if heads_b.get(block.address, block.num_heads) != block.num_heads
    )
    for (heads, other), blocks in differing.items():
        yield (
            f"A counts {heads} heads where B counts {other} ({_count(blocks, 'block')}); the heads "
            "shown are those of A, and their query-key and value-output products are not compared."
        )


def _left_out_notes(side: _Side) -> Iterator[str]:
    if count := len(side.unplaced):
        yield (
            f"{side.owner}: {_count(count, 'tensor')} outside the transformer (heads, decoders) "
            f"{'is' if count == 1 else 'are'} matched by name."
        )
    tensors = side.model.checkpoint.tensors.values()
    if count := sum(not tensor.is_floating for tensor in tensors):
        yield (
            f"{side.owner}: {_count(count, 'tensor')} of integers (indices, counters) "
            f"{'is' if count == 1 else 'are'} not matched."
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
