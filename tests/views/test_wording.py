from dataclasses import replace

import numpy as np
import pytest

from inspector.core.comparison import ComparisonSeries
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.views.block_words import length_and_direction, reading_of_values
from inspector.views.compare_words import left_out_text, title_html, unrelated_text
from inspector.views.wording import (
    blocks_text,
    matrix_text,
    number_text,
    percent_text,
    short_names,
    shortened,
    vector_text,
)
from tests.synthetic import card, comparison, matrix_comparison, series


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (2.0, "2.000"),
        (0.123456, "0.1235"),
        (-0.5, "−0.5000"),
        (0.00001234, "1.234e−05"),
        (float("nan"), "undefined"),
    ],
)
def test_that_numbers_keep_their_significant_digits(value, text):
    assert number_text(value) == text


def test_that_a_share_of_nothing_is_a_dash():
    assert percent_text(float("nan")) == "–"
    assert percent_text(0.9732) == "97.3 %"


def test_that_a_long_name_keeps_both_ends():
    short = shortened("swin_small_epoch_300_of_the_second_run.pth", longest=20)
    assert len(short) <= 20
    assert short.startswith("swin")
    assert short.endswith(".pth")


def test_that_epochs_are_named_by_what_differs():
    assert short_names(series(3)) == ("1", "2", "3")


def test_that_names_stay_whole_where_one_would_become_empty():
    names = ("epoch.pth", "epoch_2.pth")
    both = ComparisonSeries(tuple(replace(comparison(), compared=card(name)) for name in names))
    assert short_names(both) == names


def test_that_a_running_comparison_says_how_many_blocks_are_there():
    whole = comparison()
    part = replace(whole, blocks=whole.blocks[:5], complete=False)
    assert blocks_text(whole) == "24 blocks"
    assert blocks_text(part) == "5 of 24 blocks so far"


def test_that_the_title_says_models_metric_axis_and_blocks():
    title = title_html(comparison(label="<b>.pth"), Metric.RELATIVE_DISTANCE, link="#123456")
    assert "&lt;b&gt;.pth" in title
    assert "color: #123456" in title
    for part in ("pretrained.pth", "relative distance |a − b| / |a|", "rows (output", "24 blocks"):
        assert part in title


def test_that_what_was_left_out_is_named_with_its_number():
    whole = comparison()
    card_b = replace(whole.compared, assumed=("3 heads of 64 rows.",))
    skipped = ((whole.blocks[0].address, "shapes differ"),)
    text = left_out_text(replace(whole, compared=card_b, skipped=skipped))
    assert text.startswith("1 tensor only in A, 1 shape differs, 1 block not compared")
    assert text.endswith("assumptions about B")


def test_that_related_models_carry_no_warning():
    assert unrelated_text(comparison(change=0.1)) == ""


def test_that_independent_models_are_said_to_be_so():
    random = np.random.default_rng(3)
    block = comparison().blocks[2]
    matrices = tuple(
        matrix_comparison(random.normal(size=(48, 48)), random.normal(size=(48, 48)), matrix, 4)
        for matrix in Matrix
    )
    apart = replace(comparison(), blocks=(replace(block, matrices=matrices),))
    assert "row by row means nothing" in unrelated_text(apart)


def test_that_the_share_of_direction_is_the_one_computed_from_the_norms():
    block = comparison(frozen_stages=0).blocks[0]
    found = block.matrices[0]
    a, b = found[Metric.NORM_A], found[Metric.NORM_B]
    length = ((a - b) ** 2).sum() / (found[Metric.EUCLIDEAN] ** 2).sum()
    assert f"Query {percent_text(1 - length)}" in length_and_direction(block)


def test_that_a_frozen_block_is_said_to_be_frozen():
    assert length_and_direction(comparison().blocks[0]).startswith("Frozen")


def test_that_short_value_vectors_carry_a_caution_and_equal_ones_none():
    block = comparison(frozen_stages=0).blocks[0]
    assert "Value vectors are shorter" in reading_of_values(block)
    query = block.matrices[0]
    equal = tuple(replace(query, matrix=matrix) for matrix in Matrix)
    assert reading_of_values(replace(block, matrices=equal)) == ""


def test_that_the_read_out_of_a_matrix_counts_undefined_vectors():
    block = comparison(frozen_stages=0).blocks[0]
    values = block.matrices[0].values.copy()
    values[0, :3] = np.nan
    found = replace(block.matrices[0], values=values)
    text = matrix_text(block, found, Metric.COSINE_DISTANCE)
    assert "3 undefined" in text
    assert number_text(float(np.nanmean(values[0])), digits=6) in text


def test_that_the_read_out_of_a_vector_names_its_head_only_where_it_has_one():
    block = comparison(frozen_stages=0).blocks[0]
    found = block.matrices[1]
    assert "S0 B0 · Key · vector 13 · head 1" in vector_text(block, found, 13)
    headless = replace(found, head_of=np.full(found.count, -1))
    assert "head" not in vector_text(block, headless, 13)
