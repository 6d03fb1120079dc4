"""Which blocks and matrices of two models can be compared, and why the others cannot."""

from dataclasses import dataclass

from inspector.analysis.matching import shape_of
from inspector.core.address import Address
from inspector.core.errors import NotComparable
from inspector.core.outline import BlockOutline, Matrix
from inspector.families.model import Model


@dataclass(frozen=True, slots=True)
class SharedBlock:
    """The block of the compared model at an address, and its matrices of the same shape."""

    block: BlockOutline
    matrices: tuple[Matrix, ...]


@dataclass(frozen=True, slots=True)
class Correspondence:
    """Blocks that are compared by address, and those that are not with the reason in words."""

    shared: dict[Address, SharedBlock]
    skipped: tuple[tuple[Address, str], ...]


def correspond(reference: Model, compared: Model) -> Correspondence:
    """Pair the blocks of two models by address, and their matrices by shape.

    Raises
    ------
    NotComparable
        When no matrix of any block corresponds; the sentence says what both models are.
    """
    others = {block.address: block for block in compared.outline.blocks()}
    shared: dict[Address, SharedBlock] = {}
    skipped: list[tuple[Address, str]] = []
    for block in reference.outline.blocks():
        other = others.pop(block.address, None)
        if other is None:
            skipped.append((block.address, "only the reference has this block."))
            continue
        differences = _differences(reference, block, compared, other)
        if len(differences) < len(Matrix):
            same = tuple(matrix for matrix in Matrix if matrix not in differences)
            shared[block.address] = SharedBlock(other, same)
        if differences:
            skipped.append((block.address, "; ".join(differences.values()) + "."))
    skipped += [(address, "only the compared model has this block.") for address in others]
    if not shared:
        raise _not_comparable(reference, compared)
    return Correspondence(shared, tuple(skipped))


def _differences(
    reference: Model, block: BlockOutline, compared: Model, other: BlockOutline
) -> dict[Matrix, str]:
    """Say, for each matrix whose shapes differ, which shapes they are."""
    found = {}
    for matrix in Matrix:
        shape_a = shape_of(reference, block.weights[matrix])
        shape_b = shape_of(compared, other.weights[matrix])
        if shape_a != shape_b:
            found[matrix] = f"{matrix.label} is {_by(shape_a)} in A and {_by(shape_b)} in B"
    return found


def _not_comparable(reference: Model, compared: Model) -> NotComparable:
    return NotComparable(
        "No block of the two checkpoints has query, key or value matrices of the same shape: "
        f"A is {_describe(reference)}; B is {_describe(compared)}.",
        advice="Compare checkpoints of one architecture, as a pretrained model and the same model "
        "after fine-tuning.",
    )


def _describe(model: Model) -> str:
    outline = model.outline
    widths = sorted({block.embed_dim for block in outline.blocks()})
    width = f"width {widths[0]}" if len(widths) == 1 else f"widths {widths[0]} to {widths[-1]}"
    blocks = "1 block" if outline.depth == 1 else f"{outline.depth} blocks"
    stages = f" in {len(outline.stages)} stages" if len(outline.stages) > 1 else ""
    return f"{outline.family} ({outline.source}) with {blocks}{stages} of {width}"


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
