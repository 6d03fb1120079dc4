"""Everything a gallery of optimal images is drawn from, on the screen and in files."""

from dataclasses import dataclass, field
from typing import Literal

from inspector.core.address import Address
from inspector.core.comparison import ModelCard
from inspector.core.errors import BadRequest
from inspector.core.images import Picture
from inspector.core.modes import BlockModes, SmallArray
from inspector.core.optimal import OptimalImages, Sign, Winner
from inspector.core.tokens import TokenGrid

GALLERY_SIDE = 320
"""Pixels of the longer side of a picture in a gallery, at most."""

SignsShown = Literal["+", "-", "both"]


@dataclass(frozen=True, eq=False)
class GalleryTile:
    """A picture in a gallery, and a mode's maps on it.

    Parameters
    ----------
    winner
        Which picture, with its score and places.
    picture
        (rows, columns, 3) uint8, made smaller (or, of few pixels, larger) than the original.
    grid
        Of the mode's block, placed on `picture`.
    query, key
        (grid rows, columns) float32, multiplied by the sign, so that large is what the sign means.
    """

    winner: Winner
    picture: Picture
    grid: TokenGrid
    query: SmallArray
    key: SmallArray

    def __post_init__(self) -> None:
        if self.query.shape != self.grid.shape or self.key.shape != self.grid.shape:
            raise BadRequest("The maps of a tile have the shape of its grid.")
        if self.grid.placement.image_shape != self.picture.shape[:2]:
            raise BadRequest("The grid of a tile is placed on its picture.")
        for array in (self.picture, self.query, self.key):
            array.setflags(write=False)


@dataclass(frozen=True, eq=False)
class GalleryRow:
    """One mode with one sign: its winners, best first.

    `tiles` are None while they are made; `problems` say why a tile cannot be made, by rank, as
    where a file is gone.
    """

    mode: int
    sign: Sign
    winners: tuple[Winner, ...]
    tiles: tuple[GalleryTile | None, ...]
    problems: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.tiles) != len(self.winners):
            raise BadRequest("There is a place for a tile for every winner.")


@dataclass(frozen=True, eq=False)
class GalleryScene:
    """The optimal images of the modes of one head.

    Parameters
    ----------
    card, letter
        Which model, and its letter in the window.
    address
        Of the head.
    modes
        Of its block: cosine and sigma stand beside every row.
    found
        Over all heads; perhaps not complete yet.
    rows
        Of every mode shown, + before -.
    """

    card: ModelCard
    letter: str
    address: Address
    modes: BlockModes
    found: OptimalImages
    rows: tuple[GalleryRow, ...]
