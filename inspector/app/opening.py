"""Opens models and images in the lane; what fails leaves everything that was open."""

import itertools
import logging
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from PySide6.QtCore import QObject, Signal, Slot

from inspector.app.recognising import Kind, kind_of
from inspector.checkpoints import looks_like_checkpoint
from inspector.core.errors import BadCheckpoint, InspectorError
from inspector.families import open_model
from inspector.families.model import Model
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.session import (
    ImageSource,
    ImageView,
    OpenImage,
    OpenModel,
    SavedSession,
    Session,
    Source,
)

if TYPE_CHECKING:
    from inspector.images.image import InputImage

_KEY = "open"
_CLOSING = "close"
_MOST_NAMED = 3
_ONE_MODEL = ("model.safetensors", "pytorch_model.bin", "open_clip_")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """What a job opened, and what it could not.

    `left_out` are files of folders that were opened without them.
    """

    models: tuple[OpenModel, ...] = ()
    images: tuple[OpenImage, ...] = ()
    failures: tuple[tuple[Path, InspectorError], ...] = ()
    left_out: tuple[tuple[Path, InspectorError], ...] = ()

    @property
    def paths(self) -> list[Path]:
        """What was opened, each path once."""
        models = [entry.source.path for entry in self.models]
        return list(dict.fromkeys([*models, *(entry.source.path for entry in self.images)]))


class Opening(QObject):
    """Submits openings one after the other and puts what they give into the session.

    Signals
    -------
    started()
        Something is to be opened.
    opened(paths)
        At least one model or image was opened.
    images_opened()
        Images that the user gave are there to be looked at.
    failed(title, error)
        A file that the user gave could not be opened.
    left_out(title, error)
        Files of a folder could not be opened; the others were.
    finished()
        An opening is over, whatever came of it.
    """

    started = Signal()
    opened = Signal(object)
    images_opened = Signal()
    failed = Signal(str, object)
    left_out = Signal(str, object)
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
        session.released.connect(self._on_released)
        session.image_released.connect(self._on_released)

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

    def open_samples(self, checkpoints: Sequence[Path], images: Sequence[Path]) -> None:
        """Open what comes with the program in place of what is open."""
        sources = tuple(Source(path) for path in checkpoints)
        pictures = tuple(ImageSource(path) for path in images)
        self.reopen(
            SavedSession(
                sources,
                images=pictures,
                views=tuple(ImageView() for _ in pictures),
                style=self._session.style,
            )
        )

    def open_again(self, position: int, source: Source) -> None:
        """Open a model anew as `source` says (other heads, another section), in its place."""
        self._submit([source], position=position)

    def close_released(self) -> None:
        """Close all files; only after the lane has ended."""
        for entry in self._session.models:
            entry.model.close()
        for image in self._session.images:
            image.image.close()

    def _submit(
        self,
        sources: Sequence[Source],
        *,
        position: int | None = None,
        saved: SavedSession | None = None,
    ) -> None:
        key = f"{_KEY}:{next(self._numbers)}"
        self._asked[key] = _Asked(position, saved)
        images = () if saved is None else saved.images
        paths = list(dict.fromkeys([*(s.path for s in sources), *(i.path for i in images)]))
        names = ", ".join(path.name or str(path) for path in paths[:3])
        label = f"Opening {names}" + (" …" if len(paths) > 3 else "")
        self.started.emit()

        def job(context: JobContext) -> Opened:
            if saved is None:
                return open_all(sources, context)
            return open_saved(saved, context)

        if not self._lane.submit(key, job, label=label):
            del self._asked[key]

    @Slot(str, object)
    def _on_result(self, key: str, opened: object) -> None:
        asked = self._asked.get(key)
        if asked is None or not isinstance(opened, Opened):
            return
        if opened.models or opened.images:
            self._place(asked, opened)
            self.opened.emit(opened.paths)
        if opened.failures:
            self.failed.emit(f"Could not open {_named(opened.failures)}", _one(opened.failures))
        if opened.left_out:
            count = len(opened.left_out)
            files = _named(opened.left_out) if count <= _MOST_NAMED else f"{count} files"
            self.left_out.emit(f"Could not open {files}", _one(opened.left_out))

    def _place(self, asked: "_Asked", opened: Opened) -> None:
        if asked.saved is not None:
            self._restore(asked.saved, opened)
            return
        if opened.images:
            self._session.add_images(opened.images)
            self.images_opened.emit()
        if opened.models:
            self._session.add(opened.models, position=asked.position)

    def _restore(self, saved: SavedSession, opened: Opened) -> None:
        """Put everything as it was; what could not be opened again is left out."""
        session = self._session
        session.set_images(opened.images)
        for position, image in enumerate(opened.images):
            session.choose_image(position)
            view = saved.views[saved.images.index(image.source)]
            if view != ImageView():
                session.set_image_view(view)
        kept = [image.source for image in opened.images]
        current = saved.images[saved.image] if saved.image < len(saved.images) else None
        session.choose_image(kept.index(current) if current in kept else 0)
        session.set_style(saved.style)
        session.set_models(opened.models)
        for entry in opened.models:
            prepared = dict(zip(saved.sources, saved.preparations, strict=False))
            session.set_preparation(entry, prepared.get(entry.source))
        session.set_axis(saved.axis)
        session.select(saved.selection)
        session.choose_scan(saved.scan)
        for folders in saved.masks:
            session.choose_masks(folders)

    @Slot(str, object)
    def _on_failed(self, key: str, error: object) -> None:
        if key in self._asked:
            self.failed.emit("Could not open what was given", error)

    @Slot(str)
    def _on_ended(self, key: str) -> None:
        if self._asked.pop(key, None) is not None:
            self.finished.emit()

    @Slot(object)
    def _on_released(self, released: "Model | InputImage") -> None:
        """Close it in the lane, behind the job that may still read it."""
        key = f"{_CLOSING}:{next(self._numbers)}"
        self._lane.submit(key, lambda _: released.close(), label="")


@dataclass(frozen=True, slots=True)
class _Asked:
    position: int | None = None
    saved: SavedSession | None = None


def _named(failures: Sequence[tuple[Path, InspectorError]]) -> str:
    return ", ".join(path.name or str(path) for path, _ in failures)


def _one(failures: Sequence[tuple[Path, InspectorError]]) -> InspectorError:
    """The first error, with all of them as its details."""
    _, first = failures[0]
    if len(failures) == 1:
        return first
    listed = "\n\n".join(f"{path}\n{error}" for path, error in failures)
    return InspectorError(first.message, advice=first.advice, details=listed)


def open_all(sources: Sequence[Source], context: JobContext) -> Opened:
    """Open each source as what it is; a folder of checkpoints stands for all of them.

    Raises
    ------
    Cancelled
        After closing what was opened until then.
    """
    with _Collected() as found:
        for source in sources:
            if kind_of(source.path) is Kind.IMAGE:
                found.add_images(source.path, context)
            else:
                found.add_models(source, context)
        return found.opened


def open_saved(saved: SavedSession, context: JobContext) -> Opened:
    """Open what a saved session lists, of each path the images that it had.

    Raises
    ------
    Cancelled
        After closing what was opened until then.
    """
    with _Collected() as found:
        for path in dict.fromkeys(source.path for source in saved.images):
            wanted = {source.place for source in saved.images if source.path == path}
            found.add_images(path, context, only=wanted)
        for source in saved.sources:
            found.add_models(source, context)
        return found.opened


class _Collected:
    """What was opened so far; closed again where the job is cancelled."""

    def __init__(self) -> None:
        self._models: list[OpenModel] = []
        self._images: list[OpenImage] = []
        self._failures: list[tuple[Path, InspectorError]] = []
        self._left_out: list[tuple[Path, InspectorError]] = []

    @property
    def opened(self) -> Opened:
        failures, left_out = tuple(self._failures), tuple(self._left_out)
        return Opened(tuple(self._models), tuple(self._images), failures, left_out)

    def add_models(self, source: Source, context: JobContext) -> None:
        """Open a checkpoint, or all of a folder in natural order."""
        try:
            for path in checkpoints_at(source.path):
                model = open_model(
                    path, heads=source.heads, section=source.section, progress=context.progress
                )
                self._models.append(OpenModel.of(model, replace(source, path=path)))
        except InspectorError as error:
            self._failures.append((source.path, _told(source.path, error)))

    def add_images(
        self, path: Path, context: JobContext, *, only: Collection[int] | None = None
    ) -> None:
        """Open an image, or all of a folder; `only` those places of them, where given."""
        try:
            for place, image in enumerate(self._images_at(path, context)):
                if only is not None and place not in only:
                    image.close()
                    continue
                self._images.append(OpenImage.of(image, ImageSource(path, place)))
        except InspectorError as error:
            self._failures.append((path, _told(path, error)))

    def _images_at(self, path: Path, context: JobContext) -> "tuple[InputImage, ...]":
        from inspector.images import open_folder, open_images

        if not path.is_dir():
            return open_images(path, progress=context.progress)
        folder = open_folder(path, progress=context.progress)
        self._left_out += [(file, _told(file, error)) for file, error in folder.failures]
        return folder.noted()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            for entry in self._models:
                entry.model.close()
            for image in self._images:
                image.image.close()


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


def _told(path: Path, error: InspectorError) -> InspectorError:
    """The error without the frames that hold the file open; an empty folder is said to be empty.

    The log names the file and no more: what a sentence quotes of a header stays out of it.
    """
    _log.info("%s is not opened: %s", path.name, type(error).__name__)
    if path.is_dir() and not any(path.iterdir()):
        error = BadCheckpoint(
            f"The folder “{path.name}” is empty.",
            advice="Choose a folder with checkpoints or images in it.",
        )
    return error.with_traceback(None)
