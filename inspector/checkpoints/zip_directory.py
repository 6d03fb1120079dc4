"""The directory of a zip file, read without trusting it."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from inspector.checkpoints.mapped_file import MappedFile
from inspector.core.errors import BadCheckpoint

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MOST_ENTRIES = 200_000
_MOST_BYTES = 64 << 20
_FULL32 = 0xFFFFFFFF
_ENCRYPTED = 0x1
STORED, DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Member:
    """One file in the archive: its bytes lie at `start`, `packed` of them in the file."""

    name: str
    method: int
    start: int
    packed: int
    size: int
    checksum: int


def starts_like_zip(head: bytes) -> bool:
    """Whether the first bytes are those of a zip file."""
    return head[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def read_directory(file: MappedFile) -> Mapping[str, Member]:
    """Members by name, in the order of the archive.

    Raises
    ------
    BadCheckpoint
        When the archive was cut off, is encrypted, names a member twice, or lets members overlap.
    """
    count, size, start = _find_directory(file)
    if count > _MOST_ENTRIES or size > _MOST_BYTES:
        raise _damaged(file, f"its directory claims {count} members")
    table = file.read(start, size)
    members: dict[str, Member] = {}
    spans: list[tuple[int, int]] = []
    position = 0
    for _ in range(count):
        member, header, position = _read_entry(file, table, position)
        if member.name in members:
            raise _damaged(file, f"it holds two members named “{member.name[:80]}”")
        members[member.name] = member
        spans.append((header, member.start + member.packed))
    _check_apart(file, spans, start)
    return members


def _find_directory(file: MappedFile) -> tuple[int, int, int]:
    """Number of entries, bytes of the directory, and where it starts."""
    reach = min(file.size, _END.size + 0xFFFF)
    tail = file.read(file.size - reach, reach)
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or found + _END.size > len(tail):
        raise BadCheckpoint(
            f"“{file.path.name}” was cut off: a zip file ends with its directory, and this one "
            f"does not ({file.size} bytes).",
            advice="Copy or download the file again; a training that was killed may have left it "
            "unfinished.",
        )
    _, _, _, _, count, size, start, _ = _END.unpack_from(tail, found)
    end = file.size - reach + found
    if _FULL32 in (size, start) or count == 0xFFFF:
        count, size, start, end = _find_directory64(file, end)
    if start + size > end:
        raise _damaged(file, "its directory lies outside the file")
    return count, size, start


def _find_directory64(file: MappedFile, end: int) -> tuple[int, int, int, int]:
    if end < _LOCATOR64.size:
        raise _damaged(file, "its 64-bit directory is missing")
    mark, _, where, _ = _LOCATOR64.unpack(file.read(end - _LOCATOR64.size, _LOCATOR64.size))
    if mark != b"PK\x06\x07" or where + _END64.size > end:
        raise _damaged(file, "its 64-bit directory is missing")
    fields = _END64.unpack(file.read(where, _END64.size))
    if fields[0] != b"PK\x06\x06":
        raise _damaged(file, "its 64-bit directory is missing")
    return fields[7], fields[8], fields[9], where


def _read_entry(file: MappedFile, table: bytes, position: int) -> tuple[Member, int, int]:
    """A member, where its local header is, and where the next entry starts."""
    if position + _ENTRY.size > len(table):
        raise _damaged(file, "its directory ends too early")
    fields = _ENTRY.unpack_from(table, position)
    mark, _, _, flags, method, _, _, checksum, packed, size, n_name, n_extra, n_note = fields[:13]
    header = fields[16]
    at = position + _ENTRY.size
    name, extra = table[at : at + n_name], table[at + n_name : at + n_name + n_extra]
    if mark != b"PK\x01\x02":
        raise _damaged(file, "its directory has an entry that is none")
    if flags & _ENCRYPTED:
        raise BadCheckpoint(
            f"“{file.path.name}” is an encrypted zip file.", advice="Unpack it first."
        )
    if _FULL32 in (packed, size, header):
        size, packed, header = _wide(file, extra, (size, packed, header))
    start = _data_start(file, header, name)
    text = name.decode("utf-8", errors="surrogateescape")
    member = Member(text, method, start, packed, size, checksum)
    if method == STORED and packed != size:
        raise _damaged(file, f"“{text[:80]}” has two different sizes")
    return member, header, at + n_name + n_extra + n_note


def _wide(file: MappedFile, extra: bytes, narrow: tuple[int, ...]) -> tuple[int, int, int]:
    """Unpacked size, packed size and header position, from the 64-bit extra field."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == 1:
            values = list(struct.unpack_from(f"<{length // 8}Q", extra, at + 4))
            size, packed, header = (
                values.pop(0) if value == _FULL32 and values else value for value in narrow
            )
            return size, packed, header
        at += 4 + length
    raise _damaged(file, "a 64-bit size is missing")


def _data_start(file: MappedFile, header: int, name: bytes) -> int:
    local = file.read(header, _LOCAL.size + len(name))
    fields = _LOCAL.unpack_from(local)
    if fields[0] != b"PK\x03\x04" or fields[9] != len(name) or local[_LOCAL.size :] != name:
        raise _damaged(file, "a member is not where the directory says")
    if fields[2] & _ENCRYPTED:
        raise BadCheckpoint(
            f"“{file.path.name}” is an encrypted zip file.", advice="Unpack it first."
        )
    start: int = header + _LOCAL.size + fields[9] + fields[10]
    return start


def _check_apart(file: MappedFile, spans: list[tuple[int, int]], end: int) -> None:
    previous = 0
    for first, last in sorted(spans):
        if first < previous:
            raise _damaged(file, "its members overlap")
        previous = last
    if previous > end:
        raise _damaged(file, "a member reaches into the directory: the file was cut off")


def _damaged(file: MappedFile, what: str) -> BadCheckpoint:
    return BadCheckpoint(
        f"The zip file “{file.path.name}” is damaged: {what}.",
        advice="Copy or download the file again.",
    )
