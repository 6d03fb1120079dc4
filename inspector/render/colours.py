"""Which colour stands for what, on light and dark surfaces.

Query is blue, key orange and value green wherever the three are shown. Every colour has a contrast
of at least 3 to its surface, and Q, K and V stay apart (CIELab distance of at least 20) for readers
with protan, deutan and tritan colour vision; a test holds both.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspector.core.outline import Matrix
from inspector.render.colour_tables import CIVIDIS, PLASMA, RED_BLUE, VIRIDIS, ByteArray
from inspector.render.limits import Limits

Surface = Literal["light", "dark"]
SURFACES: dict[Surface, str] = {"light": "#ffffff", "dark": "#1e1e1e"}

SEQUENTIAL: dict[str, ByteArray] = {"viridis": VIRIDIS, "cividis": CIVIDIS}
DIVERGING: dict[str, ByteArray] = {"red-blue": RED_BLUE}

UNDEFINED = (176, 176, 176)
"""The neutral grey of a cell without a value; no colour of any map comes near it."""


@dataclass(frozen=True, slots=True)
class MatrixColours:
    """Colours of Q, K or V as ``#rrggbb``: of lines and dots, and of an area behind them."""

    line: str
    tint: str


_MATRIX: dict[Surface, dict[Matrix, MatrixColours]] = {
    "light": {
        Matrix.Q: MatrixColours("#1f4fb0", "#edf1fa"),
        Matrix.K: MatrixColours("#e06c00", "#fdf2e7"),
        Matrix.V: MatrixColours("#18935f", "#e9f6f0"),
    },
    "dark": {
        Matrix.Q: MatrixColours("#5b9dff", "#232a36"),
        Matrix.K: MatrixColours("#ff9a3c", "#33291f"),
        Matrix.V: MatrixColours("#4fe0b0", "#21312b"),
    },
}
_SERIES_SPAN: dict[Surface, tuple[int, int]] = {"light": (0, 160), "dark": (110, 255)}


def matrix_colours(matrix: Matrix, surface: Surface = "light") -> MatrixColours:
    """Colours of Q, K or V."""
    return _MATRIX[surface][matrix]


def series_colours(count: int, surface: Surface = "light") -> tuple[str, ...]:
    """One colour for each of `count` compared models, in order from first to last."""
    first, last = _SERIES_SPAN[surface]
    places = np.linspace(first, last, max(count, 1)).round().astype(int)[:count]
    return tuple("#{:02x}{:02x}{:02x}".format(*PLASMA[place]) for place in places)


def table_for(limits: Limits) -> ByteArray:
    """(256, 3) the map of a metric: diverging where its limits have a centre, else sequential."""
    return VIRIDIS if limits.centre is None else RED_BLUE
