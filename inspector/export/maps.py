"""Heat maps for paper: blocks by Query, Key, Value, and blocks by head."""

from collections.abc import Iterator

import numpy as np

from inspector.core.comparison import Comparison, ComparisonSeries
from inspector.core.errors import BadRequest
from inspector.core.figures import MAX_HEIGHT_MM
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.export.drawing import Cell, Drawing, chosen_comparison, remarks
from inspector.export.furniture import BlockAxis, Heading, heading
from inspector.export.map_page import MapPage, Sheet
from inspector.render.colour_tables import ByteArray
from inspector.render.heat_map import compose
from inspector.render.limits import Limits, Values
from inspector.render.maps import (
    addresses,
    block_limits,
    block_map,
    head_counts,
    head_limits,
    head_map,
)

_ROOM = MAX_HEIGHT_MM - 50.0
"""Height in mm that the cells of stacked maps may take together."""


def draw_heat_map(series: ComparisonSeries, selection: Selection, width: float) -> Drawing:
    """Mean of the chosen metric over the vectors of Q, K and V of every block.

    The colours are those of the screen; their limits are shared by all models of the series.
    """
    comparison, metric = chosen_comparison(series, selection), selection.metric
    limits, values = block_limits(series, metric), block_map(comparison, metric)
    exists = np.ones(values.shape, dtype=bool)
    names = tuple(matrix.label for matrix in Matrix)
    sheet = Sheet("", values, compose(values, limits), exists, names)
    title = f"{metric.about.label}: mean over the vectors of each block"
    page = MapPage(
        _heading(title, comparison, metric, width), [sheet], _axis(comparison), limits, metric, 6.0
    ).draw(width)
    rows = tuple(_block_rows(comparison, metric, values))
    arrays = {"values": values, **_placing(comparison, limits, sheet.picture)}
    columns = ("compared", "stage", "block", "matrix", "metric", "mean")
    return Drawing(page.figure, columns, rows, arrays)


def draw_head_map(series: ComparisonSeries, selection: Selection, width: float) -> Drawing:
    """Mean of the chosen metric over the vectors of every head, for one matrix or all three.

    Raises
    ------
    BadRequest
        For vectors along the input axis, which belong to no head.
    """
    comparison, metric = chosen_comparison(series, selection), selection.metric
    if comparison.axis == "in":
        raise BadRequest(
            "A column of a weight belongs to no head, so there is no map of heads.",
            advice="Compare along the output axis, or export the heat map of blocks.",
        )
    limits = head_limits(series, metric)
    matrices = (selection.matrix,) if selection.matrix else tuple(Matrix)
    sheets = [_head_sheet(comparison, matrix, metric, limits) for matrix in matrices]
    title = f"{metric.about.label}: mean over the vectors of each head"
    heads = max(sheet.rows for sheet in sheets)
    page = MapPage(
        _heading(title, comparison, metric, width),
        sheets,
        _axis(comparison),
        limits,
        metric,
        min(max(45.0 / max(heads, 1), 2.4), 4.0, _ROOM / (len(sheets) * max(heads, 1))),
        rows_word="Head",
    ).draw(width)
    rows = tuple(
        row
        for matrix, sheet in zip(matrices, sheets, strict=True)
        for row in _head_rows(comparison, matrix, metric, sheet)
    )
    arrays: dict[str, np.ndarray] = {
        f"values_{m}": s.values for m, s in zip(matrices, sheets, strict=True)
    }
    pictures = {f"picture_{m}": s.picture for m, s in zip(matrices, sheets, strict=True)}
    columns = ("compared", "stage", "block", "matrix", "head", "metric", "mean")
    arrays = {**arrays, **pictures, **_placing(comparison, limits)}
    return Drawing(page.figure, columns, rows, arrays)


def _head_sheet(comparison: Comparison, matrix: Matrix, metric: Metric, limits: Limits) -> Sheet:
    values = head_map(comparison, matrix, metric)
    counts = np.array(head_counts(comparison, matrix), dtype=int)
    exists = np.arange(len(values))[:, None] < counts[None, :]
    names = tuple(str(head) for head in range(len(values)))
    return Sheet(matrix.label, values, compose(values, limits), exists, names)


def _block_rows(
    comparison: Comparison, metric: Metric, values: Values
) -> Iterator[tuple[Cell, ...]]:
    for index, address in enumerate(addresses(comparison)):
        for matrix, mean in zip(Matrix, values[:, index].tolist(), strict=True):
            label = comparison.compared.label
            yield (label, address.stage, address.block, str(matrix), str(metric), mean)


def _head_rows(
    comparison: Comparison, matrix: Matrix, metric: Metric, sheet: Sheet
) -> Iterator[tuple[Cell, ...]]:
    for index, address in enumerate(addresses(comparison)):
        for head in np.flatnonzero(sheet.exists[:, index]).tolist():
            mean = float(sheet.values[head, index])
            place = (comparison.compared.label, address.stage, address.block, str(matrix))
            yield (*place, head, str(metric), mean)


def _placing(
    comparison: Comparison, limits: Limits, picture: ByteArray | None = None
) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {
        "limits": np.array([limits.low, limits.high]),
        "stage_starts": np.array(comparison.stage_starts),
    }
    return found if picture is None else {**found, "picture": picture}


def _heading(title: str, comparison: Comparison, metric: Metric, width: float) -> Heading:
    return heading(title, [*remarks(comparison), metric.about.formula], width)


def _axis(comparison: Comparison) -> BlockAxis:
    return BlockAxis(addresses(comparison), comparison.stage_starts)
