from dataclasses import replace

import numpy as np
import pytest

from inspector.core.address import Address
from inspector.core.comparison import BlockComparison
from inspector.core.outline import Matrix
from inspector.render.panels import vector_layout
from tests import synthetic


@pytest.fixture(scope="module")
def block() -> BlockComparison:
    """12 vectors in each of Q, K and V, 3 heads of 4."""
    found = synthetic.comparison(depths=(1,), width=12, heads=3, frozen_stages=0)
    return found.blocks[0]


def test_that_query_key_and_value_lie_side_by_side(block) -> None:
    layout = vector_layout(block)
    assert [(s.matrix, s.start, s.stop) for s in layout.spans] == [
        (Matrix.Q, 0, 12),
        (Matrix.K, 12, 24),
        (Matrix.V, 24, 36),
    ]
    assert layout.total == 36
    assert layout.separators == (11.5, 23.5)


def test_that_heads_are_separated_inside_each_matrix_only(block) -> None:
    heads = [span.heads for span in vector_layout(block).spans]
    assert heads == [(3.5, 7.5), (15.5, 19.5), (27.5, 31.5)]


def test_that_a_place_on_x_leads_back_to_its_vector(block) -> None:
    layout = vector_layout(block)
    for span in layout.spans:
        for vector in range(span.count):
            for shift in (-0.5, -0.4, 0.0, 0.49):
                assert layout.at(span.start + vector + shift) == (span.matrix, vector)


def test_that_outside_the_vectors_there_is_none(block) -> None:
    layout = vector_layout(block)
    assert layout.at(-0.6) is None
    assert layout.at(35.5) is None


def test_that_vectors_along_the_input_axis_have_no_heads(block) -> None:
    flat = tuple(replace(m, head_of=np.full_like(m.head_of, -1)) for m in block.matrices)
    layout = vector_layout(replace(block, matrices=flat))
    assert all(span.heads == () for span in layout.spans)


def test_that_a_matrix_that_was_not_compared_leaves_no_gap(block) -> None:
    layout = vector_layout(replace(block, matrices=(block.matrices[0], block.matrices[2])))
    assert [span.matrix for span in layout.spans] == [Matrix.Q, Matrix.V]
    assert layout.span(Matrix.K) is None
    assert layout.span(Matrix.V).start == 12


def test_that_the_layout_knows_blocks_of_one_head_and_blocks_without_matrices(block) -> None:
    single = synthetic.comparison(depths=(1,), width=4, heads=1, frozen_stages=0).blocks[0]
    assert vector_layout(single).spans[0].heads == ()
    empty = BlockComparison(Address(0, 0), 0, 1, 4, (), np.empty(0), np.empty(0))
    assert vector_layout(empty).total == 0
