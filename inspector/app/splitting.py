"""Has the heads of open models split into modes, in the lane: of weights alone, without image."""

import itertools
from collections.abc import Callable, Collection
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from inspector.app.accelerator_hint import load_libraries_of_torch
from inspector.core.address import Address
from inspector.core.errors import InspectorError
from inspector.core.modes import BlockModes, ModelModes, ModeOptions
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.session import OpenModel, Session

MODES = "modes"
MODES_KEPT = 6
_SOON, _LAST = 1, -1

_Of = tuple[int, ModeOptions]
"""A model, which is named by its `id`, under some options."""


class Splitting(QObject):
    """Keeps the modes of models, and asks for those that the session's options mean.

    Signals
    -------
    found()
        More modes are known.
    changed()
        The same; or it is known that there will be no more.
    failed(title, error)
        A model cannot be split under the selected options.
    """

    found = Signal()
    changed = Signal()
    failed = Signal(str, object)

    def __init__(
        self, session: Session, lane: Lane, *, device: Callable[[], str], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = lane
        self._device = device
        self._numbers = itertools.count()
        self._modes: dict[_Of, ModelModes] = {}
        self._asked: dict[_Of, tuple[str, int]] = {}
        self._refused: dict[_Of, InspectorError] = {}
        self._is_wanted = self._is_stopped = False
        lane.partial.connect(self._on_found)
        lane.result.connect(self._on_found)
        lane.failed.connect(self._on_failed)
        lane.ended.connect(self._on_ended)
        lane.idle.connect(self.ask)

    @property
    def is_busy(self) -> bool:
        """Whether modes of all blocks of a model are being computed."""
        return any(self._lane.has(key) for key, _ in self._asked.values())

    def modes_of(self, entry: OpenModel) -> ModelModes | None:
        """All modes of a model that are known by now, under the selected options."""
        found = self._modes.get((id(entry.model), self._session.selection.options))
        return None if found is None else replace(found, card=entry.card)

    def block(self, entry: OpenModel, address: Address, options: ModeOptions) -> BlockModes | None:
        """The modes of one block; None where they are not known."""
        known = self._modes.get((id(entry.model), options))
        return None if known is None else known.by_address.get(address.of_block)

    def why_none(self, entry: OpenModel, address: Address) -> str:
        """Why a block has no modes; empty where it has, or that is not known."""
        known = self.modes_of(entry)
        skipped = {} if known is None else dict(known.skipped)
        refused = self.why_refused(entry)
        return skipped.get(address.of_block, "") or ("" if refused is None else str(refused))

    def why_refused(self, entry: OpenModel) -> InspectorError | None:
        """Why a model has no modes at all under the selected options; None where it may have."""
        return self._refused.get((id(entry.model), self._session.selection.options))

    def want(self, wanted: bool) -> None:
        """Say whether modes are looked at; where not, they wait until nothing else is to do."""
        self._is_wanted = wanted
        self.go_on()
        self.ask()

    def stop(self) -> None:
        """Begin nothing until something else is looked at, because the user cancels."""
        self._is_stopped = True

    def go_on(self) -> None:
        """Something else is looked at."""
        self._is_stopped = False

    def forget(self, open_now: Collection[int]) -> None:
        """Let go of what belongs to models that are closed; those open are named by `id`."""
        for asked in [asked for asked in self._asked if asked[0] not in open_now]:
            self._lane.cancel(self._asked.pop(asked)[0])
            self._modes.pop(asked, None)
            self._refused.pop(asked, None)

    @Slot()
    def ask(self) -> None:
        """Of every open model, those of the selected options.

        At once where modes are looked at; else when the lane has nothing else to do.
        """
        options, device = self._session.selection.options, self._device()
        if self._is_stopped or (self._lane.is_busy and not self._is_wanted):
            return
        rank = _SOON if self._is_wanted else _LAST
        for entry in self._session.models:
            asked = (id(entry.model), options)
            known = self._modes.get(asked)
            if asked in self._refused or (known is not None and known.complete):
                continue
            fresh = (f"{MODES}:{next(self._numbers)}", rank)
            key, had_rank = self._asked.get(asked, fresh)
            if not self._lane.has(key) or had_rank < rank:
                self._asked[asked] = (key, rank)
                job = _modes_of(entry, options, device)
                self._lane.submit(key, job, label="Splitting heads into modes", rank=rank)

    def _of(self, key: str) -> _Of | None:
        """Whose modes a job computes."""
        return next((asked for asked, (name, _) in self._asked.items() if name == key), None)

    @Slot(str, object)
    def _on_found(self, key: str, value: object) -> None:
        asked = self._of(key)
        if asked is None or not isinstance(value, ModelModes):
            return
        self._modes.pop(asked, None)
        self._modes[asked] = value
        while len(self._modes) > max(MODES_KEPT, len(self._session.models)):
            del self._modes[next(iter(self._modes))]
        self.changed.emit()
        self.found.emit()

    @Slot(str, object)
    def _on_failed(self, key: str, error: object) -> None:
        asked = self._of(key)
        if asked is not None and isinstance(error, InspectorError):
            self._refused[asked] = error
            self.changed.emit()
            self.failed.emit("Could not split the heads into modes", error)

    @Slot(str)
    def _on_ended(self, key: str) -> None:
        if self._of(key) is not None:
            self.changed.emit()


def _modes_of(
    entry: OpenModel, options: ModeOptions, device: str
) -> Callable[[JobContext], ModelModes]:
    def job(context: JobContext) -> ModelModes:
        load_libraries_of_torch()
        from inspector.analysis.devices import resolve_device
        from inspector.analysis.modes import model_modes

        return model_modes(
            entry.model,
            options,
            card=entry.card,
            device=resolve_device(device),
            progress=context.progress,
            partial=context.partial,
        )

    return job
