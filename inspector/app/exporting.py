"""Figures, their numbers and their provenance: previewed and written in the lane."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from inspector.core.comparison import ComparisonSeries, Patterns
from inspector.core.errors import ExportFailed
from inspector.core.figures import ExportRequest, FigureKind, FigureStyle
from inspector.core.progress import Progress
from inspector.core.provenance import Provenance
from inspector.core.selection import Selection
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.session import OpenModel, Session, Stamp, stamps_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PREVIEW = "preview"
EXPORT = "export"
COPY = "copy figure"
COPY_DPI = 300


@dataclass(frozen=True, slots=True, eq=False)
class FigureContent:
    """What a figure is drawn from, frozen when it was asked for."""

    series: ComparisonSeries
    selection: Selection
    patterns: Patterns | None
    models: tuple[OpenModel, ...]
    axis: str
    device: str

    @property
    def command(self) -> str:
        """The command line that writes the same numbers."""
        paths = [str(entry.source.path) for entry in self.models]
        words = ["python", "-m", "inspector", "compare", *paths, "--out", "figures"]
        words += ["--axis", self.axis, "--device", self.device]
        for option in ("heads", "section"):
            given = {getattr(entry.source, option) for entry in self.models} - {None}
            words += [f"--{option}", str(given.pop())] if len(given) == 1 else []
        return shlex.join(words)


class Exporting(QObject):
    """Draws previews, writes figures, copies them.

    Signals
    -------
    previewed(rgba), preview_failed(error)
        (rows, columns, 4) uint8 picture of the last figure asked for, or why there is none.
    exported(paths)
        Every file that was written.
    copied(image)
        A figure as a `QImage` at 300 dots per inch.
    failed(title, error)
        What the user asked for could not be done.
    """

    previewed = Signal(object)
    preview_failed = Signal(object)
    exported = Signal(object)
    copied = Signal(object)
    failed = Signal(str, object)

    def __init__(
        self, session: Session, lane: Lane, *, device: Callable[[], str], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = lane
        self._device = device
        self._hashed: dict[tuple[Stamp, ...], Provenance] = {}
        lane.result.connect(self._on_result)
        lane.failed.connect(self._on_failed)

    @property
    def content(self) -> FigureContent | None:
        """What a figure would be drawn from now; None while nothing is compared."""
        session = self._session
        if session.series is None or not session.series.comparisons[0].blocks:
            return None
        return FigureContent(
            session.series,
            session.selection,
            session.patterns,
            session.models,
            session.axis,
            self._device(),
        )

    def kinds(self) -> list[FigureKind]:
        """The figures that can be drawn now."""
        from inspector.export.figure import kinds_of

        content = self.content
        return list(kinds_of(content.series)) if content else []

    def preview(self, request: ExportRequest, *, pixel_width: int) -> None:
        """Draw a figure for the screen."""
        content = self.content
        if content is None:
            return

        def job(_: JobContext) -> object:
            from inspector.export.figure import preview

            return preview(_figure(request.kind, content, request.style), pixel_width=pixel_width)

        self._lane.submit(PREVIEW, job, label="Drawing the preview")

    def export(self, request: ExportRequest) -> None:
        """Write a figure with its numbers, provenance and script."""
        content = self.content
        if content is None:
            return

        def job(context: JobContext) -> tuple[Path, ...]:
            from inspector.export.bundle import write_export

            request.base.parent.mkdir(parents=True, exist_ok=True)
            return write_export(
                request.base,
                request.kind,
                content.series,
                content.selection,
                style=request.style,
                provenance=self._provenance(content, context.progress),
                patterns=content.patterns,
                progress=context.progress,
                overwrite=True,
            )

        self._lane.submit(EXPORT, job, label=f"Writing {request.base.name}")

    def copy(self, kind: FigureKind, style: FigureStyle) -> None:
        """Draw a figure at 300 dots per inch for the clipboard."""
        content = self.content
        if content is None:
            return

        def job(_: JobContext) -> bytes:
            from inspector.export.figure import png_bytes

            return png_bytes(_figure(kind, content, style), dpi=COPY_DPI)

        self._lane.submit(COPY, job, label="Drawing the figure")

    def script(self, request: ExportRequest) -> str:
        """The program that draws a figure again; empty while nothing is compared."""
        from inspector.export.script import script_of

        content = self.content
        if content is None:
            return ""
        return script_of(
            request.base.name,
            request.kind,
            content.series,
            content.selection,
            style=request.style,
            provenance=Provenance((), content.command, _parameters(content), content.device),
            with_patterns=content.patterns is not None,
        )

    def _provenance(self, content: FigureContent, progress: Progress) -> Provenance:
        """Runs in the lane; a file is hashed once, and only as it was when it was opened.

        Raises
        ------
        ExportFailed
            When a file is another one now: its hash would vouch for numbers that are not its own.
        """
        from inspector.analysis.devices import describe_device, resolve_device
        from inspector.export.provenance import provenance_of

        stamps = tuple(stamp for entry in content.models for stamp in entry.stamps)
        files = [stamp.path for stamp in stamps]
        _refuse_changed(stamps)
        if stamps not in self._hashed:
            self._hashed[stamps] = provenance_of(
                files, command="", parameters={}, device="", progress=progress
            )
        return replace(
            self._hashed[stamps],
            command=content.command,
            parameters=_parameters(content),
            device=describe_device(resolve_device(content.device)),
        )

    @Slot(str, object)
    def _on_result(self, key: str, value: object) -> None:
        if key == PREVIEW:
            self.previewed.emit(value)
        elif key == EXPORT:
            self.exported.emit(value)
        elif key == COPY and isinstance(value, bytes):
            self.copied.emit(QImage.fromData(value))

    @Slot(str, object)
    def _on_failed(self, key: str, error: object) -> None:
        if key == PREVIEW:
            self.preview_failed.emit(error)
        elif key == EXPORT:
            self.failed.emit("Could not write the figure", error)
        elif key == COPY:
            self.failed.emit("Could not copy the figure", error)


def _figure(kind: FigureKind, content: FigureContent, style: FigureStyle) -> "Figure":
    from inspector.export.figure import draw_figure

    return draw_figure(
        kind, content.series, content.selection, style=style, patterns=content.patterns
    )


def _parameters(content: FigureContent) -> dict[str, object]:
    from inspector.analysis.patterns import PERMUTATIONS, SEED

    chosen = content.selection
    return {
        "axis": content.axis,
        "metric": str(chosen.metric),
        "address": str(chosen.address) if chosen.address else None,
        "matrix": str(chosen.matrix) if chosen.matrix else None,
        "heads": [entry.source.heads for entry in content.models],
        "section": [entry.source.section for entry in content.models],
        "permutations": PERMUTATIONS,
        "seed": SEED,
    }


def _refuse_changed(stamps: Sequence[Stamp]) -> None:
    for was, now in zip(stamps, stamps_of([stamp.path for stamp in stamps]), strict=True):
        if now == was:
            continue
        happened = "is no longer there" if now.size < 0 else "has changed since it was opened"
        raise ExportFailed(
            f"“{was.path.name}” {happened}, so its hash cannot be put down beside the figure.",
            advice="Open it again, then export.",
            details=str(was.path),
        )
