"""What is typed into the search of the model tree: an address to jump to, or words to look for."""

import re

from inspector.core.address import Address
from inspector.core.errors import BadRequest


def as_address(text: str) -> Address | None:
    """The address that was typed, as ``S2B7H3`` or ``b7.h3``; None for anything else.

    >>> str(as_address("s2 b7")), as_address("frozen")
    ('S2 B7', None)
    """
    try:
        found = Address.parse(text)
    except BadRequest:
        return None
    return Address(found.stage, found.block, found.head)


def normalised(text: str) -> str:
    """Lower case, single spaces."""
    return " ".join(text.lower().split())


def is_in(wanted: str, words: str) -> bool:
    """Whether the phrase starts a word of `words`; a number only matches as a whole.

    >>> is_in("block 1", "block 1 b1"), is_in("block 1", "block 12 b12"), is_in("fro", "b2 frozen")
    (True, False, True)
    """
    end = r"(?!\d)" if wanted[-1:].isdigit() else ""
    return re.search(rf"\b{re.escape(wanted)}{end}", words) is not None
