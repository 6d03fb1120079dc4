"""How a picture is made into a model's input, and what came of it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from inspector.core.errors import BadRequest
from inspector.core.images import Picture
from inspector.core.tokens import Placement

Fit = Literal["squash", "crop", "pad"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]
LARGEST_SIDE = 8192
LEAST_STD, LARGEST_STATISTIC = 1e-6, 1e6
"""Beyond these a normalised pixel, or what a network makes of it, overflows float32."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is done to a picture before the model sees it.

    Parameters
    ----------
    size
        Rows and columns of the input; None for the picture's own ("native") size.
    fit
        ``squash`` resizes both sides, whatever the aspect, and cuts out the centre where
        `squash_share` is below 1; ``crop`` resizes the shorter side to size / `crop_share` and cuts
        out the centre; ``pad`` resizes the longer side and pads right and below with black.
    crop_share
        Share of the shorter side that a crop keeps, above 0 to 1 (timm's ``crop_pct``).
    squash_share
        Share of both sides that a squash keeps of its centre; below 1 in Hugging Face's DeiT and
        where timm's ``crop_mode`` is ``squash``.
    rounds_down
        Whether a centre between two pixels is moved up and left, as Hugging Face moves it; else it
        is rounded as torchvision rounds it.
    mean, std
        Per channel, of values from 0 to 1.
    interpolation
        Of the resize (Pillow's filters, antialiased).
    multiple
        A native size is padded right and below with zeros, after normalising, to a multiple of
        this many pixels.
    source
        Where this comes from, as ``config.json of the checkpoint`` or ``default of ViT``.
    """

    size: tuple[int, int] | None = (224, 224)
    fit: Fit = "squash"
    crop_share: float = 1.0
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    interpolation: Interpolation = "bicubic"
    multiple: int = 1
    source: str = ""
    squash_share: float = 1.0
    rounds_down: bool = False

    def __post_init__(self) -> None:
        if self.size is not None and not all(1 <= side <= LARGEST_SIDE for side in self.size):
            raise BadRequest(f"An input of {self.size} pixels is not possible.")
        for share in (self.crop_share, self.squash_share):
            if not 0 < share <= 1:
                raise BadRequest(f"A crop keeps a share above 0 up to 1, not {share:g}.")
        sizes = np.abs((*self.mean, *self.std))
        if not np.all(sizes <= LARGEST_STATISTIC) or min(self.std) < LEAST_STD:
            raise BadRequest(
                "Mean and standard deviation are finite, the latter above 0: sizes up to "
                f"{LARGEST_STATISTIC:g} are possible, and deviations from {LEAST_STD:g}."
            )
        if self.multiple < 1:
            raise BadRequest("A size is a multiple of at least 1.")

    @property
    def words(self) -> str:
        """In one line, as ``224 x 224, centre crop 90 %, bicubic, mean 0.485 ..., std ...``."""
        size = "native size" if self.size is None else f"{self.size[0]} × {self.size[1]}"
        how = {"squash": "squashed", "crop": "centre crop", "pad": "padded"}[self.fit]
        if self.fit == "crop":
            how += f" {self.crop_share:.3g}"
        if self.fit == "squash" and self.squash_share < 1:
            how += f", centre {self.squash_share:.3g}"
        parts = [size] if self.size is None else [size, how, self.interpolation]
        mean, std = (" ".join(f"{value:.3g}" for value in row) for row in (self.mean, self.std))
        return ", ".join([*parts, f"mean {mean}", f"std {std}"])


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """A model's input.

    Parameters
    ----------
    pixels
        (3, rows, columns) float32, normalised; what the model is run on.
    seen
        (rows, columns, 3) uint8: the same before normalising, "what the model saw".
    placement
        Which part of the original it is.
    preparation
        How it was made.
    """

    pixels: npt.NDArray[np.float32]
    seen: Picture
    placement: Placement
    preparation: Preparation

    def __post_init__(self) -> None:
        shape = self.placement.input_shape
        if self.pixels.shape != (3, *shape) or self.seen.shape != (*shape, 3):
            raise BadRequest(
                f"A prepared image of {self.pixels.shape} and {self.seen.shape} does not fit "
                f"its placement {shape}."
            )
        self.pixels.setflags(write=False)
        self.seen.setflags(write=False)
