"""The run of pickles, then raw numbers, that ``torch.save`` wrote before torch 1.6."""

import struct
from collections.abc import Mapping
from typing import Any

from inspector.checkpoints.assembling import Pickled, assemble
from inspector.checkpoints.checkpoint import Checkpoint
from inspector.checkpoints.lazy_tensors import Placed, Storages
from inspector.checkpoints.mapped_file import MappedFile
from inspector.checkpoints.number_types import TYPES
from inspector.checkpoints.pickle_machine import PickleMachine
from inspector.checkpoints.pickle_rebuild import Rebuild
from inspector.checkpoints.pickle_values import Storage
from inspector.checkpoints.reader import Candidate, Reader, Request
from inspector.core.errors import BadCheckpoint

_MAGIC = 0x1950A86A20F9469CFC6C
_MAGIC_BINARY = b"\x8a\x0a" + _MAGIC.to_bytes(10, "little")
_MAGIC_DIGITS = b"L%dL\n" % _MAGIC
_PROTOCOL = 1001
_COUNT = struct.Struct("<q")
_QUANTISED = {"qint8": 1, "quint8": 1, "qint32": 4, "quint4x2": 1, "quint2x4": 1}


def matches(given: Candidate) -> bool:
    """Torch's magic number, pickled."""
    return _MAGIC_BINARY in given.head[:32] or given.head.startswith(_MAGIC_DIGITS)


def open_torch_legacy(request: Request) -> Checkpoint:
    """Read the pickles, then step over the numbers to learn where each storage lies."""
    file = MappedFile(request.path)
    try:
        return _open(file, request)
    except BaseException:
        file.close()
        raise


def _open(file: MappedFile, request: Request) -> Checkpoint:
    rebuild = Rebuild()
    machine = PickleMachine(file, 0, file.size, rebuild=rebuild, progress=request.progress)
    magic, protocol, system = machine.read(), machine.read(), machine.read()
    if magic != _MAGIC or protocol != _PROTOCOL:
        raise BadCheckpoint(
            f"“{file.path.name}” says that it is a torch file of the version {protocol!s:.20}; "
            f"{_PROTOCOL} was expected.",
            advice="Load it with the torch that wrote it, and save it again.",
        )
    value = machine.read()
    keys = machine.read()
    placed = _place(file, machine.position, keys, rebuild.storages)
    big_endian = isinstance(system, dict) and system.get("little_endian") is False
    storages = Storages(file, lambda key: _find(placed, key), big_endian)
    pickled = Pickled(
        request.path, "legacy torch pickle", value, storages, rebuild.foreign, file.close
    )
    return assemble(pickled, request.section)


def _place(
    file: MappedFile, position: int, keys: Any, storages: Mapping[str, Storage]
) -> dict[str, Placed]:
    """Where each storage lies: the number of its elements, then the elements, key after key."""
    if not isinstance(keys, list):
        raise BadCheckpoint("The list of storages is missing.")
    placed: dict[str, Placed] = {}
    for key in keys:
        storage = storages.get(key) if isinstance(key, str) else None
        if storage is None:
            raise BadCheckpoint("A storage is listed that no tensor uses.")
        elements = _COUNT.unpack(file.read(position, _COUNT.size))[0]
        size = elements * _itemsize(storage.dtype)
        position += _COUNT.size
        if elements < 0 or position + size > file.size:
            raise BadCheckpoint(
                f"“{file.path.name}” was cut off: storage {key[:60]} should end at byte "
                f"{position + size:,}, the file has {file.size:,}.",
                advice="Copy or download the file again.",
            )
        placed[key] = Placed(position, size)
        position += size
    return placed


def _itemsize(dtype: str) -> int:
    if dtype in TYPES:
        return TYPES[dtype].itemsize
    if dtype in _QUANTISED:
        return _QUANTISED[dtype]
    raise BadCheckpoint("A storage holds numbers of an unknown type.")


def _find(placed: Mapping[str, Placed], key: str) -> Placed:
    if key not in placed:
        raise BadCheckpoint(f"Its storage {key[:60]} is not in the file.")
    return placed[key]


READER = Reader("legacy torch pickle", matches, open_torch_legacy)
