"""Every number of a comparison as tidy tables.

Real numbers are written in full (the shortest decimal that reads back as the same float64), what is
undefined as ``nan``; stages, blocks, heads and vectors count from 0; `compared` is the label of the
compared model.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from inspector.core.comparison import (
    BlockComparison,
    Comparison,
    ComparisonSeries,
    Drop,
    MatrixComparison,
    Pattern,
    Patterns,
)
from inspector.core.metrics import Metric
from inspector.export.drawing import Cell
from inspector.export.lines import product_rows

VECTOR_METRICS = (
    Metric.COSINE_DISTANCE,
    Metric.EUCLIDEAN,
    Metric.MSE,
    Metric.DOT,
    Metric.NORM_A,
    Metric.NORM_B,
)
_DROP = ("window", "drop", "relative", "z")
_NAN = float("nan")

VECTORS = ("compared", "stage", "block", "matrix", "head", "vector", *map(str, VECTOR_METRICS))
BLOCKS = ("compared", "stage", "block", "matrix", "metric", "mean", "median", "std")
HEADS = (
    "compared",
    "stage",
    "block",
    "matrix",
    "head",
    "metric",
    "mean",
    "eta_squared",
    "p_value",
)
PRODUCTS = ("compared", "stage", "block", "head", "query_key", "value_output")
PATTERNS = (
    *("compared", "stage", "block", "matrix", "metric", "eta_squared", "p_value"),
    *(f"last_head_{name}" for name in _DROP),
    *(f"last_tenth_{name}" for name in _DROP),
    "change_points",
)


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a CSV in UTF-8 with one row per line."""
    _write(path, columns, (",".join(map(_cell, row)) for row in rows))


def write_vectors(path: Path, series: ComparisonSeries) -> None:
    """Write one row for each vector of each compared model."""
    _write(path, VECTORS, _vector_lines(series))


def table_writers(
    series: ComparisonSeries, patterns: Sequence[Patterns]
) -> Mapping[str, Callable[[Path], None]]:
    """What writes each table of a comparison, by the name of its file."""
    return {
        "vectors.csv": lambda path: write_vectors(path, series),
        "blocks.csv": lambda path: write_table(path, BLOCKS, _block_rows(series)),
        "heads.csv": lambda path: write_table(path, HEADS, _head_rows(series, patterns)),
        "products.csv": lambda path: write_table(path, PRODUCTS, _product_rows(series)),
        "patterns.csv": lambda path: write_table(path, PATTERNS, _pattern_rows(series, patterns)),
    }


def _write(path: Path, columns: Sequence[str], lines: Iterable[str]) -> None:
    # A file name of any bytes may stand in a label: it is written as the bytes it has.
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
        stream.write(",".join(columns) + "\n")
        stream.writelines(f"{line}\n" for line in lines)


def _cell(value: Cell) -> str:
    return repr(float(value)) if isinstance(value, float) else _quoted(str(value))


def _quoted(text: str) -> str:
    if not any(sign in text for sign in ',"\r\n'):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _vector_lines(series: ComparisonSeries) -> Iterator[str]:
    for comparison in series.comparisons:
        label = _quoted(comparison.compared.label)
        for block, found in comparison.cells():
            place = f"{label},{block.address.stage},{block.address.block},{found.matrix}"
            yield from _matrix_lines(place, found)


def _matrix_lines(place: str, found: MatrixComparison) -> Iterator[str]:
    heads = ("" if head < 0 else head for head in found.head_of.tolist())
    columns = (found[metric].tolist() for metric in VECTOR_METRICS)
    for vector, (head, c, e, m, d, a, b) in enumerate(zip(heads, *columns, strict=True)):
        yield f"{place},{head},{vector},{c!r},{e!r},{m!r},{d!r},{a!r},{b!r}"


def _place(comparison: Comparison, block: BlockComparison) -> tuple[str, int, int]:
    return comparison.compared.label, block.address.stage, block.address.block


def _block_rows(series: ComparisonSeries) -> Iterator[tuple[Cell, ...]]:
    for comparison in series.comparisons:
        for block, found in comparison.cells():
            for metric, summary in found.summaries.items():
                numbers = (summary.mean, summary.median, summary.std)
                yield (*_place(comparison, block), found.matrix.value, metric.value, *numbers)


def _head_rows(
    series: ComparisonSeries, patterns: Sequence[Patterns]
) -> Iterator[tuple[Cell, ...]]:
    for comparison, known in zip(series.comparisons, patterns, strict=True):
        for block, found in comparison.cells():
            for metric in Metric:
                pattern = known.patterns.get((block.address, found.matrix, metric))
                shares = (pattern.eta_squared, pattern.p_value) if pattern else (_NAN, _NAN)
                for head, mean in enumerate(found.head_means(metric).tolist()):
                    names = (found.matrix.value, head, metric.value)
                    yield (*_place(comparison, block), *names, mean, *shares)


def _product_rows(series: ComparisonSeries) -> Iterator[tuple[Cell, ...]]:
    for comparison in series.comparisons:
        yield from product_rows(comparison)


def _pattern_rows(
    series: ComparisonSeries, patterns: Sequence[Patterns]
) -> Iterator[tuple[Cell, ...]]:
    for comparison, known in zip(series.comparisons, patterns, strict=True):
        for pattern in known.patterns.values():
            yield (comparison.compared.label, *_pattern_row(pattern))


def _pattern_row(pattern: Pattern) -> tuple[Cell, ...]:
    return (
        pattern.address.stage,
        pattern.address.block,
        pattern.matrix.value,
        pattern.metric.value,
        pattern.eta_squared,
        pattern.p_value,
        *_drop_cells(pattern.last_head),
        *_drop_cells(pattern.last_tenth),
        " ".join(map(str, pattern.change_points)),
    )


def _drop_cells(drop: Drop) -> tuple[Cell, ...]:
    return drop.window, drop.drop, drop.relative, drop.z
