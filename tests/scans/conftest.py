import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scans.forked import Forks


@pytest.fixture(scope="session")
def forks(repository: Path) -> Iterator[Forks]:
    """Starts scans in processes of their own."""
    if not hasattr(os, "fork"):
        pytest.skip("processes cannot be forked here")
    forks = Forks(repository)
    yield forks
    forks.close()
