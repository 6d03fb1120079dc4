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


@dataclass(slots=True)
class Member:
    """One file in the archive.

    Parameters
    ----------
    header, limit
        Where its local header starts, and where the next member's does: between them it lies.
    packed, size
        Bytes in the archive, and bytes once unpacked.
    start
        Where its bytes start; -1 until `locate` has read the local header.
    """

    name: str
    method: int
    header: int
    packed: int
    size: int
    checksum: int
    limit: int = 0
    start: int = -1


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
    members: list[Member] = []
    position = 0
    for _ in range(count):
        member, position = _read_entry(file, table, position)
        members.append(member)
    return _apart(file, members, start)


def locate(file: MappedFile, member: Member) -> Member:
    """Fill in where the bytes of a member start, which only its local header tells.

    Raises
    ------
    BadCheckpoint
        When there is no such header, or the member reaches into the next.
    """
    name = member.name.encode("utf-8", errors="surrogateescape")
    local = file.read(member.header, _LOCAL.size + len(name))
    fields = _LOCAL.unpack_from(local)
    if fields[0] != b"PK\x03\x04" or fields[9] != len(name) or local[_LOCAL.size :] != name:
        raise _damaged(file, "a member is not where the directory says")
    if fields[2] & _ENCRYPTED:
        raise _encrypted(file)
    start = member.header + _LOCAL.size + fields[9] + fields[10]
    if start + member.packed > member.limit:
        raise _damaged(file, f"“{member.name[:80]}” reaches into what follows it")
    member.start = start
    return member


def first_name(head: bytes) -> str:
    """Name of the first member, from the first bytes of the file; empty where there is none."""
    if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
        return ""
    length = _LOCAL.unpack_from(head)[9]
    return head[_LOCAL.size : _LOCAL.size + length].decode("utf-8", errors="replace")


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


def _read_entry(file: MappedFile, table: bytes, position: int) -> tuple[Member, int]:
    """A member, and where the next entry starts."""
    if position + _ENTRY.size > len(table):
        raise _damaged(file, "its directory ends too early")
    fields = _ENTRY.unpack_from(table, position)
    mark, _, _, flags, method, _, _, checksum, packed, size, n_name, n_extra, n_note = fields[:13]
    header = fields[16]
    at = position + _ENTRY.size
    if mark != b"PK\x01\x02":
        raise _damaged(file, "its directory has an entry that is none")
    if flags & _ENCRYPTED:
        raise _encrypted(file)
    if _FULL32 in (packed, size, header):
        extra = table[at + n_name : at + n_name + n_extra]
        size, packed, header = _wide(file, extra, (size, packed, header))
    name = table[at : at + n_name].decode("utf-8", errors="surrogateescape")
    if method == STORED and packed != size:
        raise _damaged(file, f"“{name[:80]}” has two different sizes")
    return Member(name, method, header, packed, size, checksum), at + n_name + n_extra + n_note


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


def _apart(file: MappedFile, members: list[Member], end: int) -> dict[str, Member]:
    """Members by name, each with its limit; refused where two overlap or share a name."""
    previous = end
    for member in sorted(members, key=lambda m: m.header, reverse=True):
        if member.header + _LOCAL.size + len(member.name) + member.packed > previous:
            raise _damaged(file, "its members overlap")
        member.limit = previous
        previous = member.header
    named = {member.name: member for member in members}
    if len(named) != len(members):
        raise _damaged(file, "it holds two members of the same name")
    return named


def _encrypted(file: MappedFile) -> BadCheckpoint:
    return BadCheckpoint(f"“{file.path.name}” is an encrypted zip file.", advice="Unpack it first.")


def _damaged(file: MappedFile, what: str) -> BadCheckpoint:
    return BadCheckpoint(
        f"The zip file “{file.path.name}” is damaged: {what}.",
        advice="Copy or download the file again.",
    )
