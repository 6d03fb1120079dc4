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
from inspector.app.anisotropies import SCAN_RANK, SPARE_CORES, Measured
from inspector.app.networks import Networks, NeverRuns
from inspector.core.errors import InspectorError
from inspector.core.measuring import MaskFolders, MaskMeasure
from inspector.core.modes import ModeOptions, Product
from inspector.core.optimal import OptimalImages, OptimalOptions
from inspector.core.preference import Preference
from inspector.core.preparation import Preparation
from inspector.core.same_object import SameObject
from inspector.core.scan_request import ScanRequest
from inspector.jobs.context import JobContext, JobState
from inspector.jobs.lane import Lane
from inspector.session import OpenModel, Session

if TYPE_CHECKING:
    from inspector.families.network import Network
    from inspector.scans.analyses import OptimalFound, PreferenceFound, Running, SameObjectFound

    Answer = OptimalFound | PreferenceFound | SameObjectFound

Kind = Literal["optimal", "preference", "same-object"]
Stage = Literal["idle", "waiting", "running", "paused"]
Result = OptimalImages | Preference | SameObject

SCAN = "scan:"
"""How the keys of scans begin in the lane."""
_KEPT = 12
_LABELS: dict[Kind, str] = {
    "optimal": "Gallery of",
    "preference": "Attention preference of",
    "same-object": "Same objects of",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that the result of a scan depends on; a model is named by its `id`.

    `options` are None where no modes are needed; `preparation` is None for the checkpoint's own.
    """

    model: int
    kind: Kind
    request: ScanRequest | MaskFolders
    options: OptimalOptions | None
    preparation: Preparation | None


@dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """What a scan has found, finished or not, and the files that were looked at.

    `number` is another one for every scan.
    """

    wanted: Wanted
    number: int
    result: Result
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class _Running:
    wanted: Wanted
    number: int
    state: JobState


class Scans(QObject):
    """One scan of each kind for each open model; those that wait are done one after the other.

    Signals
    -------
    changed()
        More is found, a scan has begun or ended, waits or goes on.
    progressed()
        A scan has got further.
    anisotropy_found(measured)
        A `Measured` that a scan has brought along.
    failed(title, error)
        What the user asked for could not be done.
    """

    changed = Signal()
    progressed = Signal()
    anisotropy_found = Signal(object)
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
        self._found: dict[Wanted, Scanned] = {}
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

    def optimal(self, entry: OpenModel) -> Scanned | None:
        """The optimal images of a model, as the session's choices are now."""
        wanted = self.wanted(entry)
        return None if wanted is None else self._found.get(wanted)

    def preference(self, entry: OpenModel) -> Preference | None:
        """What was measured last of a model."""
        found = self.measured(entry, "preference")
        return found.result if found and isinstance(found.result, Preference) else None

    def same_object(self, entry: OpenModel) -> SameObject | None:
        """What was measured last of a model."""
        found = self.measured(entry, "same-object")
        return found.result if found and isinstance(found.result, SameObject) else None

    def measured(self, entry: OpenModel, measure: MaskMeasure) -> Scanned | None:
        """What was measured last of a model, with what it was measured on."""
        model = id(entry.model)
        of_model = [
            found
            for wanted, found in self._found.items()
            if (wanted.model, wanted.kind) == (model, measure)
        ]
        return of_model[-1] if of_model else None

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

    def is_measuring(self, measure: MaskMeasure) -> bool:
        """Whether something is being measured with masks, of any model."""
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
        self._running[key] = _Running(wanted, number, state)
        job = _job(wanted, entry, self._networks, self._device())
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
        self._found = {
            wanted: found for wanted, found in self._found.items() if wanted.model in open_now
        }
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
        running = self._running.get(key)
        if running is None:
            return
        answer = _scanned(running, value)
        if answer is not None:
            self._found.pop(running.wanted, None)
            self._found[running.wanted] = answer
            while len(self._found) > _KEPT:
                del self._found[next(iter(self._found))]
            self.changed.emit()

    @Slot(str, object)
    def _on_result(self, key: str, value: object) -> None:
        self._on_found(key, value)
        running = self._running.get(key)
        anisotropy = getattr(value, "anisotropy", None)
        if running is None or anisotropy is None:
            return
        request = running.wanted.request
        assert isinstance(request, ScanRequest)
        files = self._found[running.wanted].files
        self.anisotropy_found.emit(
            Measured(running.wanted.model, anisotropy, request.folder, files)
        )

    @Slot(str, object)
    def _on_failed(self, key: str, error: object) -> None:
        if key in self._running and isinstance(error, InspectorError):
            if isinstance(error, NeverRuns):
                self._refused[self._running[key].wanted.model] = error
            self.failed.emit("Could not look through the folder", error)

    @Slot(str)
    def _on_pause_changed(self, key: str) -> None:
        if key in self._running:
            self.changed.emit()

    @Slot(str)
    def _on_ended(self, key: str) -> None:
        if self._running.pop(key, None) is not None:
            self.changed.emit()


def _scanned(running: _Running, value: object) -> Scanned | None:
    """What a scan gives, by the kind that was wanted."""
    wanted = running.wanted
    result = getattr(value, wanted.kind.replace("-", "_"), None)
    if result is None:
        return None
    files, notes = getattr(value, "files", ()), getattr(value, "notes", ())
    return Scanned(wanted, running.number, result, tuple(files), tuple(notes))


def _job(
    wanted: Wanted, entry: OpenModel, networks: Networks, device: str
) -> "Callable[[JobContext], Answer | None]":
    def job(context: JobContext) -> "Answer | None":
        load_libraries_of_torch()
        from inspector.analysis.devices import resolve_device

        where = resolve_device(device)
        network = networks.of(entry.model, where)
        request = wanted.request
        if isinstance(request, ScanRequest):
            assert wanted.options is not None
            return _optimal(wanted, request, entry, network, where, context)
        return _with_masks(wanted, request, entry, network, where, context)

    return job


def _optimal(
    wanted: Wanted,
    request: ScanRequest,
    entry: OpenModel,
    network: "Network",
    device: str,
    context: JobContext,
) -> "OptimalFound | None":
    from inspector.scans.analyses import optimal_images

    assert wanted.options is not None
    return optimal_images(
        entry.model,
        network,
        request.folder,
        options=wanted.options,
        top=request.choice.top,
        anisotropy_space=wanted.options.space,
        partial=context.partial,
        **_running(wanted, entry, network, device, context),
    )


def _with_masks(
    wanted: Wanted,
    folders: MaskFolders,
    entry: OpenModel,
    network: "Network",
    device: str,
    context: JobContext,
) -> "PreferenceFound | SameObjectFound | None":
    from inspector.images.objects import objects_of
    from inspector.scans.analyses import attention_preference, same_object

    objects = objects_of(folders)
    running = _running(wanted, entry, network, device, context)
    model, images, partial = entry.model, folders.images, context.partial
    if wanted.options is None:
        return attention_preference(model, network, images, objects, partial=partial, **running)
    return same_object(
        model, network, images, objects, options=wanted.options, partial=partial, **running
    )


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
