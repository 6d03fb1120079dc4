"""From checkpoint files to a folder of tables and figures, in one call and without a screen."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from inspector.core.comparison import Axis, ComparisonSeries, Patterns
from inspector.core.errors import BadRequest
from inspector.core.labels import unique_labels
from inspector.core.progress import Progress, silent
from inspector.export.report import Report
from inspector.families import open_model


def compare_files(
    paths: Sequence[Path],
    folder: Path,
    *,
    axis: Axis = "out",
    heads: int | None = None,
    section: str | None = None,
    device: str = "auto",
    progress: Progress = silent,
) -> Report:
    """Compare the first checkpoint with each of the others and write all tables and figures.

    Parameters
    ----------
    paths
        The reference A, then one or more compared B.
    folder
        Where to write; created if it is not there.
    axis
        ``out``: a vector is a row of the weight (an output feature); ``in``: a column.
    heads, section
        For files that do not say how many heads they have, or hold several sets of weights.
    device
        ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises
    ------
    InspectorError
        When a file cannot be read or nothing can be compared; nothing is then written.
    """
    if len(paths) < 2:
        raise BadRequest(
            "One checkpoint was given; a comparison takes at least two.",
            advice="Give the reference first, then the fine-tuned checkpoints.",
        )
    from inspector.analysis.devices import describe_device, resolve_device
    from inspector.analysis.evolution import compare_series
    from inspector.analysis.invariant import with_products
    from inspector.analysis.patterns import PERMUTATIONS, SEED, find_patterns
    from inspector.export.bundle import write_comparison
    from inspector.export.provenance import provenance_of

    chosen = resolve_device(device)
    with ExitStack() as stack:
        models = [
            stack.enter_context(open_model(path, heads=heads, section=section)) for path in paths
        ]
        series = compare_series(
            models[0],
            models[1:],
            axis=axis,
            device=chosen,
            progress=progress,
            labels=unique_labels(paths),
        )
        series = with_products(series, models[0], models[1:], device=chosen, progress=progress)
        patterns = [find_patterns(c, progress=progress) for c in series.comparisons]
        provenance = provenance_of(
            [file for model in models for file in model.checkpoint.files],
            command=_command(paths, folder, axis=axis, heads=heads, section=section, device=device),
            parameters={
                "axis": axis,
                "heads": heads,
                "section": section,
                "permutations": PERMUTATIONS,
                "seed": SEED,
            },
            device=describe_device(chosen),
            progress=progress,
        )
        files = write_comparison(folder, series, patterns, provenance=provenance, progress=progress)
    return Report(files, tuple(_sentences(series, patterns)))


def _sentences(series: ComparisonSeries, patterns: Sequence[Patterns]) -> Iterator[str]:
    for comparison, found in zip(series.comparisons, patterns, strict=True):
        yield f"{comparison.compared.label}: {comparison.matching.sentence}."
        for finding in found.findings:
            yield f"{comparison.compared.label}: {finding.sentence}"


def _command(
    paths: Sequence[Path],
    folder: Path,
    *,
    axis: Axis,
    heads: int | None,
    section: str | None,
    device: str,
) -> str:
    words = ["python", "-m", "inspector", "compare", *map(str, paths), "--out", str(folder)]
    words += ["--axis", axis, "--device", device]
    words += ["--heads", str(heads)] if heads else []
    words += ["--section", section] if section else []
    return shlex.join(words)
