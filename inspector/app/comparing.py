"""Compares what is open, in the lane: vectors first, then the heads' products, then patterns."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from inspector.analysis.devices import available_devices, describe_device, resolve_device
from inspector.app.accelerator_hint import load_libraries_of_torch, may_have_accelerator
from inspector.core.comparison import Comparison, ComparisonSeries, Patterns
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.session import Session

COMPARE = "compare"
PRODUCTS = "products"
PATTERNS = "patterns"
DEVICES = "devices"

Job = Callable[[JobContext], object]


class Comparing(QObject):
    """Starts by itself once two models are open, and again when anything it rests on changes.

    Signals
    -------
    failed(error)
        What is open cannot be compared.
    finished()
        Every vector is compared; products and patterns may still be under way.
    device_described(text)
        Where was computed, as ``CPU, float64``.
    devices_found(names)
        The devices of this machine, once something was compared.
    """

    failed = Signal(object)
    finished = Signal()
    device_described = Signal(str)
    devices_found = Signal(object)

    def __init__(
        self, session: Session, lane: Lane, *, device: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = lane
        self._device = device
        self._devices_known = False
        lane.partial.connect(self._on_partial)
        lane.result.connect(self._on_result)
        lane.failed.connect(self._on_failed)

    @property
    def device(self) -> str:
        """The chosen device: ``auto``, ``cpu``, ``cuda`` or ``mps``."""
        return self._device

    @property
    def is_busy(self) -> bool:
        """Whether anything is being compared, or waits for it."""
        return any(self._lane.has(key) for key in self._keys())

    def set_device(self, device: str) -> None:
        """Compute elsewhere from now on."""
        if device != self._device:
            self._device = device
            self.restart()

    def restart(self) -> None:
        """Compare what is open anew."""
        self.pause()
        self._session.clear_results()
        if len(self._session.models) > 1:
            self._lane.submit(COMPARE, self._comparison(), label="Comparing")

    def pause(self) -> None:
        """Stop computing, because something more urgent comes; `go_on` takes it up again."""
        for key in self._keys():
            self._lane.cancel(key)

    def go_on(self) -> None:
        """Compute what `pause` left undone."""
        series = self._session.series
        if series is None or not series.complete:
            self.restart()
        else:
            self._submit_products(series)

    def _comparison(self) -> Job:
        models = self._session.models
        axis, device = self._session.axis, self._device

        def job(context: JobContext) -> tuple[ComparisonSeries, str]:
            from inspector.analysis.evolution import compare_series

            chosen = resolve_device(device)
            series = compare_series(
                models[0].model,
                [entry.model for entry in models[1:]],
                axis=axis,
                device=chosen,
                progress=context.progress,
                partial=context.partial,
                labels=[entry.card.label for entry in models],
            )
            return series, describe_device(chosen)

        return job

    def _submit_products(self, series: ComparisonSeries) -> None:
        models, device = self._session.models, self._device

        def job(context: JobContext) -> ComparisonSeries:
            from inspector.analysis.invariant import with_products

            return with_products(
                series,
                models[0].model,
                [entry.model for entry in models[1:]],
                device=resolve_device(device),
                progress=context.progress,
            )

        self._lane.submit(PRODUCTS, job, label="Comparing heads")

    def _submit_patterns(self, series: ComparisonSeries) -> None:
        """Those of the selected compared model first, the others in order."""
        chosen = self._session.selection.compared
        missing = set(range(len(series.comparisons))) - set(self._session.all_patterns)
        for index in sorted(missing, key=lambda n: (n != chosen, n)):
            key = f"{PATTERNS}:{index}"
            job = _patterns_of(series.comparisons[index])
            self._lane.submit(key, job, label="Looking for local patterns")

    def _keys(self) -> list[str]:
        patterns = [f"{PATTERNS}:{index}" for index in range(len(self._session.compared))]
        return [COMPARE, PRODUCTS, *patterns]

    def _look_for_devices(self) -> None:
        if self._devices_known:
            return
        self._devices_known = True
        if may_have_accelerator():
            self._lane.submit(DEVICES, _found_devices, label="")

    @Slot(str, object)
    def _on_partial(self, key: str, value: object) -> None:
        if key == COMPARE and isinstance(value, ComparisonSeries):
            self._session.set_series(value)

    @Slot(str, object)
    def _on_result(self, key: str, value: object) -> None:
        if key == COMPARE and isinstance(value, tuple):
            self._on_compared(*value)
        elif key == PRODUCTS and isinstance(value, ComparisonSeries):
            self._session.set_series(value)
            self._submit_patterns(value)
        elif isinstance(value, Patterns):
            self._session.set_patterns(int(key.rpartition(":")[2]), value)
        elif key == DEVICES:
            self.devices_found.emit(value)

    def _on_compared(self, series: ComparisonSeries, device: str) -> None:
        self._session.set_series(series)
        self.device_described.emit(device)
        self.finished.emit()
        self._submit_products(series)
        self._look_for_devices()

    @Slot(str, object)
    def _on_failed(self, key: str, error: object) -> None:
        if key.partition(":")[0] in (COMPARE, PRODUCTS, PATTERNS):
            self.failed.emit(error)


def _found_devices(_: JobContext) -> tuple[str, ...]:
    load_libraries_of_torch()
    return available_devices()


def _patterns_of(comparison: Comparison) -> Job:
    def job(context: JobContext) -> Patterns:
        from inspector.analysis.patterns import find_patterns

        return find_patterns(comparison, progress=context.progress)

    return job
