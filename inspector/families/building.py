"""From a naming laid over a checkpoint to the outline of its model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import isqrt, prod

from inspector.checkpoints.checkpoint import Checkpoint
from inspector.core.address import Address
from inspector.core.errors import BadCheckpoint
from inspector.core.outline import (
    BlockOutline,
    Matrix,
    ModelOutline,
    PrefixToken,
    StageOutline,
    Stored,
)
from inspector.families.heads import (
    BlockSize,
    architecture_names,
    configured_heads,
    count_heads,
)
from inspector.families.kinds import family_of, notes_on
from inspector.families.listing import Listing
from inspector.families.naming import Naming, Shape
from inspector.families.placing import BlockKey, Placement
from inspector.families.projections import PROJECTIONS, Projections, flattened, projections

_PREFIX_TOKENS = (
    ("cls", "cls_token"),
    ("distillation", "dist_token"),
    ("register", "register_tokens"),
)
_TOKENS = ("cls_token", "dist_token", "register_tokens", "mask_token", "pos_embed")
_PER_HEAD = ("logit_scale", "temperature")
_CLASSIFIERS = ("head.weight", "head_dist.weight")
_QKV_ROLES = frozenset(
    f"{letters}.{word}" for letters in PROJECTIONS for word in ("weight", "bias")
)


@dataclass(frozen=True, slots=True)
class Found:
    """A block between being placed and being described."""

    address: Address
    roles: Mapping[str, str]
    qkv: Projections
    shapes: Mapping[str, Shape]


def build(
    placement: Placement,
    checkpoint: Checkpoint,
    listing: Listing,
    *,
    heads: int | None = None,
    notes: Iterable[str] = (),
) -> ModelOutline:
    """Describe the model of a placement.

    Raises
    ------
    BadCheckpoint
        When a block, or one of its query, key and value, is missing or does not fit.
    BadRequest
        When `heads` does not fit the model, or contradicts the file.
    """
    found = _blocks(placement, listing)
    outside = _fitting(placement.outside, found[-1], listing)
    shared = {role: listing.shape(name) for role, name in outside.items()}
    names = architecture_names(checkpoint.config, checkpoint.meta)
    family = family_of(placement, listing, names=names, gated=_is_gated(found[0].shapes))
    count = count_heads(
        [BlockSize(b.address.stage, b.qkv.weights[Matrix.Q].rows, b.shapes) for b in found],
        shared=shared,
        configured=configured_heads(checkpoint.config),
        names=names,
        family=family,
        head_dim=placement.naming.head_dim,
        heads=heads,
    )
    naming = placement.naming
    blocks = [
        _outline(block, index, number, naming)
        for index, (block, number) in enumerate(zip(found, count.heads, strict=True))
    ]
    used = set(outside.values()) | {name for block in found for name in block.roles.values()}
    weights = listing.names()
    return ModelOutline(
        family=family,
        source=naming.source,
        stages=tuple(_stages(blocks)),
        parts={role: _stored(role, n, listing.shape(n), naming) for role, n in outside.items()},
        prefix_tokens=tuple(_prefix_tokens(outside, shared)),
        patch_size=_patch_size(shared),
        num_classes=_num_classes(shared, naming),
        parameters=sum(prod(listing.shape(name)) for name in weights if name in used),
        stripped=placement.root.text,
        assumed=count.assumed,
        notes=(*notes_on(family, found, outside, naming), *_skipped(placement), *notes),
        unplaced=tuple(name for name in weights if name not in used),
    )


def _blocks(placement: Placement, listing: Listing) -> list[Found]:
    """The blocks in order, each checked, stages and blocks counted from 0 without gaps."""
    found = []
    for stage, keys in enumerate(_by_stage(placement)):
        for block, key in enumerate(keys):
            roles = placement.blocks[key]
            shapes = {role: listing.shape(name) for role, name in roles.items()}
            qkv = projections(placement.naming, roles, listing)
            found.append(Found(Address(stage, block), roles, qkv, shapes))
    for earlier, later in pairwise(found):
        _check_width(earlier, later, hybrid=placement.naming.hybrid)
    return found


def _by_stage(placement: Placement) -> Iterator[list[BlockKey]]:
    for position, (stage, keys) in enumerate(groupby(placement.blocks, key=lambda key: key[0])):
        listed = list(keys)
        if not placement.naming.hybrid:
            _refuse_gap("stage", position, stage, placement.blocks[listed[0]])
            for count, key in enumerate(listed):
                _refuse_gap("block", count, key[1], placement.blocks[key])
        yield listed


def _refuse_gap(what: str, expected: int, found: int, roles: Mapping[str, str]) -> None:
    if expected == found:
        return
    raise BadCheckpoint(
        f"The {what} {expected} is missing: the next one in the file is {what} {found} "
        f"(“{next(iter(roles.values()))}”); {what}s were expected to follow one another from 0.",
        advice="The file may be a part of a checkpoint: open it together with its other shards.",
    )


def _check_width(earlier: Found, later: Found, *, hybrid: bool) -> None:
    """Refuse two widths in a stage; the first block of a hybrid's stage may still be narrower."""
    one, other = earlier.qkv.weights[Matrix.Q], later.qkv.weights[Matrix.Q]
    if earlier.address.stage != later.address.stage or one.columns == other.columns:
        return
    if hybrid and earlier.address.block == 0 and one.columns < other.columns:
        return
    raise BadCheckpoint(
        f"“{other.tensor}” has {other.columns} input features where “{one.tensor}” has "
        f"{one.columns}; the blocks of a stage were expected to be of one width.",
        advice="This is either a damaged file or a hierarchical model that is not known here.",
    )


def _outline(block: Found, index: int, heads: int, naming: Naming) -> BlockOutline:
    weights, biases = block.qkv.weights, block.qkv.biases
    first = naming.head_first(block.shapes)
    query, value = weights[Matrix.Q], weights[Matrix.V]
    if value.rows % heads:
        raise BadCheckpoint(
            f"“{value.tensor}” gives {value.rows} rows of value, which {heads} heads do not "
            "divide.",
            advice="Correct the number of heads.",
        )
    return BlockOutline(
        address=block.address,
        global_index=index,
        embed_dim=query.columns,
        num_heads=heads,
        head_dim=query.rows // heads,
        value_dim=value.rows // heads,
        weights={m: weights[m].stored(heads, head_first=first) for m in Matrix},
        biases={m: s.stored(heads, head_first=first) for m, s in sorted(biases.items())},
        parts=_parts(block, naming),
    )


def _parts(block: Found, naming: Naming) -> dict[str, Stored]:
    parts = {
        role: _stored(role, name, block.shapes[role], naming)
        for role, name in block.roles.items()
        if role not in _QKV_ROLES
    }
    parts.update(_gate_and_input(block, parts))
    return parts


def _gate_and_input(block: Found, parts: Mapping[str, Stored]) -> Iterator[tuple[str, Stored]]:
    """Halve a fused SwiGLU input: its gate comes first, then what is gated."""
    if not _is_gated(block.shapes):
        return
    wide, narrow = block.shapes["mlp.in.weight"], block.shapes["mlp.out.weight"]
    for word in ("weight", "bias"):
        whole = parts.get(f"mlp.in.{word}")
        if whole is not None and whole.axis == 0:
            yield f"mlp.gate.{word}", Stored(whole.tensor, ((0, narrow[1]),))
            yield f"mlp.in.{word}", Stored(whole.tensor, ((narrow[1], wide[0]),))


def _is_gated(shapes: Mapping[str, Shape]) -> bool:
    wide, narrow = shapes.get("mlp.in.weight", ()), shapes.get("mlp.out.weight", ())
    return len(wide) == len(narrow) == 2 and wide[0] == 2 * narrow[1]


def _stored(role: str, name: str, shape: Shape, naming: Naming) -> Stored:
    """The whole of a tensor, in the form its role has in every naming."""
    if role in naming.transposed:
        return Stored(name, (), 1, flattened(role, shape, transposed=True))
    if role in _TOKENS and len(shape) in (1, 3):
        return Stored(name, (), 0, (prod(shape[:-1]), shape[-1]))
    if role in _PER_HEAD or (role.endswith(".bias") and len(shape) > 1):
        return Stored(name, (), 0, (prod(shape),))
    if role.endswith(".weight") and len(shape) == 4 and shape[2:] == (1, 1):
        return Stored(name, (), 0, flattened(role, shape, transposed=False))
    return Stored(name)


def _fitting(outside: Mapping[str, str], last: Found, listing: Listing) -> dict[str, str]:
    """Leave out a classifier that is another module's: its width is not the model's."""
    width = last.qkv.weights[Matrix.Q].columns
    refused = {
        role.split(".")[0]
        for role in _CLASSIFIERS
        if role in outside and not _classifies(listing.shape(outside[role]), width)
    }
    return {role: name for role, name in outside.items() if role.split(".")[0] not in refused}


def _classifies(shape: Shape, width: int) -> bool:
    return len(shape) == 2 and (width in shape or 2 * width in shape)


def _num_classes(shapes: Mapping[str, Shape], naming: Naming) -> int:
    """Outputs of the classifier; of two (distilled) the first, whose mean is taken."""
    for role in _CLASSIFIERS:
        if role in shapes:
            return shapes[role][1 if role in naming.transposed else 0]
    return 0


def _stages(blocks: Sequence[BlockOutline]) -> Iterator[StageOutline]:
    for stage, members in groupby(blocks, key=lambda block: block.address.stage):
        yield StageOutline(stage, tuple(members))


def _prefix_tokens(
    outside: Mapping[str, str], shapes: Mapping[str, Shape]
) -> Iterator[PrefixToken]:
    for kind, role in _PREFIX_TOKENS:
        count = prod(shapes[role][:-1]) if role in shapes else 0
        if count:
            yield PrefixToken(kind, count, outside[role])


def _patch_size(shapes: Mapping[str, Shape]) -> tuple[int, int]:
    """Rows and columns of the embedding's kernel; an odd one overlaps, or follows convolutions."""
    kernel = shapes.get("patch_embed.weight", ())
    if len(kernel) in (4, 5) and kernel[-2] % 2 == kernel[-1] % 2 == 0:
        return (kernel[-2], kernel[-1])
    flat = shapes.get("patch_embed.weight (row, column, colour)", ())
    if len(flat) == 4:
        return (flat[0], flat[1])
    if len(flat) != 2:
        return (0, 0)
    side = isqrt(flat[1] // 3)
    return (side, side) if side * side * 3 == flat[1] else (0, 0)


def _skipped(placement: Placement) -> Iterator[str]:
    """Say that the numbers of a hybrid's stages and blocks are not those of the file."""
    given = [(stage, block) for stage, block, _ in placement.blocks]
    counted = [
        Address(stage, block)
        for stage, (_, keys) in enumerate(groupby(given, key=lambda key: key[0]))
        for block, _ in enumerate(keys)
    ]
    stage, block = given[-1]
    if placement.naming.hybrid and counted[-1] != Address(stage, block):
        yield (
            f"Only attention is counted: {counted[-1]} here is stage {stage}, block {block} "
            "of the file."
        )
