"""Pictures on paper: native pixels in their physical shape, letters, bars and a scale in mm.

Nothing is burnt into a picture: outlines, letters, bars and scale are objects of their own, so that
the pixels in the file are those on the screen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inspector.core.errors import BadRequest
from inspector.core.figures import MAX_HEIGHT_MM
from inspector.core.images import Edges
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.scene import ShownImage
from inspector.core.tokens import Box as ImageBox
from inspector.core.tokens import TokenGrid
from inspector.export.furniture import Heading, put_heading
from inspector.export.paper import (
    INK,
    LINE_HEIGHT,
    MARGIN,
    SMALL,
    SOFT,
    TINY,
    Box,
    Page,
    elide,
    printable,
    text_width,
    wrap,
)
from inspector.render.overlay import LIGHTS
from inspector.render.scenes import Bar, Drawn, Outline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BETWEEN = 4.0
_BAR, _BAR_TEXT, _BAR_GAP = 1.8, 2.9, 0.9
_LETTER = 2.6
_SMALLEST_PICTURE = 8.0


@dataclass(frozen=True, slots=True)
class Frame:
    """The physical shape of a picture, and what is known of its directions.

    Parameters
    ----------
    height, width
        In mm where `measured`, else in pixels; only their ratio then counts.
    edges
        Letters of the four edges, None where the file does not tell.
    measured
        Whether a scale can be drawn.
    where
        What it measures where that is not the patient, as ``at the detector plane``.
    """

    height: float
    width: float
    edges: Edges | None
    measured: bool
    where: str = ""


def frame_of(image: ShownImage, style: MapStyle) -> Frame:
    """Of what is shown: the original, or the model's input, whose pixels are square."""
    if style.seen and image.prepared is not None:
        rows, columns = image.prepared.placement.input_shape
        return Frame(float(rows), float(columns), image.slice.edges, measured=False)
    height, width = image.slice.size_mm
    spacing = image.slice.spacing
    where = "" if spacing is None or "patient" in spacing.where else spacing.where
    return Frame(height, width, image.slice.edges, measured=spacing is not None, where=where)


@dataclass(frozen=True, eq=False)
class Panel:
    """A picture and all that stands around it.

    Parameters
    ----------
    title
        Above it.
    drawn
        The picture, its token grid and its bars.
    frame
        Its physical shape.
    captions
        Lines below it.
    outlines
        Chosen patches.
    marked
        Whether the title is set bold: the panel is the chosen one among others.
    """

    title: str
    drawn: Drawn
    frame: Frame
    captions: tuple[str, ...] = ()
    outlines: tuple[Outline, ...] = ()
    scaled: bool = True
    marked: bool = field(default=True)

    def height(self, width: float) -> float:
        """In mm, of a panel so wide."""
        picture = self.picture_width(width) * self.frame.height / self.frame.width
        return self._above + picture + self._below(width)

    def picture_width(self, width: float) -> float:
        """Without the letters beside it."""
        return max(width - 2 * self._beside, _SMALLEST_PICTURE)

    def put(self, page: Page, left: float, top: float, width: float, style: MapStyle) -> "Axes":
        """Draw it; returns the axes of the picture, in its pixels."""
        wide = self.picture_width(width)
        box = Box(
            left + (width - wide) / 2,
            top + self._above,
            wide,
            wide * self.frame.height / self.frame.width,
        )
        if self.title:
            words = elide(printable(self.title), wide, SMALL, bold=self.marked)
            page.text(box.left, top + LINE_HEIGHT / 2, words, size=SMALL, bold=self.marked)
        axes = put_picture(page, box, self.drawn, style, self.outlines)
        _put_letters(page, box, self.frame.edges)
        y = box.bottom + (_LETTER if self.frame.edges else 0.4)
        if self.frame.measured and self.scaled:
            _put_scale(page, box, y, self.frame)
            y += LINE_HEIGHT
        for bar in self.drawn.bars:
            put_bar(page, Box(box.left, y + _BAR_GAP, box.width, _BAR), bar)
            y += bar_height(bar, box.width)
        for line in self.captions:
            page.text(
                left + width / 2, y + LINE_HEIGHT / 2, elide(printable(line), width, TINY),
                size=TINY, ha="center",
            )  # fmt: skip
            y += LINE_HEIGHT * 0.85
        return axes

    @property
    def _beside(self) -> float:
        return _LETTER if self.frame.edges else 0.0

    @property
    def _above(self) -> float:
        letters = _LETTER if self.frame.edges else 0.6
        return letters + (LINE_HEIGHT if self.title else 0.0)

    def _below(self, width: float) -> float:
        wide = self.picture_width(width)
        below = _LETTER if self.frame.edges else 0.4
        below += LINE_HEIGHT if self.frame.measured and self.scaled else 0.0
        below += sum(bar_height(bar, wide) for bar in self.drawn.bars)
        return below + len(self.captions) * LINE_HEIGHT * 0.85


@dataclass(frozen=True, eq=False)
class PanelSheet:
    """Panels in rows and columns under one heading; `notes` stand below all."""

    head: Heading
    panels: Sequence[Panel]
    columns: int
    notes: tuple[str, ...] = ()

    def draw(self, width: float, style: MapStyle) -> Page:
        """Lay out and draw; pictures shrink until the page is no higher than it may be."""
        across = (width - 2 * MARGIN - (self.columns - 1) * BETWEEN) / self.columns
        notes = wrap([printable(note) for note in self.notes], width - 2 * MARGIN, TINY,
                     between="  ·  ")  # fmt: skip
        fixed = 2 * MARGIN + self.head.height + len(notes) * LINE_HEIGHT
        share = 1.0
        while fixed + sum(self._heights(across * share)) > MAX_HEIGHT_MM:
            share *= 0.95
            if across * share < _SMALLEST_PICTURE:
                raise BadRequest(
                    f"{len(self.panels)} pictures do not fit on a page {width:g} mm wide.",
                    advice="Choose fewer pictures, or a wider figure.",
                )
        heights = self._heights(across * share)
        page = Page(width, fixed + sum(heights))
        top = put_heading(page, self.head)
        for row, high in enumerate(heights):
            for column, panel in enumerate(self._row(row)):
                left = MARGIN + column * (across * share + BETWEEN)
                panel.put(page, left, top, across * share, style)
            top += high
        for line in notes:
            page.text(MARGIN, top + LINE_HEIGHT / 2, line, size=TINY, color=SOFT)
            top += LINE_HEIGHT
        return page

    def _row(self, row: int) -> Sequence[Panel]:
        return self.panels[row * self.columns : (row + 1) * self.columns]

    def _heights(self, across: float) -> list[float]:
        rows = -(-len(self.panels) // self.columns)
        return [max(p.height(across) for p in self._row(row)) + 1.2 for row in range(rows)]


def put_picture(
    page: Page, box: Box, drawn: Drawn, style: MapStyle, outlines: Sequence[Outline] = ()
) -> "Axes":
    """Draw a picture at its own pixels, with the outline of what the model saw and of patches."""
    rows, columns = drawn.picture.shape[:2]
    axes = page.axes(box)
    axes.imshow(drawn.picture, extent=(0, columns, rows, 0), aspect="auto", interpolation="none")
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    extent = drawn.grid.extent
    seen = ImageBox(
        max(extent.top, 0.0),
        max(extent.left, 0.0),
        min(extent.bottom, float(rows)) - max(extent.top, 0.0),
        min(extent.right, float(columns)) - max(extent.left, 0.0),
    )
    if (seen.height, seen.width) != (float(rows), float(columns)):
        _outline(axes, seen, "white", dashed=True)
    if style.grid:
        _put_grid(axes, drawn.grid, seen)
    for outline in outlines:
        _outline(axes, outline.box, side_colour(style.pair, outline.side))
    return axes


def side_colour(pair: ColourPair, side: str) -> tuple[float, float, float]:
    """The full colour of the query, or of the key."""
    return LIGHTS[pair][0 if side == "query" else 1]


def put_bar(page: Page, box: Box, bar: Bar) -> None:
    """A horizontal colour bar: the words of its ends below, its name between them or above."""
    inline = _fits(bar, box.width)
    top = box.top if inline else box.top + _BAR_TEXT
    axes = page.axes(Box(box.left, top, box.width, box.height))
    axes.imshow(bar.table[None], extent=(0, 1, 0, 1), aspect="auto", interpolation="none")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_linewidth(0.3)
    y = top + box.height + _BAR_TEXT / 2
    page.text(box.left, y, bar.low, size=TINY)
    page.text(box.right, y, bar.high, size=TINY, ha="right")
    name = elide(bar.name, box.width, TINY)
    middle = box.left + box.width / 2
    page.text(
        middle, y if inline else box.top + _BAR_TEXT / 2 - 0.2, name, size=TINY, ha="center",
        color=SOFT,
    )  # fmt: skip


def bar_height(bar: Bar, width: float) -> float:
    """Of a bar with its words, and the gap above it."""
    return _BAR_GAP + _BAR + _BAR_TEXT + (0.0 if _fits(bar, width) else _BAR_TEXT)


def scale_length(across: float) -> float:
    """A round number of mm, 1, 2 or 5 times a power of ten, at most a third of a picture."""
    most = across / 3
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= most)


def _fits(bar: Bar, width: float) -> bool:
    words = (bar.low, bar.name, bar.high)
    return sum(text_width(word, TINY) for word in words) + 4.0 <= width


def _put_scale(page: Page, box: Box, y: float, frame: Frame) -> None:
    length = scale_length(frame.width)
    wide = length / frame.width * box.width
    middle = y + LINE_HEIGHT / 2
    page.line(
        (box.left, box.left + wide), (middle, middle), color=INK, linewidth=1.2,
        solid_capstyle="butt", gid="scale bar",
    )  # fmt: skip
    room = box.width - wide - 1.0
    words = f"{length:g} mm {frame.where}".strip()
    short = words if text_width(words, TINY) <= room else f"{length:g} mm"
    page.text(box.left + wide + 1.0, middle, short, size=TINY)


def _put_letters(page: Page, box: Box, edges: Edges | None) -> None:
    if edges is None:
        return
    middle, half = box.left + box.width / 2, box.top + box.height / 2
    look = {"size": TINY, "color": SOFT, "ha": "center"}
    page.text(middle, box.top - _LETTER / 2, edges.top, **look)
    page.text(middle, box.bottom + _LETTER / 2, edges.bottom, **look)
    page.text(box.left - _LETTER / 2, half, edges.left, **look)
    page.text(box.right + _LETTER / 2, half, edges.right, **look)


def _put_grid(axes: "Axes", grid: TokenGrid, seen: ImageBox) -> None:
    extent = grid.extent
    rows = [extent.top + n * extent.height / grid.rows for n in range(1, grid.rows)]
    columns = [extent.left + n * extent.width / grid.columns for n in range(1, grid.columns)]
    look: dict[str, Any] = {"colors": "white", "linewidths": 0.2, "alpha": 0.7}
    axes.hlines([y for y in rows if y < seen.bottom], seen.left, seen.right, **look)
    axes.vlines([x for x in columns if x < seen.right], seen.top, seen.bottom, **look)


def _outline(
    axes: "Axes", box: ImageBox, colour: str | tuple[float, float, float], *, dashed: bool = False
) -> None:
    """Dark below, so that it is seen on any picture."""
    from matplotlib.patches import Rectangle

    corner = (box.left, box.top)
    for line, width, style in (("black", 1.8, "-"), (colour, 0.9, "--" if dashed else "-")):
        axes.add_patch(
            Rectangle(
                corner, box.width, box.height, fill=False, edgecolor=line, linewidth=width,
                linestyle=style, clip_on=False,
            )
        )  # fmt: skip
