"""From what a pickle says of its tensors to `LazyTensor`."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.checkpoints.checkpoint import LazyTensor
from inspector.checkpoints.layout import Layout, rows_first
from inspector.checkpoints.mapped_file import MappedFile
from inspector.checkpoints.number_types import TYPES, Array, of_numpy
from inspector.checkpoints.pickle_rebuild import numpy_dtype
from inspector.checkpoints.pickle_values import ArrayRecord, Span, TensorRecord, Unreadable
from inspector.core.errors import BadCheckpoint

Record = TensorRecord | ArrayRecord | Unreadable
_RECORDS = (TensorRecord, ArrayRecord, Unreadable)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the numbers of a storage lie in the file, in bytes, and its type if that is known."""

    start: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Storages:
    """Finds storages by their key."""

    file: MappedFile
    find: Callable[[str], Placed]
    big_endian: bool = False


def is_record(value: Any) -> bool:
    """Whether a value of the pickle is a tensor, readable or not."""
    return isinstance(value, _RECORDS)


def why_unreadable(record: Record) -> str:
    """In words, why a tensor cannot be read; empty where it can."""
    if isinstance(record, Unreadable):
        return record.reason
    if isinstance(record, ArrayRecord):
        return _why_array_unreadable(record)
    if record.dtype in TYPES:
        return ""
    return f"of the type {record.dtype}" if record.dtype else "of an unknown type"


def lazy_tensor(name: str, record: Record, storages: Storages) -> LazyTensor:
    """Check a readable record against the file and list it.

    Raises
    ------
    BadCheckpoint
        When it reaches outside its storage, or its storage outside the file.
    """
    try:
        if isinstance(record, TensorRecord):
            return _of_storage(name, record, storages)
        assert isinstance(record, ArrayRecord)
        return _of_array(name, record, storages.file)
    except BadCheckpoint as error:
        raise BadCheckpoint(
            f"“{storages.file.path.name}” is damaged at “{name[:120]}”: {error.message}",
            advice=error.advice or "Copy or download the file again.",
        ) from error


def listed(name: str, layout: Layout) -> LazyTensor:
    """List a checked layout."""
    return LazyTensor(name, layout.shape, layout.number.name, layout.read)


def _of_storage(name: str, record: TensorRecord, storages: Storages) -> LazyTensor:
    number, storage = TYPES[record.dtype], record.storage
    placed = storages.find(storage.key)
    own = TYPES.get(storage.dtype, number).itemsize
    if (storage.first + storage.elements) * own > placed.bytes:
        raise BadCheckpoint(
            f"Its storage should have {(storage.first + storage.elements) * own} bytes; it has "
            f"{placed.bytes}."
        )
    layout = Layout(
        storages.file,
        placed.start + storage.first * own,
        storage.elements * own // number.itemsize,
        number,
        record.shape,
        record.strides,
        record.offset,
        big_endian=storages.big_endian,
    )
    return listed(name, layout)


def _why_array_unreadable(record: ArrayRecord) -> str:
    if record.dtype is None or record.data is None:
        return "an array of objects"
    try:
        return "" if of_numpy(numpy_dtype(record.dtype)) else "an array of an unknown type"
    except BadCheckpoint as error:
        return error.message


def _of_array(name: str, record: ArrayRecord, file: MappedFile) -> LazyTensor:
    assert record.dtype is not None
    dtype, data = numpy_dtype(record.dtype), record.data
    number = of_numpy(dtype)
    assert number is not None
    shape = record.shape
    count = math.prod(shape)
    if isinstance(data, Span) and not data.text:
        if data.count != count * number.itemsize:
            raise BadCheckpoint(f"An array of shape {shape} has {data.count} bytes.")
        strides = rows_first(shape[::-1])[::-1] if record.columns_first else rows_first(shape)
        big = record.dtype.order == ">"
        return listed(name, Layout(file, data.start, count, number, shape, strides, big_endian=big))
    held = 0 if data is None else data.count if isinstance(data, Span) else len(data)
    if held < count * number.itemsize:
        raise BadCheckpoint(f"An array of shape {shape} has {held} bytes.")
    return LazyTensor(name, shape, number.name, lambda: _inline(record, dtype, count))


def _inline(record: ArrayRecord, dtype: "np.dtype[Any]", count: int) -> Array:
    data = record.data
    if isinstance(data, Span):
        data = data.read_bytes()
    elif isinstance(data, str):
        data = data.encode("latin-1")
    if data is None or len(data) != count * dtype.itemsize:
        raise BadCheckpoint(f"An array of shape {record.shape} does not have that many numbers.")
    numbers = np.frombuffer(data, dtype).astype(dtype.newbyteorder("="), copy=False)
    numbers.setflags(write=False)
    if record.columns_first:
        return numbers.reshape(record.shape[::-1]).T
    return numbers.reshape(record.shape)
