import pytest

from inspector.core.address import Address
from inspector.core.errors import BadRequest


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("S2B7H3", Address(2, 7, 3)),
        ("s2 b7", Address(2, 7)),
        ("b7.h3", Address(0, 7, 3)),
        (" S0 B0 H1 M4 ", Address(0, 0, 1, 4)),
    ],
)
def test_that_an_address_is_read_in_every_form(text: str, address: Address) -> None:
    assert Address.parse(text) == address


def test_that_an_address_reads_what_it_prints() -> None:
    for address in (Address(3, 1), Address(2, 17, 11), Address(0, 0, 0, 63)):
        assert Address.parse(str(address)) == address


@pytest.mark.parametrize("text", ["", "H3", "S2", "B-1", "B1M2", "layer 3"])
def test_that_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadRequest, match=r"S2B7H3|names a mode but no head"):
        Address.parse(text)
