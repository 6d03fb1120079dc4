"""Figures, their numbers and their provenance: previewed and written in the lane."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from inspector.core.errors import ExportFailed
from inspector.core.figures import ExportRequest, FigureKind, FigureStyle
from inspector.core.progress import Progress
from inspector.core.provenance import Provenance
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.session import OpenModel, Session, Stamp, stamps_of

if TYPE_CHECKING:
    from inspector.export.content import FigureContent
    from inspector.export.sources import CheckpointFile

PREVIEW = "preview"
EXPORT = "export"
COPY = "copy figure"
COPY_DPI = 300


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
        self._source: Callable[[], FigureContent | None] = lambda: self.comparison
        lane.result.connect(self._on_result)
        lane.failed.connect(self._on_failed)

    def draw_from(self, content: "Callable[[], FigureContent | None]") -> None:
        """Ask `content` from now on what the view that is looked at shows; None for nothing."""
        self._source = content

    @property
    def content(self) -> "FigureContent | None":
        """What a figure would be drawn from now; None while there is nothing."""
        return self._source()

    @property
    def comparison(self) -> "FigureContent | None":
        """The comparison as it is selected; None while nothing is compared."""
        session = self._session
        if session.series is None or not session.series.comparisons[0].blocks:
            return None
        from inspector.export.comparison_content import ComparisonContent

        return ComparisonContent(
            session.series,
            session.selection,
            session.patterns,
            tuple(checkpoint_file(entry) for entry in session.models),
            self._device(),
        )

    def kinds(self) -> list[FigureKind]:
        """The figures that can be drawn now."""
        content = self.content
        return list(content.kinds()) if content else []

    def preview(self, request: ExportRequest, *, pixel_width: int) -> None:
        """Draw a figure for the screen."""
        content = self.content
        if content is None:
            return

        def job(_: JobContext) -> object:
            from inspector.export.figure import draw_figure, preview

            figure = draw_figure(request.kind, content, style=request.style)
            return preview(figure, pixel_width=pixel_width)

        self._lane.submit(PREVIEW, job, label="Drawing the preview")

    def export(self, request: ExportRequest) -> None:
        """Write a figure with its numbers, provenance and script."""
        content = self.content
        if content is None:
            return
        stamps = self._stamps(content)

        def job(context: JobContext) -> tuple[Path, ...]:
            from inspector.export.bundle import write_export

            request.base.parent.mkdir(parents=True, exist_ok=True)
            return write_export(
                request.base,
                request.kind,
                content,
                style=request.style,
                provenance=self._provenance(content, request.kind, stamps, context.progress),
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
            from inspector.export.figure import draw_figure, png_bytes

            return png_bytes(draw_figure(kind, content, style=style), dpi=COPY_DPI)

        self._lane.submit(COPY, job, label="Drawing the figure")

    def script(self, request: ExportRequest) -> str:
        """The program that draws a figure again; empty while there is nothing to draw."""
        content = self.content
        if content is None:
            return ""
        return content.script(request.base.name, request.kind, request.style)

    def command(self, kind: FigureKind) -> str:
        """The command line that writes the numbers of a figure; empty where there is none."""
        content = self.content
        return content.command(kind) if content else ""

    def _stamps(self, content: "FigureContent") -> tuple[Stamp, ...]:
        """What the files of a content were when they were opened."""
        opened = [entry.stamps for entry in self._session.models]
        opened += [entry.stamps for entry in self._session.images]
        known = {stamp.path: stamp for stamps in opened for stamp in stamps}
        files = tuple(dict.fromkeys(content.files))
        now = stamps_of(files)
        return tuple(known.get(file, stamp) for file, stamp in zip(files, now, strict=True))

    def _provenance(
        self,
        content: "FigureContent",
        kind: FigureKind,
        stamps: tuple[Stamp, ...],
        progress: Progress,
    ) -> Provenance:
        """Runs in the lane; a file is hashed once, and only as it was when it was opened.

        Raises
        ------
        ExportFailed
            When a file is another one now: its hash would vouch for numbers that are not its own.
        """
        from inspector.analysis.devices import describe_device, resolve_device
        from inspector.export.provenance import provenance_of

        files = [stamp.path for stamp in stamps]
        _refuse_changed(stamps)
        if stamps not in self._hashed:
            self._hashed[stamps] = provenance_of(
                files, command="", parameters={}, device="", progress=progress
            )
        return replace(
            self._hashed[stamps],
            command=content.command(kind),
            parameters=content.parameters(),
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


def checkpoint_file(entry: OpenModel) -> "CheckpointFile":
    """Where an open model was read from."""
    from inspector.export.sources import CheckpointFile

    source = entry.source
    return CheckpointFile(source.path, source.heads, source.section, entry.model.checkpoint.files)


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
