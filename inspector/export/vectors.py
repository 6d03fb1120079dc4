"""The vectors of one block for paper, in the form of the poster's "Metrics Comparison"."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from inspector.core.comparison import (
    BlockComparison,
    Comparison,
    ComparisonSeries,
    MatrixComparison,
    Patterns,
)
from inspector.core.metrics import Metric
from inspector.core.selection import Selection
from inspector.export.drawing import Cell, Drawing, chosen_block, chosen_comparison, remarks
from inspector.export.furniture import (
    Entry,
    heading,
    legend,
    put_centred,
    put_heading,
    put_legend,
    value_axis,
)
from inspector.export.lines import POSTER_METRICS
from inspector.export.paper import (
    FAINT,
    INK,
    LINE_HEIGHT,
    MARGIN,
    SMALL,
    SOFT,
    TINY,
    Box,
    Page,
    font_of,
    text_width,
)
from inspector.export.scale import Scale, scale_of
from inspector.render.colours import matrix_colours
from inspector.render.limits import Values
from inspector.render.panels import Span, VectorLayout, vector_layout

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL, _GAP, _NAMES = 25.0, 2.2, 4.2
_NAME_WIDTH = 6.0
_COLUMNS = ("compared", "stage", "block", "matrix", "head", "vector")


def draw_vectors(
    series: ComparisonSeries, selection: Selection, width: float, *, patterns: Patterns | None
) -> Drawing:
    """Four metrics of every vector of a block: Q, then K, then V, heads side by side.

    With patterns, each matrix says how much of the variance lies between its heads.
    """
    comparison = chosen_comparison(series, selection)
    block = chosen_block(comparison, selection)
    layout = vector_layout(block)
    values = {m: _values(block, m) for m in POSTER_METRICS}
    headroom = 0.2 if patterns else 0.05
    scales = {m: scale_of(values[m], headroom=headroom) for m in POSTER_METRICS}
    head = heading(_title(block), [*remarks(comparison), *_block_remarks(block)], width)
    key = legend(_entries(comparison), width)
    body = 4 * _PANEL + 3 * _GAP + _NAMES
    page = Page(width, MARGIN + head.height + key.height + body + 7.2 + MARGIN)
    top = put_legend(page, key, put_heading(page, head)) + _NAMES
    left = MARGIN + _NAME_WIDTH + max(s.label_width for s in scales.values()) + 2.0
    frame = Box(left, top, width - left - MARGIN - 1.0, body - _NAMES)
    _put_tints(page, frame, layout)
    for row, metric in enumerate(POSTER_METRICS):
        box = Box(left, top + row * (_PANEL + _GAP), frame.width, _PANEL)
        axes = page.axes(box)
        _draw_panel(axes, block, layout, metric, scales[metric])
        _name_panel(page, box, metric, scales[metric])
        if patterns:
            _put_shares(axes, block, layout, _between(patterns, block, metric))
    _put_vector_axis(page, frame, layout, comparison)
    names = (*_COLUMNS, *(str(m) for m in POSTER_METRICS))
    return Drawing(
        page.figure, names, tuple(_rows(comparison, block)), _arrays(block, layout, values)
    )


def _title(block: BlockComparison) -> str:
    return f"Stage {block.address.stage}, Block {block.address.block}: Metrics Comparison"


def _block_remarks(block: BlockComparison) -> Iterator[str]:
    if block.frozen and block.matrices:
        yield "identical in A and B (frozen)"
    lacking = sum(m.summaries[Metric.COSINE_DISTANCE].undefined for m in block.matrices)
    if lacking:
        yield f"{lacking} zero vectors have no cosine distance"


def _entries(comparison: Comparison) -> list[Entry]:
    part = "head" if comparison.axis == "out" else "matrix"
    return [Entry("one vector", FAINT, "dot"), Entry(f"mean of a {part}", INK)]


def _values(block: BlockComparison, metric: Metric) -> Values:
    return np.concatenate([found[metric] for found in block.matrices] or [np.empty(0)])


def _put_tints(page: Page, frame: Box, layout: VectorLayout) -> None:
    scale = frame.width / layout.total
    for span in layout.spans:
        colours = matrix_colours(span.matrix)
        left = frame.left + (span.left + 0.5) * scale
        column = Box(left, frame.top - _NAMES, span.count * scale, frame.height + _NAMES)
        page.rectangle(column, colours.tint, zorder=-1)
        middle = left + column.width / 2
        y = frame.top - _NAMES / 2
        look = {"size": SMALL, "bold": True, "ha": "center"}
        page.text(middle, y, span.matrix.label, color=colours.line, **look)


def _draw_panel(
    axes: "Axes", block: BlockComparison, layout: VectorLayout, metric: Metric, scale: Scale
) -> None:
    axes.set_xlim(-0.5, layout.total - 0.5)
    axes.set_xticks([])
    value_axis(axes, scale)
    axes.grid(visible=False)
    for found, span in zip(block.matrices, layout.spans, strict=True):
        for place in span.heads:
            axes.axvline(place, color=FAINT, linewidth=0.4, linestyle=(0, (1, 2)))
        _draw_vectors(axes, found, span, metric)
    for place in layout.separators:
        axes.axvline(place, color=INK, linewidth=0.6)


def _draw_vectors(axes: "Axes", found: MatrixComparison, span: Span, metric: Metric) -> None:
    x = np.arange(span.start, span.stop)
    size = 1.6 if span.count <= 200 else 1.1
    colour = matrix_colours(span.matrix).line
    axes.plot(x, found[metric], "o", color=colour, markersize=size, markeredgewidth=0)
    edges = np.array([span.left, *span.heads, span.right])
    means = _group_means(found, metric)
    axes.hlines(means, edges[:-1], edges[1:], color=INK, linewidth=0.9, zorder=3)


def _group_means(found: MatrixComparison, metric: Metric) -> Values:
    if found.count and found.head_of[0] >= 0:
        return found.head_means(metric)
    return np.array([found.summaries[metric].mean])


def _name_panel(page: Page, box: Box, metric: Metric, scale: Scale) -> None:
    middle = box.top + box.height / 2
    look = {"rotation": 90, "ha": "center", "size": SMALL}
    page.text(MARGIN + 1.3, middle, metric.about.label, **look)
    formula = f"{metric.about.formula}  {scale.factor}".strip()
    page.text(MARGIN + 4.1, middle, formula, color=SOFT, **look)


def _between(
    patterns: Patterns, block: BlockComparison, metric: Metric
) -> Mapping[str, tuple[float, float]]:
    found = {}
    for matrix in block.matrices:
        pattern = patterns.patterns.get((block.address, matrix.matrix, metric))
        if pattern is not None and np.isfinite(pattern.eta_squared):
            found[matrix.matrix.value] = (pattern.eta_squared, pattern.p_value)
    return found


def _put_shares(
    axes: "Axes",
    block: BlockComparison,
    layout: VectorLayout,
    shares: Mapping[str, tuple[float, float]],
) -> None:
    for span in layout.spans:
        if span.matrix.value not in shares:
            continue
        eta, p = shares[span.matrix.value]
        words = f"η² = {eta:.2f}, p {'< 0.001' if p < 0.0005 else f'= {p:.3f}'}"
        x = (span.left + span.right) / 2
        axes.annotate(
            words,
            (x, 1.0),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="top",
            color=SOFT,
            fontproperties=font_of(TINY),
            bbox={"facecolor": matrix_colours(span.matrix).tint, "edgecolor": "none", "pad": 0.6},
        )


def _put_vector_axis(page: Page, frame: Box, layout: VectorLayout, comparison: Comparison) -> None:
    scale = frame.width / layout.total
    y = frame.bottom
    last = layout.total - 1
    taken = -np.inf
    for place in sorted({*(s.start for s in layout.spans), *_middles(layout), last}):
        x = frame.left + (place + 0.5) * scale
        half = text_width(str(place), SMALL) / 2
        page.line((x, x), (y, y + 0.7), color=INK, linewidth=0.5)
        if x - half > taken + 0.8:
            page.text(x, y + 2.4, str(place), size=SMALL, ha="center")
            taken = x + half
    kind = "row" if comparison.axis == "out" else "column"
    words = f"Vector ({kind}), counted through query, key and value"
    put_centred(page, frame, y + 2.4 + LINE_HEIGHT, words)


def _middles(layout: VectorLayout) -> list[int]:
    return [span.start + span.count // 2 for span in layout.spans]


def _rows(comparison: Comparison, block: BlockComparison) -> Iterator[tuple[Cell, ...]]:
    place = (comparison.compared.label, block.address.stage, block.address.block)
    for found in block.matrices:
        columns = [found[metric].tolist() for metric in POSTER_METRICS]
        heads = ["" if head < 0 else head for head in found.head_of.tolist()]
        for vector, (head, *values) in enumerate(zip(heads, *columns, strict=True)):
            yield (*place, str(found.matrix), head, vector, *values)


def _arrays(
    block: BlockComparison, layout: VectorLayout, values: Mapping[Metric, Values]
) -> dict[str, np.ndarray]:
    return {
        **{str(metric): array for metric, array in values.items()},
        "matrix": np.repeat([str(s.matrix) for s in layout.spans], [s.count for s in layout.spans]),
        "head": np.concatenate([found.head_of for found in block.matrices]),
        "separators": np.array(layout.separators),
    }
