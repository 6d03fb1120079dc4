"""Panels of lines over the depth of one or two models, under one heading and legend."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from inspector.core.comparison import FloatArray
from inspector.core.scene import DepthScene
from inspector.export.furniture import (
    BlockAxis,
    Entry,
    heading,
    legend,
    put_centred,
    put_heading,
    put_legend,
    value_axis,
)
from inspector.export.paper import (
    INK,
    LINE_HEIGHT,
    MARGIN,
    SMALL,
    SOFT,
    Box,
    Page,
    elide,
    text_width,
)
from inspector.export.scale import Scale, scale_of
from inspector.render.colours import series_colours
from inspector.render.depth import block_addresses

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Look = Literal["dots", "thin", "dashed"]
SINGLE_BAND, MEAN_BAND = "#efefef", "#d9d9d9"
_COLUMNS_FROM, _PANEL = 120.0, 40.0
_BETWEEN = 5.0
_LOOKS: dict[Look, dict[str, Any]] = {
    "dots": {"linewidth": 0.9, "marker": "o"},
    "thin": {"linewidth": 0.5},
    "dashed": {"linewidth": 0.9, "linestyle": (0, (3, 2))},
}


@dataclass(frozen=True, eq=False)
class Line:
    """Values over the depth of one model.

    Parameters
    ----------
    place, values
        (depth,) where each block lies from 0 to 1, and its value.
    look
        With a dot for each block, thin (a variant of the line of its colour), or dashed (what it is
        to be compared with).
    bands
        (depth,) half-widths around 0, the wider first: grey behind the lines.
    """

    place: FloatArray
    values: FloatArray
    colour: str
    look: Look = "dots"
    bands: tuple[FloatArray, FloatArray] | None = None


@dataclass(frozen=True, eq=False)
class Plot:
    """A panel of lines; without a scale of its own it reaches over all values and 0."""

    title: str
    lines: tuple[Line, ...]
    scale: Scale | None = None


def put_plots(
    scene: DepthScene,
    title: str,
    remarks: Sequence[str],
    entries: Sequence[Entry],
    plots: Sequence[Plot],
    width: float,
) -> Page:
    """Lay out and draw panels; side by side where the page is wide enough.

    Where all models have the same blocks, these are the axis, with a line between two stages;
    else it is depth as a share, and each model's stages are told apart in its own colour.
    """
    head, key = heading(title, remarks, width), legend(entries, width)
    columns = min(len(plots), 3 if width >= _COLUMNS_FROM else 1)
    rows = -(-len(plots) // columns)
    axis = _axis_of(scene)
    below = axis.height if axis else 10.0
    step = LINE_HEIGHT + 0.8 + _PANEL + below + 2.0
    page = Page(width, 2 * MARGIN + head.height + key.height + rows * step)
    top = put_legend(page, key, put_heading(page, head))
    across = (width - 2 * MARGIN - (columns - 1) * _BETWEEN) / columns
    for index, plot in enumerate(plots):
        row, column = divmod(index, columns)
        left = MARGIN + column * (across + _BETWEEN)
        axes = _put_plot(page, Box(left, top + row * step, across, step), plot, axis)
        if axis is None:
            _put_stages(axes, scene)
    return page


def _put_plot(page: Page, box: Box, plot: Plot, axis: BlockAxis | None) -> "Axes":
    scale = plot.scale or _scale_of(plot)
    left = box.left + scale.label_width + 2.0
    room = box.right - left - text_width(scale.factor, SMALL) - 1.0
    title = elide(plot.title, room, SMALL, bold=True)
    page.text(left, box.top + LINE_HEIGHT / 2, title, size=SMALL, bold=True)
    look = {"size": SMALL, "color": SOFT, "ha": "right"}
    page.text(box.right, box.top + LINE_HEIGHT / 2, scale.factor, **look)
    place = Box(left, box.top + LINE_HEIGHT + 0.8, box.right - left, _PANEL)
    axes = page.axes(place)
    if axis is None:
        axes.set_xlim(-0.03, 1.03)
        axes.set_xticks([])
        _put_ends(page, place)
    else:
        axis.span(axes)
        axis.put(page, place)
    value_axis(axes, scale)
    for line in plot.lines:
        if line.bands is not None:
            _put_bands(axes, _x(line, axis), line.bands)
    axes.axhline(0.0, color=INK, linewidth=0.6)
    for line in plot.lines:
        axes.plot(
            _x(line, axis), line.values, color=line.colour, markersize=2.0, markeredgewidth=0,
            clip_on=False, **_LOOKS[line.look],
        )  # fmt: skip
    return axes


def _put_stages(axes: "Axes", scene: DepthScene) -> None:
    """A line between two stages of each model, in its colour."""
    for model, colour in zip(scene.models, series_colours(len(scene.models)), strict=True):
        for start in model.stage_starts[1:]:
            place = (start - 0.5) / (model.depth - 1)
            axes.axvline(place, color=colour, linewidth=0.5, linestyle=(0, (1, 2)), zorder=0)


def _scale_of(plot: Plot) -> Scale:
    values = [line.values for line in plot.lines]
    means = [line.bands[1] for line in plot.lines if line.bands is not None]
    return scale_of(np.concatenate([*values, [0.0], *means, *(-band for band in means)]))


def _put_bands(axes: "Axes", x: FloatArray, bands: tuple[FloatArray, FloatArray]) -> None:
    """Widths differ from stage to stage, so the band is drawn block by block."""
    if x.size == 0:
        return
    half = 0.5 * (x[1] - x[0]) if x.size > 1 else 0.5
    edges = np.repeat(np.concatenate([x - half, x[-1:] + half]), 2)[1:-1]
    for band, colour in zip(bands, (SINGLE_BAND, MEAN_BAND), strict=True):
        high = np.repeat(band, 2)
        axes.fill_between(edges, -high, high, color=colour, linewidth=0, zorder=0)


def _put_ends(page: Page, box: Box) -> None:
    y = box.bottom + 2.0
    page.text(box.left, y, "first block", size=SMALL)
    page.text(box.right, y, "last block", size=SMALL, ha="right")
    put_centred(page, box, y + LINE_HEIGHT, "Depth")


def _x(line: Line, axis: BlockAxis | None) -> FloatArray:
    """Normalised depth; on an axis of blocks the same, stretched to the numbers of the blocks."""
    if axis is None:
        return line.place
    stretched: FloatArray = line.place * (line.place.size - 1)
    return stretched


def _axis_of(scene: DepthScene) -> BlockAxis | None:
    """The blocks of all models, where they have the same; else depth is only a share."""
    first, *others = scene.models
    if any((m.depth, m.stage_starts) != (first.depth, first.stage_starts) for m in others):
        return None
    return BlockAxis(block_addresses(first), first.stage_starts)
