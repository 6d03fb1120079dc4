"""All heads, and all modes, of a model in one row."""

import pytest

from inspector.core.address import Address
from inspector.core.errors import BadRequest
from inspector.core.rows import HeadRows, ModeRows

BLOCKS = (Address(0, 0), Address(0, 1), Address(1, 0))
HEADS = HeadRows(BLOCKS, (2, 2, 3))
MODES = ModeRows(BLOCKS, (2, 2, 3), (4, 4, 5))


def test_that_heads_and_modes_are_counted_through_the_model():
    assert (HEADS.count, list(HEADS.starts)) == (7, [0, 2, 4, 7])
    assert (MODES.count, list(MODES.starts)) == (8 + 8 + 15, [0, 8, 16, 31])
    assert MODES.of_heads == HEADS
    assert (HEADS.of_block(2), MODES.of_block(1)) == (slice(4, 7), slice(8, 16))


@pytest.mark.parametrize("rows", [HEADS, MODES])
def test_that_an_address_and_its_row_lead_to_each_other(rows):
    addresses = list(rows.addresses())
    assert len(set(addresses)) == rows.count
    assert [rows.row(address) for address in addresses] == list(range(rows.count))


def test_that_the_modes_of_a_head_lie_together_in_order_of_sigma():
    assert MODES.of_head(Address(1, 0, 2)) == slice(26, 31)
    assert [str(address) for address in list(MODES.addresses())[26:28]] == [
        str(Address(1, 0, 2, 0)),
        str(Address(1, 0, 2, 1)),
    ]
    joined = [row for head in HEADS.addresses() for row in range(31)[MODES.of_head(head)]]
    assert joined == list(range(31))


def test_that_a_block_stands_for_its_first_head_and_mode():
    assert HEADS.row(Address(0, 1)) == 2
    assert MODES.row(Address(0, 1)) == 8


@pytest.mark.parametrize("rows", [HEADS, MODES])
@pytest.mark.parametrize("address", [Address(2, 0, 0, 0), Address(0, 0, 2, 0), Address(1, 0, 3, 0)])
def test_that_what_is_not_there_is_refused(rows, address):
    with pytest.raises(BadRequest):
        rows.row(address)


def test_that_modes_beyond_those_kept_are_refused():
    with pytest.raises(BadRequest, match="the first 4 modes are known; mode 4"):
        MODES.row(Address(0, 1, 1, 4))


def test_that_nonsense_is_refused():
    for heads in ((1, 1), (1, 1, 0)):
        with pytest.raises(BadRequest):
            HeadRows(BLOCKS, heads)
        with pytest.raises(BadRequest):
            ModeRows(BLOCKS, heads, (1, 1, 1))
    with pytest.raises(BadRequest):
        ModeRows(BLOCKS, (1, 1, 1), (1, 0, 1))
