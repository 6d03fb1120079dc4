"""Ranks as threads of one process: all that ranks do but torch's own exchange of bytes."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from inspector.scans.ranks import Ranks


@dataclass(eq=False)
class Table:
    """Where the ranks lay down what they say."""

    world: int
    laid_down: list[bytes] = field(default_factory=list)
    barrier: threading.Barrier = field(init=False)

    def __post_init__(self) -> None:
        self.barrier = threading.Barrier(self.world)
        self.laid_down = [b""] * self.world


@dataclass(frozen=True, eq=False)
class ThreadRank(Ranks):
    table: Table = field(default_factory=lambda: Table(1))

    def share(self, data, waiting=None):
        self.table.laid_down[self.rank] = data
        self.table.barrier.wait(60)
        found = list(self.table.laid_down)
        self.table.barrier.wait(60)
        return found

    def from_first(self, data, waiting=None):
        return self.share(data if self.is_first else b"")[0]

    def gather(self, data, waiting=None):
        found = self.share(data)
        return found if self.is_first else None


def together(world: int, work: Callable[[Ranks], Any]) -> list[Any]:
    """What every rank's `work` gives; what one of them raises is raised here."""
    at = Table(world)

    def one(rank: int) -> Any:
        try:
            return work(ThreadRank(rank, world, "cpu", table=at))
        except BaseException:
            at.barrier.abort()
            raise

    with ThreadPoolExecutor(world) as pool:
        done = [pool.submit(one, rank) for rank in range(world)]
    errors = [error for each in done if (error := each.exception()) is not None]
    for error in errors:
        if not isinstance(error, threading.BrokenBarrierError):
            raise error
    return [each.result() for each in done]
