"""The anisotropy of a model on a folder of images; runs in the lane."""

from dataclasses import dataclass
from pathlib import Path

from inspector.app.networks import Networks
from inspector.core.modes import Anisotropy, TokenSpace
from inspector.core.preparation import Preparation
from inspector.jobs.context import JobContext
from inspector.session import OpenModel


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
    """Compare the images of a folder block by block, as the command line does.

    Raises
    ------
    BadImage
        When the folder holds no image.
    CannotRun
        When the model cannot be run.
    """
    from inspector.analysis.devices import resolve_device
    from inspector.export.computing import anisotropy_of_folder

    model = asked.entry.model
    found, files = anisotropy_of_folder(
        model,
        networks.of(model, resolve_device(asked.device)),
        asked.folder,
        space=asked.space,
        preparation=asked.preparation,
        card=asked.entry.card,
        progress=context.progress,
    )
    return Measured(id(model), found, asked.folder, files)
