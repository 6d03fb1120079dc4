"""``.npz``: a zip file of numpy arrays, as Flax and big_vision publish ViT weights."""

import math
import re
import struct
import zlib
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from inspector.checkpoints.checkpoint import Checkpoint, LazyTensor, Section
from inspector.checkpoints.layout import MOST_AXES, Layout, rows_first
from inspector.checkpoints.lazy_tensors import listed
from inspector.checkpoints.mapped_file import MappedFile
from inspector.checkpoints.number_types import TYPES, Array, NumberType, of_numpy
from inspector.checkpoints.reader import Candidate, Reader, Request
from inspector.checkpoints.sections import no_such_section
from inspector.checkpoints.zip_directory import (
    DEFLATED,
    STORED,
    Member,
    first_name,
    locate,
    read_directory,
)
from inspector.core.errors import BadCheckpoint

_MAGIC = b"\x93NUMPY"
_MOST_HEADER = 1 << 14
_FREE_SIZE = 64 << 20
_MOST_RATIO = 100
_CODE = re.compile(r"'descr'\s*:\s*'([^']{0,8})'")
_ORDER = re.compile(r"'fortran_order'\s*:\s*(True|False)")
_SHAPE = re.compile(r"'shape'\s*:\s*\(([\dL,\s]{0,600})\)")
_TRAINING = ("opt/", "opt_state/", "optimizer/")


def matches(given: Candidate) -> bool:
    """A zip file whose first member is a numpy array."""
    return first_name(given.head).endswith(".npy")


def open_npz(request: Request) -> Checkpoint:
    """Read each array's header; the numbers stay in the file."""
    if request.section:
        raise no_such_section(request.path.name, request.section, ())
    file = MappedFile(request.path)
    try:
        return _open(file, request)
    except BaseException:
        file.close()
        raise


def _open(file: MappedFile, request: Request) -> Checkpoint:
    tensors: dict[str, LazyTensor] = {}
    notes: list[str] = []
    training = 0
    for listed_member in read_directory(file).values():
        member = locate(file, listed_member)
        name = member.name.removesuffix(".npy")
        if not member.name.endswith(".npy"):
            notes.append(f"Not read, because it is no array: “{member.name[:120]}”.")
        elif name.startswith(_TRAINING):
            training += 1
        else:
            _list(_Packed(file, member), name, tensors, notes)
    if training:
        notes.append(f"{training} tensors of the optimizer were left unread.")
    if not tensors:
        raise BadCheckpoint(
            f"“{request.path.name}” holds no array of numbers.",
            advice="Open a file that holds the weights of a model.",
        )
    elements = sum(tensor.size for tensor in tensors.values())
    return Checkpoint(
        path=request.path,
        files=(request.path,),
        container="npz",
        tensors=MappingProxyType(tensors),
        sections=(Section("", len(tensors), elements),),
        notes=tuple(notes[:20]),
        close_files=file.close,
    )


@dataclass(frozen=True, slots=True)
class _Header:
    """What an array's header says, and how many bytes it takes."""

    code: str
    columns_first: bool
    shape: tuple[int, ...]
    size: int


def _list(packed: "_Packed", name: str, tensors: dict[str, LazyTensor], notes: list[str]) -> None:
    header = packed.header()
    number, big_endian = _number(header.code)
    if number is None:
        notes.append(f"Not read, because it holds no numbers: “{name[:120]}”.")
        return
    size = math.prod(header.shape) * number.itemsize
    if size != packed.member.size - header.size:
        raise packed.damaged(f"shape {header.shape} does not fit its size")
    shape = header.shape
    strides = rows_first(shape[::-1])[::-1] if header.columns_first else rows_first(shape)
    if packed.member.method == STORED:
        start = packed.member.start + header.size
        layout = Layout(
            packed.file, start, math.prod(shape), number, shape, strides, big_endian=big_endian
        )
        tensors[name] = listed(name, layout)
        return

    def read() -> Array:
        return packed.numbers(header, number, big_endian=big_endian)

    tensors[name] = LazyTensor(name, shape, number.name, read)


def _number(code: str) -> tuple[NumberType | None, bool]:
    """Number type of a code such as ``<f4``, and whether it is big-endian.

    JAX writes bfloat16 as two bytes without a meaning, ``|V2``.
    """
    if code in ("|V2", "<V2"):
        return TYPES["bfloat16"], False
    if code[1:2] not in ("b", "i", "u", "f", "c") or not code[2:].isdigit() or len(code) > 4:
        return None, False
    return of_numpy(np.dtype(code)), code[0] == ">"


@dataclass(frozen=True, slots=True)
class _Packed:
    """A member of the archive, stored or deflated."""

    file: MappedFile
    member: Member

    def header(self) -> _Header:
        """Read the array's header."""
        self._check()
        start = self.start(_MOST_HEADER)
        if start[:6] != _MAGIC or len(start) < 12:
            raise self.damaged("it does not start like an array")
        wide = start[6] > 1
        length = struct.unpack_from("<I" if wide else "<H", start, 8)[0]
        first = 12 if wide else 10
        if first + length > len(start):
            raise self.damaged("its header is too long")
        return self._fields(start[first : first + length].decode("latin-1"), first + length)

    def start(self, count: int) -> bytes:
        """The first `count` bytes, or all where there are fewer."""
        if self.member.method == STORED:
            return self.file.read(self.member.start, min(count, self.member.size))
        some = self.file.read(self.member.start, min(count, self.member.packed))
        return zlib.decompressobj(-15).decompress(some, count)

    def numbers(self, header: _Header, number: NumberType, *, big_endian: bool) -> Array:
        """Unpack and read; never more bytes than the directory claims."""
        packed = self.file.read(self.member.start, self.member.packed)
        raw = zlib.decompressobj(-15).decompress(packed, self.member.size + 1)
        if len(raw) != self.member.size or zlib.crc32(raw) != self.member.checksum:
            raise self.damaged("its numbers cannot be unpacked")
        stored = number.stored.newbyteorder(">") if big_endian else number.stored
        numbers = np.frombuffer(raw, stored, offset=header.size).astype(number.stored, copy=False)
        shaped = (
            numbers.reshape(header.shape[::-1]).T
            if header.columns_first
            else numbers.reshape(header.shape)
        )
        decoded: Array = shaped if number.decode is None else number.decode(shaped)
        decoded.setflags(write=False)
        return decoded

    def _check(self) -> None:
        member = self.member
        if member.method not in (STORED, DEFLATED):
            raise self.damaged(f"it is compressed by method {member.method}, which is not known")
        if member.size > max(_FREE_SIZE, _MOST_RATIO * member.packed):
            raise self.damaged(
                f"it would unfold from {member.packed:,} to {member.size:,} bytes, which no "
                "weights do"
            )

    def _fields(self, text: str, size: int) -> _Header:
        code, order, sizes = (form.search(text) for form in (_CODE, _ORDER, _SHAPE))
        if order is None or sizes is None:
            raise self.damaged("its header is none")
        shape = tuple(int(n) for n in re.findall(r"\d+", sizes[1]))
        if len(shape) > MOST_AXES or max((0, *shape)) >= 1 << 40:
            raise self.damaged(f"it claims {len(shape)} axes of impossible sizes")
        return _Header(code[1] if code else "", order[1] == "True", shape, size)

    def damaged(self, what: str) -> BadCheckpoint:
        """What to raise when this member cannot be right."""
        return BadCheckpoint(
            f"“{self.file.path.name}” is damaged at “{self.member.name[:120]}”: {what}.",
            advice="Copy or download the file again.",
        )


READER = Reader("npz", matches, open_npz)
