"""From a file to a `Checkpoint`: header first, tensors on demand, nothing executed."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inspector.checkpoints.checkpoint import Checkpoint, LazyTensor, Section
from inspector.checkpoints.config_files import with_config_beside
from inspector.checkpoints.damage import refused_as_damaged
from inspector.checkpoints.reader import Candidate, Reader, Request, candidate
from inspector.checkpoints.readers import (
    folder,
    npz,
    plain_pickle,
    safetensors,
    sharded,
    torch_legacy,
    torch_zip,
)
from inspector.checkpoints.refusals import describe
from inspector.core.errors import BadCheckpoint
from inspector.core.progress import Progress, silent

__all__ = [
    "READERS",
    "Checkpoint",
    "LazyTensor",
    "Section",
    "looks_like_checkpoint",
    "open_checkpoint",
]

READERS: tuple[Reader, ...] = (
    folder.READER,
    sharded.READER,
    safetensors.READER,
    npz.READER,
    torch_zip.READER,
    torch_legacy.READER,
    plain_pickle.READER,
)
"""Every container format; the first that matches a file opens it."""


def open_checkpoint(
    path: Path, *, section: str | None = None, progress: Progress = silent
) -> Checkpoint:
    """Open a checkpoint file or folder and list its tensors; nothing in it is executed.

    Parameters
    ----------
    path
        A file, or the folder of a Hugging Face model.
    section
        The name of the set of weights to list, as `Checkpoint.sections` has it; None takes the
        likeliest.
    progress
        Told of the pickle or the shards that were read.

    Raises
    ------
    BadCheckpoint
        When it is no checkpoint, is damaged, or holds no weights; the message says which.
    """
    with refused_as_damaged(path.name), _collection_paused():
        return with_config_beside(_open(path, section, progress))


def looks_like_checkpoint(path: Path) -> bool:
    """Whether a file or folder may be a checkpoint, by its first bytes or its listing."""
    try:
        given = candidate(path)
        return folder.holds_weights(path) if given.is_folder else _reader_of(given) is not None
    except (BadCheckpoint, OSError):
        return False


def _open(path: Path, section: str | None, progress: Progress) -> Checkpoint:
    given = candidate(path)
    reader = _reader_of(given)
    if reader is None:
        raise describe(path, given.head)

    def open_part(part: Path) -> Checkpoint:
        return _open(part, None, progress)

    return reader.open(Request(path, open_part, section, progress))


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Look for no garbage while an index is read: all that is made then is kept."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _reader_of(given: Candidate) -> Reader | None:
    return next((reader for reader in READERS if reader.matches(given)), None)
