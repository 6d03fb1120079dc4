"""Which of several processes speaks when all of them meet the same mistake."""

import os
import sys
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.distributed import Store  # type: ignore[attr-defined]

_PATIENCE = timedelta(seconds=5)


def say(sentence: str) -> None:
    """Print a sentence on standard error: of several processes, the first that has one does.

    They agree through the store that torchrun keeps. Where it cannot be reached, each speaks: a
    sentence too many is better than none.
    """
    store = _common_store()
    if store is None:
        _print(sentence)
        return
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    turn, said = (f"vit-inspector/{word}/{attempt}" for word in ("turn", "said"))
    if store.add(turn, 1) == 1:
        _print(sentence)
        store.set(said, "yes")
        return
    # torchrun ends all processes once one has ended: the one that speaks is let finish.
    with suppress(RuntimeError):
        store.wait([said], _PATIENCE)


def _print(sentence: str) -> None:
    rank = os.environ.get("RANK", "0")
    named = _processes() > 1 and rank != "0"
    print(f"Process {rank}: {sentence}" if named else sentence, file=sys.stderr, flush=True)


def _common_store() -> "Store | None":
    """Of the processes that were started together; None for one alone."""
    if _processes() == 1:
        return None
    try:
        from torch.distributed import TCPStore  # type: ignore[attr-defined]

        host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        return TCPStore(host, port, is_master=False, timeout=_PATIENCE)
    except (KeyError, ValueError, RuntimeError, ImportError):
        return None


def _processes() -> int:
    given = os.environ.get("WORLD_SIZE", "1")
    return int(given) if given.isdecimal() else 1
