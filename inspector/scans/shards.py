"""Files of at most 64 records: whole or not there at all, and checked when they are read.

A shard is eight bytes that say so, the length and the CRC-32 of a header, the header as JSON, and
then the arrays one after the other, whose CRC-32 the header tells. Its name is made from the keys
of what it holds, so that two processes that keep the same pictures write the same file.
"""

import hashlib
import json
import os
import struct
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from inspector.analysis.measurement import Array, Record, Records

MOST_RECORDS = 64
SUFFIX, UNFINISHED = ".shard", ".tmp"
_MAGIC = b"vitscan1"
_LENGTHS = struct.Struct("<II")


class DamagedShard(Exception):
    """The file is not whole, or not what was written."""


@dataclass(frozen=True, eq=False)
class Shard:
    """Records of some pictures.

    Parameters
    ----------
    keys
        Of the pictures that have a record.
    records
        Arrays whose leading axis is that of the keys; none where there are no keys.
    uncounted
        Keys of the pictures that do not count, with the reason.
    """

    keys: tuple[str, ...] = ()
    records: Records = field(default_factory=dict)
    uncounted: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of its file: what it holds, and how many."""
        held = sorted((*self.keys, *self.uncounted))
        made = hashlib.sha256("\n".join(held).encode()).hexdigest()[:32]
        return f"{made}-{len(held):02d}{SUFFIX}"


def stacked(records: Sequence[Record]) -> dict[str, Array]:
    """Several records of one picture each in one."""
    names = records[0] if records else ()
    return {name: np.stack([record[name] for record in records]) for name in names}


def count_in(name: str) -> int:
    """How many pictures a shard holds, from the name of its file."""
    digits = name.removesuffix(SUFFIX).rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def write_shard(folder: Path, shard: Shard) -> int:
    """Write a shard whole or not at all, and say how many bytes it has.

    Raises
    ------
    OSError
        When it cannot be written; nothing is left behind then.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in shard.records.items()}
    header = _header(shard, arrays)
    number, name = tempfile.mkstemp(dir=folder, suffix=UNFINISHED)
    unfinished, place = Path(name), folder / shard.name
    try:
        with os.fdopen(number, "wb") as file:
            file.write(_MAGIC + _LENGTHS.pack(len(header), zlib.crc32(header)) + header)
            for array in arrays.values():
                file.write(_bytes_of(array))
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        _put(unfinished, place)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    return size


def keys_in(path: Path) -> tuple[str, ...]:
    """Which pictures a shard holds; its arrays are not read.

    Raises
    ------
    DamagedShard
        When it is not whole, or its header is not what was written.
    OSError
        When it cannot be read.
    """
    with path.open("rb") as file:
        header, begin = _read_header(file.read(len(_MAGIC) + _LENGTHS.size), file.read)
        if os.fstat(file.fileno()).st_size != begin + int(header["bytes"]):
            raise DamagedShard(path.name)
    return (*header["keys"], *header["uncounted"])


def read_shard(path: Path) -> Shard:
    """Read a shard; its arrays are read-only.

    Raises
    ------
    DamagedShard
        When it is not what was written.
    OSError
        When it cannot be read.
    """
    with path.open("rb") as file:
        header, _ = _read_header(file.read(len(_MAGIC) + _LENGTHS.size), file.read)
        payload = file.read()
    if len(payload) != header["bytes"] or zlib.crc32(payload) != header["crc"]:
        raise DamagedShard(path.name)
    records: dict[str, Array] = {}
    begin = 0
    for name, dtype, shape in header["arrays"]:
        kind, count = np.dtype(dtype), int(np.prod(shape, dtype=np.int64))
        records[name] = np.frombuffer(payload, kind, count, begin).reshape(shape)
        begin += count * kind.itemsize
    return Shard(tuple(header["keys"]), records, header["uncounted"])


def _header(shard: Shard, arrays: Mapping[str, Array]) -> bytes:
    crc = 0
    for array in arrays.values():
        crc = zlib.crc32(_bytes_of(array), crc)
    return json.dumps(
        {
            "keys": shard.keys,
            "uncounted": dict(shard.uncounted),
            "arrays": [[name, array.dtype.str, array.shape] for name, array in arrays.items()],
            "bytes": sum(array.nbytes for array in arrays.values()),
            "crc": crc,
        }
    ).encode()


def _bytes_of(array: Array) -> memoryview:
    """Of a contiguous array, without a copy."""
    return array.reshape(-1).view(np.uint8).data


def _read_header(start: bytes, read: Callable[[int], bytes]) -> tuple[dict[str, Any], int]:
    """What a shard says of itself, and where its arrays begin."""
    if len(start) != len(_MAGIC) + _LENGTHS.size or not start.startswith(_MAGIC):
        raise DamagedShard
    length, crc = _LENGTHS.unpack(start[len(_MAGIC) :])
    text = read(length)
    if len(text) != length or zlib.crc32(text) != crc:
        raise DamagedShard
    header: dict[str, Any] = json.loads(text)
    return header, len(start) + length


def _put(unfinished: Path, place: Path) -> None:
    """Give a finished file its name; on Windows that fails while another process reads the old."""
    try:
        unfinished.replace(place)
    except PermissionError:
        if not place.exists():
            raise
        unfinished.unlink()
