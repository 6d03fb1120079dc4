"""A pickle of numpy arrays, as Detectron2 and PaddlePaddle write their weights."""

from inspector.checkpoints.assembling import Pickled, assemble
from inspector.checkpoints.checkpoint import Checkpoint
from inspector.checkpoints.lazy_tensors import Placed, Storages
from inspector.checkpoints.mapped_file import MappedFile
from inspector.checkpoints.pickle_machine import PickleMachine
from inspector.checkpoints.pickle_rebuild import Rebuild
from inspector.checkpoints.reader import Candidate, Reader, Request
from inspector.core.errors import BadCheckpoint

_SUFFIXES = (".pkl", ".pickle", ".pdparams")


def matches(given: Candidate) -> bool:
    """The first opcode of a pickle since protocol 2; before that, the file's name."""
    head = given.head
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return True
    return bool(head) and given.path.suffix.lower() in _SUFFIXES


def open_plain_pickle(request: Request) -> Checkpoint:
    """Read the pickle; long arrays stay in the file."""
    file = MappedFile(request.path)
    try:
        return _open(file, request)
    except BaseException:
        file.close()
        raise


def _open(file: MappedFile, request: Request) -> Checkpoint:
    rebuild = Rebuild()
    machine = PickleMachine(file, 0, file.size, rebuild=rebuild, progress=request.progress)
    value = machine.read()
    pickled = Pickled(
        request.path, "pickle", value, Storages(file, _elsewhere), rebuild.foreign, file.close
    )
    return assemble(pickled, request.section)


def _elsewhere(key: str) -> Placed:
    raise BadCheckpoint(
        f"Its numbers (storage {key[:60]}) are in another file: this one was unpacked from a "
        "torch checkpoint.",
        advice="Open the checkpoint it was unpacked from.",
    )


READER = Reader("pickle", matches, open_plain_pickle)
