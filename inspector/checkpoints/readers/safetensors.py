"""safetensors: a JSON header, then the numbers."""

import math
import struct
from types import MappingProxyType
from typing import Any

from inspector.checkpoints.checkpoint import Checkpoint, LazyTensor, Section
from inspector.checkpoints.json_text import parse_json
from inspector.checkpoints.layout import MOST_AXES, Layout, rows_first
from inspector.checkpoints.lazy_tensors import listed
from inspector.checkpoints.mapped_file import MappedFile
from inspector.checkpoints.number_types import TYPES
from inspector.checkpoints.reader import Candidate, Reader, Request
from inspector.checkpoints.sections import no_such_section
from inspector.core.errors import BadCheckpoint

_MOST_HEADER = 16 << 20
_MOST_META_TEXT = 2000
_LENGTH = struct.Struct("<Q")
_WORDS = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "F16": "float16",
    "BF16": "bfloat16",
    "U32": "uint32",
    "I32": "int32",
    "F32": "float32",
    "U64": "uint64",
    "I64": "int64",
    "F64": "float64",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2": "float8_e5m2",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
}


def matches(given: Candidate) -> bool:
    """A length of eight bytes, then a JSON object."""
    head = given.head
    if len(head) < 9:
        return False
    return head[8:9] == b"{" and head[4:8] == b"\0\0\0\0"


def open_safetensors(request: Request) -> Checkpoint:
    """Read the header; the numbers stay in the file."""
    file = MappedFile(request.path)
    try:
        return _open(file, request)
    except BaseException:
        file.close()
        raise


def _open(file: MappedFile, request: Request) -> Checkpoint:
    if request.section:
        raise no_such_section(request.path.name, request.section, ())
    header, start = _header(file)
    stored = header.pop("__metadata__", {})
    tensors: dict[str, LazyTensor] = {}
    notes: list[str] = []
    spans: list[tuple[int, int]] = []
    for name, entry in header.items():
        first, last, word, shape = _entry(file, name, entry)
        spans.append((first, last))
        if word not in _WORDS:
            notes.append(f"Not read, because of its type {word[:20]}: “{name[:120]}”.")
            continue
        number = TYPES[_WORDS[word]]
        count = math.prod(shape)
        if count * number.itemsize != last - first:
            raise _damaged(file, f"“{name[:120]}” has {last - first} bytes for shape {shape}")
        if start + last > file.size:
            raise _cut_off(file, start + last)
        layout = Layout(file, start + first, count, number, shape, rows_first(shape))
        tensors[name] = listed(name, layout)
    _check_apart(file, spans)
    if not tensors:
        raise BadCheckpoint(
            f"“{request.path.name}” is a safetensors file without a tensor that can be read.",
            advice="Open a file that holds the weights of a model.",
        )
    return Checkpoint(
        path=request.path,
        files=(request.path,),
        container="safetensors",
        tensors=MappingProxyType(tensors),
        sections=(Section("", len(tensors), sum(t.size for t in tensors.values())),),
        meta=MappingProxyType(_meta(stored)),
        notes=tuple(notes[:20]),
        close_files=file.close,
    )


def _header(file: MappedFile) -> tuple[dict[str, Any], int]:
    """The header, and where the numbers start."""
    length = _LENGTH.unpack(file.read(0, 8))[0]
    if length > _MOST_HEADER:
        raise _damaged(file, f"its header claims {length:,} bytes")
    if 8 + length > file.size:
        raise _cut_off(file, 8 + length)
    header = parse_json(file.read(8, length), file.path.name)
    if not isinstance(header, dict):
        raise _damaged(file, "its header is no list of tensors")
    return header, 8 + length


def _entry(file: MappedFile, name: str, entry: Any) -> tuple[int, int, str, tuple[int, ...]]:
    if not isinstance(entry, dict):
        raise _damaged(file, f"“{name[:120]}” is not described as a tensor")
    span, shape = _counts(entry.get("data_offsets")), _counts(entry.get("shape"))
    word = entry.get("dtype")
    if span is None or len(span) != 2 or span[0] > span[1]:
        raise _damaged(file, f"“{name[:120]}” has no place in the file")
    if shape is None or not isinstance(word, str):
        raise _damaged(file, f"“{name[:120]}” has no shape or type")
    return span[0], span[1], word, shape


def _meta(stored: Any) -> dict[str, str]:
    """The short texts that the writer left, such as ``format``."""
    pairs = stored.items() if isinstance(stored, dict) else ()
    return {k: v for k, v in pairs if isinstance(v, str) and len(v) <= _MOST_META_TEXT}


def _counts(value: Any) -> tuple[int, ...] | None:
    """The value as whole numbers that are not negative; None where it is something else."""
    if not isinstance(value, list) or len(value) > MOST_AXES:
        return None
    return tuple(value) if all(type(n) is int and 0 <= n < 1 << 60 for n in value) else None


def _check_apart(file: MappedFile, spans: list[tuple[int, int]]) -> None:
    previous = 0
    for first, last in sorted(spans):
        if first < previous:
            raise _damaged(file, "its tensors overlap")
        previous = last


def _cut_off(file: MappedFile, expected: int) -> BadCheckpoint:
    return BadCheckpoint(
        f"“{file.path.name}” was cut off: its header names {expected:,} bytes, the file has "
        f"{file.size:,}.",
        advice="Copy or download the file again.",
    )


def _damaged(file: MappedFile, what: str) -> BadCheckpoint:
    return BadCheckpoint(
        f"The safetensors file “{file.path.name}” is damaged: {what}.",
        advice="Copy or download the file again.",
    )


READER = Reader("safetensors", matches, open_safetensors)
