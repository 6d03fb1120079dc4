"""Models and images that are open, and where they came from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from inspector.core.comparison import ModelCard
from inspector.core.images import ImageCard, SliceAddress, Tone
from inspector.families.model import Model

if TYPE_CHECKING:
    from inspector.images.image import InputImage


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size in bytes and time of change in nanoseconds of a file; -1 for one that is not there."""

    path: Path
    size: int
    time: int


def stamps_of(paths: Sequence[Path]) -> tuple[Stamp, ...]:
    """What files look like now; never raises."""
    return tuple(_stamp(path) for path in paths)


@dataclass(frozen=True, slots=True)
class Source:
    """A file or folder, and how it is read: what is needed to open the same model again."""

    path: Path
    heads: int | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OpenModel:
    """An open model; `card` carries its label, unique among those that are open.

    `stamps` tell its files as they were when it was opened from what they may become.
    """

    model: Model
    source: Source
    card: ModelCard
    stamps: tuple[Stamp, ...] = ()

    @classmethod
    def of(cls, model: Model, source: Source) -> Self:
        """Label it by its file name until the session knows the others."""
        return cls(model, source, model.card(), stamps_of(model.checkpoint.files))


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A file or folder, and which of the images that it gives (a folder gives each series)."""

    path: Path
    place: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class OpenImage:
    """An open image; `card` carries its label, unique among those that are open."""

    image: "InputImage"
    source: ImageSource
    card: ImageCard
    stamps: tuple[Stamp, ...] = ()

    @classmethod
    def of(cls, image: "InputImage", source: ImageSource) -> Self:
        """Keep the label of its reader until the session knows the others."""
        return cls(image, source, image.card, stamps_of(image.files))


@dataclass(frozen=True, slots=True)
class ImageView:
    """Which slice of an image is looked at, and how; no tone is the file's own default."""

    at: SliceAddress = field(default_factory=SliceAddress)
    tone: Tone | None = None


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:
        return Stamp(path, -1, -1)
    return Stamp(path, status.st_size, status.st_mtime_ns)
