"""What an export will write, and what speaks against it."""

import os
from dataclasses import dataclass
from pathlib import Path

from inspector.core.figures import FigureFormat, FigureKind

KIND_WORDS = {
    FigureKind.HEAT_MAP: "Heat map: blocks by Q, K, V",
    FigureKind.HEAD_MAP: "Heat map: blocks by heads",
    FigureKind.LINES: "Lines over all blocks",
    FigureKind.VECTORS: "Vectors of the selected block",
    FigureKind.INVARIANT: "Query-key and value-output products",
    FigureKind.SERIES: "A line for each compared model",
    FigureKind.MODE: "This mode: overlay, query map, key map",
    FigureKind.MODES: "The head's first modes",
    FigureKind.RANKED: "The head's modes that contribute most",
    FigureKind.IMAGES: "This mode on all open images",
    FigureKind.MODELS: "This mode in A beside B",
    FigureKind.ATTENTION: "Attention of the token, all heads",
    FigureKind.PAIR: "What the score of the pair is made of",
    FigureKind.DEPTH: "Weighted cosine over depth",
    FigureKind.HISTOGRAM: "Histograms of the cosines, block by block",
    FigureKind.SPECTRA: "Spectra of all heads",
    FigureKind.PREFERENCE: "What attention prefers, over depth",
    FigureKind.SAME_OBJECT: "Query and key on the same object, over depth",
    FigureKind.GALLERY: "Optimal images of the head's modes",
}
FORMAT_WORDS = {
    FigureFormat.PDF: "PDF, vector",
    FigureFormat.SVG: "SVG, vector",
    FigureFormat.PNG: "PNG, pixels",
}
_BESIDE = (
    ("csv", "numbers"),
    ("npz", "numbers for NumPy"),
    ("json", "provenance"),
    ("py", "script that repeats it"),
)
_FORBIDDEN = set('/\\:*?"<>|')
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a name in a folder can be written to; `problem` is empty where it can.

    `replaced` are the names of the files that are there already; `makes_folder` says that the
    folder is not there yet.
    """

    problem: str = ""
    replaced: tuple[str, ...] = ()
    makes_folder: bool = False


def files_of(name: str, ending: FigureFormat) -> tuple[tuple[str, str], ...]:
    """File names, and what each holds: the figure first."""
    endings = ((ending.value, "figure"), *_BESIDE)
    return tuple((f"{name}.{suffix}", holds) for suffix, holds in endings)


def bare_name(text: str) -> str:
    """The name without an ending that the export gives by itself.

    >>> bare_name(" heat-map.pdf "), bare_name("epoch_6.pth lines")
    ('heat-map', 'epoch_6.pth lines')
    """
    name = text.strip()
    own = {*(f.value for f in FigureFormat), *(suffix for suffix, _ in _BESIDE)}
    stem, dot, ending = name.rpartition(".")
    return stem if dot and ending.lower() in own else name


def look_at(folder: Path, name: str, ending: FigureFormat) -> Verdict:
    """Look at the folder on disk and say what would happen there."""
    wrong = _wrong_name(name)
    if wrong:
        return Verdict(wrong)
    there = _nearest_existing(folder)
    if not there.is_dir():
        return Verdict(f"{there} is a file, not a folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        return Verdict(f"The folder {there} cannot be written to.")
    present = tuple(n for n, _ in files_of(name, ending) if (folder / n).exists())
    return Verdict(replaced=present, makes_folder=there != folder)


def _wrong_name(name: str) -> str:
    if not name:
        return "The figure has no name."
    found = sorted(c for c in set(name) if c in _FORBIDDEN or not c.isprintable())
    if found:
        return f"A file name cannot hold {' '.join(c for c in found if c.isprintable())}.".strip()
    if name.startswith(".") or name.endswith("."):
        return "A file name cannot start or end with a dot."
    if len(name.encode()) > _LONGEST:
        return f"The name is longer than {_LONGEST} bytes."
    return ""


def _nearest_existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
