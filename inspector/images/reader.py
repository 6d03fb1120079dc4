"""What an image format gives: a way to know its files, and a way to open them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inspector.core.errors import BadImage
from inspector.core.images import Plane
from inspector.core.progress import Progress
from inspector.images.image import InputImage

HEAD_BYTES = 1024
_MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Folder:
    """What came of a folder: images in natural order, and the files that could not be opened.

    `notes` are sentences on the folder, which stand on the card of the first image too.
    """

    images: tuple[InputImage, ...]
    failures: tuple[tuple[Path, BadImage], ...] = ()
    notes: tuple[str, ...] = ()

    def noted(self) -> tuple[InputImage, ...]:
        """The images, the first with a note that tells what could not be opened."""
        if self.failures:
            card = self.images[0].card
            self.images[0].card = replace(card, notes=(*card.notes, self._note))
        return self.images

    @property
    def _note(self) -> str:
        count = len(self.failures)
        told = " ".join(error.message for _, error in self.failures[:_MOST_TOLD])
        more = " The first of them:" if count > _MOST_TOLD else ""
        files = "One file" if count == 1 else f"{count} files"
        return f"{files} of the folder could not be opened.{more} {told}"


@dataclass(frozen=True, slots=True)
class Pictures:
    """How many pictures a file holds: the slices of its first plane, at every point in time.

    `files` are all that it is read from, the one that it is called by first.
    """

    files: tuple[Path, ...]
    plane: Plane = Plane.STORED
    slices: int = 1
    times: int = 1


@dataclass(frozen=True, slots=True)
class Reader:
    """An image format.

    Parameters
    ----------
    name
        In words, as ``NIfTI``.
    suffixes
        How its files are commonly called, in lower case; used where the content tells nothing.
    matches
        Whether the first bytes of a file are of this format.
    open
        Opens one file; raises `BadImage`.
    count
        Tells how many pictures a file holds, from its header: none is decoded; raises `BadImage`.
    open_together
        Opens many files of a folder, of which some may belong together; None where each file is
        an image of its own.
    """

    name: str
    suffixes: tuple[str, ...]
    matches: Callable[[bytes], bool]
    open: Callable[[Path], InputImage]
    count: Callable[[Path], Pictures]
    open_together: Callable[[Sequence[Path], Progress], Folder] | None = None


def head_of(path: Path) -> bytes:
    """The first bytes of a file.

    Raises
    ------
    BadImage
        When it is no file, or may not be read.
    """
    try:
        if not path.is_file():
            there = "is no file that can be read" if path.exists() else "is not there"
            raise BadImage(f"“{path.name}” {there}.", advice="Give an image file or a folder.")
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        raise BadImage(
            f"“{path.name}” may not be read: {error.strerror or 'the system refuses'}.",
            advice="Check that the file is still there and that you may read it.",
        ) from error
