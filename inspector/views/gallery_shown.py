"""What of a gallery is shown, and how far the scan is that it comes from."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from inspector.core.errors import BadRequest
from inspector.core.gallery import GalleryRow, GalleryScene, SignsShown
from inspector.core.optimal import DEFAULT_MODES, DEFAULT_TOP, Sign

RowName = tuple[int, Sign]
"""A row of a gallery: a mode and a sign."""

ScanStage = Literal["idle", "waiting", "running", "paused"]


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
    modes: int | None = DEFAULT_MODES
    columns: int = DEFAULT_TOP
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
    waits_for
        What has to be done before, in words; of one that is ``waiting``.
    kept
        Of how many images results are kept from before; of one that is ``idle``.
    """

    stage: ScanStage = "idle"
    done: int = 0
    total: int = 0
    rate: float | None = None
    seconds_left: float | None = None
    waits_for: str = ""
    kept: int = 0
