"""The sizes of a plain transformer, as its tensors tell them; no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt, prod

from inspector.core.errors import CannotRun
from inspector.core.outline import BlockOutline, Stored
from inspector.families.facts import Facts
from inspector.families.model import Model

LOOK = "Its weights can still be looked at."

FLAT_EMBEDDING = "patch_embed.weight (row, column, colour)"
_TABLE = "relative_position_bias_table"
_COLOURS = (1, 3)
_USUAL_SIDE = 224
_NAMES = {"cls": "CLS", "distillation": "DIST"}


@dataclass(frozen=True, slots=True)
class PlainSizes:
    """What a plain transformer is built with.

    Parameters
    ----------
    patch
        Rows and columns of a patch in pixels.
    channels
        Colours it looks at, 1 or 3.
    grid
        Rows and columns of patches it was trained on.
    embed_dim, depth, heads, head_dim, hidden
        `hidden` is the width inside the MLP, after the gate where there is one.
    class_token
        Whether there is one.
    registers
        Tokens between the class token and the patches, a distillation token among them.
    prefix
        Names of the tokens before the patches.
    placed_prefix
        How many of them have a row in the position embedding.
    """

    patch: tuple[int, int]
    channels: int
    grid: tuple[int, int]
    embed_dim: int
    depth: int
    heads: int
    head_dim: int
    hidden: int
    class_token: bool
    registers: int
    prefix: tuple[str, ...]
    placed_prefix: int

    @property
    def image(self) -> tuple[int, int]:
        """Rows and columns of pixels it was trained on."""
        return (self.grid[0] * self.patch[0], self.grid[1] * self.patch[1])


def plain_sizes(model: Model, facts: Facts) -> PlainSizes:
    """Read the sizes off the shapes; nothing is read but shapes.

    Raises
    ------
    CannotRun
        When the blocks differ, the embedding is not one of patches of an image, or the tensors do
        not tell on which grid of patches the model was trained.
    """
    roles = model.outline.roles()
    shapes = {role: shape_of(model, stored) for role, stored in roles.items()}
    first = next(model.outline.blocks())
    _refuse_unequal(model, first)
    channels = _channels(model, shapes)
    counts = {token.kind: token.count for token in model.outline.prefix_tokens}
    prefix = tuple(name for kind, count in counts.items() for name in _named(kind, count))
    grid, placed = _grid(model, facts, shapes, counts)
    return PlainSizes(
        patch=model.outline.patch_size,
        channels=channels,
        grid=grid,
        embed_dim=first.embed_dim,
        depth=model.outline.depth,
        heads=first.num_heads,
        head_dim=first.head_dim,
        hidden=shapes[f"{first.address} mlp.out.weight"][1],
        class_token="cls" in counts,
        registers=len(prefix) - counts.get("cls", 0),
        prefix=prefix,
        placed_prefix=placed,
    )


def shape_of(model: Model, stored: Stored) -> tuple[int, ...]:
    """The shape a role is read with, without reading it."""
    shape = stored.shape or model.checkpoint.tensors[stored.tensor].shape
    if stored.axis == 1:
        shape = shape[::-1]
    if not stored.ranges:
        return tuple(shape)
    return (sum(stop - start for start, stop in stored.ranges), *shape[1:])


def _refuse_unequal(model: Model, first: BlockOutline) -> None:
    for block in model.outline.blocks():
        sizes = (block.embed_dim, block.num_heads, block.head_dim, block.value_dim)
        if sizes != (first.embed_dim, first.num_heads, first.head_dim, first.head_dim):
            raise CannotRun(
                f"Block {block.address} has {block.num_heads} heads of {block.head_dim} rows, and "
                f"{block.value_dim} of value; blocks of one size, with as many of value, were "
                "expected.",
                advice=LOOK,
            )
        missing = {"out.weight", "mlp.in.weight", "mlp.out.weight"} - block.parts.keys()
        if missing:
            raise CannotRun(
                f"Block {block.address} has no “{min(missing)}”, which running it needs.",
                advice=LOOK,
            )


def _channels(model: Model, shapes: Mapping[str, tuple[int, ...]]) -> int:
    rows, columns = model.outline.patch_size
    kernel = shapes.get("patch_embed.weight", shapes.get(FLAT_EMBEDDING, ()))
    if len(kernel) == 5:
        raise CannotRun(
            "The model looks at volumes, not at pictures: its patches have three axes.", advice=LOOK
        )
    if len(kernel) not in (2, 4) or not rows:
        raise CannotRun(
            "No embedding of the patches of a picture was found, so there is no way in for an "
            "image.",
            advice=LOOK,
        )
    channels = kernel[1] if len(kernel) == 4 else kernel[1] // (rows * columns)
    if channels not in _COLOURS or prod(kernel[1:]) != channels * rows * columns:
        raise CannotRun(
            f"The model looks at {channels} channels; a picture has one or three.", advice=LOOK
        )
    return channels


def _named(kind: str, count: int) -> list[str]:
    if kind == "register":
        return [f"REG {number}" for number in range(count)]
    return [_NAMES[kind]] * count


def _grid(
    model: Model,
    facts: Facts,
    shapes: Mapping[str, tuple[int, ...]],
    counts: Mapping[str, int],
) -> tuple[tuple[int, int], int]:
    """The grid of patches, and how many prefix tokens stand in the position embedding."""
    told = _told_grid(model, facts)
    if "pos_embed" in shapes:
        if len(shapes["pos_embed"]) != 2:
            raise CannotRun(
                f"The position embedding has {len(shapes['pos_embed'])} axes; a row for each token "
                "was expected.",
                advice=LOOK,
            )
        return _of_positions(shapes["pos_embed"][0], counts, told)
    table = shapes.get(_TABLE, shapes.get(f"{next(model.outline.blocks()).address} {_TABLE}"))
    if table is not None:
        return _of_table(table[0], told), 0
    rows, columns = model.outline.patch_size
    return told or (max(_USUAL_SIDE // rows, 1), max(_USUAL_SIDE // columns, 1)), 0


def _told_grid(model: Model, facts: Facts) -> tuple[int, int] | None:
    if facts.image_size is None:
        return None
    patch = model.outline.patch_size
    grid = (facts.image_size[0] // patch[0], facts.image_size[1] // patch[1])
    return grid if min(grid) > 0 else None


def _of_positions(
    count: int, counts: Mapping[str, int], told: tuple[int, int] | None
) -> tuple[tuple[int, int], int]:
    """Positions are those of the patches, and of all, some or none of the prefix tokens."""
    everything = sum(counts.values())
    without_registers = everything - counts.get("register", 0)
    candidates = tuple(dict.fromkeys((everything, without_registers, 0)))
    for placed in candidates:
        if told is not None and count - placed == prod(told):
            return told, placed
    for placed in candidates:
        side = isqrt(max(count - placed, 0))
        if side and side * side == count - placed:
            return (side, side), placed
    raise CannotRun(
        f"The position embedding has {count} rows, which is no square of patches with or without "
        f"{everything} prefix token(s), and no configuration tells the size of the images.",
        advice="Put the model's config.json beside the file. " + LOOK,
    )


def _of_table(count: int, told: tuple[int, int] | None) -> tuple[int, int]:
    """BEiT's table has a row for each offset of two patches, and three for the class token."""
    if told is not None and (2 * told[0] - 1) * (2 * told[1] - 1) + 3 == count:
        return told
    side = isqrt(max(count - 3, 0))
    if side % 2 == 0 or side * side != count - 3:
        raise CannotRun(
            f"The table of relative positions has {count} rows, which is that of no square of "
            "patches, and no configuration tells the size of the images.",
            advice="Put the model's config.json beside the file. " + LOOK,
        )
    return ((side + 1) // 2, (side + 1) // 2)
