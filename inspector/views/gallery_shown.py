"""What of a gallery is shown, how a scan is to be done, and how far it is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from inspector.core.errors import BadRequest
from inspector.core.gallery import GalleryRow, GalleryScene, SignsShown
from inspector.core.optimal import MOST_TOP, Sign

RowName = tuple[int, Sign]
"""A row of a gallery: a mode and a sign."""

ScanStage = Literal["idle", "running", "paused"]


class TileSize(StrEnum):
    """How large the pictures are."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"

    @property
    def side(self) -> int:
        """The longer side of a picture in pixels of the screen."""
        return {"small": 64, "medium": 104, "large": 176}[self.value]


@dataclass(frozen=True, slots=True)
class GalleryShown:
    """Which rows and columns of a scene are shown, and how large.

    Parameters
    ----------
    signs
        One of the signs, or both, one under the other.
    modes
        The first so many modes; None for all that are known.
    columns
        The first so many images of a row; fewer where fewer are known.
    size
        Of the pictures.
    """

    signs: SignsShown = "+"
    modes: int | None = 10
    columns: int = 8
    size: TileSize = TileSize.MEDIUM

    def __post_init__(self) -> None:
        if self.columns < 1 or (self.modes is not None and self.modes < 1):
            raise BadRequest("A gallery shows at least one mode and one image of each.")

    def rows_of(self, scene: GalleryScene) -> tuple[GalleryRow, ...]:
        """The rows of a scene that are shown, in its order."""
        return tuple(
            row
            for row in scene.rows
            if self.signs in ("both", row.sign) and (self.modes is None or row.mode < self.modes)
        )


@dataclass(frozen=True, slots=True)
class ScanChoice:
    """How optimal images are looked for; which tokens are projected is chosen with the modes.

    Parameters
    ----------
    modes
        The first so many modes of every head; None for all.
    top
        How many images are kept of each mode and sign.
    compat
        Whether images are scored as the published code does.
    """

    modes: int | None = 10
    top: int = 8
    compat: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.top <= MOST_TOP:
            raise BadRequest(f"From 1 to {MOST_TOP} images of a mode are kept, not {self.top}.")


@dataclass(frozen=True, slots=True)
class ScanShown:
    """How far a scan is.

    Parameters
    ----------
    stage
        ``idle`` where none runs, whether or not one did.
    done, total
        Images that were looked at or left out, and all; a total of 0 is not known yet.
    rate
        Images a second; None where it is not known yet.
    seconds_left
        None where it is not known yet.
    """

    stage: ScanStage = "idle"
    done: int = 0
    total: int = 0
    rate: float | None = None
    seconds_left: float | None = None
