"""Scenes of modes with seeded random numbers on a drawn picture; nothing is computed by a model."""

from dataclasses import replace

import numpy as np

from inspector.core.address import Address
from inspector.core.images import (
    Edges,
    ImageCard,
    Plane,
    Preset,
    Slice,
    SliceAddress,
    Spacing,
    Window,
)
from inspector.core.modes import BlockMaps, BlockModes, ModeOptions, Product, TokenSpace
from inspector.core.preparation import Preparation, PreparedImage
from inspector.core.scene import ModeScene, ShownImage
from inspector.core.tokens import Box, Placement, TokenGrid
from tests.synthetic import card

WIDTH, HEADS, MODES = 24, 3, 8


def block_modes(
    *, heads: int = HEADS, modes: int = MODES, width: int = WIDTH, seed: int = 0, exact: str = ""
) -> BlockModes:
    random = np.random.default_rng(seed)
    u, v = (np.linalg.qr(random.normal(size=(heads, width, modes)))[0] for _ in range(2))
    u += 0.2 * v
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    sigma = np.sort(random.gamma(2.0, 1.5, size=(heads, modes)), axis=1)[:, ::-1].copy()
    cosine = np.einsum("hdm,hdm->hm", u, v)
    degenerate = np.zeros((heads, modes), dtype=bool)
    return BlockModes(
        Address(0, 7),
        7,
        width,
        sigma,
        cosine,
        u.astype(np.float32),
        v.astype(np.float32),
        degenerate,
        (sigma * cosine).sum(axis=1),
        1.96 / width**0.5,
        exact,
    )


def gradient(rows: int = 40, columns: int = 60, **fields) -> Slice:
    """Values from 0 to 239 in HU, every pixel another one."""
    values = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns) / 10
    given = {
        "unit": "HU",
        "presets": (Preset("of the file", Window(120.0, 240.0)),),
        "spacing": Spacing(0.5, 0.25, "PixelSpacing", "in the patient"),
        "edges": Edges("S", "L", "I", "R"),
    }
    return Slice(values, **(given | fields))


def shown_image(picture: Slice | None = None, *, slices: int = 1, box: Box | None = None):
    picture = picture or gradient()
    rows, columns = picture.shape
    placement = Placement(picture.shape, (32, 48), box or Box(0.0, 0.0, rows, columns))
    prepared = PreparedImage(
        np.zeros((3, 32, 48), np.float32),
        np.full((32, 48, 3), 77, np.uint8),
        placement,
        Preparation(size=(32, 48)),
    )
    card = ImageCard(
        "chest.dcm", "chest.dcm", "DICOM", "chest X-ray", picture.shape, {Plane.STORED: slices}
    )
    return ShownImage(card, SliceAddress(), picture, picture.default_tone(), prepared)


def block_maps(
    modes: BlockModes,
    image: ShownImage,
    *,
    seed: int = 1,
    cell: tuple[float, float] = (8.0, 8.0),
    product: Product = Product.QK,
) -> BlockMaps:
    placement = image.prepared.placement
    rows, columns = (
        int(side // size) for side, size in zip(placement.input_shape, cell, strict=True)
    )
    grid = TokenGrid(rows, columns, cell, placement, ("CLS",))
    random = np.random.default_rng(seed)
    query, key = random.normal(size=(2, modes.num_heads, modes.num_modes, rows, columns))
    contribution = modes.sigma * np.abs(query).mean((2, 3)) * np.abs(key).mean((2, 3))
    return BlockMaps(
        modes.address,
        ModeOptions(product=product),
        TokenSpace.ATTENTION_INPUT,
        grid,
        query.astype(np.float32),
        key.astype(np.float32),
        contribution,
    )


def scene(
    *, head: int = 0, mode: int = 0, image: ShownImage | None = None, letter: str = "A", **fields
) -> ModeScene:
    image = image or shown_image()
    modes = fields.pop("modes", None) or block_modes(seed=fields.pop("seed", 0))
    maps = fields.pop("maps", None) or block_maps(modes, image)
    return ModeScene(card(f"{letter}.pth"), letter, modes, head, mode, image, maps)


def without_maps(found: ModeScene) -> ModeScene:
    return replace(found, maps=None)


def without_image(found: ModeScene) -> ModeScene:
    return replace(found, image=None, maps=None)
