"""Galleries with seeded random numbers; nothing is computed by a model."""

from dataclasses import replace

import numpy as np

from inspector.core.address import Address
from inspector.core.gallery import GalleryRow, GalleryScene, GalleryTile
from inspector.core.optimal import SIGNS, OptimalImages, OptimalOptions, Winner
from inspector.core.preparation import Preparation
from inspector.core.rows import ModeRows
from inspector.core.tokens import Box, Placement, TokenGrid
from tests.synthetic import card
from tests.views.mode_scenes import HEADS, MODES, block_modes

TOP = 5
IMAGES = tuple(f"{kind}/picture_{n:03d}.png" for kind in ("ill", "well") for n in range(4))
AT = Address(0, 7, 1)


def found_images(*, measured: int = 8, total: int = 8, left_out=(), top: int = TOP, modes=MODES):
    """Scores that fall with rank, images in turn; the last mode has none below 0."""
    rows = ModeRows((AT.of_block,), (HEADS,), (modes,))
    random = np.random.default_rng(4)
    score = -np.sort(-random.gamma(2.0, 3.0, (rows.count, 2, top)).astype(np.float32), axis=2)
    image = (np.arange(rows.count * 2 * top) % len(IMAGES)).reshape(rows.count, 2, top)
    image[modes - 1 :: modes, 1], score[modes - 1 :: modes, 1] = -1, 0
    place = random.integers(0, 4, (rows.count, 2, top, 4)).astype(np.uint16)
    return OptimalImages(
        card("A.pth"), Preparation(), OptimalOptions(modes=modes), "/data/chest", rows, IMAGES,
        score, image, place, measured, total, left_out,
    )  # fmt: skip


def tile_of(winner: Winner, *, shape=(64, 48), seed: int = 0) -> GalleryTile:
    random = np.random.default_rng(seed)
    picture = random.integers(0, 256, (*shape, 3), dtype=np.uint8)
    placement = Placement(shape, (32, 32), Box(0.0, 0.0, *shape))
    query, key = random.normal(size=(2, 4, 4)).astype(np.float32)
    return GalleryTile(winner, picture, TokenGrid(4, 4, (8.0, 8.0), placement), query, key)


def gallery(*, made: bool = True, found: OptimalImages | None = None, shape=(64, 48)):
    found = found or found_images()
    known = found.rows.of_head(AT)
    rows = []
    for mode in range(known.stop - known.start):
        for sign in SIGNS:
            winners = found.winners(replace(AT, mode=mode), sign)
            tiles = tuple(
                tile_of(winner, shape=shape, seed=mode + winner.rank) if made else None
                for winner in winners
            )
            rows.append(GalleryRow(mode, sign, winners, tiles))
    return GalleryScene(
        card("A.pth"), "A", AT, block_modes(modes=max(MODES, known.stop - known.start), width=96)
        if known.stop - known.start > MODES else block_modes(), found, tuple(rows),
    )  # fmt: skip


def with_row(scene: GalleryScene, place: int, **changes) -> GalleryScene:
    rows = list(scene.rows)
    rows[place] = replace(rows[place], **changes)
    return replace(scene, rows=tuple(rows))
