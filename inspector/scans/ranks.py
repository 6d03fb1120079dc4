"""Several processes that scan one folder together, as torchrun starts them.

Each is a rank. They talk little: who has kept what, and at the end what each has summed up. Bytes
are exchanged as tensors, with gloo between processors and NCCL between graphics processors. Ranks
wait for the slowest, and while they wait they can be interrupted.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from inspector.core.errors import BadRequest, DeviceUnavailable, InspectorError
from inspector.scans.meeting import meet

_LONGEST_WAIT = timedelta(days=30)
_LONGEST_MEETING = timedelta(minutes=30)
_PIECE = 1 << 26
_POLL_S = 0.02

Waiting = Callable[[], None]
"""Called every now and then while a rank waits for the others; what it raises ends the wait."""


class LostRank(InspectorError):
    """One of the processes of a scan has ended before its time."""


def _wait_quietly() -> None:
    """Do nothing meanwhile."""


@dataclass(frozen=True, eq=False)
class Ranks:
    """One process among those that work together; alone by default.

    Parameters
    ----------
    rank, world
        Which one it is, counted from 0, of how many.
    device
        Where it computes: ``cpu``, ``cuda:1``; empty where it works alone.
    starter
        Number of the process that has started it and watches over all; 0 where none does. Without
        it nobody would end a rank that waits for a lost one.
    """

    rank: int = 0
    world: int = 1
    device: str = ""
    starter: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this one gives the result."""
        return self.rank == 0

    def share(self, data: bytes, waiting: Waiting = _wait_quietly) -> list[bytes]:
        """Give bytes to all, and get those of all in the order of their ranks.

        Raises
        ------
        LostRank
            When another process has ended.
        """
        return [data] if self.world == 1 else self._exchanged(data, waiting, keep=True)

    def from_first(self, data: bytes, waiting: Waiting = _wait_quietly) -> bytes:
        """What rank 0 gives, on all; of the others nothing is sent.

        Raises
        ------
        LostRank
            When another process has ended.
        """
        if self.world == 1:
            return data
        size = int(self._sent(np.array([len(data)], np.int64), waiting)[0])
        found = bytearray()
        for begin in range(0, size, _PIECE):
            piece = np.zeros(min(_PIECE, size - begin), np.uint8)
            if self.is_first:
                piece[:] = np.frombuffer(data[begin : begin + piece.size], np.uint8)
            found += self._sent(piece, waiting).tobytes()
        return bytes(found)

    def gather(self, data: bytes, waiting: Waiting = _wait_quietly) -> list[bytes] | None:
        """Give bytes to rank 0, which gets those of all; None on the others.

        Raises
        ------
        LostRank
            When another process has ended.
        """
        if self.world == 1:
            return [data]
        found = self._exchanged(data, waiting, keep=self.is_first)
        return found if self.is_first else None

    def _exchanged(self, data: bytes, waiting: Waiting, *, keep: bool) -> list[bytes]:
        """Sizes first, then the bytes in pieces, each as long as the longest of them."""
        sizes = [int(n) for n in self._all(np.array([len(data)], np.int64), waiting).ravel()]
        found = [bytearray() for _ in sizes]
        for begin in range(0, max(sizes), _PIECE):
            length = min(_PIECE, max(sizes) - begin)
            piece = np.zeros(length, np.uint8)
            own = np.frombuffer(data[begin : begin + length], np.uint8)
            piece[: own.size] = own
            pieces = self._all(piece, waiting)
            if keep:
                for whole, part, size in zip(found, pieces, sizes, strict=True):
                    whole += part[: max(0, size - begin)].tobytes()
        return [bytes(whole) for whole in found]

    def _all(self, values: Any, waiting: Waiting) -> Any:
        """(world, n) of (n,) from everyone."""
        import torch
        from torch import distributed

        own = torch.from_numpy(values).to(self.device)
        rows = [torch.empty_like(own) for _ in range(self.world)]
        with _together():
            self._wait_for(distributed.all_gather(rows, own, async_op=True), waiting)
        return torch.stack(rows).cpu().numpy()

    def _sent(self, values: Any, waiting: Waiting) -> Any:
        """(n,) of rank 0."""
        import torch
        from torch import distributed

        sent = torch.from_numpy(values).to(self.device)
        with _together():
            self._wait_for(distributed.broadcast(sent, src=0, async_op=True), waiting)
        return sent.cpu().numpy()

    def _wait_for(self, work: Any, waiting: Waiting) -> None:
        while not work.is_completed():
            if self.starter and os.getppid() != self.starter:
                raise LostRank(
                    "The process that has started this one and the others has ended.",
                    advice="What was measured is kept: run the same command again to go on.",
                )
            waiting()
            time.sleep(_POLL_S)
        work.wait()


@contextmanager
def _together() -> Iterator[None]:
    """Say in a sentence that another process is lost."""
    try:
        yield
    except RuntimeError as error:
        raise LostRank(
            "Another process of this scan has ended, so that it cannot be finished.",
            advice="What was measured is kept: run the same command again to go on.",
            details=str(error),
        ) from error


ALONE = Ranks()


def under_torchrun() -> bool:
    """Whether this process is one of several that were started together."""
    return "RANK" in os.environ and "WORLD_SIZE" in os.environ


@contextmanager
def joined(device: str) -> Iterator[Ranks]:
    """Join the processes that torchrun has started; alone where it has started none, or one.

    Parameters
    ----------
    device
        ``cpu`` or ``cuda``, as `resolve_device` gives it; a rank takes the graphics processor of
        its number on its machine, and computes on `Ranks.device`.

    Raises
    ------
    DeviceUnavailable
        When its machine has fewer graphics processors than ranks.
    InspectorError
        When the processes do not find one another.
    """
    if not under_torchrun() or _number("WORLD_SIZE") == 1:
        yield Ranks(device=device)
        return
    from torch import distributed
    from torch.distributed import PrefixStore  # type: ignore[attr-defined]
    from torch.distributed.rendezvous import rendezvous

    place, backend = _place_of(device)
    try:
        store, rank, world = next(rendezvous("env://", timeout=_LONGEST_MEETING))
        name = meet(store, rank, world, seconds=_LONGEST_MEETING.total_seconds())
        distributed.init_process_group(
            backend,
            store=PrefixStore(name, store),
            rank=rank,
            world_size=world,
            timeout=_LONGEST_WAIT,
        )
    except (RuntimeError, ValueError) as error:
        raise InspectorError(
            "The processes of this scan did not find one another.",
            advice="Start them with torchrun, all with the same address and port.",
            details=str(error),
        ) from error
    try:
        yield Ranks(distributed.get_rank(), distributed.get_world_size(), place, os.getppid())
    finally:
        distributed.destroy_process_group()


def _place_of(device: str) -> tuple[str, str]:
    """Where this rank computes, and what its kind of device is talked to with."""
    if device == "cpu":
        return "cpu", "gloo"
    if device != "cuda":
        raise BadRequest(
            f"Several processes cannot share {device.upper()}.", advice="Use --device cpu or cuda."
        )
    import torch

    local, count = _number("LOCAL_RANK"), torch.cuda.device_count()
    if local >= count:
        raise DeviceUnavailable(
            f"Process {local} of this machine has no graphics processor: there are {count}.",
            advice="Start as many processes on a machine as it has, with --nproc-per-node.",
        )
    torch.cuda.set_device(local)
    return f"cuda:{local}", "nccl"


def _number(name: str) -> int:
    text = os.environ.get(name, "")
    if not text.isdecimal():
        raise BadRequest(f"The variable {name} is “{text}”, where a number was expected.")
    return int(text)
