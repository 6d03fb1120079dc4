"""How long work tells what it has done, and learns that it is no longer wanted."""

from typing import Protocol


class Progress(Protocol):
    """Called once per unit of work (a block, a tensor, a file); units take at most about 100 ms.

    The callee may raise `inspector.core.errors.Cancelled`; the caller lets it pass.
    """

    def __call__(self, done: int, total: int, text: str = "") -> None:
        """Report `done` of `total` units; `text` names the current one."""


def silent(done: int, total: int, text: str = "") -> None:
    """Report nothing, cancel never."""
