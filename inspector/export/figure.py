"""Figures for papers: true size, fonts embedded, the same bytes every time."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inspector.core.figures import FigureFormat, FigureKind, FigureStyle
from inspector.export.content import FigureContent
from inspector.export.drawing import Drawing
from inspector.export.paper import paper_settings
from inspector.export.svg_fonts import embed_fonts
from inspector.render.colour_tables import ByteArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_UNDATED: dict[FigureFormat, dict[str, None]] = {
    FigureFormat.PDF: {"CreationDate": None},
    FigureFormat.SVG: {"Date": None},
    FigureFormat.PNG: {},
}


def draw_figure(kind: FigureKind, content: FigureContent, *, style: FigureStyle) -> "Figure":
    """Draw a figure `style.width_mm` wide and as high as its content needs.

    Raises
    ------
    BadRequest
        When there is nothing to draw.
    """
    return drawing_of(kind, content, style=style).figure


def drawing_of(kind: FigureKind, content: FigureContent, *, style: FigureStyle) -> Drawing:
    """Draw a figure and keep the numbers in it; see `draw_figure`."""
    with paper_settings():
        return content.drawing(kind, style)


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
