"""What a container format gives: a way to know its files, and a way to open them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inspector.checkpoints.checkpoint import Checkpoint
from inspector.checkpoints.mapped_file import open_regular
from inspector.core.progress import Progress, silent

HEAD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file or folder that may be a checkpoint; `head` is empty for a folder."""

    path: Path
    head: bytes
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What to open: a path, the section that is wanted (None: the reader chooses).

    `open_part` opens another file that belongs to this one: a shard, a folder's weights.
    """

    path: Path
    open_part: Callable[[Path], Checkpoint]
    section: str | None = None
    progress: Progress = silent


@dataclass(frozen=True, slots=True)
class Reader:
    """A container format: its name in words, and two functions."""

    name: str
    matches: Callable[[Candidate], bool]
    open: Callable[[Request], Checkpoint]


def candidate(path: Path) -> Candidate:
    """Look at the first bytes of a file, or see that it is a folder.

    Raises
    ------
    BadCheckpoint
        When there is no such file, or it may not be read.
    """
    if path.is_dir():
        return Candidate(path, b"", is_folder=True)
    with open_regular(path) as file:
        return Candidate(path, file.read(HEAD_BYTES) or b"")
