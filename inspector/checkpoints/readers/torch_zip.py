"""The zip file that ``torch.save`` has written since torch 1.6."""

from collections.abc import Mapping

from inspector.checkpoints.assembling import Pickled, assemble
from inspector.checkpoints.checkpoint import Checkpoint
from inspector.checkpoints.lazy_tensors import Placed, Storages
from inspector.checkpoints.mapped_file import MappedFile
from inspector.checkpoints.pickle_machine import PickleMachine
from inspector.checkpoints.pickle_rebuild import Rebuild
from inspector.checkpoints.reader import Candidate, Reader, Request
from inspector.checkpoints.refusals import describe_zip
from inspector.checkpoints.zip_directory import (
    STORED,
    Member,
    locate,
    read_directory,
    starts_like_zip,
)
from inspector.core.errors import BadCheckpoint

_PICKLE = "data.pkl"


def matches(given: Candidate) -> bool:
    """Every zip file that is no npz: what else it may be is said on opening."""
    return starts_like_zip(given.head)


def open_torch_zip(request: Request) -> Checkpoint:
    """Read the pickle; tensors stay where they are, uncompressed, in the archive."""
    file = MappedFile(request.path)
    try:
        return _open(file, request)
    except BaseException:
        file.close()
        raise


def _open(file: MappedFile, request: Request) -> Checkpoint:
    members = read_directory(file)
    root = _root(request, members)
    index = _stored(file, members, root + _PICKLE)
    rebuild = Rebuild()
    machine = PickleMachine(
        file, index.start, index.start + index.size, rebuild=rebuild, progress=request.progress
    )
    value = machine.read()

    def find(key: str) -> Placed:
        member = _stored(file, members, f"{root}data/{key}")
        return Placed(member.start, member.size)

    storages = Storages(file, find, big_endian=_is_big_endian(file, members, root))
    pickled = Pickled(request.path, "torch zip", value, storages, rebuild.foreign, file.close)
    return assemble(pickled, request.section)


def _root(request: Request, members: Mapping[str, Member]) -> str:
    """The folder inside the archive that everything lies in, with its slash."""
    roots = [name[: -len(_PICKLE)] for name in members if name.endswith("/" + _PICKLE)]
    plain = [root for root in roots if root.count("/") == 1]
    if len(plain) != 1 or f"{plain[0]}constants.pkl" in members:
        raise describe_zip(request.path, tuple(members))
    return plain[0]


def _stored(file: MappedFile, members: Mapping[str, Member], name: str) -> Member:
    member = members.get(name)
    if member is None:
        raise BadCheckpoint(f"The archive has no member “{name[:120]}”.")
    if member.method != STORED:
        raise BadCheckpoint(
            f"The member “{name[:120]}” is compressed, which torch never does.",
            advice="Save the weights again with torch.save.",
        )
    return locate(file, member)


def _is_big_endian(file: MappedFile, members: Mapping[str, Member], root: str) -> bool:
    if f"{root}byteorder" not in members:
        return False
    member = _stored(file, members, f"{root}byteorder")
    return file.read(member.start, min(member.size, 8)) == b"big"


READER = Reader("torch zip", matches, open_torch_zip)
