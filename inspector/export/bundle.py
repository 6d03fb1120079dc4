"""A figure with everything that belongs to it, and a folder with everything of a comparison."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from inspector.core.address import Address
from inspector.core.comparison import Comparison, ComparisonSeries, Patterns
from inspector.core.errors import BadRequest
from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.metrics import Metric
from inspector.core.progress import Progress, silent
from inspector.core.provenance import Provenance
from inspector.core.selection import Selection
from inspector.export.comparison_content import ComparisonContent
from inspector.export.content import FigureContent
from inspector.export.drawing import Drawing
from inspector.export.figure import draw_figure, drawing_of, save_figure
from inspector.export.records import (
    figure_record,
    finding_lines,
    matching_record,
    provenance_record,
    write_json,
    write_lines,
)
from inspector.export.staging import staged
from inspector.export.tables import table_writers, write_table
from inspector.render.maps import block_map

_LONGEST_NAME = 40


def write_export(
    base: Path,
    kind: FigureKind,
    content: FigureContent,
    *,
    style: FigureStyle,
    provenance: Provenance,
    progress: Progress = silent,
    overwrite: bool = False,
) -> tuple[Path, ...]:
    """Write a figure, the numbers in it (CSV, NPZ), its provenance (JSON) and its script.

    Parameters
    ----------
    base
        Folder and name without an ending; the folder is there.
    overwrite
        Whether files of the same names are replaced.

    Returns
    -------
    The files; all of them are complete, or none was written.

    Raises
    ------
    ExportFailed
        When the folder cannot be written to, the disk is full, or files of these names are there.
    BadRequest
        When there is nothing to draw.
    """
    name = base.name
    progress(0, 3, f"drawing {name}")
    drawing = drawing_of(kind, content, style=style)
    with staged(base.parent, overwrite=overwrite) as stage:
        progress(1, 3, f"writing {name}")
        save_figure(drawing.figure, stage.temporary / f"{name}.{style.format}", style=style)
        progress(2, 3, f"writing the numbers of {name}")
        _write_numbers(stage.temporary, name, drawing)
        record = figure_record(kind, content, style=style, provenance=provenance, drawing=drawing)
        write_json(stage.temporary / f"{name}.json", record)
        text = content.script(name, kind, style)
        (stage.temporary / f"{name}.py").write_text(text, encoding="utf-8", newline="\n")
        progress(3, 3, f"{name} written")
    return stage.published


def write_comparison(
    folder: Path,
    series: ComparisonSeries,
    patterns: Sequence[Patterns],
    *,
    provenance: Provenance,
    progress: Progress = silent,
) -> tuple[Path, ...]:
    """Write all tables, the matching, the findings, the provenance and every figure as PDF.

    Files of an earlier run in the folder are replaced. The vectors are drawn for the first, the
    most changed and the last block of each compared model.

    Parameters
    ----------
    folder
        Made where it is not there.
    patterns
        Of each compared model, in order.

    Raises
    ------
    ExportFailed
        When the folder cannot be written to or the disk is full; it is then as it was.
    """
    if len(patterns) != len(series.comparisons):
        raise BadRequest("There is not one set of patterns for each compared model.")
    tables = table_writers(series, patterns)
    figures = list(_figures(series))
    total = len(tables) + len(figures) + 1
    with staged(folder, overwrite=True, create=True) as stage:
        for done, (name, write) in enumerate(tables.items()):
            progress(done, total, f"writing {name}")
            write(stage.temporary / name)
        progress(len(tables), total, "writing matching and provenance")
        write_json(stage.temporary / "matching.json", matching_record(series))
        write_json(stage.temporary / "provenance.json", provenance_record(series, provenance))
        write_lines(stage.temporary / "findings.txt", finding_lines(series, patterns))
        for done, (name, kind, selection) in enumerate(figures, start=len(tables) + 1):
            progress(done, total, f"drawing {name}")
            _write_figure(stage.temporary / f"{name}.pdf", kind, series, selection, patterns)
        progress(total, total, "written")
    return stage.published


def _write_numbers(folder: Path, name: str, drawing: Drawing) -> None:
    write_table(folder / f"{name}.csv", drawing.columns, drawing.rows)
    with (folder / f"{name}.npz").open("wb") as stream:
        arrays: Any = drawing.arrays
        np.savez(stream, **arrays)


def _write_figure(
    path: Path,
    kind: FigureKind,
    series: ComparisonSeries,
    selection: Selection,
    patterns: Sequence[Patterns],
) -> None:
    style = FigureStyle()
    content = ComparisonContent(series, selection, patterns[selection.compared])
    save_figure(draw_figure(kind, content, style=style), path, style=style)


def _figures(series: ComparisonSeries) -> Iterator[tuple[str, FigureKind, Selection]]:
    """Name, kind and selection of every figure of a comparison."""
    if FigureKind.SERIES in ComparisonContent(series, Selection()).kinds():
        yield "series", FigureKind.SERIES, Selection()
    for index, comparison in enumerate(series.comparisons):
        ending = _ending(series, index)
        chosen = Selection(compared=index)
        alone = ComparisonSeries((comparison,))
        for kind in ComparisonContent(alone, Selection()).kinds():
            if kind is FigureKind.VECTORS:
                for address in _blocks_to_show(comparison):
                    name = f"vectors-S{address.stage}-B{address.block}{ending}"
                    yield name, kind, replace(chosen, address=address)
            else:
                yield f"{kind}{ending}", kind, chosen


def _ending(series: ComparisonSeries, index: int) -> str:
    """Nothing for a single compared model, else its number and name."""
    if len(series.comparisons) == 1:
        return ""
    stem = Path(series.comparisons[index].compared.label).stem
    return f"-{index + 1}-{re.sub(r'[^A-Za-z0-9._-]+', '_', stem)[:_LONGEST_NAME]}"


def _blocks_to_show(comparison: Comparison) -> tuple[Address, ...]:
    """The first, the most changed (by mean relative distance) and the last compared block."""
    if not comparison.blocks:
        return ()
    change = np.nan_to_num(block_map(comparison, Metric.RELATIVE_DISTANCE)).sum(axis=0)
    most = max(comparison.blocks, key=lambda block: float(change[block.global_index]))
    shown = (comparison.blocks[0], most, comparison.blocks[-1])
    return tuple(dict.fromkeys(block.address for block in shown))
