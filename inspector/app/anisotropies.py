"""The anisotropy of a model on a folder of images; runs in the lane."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.app.networks import Networks
from inspector.core.errors import BadImage
from inspector.core.modes import Anisotropy, TokenSpace
from inspector.core.preparation import Preparation, PreparedImage
from inspector.jobs.context import JobContext
from inspector.session import OpenModel

if TYPE_CHECKING:
    from inspector.images import InputImage


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What came of it, and what it was measured on."""

    model: int
    anisotropy: Anisotropy
    folder: Path
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """What is asked: of which model, on which folder; `preparation` None is the checkpoint's."""

    entry: OpenModel
    folder: Path
    preparation: Preparation | None
    space: TokenSpace
    device: str


def measure(asked: Measure, networks: Networks, context: JobContext) -> Measured:
    """Open a folder's images, prepare the middle slice of each, and compare them block by block.

    Raises
    ------
    BadImage
        When the folder holds no image.
    CannotRun
        When the model cannot be run.
    """
    from inspector.analysis.anisotropy import anisotropy
    from inspector.analysis.devices import resolve_device
    from inspector.images import open_folder

    network = networks.of(asked.entry.model, resolve_device(asked.device))
    folder = open_folder(asked.folder, progress=context.progress)
    skipped = [(path.name, error.message) for path, error in folder.failures]
    preparation = asked.preparation or network.preparation
    try:
        found = anisotropy(
            asked.entry.model,
            network,
            _prepared(folder.images, preparation, skipped, context),
            space=asked.space,
            card=asked.entry.card,
            progress=context.progress,
        )
        files = tuple(file for image in folder.images for file in image.files)
    finally:
        for image in folder.images:
            image.close()
    found = replace(found, skipped=tuple(skipped))
    return Measured(id(asked.entry.model), found, asked.folder, files)


def _prepared(
    images: "tuple[InputImage, ...]",
    preparation: Preparation,
    skipped: list[tuple[str, str]],
    context: JobContext,
) -> Iterator[PreparedImage]:
    """One by one; what cannot be read is noted and left out."""
    from inspector.images.preparing import prepare

    for done, image in enumerate(images):
        context.progress(done, len(images), image.card.label)
        try:
            picture = image.read(image.middle())
        except BadImage as error:
            skipped.append((image.card.label, error.message))
            continue
        yield prepare(picture, picture.default_tone(), preparation)
