"""What one token attends to, and what one score is made of; numpy only, quick enough for a window.

Methods, sections 0.4 and 0.7. With M = W_q^T W_k the product of query and key is

    q_i . k_j = x_i^T M x_j + x_i^T W_q^T b_k + x_j^T W_k^T b_q + b_q . b_k,

and x_i^T M x_j is the sum over modes of sigma_n (x_i . u_n)(x_j . v_n).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector.core.attention import BlockAttention, PairScore, TokenAttention, Windows
from inspector.core.comparison import FloatArray, IntArray
from inspector.core.errors import BadRequest
from inspector.core.modes import BlockModes, SmallArray

DIFFERENT_WINDOWS = "The two tokens lie in different windows."
# How far the modes may be off from the product they are to add up to, as a share of |q||k|.
_TOLERANCE = 1e-3


def token_attention(block: BlockAttention, token: int) -> TokenAttention:
    """The attention of one token in every head, as the model computes it.

    Parameters
    ----------
    block
        Of the image.
    token
        Index in the block's grid: prefix tokens first, then patches row by row.

    Raises
    ------
    BadRequest
        When there is no such token.
    """
    block.grid.place(token)
    row = _row(block, _position(block, token))
    pattern = np.zeros((block.num_heads, block.query.shape[1]))
    score = np.full(pattern.shape, np.nan)
    pattern[:, row.keys], score[:, row.keys] = _softmax(row.score), row.score
    if block.windows is None:
        first = len(block.grid.prefix)
        shape = (block.num_heads, *block.grid.shape)
        return TokenAttention(
            address=block.address,
            grid=block.grid,
            token=token,
            pattern=pattern[:, first:].reshape(shape),
            score=score[:, first:].reshape(shape),
            prefix=pattern[:, :first],
            prefix_score=score[:, :first],
            padding=np.zeros(block.num_heads),
            visible=np.ones(block.grid.shape, dtype=np.bool_),
        )
    seen, scores = (_cropped(values, block) for values in (pattern, score))
    return TokenAttention(
        address=block.address,
        grid=block.grid,
        token=token,
        pattern=seen,
        score=scores,
        prefix=np.zeros((block.num_heads, 0)),
        prefix_score=np.zeros((block.num_heads, 0)),
        padding=_padding(pattern, block),
        visible=np.isfinite(scores[0]),
    )


def pair_score(
    block: BlockAttention, modes: BlockModes, *, head: int, query: int, key: int
) -> PairScore:
    """Split the score of a query token and a key token into modes, bias terms and the rest.

    Everything is scaled as the model scales: by `scale`, and where query and key are brought to
    length 1 also by 1 / (|q||k|) of this pair, so that the parts still add up. Where the bias is
    augmented, it is inside the modes and has no terms of its own.

    Parameters
    ----------
    block, modes
        The same block on an image, and its query-key modes without the norm folded in.
    head, query, key
        Which head, and tokens as indices of the block's grid.

    Raises
    ------
    BadRequest
        When there is no such head or token, or the modes do not add up to the product of this
        block's query and key, as those of folded weights or of value and output.
    """
    for token in (query, key):
        block.grid.place(token)
    if modes.address.of_block != block.address.of_block or not 0 <= head < block.num_heads:
        raise BadRequest(
            f"Head {head} of {modes.address} was asked for; the attention is that of "
            f"{block.address} with {block.num_heads} heads, counted from 0."
        )
    address = block.address.with_head(head)
    places = _position(block, query), _position(block, key)
    row = _row(block, places[0])
    at = np.flatnonzero(row.keys == places[1])
    if not at.size:
        nothing = np.full(modes.num_modes, np.nan)
        return PairScore(address, query, key, nothing, weight=0.0, reason=DIFFERENT_WINDOWS)
    pair = _Pair.of(block, modes, head, places)
    scale = float(block.scale[head]) / (pair.lengths if block.cosine else 1.0)
    terms = {name: value * scale for name, value in pair.terms.items()}
    terms |= {name: float(values[head, at[0]]) for name, values in row.added.items()}
    return PairScore(
        address,
        query,
        key,
        contributions=pair.contributions * scale,
        terms=terms,
        total=float(row.score[head, at[0]]),
        weight=float(_softmax(row.score)[head, at[0]]),
    )


@dataclass(frozen=True, eq=False)
class _Row:
    """What one token is compared with.

    keys: (n,) tokens in the block's arrays. score: (heads, n) before softmax. added: (heads, n) by
    name, the parts of it that are no product of query and key.
    """

    keys: IntArray
    score: FloatArray
    added: dict[str, FloatArray]


@dataclass(frozen=True, eq=False)
class _Pair:
    """The product of a query and a key taken apart, before scaling."""

    contributions: FloatArray
    terms: dict[str, float]
    lengths: float

    @classmethod
    def of(
        cls, block: BlockAttention, modes: BlockModes, head: int, places: tuple[int, int]
    ) -> "_Pair":
        """Of tokens by their places in the block's arrays."""
        query, key = (
            _wide(rows[head, at]) for rows, at in zip((block.query, block.key), places, strict=True)
        )
        biases = _wide(block.query_bias[head]), _wide(block.key_bias[head])
        inputs = [_wide(block.tokens[at]) for at in places]
        augmented = modes.width == len(inputs[0]) + 1
        if augmented:
            inputs = [np.append(tokens, 1.0) for tokens in inputs]
        if modes.width != len(inputs[0]):
            raise _foreign(modes)
        left, right = (_wide(side[head]) for side in (modes.u, modes.v))
        parts: FloatArray = modes.sigma[head] * (inputs[0] @ left) * (inputs[1] @ right)
        lengths = float(np.linalg.norm(query) * np.linalg.norm(key))
        terms = {} if augmented else _bias_terms(query, key, *biases)
        missing = abs(float(query @ key) - float(parts.sum()) - sum(terms.values()))
        if missing > _TOLERANCE * max(lengths, float(np.abs(parts).sum())):
            raise _foreign(modes)
        return cls(parts, terms | _turned(block, head, places, float(query @ key)), lengths)


def _bias_terms(
    query: FloatArray, key: FloatArray, query_bias: FloatArray, key_bias: FloatArray
) -> dict[str, float]:
    """Those of the biases that there are; query and key hold them."""
    terms = {}
    if key_bias.any():
        terms["query with key bias"] = float((query - query_bias) @ key_bias)
    if query_bias.any():
        terms["key with query bias"] = float((key - key_bias) @ query_bias)
    if key_bias.any() and query_bias.any():
        terms["both biases"] = float(query_bias @ key_bias)
    return terms


def _turned(
    block: BlockAttention, head: int, places: tuple[int, int], plain: float
) -> dict[str, float]:
    """What a rotary embedding, or a norm of query and key, adds to their plain product.

    A rotation leaves every length as it is; what does not is called a normalisation. A cosine
    attention is neither: there all parts are divided by the lengths.
    """
    if block.cosine or (block.turned_query is None and block.turned_key is None):
        return {}
    turned_query = block.query if block.turned_query is None else block.turned_query
    turned_key = block.key if block.turned_key is None else block.turned_key
    product = float(_wide(turned_query[head, places[0]]) @ _wide(turned_key[head, places[1]]))
    kept = all(
        np.allclose(np.linalg.norm(a[head], axis=1), np.linalg.norm(b[head], axis=1), rtol=1e-3)
        for a, b in ((block.query, turned_query), (block.key, turned_key))
    )
    return {"rotation" if kept else "normalisation": product - plain}


def _row(block: BlockAttention, place: int) -> _Row:
    """The scores of one token with all it can be compared with."""
    query = block.query if block.turned_query is None else block.turned_query
    key = block.key if block.turned_key is None else block.turned_key
    windows = block.windows
    tokens = block.query.shape[1]
    keys = np.arange(tokens) if windows is None else windows.members[windows.window_of[place]]
    one = _wide(query[:, place])
    products = np.matmul(_wide(key[:, keys]), one[:, :, None])[:, :, 0]
    score = products * _wide(block.scale)[:, None]
    added = _added(block, place, keys)
    for values in added.values():
        score = score + values
    return _Row(keys, score, added)


def _added(block: BlockAttention, place: int, keys: IntArray) -> dict[str, FloatArray]:
    """(heads, keys) by name: position bias, and the mask between regions of a shifted window."""
    added: dict[str, FloatArray] = {}
    windows = block.windows
    if block.position_bias is not None:
        index = (place, keys)
        if windows is not None:
            index = int(windows.place_of[place]), windows.place_of[keys]
        added["position bias"] = _wide(block.position_bias[:, index[0], index[1]])
    if windows is not None and windows.region_of.any():
        apart = windows.region_of[keys] != windows.region_of[place]
        mask = np.where(apart, windows.mask, 0.0)
        added["shift mask"] = np.broadcast_to(mask, (block.num_heads, len(keys)))
    return added


def _position(block: BlockAttention, token: int) -> int:
    """Where a token of the grid is in the block's arrays, which may hold the padded grid."""
    if block.windows is None:
        return token
    row, column = divmod(token, block.grid.columns)
    return row * block.windows.shape[1] + column


def _cropped(values: FloatArray, block: BlockAttention) -> FloatArray:
    """(heads, rows, columns) of (heads, tokens of the padded grid)."""
    padded = values.reshape(block.num_heads, *_windows(block).shape)
    return np.ascontiguousarray(padded[:, : block.grid.rows, : block.grid.columns])


def _padding(pattern: FloatArray, block: BlockAttention) -> FloatArray:
    """(heads,) what is attended to outside the grid."""
    outside = np.ones(_windows(block).shape, dtype=np.bool_)
    outside[: block.grid.rows, : block.grid.columns] = False
    total: FloatArray = pattern[:, outside.ravel()].sum(axis=1)
    return total


def _windows(block: BlockAttention) -> Windows:
    assert block.windows is not None
    return block.windows


def _softmax(score: FloatArray) -> FloatArray:
    raised = np.exp(score - score.max(axis=1, keepdims=True))
    pattern: FloatArray = raised / raised.sum(axis=1, keepdims=True)
    return pattern


def _foreign(modes: BlockModes) -> BadRequest:
    return BadRequest(
        f"The modes of {modes.address} do not add up to the product of this block's query and "
        "key, so its scores cannot be split into them.",
        advice="Take the query-key modes of the weights as they are, without the norm folded in.",
    )


def _wide(values: SmallArray) -> npt.NDArray[np.float64]:
    return values.astype(np.float64)
