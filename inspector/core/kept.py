"""Results that are kept for as long as there is room: the one used longest ago goes first."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Measured(Protocol):
    """Tells how much memory it holds."""

    @property
    def nbytes(self) -> int:
        """In bytes."""
        ...


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Measured)


class Kept(Generic[K, V]):
    """A dictionary of at most `limit` bytes; what was put in last is always held."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, which counts as used now; None where it is not kept."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Keep a value, and let go of those used longest ago until all fit."""
        self._forget(key)
        self._values[key] = value
        self._held += value.nbytes
        while self._held > self._limit and len(self._values) > 1:
            self._forget(next(iter(self._values)))

    def has_room(self, nbytes: int) -> bool:
        """Whether so much more fits without letting go of anything."""
        return self._held + nbytes <= self._limit

    def drop(self, unwanted: Callable[[K], bool]) -> None:
        """Let go of all whose key is unwanted."""
        for key in [key for key in self._values if unwanted(key)]:
            self._forget(key)

    def __contains__(self, key: K) -> bool:
        """Whether it is kept; does not count as used."""
        return key in self._values

    def __len__(self) -> int:
        """How many values are kept."""
        return len(self._values)

    def _forget(self, key: K) -> None:
        value = self._values.pop(key, None)
        if value is not None:
            self._held -= value.nbytes
