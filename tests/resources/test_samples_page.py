"""What the help page says one sees in the samples is what the comparison finds."""

import numpy as np
import pytest

from inspector.analysis.evolution import compare
from inspector.core.comparison import Comparison
from inspector.core.metrics import Metric
from inspector.families import open_model
from resources import resource, samples

ROWS = {
    "norm in A": Metric.NORM_A,
    "Euclidean distance": Metric.EUCLIDEAN,
    "relative distance": Metric.RELATIVE_DISTANCE,
    "cosine distance": Metric.COSINE_DISTANCE,
}


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    reference, tuned = samples()
    with open_model(reference) as a, open_model(tuned) as b:
        return compare(a, b)


def trained_values(comparison: Comparison, metric: Metric) -> list[list[np.ndarray]]:
    row = list(Metric).index(metric)
    trained = [block for block in comparison.blocks if not block.frozen]
    return [[matrix.values[row] for matrix in block.matrices] for block in trained]


def test_that_only_the_two_blocks_of_stage_0_are_frozen(comparison) -> None:
    assert [block.address.stage for block in comparison.blocks if block.frozen] == [0, 0]


@pytest.mark.parametrize("metric", [Metric.COSINE_DISTANCE, Metric.RELATIVE_DISTANCE])
def test_that_value_changed_most_by_angle_and_by_its_own_length(comparison, metric) -> None:
    means = [[m.mean() for m in block] for block in trained_values(comparison, metric)]
    assert [int(np.argmax(block)) for block in means] == [2] * 22


@pytest.mark.parametrize(("metric", "blocks"), [(Metric.EUCLIDEAN, 21), (Metric.DOT, 22)])
def test_that_value_is_lowest_by_what_depends_on_length(comparison, metric, blocks) -> None:
    means = [[m.mean() for m in block] for block in trained_values(comparison, metric)]
    assert [int(np.argmin(block)) for block in means].count(2) == blocks


@pytest.mark.parametrize(("label", "metric"), ROWS.items())
def test_that_the_medians_of_the_page_are_those_of_the_files(comparison, label, metric) -> None:
    values = trained_values(comparison, metric)
    medians = [np.median(np.concatenate([block[n] for block in values])) for n in range(3)]
    page = resource("help/samples.md").read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if line.strip().startswith(f"| {label} |"))
    assert [cell.strip() for cell in line.split("|")[2:5]] == [f"{value:.3f}" for value in medians]
