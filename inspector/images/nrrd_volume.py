"""NRRD volumes: the header is read here, the numbers are kept; see teem.sourceforge.net/nrrd."""

import bz2
import math
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inspector.core.errors import BadImage
from inspector.core.images import ImageCard, Plane, Slice, SliceAddress, Values
from inspector.images.image import InputImage
from inspector.images.numbers import as_bytes, as_values, hidden_where_no_number
from inspector.images.reader import Pictures
from inspector.images.refusing import ADVICE, MOST_BYTES, refuse_large, refused_as_damaged
from inspector.images.volume import Affine, Volume, is_usable

_MOST_HEADER = 1 << 20
_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_CODES = {word: code for code, words in _TYPES.items() for word in words}
_TO_BODY = {
    "right-anterior-superior": (1.0, 1.0, 1.0),
    "ras": (1.0, 1.0, 1.0),
    "left-anterior-superior": (-1.0, 1.0, 1.0),
    "las": (-1.0, 1.0, 1.0),
    "left-posterior-superior": (-1.0, -1.0, 1.0),
    "lps": (-1.0, -1.0, 1.0),
}
_COLOURS = ("rgb-color", "rgba-color", "3-color", "4-color")


@dataclass(frozen=True)
class _Header:
    fields: dict[str, str]
    start: int

    def words(self, name: str) -> list[str]:
        return self.fields.get(name, "").lower().split()

    def vectors(self, name: str) -> list[tuple[float, ...] | None]:
        """As ``(1,0,0) none (0,1,0)``; None for an axis that is not in space."""
        found = re.findall(r"none|\([^()]{0,200}\)", self.fields.get(name, ""))
        return [
            None if word == "none" else tuple(float(part) for part in word[1:-1].split(","))
            for word in found
        ]


def open_volume(path: Path) -> InputImage:
    """Read header and numbers.

    Raises
    ------
    BadImage
        When it is damaged, too large, or its numbers lie in another file.
    """
    with refused_as_damaged(path.name, "NRRD"):
        header = _header(path)
        numbers = _numbers(path, header)
        return _input_image(path, header, *_arranged(path, header, numbers))


def count_pictures(path: Path) -> Pictures:
    """The slices of a volume's first plane, and the points in time; no number is read.

    Raises
    ------
    BadImage
        As `open_volume`, as far as the header tells.
    """
    with refused_as_damaged(path.name, "NRRD"):
        header = _header(path)
        code, sizes = _stored(path, header)
        # One number stands for all of them: only their arrangement is asked for.
        numbers = np.broadcast_to(np.zeros((), code), sizes[::-1])
        arranged, space, _ = _arranged(path, header, numbers)
        plane, slices = next(iter(_volume(header, arranged.shape[3:0:-1], space).slices.items()))
        return Pictures((path,), plane, slices, arranged.shape[0])


def _header(path: Path) -> _Header:
    with path.open("rb") as file:
        raw = file.read(_MOST_HEADER)
    if raw[:4] != b"NRRD":
        raise BadImage(f"“{path.name}” is called like NRRD, but is not of that format.")
    end = re.search(rb"\r?\n\r?\n", raw)
    if end is None:
        raise BadImage(f"“{path.name}” is damaged: its header has no end.", advice=ADVICE)
    fields = {}
    for line in raw[: end.start()].decode("latin-1").splitlines()[1:]:
        name, colon, value = line.partition(": ")
        if colon and not line.startswith("#"):
            fields[name.strip().lower()] = value.strip()
    if "data file" in fields or "datafile" in fields:
        raise BadImage(
            f"“{path.name}” is only a header: its numbers lie in another file, which is not read.",
            advice="Save it as one file (.nrrd) and open that.",
        )
    return _Header(fields, end.end())


def _stored(path: Path, header: _Header) -> tuple[str, list[int]]:
    """The type of the numbers, and how many there are along the axes, the fastest first."""
    code = _CODES.get(header.fields.get("type", "").lower())
    encoding = header.fields.get("encoding", "").lower()
    if code is None or encoding not in ("raw", "gzip", "gz", "bzip2", "bz2"):
        raise BadImage(
            f"“{path.name}” holds numbers of the type “{header.fields.get('type', '')[:40]}” in "
            f"the encoding “{encoding[:40]}”, which is not read here.",
            advice="Save it as raw or gzip.",
        )
    sizes = [int(word) for word in header.words("sizes")]
    if not sizes or min(sizes) < 1 or len(sizes) > 8:
        raise BadImage(f"“{path.name}” holds no picture: its sizes are {sizes}.", advice=ADVICE)
    need = int(code[1]) * math.prod(sizes)
    refuse_large(path.name, (1, need)) if need > MOST_BYTES else None
    return code, sizes


def _numbers(path: Path, header: _Header) -> Values:
    """All numbers, the fastest axis last as numpy has it."""
    code, sizes = _stored(path, header)
    need = int(code[1]) * math.prod(sizes)
    encoding = header.fields.get("encoding", "").lower()
    with path.open("rb") as file:
        file.seek(header.start)
        packed = file.read()
    raw = _unpacked(packed, encoding, need)
    if len(raw) < need:
        raise BadImage(
            f"“{path.name}” is cut short: {need:,} bytes of numbers were expected and "
            f"{len(raw):,} are there.",
            advice=ADVICE,
        )
    order = ">" if header.fields.get("endian", "little").lower() == "big" else "<"
    kept = np.frombuffer(raw, order + code, count=need // int(code[1]))
    return kept.astype(code).reshape(sizes[::-1])


def _unpacked(packed: bytes, encoding: str, need: int) -> bytes:
    """Never more bytes than the header claims."""
    if encoding == "raw":
        return packed
    if encoding in ("gzip", "gz"):
        return zlib.decompressobj(31).decompress(packed, need)
    return bz2.BZ2Decompressor().decompress(packed, need)


def _arranged(path: Path, header: _Header, numbers: Values) -> tuple[Values, list[int], bool]:
    """(times, third, second, first[, channels]) and which axes of the file lie in space."""
    axes = numbers.ndim
    directions = header.vectors("space directions")
    kinds = header.words("kinds")
    space = [
        axis
        for axis in range(axes)
        if (len(directions) != axes or directions[axis] is not None)
        and (len(kinds) != axes or kinds[axis] in ("domain", "space", "time", "???", "none"))
    ][:3]
    rest = [axis for axis in range(axes) if axis not in space]
    colour = [axis for axis in rest if len(kinds) == axes and kinds[axis] in _COLOURS]
    rest = [axis for axis in rest if axis not in colour]
    if not space:
        raise BadImage(f"“{path.name}” holds no picture: none of its axes lies in space.")
    order = [axes - 1 - axis for axis in (*rest[::-1], *space[::-1], *colour)]
    turned = np.transpose(numbers, order)
    sides = [numbers.shape[axes - 1 - axis] for axis in space] + [1] * (3 - len(space))
    tail = [numbers.shape[axes - 1 - axis] for axis in colour]
    return turned.reshape(-1, *sides[::-1], *tail), space, bool(colour)


def _input_image(
    path: Path, header: _Header, numbers: Values, space: list[int], is_colour: bool
) -> InputImage:
    volume = _volume(header, numbers.shape[3:0:-1], space)
    for plane in volume.slices:
        refuse_large(path.name, volume.picture_shape(plane), numbers.dtype.itemsize)
    planes = volume.slices
    held = [numbers]

    def read(at: SliceAddress) -> Slice:
        with refused_as_damaged(path.name, "NRRD"):
            values = _cut(volume, held[0][at.time], at.plane, at.index)
            values = as_bytes(values[..., :3]) if is_colour else as_values(values)
            return Slice(
                values=values,
                unit="" if is_colour else "stored value",
                hidden=None if is_colour else hidden_where_no_number(values),
                spacing=volume.spacing(at.plane),
                edges=volume.edges(at.plane),
                place=volume.place(at.plane, at.index),
            )

    card = ImageCard(
        label=path.name,
        path=str(path),
        format="NRRD",
        kind="colour" if is_colour else "",
        shape=volume.picture_shape(next(iter(planes))),
        slices=planes,
        times=numbers.shape[0],
        notes=volume.notes,
    )
    return InputImage(card, (path,), read, held.clear)


def _cut(volume: Volume, numbers: Values, plane: Plane, index: int) -> Values:
    def taken(axis: int, place: int) -> Values:
        return np.swapaxes(np.take(numbers, place, axis=2 - axis), 0, 1)

    return volume.cut(plane, index, taken)


def _volume(header: _Header, shape: tuple[int, ...], space: list[int]) -> Volume:
    affine: Affine = np.eye(4)
    signs = _TO_BODY.get(header.fields.get("space", "").lower())
    directions = header.vectors("space directions")
    origin = header.vectors("space origin")
    for place, axis in enumerate(space):
        vector = directions[axis] if axis < len(directions) else None
        if vector is not None and len(vector) == 3:
            affine[:3, place] = vector
    if origin and origin[0] is not None and len(origin[0]) == 3:
        affine[:3, 3] = origin[0]
    known = signs is not None and bool(directions) and is_usable(affine)
    if known:
        affine = np.diag([*(signs or ()), 1.0]) @ affine
    sized = bool(directions)
    if not directions:
        sized = _by_spacings(header, space, affine)
    usable = affine if is_usable(affine) else np.eye(4)
    first, second, third = (int(side) for side in shape[:3])
    return Volume(
        shape=(first, second, third),
        affine=usable,
        spacing_source="space directions" if directions else "spacings",
        has_orientation=known,
        has_spacing=sized,
    )


def _by_spacings(header: _Header, space: list[int], affine: Affine) -> bool:
    sizes = header.words("spacings")
    if len(sizes) <= max(space):
        return False
    for place, axis in enumerate(space):
        affine[place, place] = float(sizes[axis])
    return is_usable(affine)
