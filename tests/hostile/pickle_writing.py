"""Writes pickles and checkpoint files opcode by opcode, also such as no pickler would write."""

import io
import pickle
import struct
import zipfile
from pathlib import Path

PROTO2 = b"\x80\x02"
STOP = b"."
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


def name(module: str, attribute: str) -> bytes:
    """GLOBAL."""
    return f"c{module}\n{attribute}\n".encode()


def stack_name(module: str, attribute: str) -> bytes:
    """STACK_GLOBAL, which also takes dotted attributes."""
    return text(module) + text(attribute) + b"\x93"


def text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def integer(value: int) -> bytes:
    raw = value.to_bytes(max(1, (value.bit_length() + 8) // 8), "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def row(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def called(function: bytes, *args: bytes) -> bytes:
    """REDUCE."""
    return function + row(*args) + b"R"


def dictionary(**items: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def storage(key: str = "0", elements: int = 4, kind: str = "FloatStorage") -> bytes:
    """BINPERSID of a storage."""
    parts = text("storage"), name("torch", kind), text(key), text("cpu"), integer(elements)
    return row(*parts) + b"Q"


def tensor(
    *,
    where: bytes | None = None,
    offset: int = 0,
    shape: tuple[int, ...] = (4,),
    strides: tuple[int, ...] = (1,),
) -> bytes:
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    hooks = called(name("collections", "OrderedDict"))
    return called(
        rebuild,
        where or storage(),
        integer(offset),
        row(*map(integer, shape)),
        row(*map(integer, strides)),
        b"\x89",
        hooks,
    )


def sound_model(**more: bytes) -> bytes:
    """A pickle of one sound weight and whatever else is given."""
    return PROTO2 + dictionary(weight=tensor(), **more) + STOP


def zip_file(
    path: Path, pickled: bytes, storages: dict[str, bytes] | None = None, **options
) -> Path:
    """A torch zip file around a pickle; storage 0 is four float32."""
    method = options.get("method", zipfile.ZIP_STORED)
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("archive/data.pkl", pickled)
        for key, raw in (storages if storages is not None else {"0": bytes(16)}).items():
            archive.writestr(f"archive/data/{key}", raw)
        for extra, raw in options.get("members", {}).items():
            archive.writestr(extra, raw)
    return path


def legacy_file(path: Path, pickled: bytes, *, keys: bytes | None = None, tail=None) -> Path:
    """A legacy torch file around a pickle; storage 0 is four float32."""
    out = io.BytesIO()
    for value in (LEGACY_MAGIC, 1001, {"little_endian": True, "protocol_version": 1001}):
        out.write(pickle.dumps(value, protocol=2))
    out.write(pickled)
    out.write(keys if keys is not None else pickle.dumps(["0"], protocol=2))
    out.write(tail if tail is not None else struct.pack("<q", 4) + bytes(16))
    path.write_bytes(out.getvalue())
    return path
