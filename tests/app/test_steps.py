from dataclasses import replace

from inspector.app.steps import step_block, step_compared, step_head
from inspector.core.address import Address
from inspector.core.selection import Selection
from tests.tiny_models import outline

SWIN = outline(depths=(2, 3), heads=2)


def test_that_the_next_block_of_the_last_of_a_stage_is_the_first_of_the_next():
    there = step_block(SWIN, Selection(Address(0, 1, 1), vector=3), 1)
    assert there == Selection(Address(1, 0))


def test_that_the_first_and_the_last_block_hold():
    first, last = Selection(Address(0, 0, 1)), Selection(Address(1, 2))
    assert step_block(SWIN, first, -1) == first
    assert step_block(SWIN, last, 1) == last


def test_that_heads_go_round_through_the_block_as_a_whole():
    seen, selection = [], Selection(Address(1, 1))
    for _ in range(4):
        selection = step_head(SWIN, selection, 1)
        seen.append(selection.address.head)
    assert seen == [0, 1, None, 0]
    assert step_head(SWIN, Selection(Address(1, 1)), -1).address.head == 1


def test_that_after_the_last_compared_model_comes_the_first():
    selection = Selection(Address(0, 0), compared=2)
    assert step_compared(selection, 1, count=3) == replace(selection, compared=0)
    assert step_compared(selection, 1, count=0) == selection
