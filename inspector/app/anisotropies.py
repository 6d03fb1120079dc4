"""The anisotropy of open models on folders of images, measured in the lane and kept."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from inspector.app.networks import Networks
from inspector.core.errors import InspectorError
from inspector.core.modes import Anisotropy, TokenSpace
from inspector.core.preparation import Preparation
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.session import OpenModel, Session

ANISOTROPY = "anisotropy"
SCAN_RANK = -2
"""Of what runs over folders: below everything else. Modes that nobody looks at yet have -1."""
SPARE_CORES = 1
"""Cores that it leaves to the window."""


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


class Anisotropies(QObject):
    """One of each model and token space, measured when it is asked for.

    Signals
    -------
    changed()
        More is known, or nothing is being measured any more.
    failed(title, error)
        What the user asked for could not be done.
    """

    changed = Signal()
    failed = Signal(str, object)

    def __init__(
        self,
        session: Session,
        lane: Lane,
        networks: Networks,
        *,
        device: Callable[[], str],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = lane
        self._networks = networks
        self._device = device
        self._measured: dict[tuple[int, TokenSpace], Measured] = {}
        lane.result.connect(self._on_result)
        lane.failed.connect(self._on_failed)
        lane.ended.connect(self._on_ended)

    @property
    def is_busy(self) -> bool:
        """Whether one is being measured."""
        return self._lane.has(ANISOTROPY)

    def of(self, entry: OpenModel) -> Anisotropy | None:
        """Of a model, in the selected token space; None where it was not computed."""
        found = self.measured(entry)
        return None if found is None else found.anisotropy

    def measured(self, entry: OpenModel) -> Measured | None:
        """The anisotropy of a model with what it was measured on."""
        return self._measured.get((id(entry.model), self._session.selection.space))

    def measure(self, entry: OpenModel, folder: Path) -> None:
        """Compare a folder of images in every block of a model; takes long, can be cancelled."""
        networks, preparation = self._networks, self._session.preparation_of(entry)
        asked = Measure(entry, folder, preparation, self._session.selection.space, self._device())
        self._lane.submit(
            ANISOTROPY,
            lambda context: measure(asked, networks, context),
            label=f"Anisotropy of {entry.card.label}",
            rank=SCAN_RANK,
            unit="images",
            pausable=True,
        )
        self.changed.emit()

    @Slot(object)
    def keep(self, measured: Measured) -> None:
        """Take over what a scan has brought along, where it was not measured by itself."""
        open_now = [id(entry.model) for entry in self._session.models]
        key = (measured.model, measured.anisotropy.space)
        if measured.model in open_now and key not in self._measured:
            self._measured[key] = measured
            self.changed.emit()

    def forget(self, open_now: Collection[int]) -> None:
        """Let go of what belongs to models that are closed; those open are named by `id`."""
        for key in [key for key in self._measured if key[0] not in open_now]:
            del self._measured[key]

    @Slot(str, object)
    def _on_result(self, key: str, value: object) -> None:
        if key == ANISOTROPY and isinstance(value, Measured):
            self._measured[value.model, value.anisotropy.space] = value
            self.changed.emit()

    @Slot(str, object)
    def _on_failed(self, key: str, error: object) -> None:
        if key == ANISOTROPY and isinstance(error, InspectorError):
            self.failed.emit("Could not measure the anisotropy", error)

    @Slot(str)
    def _on_ended(self, key: str) -> None:
        if key == ANISOTROPY:
            self.changed.emit()


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
    from inspector.scans.workers import Sharing

    model = asked.entry.model
    found, files = anisotropy_of_folder(
        model,
        networks.of(model, resolve_device(asked.device)),
        asked.folder,
        space=asked.space,
        preparation=asked.preparation,
        card=asked.entry.card,
        sharing=Sharing(SPARE_CORES, context.give_way),
        progress=context.progress,
    )
    return Measured(id(model), found, asked.folder, files)
