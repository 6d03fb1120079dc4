"""How far scans got before the program was started, asked of the store in the lane."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot

from inspector.app.accelerator_hint import load_libraries_of_torch
from inspector.app.keeping import KEEPING
from inspector.app.networks import Networks
from inspector.app.scanning import SCAN, Scans, Wanted
from inspector.core.scan_request import ScanRequest
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.session import OpenModel, Session

KEPT = "kept images"
_MOST = 64


@dataclass(frozen=True, slots=True)
class _Counted:
    wanted: Wanted
    pictures: int


class KeptBefore(QObject):
    """Counts images whose results a scan would take from disk. `changed()` when more is known."""

    changed = Signal()

    def __init__(
        self,
        session: Session,
        scans: Scans,
        lane: Lane,
        networks: Networks,
        *,
        device: Callable[[], str],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._scans = scans
        self._lane = lane
        self._networks = networks
        self._device = device
        self._counts: dict[Wanted, int] = {}
        self._asked: Wanted | None = None
        session.models_changed.connect(self._forget)
        lane.result.connect(self._on_result)
        lane.ended.connect(self._on_ended)

    def count(self, entry: OpenModel) -> int:
        """Of the scan that the session's choices mean; asks where it is not known yet."""
        wanted = self._scans.wanted(entry)
        if wanted is None:
            return 0
        if wanted not in self._counts and self._asked != wanted:
            self._ask(wanted, entry)
        return self._counts.get(wanted, 0)

    def _ask(self, wanted: Wanted, entry: OpenModel) -> None:
        self._asked = wanted
        networks, device = self._networks, self._device()

        def job(_: JobContext) -> _Counted:
            load_libraries_of_torch()
            from inspector.analysis.devices import resolve_device
            from inspector.scans.kept import kept_pictures
            from inspector.scans.store import default_store

            request = wanted.request
            assert isinstance(request, ScanRequest)
            assert wanted.options is not None
            pictures = kept_pictures(
                default_store(),
                entry.model,
                lambda: networks.of(entry.model, resolve_device(device)),
                request.folder,
                options=wanted.options,
                preparation=wanted.preparation,
            )
            return _Counted(wanted, pictures)

        self._lane.submit(KEPT, job, label="")

    @Slot(str, object)
    def _on_result(self, key: str, value: object) -> None:
        if key != KEPT or not isinstance(value, _Counted):
            return
        self._counts[value.wanted] = value.pictures
        while len(self._counts) > _MOST:
            del self._counts[next(iter(self._counts))]
        if value.pictures:
            self.changed.emit()

    @Slot(str)
    def _on_ended(self, key: str) -> None:
        """After a scan, or after something was cleared, other images are kept."""
        if key == KEEPING or key.startswith(SCAN):
            self._forget()
            self.changed.emit()

    @Slot()
    def _forget(self) -> None:
        """Models are named by their `id`, which another one may get."""
        self._counts.clear()
        self._asked = None
