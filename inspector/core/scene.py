"""Everything a picture of modes, attention or depth is drawn from, on the screen and in files."""

from dataclasses import dataclass, replace
from functools import cached_property

from inspector.core.address import Address
from inspector.core.attention import PairScore, TokenAttention
from inspector.core.comparison import ModelCard
from inspector.core.errors import BadRequest
from inspector.core.images import ImageCard, Picture, Slice, SliceAddress, Tone
from inspector.core.modes import Anisotropy, BlockMaps, BlockModes, ModelModes, SmallArray
from inspector.core.preference import Preference
from inspector.core.preparation import PreparedImage
from inspector.core.same_object import SameObject

SMALLEST_SIDE = 256
LARGEST_ENLARGED = 2048
"""Pixels to which the shorter side is enlarged, and to which the longer one is at most."""


@dataclass(frozen=True, eq=False)
class ShownImage:
    """One slice as it is shown, and as the model saw it.

    Parameters
    ----------
    card, at
        Of the image, and which slice of it.
    slice
        Its right numbers.
    tone
        How they become grey; also what the model's input was made with.
    prepared
        The model's input; None where no model can be run on it.
    """

    card: ImageCard
    at: SliceAddress
    slice: Slice
    tone: Tone
    prepared: PreparedImage | None = None

    @property
    def enlargement(self) -> int:
        """How many pixels of `picture` each pixel of the original is wide and high, at least 1.

        Patches of a small image (28 x 28 of MedMNIST under a grid of 14 x 14) are no larger than
        its pixels; enlarged, each patch has pixels of its own.
        """
        rows, columns = self.slice.shape
        wanted = -(-SMALLEST_SIDE // min(rows, columns))
        return max(1, min(wanted, LARGEST_ENLARGED // max(rows, columns)))

    @cached_property
    def picture(self) -> Picture:
        """(rows, columns, 3) uint8, the original as it is looked at, `enlargement` times as large.

        Every pixel of the original becomes a square of equal pixels; nothing is interpolated.
        """
        times = self.enlargement
        picture = self.slice.shown(self.tone).repeat(times, axis=0).repeat(times, axis=1)
        picture.setflags(write=False)
        return picture


@dataclass(frozen=True, eq=False)
class ModeScene:
    """One mode of one head of one model on one image.

    Parameters
    ----------
    model, letter
        Whose, and its letter in the window: ``A``, ``B``.
    image
        None before one is open.
    modes
        Of the block.
    maps
        Of the block on the image; None while they are computed, or without an image.
    head, mode
        Which.
    """

    model: ModelCard
    letter: str
    modes: BlockModes
    head: int
    mode: int
    image: ShownImage | None = None
    maps: BlockMaps | None = None

    def __post_init__(self) -> None:
        if not (0 <= self.head < self.modes.num_heads and 0 <= self.mode < self.modes.num_modes):
            raise BadRequest(
                f"{self.modes.address} has {self.modes.num_heads} heads of {self.modes.num_modes} "
                f"modes, counted from 0; head {self.head}, mode {self.mode} was asked for."
            )

    @property
    def address(self) -> Address:
        """Stage, block, head and mode."""
        return replace(self.modes.address.of_block, head=self.head, mode=self.mode)

    @property
    def query(self) -> SmallArray | None:
        """(rows, columns) the mode's query map, in the orientation of u."""
        return None if self.maps is None else self.maps.query[self.head, self.mode]

    @property
    def key(self) -> SmallArray | None:
        """(rows, columns) the mode's key map, in the orientation of v."""
        return None if self.maps is None else self.maps.key[self.head, self.mode]


@dataclass(frozen=True, eq=False)
class AttentionScene:
    """What one token attends to on one image, and what one score is made of.

    `modes` are those of the block; `pair` is None while no key token is chosen.
    """

    model: ModelCard
    letter: str
    image: ShownImage
    attention: TokenAttention
    head: int
    modes: BlockModes | None = None
    pair: PairScore | None = None


@dataclass(frozen=True, eq=False)
class DepthScene:
    """The modes of one or two models over their depth, and what was measured over folders.

    Parameters
    ----------
    letters
        Those of the window, as (``A``, ``B``).
    models, anisotropy
        Of each letter; anisotropy where it is known.
    chosen
        What is selected.
    preference, same_object
        Of each letter, where they are known; empty where none is.
    """

    letters: tuple[str, ...]
    models: tuple[ModelModes, ...]
    anisotropy: tuple[Anisotropy | None, ...]
    chosen: Address | None = None
    preference: tuple[Preference | None, ...] = ()
    same_object: tuple[SameObject | None, ...] = ()

    def __post_init__(self) -> None:
        for measured in (self.preference, self.same_object):
            if measured and len(measured) != len(self.letters):
                raise BadRequest("What was measured stands for each model, or for none.")
        if not len(self.letters) == len(self.models) == len(self.anisotropy) > 0:
            raise BadRequest("A view over depth has at least one model, each with its letter.")
