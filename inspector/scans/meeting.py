"""How the processes of one attempt find one another, past those that were lost before.

torchrun that starts processes anew (``--max-restarts``) may give them the store of the lost ones,
with the addresses that those have left there, and on several machines it does not tell the attempts
apart by number. So rank 0 of every attempt draws a name for it, and tells it to those processes
that it has seen itself.
"""

import json
import time
import uuid
from typing import Any

POLL_S = 0.05


def meet(store: Any, rank: int, world: int, *, seconds: float) -> str:
    """The name of this attempt, the same on all its ranks and on those of no other.

    Parameters
    ----------
    store
        One of `torch.distributed`, which all processes of all attempts share.
    seconds
        How long the others are waited for.

    Raises
    ------
    RuntimeError
        When they do not come.
    """
    mine, end = uuid.uuid4().hex, time.monotonic() + seconds
    if rank:
        store.set(f"here/{rank}", mine)
    while time.monotonic() < end:
        name = _told_to_all(store, mine, world) if rank == 0 else _heard(store, mine, rank)
        if name:
            return name
        time.sleep(POLL_S)
    raise RuntimeError(f"Of {world} processes not all have come in {seconds:.0f} s.")


def _told_to_all(store: Any, name: str, world: int) -> str:
    """Say on rank 0 who was seen; the name once all have heard it."""
    seen = [_read(store, f"here/{rank}") for rank in range(1, world)]
    store.set("attempt", json.dumps({"name": name, "seen": seen}))
    heard = all(_read(store, f"heard/{rank}") == name for rank in range(1, world))
    return name if heard else ""


def _heard(store: Any, mine: str, rank: int) -> str:
    """The name of the attempt whose rank 0 has seen this process."""
    attempt = json.loads(_read(store, "attempt") or '{"seen": []}')
    if mine not in attempt["seen"]:
        return ""
    store.set(f"heard/{rank}", attempt["name"])
    return str(attempt["name"])


def _read(store: Any, key: str) -> str:
    """What stands there; nothing where nobody has written yet."""
    return store.get(key).decode() if store.check([key]) else ""
