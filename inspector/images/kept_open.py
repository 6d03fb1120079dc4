"""A few files with many pictures, kept open while several threads read from them."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from inspector.images.image import InputImage

MOST_OPEN = 4
"""A volume that is packed is kept whole in memory while it is open."""


@dataclass(eq=False)
class _Entry:
    """An open image; `lock` is held while it is opened, `users` counts who reads from it."""

    image: InputImage | None = None
    users: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class KeptOpen:
    """Images by their file; those not read from for longest are closed, once nobody reads them.

    Parameters
    ----------
    open_image
        Opens a file; raises `BadImage`.
    most
        How many are kept open when nobody reads.
    """

    def __init__(self, open_image: Callable[[Path], InputImage], *, most: int = MOST_OPEN) -> None:
        self._open_image = open_image
        self._most = most
        self._entries: OrderedDict[Path, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def borrowed(self, path: Path) -> Iterator[InputImage]:
        """The image of a file, which stays open until it is given back.

        Raises
        ------
        BadImage
            When it cannot be opened; nothing is kept of it then.
        """
        with self._lock:
            entry = self._entries.setdefault(path, _Entry())
            self._entries.move_to_end(path)
            entry.users += 1
        try:
            with entry.lock:
                if entry.image is None:
                    entry.image = self._open_image(path)
                image = entry.image
            yield image
        finally:
            with self._lock:
                entry.users -= 1
            self._close_beyond(self._most)

    def close(self) -> None:
        """Close all that nobody reads from, and the others once they are given back."""
        self._most = 0
        self._close_beyond(0)

    def _close_beyond(self, most: int) -> None:
        with self._lock:
            unused = [path for path, entry in self._entries.items() if entry.users == 0]
            never = [path for path in unused if self._entries[path].image is None]
            beyond = [path for path in unused if path not in never]
            beyond = beyond[: max(0, len(self._entries) - len(never) - most)]
            closed = [self._entries.pop(path) for path in (*never, *beyond)]
        for entry in closed:
            if entry.image is not None:
                entry.image.close()
