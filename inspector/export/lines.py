"""Lines over all blocks for paper: every metric, every model of a series, every head's products."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inspector.core.comparison import Comparison, ComparisonSeries, Summary
from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.export.drawing import (
    Cell,
    Drawing,
    chosen_comparison,
    common_remarks,
    remarks,
)
from inspector.export.furniture import (
    BlockAxis,
    Entry,
    heading,
    legend,
    put_heading,
    put_legend,
    value_axis,
)
from inspector.export.paper import (
    FAINT,
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
from inspector.render.colours import matrix_colours, series_colours
from inspector.render.limits import Values
from inspector.render.maps import addresses, block_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POSTER_METRICS = (Metric.COSINE_DISTANCE, Metric.EUCLIDEAN, Metric.MSE, Metric.DOT)
_DISTANCES = frozenset(
    {Metric.COSINE_DISTANCE, Metric.EUCLIDEAN, Metric.MSE, Metric.RELATIVE_DISTANCE}
)
_TWO_COLUMNS_FROM, _THREE_COLUMNS_FROM = 110.0, 150.0
_BETWEEN = 4.0


@dataclass(frozen=True, eq=False)
class _Panel:
    """A place for lines: what stands above it, and its axis."""

    title: str
    formula: str
    scale: Scale


def metrics_of(selection: Selection) -> tuple[Metric, ...]:
    """The six panels: the four metrics of the poster and the two that put them in proportion.

    A chosen metric that is none of them takes the place of the last.
    """
    six = (*POSTER_METRICS, Metric.RELATIVE_DISTANCE, Metric.NORM_RATIO)
    return six if selection.metric in six else (*six[:-1], selection.metric)


def draw_lines(series: ComparisonSeries, selection: Selection, width: float) -> Drawing:
    """Mean of six metrics over the vectors of Q, K and V, over all blocks, with one SD around."""
    comparison, metrics = chosen_comparison(series, selection), metrics_of(selection)
    means = {m: block_map(comparison, m) for m in metrics}
    spreads = {m: _spread_map(comparison, m) for m in metrics}
    panels = [
        _Panel(m.about.label, m.about.formula, _scale(m, means[m], spreads[m])) for m in metrics
    ]
    entries = [Entry(matrix.label, matrix_colours(matrix).line) for matrix in Matrix]
    entries.append(Entry("± 1 standard deviation over vectors", "#d5d9e2", "swatch"))
    title = "Query, key and value: mean over the vectors of each block"
    columns = 2 if width >= _TWO_COLUMNS_FROM else 1
    plate = _Plate(title, tuple(remarks(comparison)), entries, panels, columns)
    page, axes = plate.put(comparison, width, panel_height=24.0 if columns == 2 else 20.0)
    for metric, place in zip(metrics, axes, strict=True):
        _draw_matrices(place, means[metric], spreads[metric])
    rows = tuple(_line_rows(comparison, metrics, means, spreads))
    arrays = {f"mean_{m}": means[m] for m in metrics} | {f"std_{m}": spreads[m] for m in metrics}
    arrays["stage_starts"] = np.array(comparison.stage_starts)
    names = ("compared", "stage", "block", "matrix", "metric", "mean", "std")
    return Drawing(page.figure, names, rows, arrays)


def draw_series(series: ComparisonSeries, selection: Selection, width: float) -> Drawing:
    """Mean of the chosen metric over all blocks, a line per compared model; Q, K, V apart."""
    metric, models = selection.metric, series.comparisons
    means = np.stack([block_map(c, metric) for c in models])
    scale = _scale(metric, means, np.zeros_like(means))
    panels = [_Panel(matrix.label, "", scale) for matrix in Matrix]
    colours = series_colours(len(models))
    entries = [Entry(c.compared.label, colour) for c, colour in zip(models, colours, strict=True)]
    title = f"{metric.about.label}: mean over the vectors of each block"
    compared = f"{len(models)} models" if len(models) > 1 else models[0].compared.label
    words = [f"A {series.reference.label}", f"B {compared}"]
    words += [*common_remarks(models[0]), f"{metric.about.formula} {scale.factor}".strip()]
    columns = 3 if width >= _THREE_COLUMNS_FROM else 1
    plate = _Plate(title, tuple(words), entries, panels, columns)
    page, axes = plate.put(models[0], width, panel_height=32.0 if columns == 3 else 24.0)
    for row, place in enumerate(axes):
        for model, colour in enumerate(colours):
            _draw_line(place, means[model, row], colour)
    rows = tuple(_series_rows(series, metric, means))
    arrays = {"values": means, "stage_starts": np.array(models[0].stage_starts)}
    names = ("compared", "stage", "block", "matrix", "metric", "mean")
    return Drawing(page.figure, names, rows, arrays)


def draw_invariant(series: ComparisonSeries, selection: Selection, width: float) -> Drawing:
    """Similarity of the query-key and of the value-output product of every head, over blocks.

    Raises
    ------
    BadRequest
        When neither product could be compared in any block.
    """
    comparison = chosen_comparison(series, selection)
    products = {"query_key": "Query-key product", "value_output": "Value-output product"}
    points = {name: _points(comparison, name) for name in products}
    if not any(y.size for _, y in points.values()):
        raise BadRequest(
            "The query-key and value-output products of these models could not be compared.",
            advice="They need heads of the same size in both models.",
        )
    panels = [
        _Panel(words, "⟨A, B⟩ / (|A||B|)", _similarity_scale(points[name][1]))
        for name, words in products.items()
    ]
    entries = [Entry("one head", FAINT, "dot"), Entry("mean over heads", INK)]
    columns = 2 if width >= _TWO_COLUMNS_FROM else 1
    title = "Similarity of every head in A and B, whatever its basis (1: the same function)"
    words = (f"A {comparison.reference.label}", f"B {comparison.compared.label}")
    plate = _Plate(title, words, entries, panels, columns)
    page, axes = plate.put(comparison, width, panel_height=30.0)
    for place, (x, y) in zip(axes, points.values(), strict=True):
        place.plot(x, y, "o", color=FAINT, markersize=1.8, markeredgewidth=0)
        _draw_line(place, _means_at(x, y, comparison.depth), INK)
    arrays = {f"{n}_{axis}": v for n, p in points.items() for axis, v in zip("xy", p, strict=True)}
    names = ("compared", "stage", "block", "head", "query_key", "value_output")
    return Drawing(page.figure, names, tuple(product_rows(comparison)), arrays)


def product_rows(comparison: Comparison) -> Iterator[tuple[Cell, ...]]:
    """The products of every head: compared, stage, block, head, query_key, value_output."""
    for block in comparison.blocks:
        count = max(block.query_key.size, block.value_output.size)
        place = (comparison.compared.label, block.address.stage, block.address.block)
        for head in range(count):
            found = (_at(block.query_key, head), _at(block.value_output, head))
            yield (*place, head, *found)


def _at(values: Values, head: int) -> float:
    return float(values[head]) if head < values.size else float("nan")


def _line_rows(
    comparison: Comparison,
    metrics: Sequence[Metric],
    means: dict[Metric, Values],
    spreads: dict[Metric, Values],
) -> Iterator[tuple[Cell, ...]]:
    label = comparison.compared.label
    for index, address in enumerate(addresses(comparison)):
        for row, matrix in enumerate(Matrix):
            for metric in metrics:
                found = (float(means[metric][row, index]), float(spreads[metric][row, index]))
                yield (label, address.stage, address.block, str(matrix), str(metric), *found)


def _series_rows(
    series: ComparisonSeries, metric: Metric, means: Values
) -> Iterator[tuple[Cell, ...]]:
    for model, comparison in enumerate(series.comparisons):
        for index, address in enumerate(addresses(comparison)):
            for row, matrix in enumerate(Matrix):
                place = (comparison.compared.label, address.stage, address.block, str(matrix))
                yield (*place, str(metric), float(means[model, row, index]))


def _spread_map(comparison: Comparison, metric: Metric) -> Values:
    spread = np.full((len(Matrix), comparison.depth), np.nan)
    rows = {matrix: row for row, matrix in enumerate(Matrix)}
    for block, found in comparison.cells():
        summary: Summary = found.summaries[metric]
        spread[rows[found.matrix], block.global_index] = summary.std
    return spread


def _points(comparison: Comparison, name: str) -> tuple[Values, Values]:
    found = [(b.global_index, v) for b in comparison.blocks for v in getattr(b, name).tolist()]
    x, y = np.array(found, dtype=np.float64).reshape(-1, 2).T
    return x, y


def _means_at(x: Values, y: Values, depth: int) -> Values:
    good = np.isfinite(y)
    places = x[good].astype(np.intp)
    count = np.bincount(places, minlength=depth).astype(np.float64)
    total = np.bincount(places, weights=y[good], minlength=depth)
    means = np.full(depth, np.nan)
    np.divide(total, count, out=means, where=count > 0)
    return means


def _similarity_scale(values: Values) -> Scale:
    """From below the least similar head to just above 1."""
    good = values[np.isfinite(values)]
    low = float(good.min(initial=1.0))
    low = low if 1.0 - low > 1e-6 else 0.99
    return scale_of(np.array([low, 1.0]))


def _scale(metric: Metric, means: Values, spreads: Values) -> Scale:
    reach = np.concatenate([(means - spreads).ravel(), (means + spreads).ravel()])
    if metric not in _DISTANCES:
        return scale_of(reach)
    return scale_of(reach, floor=min(0.0, float(np.nanmin(means, initial=0.0))))


def _draw_matrices(axes: "Axes", means: Values, spreads: Values) -> None:
    x = np.arange(means.shape[1])
    for row, matrix in enumerate(Matrix):
        colour = matrix_colours(matrix).line
        low, high = means[row] - spreads[row], means[row] + spreads[row]
        axes.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)
    for row, matrix in enumerate(Matrix):
        _draw_line(axes, means[row], matrix_colours(matrix).line)


def _draw_line(axes: "Axes", values: Values, colour: str) -> None:
    size = 2.0 if values.size <= 30 else 1.2
    look: dict[str, Any] = {
        "color": colour,
        "linewidth": 0.9,
        "markersize": size,
        "markeredgewidth": 0,
    }
    axes.plot(np.arange(values.size), values, marker="o", clip_on=False, **look)


@dataclass(frozen=True, eq=False)
class _Plate:
    """Panels in columns that share the axis of blocks, under one heading and legend."""

    title: str
    words: tuple[str, ...]
    entries: Sequence[Entry]
    panels: Sequence[_Panel]
    columns: int

    def put(
        self, comparison: Comparison, width: float, *, panel_height: float
    ) -> tuple[Page, list["Axes"]]:
        """Lay out the page; returns the axes of the panels in order."""
        head = heading(self.title, self.words, width)
        key = legend(self.entries, width)
        axis = BlockAxis(addresses(comparison), comparison.stage_starts)
        rows = -(-len(self.panels) // self.columns)
        body = rows * (LINE_HEIGHT + 0.8 + panel_height) + (rows - 1) * 1.6
        page = Page(width, MARGIN + head.height + key.height + body + axis.height + MARGIN)
        top = put_legend(page, key, put_heading(page, head))
        made = []
        for index, panel in enumerate(self.panels):
            row, column = divmod(index, self.columns)
            box = self._box(width, row, column, top, panel_height)
            axes = page.axes(box)
            axis.span(axes)
            value_axis(axes, panel.scale)
            _put_title(page, box, panel)
            if index + self.columns >= len(self.panels):
                axis.put(page, box)
            made.append(axes)
        return page, made

    def _box(self, width: float, row: int, column: int, top: float, height: float) -> Box:
        margins = max(panel.scale.label_width for panel in self.panels) + 2.0
        across = (width - 2 * MARGIN - (self.columns - 1) * _BETWEEN) / self.columns
        left = MARGIN + column * (across + _BETWEEN) + margins
        y = top + row * (LINE_HEIGHT + 0.8 + height + 1.6) + LINE_HEIGHT + 0.8
        return Box(left, y, max(across - margins, 5.0), height)


def _put_title(page: Page, box: Box, panel: _Panel) -> None:
    y = box.top - 0.8 - LINE_HEIGHT / 2
    room = page.width - MARGIN - box.left
    page.text(box.left, y, elide(panel.title, room, SMALL, bold=True), size=SMALL, bold=True)
    used = text_width(panel.title, SMALL, bold=True) + 1.6
    rest = "   ".join(part for part in (panel.formula, panel.scale.factor) if part)
    if used + text_width(rest, SMALL) <= box.width:
        page.text(box.left + used, y, rest, size=SMALL, color=SOFT)
    elif panel.scale.factor:
        page.text(box.right, y, panel.scale.factor, size=SMALL, color=SOFT, ha="right")
