from dataclasses import replace

from inspector.app.steps import (
    other_model,
    step_block,
    step_compared,
    step_head,
    step_mode,
    step_shown_block,
    step_shown_head,
    step_slice,
)
from inspector.core.address import Address
from inspector.core.images import ImageCard, Plane, SliceAddress
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


def test_that_heads_of_a_picture_go_round_without_the_block_as_a_whole():
    seen, selection = [], Selection(Address(1, 1))
    for _ in range(3):
        selection = step_shown_head(SWIN, selection, 1)
        seen.append(selection.address.head)
    assert seen == [1, 0, 1]
    assert step_shown_head(SWIN, Selection(Address(1, 1)), -1).address.head == 1


def test_that_the_head_is_kept_in_the_next_block_where_it_exists_and_is_wanted():
    here = Selection(Address(0, 0, 1), mode=3)
    assert step_shown_block(SWIN, here, 1, keep_head=True) == replace(
        here, address=Address(0, 1, 1)
    )
    assert step_shown_block(SWIN, here, 1, keep_head=False).address == Address(0, 1)
    assert step_shown_block(SWIN, here, -1, keep_head=True) == here


def test_that_modes_hold_at_the_ends():
    assert step_mode(Selection(mode=0), -1, count=4).mode == 0
    assert step_mode(Selection(mode=2), 1, count=4).mode == 3
    assert step_mode(Selection(mode=3), 1, count=4).mode == 3


def test_that_a_and_the_selected_compared_model_take_turns():
    here = Selection(compared=1)
    there = other_model(here, count=3)
    assert there.model == 2
    assert other_model(there, count=3) == here
    assert other_model(Selection(), count=1) == Selection()


def test_that_slices_hold_at_the_ends_of_their_plane():
    card = ImageCard("a", "/a", "NIfTI-1", slices={Plane.AXIAL: 3, Plane.CORONAL: 9})
    assert step_slice(card, SliceAddress(Plane.AXIAL, 1), 1).index == 2
    assert step_slice(card, SliceAddress(Plane.AXIAL, 2), 5).index == 2
    assert step_slice(card, SliceAddress(Plane.CORONAL, 2, 1), -9) == SliceAddress(
        Plane.CORONAL, 0, 1
    )
