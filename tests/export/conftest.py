from dataclasses import replace

import numpy as np
import pytest

from inspector.core.address import Address
from inspector.core.comparison import (
    Comparison,
    ComparisonSeries,
    Drop,
    Finding,
    MatrixComparison,
    Pattern,
    Patterns,
)
from inspector.core.metrics import Metric
from inspector.core.provenance import FileRecord, Provenance
from tests import synthetic

PROVENANCE = Provenance(
    (FileRecord("a.pth", 3, "ab" * 32),), "python -m inspector compare a b", {"axis": "out"}, "CPU"
)


@pytest.fixture(scope="session")
def pair() -> ComparisonSeries:
    return ComparisonSeries((synthetic.comparison(depths=(1, 3), width=12, heads=2),))


@pytest.fixture(scope="session")
def epochs() -> ComparisonSeries:
    return ComparisonSeries(
        tuple(
            synthetic.comparison(
                label=f"epoch_{n}.pth", change=0.1 * n, depths=(1, 2), width=8, heads=2
            )
            for n in (1, 2, 3)
        )
    )


@pytest.fixture(scope="session")
def provenance() -> Provenance:
    return PROVENANCE


def patterns_of(comparison: Comparison) -> Patterns:
    """One pattern for every metric of every matrix, with numbers that tell them apart."""
    found = {}
    for number, (block, matrix) in enumerate(comparison.cells()):
        for metric in Metric:
            found[(block.address, matrix.matrix, metric)] = Pattern(
                block.address,
                matrix.matrix,
                metric,
                matrix.head_means(metric),
                eta_squared=number / 100,
                p_value=0.001,
                last_head=Drop(4, 0.1, 0.2, 0.3),
                last_tenth=Drop(2, 0.4, 0.5, float("nan")),
                change_points=(3, 7),
            )
    return Patterns(found, (Finding("V of S0 B0 drops at its end by 12 %.", 1.0, Address(0, 0)),))


def along_input(comparison: Comparison) -> Comparison:
    """The same numbers as if vectors were columns: they belong to no head."""
    return _mapped(
        replace(comparison, axis="in"),
        lambda m: replace(m, head_of=np.full_like(m.head_of, -1)),
    )


def with_gaps(comparison: Comparison) -> Comparison:
    """The first head of every matrix has no values, and the last block was not compared."""
    return _mapped(replace(comparison, blocks=comparison.blocks[:-1]), _first_head_undefined)


def _first_head_undefined(matrix: MatrixComparison) -> MatrixComparison:
    values = matrix.values.copy()
    values[:, matrix.head_of == 0] = np.nan
    return replace(matrix, values=values)


def _mapped(comparison: Comparison, change) -> Comparison:
    return replace(
        comparison,
        blocks=tuple(
            replace(block, matrices=tuple(change(m) for m in block.matrices))
            for block in comparison.blocks
        ),
    )
