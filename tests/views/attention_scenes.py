"""Scenes of attention from seeded random weights, computed straight from the definition."""

import numpy as np

from inspector.core.address import Address
from inspector.core.attention import PairScore, TokenAttention
from inspector.core.modes import BlockModes
from inspector.core.scene import AttentionScene, ShownImage
from inspector.core.tokens import TokenGrid
from tests.synthetic import card
from tests.views.mode_scenes import shown_image

WIDTH, HEADS, MODES = 30, 3, 24
ADDRESS = Address(0, 7)


class Block:
    """Query and key weights with biases, and tokens that they are applied to."""

    def __init__(self, grid: TokenGrid, *, heads: int = HEADS, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.grid, self.heads = grid, heads
        self.query_weight, self.key_weight = random.normal(0, 0.3, (2, heads, MODES, WIDTH))
        self.query_bias, self.key_bias = random.normal(0, 0.3, (2, heads, MODES))
        self.tokens = random.normal(size=(grid.count, WIDTH)).cumsum(axis=0) / 6
        self.scale = MODES**-0.5
        self.position = random.normal(0, 0.2, (heads, grid.count, grid.count))

    def scores(self) -> np.ndarray:
        """(heads, tokens, tokens)"""
        query = np.einsum("nd,hkd->hnk", self.tokens, self.query_weight) + self.query_bias[:, None]
        key = np.einsum("nd,hkd->hnk", self.tokens, self.key_weight) + self.key_bias[:, None]
        return query @ key.transpose(0, 2, 1) * self.scale + self.position

    def modes(self, exact: str = "") -> BlockModes:
        products = self.query_weight.transpose(0, 2, 1) @ self.key_weight
        left, sigma, right = np.linalg.svd(products)
        u, v = left[:, :, :MODES], right.transpose(0, 2, 1)[:, :, :MODES]
        return BlockModes(
            ADDRESS,
            7,
            WIDTH,
            sigma[:, :MODES].copy(),
            np.einsum("hdm,hdm->hm", u, v),
            u.astype(np.float32),
            v.astype(np.float32),
            np.zeros((self.heads, MODES), dtype=bool),
            np.einsum("hdd->h", products),
            1.96 / WIDTH**0.5,
            exact,
        )


def grid_of(image: ShownImage, *, prefix: tuple[str, ...] = ("CLS", "REG 0")) -> TokenGrid:
    assert image.prepared is not None
    rows, columns = image.prepared.placement.input_shape
    return TokenGrid(rows // 8, columns // 8, (8.0, 8.0), image.prepared.placement, prefix)


def token_attention(block: Block, token: int, visible: np.ndarray | None = None) -> TokenAttention:
    grid, first = block.grid, len(block.grid.prefix)
    visible = np.ones(grid.shape, dtype=bool) if visible is None else visible
    scores = block.scores()[:, token].copy()
    scores[:, first:][:, ~visible.ravel()] = np.nan
    weights = np.nan_to_num(np.exp(scores - np.nanmax(scores, axis=1, keepdims=True)))
    weights /= weights.sum(axis=1, keepdims=True)
    return TokenAttention(
        ADDRESS,
        grid,
        token,
        weights[:, first:].reshape(-1, *grid.shape),
        scores[:, first:].reshape(-1, *grid.shape),
        weights[:, :first],
        scores[:, :first],
        np.zeros(block.heads),
        visible,
    )


def pair_score(block: Block, head: int, query: int, key: int) -> PairScore:
    modes, scale = block.modes(), block.scale
    x, y = block.tokens[query], block.tokens[key]
    left, right = x @ modes.u[head].astype(float), y @ modes.v[head].astype(float)
    terms = {
        "query with key bias": scale * x @ block.query_weight[head].T @ block.key_bias[head],
        "key with query bias": scale * y @ block.key_weight[head].T @ block.query_bias[head],
        "both biases": scale * block.query_bias[head] @ block.key_bias[head],
        "position bias": block.position[head, query, key],
    }
    scores = block.scores()[head, query]
    weight = float(np.exp(scores[key]) / np.exp(scores).sum())
    return PairScore(
        ADDRESS.with_head(head),
        query,
        key,
        scale * modes.sigma[head] * left * right,
        {name: float(value) for name, value in terms.items()},
        float(scores[key]),
        weight,
    )


def attention_scene(
    *,
    token: int = 12,
    key: int | None = None,
    head: int = 0,
    image: ShownImage | None = None,
    prefix: tuple[str, ...] = ("CLS", "REG 0"),
    visible: np.ndarray | None = None,
    letter: str = "A",
    heads: int = HEADS,
    seed: int = 0,
) -> AttentionScene:
    image = image or shown_image()
    block = Block(grid_of(image, prefix=prefix), heads=heads, seed=seed)
    pair = None if key is None else pair_score(block, head, token, key)
    return AttentionScene(
        card(f"{letter}.pth"),
        letter,
        image,
        token_attention(block, token, visible),
        head,
        block.modes(),
        pair,
    )
