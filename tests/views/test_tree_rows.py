from dataclasses import replace

import numpy as np
import pytest

from inspector.core.address import Address
from inspector.core.comparison import BlockComparison, Comparison, MatrixComparison
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.views.tree_rows import FROZEN, SKIPPED, WAITING, TreeRows, bar_text
from tests.synthetic import comparison
from tests.views.outlines import outline

WHOLE = comparison()
OUTLINE = outline()


def rows(found: Comparison | None = WHOLE, metric=Metric.EUCLIDEAN, matrix=None) -> TreeRows:
    return TreeRows(OUTLINE, found, metric=metric, matrix=matrix)


def every_value(block: BlockComparison, metric: Metric, head: int | None = None) -> list[float]:
    """Straight from the definition: every defined vector of Q, K and V."""
    return [
        float(value)
        for matrix in block.matrices
        for value, of in zip(matrix[metric], matrix.head_of, strict=True)
        if np.isfinite(value) and head in (None, of)
    ]


def with_matrix(block: BlockComparison, matrix: MatrixComparison) -> BlockComparison:
    kept = tuple(matrix if m.matrix is matrix.matrix else m for m in block.matrices)
    return replace(block, matrices=kept)


def with_undefined(matrix: MatrixComparison) -> MatrixComparison:
    values = matrix.values.copy()
    values[:, :5] = np.nan
    return replace(matrix, values=values)


@pytest.mark.parametrize("metric", list(Metric))
def test_that_block_and_head_rows_are_means_over_their_defined_vectors(metric):
    block = WHOLE.by_address[Address(2, 3)]
    block = with_matrix(block, with_undefined(block.matrices[1]))
    found = rows(replace(WHOLE, blocks=(block,)), metric)
    assert found.block(Address(2, 3)).value == pytest.approx(np.mean(every_value(block, metric)))
    for head in range(block.num_heads):
        mean = np.mean(every_value(block, metric, head))
        assert found.head(Address(2, 3, head)).value == pytest.approx(mean)


def test_that_a_selected_matrix_is_the_only_one_that_counts():
    value = WHOLE.by_address[Address(2, 3)].matrix(Matrix.V)[Metric.EUCLIDEAN].mean()
    assert rows(matrix=Matrix.V).block(Address(2, 3)).value == pytest.approx(value)


def test_that_a_stage_is_the_mean_of_its_blocks():
    stage = OUTLINE.stages[2]
    blocks = [rows().block(block.address).value for block in stage.blocks]
    assert rows().stage(stage).value == pytest.approx(np.mean(blocks))
    assert "mean of 18 blocks" in rows().stage(stage).tip


def test_that_a_frozen_block_counts_as_no_change_in_its_stage():
    frozen = WHOLE.by_address[Address(0, 0)]
    moved = replace(frozen, address=Address(2, 0))
    others = [b for b in WHOLE.blocks if b.address != Address(2, 0)]
    found = rows(replace(WHOLE, blocks=(moved, *others)))
    values = [found.block(b.address).value for b in OUTLINE.stages[2].blocks]
    assert values[0] == 0
    assert found.stage(OUTLINE.stages[2]).value == pytest.approx(np.mean(values))


def test_that_a_frozen_block_has_a_norm_ratio_of_one():
    assert rows(metric=Metric.NORM_RATIO).block(Address(0, 0)).value == 1


def test_that_frozen_is_said_of_changes_but_not_of_lengths():
    assert rows(metric=Metric.EUCLIDEAN).block(Address(0, 0)).word == FROZEN
    assert rows(metric=Metric.NORM_A).block(Address(0, 0)).word == ""
    assert rows(metric=Metric.NORM_A).block(Address(0, 0)).value > 0


def test_that_a_skipped_block_gives_its_reason():
    found = replace(
        WHOLE, blocks=WHOLE.blocks[1:], skipped=((Address(0, 0), "The shapes differ."),)
    )
    assert rows(found).block(Address(0, 0)).word == SKIPPED
    assert rows(found).block(Address(0, 0)).tip == "The shapes differ."


def test_that_a_block_still_to_come_is_waiting_not_skipped():
    found = replace(WHOLE, blocks=WHOLE.blocks[:3], complete=False)
    assert rows(found).block(Address(3, 0)).word == WAITING
    assert rows(found).head(Address(3, 0, 1)).word == WAITING
    assert rows(found).stage(OUTLINE.stages[3]).word == WAITING


def test_that_a_matrix_that_could_not_be_compared_is_said_to_be_missing():
    block = WHOLE.by_address[Address(2, 3)]
    without = replace(block, matrices=block.matrices[:2])
    found = rows(replace(WHOLE, blocks=(without,)), matrix=Matrix.V)
    assert found.block(Address(2, 3)).word == SKIPPED


def test_that_heads_have_no_value_along_the_input_axis():
    block = WHOLE.by_address[Address(2, 3)]
    matrices = tuple(
        replace(m, head_of=np.full(m.count, -1, dtype=np.int64)) for m in block.matrices
    )
    found = rows(replace(WHOLE, axis="in", blocks=(replace(block, matrices=matrices),)))
    assert np.isfinite(found.block(Address(2, 3)).value)
    assert np.isnan(found.head(Address(2, 3, 0)).value)
    assert "no head" in found.head(Address(2, 3, 0)).tip


@pytest.mark.parametrize("metric", list(Metric))
def test_that_every_bar_lies_inside_its_track_and_starts_at_no_change(metric):
    found = rows(metric=metric)
    assert 0 <= found.share(found.origin) <= 1
    for block in WHOLE.blocks:
        values = [found.block(block.address).value]
        values += [found.head(block.address.with_head(h)).value for h in range(block.num_heads)]
        for value in values:
            if np.isfinite(value):
                assert 0 <= found.share(value) <= 1


def test_that_a_comparison_in_which_nothing_changed_has_limits():
    frozen = rows(replace(WHOLE, blocks=WHOLE.blocks[:2]))
    assert frozen.low < frozen.high
    assert frozen.range_text


def test_that_without_comparison_there_is_nothing_to_say():
    assert rows(None).caption == ""
    assert np.isnan(rows(None).block(Address(0, 0)).value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.058, "0.0580"),
        (0.99826, "0.9983"),
        (-0.5, "−0.5000"),
        (2e-5, "2.00e−05"),
        (1234.6, "1235"),
        (0.0, "0"),
    ],
)
def test_that_numbers_beside_bars_are_short_and_of_like_width(value, text):
    assert bar_text(value) == text
