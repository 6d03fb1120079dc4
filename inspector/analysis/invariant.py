"""The comparison of heads that no change of basis inside a head can alter.

A head uses W_q and W_k only through M = W_q^T W_k, and W_v and W_o only through W_o W_v; replacing
W_q by A^T W_q and W_k by A^-1 W_k changes every row and not the function. So two heads are compared
by <M_A, M_B>_F / (|M_A||M_B|), with <M_A, M_B> = tr((Wq_B Wq_A^T)(Wk_A Wk_B^T)): only d_k x d_k
products are formed, never d x d (methods, section A). 1 is the same function up to its size, 0
an unrelated one. Heads are compared one to one, in the order of the file.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from inspector.analysis.matching import shape_of
from inspector.analysis.reading import Array, read_parts
from inspector.core.comparison import BlockComparison, Comparison, ComparisonSeries, FloatArray
from inspector.core.errors import BadRequest
from inspector.core.outline import BlockOutline, Matrix, Stored
from inspector.core.progress import Progress, silent
from inspector.families.model import Model

_OUTPUT = "out.weight"
_NAMES = (Matrix.Q, Matrix.K, Matrix.V)

Pair = tuple[Array, Array]


def with_products(
    series: ComparisonSeries,
    reference: Model,
    compared: Sequence[Model],
    *,
    device: str = "cpu",
    progress: Progress = silent,
) -> ComparisonSeries:
    """Fill in `query_key` and `value_output` of every block of a series.

    Parameters
    ----------
    series
        What `evolution.compare_series` found for these models.
    reference, compared
        The same open models in the same order.
    device
        As `devices.resolve_device` returned it; float64 but on MPS.
    progress
        Told of every block; one takes under 100 ms up to a width of about 1500.

    Returns
    -------
    The same series; the products stay empty where heads or shapes differ, or the output projection
    is not known. NaN where a product is zero.
    """
    if len(compared) != len(series.comparisons):
        raise BadRequest("The models are not those of the series.")
    multiply = _multiplier(device)
    total, done = sum(len(comparison.blocks) for comparison in series.comparisons), 0
    progress(0, total)
    filled: list[Comparison] = []
    for comparison, model in zip(series.comparisons, compared, strict=True):
        blocks: list[BlockComparison] = []
        for block in comparison.blocks:
            query_key, value_output = _block_products(reference, model, block, multiply)
            blocks.append(replace(block, query_key=query_key, value_output=value_output))
            done += 1
            progress(done, total, f"{comparison.compared.label} {block.address} products")
        filled.append(replace(comparison, blocks=tuple(blocks)))
    return ComparisonSeries(tuple(filled))


Multiply = Callable[[Pair, Pair], FloatArray]


def normalised_products(left: Pair, right: Pair) -> FloatArray:
    """(heads,) <M_A, M_B> / (|M_A||M_B|) with M = left^T right, in float64.

    Parameters
    ----------
    left, right
        Of A and of B: (heads, d_k, d) query and key weights; or the output projection's columns of
        each head, transposed, and the value weights.
    """
    (left_a, left_b), (right_a, right_b) = _widened(left), _widened(right)
    inner = _inner(left_a, left_b, right_a, right_b)
    square_a = _inner(left_a, left_a, right_a, right_a)
    square_b = _inner(left_b, left_b, right_b, right_b)
    return normalise(np.stack([inner, square_a, square_b]))


def normalise(products: FloatArray) -> FloatArray:
    """(heads,) of (3, heads) <M_A, M_B>, |M_A|^2, |M_B|^2; NaN where either is zero."""
    inner, square_a, square_b = products
    with np.errstate(all="ignore"):
        cosine = inner / np.sqrt(square_a) / np.sqrt(square_b)
    return np.where((square_a > 0) & (square_b > 0), np.clip(cosine, -1.0, 1.0), np.nan)


def _widened(pair: Pair) -> tuple[FloatArray, FloatArray]:
    a, b = (np.ascontiguousarray(array, dtype=np.float64) for array in pair)
    return a, b


def _inner(
    left_a: FloatArray, left_b: FloatArray, right_a: FloatArray, right_b: FloatArray
) -> FloatArray:
    left = np.matmul(left_a, left_b.transpose(0, 2, 1))
    right = np.matmul(right_a, right_b.transpose(0, 2, 1))
    products: FloatArray = np.einsum("hij,hij->h", left, right)
    return products


def _multiplier(device: str) -> Multiply:
    if device == "cpu":
        return normalised_products
    from inspector.analysis.accelerator import DeviceMeter

    meter = DeviceMeter(device)
    return lambda left, right: normalise(meter.inner_products(*left, *right))


def _block_products(
    reference: Model, compared: Model, found: BlockComparison, multiply: Multiply
) -> tuple[FloatArray, FloatArray]:
    a = reference.outline.block(found.address)
    b = compared.outline.block(found.address)
    nothing = np.empty(0)
    if a.num_heads != b.num_heads:
        return nothing, nothing
    query_key, value_output = nothing, nothing
    ours, theirs = _stored(a), _stored(b)
    same = {
        role
        for role in ours.keys() & theirs.keys()
        if shape_of(reference, ours[role]) == shape_of(compared, theirs[role])
    }
    roles = sorted(same)
    read_a = dict(zip(roles, read_parts(reference, [ours[role] for role in roles]), strict=True))
    read_b = dict(zip(roles, read_parts(compared, [theirs[role] for role in roles]), strict=True))
    both = {role: (_by_head(read_a, role, a), _by_head(read_b, role, b)) for role in roles}
    if {Matrix.Q, Matrix.K} <= same:
        query_key = multiply(both[Matrix.Q], both[Matrix.K])
    if {Matrix.V, _OUTPUT} <= same:
        value_output = multiply(both[_OUTPUT], both[Matrix.V])
    return query_key, value_output


def _stored(block: BlockOutline) -> dict[str, Stored]:
    found: dict[str, Stored] = {str(matrix): block.weights[matrix] for matrix in _NAMES}
    if _OUTPUT in block.parts:
        found[_OUTPUT] = block.parts[_OUTPUT]
    return found


def _by_head(weights: dict[str, Array], role: str, block: BlockOutline) -> Array:
    """(heads, d_k, d) rows of Q, K or V, or the columns of the output projection as rows."""
    weight = weights[role].T if role == _OUTPUT else weights[role]
    return weight.reshape(block.num_heads, -1, weight.shape[1])
