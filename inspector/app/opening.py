"""Opens what the user gave, in the lane; what fails leaves everything that was open."""

import itertools
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from inspector.checkpoints import looks_like_checkpoint
from inspector.core.errors import Cancelled, InspectorError
from inspector.families import open_model
from inspector.families.model import Model
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.session import OpenModel, SavedSession, Session, Source

_KEY = "open"
_CLOSING = "close"
_ONE_MODEL = ("model.safetensors", "pytorch_model.bin", "open_clip_")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """What a job opened, and what it could not."""

    models: tuple[OpenModel, ...]
    failures: tuple[tuple[Path, InspectorError], ...] = ()


class Opening(QObject):
    """Submits openings one after the other and puts the models into the session.

    Signals
    -------
    started()
        Something is to be opened.
    opened(paths)
        At least one model was opened.
    failed(title, error)
        A file that the user gave could not be opened.
    finished()
        An opening is over, whatever came of it.
    """

    started = Signal()
    opened = Signal(object)
    failed = Signal(str, object)
    finished = Signal()

    def __init__(self, session: Session, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = lane
        self._numbers = itertools.count()
        self._asked: dict[str, _Asked] = {}
        lane.result.connect(self._on_result)
        lane.failed.connect(self._on_failed)
        lane.ended.connect(self._on_ended)
        session.released.connect(self._on_model_released)

    @property
    def is_busy(self) -> bool:
        """Whether anything is still being opened."""
        return bool(self._asked)

    def open_paths(
        self, paths: Sequence[Path], *, position: int | None = None, heads: int | None = None
    ) -> None:
        """Open files and folders in the order given: the first free place is A, the next B.

        The first takes the place of the model at `position` where one is given.
        """
        if paths:
            self._submit([Source(path, heads) for path in paths], position=position)

    def reopen(self, saved: SavedSession) -> None:
        """Close what is open and open what a saved session lists, with what was selected."""
        self._submit(saved.sources, saved=saved)

    def open_again(self, position: int, source: Source) -> None:
        """Open a model anew as `source` says (other heads, another section), in its place."""
        self._submit([source], position=position)

    def close_released(self) -> None:
        """Close all files; only after the lane has ended."""
        for entry in self._session.models:
            entry.model.close()

    def _submit(
        self,
        sources: Sequence[Source],
        *,
        position: int | None = None,
        saved: SavedSession | None = None,
    ) -> None:
        key = f"{_KEY}:{next(self._numbers)}"
        self._asked[key] = _Asked(position, saved)
        names = ", ".join(source.path.name or str(source.path) for source in sources[:3])
        label = f"Opening {names}" + (" …" if len(sources) > 3 else "")
        self.started.emit()
        if not self._lane.submit(key, lambda context: open_all(sources, context), label=label):
            del self._asked[key]

    @Slot(str, object)
    def _on_result(self, key: str, opened: object) -> None:
        asked = self._asked.get(key)
        if asked is None or not isinstance(opened, Opened):
            return
        if opened.models:
            self._place(asked, opened.models)
            self.opened.emit([entry.source.path for entry in opened.models])
        if opened.failures:
            self._tell(opened)

    def _place(self, asked: "_Asked", models: tuple[OpenModel, ...]) -> None:
        if asked.saved is None:
            self._session.add(models, position=asked.position)
            return
        self._session.set_models(models)
        self._session.set_axis(asked.saved.axis)
        self._session.select(asked.saved.selection)

    def _tell(self, opened: Opened) -> None:
        names = ", ".join(path.name or str(path) for path, _ in opened.failures)
        _, first = opened.failures[0]
        if len(opened.failures) > 1:
            listed = "\n\n".join(f"{path}\n{error}" for path, error in opened.failures)
            first = InspectorError(first.message, advice=first.advice, details=listed)
        self.failed.emit(f"Could not open {names}", first)

    @Slot(str, object)
    def _on_failed(self, key: str, error: object) -> None:
        if key in self._asked:
            self.failed.emit("Could not open what was given", error)

    @Slot(str)
    def _on_ended(self, key: str) -> None:
        if self._asked.pop(key, None) is not None:
            self.finished.emit()

    @Slot(object)
    def _on_model_released(self, model: Model) -> None:
        """Close it in the lane, behind the job that may still read it."""
        key = f"{_CLOSING}:{next(self._numbers)}"
        self._lane.submit(key, lambda _: model.close(), label="")


@dataclass(frozen=True, slots=True)
class _Asked:
    position: int | None = None
    saved: SavedSession | None = None


def open_all(sources: Sequence[Source], context: JobContext) -> Opened:
    """Open each source; a folder of checkpoints stands for all of them, in natural order.

    Raises
    ------
    Cancelled
        After closing what was opened until then.
    """
    models: list[OpenModel] = []
    failures: list[tuple[Path, InspectorError]] = []
    try:
        for source in sources:
            try:
                for path in checkpoints_at(source.path):
                    found = replace(source, path=path)
                    model = open_model(
                        path,
                        heads=source.heads,
                        section=source.section,
                        progress=context.progress,
                    )
                    models.append(OpenModel.of(model, found))
            except InspectorError as error:
                failures.append((source.path, _told(error)))
    except Cancelled:
        for entry in models:
            entry.model.close()
        raise
    return Opened(tuple(models), tuple(failures))


def checkpoints_at(path: Path) -> list[Path]:
    """The path itself, or what is in a folder of checkpoints, in natural order: ``9`` < ``10``.

    A folder in which a hub keeps one model, or that holds a single file of weights, is itself a
    checkpoint. A folder without such files stands for its folders that have them.
    """
    if not path.is_dir():
        return [path]
    entries = sorted(path.iterdir(), key=_natural)
    files = [entry for entry in entries if entry.is_file() and looks_like_checkpoint(entry)]
    if any(entry.name.startswith(_ONE_MODEL) for entry in entries) or len(files) == 1:
        return [path]
    return files or [entry for entry in entries if _holds_weights(entry)] or [path]


def _holds_weights(path: Path) -> bool:
    return path.is_dir() and any(
        entry.is_file() and looks_like_checkpoint(entry) for entry in path.iterdir()
    )


def _natural(path: Path) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdigit() else (-1, part.lower())
        for part in re.split(r"(\d+)", path.name)
        if part
    ]


def _told(error: InspectorError) -> InspectorError:
    """The error without the frames that hold the file open."""
    _log.info("not opened: %s", error)
    return error.with_traceback(None)
