"""What was matched, what was found, and where it came from, as JSON and text."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from inspector.analysis.devices import describe_device, resolve_device
from inspector.core.comparison import Comparison, ComparisonSeries, MatchKind, Patterns
from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.provenance import Provenance
from inspector.export.comparison_content import series_record
from inspector.export.content import FigureContent
from inspector.export.drawing import Drawing


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write plain values, readable, in ASCII (a name of any bytes is escaped)."""
    with path.open("w", encoding="ascii", newline="\n") as stream:
        # Piece by piece: it may name a million files.
        json.dump(value, stream, indent=2)
        stream.write("\n")


def matching_record(series: ComparisonSeries) -> dict[str, Any]:
    """The fate of every tensor of every compared model."""
    return {
        "reference": series.reference.label,
        "compared": [_matching_of(comparison) for comparison in series.comparisons],
    }


def _matching_of(comparison: Comparison) -> dict[str, Any]:
    matching = comparison.matching
    return {
        "label": comparison.compared.label,
        "sentence": matching.sentence,
        "notes": list(matching.notes),
        "skipped": [
            {"stage": address.stage, "block": address.block, "reason": reason}
            for address, reason in comparison.skipped
        ],
        "frozen": [str(address) for address in comparison.frozen],
        "matches": {
            kind.value: [_without_kind(asdict(match)) for match in matching.of_kind(kind)]
            for kind in MatchKind
        },
    }


def _without_kind(match: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in match.items() if name != "kind"}


def provenance_record(series: ComparisonSeries, provenance: Provenance) -> dict[str, Any]:
    """Files and parameters, and the models as they were understood."""
    return {**provenance.as_json(), **series_record(series)}


def figure_record(
    kind: FigureKind,
    content: FigureContent,
    *,
    style: FigureStyle,
    provenance: Provenance,
    drawing: Drawing,
) -> dict[str, Any]:
    """The provenance of one figure: what it shows, between which limits, how large.

    Where was computed is put down as the content says it: only that knows the types of its numbers.
    """
    device = describe_device(resolve_device(content.device), content.precision)
    provenance = replace(provenance, device=device)
    record = content.record(kind, drawing)
    size = {"width_mm": style.width_mm, "format": style.format.value, "dpi": style.dpi}
    return {**provenance.as_json(), **record, "figure": {**record["figure"], **size}}


def finding_lines(series: ComparisonSeries, patterns: Sequence[Patterns]) -> Iterator[str]:
    """One finding per line, after the name of its model where there are several."""
    several = len(series.comparisons) > 1
    for comparison, known in zip(series.comparisons, patterns, strict=True):
        before = f"{comparison.compared.label}: " if several else ""
        for finding in known.findings:
            yield f"{before}{finding.sentence}"


def write_lines(path: Path, lines: Iterator[str]) -> None:
    """Write lines of text in UTF-8."""
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
        stream.writelines(f"{line}\n" for line in lines)
