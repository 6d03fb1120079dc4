"""Where in a file a tensor's numbers lie, checked before anything is read."""

import math
from dataclasses import dataclass, field

import numpy as np

from inspector.checkpoints.mapped_file import MappedFile
from inspector.checkpoints.number_types import Array, NumberType
from inspector.core.errors import BadCheckpoint

MOST_AXES = 32
MOST_REPEATED = 1 << 24
"""How many elements a tensor may show that repeats stored ones (an ``expand``)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A strided window on a run of stored elements.

    Parameters
    ----------
    start, elements
        First byte, and number of elements, of the storage in the file.
    offset
        Element of the storage at which the tensor starts.
    shape, strides
        Rows first; strides count elements.
    big_endian
        Byte order of the stored elements.
    """

    file: MappedFile
    start: int
    elements: int
    number: NumberType
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0
    big_endian: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if len(self.shape) != len(self.strides) or len(self.shape) > MOST_AXES:
            raise BadCheckpoint(
                f"A tensor has {len(self.shape)} axes, {len(self.strides)} strides."
            )
        if min((self.offset, self.elements, *self.shape, *self.strides)) < 0:
            raise BadCheckpoint("A tensor has a negative size, stride or offset.")
        if max((0, *self.shape)) >= 1 << 40:
            raise BadCheckpoint(f"A tensor claims the impossible shape {self.shape}.")
        count = math.prod(self.shape)
        if count and self._last >= self.elements:
            raise BadCheckpoint(
                f"A tensor of shape {self.shape} reaches element {self._last} of a storage that "
                f"has {self.elements}."
            )
        if count > max(self.elements, MOST_REPEATED):
            raise BadCheckpoint(
                f"A tensor repeats {self.elements} stored numbers to the shape {self.shape}."
            )
        end = self.start + self.elements * self.number.itemsize
        if self.start < 0 or end > self.file.size:
            raise BadCheckpoint(
                f"A storage ends at byte {end}, but the file has {self.file.size}: it was cut off.",
                advice="Copy or download the file again.",
            )

    @property
    def _last(self) -> int:
        return self.offset + sum(
            (n - 1) * step for n, step in zip(self.shape, self.strides, strict=True)
        )

    def read(self) -> Array:
        """(shape) read-only; a view of the mapped file where numpy has the type."""
        if 0 in self.shape:
            return _locked(self._numbers(np.empty(self.shape, self.number.stored)))
        item = self.number.itemsize
        first = self.start + self.offset * item
        stored = np.ndarray(
            self.shape,
            self.number.stored.newbyteorder(">") if self.big_endian else self.number.stored,
            self.file.view(first, (self._last - self.offset + 1) * item),
            0,
            tuple(step * item for step in self.strides),
        )
        # numpy and torch compute on aligned numbers of the machine's byte order.
        if self.big_endian or not stored.flags.aligned:
            stored = stored.astype(self.number.stored)
        return _locked(self._numbers(stored))

    def _numbers(self, stored: Array) -> Array:
        return stored if self.number.decode is None else self.number.decode(stored)


def rows_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides, in elements, of a contiguous array whose last axis runs fastest."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


def _locked(array: Array) -> Array:
    array.setflags(write=False)
    return array
