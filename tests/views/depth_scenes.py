"""Modes of made-up models: random weights, of which early blocks are pulled towards symmetry."""

import numpy as np

from inspector.core.address import Address
from inspector.core.comparison import ModelCard
from inspector.core.modes import (
    Anisotropy,
    BlockModes,
    ModelModes,
    ModeOptions,
    Product,
    TokenSpace,
)
from inspector.core.scene import DepthScene

SWIN = (2, 2, 6, 2)


def block_modes(
    address: Address, index: int, *, width: int, heads: int, modes: int, pull: float, seed: int
) -> BlockModes:
    """Straight from the definition: a full singular value decomposition of W_q^T W_k."""
    random = np.random.default_rng((seed, index))
    sigma, cosine, trace = np.empty((heads, modes)), np.empty((heads, modes)), np.empty(heads)
    u, v = (np.empty((heads, width, modes), dtype=np.float32) for _ in range(2))
    for head in range(heads):
        query = random.normal(size=(modes, width)) * np.geomspace(1, 0.2, modes)[:, None]
        key = pull * query + random.normal(size=(modes, width)) * 0.3
        left, values, right = np.linalg.svd(query.T @ key)
        u[head], v[head] = left[:, :modes], right[:modes].T
        sigma[head] = values[:modes]
        cosine[head] = (left[:, :modes] * right[:modes].T).sum(axis=0)
        trace[head] = (query * key).sum()
    return BlockModes(
        address=address,
        global_index=index,
        width=width,
        sigma=sigma,
        cosine=cosine,
        u=u,
        v=v,
        degenerate=np.zeros((heads, modes), dtype=bool),
        trace=trace,
        random_95=1.96 / np.sqrt(width),
    )


def model_modes(
    label: str = "a.pth",
    *,
    depths: tuple[int, ...] = (6,),
    width: int = 24,
    heads: int = 2,
    shift: float = 0.0,
    seed: int = 0,
    product: Product = Product.QK,
) -> ModelModes:
    """A ViT, or a Swin whose width doubles with each stage."""
    blocks, total = [], sum(depths)
    for stage, depth in enumerate(depths):
        for block in range(depth):
            index = len(blocks)
            blocks.append(
                block_modes(
                    Address(stage, block),
                    index,
                    width=width << stage,
                    heads=heads << stage,
                    modes=width // heads,
                    pull=0.5 - 0.9 * index / max(total - 1, 1) + shift,
                    seed=seed,
                )
            )
    starts = tuple(int(start) for start in np.cumsum((0, *depths[:-1])))
    card = ModelCard(label, f"/models/{label}", "ViT", "timm", 5_000_000, total)
    return ModelModes(card, ModeOptions(product), starts, total, tuple(blocks))


def anisotropy(model: ModelModes) -> Anisotropy:
    values = np.linspace(0.02, 0.12, model.depth)
    skipped = (("broken.dcm", "The file ends early."),)
    return Anisotropy(model.card, TokenSpace.ATTENTION_INPUT, values, 24, skipped)


def depth_scene(*models: ModelModes, known: bool = False) -> DepthScene:
    letters = ("A", "B")[: len(models)]
    bases = tuple(anisotropy(model) if known else None for model in models)
    return DepthScene(letters, models, bases)
