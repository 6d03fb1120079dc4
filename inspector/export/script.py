"""A short program, written beside a figure, that draws it again through the public functions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inspector import __version__
from inspector.core.address import Address
from inspector.core.comparison import ComparisonSeries, ModelCard
from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.provenance import Provenance
from inspector.core.selection import Selection


def script_of(
    name: str,
    kind: FigureKind,
    series: ComparisonSeries,
    selection: Selection,
    *,
    style: FigureStyle,
    provenance: Provenance,
    with_patterns: bool,
) -> str:
    """The text of ``name.py``.

    The same files give the same bytes on the same device with the same versions, which stand in
    ``name.json``; on another device the numbers agree to rounding.
    """
    products = kind is FigureKind.INVARIANT
    patterns = with_patterns and kind is FigureKind.VECTORS
    device = "cpu" if provenance.device.lower().startswith("cpu") else "auto"
    options = f"device=resolve_device({device!r})"
    cards = [series.reference, *(comparison.compared for comparison in series.comparisons)]
    ending = style.format.value
    lines = [
        f'"""Draws {name}.{ending} again from the checkpoints. Written by ViT Inspector '
        f"{__version__}.",
        "",
        f"Hashes of the files and versions are in {name}.json. Usage: python {name}.py [FILE]",
        '"""',
        "",
        "import sys",
        "from pathlib import Path",
        "",
        *_imports(selection, products=products, patterns=patterns),
        "",
        "models = [",
        *_models(cards, provenance.parameters),
        "]",
        "series = compare_series(",
        "    models[0],",
        "    models[1:],",
        f"    axis={series.axis!r},",
        f"    {options},",
        f"    labels={[card.label for card in cards]!r},",
        ")",
        *([f"series = with_products(series, models[0], models[1:], {options})"] * products),
        *([f"patterns = find_patterns(series.comparisons[{selection.compared}])"] * patterns),
        *_selection(selection),
        f"style = FigureStyle(width_mm={style.width_mm!r}, format=FigureFormat."
        f"{style.format.name}, dpi={style.dpi})",
        f"figure = draw_figure(FigureKind.{kind.name}, series, selection, style=style"
        f"{', patterns=patterns' if patterns else ''})",
        f"path = Path(sys.argv[1] if len(sys.argv) > 1 else {f'{name}-again.{ending}'!r})",
        "save_figure(figure, path, style=style)",
        'print(f"{path} written")',
    ]
    return "\n".join(lines) + "\n"


def _imports(selection: Selection, *, products: bool, patterns: bool) -> Iterator[str]:
    yield "from inspector.analysis.devices import resolve_device"
    yield "from inspector.analysis.evolution import compare_series"
    if products:
        yield "from inspector.analysis.invariant import with_products"
    if patterns:
        yield "from inspector.analysis.patterns import find_patterns"
    if selection.address:
        yield "from inspector.core.address import Address"
    yield "from inspector.core.figures import FigureFormat, FigureKind, FigureStyle"
    yield "from inspector.core.metrics import Metric"
    if selection.matrix:
        yield "from inspector.core.outline import Matrix"
    yield "from inspector.core.selection import Selection"
    yield "from inspector.export.figure import draw_figure, save_figure"
    yield "from inspector.families import open_model"


def _models(cards: list[ModelCard], parameters: dict[str, Any]) -> Iterator[str]:
    for index, card in enumerate(cards):
        path = str(Path(card.path).absolute())
        options = "".join(
            f", {option}={value!r}"
            for option in ("heads", "section")
            if (value := _of_model(parameters.get(option), index)) is not None
        )
        yield f"    open_model(Path({path!r}){options}),"


def _of_model(value: Any, index: int) -> Any:
    """One value for all models, or the value of one of them."""
    if isinstance(value, list | tuple):
        return value[index] if index < len(value) else None
    return value


def _selection(selection: Selection) -> Iterator[str]:
    yield "selection = Selection("
    if selection.address:
        yield f"    address={_address(selection.address)},"
    if selection.matrix:
        yield f"    matrix=Matrix.{selection.matrix.name},"
    yield f"    metric=Metric.{selection.metric.name},"
    yield f"    compared={selection.compared},"
    yield ")"


def _address(address: Address) -> str:
    parts = [address.stage, address.block] + ([] if address.head is None else [address.head])
    return f"Address({', '.join(map(str, parts))})"
