"""Scans of folders with the open models, in the lane, and what they have found so far.

A scan gives way to everything else that the lane is asked for, at its next progress report.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal, Slot

from inspector.app.accelerator_hint import load_libraries_of_torch
from inspector.app.networks import Networks, NeverRuns
from inspector.core.errors import InspectorError
from inspector.core.measuring import MaskFolders, MaskMeasure
from inspector.core.modes import Anisotropy, ModeOptions, Product, TokenSpace
from inspector.core.optimal import OptimalImages, OptimalOptions
from inspector.core.preference import Preference
from inspector.core.preparation import Preparation
from inspector.core.same_object import SameObject
from inspector.core.scan_request import AnisotropyRequest, ScanRequest
from inspector.jobs.context import JobContext, JobState
from inspector.jobs.lane import Lane
from inspector.session import OpenModel, Session

if TYPE_CHECKING:
    from inspector.families.model import Model
    from inspector.families.network import Network
    from inspector.scans.analyses import Found, Running

Measure = MaskMeasure | Literal["anisotropy"]
Kind = Measure | Literal["optimal"]
Stage = Literal["idle", "waiting", "running", "paused"]
Result = OptimalImages | Preference | SameObject | Anisotropy

SCAN = "scan:"
"""How the keys of scans begin in the lane."""
SCAN_RANK = -2
"""Of what runs over folders: below everything else. Modes that nobody looks at yet have -1."""
SPARE_CORES = 1
"""Cores that it leaves to the window."""
_GALLERIES = 12
_LABELS: dict[Kind, str] = {
    "optimal": "Gallery of",
    "preference": "Attention preference of",
    "same-object": "Same objects of",
    "anisotropy": "Anisotropy of",
}
_FAILED = "Could not look through the folder"
_TITLES: dict[Kind, str] = {"anisotropy": "Could not measure the anisotropy"}
_Place = tuple[int, Kind, TokenSpace | None]
"""Under what the last result is kept: model, kind, and token space where there is one of each."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that the result of a scan depends on; a model is named by its `id`.

    `options` are None where no modes are needed; `preparation` is None for the checkpoint's own.
    """

    model: int
    kind: Kind
    request: ScanRequest | MaskFolders | AnisotropyRequest
    options: OptimalOptions | None
    preparation: Preparation | None

    @property
    def folder(self) -> Path:
        """Of the images."""
        request = self.request
        return request.images if isinstance(request, MaskFolders) else request.folder


@dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """What a scan has found, finished or not; `number` is another one for every scan."""

    wanted: Wanted
    number: int
    found: "Found[Result]"


@dataclass(slots=True, eq=False)
class _Running:
    wanted: Wanted
    state: JobState


class Scans(QObject):
    """One scan of each kind for each open model; those that wait are done one after the other.

    Signals
    -------
    changed()
        More is found, a scan has begun or ended, waits or goes on.
    progressed()
        A scan has got further.
    failed(title, error)
        What the user asked for could not be done.
    """

    changed = Signal()
    progressed = Signal()
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
        self._numbers = itertools.count()
        self._running: dict[str, _Running] = {}
        self._optimal: dict[Wanted, Scanned] = {}
        self._measured: dict[_Place, Scanned] = {}
        self._refused: dict[int, NeverRuns] = {}
        session.models_changed.connect(self._on_models_changed)
        lane.progressed.connect(self._on_progressed)
        lane.partial.connect(self._on_found)
        lane.result.connect(self._on_result)
        lane.failed.connect(self._on_failed)
        lane.pause_changed.connect(self._on_pause_changed)
        lane.ended.connect(self._on_ended)

    def wanted(self, entry: OpenModel) -> Wanted | None:
        """The scan for optimal images that the session's choices mean; None without a folder."""
        request = self._session.scan
        if request is None:
            return None
        chosen = self._session.selection
        options = request.options(chosen.options, chosen.space)
        preparation = self._session.preparation_of(entry)
        return Wanted(id(entry.model), "optimal", request, options, preparation)

    def scan(self, entry: OpenModel) -> None:
        """Look through the session's folder; what was found there before is not looked for."""
        wanted = self.wanted(entry)
        if wanted is not None:
            self._submit(wanted, entry)

    def measure(self, entry: OpenModel, folders: MaskFolders) -> None:
        """Measure something of a model with masks."""
        chosen = self._session.selection.options
        weights = ModeOptions(Product.QK, chosen.fold_norm, chosen.augment_bias)
        options = OptimalOptions(None, weights, self._session.selection.space)
        wanted = Wanted(
            id(entry.model),
            folders.measure,
            folders,
            options if folders.measure == "same-object" else None,
            self._session.preparation_of(entry),
        )
        self._submit(wanted, entry)

    def measure_anisotropy(self, entry: OpenModel, folder: Path) -> None:
        """Compare the images of a folder in every block of a model, in the selected space."""
        request = AnisotropyRequest(folder, self._session.selection.space)
        preparation = self._session.preparation_of(entry)
        self._submit(Wanted(id(entry.model), "anisotropy", request, None, preparation), entry)

    def optimal(self, entry: OpenModel) -> Scanned | None:
        """The optimal images of a model, as the session's choices are now."""
        wanted = self.wanted(entry)
        return None if wanted is None else self._optimal.get(wanted)

    def preference(self, entry: OpenModel) -> Preference | None:
        """What was measured last of a model."""
        result = self._result(entry, "preference")
        return result if isinstance(result, Preference) else None

    def same_object(self, entry: OpenModel) -> SameObject | None:
        """What was measured last of a model."""
        result = self._result(entry, "same-object")
        return result if isinstance(result, SameObject) else None

    def anisotropy(self, entry: OpenModel) -> Anisotropy | None:
        """What was measured last of a model in the selected token space, or came along first."""
        result = self._result(entry, "anisotropy")
        return result if isinstance(result, Anisotropy) else None

    def measured(self, entry: OpenModel, measure: Measure) -> Scanned | None:
        """What was measured last of a model, with what it was measured on."""
        space = self._session.selection.space if measure == "anisotropy" else None
        return self._measured.get((id(entry.model), measure, space))

    def why_refused(self, entry: OpenModel) -> NeverRuns | None:
        """Why a model cannot be run on any image, once that was tried."""
        return self._refused.get(id(entry.model))

    def state(self, entry: OpenModel, kind: Kind) -> JobState | None:
        """How far a scan is; None where none runs or waits."""
        key = self._key_of(entry, kind)
        return None if key is None else self._running[key].state

    def stage(self, entry: OpenModel, kind: Kind) -> Stage:
        """Whether a scan runs, waits to be begun, is paused, or there is none."""
        key = self._key_of(entry, kind)
        if key is None:
            return "idle"
        if self._lane.is_paused(key):
            return "paused"
        return "waiting" if self._lane.is_waiting(key) else "running"

    def begun(self) -> JobState | None:
        """The scan that others wait for; None where none has begun."""
        begun = (one for key, one in self._running.items() if not self._lane.is_waiting(key))
        return next((one.state for one in begun if self._lane.has(one.state.key)), None)

    def is_measuring(self, measure: Measure) -> bool:
        """Whether something is being measured, of any model."""
        return any(running.wanted.kind == measure for running in self._running.values())

    def pause(self, entry: OpenModel, kind: Kind, *, paused: bool) -> None:
        """Let a scan wait, or go on."""
        key = self._key_of(entry, kind)
        if key is not None:
            (self._lane.pause if paused else self._lane.resume)(key)

    def cancel(self, entry: OpenModel, kind: Kind) -> None:
        """Stop a scan; what was found stays, and is not looked for another time."""
        key = self._key_of(entry, kind)
        if key is not None:
            self._lane.cancel(key)

    def _result(self, entry: OpenModel, measure: Measure) -> Result | None:
        scanned = self.measured(entry, measure)
        return None if scanned is None else scanned.found.result

    def _key_of(self, entry: OpenModel, kind: Kind) -> str | None:
        wanted = (id(entry.model), kind)
        return next(
            (
                key
                for key, one in self._running.items()
                if (one.wanted.model, one.wanted.kind) == wanted and self._lane.has(key)
            ),
            None,
        )

    def _submit(self, wanted: Wanted, entry: OpenModel) -> None:
        """Begin a scan in place of one of the same kind and model; the same one goes on."""
        key = self._key_of(entry, wanted.kind)
        if key is not None:
            if self._running[key].wanted == wanted:
                self._lane.resume(key)
                return
            self._lane.cancel(key)
        number = next(self._numbers)
        key, label = f"{SCAN}{number}", f"{_LABELS[wanted.kind]} {entry.card.label}"
        state = JobState(key, label, unit="images", pausable=True)
        self._running[key] = _Running(wanted, state)
        job = _job(wanted, number, entry, self._networks, self._device())
        if not self._lane.submit(
            key, job, label=label, rank=SCAN_RANK, unit="images", pausable=True
        ):
            del self._running[key]
        self.changed.emit()

    @Slot()
    def _on_models_changed(self) -> None:
        open_now = {id(entry.model) for entry in self._session.models}
        for key in [key for key, one in self._running.items() if one.wanted.model not in open_now]:
            self._lane.cancel(key)
        for wanted in [wanted for wanted in self._optimal if wanted.model not in open_now]:
            del self._optimal[wanted]
        for place in [place for place in self._measured if place[0] not in open_now]:
            del self._measured[place]
        for model in self._refused.keys() - open_now:
            del self._refused[model]
        self.changed.emit()

    @Slot(object)
    def _on_progressed(self, state: JobState) -> None:
        running = self._running.get(state.key)
        if running is not None:
            running.state = state
            self.progressed.emit()

    @Slot(str, object)
    def _on_found(self, key: str, value: object) -> None:
        if key in self._running and isinstance(value, Scanned):
            self._keep(value)
            self.changed.emit()

    @Slot(str, object)
    def _on_result(self, key: str, value: object) -> None:
        if key in self._running and isinstance(value, Scanned):
            self._keep_along(value)
            self._on_found(key, value)

    def _keep(self, scanned: Scanned) -> None:
        """Galleries of all that was looked for lately; of what is measured the last."""
        wanted = scanned.wanted
        if wanted.kind != "optimal":
            self._measured[_place(wanted)] = scanned
            return
        self._optimal.pop(wanted, None)
        self._optimal[wanted] = scanned
        while len(self._optimal) > _GALLERIES:
            del self._optimal[next(iter(self._optimal))]

    def _keep_along(self, scanned: Scanned) -> None:
        """Take the anisotropy that a scan has brought along, where none is known."""
        wanted, along = scanned.wanted, scanned.found.along
        if along is not None:
            request = AnisotropyRequest(wanted.folder, along.result.space)
            alike = Wanted(wanted.model, "anisotropy", request, None, wanted.preparation)
            self._measured.setdefault(_place(alike), Scanned(alike, scanned.number, along))

    @Slot(str, object)
    def _on_failed(self, key: str, error: object) -> None:
        if key in self._running and isinstance(error, InspectorError):
            if isinstance(error, NeverRuns):
                self._refused[self._running[key].wanted.model] = error
            self.failed.emit(_TITLES.get(self._running[key].wanted.kind, _FAILED), error)

    @Slot(str)
    def _on_pause_changed(self, key: str) -> None:
        if key in self._running:
            self.changed.emit()

    @Slot(str)
    def _on_ended(self, key: str) -> None:
        if self._running.pop(key, None) is not None:
            self.changed.emit()


def _place(wanted: Wanted) -> _Place:
    request = wanted.request
    space = request.space if isinstance(request, AnisotropyRequest) else None
    return wanted.model, wanted.kind, space


def _job(
    wanted: Wanted, number: int, entry: OpenModel, networks: Networks, device: str
) -> Callable[[JobContext], Scanned]:
    def job(context: JobContext) -> Scanned:
        load_libraries_of_torch()
        from inspector.analysis.devices import resolve_device

        where = resolve_device(device)
        network = networks.of(entry.model, where)
        found = _analysed(
            wanted,
            entry.model,
            network,
            partial=lambda found: context.partial(Scanned(wanted, number, found)),
            running=_running(wanted, entry, network, where, context),
        )
        assert found is not None  # of several processes only others than the first get nothing
        return Scanned(wanted, number, found)

    return job


def _analysed(
    wanted: Wanted,
    model: "Model",
    network: "Network",
    *,
    partial: "Callable[[Found[Result]], None]",
    running: "Running",
) -> "Found[Result] | None":
    """By the analysis that is wanted."""
    from inspector.images.objects import objects_of
    from inspector.scans import analyses

    request, options = wanted.request, wanted.options
    if isinstance(request, AnisotropyRequest):
        return analyses.anisotropy(model, network, request.folder, request.space, **running)
    if isinstance(request, ScanRequest):
        assert options is not None
        return analyses.optimal_images(
            model,
            network,
            request.folder,
            options=options,
            top=request.choice.top,
            anisotropy_space=options.space,
            partial=partial,
            **running,
        )
    asked = (model, network, request.images, objects_of(request))
    if options is None:
        return analyses.attention_preference(*asked, partial=partial, **running)
    return analyses.same_object(*asked, options=options, partial=partial, **running)


def _running(
    wanted: Wanted, entry: OpenModel, network: "Network", device: str, context: JobContext
) -> "Running":
    """How every scan of the window is run."""
    from inspector.scans.store import default_store
    from inspector.scans.workers import Sharing

    return {
        "preparation": wanted.preparation or network.preparation,
        "card": entry.card,
        "store": default_store(),
        "sharing": Sharing(SPARE_CORES, context.give_way),
        "device": device,
        "progress": context.progress,
    }
