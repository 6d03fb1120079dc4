"""The figures of a comparison of two or more checkpoints."""

import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inspector.core.comparison import ComparisonSeries, Patterns
from inspector.core.errors import BadRequest
from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.selection import Selection
from inspector.export.drawing import Drawing
from inspector.export.lines import draw_invariant, draw_lines, draw_series
from inspector.export.maps import draw_head_map, draw_heat_map
from inspector.export.script import address_text, device_text, script_text
from inspector.export.sources import CheckpointFile
from inspector.export.vectors import draw_vectors

KINDS = (
    FigureKind.HEAT_MAP,
    FigureKind.HEAD_MAP,
    FigureKind.LINES,
    FigureKind.VECTORS,
    FigureKind.INVARIANT,
    FigureKind.SERIES,
)


@dataclass(frozen=True, eq=False)
class ComparisonContent:
    """A series of comparisons and what is selected of it.

    Parameters
    ----------
    selection
        The metric of heat map, head map and series; the matrix of the head map (all three where
        none is selected); the block of the vectors; the compared model of all but the series.
    patterns
        Of that compared model; the vectors then say how far heads explain what is seen.
    checkpoints
        Of all models, the reference first; where none are given, as the cards of the models say.
    device
        As asked for.
    """

    series: ComparisonSeries
    selection: Selection
    patterns: Patterns | None = None
    checkpoints: tuple[CheckpointFile, ...] = ()
    device: str = "cpu"

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of every model."""
        return tuple(file for checkpoint in self._checkpoints for file in checkpoint.files)

    @property
    def precision(self) -> str:
        """That of the device."""
        return ""

    def kinds(self) -> tuple[FigureKind, ...]:
        """The figures that the series can be drawn as, in menu order."""
        series = self.series
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
        return tuple(kind for kind in KINDS if kind not in lacking)

    def drawing(self, kind: FigureKind, style: FigureStyle) -> Drawing:
        """Draw one figure.

        Raises
        ------
        BadRequest
            When there is nothing to draw: no such block, no heads along the input axis.
        """
        series, selection, width = self.series, self.selection, style.width_mm
        match kind:
            case FigureKind.HEAT_MAP:
                return draw_heat_map(series, selection, width)
            case FigureKind.HEAD_MAP:
                return draw_head_map(series, selection, width)
            case FigureKind.LINES:
                return draw_lines(series, selection, width)
            case FigureKind.VECTORS:
                return draw_vectors(series, selection, width, patterns=self.patterns)
            case FigureKind.INVARIANT:
                return draw_invariant(series, selection, width)
            case FigureKind.SERIES:
                return draw_series(series, selection, width)
            case _:
                raise BadRequest(f"A comparison has no figure “{kind}”.")

    def command(self, kind: FigureKind) -> str:
        """The command line that writes the same numbers, whatever the figure."""
        del kind
        checkpoints = self._checkpoints
        paths = [str(checkpoint.path) for checkpoint in checkpoints]
        words = ["python", "-m", "inspector", "compare", *paths, "--out", "figures"]
        words += ["--axis", self.series.axis, "--device", self.device]
        for option in ("heads", "section"):
            given = {getattr(checkpoint, option) for checkpoint in checkpoints} - {None}
            words += [f"--{option}", str(given.pop())] if len(given) == 1 else []
        return shlex.join(words)

    def parameters(self) -> dict[str, Any]:
        """The selection, how the models were opened, and what random orders are drawn from."""
        from inspector.analysis.patterns import PERMUTATIONS, SEED

        chosen = self.selection
        return {
            "axis": self.series.axis,
            "metric": str(chosen.metric),
            "address": str(chosen.address) if chosen.address else None,
            "matrix": str(chosen.matrix) if chosen.matrix else None,
            "heads": [checkpoint.heads for checkpoint in self._checkpoints],
            "section": [checkpoint.section for checkpoint in self._checkpoints],
            "permutations": PERMUTATIONS,
            "seed": SEED,
        }

    def record(self, kind: FigureKind, drawing: Drawing) -> dict[str, Any]:
        """The models as they were understood, and between which limits the figure is drawn."""
        limits = drawing.arrays.get("limits")
        series, selection = self.series, self.selection
        return {
            **series_record(series),
            "figure": {
                "kind": kind.value,
                "metric": selection.metric.value,
                "address": str(selection.address) if selection.address else None,
                "matrix": selection.matrix.value if selection.matrix else None,
                "compared": series.comparisons[selection.compared].compared.label,
                "colour_limits": None if limits is None else limits.tolist(),
            },
        }

    def script(self, name: str, kind: FigureKind, style: FigureStyle) -> str:
        """The program that compares the same files again and draws the figure."""
        products = kind is FigureKind.INVARIANT
        patterns = self.patterns is not None and kind is FigureKind.VECTORS
        imports = _imports(self.selection, products=products, patterns=patterns)
        body = self._body(products=products, patterns=patterns)
        return script_text(name, kind, style, imports, body)

    @property
    def _checkpoints(self) -> tuple[CheckpointFile, ...]:
        if self.checkpoints:
            return self.checkpoints
        series = self.series
        cards = (series.reference, *(comparison.compared for comparison in series.comparisons))
        return tuple(CheckpointFile(Path(card.path)) for card in cards)

    def _body(self, *, products: bool, patterns: bool) -> Iterator[str]:
        series = self.series
        cards = (series.reference, *(comparison.compared for comparison in series.comparisons))
        options = f"device={device_text(self.device)}"
        yield "models = ["
        yield from (f"    {_opening(checkpoint)}," for checkpoint in self._checkpoints)
        yield "]"
        yield "series = compare_series("
        yield "    models[0],"
        yield "    models[1:],"
        yield f"    axis={series.axis!r},"
        yield f"    {options},"
        yield f"    labels={[card.label for card in cards]!r},"
        yield ")"
        if products:
            yield f"series = with_products(series, models[0], models[1:], {options})"
        if patterns:
            chosen = self.selection.compared
            yield f"patterns = find_patterns(series.comparisons[{chosen}])"
        yield from _selection(self.selection)
        yield f"content = ComparisonContent(series, selection{', patterns' * patterns})"


def series_record(series: ComparisonSeries) -> dict[str, Any]:
    """The models of a series as they were understood."""
    cards = (series.reference, *(comparison.compared for comparison in series.comparisons))
    return {
        "axis": series.axis,
        "complete": series.complete,
        "models": [asdict(card) for card in cards],
    }


def _imports(selection: Selection, *, products: bool, patterns: bool) -> Iterator[str]:
    yield "from inspector.analysis.devices import resolve_device"
    yield "from inspector.analysis.evolution import compare_series"
    if products:
        yield "from inspector.analysis.invariant import with_products"
    if patterns:
        yield "from inspector.analysis.patterns import find_patterns"
    if selection.address:
        yield "from inspector.core.address import Address"
    yield "from inspector.core.metrics import Metric"
    if selection.matrix:
        yield "from inspector.core.outline import Matrix"
    yield "from inspector.core.selection import Selection"
    yield "from inspector.export.comparison_content import ComparisonContent"
    yield "from inspector.families import open_model"


def _opening(checkpoint: CheckpointFile) -> str:
    options = "".join(
        f", {option}={value!r}"
        for option in ("heads", "section")
        if (value := getattr(checkpoint, option)) is not None
    )
    return f"open_model(Path({str(checkpoint.path.absolute())!r}){options})"


def _selection(selection: Selection) -> Iterator[str]:
    yield "selection = Selection("
    if selection.address:
        yield f"    address={address_text(selection.address)},"
    if selection.matrix:
        yield f"    matrix=Matrix.{selection.matrix.name},"
    yield f"    metric=Metric.{selection.metric.name},"
    yield f"    compared={selection.compared},"
    yield ")"
