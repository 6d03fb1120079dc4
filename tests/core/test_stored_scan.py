"""How large what is kept of scans is, in words."""

import pytest

from inspector.core.stored_scan import size_in_words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (1_536_000_000, "1.54 GB"),
        (20_000_000_000, "20 GB"),
    ],
)
def test_that_sizes_are_told_in_three_digits(size: int, words: str) -> None:
    assert size_in_words(size) == words
