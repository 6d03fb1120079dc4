"""Several files that appear together or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from inspector.core.errors import ExportFailed


@dataclass(eq=False)
class Stage:
    """A hidden folder beside the target, on the same disk; `published` is filled at the end."""

    temporary: Path
    published: tuple[Path, ...] = field(default=())


@contextmanager
def staged(folder: Path, *, overwrite: bool, create: bool = False) -> Iterator[Stage]:
    """Collect files in `Stage.temporary`; when the block ends well, rename them into `folder`.

    When it ends badly, or a file cannot be renamed, the folder is left as it was.

    Parameters
    ----------
    overwrite
        Whether files of the same names are replaced.
    create
        Whether the folder is made where it is not there.

    Raises
    ------
    ExportFailed
        When the folder cannot be written to, the disk is full, or a file of the name is there.
    """
    made: list[Path] = []
    try:
        if create:
            made = [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
        yield from _collected(folder, overwrite=overwrite)
    except OSError as error:
        _remove_empty(made)
        raise refusal(folder, error) from error
    except BaseException:
        _remove_empty(made)
        raise


def check_can_be_written(folder: Path) -> None:
    """Refuse a folder into which nothing can be put, before long work for it begins.

    Raises
    ------
    ExportFailed
        When a file stands in its place, or it may not be written to or made.
    """
    whole = folder.absolute()
    there = next(path for path in (whole, *whole.parents) if os.path.lexists(path))
    if not there.is_dir():
        raise refusal(folder, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(there, os.W_OK | os.X_OK):
        raise refusal(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def refusal(folder: Path, error: OSError) -> ExportFailed:
    """Say why a folder could not be written to, and what to try."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        words, advice = "the disk is full", "Free some space, or choose a folder elsewhere."
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        words, advice = "it may not be written to", "Choose a folder of your own."
    elif error.errno in (errno.EEXIST, errno.ENOTDIR):
        words, advice = "a file stands in its place", "Choose another folder."
    elif error.errno == errno.ENOENT:
        words, advice = "there is no such folder", "Choose a folder that is there."
    elif error.errno == errno.ENAMETOOLONG:
        words, advice = "the name is too long", "Choose a shorter name."
    else:
        words, advice = error.strerror or "it cannot be written to", "Choose another folder."
    return ExportFailed(
        f"Nothing was written to {folder}: {words}.", advice=advice, details=str(error)
    )


def _collected(folder: Path, *, overwrite: bool) -> Iterator[Stage]:
    stage = Stage(Path(tempfile.mkdtemp(prefix=".vit-inspector-", dir=folder)))
    try:
        yield stage
        names = sorted(path.name for path in stage.temporary.iterdir())
        _check(folder, names, overwrite=overwrite)
        _publish(stage.temporary, folder, names)
        stage.published = tuple(folder / name for name in names)
    finally:
        shutil.rmtree(stage.temporary, ignore_errors=True)


def _check(folder: Path, names: Sequence[str], *, overwrite: bool) -> None:
    there = [name for name in names if (folder / name).exists()]
    folders = [name for name in there if (folder / name).is_dir()]
    if folders:
        raise ExportFailed(
            f"{folder / folders[0]} is a folder; a file of that name cannot be written.",
            advice="Choose another name.",
        )
    if there and not overwrite:
        raise ExportFailed(
            f"{' and '.join(there[:2])} {'is' if len(there) == 1 else 'are'} already in {folder}; "
            "nothing was written.",
            advice="Choose another name, or remove what is there.",
        )


def _publish(temporary: Path, folder: Path, names: Sequence[str]) -> None:
    """Rename one after the other; take everything back when one fails."""
    replaced = temporary / "replaced"
    replaced.mkdir()
    done: list[str] = []
    try:
        for name in names:
            if (folder / name).exists():
                (folder / name).replace(replaced / name)
            done.append(name)
            (temporary / name).replace(folder / name)
    except BaseException:
        for name in done:
            _take_back(folder / name, replaced / name)
        raise


def _take_back(target: Path, earlier: Path) -> None:
    if earlier.exists():
        earlier.replace(target)
    else:
        target.unlink(missing_ok=True)


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
