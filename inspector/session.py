"""What is open and what is selected; tells when it changes, and is saved as a small JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from PySide6.QtCore import QObject, Signal

from inspector.core.address import Address
from inspector.core.comparison import Axis, ComparisonSeries, ModelCard, Patterns
from inspector.core.errors import BadRequest
from inspector.core.labels import unique_labels
from inspector.core.metrics import Metric
from inspector.core.outline import BlockOutline, Matrix, ModelOutline
from inspector.core.selection import Selection
from inspector.families.model import Model

VERSION = 1


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size in bytes and time of change in nanoseconds of a file; -1 for one that is not there."""

    path: Path
    size: int
    time: int


def stamps_of(paths: Sequence[Path]) -> tuple[Stamp, ...]:
    """What files look like now; never raises."""
    return tuple(_stamp(path) for path in paths)


@dataclass(frozen=True, slots=True)
class Source:
    """A file or folder, and how it is read: what is needed to open the same model again."""

    path: Path
    heads: int | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OpenModel:
    """An open model; `card` carries its label, unique among those that are open.

    `stamps` tell its files as they were when it was opened from what they may become.
    """

    model: Model
    source: Source
    card: ModelCard
    stamps: tuple[Stamp, ...] = ()

    @classmethod
    def of(cls, model: Model, source: Source) -> Self:
        """Label it by its file name until the session knows the others."""
        return cls(model, source, model.card(), stamps_of(model.checkpoint.files))


@dataclass(frozen=True, slots=True)
class SavedSession:
    """What a session is restored from: where the models are, and what was looked at."""

    sources: tuple[Source, ...]
    axis: Axis = "out"
    selection: Selection = field(default_factory=Selection)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        chosen = self.selection
        return {
            "version": VERSION,
            "models": [{**asdict(source), "path": str(source.path)} for source in self.sources],
            "axis": self.axis,
            "selection": {
                "address": str(chosen.address) if chosen.address else None,
                "matrix": chosen.matrix,
                "metric": chosen.metric,
                "compared": chosen.compared,
                "vector": chosen.vector,
            },
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave.

        Raises
        ------
        BadRequest
            When it is not a saved session of this version.
        """
        try:
            if saved["version"] != VERSION:
                raise ValueError(f"version {saved['version']}")
            sources = tuple(
                Source(Path(model["path"]), model["heads"], model["section"])
                for model in saved["models"]
            )
            axis: Axis = "in" if saved["axis"] == "in" else "out"
            return cls(sources, axis, _selection_from(saved["selection"]))
        except (KeyError, TypeError, ValueError, BadRequest) as error:
            raise BadRequest(
                "The saved session cannot be read.",
                advice="Open the checkpoints again.",
                details=repr(error),
            ) from error


class Session(QObject):
    """The one place that knows what is open; lives in the window's thread.

    Signals
    -------
    models_changed()
        Models were opened, closed or reordered; results and selection are already adapted.
    axis_changed()
        Vectors are cut the other way.
    series_changed(), patterns_changed()
        The comparison (or a part of it), or the local patterns of the selected compared model.
    selection_changed(selection)
        A `Selection` that fits what is open.
    released(model)
        A `Model` that is open no more; whoever may still read it closes it.
    """

    models_changed = Signal()
    axis_changed = Signal()
    series_changed = Signal()
    patterns_changed = Signal()
    selection_changed = Signal(object)
    released = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._models: tuple[OpenModel, ...] = ()
        self._series: ComparisonSeries | None = None
        self._patterns: dict[int, Patterns] = {}
        self._selection = Selection()
        self._axis: Axis = "out"

    @property
    def models(self) -> tuple[OpenModel, ...]:
        """The reference, then the compared models in order."""
        return self._models

    @property
    def reference(self) -> OpenModel | None:
        """Model A."""
        return self._models[0] if self._models else None

    @property
    def compared(self) -> tuple[OpenModel, ...]:
        """Models B, B2, ..."""
        return self._models[1:]

    @property
    def series(self) -> ComparisonSeries | None:
        """The comparison of what is open, complete or not; None before its first part."""
        return self._series

    @property
    def patterns(self) -> Patterns | None:
        """Local patterns of the selected compared model, once they are computed."""
        return self._patterns.get(self._selection.compared)

    @property
    def all_patterns(self) -> Mapping[int, Patterns]:
        """Local patterns by the index of the compared model."""
        return dict(self._patterns)

    @property
    def selection(self) -> Selection:
        """What is looked at."""
        return self._selection

    @property
    def axis(self) -> Axis:
        """Which way vectors are cut."""
        return self._axis

    @property
    def saved(self) -> SavedSession:
        """What to write down to come back to this."""
        return SavedSession(tuple(m.source for m in self._models), self._axis, self._selection)

    def set_models(self, models: Sequence[OpenModel]) -> None:
        """Replace all that is open; the first is the reference."""
        kept = {id(entry.model) for entry in models}
        gone = [entry.model for entry in self._models if id(entry.model) not in kept]
        labels = unique_labels([entry.source.path for entry in models])
        self._models = tuple(
            replace(entry, card=replace(entry.card, label=label))
            for entry, label in zip(models, labels, strict=True)
        )
        self._forget_results()
        self.models_changed.emit()
        self.select(self._selection)
        for model in gone:
            self.released.emit(model)

    def add(self, models: Sequence[OpenModel], *, position: int | None = None) -> None:
        """Put models at the end, or the first of them in the place of the one at `position`."""
        present = list(self._models)
        if position is not None and position < len(present):
            present[position : position + 1] = models
        else:
            present.extend(models)
        self.set_models(present)

    def remove(self, position: int) -> None:
        """Close one model; where it was the reference, the first compared takes its place."""
        self.set_models([m for n, m in enumerate(self._models) if n != position])

    def arrange(self, order: Sequence[int]) -> None:
        """Put the models into another order, given by their present positions."""
        self.set_models([self._models[position] for position in order])

    def set_axis(self, axis: Axis) -> None:
        """Cut vectors the other way; what was computed no longer holds."""
        if axis == self._axis:
            return
        self._axis = axis
        self._forget_results()
        self.select(replace(self._selection, vector=None))
        self.axis_changed.emit()

    def clear_results(self) -> None:
        """Drop the comparison because it is to be computed anew."""
        self._forget_results()

    def set_series(self, series: ComparisonSeries) -> None:
        """Show a comparison, or the finished part of one."""
        self._series = series
        self.series_changed.emit()

    def set_patterns(self, compared: int, patterns: Patterns) -> None:
        """Show the local patterns of one compared model."""
        self._patterns[compared] = patterns
        if compared == self._selection.compared:
            self.patterns_changed.emit()

    def select(self, selection: Selection) -> None:
        """Look at something else; what does not exist is brought back to what does."""
        fitting = self._fitting(selection)
        if fitting == self._selection:
            return
        other = fitting.compared != self._selection.compared
        self._selection = fitting
        self.selection_changed.emit(fitting)
        if other:
            self.patterns_changed.emit()

    def _forget_results(self) -> None:
        had_series, had_patterns = self._series is not None, bool(self._patterns)
        self._series = None
        self._patterns = {}
        if had_series:
            self.series_changed.emit()
        if had_patterns:
            self.patterns_changed.emit()

    def _fitting(self, selection: Selection) -> Selection:
        if not self._models:
            return Selection(metric=selection.metric, matrix=selection.matrix)
        last = max(0, len(self._models) - 2)
        block, address = _nearest(self._models[0].model.outline, selection.address)
        vector = selection.vector
        rows = block.embed_dim if self._axis == "in" else block.rows(selection.matrix or Matrix.Q)
        if vector is not None and not (selection.matrix is not None and 0 <= vector < rows):
            vector = None
        compared = min(max(selection.compared, 0), last)
        return replace(selection, address=address, compared=compared, vector=vector)


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:
        return Stamp(path, -1, -1)
    return Stamp(path, status.st_size, status.st_mtime_ns)


def _nearest(outline: ModelOutline, address: Address | None) -> tuple[BlockOutline, Address]:
    """The block of an address, without its head where that does not exist; else the first."""
    for candidate in (address, address.of_block if address else None):
        if candidate is None:
            continue
        try:
            return outline.block(candidate), candidate
        except BadRequest:
            continue
    first = outline.stages[0].blocks[0]
    return first, first.address


def _selection_from(saved: Mapping[str, Any]) -> Selection:
    return Selection(
        address=Address.parse(saved["address"]) if saved["address"] else None,
        matrix=Matrix(saved["matrix"]) if saved["matrix"] else None,
        metric=Metric(saved["metric"]),
        compared=int(saved["compared"]),
        vector=None if saved["vector"] is None else int(saved["vector"]),
    )
