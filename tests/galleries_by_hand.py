"""Galleries with numbers of their own, for tests of what draws and exports them."""

from dataclasses import replace

import numpy as np

from inspector.core.address import Address
from inspector.core.gallery import GalleryRow, GalleryScene, GalleryTile
from inspector.core.modes import BlockModes
from inspector.core.optimal import SIGNS, OptimalImages, OptimalOptions, Sign, Winner
from inspector.core.preparation import Preparation
from inspector.core.rows import ModeRows
from inspector.core.tokens import Box, Placement, TokenGrid
from tests.scenes_by_hand import PREFIX, block_modes, card

HEAD = Address(0, 1, 1)
MODES = 4


def tile(
    winner: Winner,
    *,
    shape: tuple[int, int] = (40, 30),
    box: Box | None = None,
    seed: int = 0,
    constant: bool = False,
) -> GalleryTile:
    """A picture under 4 x 3 patches, with maps that are highest at the winner's places."""
    random = np.random.default_rng(seed)
    picture = random.integers(0, 256, (*shape, 3)).astype(np.uint8)
    whole = Box(0.0, 0.0, float(shape[0]), float(shape[1]))
    grid = TokenGrid(4, 3, (8.0, 8.0), Placement(shape, (32, 24), box or whole), PREFIX)
    query, key = random.normal(0, 1, (2, 4, 3)).astype(np.float32)
    query[winner.query], key[winner.key] = 3.0, winner.score / 3.0
    if constant:
        query[:] = 2.0
    return GalleryTile(winner, picture, grid, query, key)


def optimal(*, top: int = 8, images: int = 9, measured: int = 9) -> OptimalImages:
    """Of two blocks of two heads; only of the last mode there are fewer winners than `top`."""
    random = np.random.default_rng(3)
    rows = ModeRows((Address(0, 0), HEAD.of_block), (2, 2), (MODES, MODES))
    score = np.sort(random.uniform(1.0, 50.0, (rows.count, 2, top)), axis=-1)[..., ::-1]
    image = np.argsort(random.random((rows.count, 2, images)), axis=-1)[..., :top]
    place = random.integers(0, 3, (rows.count, 2, top, 4)).astype(np.uint16)
    last = np.arange(rows.count) % MODES == MODES - 1
    score, image = score.astype(np.float32).copy(), image.astype(np.int64)
    score[last, 1, 2:], image[last, 1, 2:] = 0.0, -1
    return OptimalImages(
        card(),
        Preparation((32, 24)),
        OptimalOptions(MODES),
        "/data/chest",
        rows,
        tuple(f"deep/{n}.png" for n in range(images)),
        score,
        image,
        place,
        measured,
        images,
        (),
    )


def gallery_scene(
    *,
    modes: int = MODES,
    signs: tuple[Sign, ...] = SIGNS,
    shape: tuple[int, int] = (40, 30),
    box: Box | None = None,
    found: OptimalImages | None = None,
) -> GalleryScene:
    """Rows of tiles, all there."""
    found = found or optimal()
    rows = tuple(
        row(found, mode, sign, shape=shape, box=box) for mode in range(modes) for sign in signs
    )
    return GalleryScene(card(), "A", HEAD, modes_of_block(), found, rows)


def row(
    found: OptimalImages,
    mode: int,
    sign: Sign,
    *,
    shape: tuple[int, int] = (40, 30),
    box: Box | None = None,
) -> GalleryRow:
    """One row."""
    winners = found.winners(replace(HEAD, mode=mode), sign)
    tiles = [tile(winner, shape=shape, box=box, seed=17 * mode + winner.rank) for winner in winners]
    return GalleryRow(mode, sign, winners, tuple(tiles))


def modes_of_block() -> BlockModes:
    """Those of the head's block."""
    return block_modes(HEAD.of_block, modes=MODES)
