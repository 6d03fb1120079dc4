"""Figures of a comparison for papers: true size, fonts embedded, the same bytes every time."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inspector.core.comparison import ComparisonSeries, Patterns
from inspector.core.figures import FigureFormat, FigureKind, FigureStyle
from inspector.core.selection import Selection
from inspector.export.drawing import Drawing
from inspector.export.lines import draw_invariant, draw_lines, draw_series
from inspector.export.maps import draw_head_map, draw_heat_map
from inspector.export.paper import paper_settings
from inspector.export.svg_fonts import embed_fonts
from inspector.export.vectors import draw_vectors
from inspector.render.colour_tables import ByteArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_UNDATED: dict[FigureFormat, dict[str, None]] = {
    FigureFormat.PDF: {"CreationDate": None},
    FigureFormat.SVG: {"Date": None},
    FigureFormat.PNG: {},
}


def draw_figure(
    kind: FigureKind,
    series: ComparisonSeries,
    selection: Selection,
    *,
    style: FigureStyle,
    patterns: Patterns | None = None,
) -> "Figure":
    """Draw a figure `style.width_mm` wide and as high as its content needs.

    Parameters
    ----------
    selection
        The metric of heat map, head map and series; the matrix of the head map (all three where
        none is selected); the block of the vectors; the compared model of all but the series.
    patterns
        Of that compared model; the vectors then say how far heads explain what is seen.

    Raises
    ------
    BadRequest
        When there is nothing to draw: no such block, no heads along the input axis.
    """
    return drawing_of(kind, series, selection, style=style, patterns=patterns).figure


def drawing_of(
    kind: FigureKind,
    series: ComparisonSeries,
    selection: Selection,
    *,
    style: FigureStyle,
    patterns: Patterns | None = None,
) -> Drawing:
    """Draw a figure and keep the numbers in it; see `draw_figure`."""
    with paper_settings():
        match kind:
            case FigureKind.HEAT_MAP:
                return draw_heat_map(series, selection, style.width_mm)
            case FigureKind.HEAD_MAP:
                return draw_head_map(series, selection, style.width_mm)
            case FigureKind.LINES:
                return draw_lines(series, selection, style.width_mm)
            case FigureKind.VECTORS:
                return draw_vectors(series, selection, style.width_mm, patterns=patterns)
            case FigureKind.INVARIANT:
                return draw_invariant(series, selection, style.width_mm)
            case FigureKind.SERIES:
                return draw_series(series, selection, style.width_mm)


def kinds_of(series: ComparisonSeries) -> tuple[FigureKind, ...]:
    """The figures that a series can be drawn as, in menu order."""
    blocks = [block for comparison in series.comparisons for block in comparison.blocks]
    lacking = set()
    if not blocks:
        return ()
    if series.axis == "in":
        lacking.add(FigureKind.HEAD_MAP)
    if not any(block.query_key.size or block.value_output.size for block in blocks):
        lacking.add(FigureKind.INVARIANT)
    if len(series.comparisons) == 1:
        lacking.add(FigureKind.SERIES)
    return tuple(kind for kind in FigureKind if kind not in lacking)


def save_figure(figure: "Figure", path: Path, *, style: FigureStyle) -> None:
    """Write a figure; the format is that of the style, whatever the name ends in.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    path.write_bytes(figure_bytes(figure, style=style))


def figure_bytes(figure: "Figure", *, style: FigureStyle) -> bytes:
    """Give what `save_figure` writes: the same bytes every time, fonts embedded."""
    stream = io.BytesIO()
    with paper_settings():
        figure.savefig(
            stream, format=style.format.value, dpi=style.dpi, metadata=_UNDATED[style.format]
        )
    if style.format is not FigureFormat.SVG:
        return stream.getvalue()
    return embed_fonts(stream.getvalue().decode()).encode()


def png_bytes(figure: "Figure", *, dpi: int = 300) -> bytes:
    """Give a figure as a PNG that knows its resolution, for the clipboard."""
    stream = io.BytesIO()
    with paper_settings():
        figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()


def preview(figure: "Figure", *, pixel_width: int) -> ByteArray:
    """(rows, `pixel_width`, 4) uint8 picture of a figure; the figure stays as it is."""
    stream = io.BytesIO()
    wide = float(figure.get_size_inches()[0])
    dpi = (pixel_width + 1e-6) / wide
    with paper_settings():
        figure.savefig(stream, format="rgba", dpi=dpi)
    pixels = np.frombuffer(stream.getvalue(), dtype=np.uint8)
    return pixels.reshape(-1, pixel_width, 4)
