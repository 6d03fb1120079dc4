"""Small scenes with numbers of their own, for tests of what draws and exports them."""

import numpy as np

from inspector.core.address import Address
from inspector.core.attention import PairScore, TokenAttention
from inspector.core.comparison import ModelCard
from inspector.core.images import Edges, ImageCard, Plane, Slice, SliceAddress, Spacing, Window
from inspector.core.modes import (
    Anisotropy,
    BlockMaps,
    BlockModes,
    ModelModes,
    ModeOptions,
    TokenSpace,
)
from inspector.core.preparation import Preparation, PreparedImage
from inspector.core.scene import AttentionScene, DepthScene, ModeScene, ShownImage
from inspector.core.tokens import Box, Placement, TokenGrid

PREFIX = ("CLS", "REG 0")
FIRST = Address(0, 1)


def card(label: str = "a.pth") -> ModelCard:
    return ModelCard(label, f"/models/{label}", "ViT", "timm", 1000, 3)


def grid(
    image: tuple[int, int] = (48, 36),
    *,
    shape: tuple[int, int] = (4, 3),
    box: Box | None = None,
) -> TokenGrid:
    """Patches of 8 x 8 pixels of the input, over the whole image or a box of it."""
    rows, columns = shape
    whole = Box(0.0, 0.0, float(image[0]), float(image[1]))
    placement = Placement(image, (8 * rows, 8 * columns), box or whole)
    return TokenGrid(rows, columns, (8.0, 8.0), placement, PREFIX)


def shown(
    tokens: TokenGrid, *, label: str = "x.dcm", seed: int = 0, spacing: bool = True
) -> ShownImage:
    random = np.random.default_rng(seed)
    high, wide = tokens.placement.image_shape
    ramp = np.add.outer(np.linspace(0, 700, high), np.linspace(0, 300, wide))
    values = (ramp + random.normal(0, 30, (high, wide))).astype(np.float32)
    picture = Slice(
        values,
        unit="HU",
        spacing=Spacing(0.8, 1.1, "ImagerPixelSpacing", "at the detector plane")
        if spacing
        else None,
        edges=Edges("A", "L", "P", "R"),
        place="z = -12.5 mm",
    )
    seen = np.zeros((*tokens.placement.input_shape, 3), dtype=np.uint8)
    seen[..., 1] = np.arange(seen.shape[1])
    pixels = np.zeros((3, *tokens.placement.input_shape), dtype=np.float32)
    prepared = PreparedImage(
        pixels, seen, tokens.placement, Preparation(tokens.placement.input_shape)
    )
    about = ImageCard(label, f"/images/{label}", "DICOM", "CT", (high, wide), {Plane.STORED: 3})
    at = SliceAddress(Plane.STORED, 1)
    return ShownImage(about, at, picture, Window(500.0, 900.0), prepared)


def block_modes(
    address: Address = FIRST, *, index: int = 1, heads: int = 2, modes: int = 4, seed=0
) -> BlockModes:
    random = np.random.default_rng(seed + index)
    width = 8
    u, v = (
        np.stack([np.linalg.qr(random.normal(size=(width, modes)))[0] for _ in range(heads)])
        for _ in "uv"
    )
    sigma = np.sort(random.uniform(0.5, 4.0, (heads, modes)), axis=1)[:, ::-1].copy()
    cosine = (u * v).sum(axis=1)
    return BlockModes(
        address,
        index,
        width,
        sigma,
        cosine,
        u.astype(np.float32),
        v.astype(np.float32),
        np.zeros((heads, modes), dtype=bool),
        (sigma * cosine).sum(axis=1),
        random_95=0.69,
    )


def mode_scene(
    *,
    letter: str = "A",
    tokens: TokenGrid | None = None,
    image: ShownImage | None = None,
    seed: int = 0,
    head: int = 1,
    mode: int = 2,
) -> ModeScene:
    tokens = tokens or grid()
    modes = block_modes(seed=seed)
    random = np.random.default_rng(100 + seed)
    shape = (modes.num_heads, modes.num_modes, *tokens.shape)
    query, key = (random.normal(0.3, 1.0, shape).astype(np.float32) for _ in "qk")
    contribution = random.uniform(0, 1, shape[:2])
    maps = BlockMaps(
        modes.address,
        ModeOptions(),
        TokenSpace.ATTENTION_INPUT,
        tokens,
        query,
        key,
        contribution,
    )
    label = f"{letter.lower()}.pth"
    return ModeScene(card(label), letter, modes, head, mode, image or shown(tokens), maps)


def attention_scene(
    *, tokens: TokenGrid | None = None, heads: int = 3, head: int = 1, pair: bool = True
) -> AttentionScene:
    tokens = tokens or grid()
    random = np.random.default_rng(7)
    score = random.normal(size=(heads, tokens.count))
    weight = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    first = len(tokens.prefix)
    address = Address(0, 1)
    attention = TokenAttention(
        address,
        tokens,
        tokens.token(1, 1),
        weight[:, first:].reshape(heads, *tokens.shape),
        score[:, first:].reshape(heads, *tokens.shape),
        weight[:, :first],
        score[:, :first],
        np.zeros(heads),
        np.ones(tokens.shape, dtype=bool),
    )
    contributions = np.array([1.5, -0.7, 0.2, -0.1])
    terms = {"query with key bias": 0.25, "key with query bias": -0.4, "both biases": 0.05}
    found = PairScore(
        address.with_head(head),
        attention.token,
        tokens.token(2, 0),
        contributions,
        terms,
        total=0.8,
        weight=0.123,
    )
    return AttentionScene(
        card(), "A", shown(tokens), attention, head, block_modes(address), found if pair else None
    )


def model_modes(
    label: str = "a.pth", *, depths: tuple[int, ...] = (3,), seed: int = 0, heads: int = 2
) -> ModelModes:
    starts = tuple(sum(depths[:stage]) for stage in range(len(depths)))
    blocks = tuple(
        block_modes(Address(stage, b), index=starts[stage] + b, seed=seed, heads=heads * 2**stage)
        for stage, depth in enumerate(depths)
        for b in range(depth)
    )
    return ModelModes(card(label), ModeOptions(), starts, sum(depths), blocks)


def depth_scene(
    *, models: int = 2, depths: tuple[int, ...] = (3,), baseline: bool = True, heads: int = 2
) -> DepthScene:
    names = ("a.pth", "b.pth")[:models]
    found = tuple(
        model_modes(name, depths=depths, seed=seed, heads=heads) for seed, name in enumerate(names)
    )
    rising = np.linspace(0.1, 0.3, sum(depths))
    known = tuple(
        Anisotropy(m.card, TokenSpace.ATTENTION_INPUT, rising.copy(), 7) if baseline else None
        for m in found
    )
    return DepthScene(("A", "B")[:models], found, known, Address(0, 1))
