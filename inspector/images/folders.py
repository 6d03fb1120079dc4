"""All images of a folder: which files are tried, in which order, and what came of them."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from inspector.core.errors import BadImage
from inspector.core.progress import Progress
from inspector.images.image import InputImage
from inspector.images.reader import Folder, Reader

_MOST_FILES = 20_000
_MOST_LOOKED_AT = 50
"""Files looked at to see whether a folder holds an image."""


def natural_order(path: Path) -> list[tuple[int, int, str]]:
    """A key that puts ``slice 2`` before ``slice 10``."""
    parts = re.split(r"(\d+)", str(path).casefold())
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def looks_like_folder_of_images(path: Path, looks: Callable[[Path], bool]) -> bool:
    """Whether one of the first files in a folder looks like an image."""
    return any(looks(file) for file in islice(_files(path), _MOST_LOOKED_AT))


def open_files(
    path: Path, reader_of: Callable[[Path], Reader | None], progress: Progress
) -> Folder:
    """Open what can be opened in a folder and the folders in it.

    Raises
    ------
    BadImage
        When nothing can be opened.
    """
    images: list[InputImage] = []
    failures: list[tuple[Path, BadImage]] = []
    found = list(islice(_files(path), _MOST_FILES + 1))
    notes = (_left_out(path),) if len(found) > _MOST_FILES else ()
    files = sorted(found[:_MOST_FILES], key=natural_order)
    try:
        _open_all(files, reader_of, progress, images, failures)
    except BaseException:
        for image in images:
            image.close()
        raise
    images.sort(key=lambda image: natural_order(image.files[0]))
    if not images:
        raise _nothing(path, failures, notes)
    first = images[0]
    first.card = replace(first.card, notes=(*first.card.notes, *notes))
    return Folder(tuple(images), tuple(failures), notes)


def _open_all(
    files: Sequence[Path],
    reader_of: Callable[[Path], Reader | None],
    progress: Progress,
    images: list[InputImage],
    failures: list[tuple[Path, BadImage]],
) -> None:
    together: dict[str, tuple[Reader, list[Path]]] = {}
    for number, file in enumerate(files):
        progress(number, len(files), f"file {number + 1}")
        try:
            reader = reader_of(file)
            if reader is None:
                continue
            if reader.open_together is not None:
                together.setdefault(reader.name, (reader, []))[1].append(file)
            else:
                images.append(reader.open(file))
        except BadImage as error:
            failures.append((file, error))
    for reader, members in together.values():
        if reader.open_together is not None:
            found = reader.open_together(members, progress)
            images.extend(found.images)
            failures.extend(found.failures)


def _files(path: Path) -> Iterator[Path]:
    """Of a folder and the folders in it; no hidden ones, and no links are followed out of it."""
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _left_out(path: Path) -> str:
    return (
        f"The folder “{path.name}” and the folders in it hold more than {_MOST_FILES:,} files: "
        "only so many were looked at, and images may be missing."
    )


def _nothing(path: Path, failures: list[tuple[Path, BadImage]], notes: tuple[str, ...]) -> BadImage:
    if not failures:
        return BadImage(
            " ".join((f"The folder “{path.name}” holds no image.", *notes)),
            advice="Open a folder with DICOM, NIfTI, MGZ, NRRD, PNG, JPEG or TIFF files.",
        )
    tried = "one file was" if len(failures) == 1 else f"{len(failures)} files were"
    return BadImage(
        f"No image in the folder “{path.name}” can be opened; {tried} tried. The first: "
        f"{failures[0][1].message}",
        advice=failures[0][1].advice,
        details="\n".join(error.message for _, error in failures[:20]),
    )
