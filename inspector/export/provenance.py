"""Which files a result came from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspector.core.errors import ExportFailed
from inspector.core.progress import Progress, silent
from inspector.core.provenance import Provenance, record_of


def provenance_of(
    paths: Sequence[Path],
    *,
    command: str,
    parameters: dict[str, Any],
    device: str,
    progress: Progress = silent,
) -> Provenance:
    """Hash every file once and put down what was asked for.

    Parameters
    ----------
    paths
        Every file that was read: shards, index and configuration too.
    command
        The command line that repeats the result.
    parameters
        Plain JSON values. ``heads`` and ``section``, where they are given, hold what each model was
        opened with: one value for all, or a list with the reference first.
    device
        Where was computed, in words.

    Raises
    ------
    ExportFailed
        When a file can no longer be read.
    """
    unique = list(dict.fromkeys(paths))
    try:
        total = sum(path.stat().st_size for path in unique)
        records, before = [], 0
        for path in unique:
            records.append(record_of(path, progress=_Shifted(progress, before, total)))
            before += records[-1].size
    except OSError as error:
        raise ExportFailed(
            f"{error.filename} can no longer be read, so its hash cannot be put down.",
            advice="Open the file again from where it is now.",
            details=str(error),
        ) from error
    return Provenance(tuple(records), command, parameters, device)


class _Shifted:
    """Progress over all files from the progress over one."""

    def __init__(self, progress: Progress, before: int, total: int) -> None:
        self._progress = progress
        self._before = before
        self._total = total

    def __call__(self, done: int, total: int, text: str = "") -> None:
        self._progress(self._before + done, max(self._total, total), text)
