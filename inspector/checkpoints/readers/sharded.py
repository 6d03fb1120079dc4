"""Weights in several files, with an index that says which tensor is in which."""

from pathlib import Path
from types import MappingProxyType
from typing import Any

from inspector.checkpoints.checkpoint import Checkpoint, LazyTensor, Section
from inspector.checkpoints.json_text import read_json
from inspector.checkpoints.reader import Candidate, Reader, Request
from inspector.checkpoints.sections import no_such_section
from inspector.core.errors import BadCheckpoint

_MOST_INDEX = 16 << 20
_MOST_SHARDS = 1000
_SUFFIXES = (".safetensors", ".bin", ".pth", ".pt")


def matches(given: Candidate) -> bool:
    """A JSON text by the name of an index."""
    return given.head.lstrip()[:1] == b"{" and given.path.name.endswith(".index.json")


def open_sharded(request: Request) -> Checkpoint:
    """Open every shard and list what the index names."""
    if request.section:
        raise no_such_section(request.path.name, request.section, ())
    places = _places(request.path)
    names = list(dict.fromkeys(places.values()))
    _check_shards(request.path, names)
    shards: dict[str, Checkpoint] = {}
    try:
        for done, name in enumerate(names):
            request.progress(done, len(names), f"Opening {name}")
            shards[name] = request.open_part(request.path.parent / name)
        return _joined(request.path, places, shards)
    except BaseException:
        _close(shards)
        raise


def _places(index: Path) -> dict[str, str]:
    """File name by tensor name."""
    content = read_json(index, most=_MOST_INDEX)
    places = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(places, dict) or not places:
        raise BadCheckpoint(
            f"“{index.name}” is no index of weights: it has no “weight_map”.",
            advice="Open the file with the weights, or the folder.",
        )
    for name in places.values():
        if not _is_plain_name(name):
            raise BadCheckpoint(
                f"The index “{index.name}” names “{name!s:.80}”, which is not a checkpoint in "
                "the same folder.",
                advice="Download the index again.",
            )
    return places


def _is_plain_name(name: Any) -> bool:
    """Whether a shard's name is a file name and nothing else: no folder, no drive, no dots."""
    if not isinstance(name, str) or not name.endswith(_SUFFIXES):
        return False
    return not (set(name) & set("/\\:\0") or name.startswith("."))


def _check_shards(index: Path, names: list[str]) -> None:
    if len(names) > _MOST_SHARDS:
        raise BadCheckpoint(f"The index “{index.name}” names {len(names)} files.")
    missing = [name for name in names if not (index.parent / name).is_file()]
    if missing:
        raise BadCheckpoint(
            f"{len(missing)} of the {len(names)} files that “{index.name}” names are missing, "
            f"“{missing[0]}” for one.",
            advice="Download them into the same folder.",
        )


def _joined(index: Path, places: dict[str, str], shards: dict[str, Checkpoint]) -> Checkpoint:
    tensors: dict[str, LazyTensor] = {}
    for name, file_name in places.items():
        tensor = shards[file_name].tensors.get(name)
        if tensor is None:
            raise BadCheckpoint(
                f"“{index.name}” says that “{name[:120]}” is in “{file_name}”; it is not.",
                advice="Download index and files again, all from one place.",
            )
        tensors[name] = tensor
    parts = tuple(shards.values())
    extra = sum(len(part.tensors) for part in parts) - len(tensors)
    notes = [note for part in parts for note in part.notes]
    if extra > 0:
        notes.append(f"{extra} tensors of the files are not in the index, and are not shown.")
    elements = sum(tensor.size for tensor in tensors.values())
    return Checkpoint(
        path=index,
        files=(index, *(file for part in parts for file in part.files)),
        container=f"sharded {parts[0].container}",
        tensors=MappingProxyType(tensors),
        sections=(Section("", len(tensors), elements),),
        foreign=tuple(sorted({name for part in parts for name in part.foreign})),
        notes=tuple(notes[:20]),
        close_files=lambda: _close(shards),
    )


def _close(shards: dict[str, Checkpoint]) -> None:
    for shard in shards.values():
        shard.close()


READER = Reader("sharded", matches, open_sharded)
