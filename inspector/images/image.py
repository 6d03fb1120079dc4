"""An open image: its card, and its slices read when they are wanted."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from inspector.core.errors import BadRequest
from inspector.core.images import ImageCard, Plane, Slice, SliceAddress

MOST_KEPT_BYTES = 128 << 20
"""Slices read lately are kept up to this size, so that stepping back and forth is quick."""


class InputImage:
    """What a reader gives; slices are read from the file one by one and the latest are kept.

    Parameters
    ----------
    card
        What is shown of it.
    files
        All files it is read from.
    read
        Gives the slice at an address that exists; raises `BadImage` where the file is damaged.
    close
        Lets go of the files and of what was kept of them.
    """

    def __init__(
        self,
        card: ImageCard,
        files: Sequence[Path],
        read: Callable[[SliceAddress], Slice],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.card = card
        self.files = tuple(files)
        self._read = read
        self._close = close
        self._kept: OrderedDict[SliceAddress, Slice] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, at: SliceAddress) -> Slice:
        """Read one slice.

        Raises
        ------
        BadRequest
            When there is no such slice.
        BadImage
            When it cannot be read.
        """
        self._check(at)
        with self._lock:
            found = self._kept.pop(at, None) or self._read(at)
            self._kept[at] = found
            while len(self._kept) > 1 and sum(map(_size, self._kept.values())) > MOST_KEPT_BYTES:
                self._kept.popitem(last=False)
            return found

    def read_once(self, at: SliceAddress) -> Slice:
        """As `read`, for one who goes through all slices: it is not kept."""
        self._check(at)
        with self._lock:
            return self._kept.get(at) or self._read(at)

    def middle(self) -> SliceAddress:
        """The address to look at first: the middle of a volume, the first of loose pictures."""
        plane = self.card.planes[0]
        is_volume = len(self.card.planes) > 1
        return SliceAddress(plane, self.card.slices[plane] // 2 if is_volume else 0)

    def close(self) -> None:
        """Let go of the files; a closed image is not read any more."""
        with self._lock:
            self._kept.clear()
            self._close()

    def _check(self, at: SliceAddress) -> None:
        if at.plane not in self.card.slices:
            planes = ", ".join(plane.value for plane in self.card.planes)
            raise BadRequest(
                f"“{self.card.label}” has no {at.plane.value} slices.",
                advice=f"Choose one of: {planes}.",
            )
        count = self.card.slices[at.plane]
        if not 0 <= at.index < count:
            raise BadRequest(
                f"“{self.card.label}” has no {_plane_words(at.plane)} {at.index}: there are "
                f"{count}, counted from 0."
            )
        if not 0 <= at.time < self.card.times:
            raise BadRequest(
                f"“{self.card.label}” has no point in time {at.time}: there are "
                f"{self.card.times}, counted from 0."
            )


def _plane_words(plane: Plane) -> str:
    return "slice" if plane is Plane.STORED else f"{plane.value} slice"


def _size(picture: Slice) -> int:
    return picture.values.nbytes + (0 if picture.hidden is None else picture.hidden.nbytes)
