"""What the commands on modes, maps and attention write beside their numbers, in the same way."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.provenance import Provenance
from inspector.export.content import FigureContent
from inspector.export.figure import drawing_of, save_figure
from inspector.export.records import write_json


def command_of(words: Sequence[str]) -> str:
    """The command line, as it can be typed."""
    return shlex.join(["python", "-m", "inspector", *words])


def write_figure(
    folder: Path,
    name: str,
    kind: FigureKind,
    content: FigureContent,
    style: FigureStyle | None = None,
) -> dict[str, Any]:
    """Draw a figure as PDF, with the script that draws it again; returns what it shows."""
    style = style or FigureStyle()
    drawing = drawing_of(kind, content, style=style)
    save_figure(drawing.figure, folder / f"{name}.pdf", style=style)
    script = content.script(name, kind, style)
    (folder / f"{name}.py").write_text(script, encoding="utf-8", newline="\n")
    return content.record(kind, drawing)


def write_provenance(folder: Path, name: str, provenance: Provenance, record: Any) -> None:
    """Files, versions, device and parameters, then what the figure beside it shows."""
    write_json(folder / name, {**provenance.as_json(), **record})


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Write arrays under their names, without compression."""
    with path.open("wb") as stream:
        np.savez(stream, **arrays)
