"""Where Q, K and V of one block are: fused or separate, torch's or Flax's layout, checked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from inspector.core.errors import BadCheckpoint
from inspector.core.outline import Matrix, Stored
from inspector.families.listing import Listing
from inspector.families.naming import Naming, Shape

PROJECTIONS = ("qkv", "kv", "qk", "q", "k", "v")

_SPLIT_AFTER_FIRST = frozenset(f"{letters}.weight" for letters in PROJECTIONS)
_ADVICE = "Either the file is damaged, or its model is of a kind that is not known here."


@dataclass(frozen=True, slots=True)
class Slab:
    """One of Q, K, V before the heads are known.

    Parameters
    ----------
    tensor
        Name of the tensor that holds it.
    part, parts
        It is part `part` of `parts` equal ones along the output features.
    rows, columns
        Output and input features; `columns` is 0 for a bias.
    shape, axis
        As in `Stored`.
    """

    tensor: str
    part: int
    parts: int
    rows: int
    columns: int
    shape: Shape
    axis: int

    def stored(self, heads: int, *, head_first: bool) -> Stored:
        """The ranges of this matrix, for a fused weight in thirds or head by head."""
        if self.parts == 1:
            return Stored(self.tensor, (), self.axis, self.shape)
        if not head_first:
            first = self.part * self.rows
            return Stored(self.tensor, ((first, first + self.rows),), self.axis, self.shape)
        width = self.rows // heads
        starts = ((head * self.parts + self.part) * width for head in range(heads))
        ranges = tuple((start, start + width) for start in starts)
        return Stored(self.tensor, ranges, self.axis, self.shape)


@dataclass(frozen=True, slots=True)
class Projections:
    """Q, K and V of a block: the weights, and the biases there are."""

    weights: Mapping[Matrix, Slab]
    biases: Mapping[Matrix, Slab]


def projections(naming: Naming, roles: Mapping[str, str], listing: Listing) -> Projections:
    """Find Q, K and V among the roles of a block.

    Raises
    ------
    BadCheckpoint
        When one is missing, cannot be split evenly, or does not fit the others.
    """
    weights = _slabs("weight", naming, roles, listing)
    biases = _slabs("bias", naming, roles, listing)
    for matrix in Matrix:
        if matrix not in weights:
            _refuse_missing(matrix, weights, roles)
    if naming.zero_key_bias:
        biases.pop(Matrix.K, None)
    _check(weights, biases)
    return Projections(weights, biases)


def flattened(role: str, shape: Shape, *, transposed: bool) -> Shape:
    """Two-dimensional (out, in), or (in, out) where transposed, of a weight stored otherwise.

    Empty for a matrix that is stored as one. A Flax kernel of d x H x d_k is d x H*d_k, that of the
    output projection (H x d_k x d) is H*d_k x d, a 1 x 1 convolution (out, in, 1, 1) is (out, in).
    """
    if len(shape) == 2:
        return ()
    after_first = not transposed or role in _SPLIT_AFTER_FIRST
    cut = 1 if after_first else len(shape) - 1
    return (prod(shape[:cut]), prod(shape[cut:]))


def _slabs(
    word: str, naming: Naming, roles: Mapping[str, str], listing: Listing
) -> dict[Matrix, Slab]:
    found: dict[Matrix, Slab] = {}
    for letters in PROJECTIONS:
        role = f"{letters}.{word}"
        if role in roles:
            found.update(_cut(letters, role, roles[role], naming, listing.shape(roles[role])))
    return found


def _cut(
    letters: str, role: str, name: str, naming: Naming, stored: Shape
) -> Iterator[tuple[Matrix, Slab]]:
    axis = 1 if role in naming.transposed else 0
    is_bias = role.endswith(".bias")
    if not all(stored) or len(stored) < 2 - is_bias or _is_convolution(stored, axis):
        raise BadCheckpoint(
            f"“{name}” is {_written(stored)}; a {'vector' if is_bias else 'matrix'} was expected.",
            advice=_ADVICE,
        )
    shape = _vector(stored) if is_bias else flattened(role, stored, transposed=axis == 1)
    full = shape or stored
    features = full[0] if is_bias else full[axis]
    if features % len(letters) or not features:
        raise BadCheckpoint(
            f"“{name}” has {features} output features, which is no multiple of {len(letters)}; "
            f"{', '.join(letters)} were expected in equal parts.",
            advice=_ADVICE,
        )
    columns = 0 if is_bias else full[1 - axis]
    rows = features // len(letters)
    for part, letter in enumerate(letters):
        yield Matrix(letter), Slab(name, part, len(letters), rows, columns, shape, axis)


def _vector(stored: Shape) -> Shape:
    return () if len(stored) == 1 else (prod(stored),)


def _is_convolution(stored: Shape, axis: int) -> bool:
    return axis == 0 and any(size != 1 for size in stored[2:])


def _refuse_missing(
    matrix: Matrix, weights: Mapping[Matrix, Slab], roles: Mapping[str, str]
) -> None:
    beside = sorted({slab.tensor for slab in weights.values()}) or list(roles.values())[:2]
    raise BadCheckpoint(
        f"The {matrix.label.lower()} is missing beside {', '.join(f'“{n}”' for n in beside)}; "
        "every block was expected to hold query, key and value.",
        advice=_ADVICE,
    )


def _check(weights: Mapping[Matrix, Slab], biases: Mapping[Matrix, Slab]) -> None:
    query, key, value = (weights[matrix] for matrix in Matrix)
    for other in (key, value):
        if other.columns != query.columns:
            _refuse_pair(query, other, "columns", query.columns, other.columns)
    if key.rows != query.rows:
        _refuse_pair(query, key, "rows", query.rows, key.rows)
    for matrix, bias in biases.items():
        if bias.rows != weights[matrix].rows:
            _refuse_pair(weights[matrix], bias, "rows", weights[matrix].rows, bias.rows)


def _refuse_pair(one: Slab, other: Slab, what: str, expected: int, found: int) -> None:
    raise BadCheckpoint(
        f"“{other.tensor}” gives {found} {what} where “{one.tensor}” gives {expected}; "
        "query, key and value of a block were expected to fit each other.",
        advice=_ADVICE,
    )


def _written(shape: Shape) -> str:
    return "of shape " + " x ".join(map(str, shape)) if shape else "a single number"
