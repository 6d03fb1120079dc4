"""Modes over depth for paper: curves (Figure 3), histograms (S1), spectra of all heads (S2)."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from inspector.core.comparison import FloatArray
from inspector.core.errors import BadRequest
from inspector.core.figures import MAX_HEIGHT_MM, FigureStyle
from inspector.core.modes import ModelModes, ModeOptions
from inspector.core.scene import DepthScene
from inspector.export.depth_plots import MEAN_BAND, SINGLE_BAND, Line, Plot, put_plots
from inspector.export.drawing import Cell, Drawing
from inspector.export.furniture import (
    Entry,
    heading,
    legend,
    put_centred,
    put_heading,
    put_legend,
)
from inspector.export.paper import (
    FAINT,
    GRID,
    INK,
    LINE_HEIGHT,
    MARGIN,
    MM_PER_POINT,
    SMALL,
    TINY,
    Box,
    Page,
    elide,
    printable,
    text_width,
)
from inspector.render.colours import series_colours
from inspector.render.depth import (
    COSINE_COLOUR,
    SIGMA_COLOUR,
    DepthCurve,
    Histogram,
    Spectrum,
    depth_curves,
    difference,
    histograms,
    spectra,
)
from inspector.render.scenes import number

DEPTH = (
    *("model", "stage", "block", "depth", "weighted_cosine", "anisotropy", "relative"),
    *("random_95", "random_mean_95"),
)
HISTOGRAM = ("model", "stage", "block", "bin_start", "bin_stop", "density")
SPECTRA = ("model", "stage", "block", "head", "mode", "sigma", "cosine")
_RED = "#c62828"
_RIDGE_STEP, _ROOM = 8.0, MAX_HEIGHT_MM - 40.0
_RIDGE_ROWS = 1.25


def draw_depth(scene: DepthScene, paper: FigureStyle) -> Drawing:
    """Weighted cosine over depth; less the anisotropy where it is known; B - A for a pair."""
    curves = depth_curves(scene)
    colours = series_colours(len(curves))
    title = "Sigma-weighted cosine of the modes, mean over the heads of each block"
    entries = [
        Entry(f"{c.letter} {c.label}", colour) for c, colour in zip(curves, colours, strict=True)
    ]
    if any(curve.anisotropy is not None for curve in curves):
        entries.append(Entry("cosine between images (anisotropy)", FAINT, "dashed"))
    entries.append(Entry("95 % of means over random modes", MEAN_BAND, "swatch"))
    entries.append(Entry("95 % of single random modes", SINGLE_BAND, "swatch"))
    plots = tuple(_plots(scene, curves, colours))
    page = put_plots(scene, title, _remarks(scene), entries, plots, paper.width_mm)
    arrays: dict[str, npt.NDArray[Any]] = {}
    for curve, model in zip(curves, scene.models, strict=True):
        arrays[f"weighted_cosine_{curve.letter}"] = curve.cosine
        arrays[f"depth_{curve.letter}"] = curve.place
        arrays[f"random_95_{curve.letter}"] = curve.mode_95
        arrays[f"random_mean_95_{curve.letter}"] = curve.mean_95
        arrays[f"stage_starts_{curve.letter}"] = np.array(model.stage_starts)
        if curve.anisotropy is not None:
            arrays[f"anisotropy_{curve.letter}"] = curve.anisotropy
    between = difference(scene)
    if between is not None:
        arrays["difference"] = between
    return Drawing(page.figure, DEPTH, tuple(_depth_rows(curves)), arrays)


def draw_histogram(scene: DepthScene, paper: FigureStyle) -> Drawing:
    """The cosines of all modes of each block as a ridge, yellow for the first to blue for the last.

    Each ridge fills its height: one block whose cosines all lie in one place would flatten the
    others. Their areas are all 1.
    """
    width = paper.width_mm
    found = [histograms(model) for model in scene.models]
    if not any(found):
        raise BadRequest("No block has modes yet.", advice="Wait until they are computed.")
    words = [*_remarks(scene), "density, each block to its own height"]
    head = heading("Cosines of the modes of each block", words, width)
    entries = [Entry("95 % of single random modes lie between the lines", _RED)]
    key = legend(entries, width)
    deepest = max(len(blocks) for blocks in found)
    step = min(_RIDGE_STEP, _ROOM / (deepest + _RIDGE_ROWS))
    body = LINE_HEIGHT + step * (deepest + _RIDGE_ROWS - 1) + 9.0
    page = Page(width, 2 * MARGIN + head.height + key.height + body)
    top = put_legend(page, key, put_heading(page, head))
    across = (width - 2 * MARGIN - (len(found) - 1) * 5.0) / len(found)
    for column, (letter, model, blocks) in enumerate(
        zip(scene.letters, scene.models, found, strict=True)
    ):
        left = MARGIN + column * (across + 5.0)
        names = max((text_width(str(h.block.address), SMALL) for h in blocks), default=0.0)
        box = Box(left + names + 1.6, top + LINE_HEIGHT, across - names - 1.6, body)
        named = f"{letter} {printable(model.card.label)}"
        page.text(box.left, top + LINE_HEIGHT / 2, elide(named, box.width, SMALL, bold=True),
                  size=SMALL, bold=True)  # fmt: skip
        _put_ridges(page, box, blocks, step)
    rows = tuple(_histogram_rows(scene, found))
    arrays = {
        f"density_{letter}": np.stack([h.density for h in blocks])
        for letter, blocks in zip(scene.letters, found, strict=True)
        if blocks
    }
    arrays["edges"] = next(h.edges for blocks in found for h in blocks)
    return Drawing(page.figure, HISTOGRAM, rows, arrays)


def draw_spectra(model: ModelModes, letter: str, paper: FigureStyle) -> Drawing:
    """A cell for each head: cosines (dots, left axis) and sigmas (crosses, right axis) by mode."""
    cells, width = list(spectra(model)), paper.width_mm
    if not cells:
        raise BadRequest("No block has modes yet.", advice="Wait until they are computed.")
    title = f"Spectra of all heads of {letter} {printable(model.card.label)}"
    words = [*_option_words(model.options), "modes from left to right, largest sigma first"]
    head = heading(title, words, width)
    entries = [
        Entry("cosine, −1 to 1", COSINE_COLOUR, "dot"),
        Entry("sigma, from 0 to the number on the right", SIGMA_COLOUR, "cross"),
        Entry("95 % of random directions", FAINT, "dashed"),
    ]
    key = legend(entries, width)
    heads = max(len(row) for row in cells)
    names = max(text_width(str(row[0].address.of_block), TINY) for row in cells) + 1.2
    tops = max(text_width(number(row[0].sigma_top), TINY) for row in cells) + 1.2
    wide = (width - 2 * MARGIN - names - tops) / heads
    high = min(wide * 0.8, 14.0, _ROOM / len(cells))
    starts = sum(row[0].address.block == 0 for row in cells[1:])
    body = LINE_HEIGHT + len(cells) * high + starts * 1.6
    page = Page(width, 2 * MARGIN + head.height + key.height + body)
    top = put_legend(page, key, put_heading(page, head))
    left = MARGIN + names
    for index in range(heads):
        x = left + (index + 0.5) * wide
        page.text(x, top + LINE_HEIGHT / 2, f"h{index}", size=TINY, ha="center")
    y = top + LINE_HEIGHT
    modes = max(cell.sigma.size for row in cells for cell in row)
    sheet = _SpectraSheet(page, wide, high, modes)
    for place, row in enumerate(cells):
        if place and row[0].address.block == 0:
            page.line((MARGIN, width - MARGIN), (y + 0.8, y + 0.8), color=FAINT, linewidth=0.5)
            y += 1.6
        page.text(left - 1.0, y + high / 2, str(row[0].address.of_block), size=TINY, ha="right")
        page.text(left + len(row) * wide + 0.6, y + 1.4, number(row[0].sigma_top), size=TINY)
        for index, cell in enumerate(row):
            sheet.add(Box(left + index * wide, y, wide, high), cell)
        y += high
    sheet.put()
    arrays: dict[str, npt.NDArray[Any]] = {}
    for block in model.blocks:
        name = f"s{block.address.stage}b{block.address.block}"
        arrays |= {f"{name}_sigma": block.sigma, f"{name}_cosine": block.cosine}
        arrays[f"{name}_random_95"] = np.array(block.random_95)
    return Drawing(page.figure, SPECTRA, tuple(_spectra_rows(model)), arrays)


class _SpectraSheet:
    """All marks of a grid of cells, drawn together: thousands of dots in a few objects."""

    def __init__(self, page: Page, wide: float, high: float, modes: int) -> None:
        self._page = page
        between = (wide - 0.8) / modes / MM_PER_POINT
        self._size = min(max(0.55 * between, 0.5), 2.0, 0.22 * high)
        self._dots: list[FloatArray] = []
        self._crosses: list[FloatArray] = []

    def add(self, cell: Box, found: Spectrum) -> None:
        """Draw the frame and the band, and keep the marks."""
        box = Box(cell.left + 0.4, cell.top + 0.4, cell.width - 0.8, cell.height - 0.8)
        self._page.rectangle(box, "none", edgecolor=GRID, linewidth=0.4)
        middle, half = box.top + box.height / 2, box.height / 2
        look = {"color": FAINT, "linewidth": 0.3}
        self._page.line((box.left, box.right), (middle, middle), color=GRID, linewidth=0.3)
        for side in (-1, 1):
            y = middle - side * min(found.band, 1.0) * half
            self._page.line((box.left, box.right), (y, y), linestyle=(0, (3, 2)), **look)
        x = box.left + (np.arange(found.sigma.size) + 0.5) / found.sigma.size * box.width
        self._dots.append(np.stack([x, middle - np.clip(found.cosine, -1, 1) * half]))
        share = found.sigma / found.sigma_top
        self._crosses.append(np.stack([x, box.bottom - share * box.height]))

    def put(self) -> None:
        """Draw the marks: sigma below, cosine above."""
        for kept, marker, colour in (
            (self._crosses, "x", SIGMA_COLOUR),
            (self._dots, "o", COSINE_COLOUR),
        ):
            x, y = np.concatenate(kept, axis=1)
            look = {"markeredgewidth": 0.3} if marker == "x" else {"markeredgewidth": 0}
            self._page.line(
                x.tolist(), y.tolist(), linestyle="none", marker=marker, color=colour,
                markersize=self._size, **look,
            )  # fmt: skip


def _plots(
    scene: DepthScene, curves: Sequence[DepthCurve], colours: Sequence[str]
) -> Iterator[Plot]:
    pairs = list(zip(curves, colours, strict=True))
    lines = [Line(c.place, c.cosine, k, bands=(c.mode_95, c.mean_95)) for c, k in pairs]
    lines += [
        Line(c.place, c.anisotropy, k, "dashed") for c, k in pairs if c.anisotropy is not None
    ]
    yield Plot("Weighted cosine", tuple(lines))
    relative = [Line(c.place, c.relative, k) for c, k in pairs if c.relative is not None]
    if relative:
        yield Plot("Weighted cosine − anisotropy", tuple(relative))
    between = difference(scene)
    if between is not None:
        first, second = scene.letters
        line = Line(curves[0].place, between, INK)
        yield Plot(f"Weighted cosine: {second} − {first}", (line,))


def _put_ridges(page: Page, box: Box, blocks: Sequence[Histogram], step: float) -> None:
    edges = blocks[0].edges if blocks else np.linspace(-1.0, 1.0, 2)
    rows = len(blocks) + _RIDGE_ROWS - 1
    area = Box(box.left, box.top, box.width, step * rows)
    axes = page.axes(area)
    axes.set_xlim(-1.0, 1.0)
    axes.set_ylim(rows, 0.0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    ticks = [-1.0, -0.5, 0.0, 0.5, 1.0]
    axes.set_xticks(ticks, labels=[""] * len(ticks))
    labels = ("−1", "−0.5", "0", "0.5", "1")
    for tick, label in zip(ticks, labels, strict=True):
        middle = area.left + (tick + 1.0) / 2 * area.width
        page.text(middle, area.bottom + 2.4, label, size=SMALL, ha="center")
    put_centred(page, area, area.bottom + 2.4 + LINE_HEIGHT, "Cosine of u and v")
    x = np.repeat(edges, 2)[1:-1]
    before = -1
    for row, found in enumerate(blocks):
        foot = row + _RIDGE_ROWS - 0.1
        y = foot - np.repeat(found.density, 2) / found.density.max() * (_RIDGE_ROWS - 0.2)
        colour = tuple(part / 255 for part in found.colour)
        axes.fill_between(x, foot, y, color=colour, linewidth=0, zorder=row + 2)
        axes.plot(x, y, color=INK, linewidth=0.35, zorder=row + 2.1)
        band = found.block.random_95
        axes.vlines([-band, band], foot - 0.9, foot, color=_RED, linewidth=0.6, zorder=row + 2.2)
        name = str(found.block.address)
        baseline = area.top + foot * step - 1.0
        page.text(area.left - 1.0, baseline, name, size=SMALL, ha="right")
        if before >= 0 and found.block.address.stage != before:
            axes.axhline(foot - 0.95, color=FAINT, linewidth=0.4, linestyle=(0, (4, 3)))
        before = found.block.address.stage


def _remarks(scene: DepthScene) -> list[str]:
    words = [
        f"{letter} {model.card.label}"
        for letter, model in zip(scene.letters, scene.models, strict=True)
    ]
    words += _option_words(scene.models[0].options)
    images = {a.images for a in scene.anisotropy if a is not None}
    spaces = {str(a.space) for a in scene.anisotropy if a is not None}
    if images:
        words.append(
            f"anisotropy over {' and '.join(map(str, sorted(images)))} images, tokens: "
            f"{', '.join(sorted(spaces))}"
        )
    missing = [
        f"{letter}: {model.depth - len(model.blocks)} of {model.depth} blocks without modes"
        for letter, model in zip(scene.letters, scene.models, strict=True)
        if len(model.blocks) < model.depth
    ]
    return [*words, *missing]


def _option_words(options: ModeOptions) -> list[str]:
    words = [f"{options.product.label.lower()} product"]
    words += ["norm folded into the weights"] if options.fold_norm else []
    return [*words, *(["bias as a further input"] if options.augment_bias else [])]


def _depth_rows(curves: Sequence[DepthCurve]) -> Iterator[tuple[Cell, ...]]:
    for curve in curves:
        nothing = np.full(curve.place.size, np.nan)
        baseline = nothing if curve.anisotropy is None else curve.anisotropy
        relative = nothing if curve.relative is None else curve.relative
        for n, address in enumerate(curve.addresses):
            found = (curve.place, curve.cosine, baseline, relative, curve.mode_95, curve.mean_95)
            numbers = tuple(float(values[n]) for values in found)
            yield (curve.label, address.stage, address.block, *numbers)


def _histogram_rows(
    scene: DepthScene, found: Sequence[Sequence[Histogram]]
) -> Iterator[tuple[Cell, ...]]:
    for model, blocks in zip(scene.models, found, strict=True):
        for one in blocks:
            place = (model.card.label, one.block.address.stage, one.block.address.block)
            for n, density in enumerate(one.density.tolist()):
                yield (*place, float(one.edges[n]), float(one.edges[n + 1]), density)


def _spectra_rows(model: ModelModes) -> Iterator[tuple[Cell, ...]]:
    for block in model.blocks:
        place = (model.card.label, block.address.stage, block.address.block)
        for (head, mode), sigma in np.ndenumerate(block.sigma):
            yield (*place, head, mode, float(sigma), float(block.cosine[head, mode]))
