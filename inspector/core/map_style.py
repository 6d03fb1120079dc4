"""How maps are drawn over an image; changes no number."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from inspector.core.errors import BadRequest


class ColourPair(StrEnum):
    """The two lights of an overlay: that of the query map, then that of the key map."""

    RED_CYAN = "red-cyan"
    MAGENTA_GREEN = "magenta-green"
    ORANGE_AZURE = "orange-azure"

    @property
    def label(self) -> str:
        """As in a menu: ``Red and cyan (as in the paper)``."""
        return {
            "red-cyan": "Red and cyan (as in the paper)",
            "magenta-green": "Magenta and green (colour-safe)",
            "orange-azure": "Orange and azure (colour-safe)",
        }[self.value]


Limits = Literal["own", "shared"]


@dataclass(frozen=True, slots=True)
class MapStyle:
    """Of the overlay, and of the single maps beside it.

    out = dim * grey + opacity * (q * C_query + k * C_key), clipped, with q and k the maps brought
    to 0..1 between their 30th and 95th percentile.

    Parameters
    ----------
    pair
        The two colours.
    opacity
        alpha, 0 to 1.
    dim
        Brightness of the image below, 0 to 1.
    limits
        ``own``: every map from its own percentiles. ``shared``: all that are looked at together
        (A and B, the images or modes of a figure) from the percentiles of all of them.
    smooth
        Whether maps are interpolated between the centres of patches; stamped on figures. Default is
        one flat colour a patch.
    grid
        Whether the token grid is drawn.
    flipped
        Whether the sign is the other one than the program's choice: (-u, -v) instead of (u, v).
    seen
        Whether the image is shown as the model saw it instead of the original.
    """

    pair: ColourPair = ColourPair.RED_CYAN
    opacity: float = 0.6
    dim: float = 0.5
    limits: Limits = "own"
    smooth: bool = False
    grid: bool = False
    flipped: bool = False
    seen: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.opacity <= 1 and 0 <= self.dim <= 1):
            raise BadRequest("Opacity and brightness are from 0 to 1.")
