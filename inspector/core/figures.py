"""What a figure for a paper shows and how large it is."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from inspector.core.errors import BadRequest


class FigureKind(StrEnum):
    """The figures of a comparison, then those of modes, attention, depth and folders."""

    HEAT_MAP = "heat-map"
    HEAD_MAP = "head-map"
    LINES = "lines"
    VECTORS = "vectors"
    INVARIANT = "invariant"
    SERIES = "series"
    MODE = "mode"
    MODES = "modes"
    RANKED = "ranked"
    IMAGES = "images"
    MODELS = "models"
    ATTENTION = "attention"
    PAIR = "pair"
    DEPTH = "depth"
    HISTOGRAM = "histogram"
    SPECTRA = "spectra"
    PREFERENCE = "preference"
    SAME_OBJECT = "same-object"
    GALLERY = "gallery"


class FigureFormat(StrEnum):
    """File formats a figure can be written in."""

    PDF = "pdf"
    SVG = "svg"
    PNG = "png"


WIDTH_PRESETS = {
    "Single column (89 mm)": 89.0,
    "One and a half columns (120 mm)": 120.0,
    "Double column (183 mm)": 183.0,
}
MAX_HEIGHT_MM = 240.0
MOST_MODES = 24


@dataclass(frozen=True, slots=True)
class FigureStyle:
    """Size, format and resolution of a figure on paper.

    `width_mm` 30 to 400 mm; `dpi` 72 to 1200, used by PNG only; `modes` 1 to 24, how many modes of
    a head stand in a figure of several. The height follows from the content.
    """

    width_mm: float = 183.0
    format: FigureFormat = FigureFormat.PDF
    dpi: int = 300
    modes: int = 6

    def __post_init__(self) -> None:
        if not 30.0 <= self.width_mm <= 400.0:
            raise BadRequest(f"A figure is 30 to 400 mm wide, not {self.width_mm:g} mm.")
        if not 72 <= self.dpi <= 1200:
            raise BadRequest(f"A figure has 72 to 1200 dots per inch, not {self.dpi}.")
        if not 1 <= self.modes <= MOST_MODES:
            raise BadRequest(f"A figure shows 1 to {MOST_MODES} modes, not {self.modes}.")


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A figure to be written, or previewed.

    `base` is the folder and the name without an ending: ``figures/heat-map`` becomes
    ``figures/heat-map.pdf`` with its numbers, provenance and script beside it.
    """

    kind: FigureKind
    style: FigureStyle
    base: Path

    def __post_init__(self) -> None:
        if not self.base.name:
            raise BadRequest("The figure has no name.", advice="Give it a name to be saved under.")
