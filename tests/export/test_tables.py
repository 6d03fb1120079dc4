import csv
import math
from dataclasses import replace

import numpy as np
import pytest

from inspector.core.comparison import ComparisonSeries, MatrixComparison
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.export.tables import VECTOR_METRICS, table_writers
from tests import synthetic
from tests.export.conftest import along_input, patterns_of, with_gaps


def written(series, tmp_path, name: str, *, patterns=None) -> list[dict[str, str]]:
    patterns = [patterns_of(c) for c in series.comparisons] if patterns is None else patterns
    path = tmp_path / name
    table_writers(series, patterns)[name](path)
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
        return list(csv.DictReader(stream))


def test_that_the_vectors_have_exactly_the_columns_of_the_specification(pair, tmp_path) -> None:
    table_writers(pair, [patterns_of(pair.comparisons[0])])["vectors.csv"](tmp_path / "v.csv")
    header = (tmp_path / "v.csv").read_text().splitlines()[0]
    assert header == (
        "compared,stage,block,matrix,head,vector,cosine_distance,euclidean,mse,dot,norm_a,norm_b"
    )


def test_that_every_vector_reads_back_exactly(epochs, tmp_path) -> None:
    rows = iter(written(epochs, tmp_path, "vectors.csv"))
    for comparison in epochs.comparisons:
        for block, matrix in comparison.cells():
            for vector in range(matrix.count):
                row = next(rows)
                assert row["compared"] == comparison.compared.label
                assert (row["stage"], row["block"]) == (
                    str(block.address.stage),
                    str(block.address.block),
                )
                assert (row["matrix"], row["vector"]) == (matrix.matrix.value, str(vector))
                assert row["head"] == str(matrix.head_of[vector])
                for metric in VECTOR_METRICS:
                    assert float(row[metric.value]) == matrix[metric][vector]
    assert next(rows, None) is None


def test_that_extreme_numbers_survive(pair, tmp_path) -> None:
    hard = np.array([5e-324, 1.7976931348623157e308, 0.1 + 0.2, -0.0, np.inf, 1e22])
    values = np.tile(hard, (len(Metric), 1))
    matrix = MatrixComparison(Matrix.Q, values, np.zeros(6, dtype=np.int64), 4)
    block = replace(pair.comparisons[0].blocks[0], matrices=(matrix,))
    series = ComparisonSeries((replace(pair.comparisons[0], blocks=(block,)),))
    rows = written(series, tmp_path, "vectors.csv")
    assert [float(row["dot"]) for row in rows] == hard.tolist()
    assert math.copysign(1, float(rows[3]["dot"])) == -1


def test_that_what_is_undefined_is_written_as_nan(pair, tmp_path) -> None:
    series = ComparisonSeries((with_gaps(pair.comparisons[0]),))
    rows = written(series, tmp_path, "vectors.csv")
    assert {row["cosine_distance"] for row in rows if row["head"] == "0"} == {"nan"}
    heads = written(series, tmp_path, "heads.csv")
    assert {row["mean"] for row in heads if row["head"] == "0"} == {"nan"}


def test_that_columns_of_a_weight_have_an_empty_head(pair, tmp_path) -> None:
    series = ComparisonSeries((along_input(pair.comparisons[0]),))
    assert {row["head"] for row in written(series, tmp_path, "vectors.csv")} == {""}
    assert written(series, tmp_path, "heads.csv") == []


def test_that_blocks_hold_mean_median_and_deviation_of_every_metric(pair, tmp_path) -> None:
    rows = written(pair, tmp_path, "blocks.csv")
    found = {(r["stage"], r["block"], r["matrix"], r["metric"]): r for r in rows}
    assert len(rows) == len(found) == 4 * 3 * len(Metric)
    for block, matrix in pair.comparisons[0].cells():
        for metric in Metric:
            place = (str(block.address.stage), str(block.address.block))
            row = found[(*place, matrix.matrix.value, metric.value)]
            assert float(row["mean"]) == np.mean(matrix[metric])
            assert float(row["median"]) == np.median(matrix[metric])
            assert float(row["std"]) == np.std(matrix[metric])


def test_that_heads_hold_their_means_and_what_lies_between_them(pair, tmp_path) -> None:
    rows = written(pair, tmp_path, "heads.csv")
    block, matrix = next(iter(pair.comparisons[0].cells()))
    first = next(r for r in rows if r["metric"] == "dot" and r["head"] == "1")
    assert float(first["mean"]) == matrix[Metric.DOT][6:12].mean()
    assert (first["eta_squared"], first["p_value"]) == ("0.0", "0.001")
    without = written(
        pair, tmp_path, "heads.csv", patterns=[type(patterns_of(pair.comparisons[0]))()]
    )
    assert {row["eta_squared"] for row in without} == {"nan"}
    assert len(rows) == len(without) == (2 + 3 * 4) * 3 * len(Metric)
    assert block.num_heads == 2


def test_that_products_of_every_head_are_written(pair, tmp_path) -> None:
    rows = written(pair, tmp_path, "products.csv")
    expected = [
        (block.address.stage, block.address.block, head, value)
        for block in pair.comparisons[0].blocks
        for head, value in enumerate(block.query_key.tolist())
    ]
    found = [
        (int(r["stage"]), int(r["block"]), int(r["head"]), float(r["query_key"])) for r in rows
    ]
    assert found == expected


def test_that_patterns_hold_drops_and_change_points(pair, tmp_path) -> None:
    rows = written(pair, tmp_path, "patterns.csv")
    assert len(rows) == 4 * 3 * len(Metric)
    assert rows[0]["last_head_window"] == "4"
    assert rows[0]["last_tenth_z"] == "nan"
    assert rows[0]["change_points"] == "3 7"


@pytest.mark.parametrize("label", ["a,b.pth", 'say "hi".pth', "two\nlines.pth", "模型\udc80.pth"])
def test_that_any_file_name_reads_back_from_every_table(tmp_path, label) -> None:
    series = ComparisonSeries((synthetic.comparison(label=label, depths=(1,), width=4, heads=2),))
    for name in table_writers(series, []):
        rows = written(series, tmp_path, name)
        assert rows
        assert {row["compared"] for row in rows} == {label}
