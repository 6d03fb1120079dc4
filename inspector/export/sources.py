"""The files a figure comes from, and how they are read: enough to read them again."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspector.core.images import SliceAddress, Tone, Window
from inspector.core.preparation import Preparation
from inspector.core.scene import ShownImage


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """A checkpoint.

    Parameters
    ----------
    path
        The file or folder given.
    heads, section
        What it is opened with; see `inspector.families.open_model`.
    files
        Every file that is read: shards, index and configuration too.
    """

    path: Path
    heads: int | None = None
    section: str | None = None
    files: tuple[Path, ...] = ()

    @property
    def options(self) -> list[str]:
        """As words of a command line."""
        words = [] if self.heads is None else ["--heads", str(self.heads)]
        return words if self.section is None else [*words, "--section", self.section]

    @property
    def text(self) -> str:
        """As Python, without the list of files."""
        parts = [f"Path({str(self.path.absolute())!r})"]
        parts += [f"heads={self.heads}"] if self.heads is not None else []
        parts += [f"section={self.section!r}"] if self.section is not None else []
        return f"CheckpointFile({', '.join(parts)})"


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A picture of an image.

    Parameters
    ----------
    path, place
        The file or folder given, and which of the images in it.
    at
        Which slice.
    tone
        A window, the number of one of the file's own presets, or None for the file's default.
    preparation
        None for that of the model.
    files
        Every file that is read.
    """

    path: Path
    place: int = 0
    at: SliceAddress = field(default_factory=SliceAddress)
    tone: Window | int | None = None
    preparation: Preparation | None = None
    files: tuple[Path, ...] = ()

    @classmethod
    def of(cls, image: ShownImage, *, place: int = 0, files: tuple[Path, ...] = ()) -> "ImageFile":
        """What an image that is shown was read from."""
        prepared = image.prepared
        return cls(
            Path(image.card.path),
            place,
            image.at,
            _tone_of(image.tone, image),
            None if prepared is None else prepared.preparation,
            files,
        )

    @property
    def options(self) -> list[str]:
        """As words of a command line."""
        at, tone = self.at, self.tone
        words = ["--plane", str(at.plane)] if at.plane != SliceAddress().plane else []
        words += ["--slice", str(at.index)] if at.index else []
        words += ["--time", str(at.time)] if at.time else []
        words += [f"--window={tone.centre:g},{tone.width:g}"] if isinstance(tone, Window) else []
        return words

    @property
    def text(self) -> str:
        """As Python, without the list of files."""
        at = self.at
        place = f"Plane.{at.plane.name}, {at.index}, {at.time}"
        parts = [f"Path({str(self.path.absolute())!r})", f"place={self.place}"]
        parts += [f"at=SliceAddress({place})", f"tone={self.tone!r}"]
        parts += [f"preparation={self.preparation!r}"]
        return f"ImageFile({', '.join(parts)})"

    def as_json(self) -> dict[str, Any]:
        """Which picture of the file it is; plain values."""
        return {
            "image_in_file": self.place,
            "plane": str(self.at.plane),
            "slice": self.at.index,
            "time": self.at.time,
        }


def _tone_of(tone: Tone, image: ShownImage) -> Window | int | None:
    """The number of a preset of the file where it is one: a table cannot be written down."""
    for number, preset in enumerate(image.slice.presets):
        if preset.tone is tone or preset.tone == tone:
            return number
    return tone if isinstance(tone, Window) else None
