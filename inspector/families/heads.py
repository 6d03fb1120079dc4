"""How many heads a block has: from its tensors, the configuration, the model's name, or a guess."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import gcd, prod
from typing import Any

from inspector.core.errors import BadRequest
from inspector.families.naming import Shape

# Widths of published plain ViTs whose heads are not 64 rows (timm's table of models).
_USUAL = {1152: 16, 1280: 16, 1408: 16, 1664: 16, 1792: 16, 2432: 32, 4096: 32}

# Where the family says what the width does not.
_OF_FAMILY = {("DINOv3", 1280): 20, ("SigLIP", 1536): 16, ("AIMv2", 1024): 8, ("AIMv2", 1536): 12}

# Names of published models that follow `_USUAL`; the rows per head of those that do not.
_STANDARD_NAME = re.compile(
    r"(?:^|[/_.-])(?:vit|deit3?|dino(?:v2|v3)?|mae|beit(?:v2)?|eva(?:02)?|flexivit|ijepa|"
    r"simmim|visiontransformer)"
    r"(?![a-z])",
    re.IGNORECASE,
)
_NAMED_HEAD_DIM = (
    (re.compile(r"aimv2|vit_7b"), 128),
    (re.compile(r"giantopt|pe_(?:core|lang|spatial)_gigantic|vit_small_resnet"), 96),
    (re.compile(r"huge_plus|h16plus"), 64),
    (re.compile(r"vit_base_patch16_gap"), 48),
)

# Tensors whose axis counts the heads, and those whose axis is as long as a head.
_COUNT_AXIS = {
    "logit_scale": 0,
    "temperature": 0,
    "gating_param": 0,
    "talking_heads1.weight": 0,
    "position_mlp.out.weight": 0,
}
_LENGTH_AXIS = {"q_norm.weight": 0, "rel_pos_h": 1}
_TABLE = "relative_position_bias_table"


@dataclass(frozen=True, slots=True)
class BlockSize:
    """What of a block bears on its heads: its stage, query rows, shapes by role."""

    stage: int
    rows: int
    shapes: Mapping[str, Shape]


@dataclass(frozen=True, slots=True)
class HeadCount:
    """Heads of each block in global order, and sentences on what was assumed."""

    heads: tuple[int, ...]
    assumed: tuple[str, ...] = ()


def count_heads(
    blocks: Sequence[BlockSize],
    *,
    shared: Mapping[str, Shape],
    configured: Sequence[int],
    names: Sequence[str],
    family: str,
    head_dim: int,
    heads: int | None = None,
) -> HeadCount:
    """Decide the number of heads of every block.

    Parameters
    ----------
    blocks
        In global order.
    shared
        Shapes by role of what the blocks share (one bias table for all).
    configured
        Head counts the configuration states: one for all, or one for each stage.
    names
        Names of the architecture found in the file.
    family, head_dim
        The family recognised; rows per head where nothing else is known.
    heads
        What the user says: heads of the first stage.

    Raises
    ------
    BadRequest
        When `heads` does not divide the rows, or contradicts the tensors of the file. It goes
        before a configuration, which may be that of another model.
    """
    written = _from_tensors(blocks, shared)
    if written:
        _refuse_contradiction(heads, written[0])
        return HeadCount(written)
    if heads is not None:
        return HeadCount(_grown(blocks, heads))
    told = _from_configuration(blocks, configured) or _from_names(blocks, names)
    if told:
        return HeadCount(told)
    guessed = _guessed(blocks, family, head_dim)
    return HeadCount(guessed, (_sentence(blocks, guessed),))


def configured_heads(config: Mapping[str, Any]) -> tuple[int, ...]:
    """Head counts a configuration states: of Hugging Face, MMEngine, timm, or stored arguments."""
    for part in _parts(config):
        for word in ("num_attention_heads", "num_heads", "heads", "nhead"):
            counts = _counts(part.get(word))
            if counts:
                return counts
    return ()


def architecture_names(config: Mapping[str, Any], meta: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of an architecture: ``deit_tiny_patch16_224``, ``vit``, ``SwinTransformer``."""
    words = ("architecture", "arch", "model_name", "model_type", "model", "backbone", "type")
    found = [part.get(word) for part in (*_parts(config), meta) for word in words]
    return tuple(dict.fromkeys(name for name in found if isinstance(name, str) and name))


def _parts(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The parts of a configuration that describe the vision tower, the most telling first."""
    first = ("huggingface", "timm", "mmengine", "args")
    for name in dict.fromkeys((*first, *config)):
        part = _mapping(config.get(name))
        model = _mapping(part.get("model"))
        for inner in (model.get("backbone"), part.get("backbone"), model.get("encoder")):
            yield from (m for m in (_mapping(inner), _mapping(_mapping(inner).get("arch"))) if m)
        tower = _mapping(part.get("vision_config"))
        if tower:
            yield tower
            continue
        yield from (m for m in (_mapping(part.get("model_args")), part) if m)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _counts(value: object) -> tuple[int, ...]:
    values = value if isinstance(value, (list, tuple)) else (value,)
    counts = [item for item in values if isinstance(item, int) and not isinstance(item, bool)]
    return tuple(counts) if counts and len(counts) == len(values) and min(counts) > 0 else ()


def _from_tensors(
    blocks: Sequence[BlockSize], shared: Mapping[str, Shape]
) -> tuple[int, ...] | None:
    counts = [_of_block(block, shared) for block in blocks]
    lengths = {b.rows // count for b, count in zip(blocks, counts, strict=True) if count}
    if all(counts) or not lengths:
        return tuple(counts) if lengths else None
    length = min(lengths)
    even = len(lengths) == 1 and all(block.rows % length == 0 for block in blocks)
    return tuple(block.rows // length for block in blocks) if even else None


def _of_block(block: BlockSize, shared: Mapping[str, Shape]) -> int:
    for shapes in (block.shapes, shared):
        for count in _counted(shapes, block.rows):
            if count > 0 and block.rows % count == 0:
                return count
    return 0


def _counted(shapes: Mapping[str, Shape], rows: int) -> Iterator[int]:
    table = shapes.get(_TABLE, ())
    if len(table) in (2, 3):
        yield table[1] if len(table) == 2 else table[0]
    for role, axis in _COUNT_AXIS.items():
        if len(shapes.get(role, ())) > axis:
            yield shapes[role][axis]
    for role, axis in _LENGTH_AXIS.items():
        shape = shapes.get(role, ())
        if len(shape) > axis and 0 < shape[axis] < rows and rows % shape[axis] == 0:
            yield rows // shape[axis]
    kernel = shapes.get("q.weight", ())
    if len(kernel) == 3 and prod(kernel[1:]) == rows:
        yield kernel[1]


def _from_configuration(
    blocks: Sequence[BlockSize], configured: Sequence[int]
) -> tuple[int, ...] | None:
    stages = max(block.stage for block in blocks) + 1
    if len(configured) not in (1, stages) or (len(configured) == 1 < stages):
        return None
    counts = tuple(configured[block.stage] for block in blocks)
    fits = all(block.rows % count == 0 for block, count in zip(blocks, counts, strict=True))
    return counts if fits else None


def _from_names(blocks: Sequence[BlockSize], names: Sequence[str]) -> tuple[int, ...] | None:
    if blocks[-1].stage:
        return None
    rows = blocks[0].rows
    for name in names:
        for pattern, head_dim in _NAMED_HEAD_DIM:
            if pattern.search(name) and rows % head_dim == 0:
                return _grown(blocks, rows // head_dim)
    usual = _USUAL.get(rows) or (rows // 64 if rows >= 192 and rows % 64 == 0 else 0)
    if usual and any(_STANDARD_NAME.search(name) for name in names):
        return _grown(blocks, usual)
    return None


def _guessed(blocks: Sequence[BlockSize], family: str, head_dim: int) -> tuple[int, ...]:
    rows = blocks[0].rows
    usual = _OF_FAMILY.get((family, rows)) or (_USUAL.get(rows) if head_dim == 64 else None)
    wanted = usual or (rows / head_dim if head_dim else 1.0)
    shared = gcd(*(block.rows for block in blocks))
    fitting = (
        n for n in range(1, min(rows, 512) + 1) if rows % n == 0 and shared % (rows // n) == 0
    )
    return _grown(blocks, min(fitting, key=lambda n: (abs(n - wanted), n), default=rows))


def _grown(blocks: Sequence[BlockSize], heads: int) -> tuple[int, ...]:
    """The same rows per head everywhere: heads grow with the width."""
    first = blocks[0].rows
    head_dim = first // heads if heads > 0 and first % heads == 0 else 0
    if not head_dim or any(block.rows % head_dim for block in blocks):
        raise BadRequest(
            f"{heads} heads do not divide the {first} rows of the first block's query"
            + (" and those of the later stages evenly." if blocks[-1].stage else "."),
            advice=f"Give a divisor of {first}.",
        )
    return tuple(block.rows // head_dim for block in blocks)


def _refuse_contradiction(heads: int | None, written: int) -> None:
    if heads is None or heads == written:
        return
    raise BadRequest(
        f"{heads} heads were asked for, but the tensors of the file tell that the first block has "
        f"{written}.",
        advice="Leave the number of heads to the file.",
    )


def _sentence(blocks: Sequence[BlockSize], heads: Sequence[int]) -> str:
    head_dim = blocks[0].rows // heads[0]
    which = f"{heads[0]} heads" if heads[0] > 1 else "1 head"
    verb = "were" if heads[0] > 1 else "was"
    where = " in the first stage" if blocks[-1].stage else ""
    return (
        f"The file does not tell the number of heads: {which} of {head_dim} rows{where} "
        f"{verb} assumed."
    )
