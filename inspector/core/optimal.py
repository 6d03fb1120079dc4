"""Which pictures of a folder excite a mode most; methods, section C2."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from inspector.core.address import Address
from inspector.core.comparison import IntArray, ModelCard
from inspector.core.errors import BadRequest
from inspector.core.modes import ModeOptions, SmallArray, TokenSpace
from inspector.core.preparation import Preparation
from inspector.core.rows import ModeRows

Sign = Literal["+", "-"]
SIGNS: tuple[Sign, Sign] = ("+", "-")
DEFAULT_MODES = 10
"""Of each head; as many as stand in the paper's Figure 4."""
DEFAULT_TOP, MOST_TOP = 8, 64
"""Pictures of each mode and sign."""
PlaceArray = npt.NDArray[np.uint16]
Left = tuple[tuple[str, str], ...]
"""Names of pictures that were left out, each with the reason in words."""


@dataclass(frozen=True, slots=True)
class Winner:
    """One of the pictures that excite a mode most.

    Parameters
    ----------
    rank
        Counted from 0.
    score
        max s q times max s k over the patches (inside a window where there are windows).
    image
        The picture's name in its folder.
    query, key
        Row and column of the patch that is largest on u, and on v.
    """

    rank: int
    score: float
    image: str
    query: tuple[int, int]
    key: tuple[int, int]


@dataclass(frozen=True, slots=True)
class OptimalOptions:
    """How optimal images are found; results of different options are never mixed.

    Parameters
    ----------
    modes
        The first so many modes of every head; None for all.
    options
        How the modes are computed; of query and key.
    space
        Which tokens are projected.
    compat
        Score as the published code does: the product of the two maxima whatever their signs, so
        that two negative ones give a positive score.
    """

    modes: int | None = DEFAULT_MODES
    options: ModeOptions = field(default_factory=ModeOptions)
    space: TokenSpace = TokenSpace.ATTENTION_INPUT
    compat: bool = False


@dataclass(frozen=True, eq=False)
class OptimalImages:
    """The pictures of a folder with the largest score, for every mode and both signs.

    Parameters
    ----------
    card, preparation, options
        Of which model, on pictures prepared how, found how.
    folder
        The folder's path.
    rows
        Which modes.
    images
        Names of the pictures that are among the best of any mode, in order of name.
    score
        (rows, 2, k) float32, falling; signs in the order of `SIGNS`; 0 where there is none.
    image
        (rows, 2, k) index to `images`; -1 where there is none: fewer pictures than k have a
        positive score.
    place
        (rows, 2, k, 4) row and column of the query patch, then of the key patch.
    measured
        How many pictures were looked at.
    total
        How many there are to look at; larger than measured and left out while a scan runs.
    left_out
        Pictures that could not be read, with the reason.
    """

    card: ModelCard
    preparation: Preparation
    options: OptimalOptions
    folder: str
    rows: ModeRows
    images: tuple[str, ...]
    score: SmallArray
    image: IntArray
    place: PlaceArray
    measured: int
    total: int
    left_out: Left = ()

    def __post_init__(self) -> None:
        shape = (self.rows.count, 2, self.top)
        if self.score.shape != shape or self.image.shape != shape:
            raise BadRequest(f"Scores and pictures of {shape} are expected.")
        if self.place.shape != (*shape, 4):
            raise BadRequest(f"Places of {(*shape, 4)} are expected, not {self.place.shape}.")
        for array in (self.score, self.image, self.place):
            array.setflags(write=False)

    @property
    def top(self) -> int:
        """k, how many pictures are kept of each mode and sign."""
        return int(self.score.shape[-1])

    @property
    def complete(self) -> bool:
        """Whether every picture was looked at or left out."""
        return self.measured + len(self.left_out) >= self.total

    def first(self, top: int) -> "OptimalImages":
        """The same with no more than so many pictures of each mode and sign."""
        if top >= self.top:
            return self
        kept = (slice(None), slice(None), slice(top))
        return replace(self, score=self.score[kept], image=self.image[kept], place=self.place[kept])

    def winners(self, address: Address, sign: Sign) -> tuple[Winner, ...]:
        """The best pictures of a mode, best first.

        Raises
        ------
        BadRequest
            When the mode is not among the rows.
        """
        row, side = self.rows.row(address), SIGNS.index(sign)
        count = int((self.image[row, side] >= 0).sum())
        return tuple(self._winner(row, side, rank) for rank in range(count))

    def _winner(self, row: int, side: int, rank: int) -> Winner:
        places = [int(value) for value in self.place[row, side, rank]]
        return Winner(
            rank,
            float(self.score[row, side, rank]),
            self.images[int(self.image[row, side, rank])],
            (places[0], places[1]),
            (places[2], places[3]),
        )
