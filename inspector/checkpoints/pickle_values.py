"""What a pickle is read into: plain values, and inert records of everything else."""

from dataclasses import dataclass
from typing import Any

from inspector.checkpoints.mapped_file import MappedFile
from inspector.core.errors import BadCheckpoint


@dataclass(frozen=True, slots=True)
class Global:
    """The name of a class or function; nothing of that name is ever looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Instance:
    """What calling a named class or function would have made, had anything been called.

    Parameters
    ----------
    kind
        The class or function; None where the file called something that is no name.
    state
        What the object's attributes would have been set from.
    items, members
        What would have been stored in it by key, and appended to it.
    """

    kind: Global | None
    args: tuple[Any, ...] = ()
    state: Any = None
    items: dict[Any, Any] | None = None
    members: list[Any] | None = None

    @property
    def attributes(self) -> dict[Any, Any]:
        """Attributes by name, where the state is of the usual forms.

        Of an object with both a dictionary and slots the dictionary: nothing is copied.
        """
        state = self.state
        if isinstance(state, tuple) and len(state) == 2:
            return _dict(state[0]) or _dict(state[1])
        return _dict(state)


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """A long string of the pickle, left in the file: `text` says which kind it is."""

    file: MappedFile
    start: int
    count: int
    text: bool

    def read_text(self, most: int) -> str:
        """Read a text of at most `most` bytes."""
        if not self.text or self.count > most:
            raise BadCheckpoint(f"A text of {self.count} bytes is too long to be read.")
        return self.file.read(self.start, self.count).decode("utf-8", errors="replace")

    def read_bytes(self) -> bytes:
        """Read as bytes; of a text, those that its first 256 characters stand for (latin-1)."""
        raw = self.file.read(self.start, self.count)
        return raw.decode("utf-8").encode("latin-1") if self.text else raw


@dataclass(slots=True, eq=False)
class Storage:
    """A run of numbers outside the pickle, by its key; `first` is where a view of it starts."""

    key: str
    dtype: str
    elements: int
    first: int = 0


@dataclass(slots=True, eq=False)
class TensorRecord:
    """A tensor: a strided window on a storage, both counted in elements."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(slots=True, eq=False)
class ArrayRecord:
    """A numpy array inside the pickle; complete once its state was set."""

    shape: tuple[int, ...] = ()
    dtype: "DtypeRecord | None" = None
    columns_first: bool = False
    data: "bytes | str | Span | None" = None


@dataclass(slots=True, eq=False)
class DtypeRecord:
    """A numpy dtype: its code (``f4``) and byte order (``<``, ``>``)."""

    code: str
    order: str = "<"


@dataclass(frozen=True, slots=True, eq=False)
class Unreadable:
    """A tensor whose numbers are not in the file, or in a form that is not read."""

    reason: str
    shape: tuple[int, ...] = ()


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
