"""Several commands one after the other in one process; every rank lists files in another order.

``torchrun ... -m tests.cli.in_turn COMMANDS.json``, a list of lists of words. No figure is drawn.
"""

import json
import os
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Self
from unittest.mock import patch

from inspector.cli.main import main

_scandir = os.scandir
WRITERS = ("preference_files", "same_object_files")


class Shuffled:
    """The entries of a folder in another order than the disk has them."""

    def __init__(self, entries: Sequence[os.DirEntry[str]]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[os.DirEntry[str]]:
        return self._entries

    def __next__(self) -> os.DirEntry[str]:
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def close(self) -> None:
        pass


@contextmanager
def shuffled(seed: int) -> Iterator[None]:
    """Every folder that is looked into lists its entries in an order drawn at random."""
    drawn = random.Random(seed)

    def listed(path: "str | os.PathLike[str]" = ".") -> Shuffled:
        with _scandir(path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        drawn.shuffle(found)
        return Shuffled(found)

    with patch("os.scandir", listed):
        yield


@contextmanager
def without_figures() -> Iterator[None]:
    """Tables and arrays are written, figures are not."""
    with ExitStack() as patched:
        for writer in WRITERS:
            patched.enter_context(
                patch(f"inspector.export.{writer}.write_figure", lambda *_, **__: {})
            )
        yield


def run_in_turn(commands: Sequence[Sequence[str]]) -> int:
    """All of them among the same ranks: torch's meeting place is good for one meeting."""
    from inspector.scans.ranks import joined

    with joined("cpu") as ranks:
        together = patch("inspector.scans.ranks.joined", lambda _: nullcontext(ranks))
        with together, shuffled(ranks.rank), without_figures():
            return max(main(words) for words in commands)


if __name__ == "__main__":
    sys.exit(run_in_turn(json.loads(Path(sys.argv[1]).read_text())))
