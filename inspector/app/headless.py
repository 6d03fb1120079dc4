"""Without a display: the same job, with its figures and tables in a folder."""

import sys
from collections.abc import Sequence
from pathlib import Path

from inspector.app.samples import sample_paths
from inspector.core.errors import InspectorError

FOLDER = Path("vit-inspector-figures")
DONE, UNUSABLE = 0, 2


def run_headless(reason: str, paths: Sequence[Path], *, heads: int | None, device: str) -> int:
    """Compare the given checkpoints, or the samples, and say where the figures are.

    Returns
    -------
    int
        0 when done, 2 when what was given cannot be used (one sentence on standard error).
    """
    from inspector.export.compare_files import compare_files

    folder = FOLDER.resolve()
    sys.stdout.write(
        f"{reason} No window can be opened; figures and tables are written to {folder}\n"
    )
    sys.stdout.flush()
    try:
        chosen = tuple(paths) or sample_paths()
        report = compare_files(chosen, folder, heads=heads, device=device)
    except InspectorError as error:
        sys.stderr.write(f"{error}\n")
        return UNUSABLE
    for sentence in report.sentences:
        sys.stdout.write(f"{sentence}\n")
    sys.stdout.write(f"{len(report.files)} files written to {folder}\n")
    return DONE
