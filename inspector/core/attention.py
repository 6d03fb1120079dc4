"""The attention of one block on one image: enough to give any token's row, and any pair's score.

Methods, sections 0.4 and 0.7: s_ij = (W_q x_i + b_q) . (W_k x_j + b_k); the model's attention is
the softmax over j of s_ij * scale + position bias, inside a window where there are windows.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from inspector.core.address import Address
from inspector.core.comparison import FloatArray, IntArray
from inspector.core.errors import BadRequest
from inspector.core.modes import SmallArray
from inspector.core.tokens import TokenGrid


@dataclass(frozen=True, eq=False)
class Windows:
    """How a stage's tokens, padded to whole windows, are put into windows.

    Parameters
    ----------
    shape
        Rows and columns of the padded grid; its top left part is the token grid.
    window_of, place_of
        (rows * columns,) the window of a padded grid's token, and its place in that window.
    region_of
        (rows * columns,) tokens of one window but of different regions lie at opposite ends of the
        rolled grid and are masked from each other; all 0 without a shift.
    members
        (windows, window area) the tokens of each window by place.
    mask
        What is added to the score between different regions, usually -100.
    """

    shape: tuple[int, int]
    window_of: IntArray
    place_of: IntArray
    region_of: IntArray
    members: IntArray
    mask: float = -100.0


@dataclass(frozen=True, eq=False)
class BlockAttention:
    """Query and key of every token of a block on one image, and all that enters the score.

    Parameters
    ----------
    grid
        The visible tokens. Where `windows` is given the arrays hold the padded grid instead, row by
        row; such models have no prefix tokens.
    tokens
        (tokens, d) float32, the attention input: what W_q, W_k and W_v are applied to.
    query, key, value
        (heads, tokens, d_k) float32 with bias, before any rotation or normalisation; `value` is
        (heads, tokens, d_v).
    turned_query, turned_key
        The same as they enter the product, where a rotary embedding or a norm stands before it;
        None where they are `query` and `key`. Of a cosine attention: brought to length 1.
    query_bias, key_bias
        (heads, d_k), zeros where there is none.
    scale
        (heads,) what the product is multiplied by.
    position_bias
        (heads, tokens, tokens) added after scaling, or (heads, window area, window area) by place
        where there are windows; None where there is none.
    cosine
        Whether query and key are brought to length 1 (Swin-v2).
    """

    address: Address
    grid: TokenGrid
    tokens: SmallArray
    query: SmallArray
    key: SmallArray
    value: SmallArray
    query_bias: SmallArray
    key_bias: SmallArray
    scale: SmallArray
    turned_query: SmallArray | None = None
    turned_key: SmallArray | None = None
    position_bias: SmallArray | None = None
    windows: Windows | None = None
    cosine: bool = False

    def __post_init__(self) -> None:
        tokens = self.grid.count if self.windows is None else int(np.prod(self.windows.shape))
        if self.query.shape != self.key.shape or self.query.shape[1] != tokens:
            raise BadRequest(
                f"Attention of {self.address}: query and key of shapes {self.query.shape} and "
                f"{self.key.shape} for {tokens} tokens."
            )

    @property
    def num_heads(self) -> int:
        """Heads of the block."""
        return int(self.query.shape[0])

    @property
    def nbytes(self) -> int:
        """Memory it holds, in bytes."""
        arrays = (
            self.tokens, self.query, self.key, self.value, self.turned_query, self.turned_key,
            self.position_bias,
        )  # fmt: skip
        return sum(array.nbytes for array in arrays if array is not None)


@dataclass(frozen=True, eq=False)
class TokenAttention:
    """What one token attends to, in every head.

    Parameters
    ----------
    token
        Index in `grid`.
    pattern
        (heads, rows, columns) after softmax; 0 outside the token's window.
    score
        (heads, rows, columns) before softmax, scaled, with position bias; NaN where the token and
        the patch are in different windows.
    prefix, prefix_score
        (heads, prefix tokens).
    padding
        (heads,) attention that goes to padding tokens of a window (MMDetection); 0 elsewhere.
        pattern, prefix and padding of a head sum to 1.
    visible
        (rows, columns) bool: patches in the token's window.
    """

    address: Address
    grid: TokenGrid
    token: int
    pattern: FloatArray
    score: FloatArray
    prefix: FloatArray
    prefix_score: FloatArray
    padding: FloatArray
    visible: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PairScore:
    """The score between one query token and one key token of one head, split into modes.

    contributions.sum() + sum(terms.values()) == total, up to rounding; shown on screen.

    Parameters
    ----------
    address
        With its head.
    query, key
        Token indices.
    contributions
        (modes,) sigma_n (x_i . u_n)(x_j . v_n), scaled as the model scales.
    terms
        All else by name: ``query with key bias``, ``key with query bias``, ``both biases``,
        ``position bias``, ``rotation``, ``normalisation``, ``shift mask``.
    total
        The model's score before softmax, computed from its own query and key.
    weight
        The attention after softmax.
    reason
        Why there is no score, as ``The two tokens lie in different windows.``; else empty.
    """

    address: Address
    query: int
    key: int
    contributions: FloatArray
    terms: dict[str, float] = field(default_factory=dict)
    total: float = float("nan")
    weight: float = float("nan")
    reason: str = ""

    @property
    def sum(self) -> float:
        """Of all bars; equal to `total` up to rounding."""
        return float(self.contributions.sum()) + sum(self.terms.values())
