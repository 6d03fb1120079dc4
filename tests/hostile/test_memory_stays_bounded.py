"""Files that ask for far more memory or time than they hold are refused, cheaply."""

import gc
import io
import json
import os
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from inspector.checkpoints import open_checkpoint
from inspector.core.errors import BadCheckpoint
from tests.hostile.pickle_writing import (
    PROTO2,
    STOP,
    called,
    dictionary,
    integer,
    legacy_file,
    name,
    row,
    sound_model,
    storage,
    tensor,
    text,
    zip_file,
)

SMALL_MIB = 24
LARGE_MIB = 256
SECONDS = 20
OPEN_ALL = """
import resource, sys
from pathlib import Path
from inspector.checkpoints import open_checkpoint
from inspector.core.errors import BadCheckpoint
def peak():
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
before = peak()
for path in sys.argv[1:]:
    try:
        open_checkpoint(Path(path))
        sys.exit(f"{path} was opened")
    except BadCheckpoint:
        continue
print(peak() - before)
"""


@contextmanager
def bounded(mebibytes: float) -> Iterator[None]:
    """Fail when more memory was held at any time, or when it took long."""
    gc.collect()
    tracemalloc.start()
    start = time.monotonic()
    try:
        yield
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < mebibytes * 2**20, f"{peak / 2**20:.0f} MiB"
    assert time.monotonic() - start < SECONDS


def sizes_that_lie() -> dict[str, bytes]:
    """Short pickles that claim giant things."""
    return {
        "memo bomb LONG_BINPUT": PROTO2 + b"Nr" + struct.pack("<I", 1 << 28) + STOP,
        "memo bomb PUT": b"Np" + b"9" * 200 + b"\n.",
        "BINBYTES8": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + STOP,
        "BINBYTES": b"\x80\x03B" + struct.pack("<I", 0xFFFFFFFF) + STOP,
        "BINUNICODE8": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + STOP,
        "BINUNICODE": b"\x80\x02X" + struct.pack("<I", 0xFFFFFFF0) + STOP,
        "BYTEARRAY8": b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + STOP,
        "LONG4": b"\x80\x02\x8b" + struct.pack("<i", 0x7FFFFFF0) + STOP,
        "LONG4 negative": b"\x80\x02\x8b" + struct.pack("<i", -5) + STOP,
        "BINSTRING negative": b"\x80\x02T" + struct.pack("<i", -5) + STOP,
        "FRAME": b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + b"N.",
        "GET of nothing": PROTO2 + b"j" + struct.pack("<I", 1 << 31) + STOP,
    }


@pytest.mark.parametrize("form", sizes_that_lie())
def test_that_a_size_is_not_believed_before_that_many_bytes_are_there(tmp_path: Path, form: str):
    pickled = sizes_that_lie()[form]
    for make in (zip_file, legacy_file):
        path = make(tmp_path / make.__name__, pickled)
        with bounded(SMALL_MIB), pytest.raises(BadCheckpoint):
            open_checkpoint(path)


def doubled(levels: int, seed: bytes, join: bytes) -> bytes:
    """A value that holds the one before twice, so that it unfolds to 2**levels."""
    body = seed + b"q\x00"
    for _ in range(levels):
        body += b"0(h\x00h\x00" + join + b"q\x00"
    return body


def unfolding() -> dict[str, bytes]:
    """Pickles whose values, followed without care, are endless."""
    weight = tensor()
    return {
        "lists of lists": doubled(60, b"]", b"l"),
        "tuples of tuples": doubled(60, b")", b"t"),
        "tuples as a key": b"}" + doubled(60, b")", b"t") + b"Ns",
        "lists of weights": doubled(60, b"(" + weight + b"l", b"l"),
        "deep lists": b"(" * 30_000 + b"l" * 30_000,
        "deep tuples": b")" + b"\x85" * 50_000,
        "deep tuples as a key": b"}" + b")" + b"\x85" * 50_000 + b"Ns",
        "deep dictionaries": (b"}" + text("x")) * 30_000 + b"N" + b"s" * 30_000,
        "a list in itself": b"]q\x00h\x00a",
        "a dictionary in itself": b"}q\x00" + text("self") + b"h\x00s",
        "a module in itself": module_in_itself(),
    }


def module_in_itself() -> bytes:
    module = name("a.b", "Net") + b")\x81q\x00"
    inner = dictionary(child=b"h\x00")
    return module + dictionary(_parameters=dictionary(w=tensor()), _modules=inner) + b"b"


@pytest.mark.parametrize("form", unfolding())
def test_that_values_that_unfold_without_end_are_followed_once(tmp_path: Path, form: str):
    extra = unfolding()[form]
    path = zip_file(tmp_path / "m.pth", sound_model(state_dict=extra))
    with bounded(120), suppress(BadCheckpoint):
        open_checkpoint(path).close()


def shared(levels: int, seed: bytes, keys: tuple[str, ...]) -> bytes:
    """A dictionary that holds the one before under each key."""
    body = seed + b"q\x00"
    for _ in range(levels):
        body += b"0}(" + b"".join(text(key) + b"h\x00" for key in keys) + b"uq\x00"
    return body


def state_of_many(state: bytes) -> bytes:
    """Ten thousand objects of one large state."""
    entries = b"".join(text(f"k{n}") + b"N" for n in range(20_000))
    one = b"}(" + entries + text("state_dict") + tensor() + b"uq\x010"
    objects = b"(" + (b"h\x00)\x81" + state + b"b") * 10_000 + b"l"
    return one + name("a", "B") + b"q\x000" + dictionary(state_dict=objects)


def visited_again_and_again() -> dict[str, bytes]:
    """Small pickles in which each place of a shared value has to be looked at."""
    weights = b"(" + tensor() + b"l"
    long = "k" * 4000
    wrappers = ("state_dict", "model", "net", "network", "module", "teacher", "student")
    hidden = shared(44, dictionary(foo=weights), ("model", "net"))
    return {
        "long names": dictionary(state_dict=shared(30, weights, (long + "0", long + "1"))),
        "wrappers without weights": dictionary(weight=tensor(), state_dict=hidden),
        "wrappers in wrappers": dictionary(state_dict=shared(30, weights, wrappers)),
        "objects of one state": state_of_many(b"h\x01"),
        "objects of one state and slots": state_of_many(b"h\x01}\x86"),
    }


@pytest.mark.parametrize("form", visited_again_and_again())
def test_that_values_named_again_and_again_are_not_followed_for_ever(tmp_path: Path, form: str):
    path = zip_file(tmp_path / "m.pth", PROTO2 + visited_again_and_again()[form] + STOP)
    start = time.monotonic()
    with pytest.raises(BadCheckpoint, match="unfold to far more"):
        open_checkpoint(path)
    assert time.monotonic() - start < SECONDS / 2


def test_that_settings_named_again_and_again_are_read_in_part(tmp_path: Path):
    long = text("x" * 1_000_000) + b"q\x010"
    row_of_it = b"(" + b"h\x01" * 19_000 + b"l"
    path = zip_file(tmp_path / "a.pth", PROTO2 + long + settings(args=dictionary(a=row_of_it)))
    with bounded(SMALL_MIB), open_checkpoint(path) as checkpoint:
        texts = [value for value in checkpoint.config["args"]["a"] if value is not None]
        assert texts == ["x" * 1_000_000] * 4
    nothing = b"(" + b"N" * 19_000 + b"lq\x010"
    keys = b"".join(text(f"k{n}") + b"h\x01" for n in range(5000))
    meta = b"}(" + text("epoch") + b"K\x07" + keys + b"u"
    path = zip_file(tmp_path / "b.pth", PROTO2 + nothing + settings(meta=meta))
    with bounded(SMALL_MIB), open_checkpoint(path) as checkpoint:
        assert checkpoint.meta["epoch"] == 7


def settings(**more: bytes) -> bytes:
    return dictionary(weight=tensor(), **more) + STOP


def copied() -> dict[str, bytes]:
    """Pickles that have a value copied by each of many short calls."""
    sizes = b"(" + b"K\x01" * 64 + b"lq\x010"
    args = b"(" + storage() + b"K\x00h\x01h\x01tq\x020"
    long = text("x" * 4000) + b"q\x010"
    encode = b"(" + name("_codecs", "encode") + b"Nh\x01\x85Ntq\x020"
    calls = b"q\x000(" + b"h\x00h\x02R" * 100_000 + b"l"
    return {
        "shapes as lists": sizes + args + name("torch._utils", "_rebuild_tensor_v2") + calls,
        "texts": long + encode + name("torch._tensor", "_rebuild_from_type_v2") + calls,
    }


@pytest.mark.parametrize("form", copied())
def test_that_calls_copy_no_more_than_the_file_holds(tmp_path: Path, form: str):
    path = zip_file(tmp_path / "m.pth", PROTO2 + copied()[form] + STOP)
    with bounded(80), pytest.raises(BadCheckpoint):
        open_checkpoint(path)


def many() -> dict[str, bytes]:
    """Pickles of a few megabytes that make as many values as they can."""
    long = text("x" * 4000) + b"q\x010"
    encode = name("_codecs", "encode") + b"q\x000"
    return {
        "dictionaries": b"}" * 2_100_000,
        "memo entries": b"]\x94" * 1_100_000,
        "marks": b"(" * 2_100_000,
        "objects": name("a", "B") + b"q\x00" + b"h\x00)\x81" * 700_000,
        "texts, encoded again and again": long + encode + b"h\x00h\x01\x85R" * 1_000_000,
        "sets of one long list": b"(" + b"N" * 10_000 + b"lq\x010" + set_of_it() * 300_000,
    }


def set_of_it() -> bytes:
    return b"cbuiltins\nset\nh\x01\x85R"


def test_that_a_pickle_of_millions_of_values_is_cut_short(tmp_path: Path, repository: Path):
    paths = [
        zip_file(tmp_path / f"{label}.pth", PROTO2 + body + STOP)
        for label, body in enumerate(many().values())
    ]
    done = subprocess.run(
        [sys.executable, "-c", OPEN_ALL, *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS * len(paths),
        env={**os.environ, "PYTHONPATH": str(repository)},
    )
    assert int(done.stdout) < LARGE_MIB << 20, f"{int(done.stdout) >> 20} MiB"


def test_that_long_texts_stay_in_the_file(tmp_path: Path):
    texts = b"(" + text("é" * 2_000_000) * 10 + text("x" * 4000) * 10_000 + b"l"
    path = zip_file(tmp_path / "m.pth", sound_model(log=texts))
    assert path.stat().st_size > 75 << 20
    with bounded(90), open_checkpoint(path) as checkpoint:
        assert list(checkpoint.tensors) == ["weight"]


def test_that_colliding_numbers_as_keys_stall_nothing(tmp_path: Path):
    prime = (1 << 61) - 1
    for in_a_row in (b"", b"\x85"):
        keys = (integer(prime * n) + in_a_row for n in range(1, 60_000))
        items = b"".join(key + b"N" for key in keys)
        path = zip_file(tmp_path / "m.pth", sound_model(state=b"}(" + items + b"u"))
        start = time.monotonic()
        with open_checkpoint(path) as checkpoint:
            assert list(checkpoint.tensors) == ["weight"]
        assert time.monotonic() - start < 5


def test_that_a_compressed_npz_that_unfolds_a_thousandfold_is_refused(tmp_path: Path):
    path = tmp_path / "bomb.npz"
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f4", "fortran_order": False, "shape": (50_000_000,)}
    )
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("w.npy", "w") as member,
    ):
        member.write(head.getvalue())
        for _ in range(200):
            member.write(bytes(1_000_000))
    assert path.stat().st_size < 1 << 20
    with bounded(SMALL_MIB), pytest.raises(BadCheckpoint, match="unfold"):
        open_checkpoint(path)


def test_that_a_compressed_member_never_gives_more_than_its_directory_claims(tmp_path: Path):
    path = tmp_path / "lie.npz"
    np.savez_compressed(path, w=np.zeros(4_000_000, np.float32))
    raw = path.read_bytes()
    honest, short = struct.pack("<I", 16_000_128), struct.pack("<I", 1152)
    assert honest in raw
    path.write_bytes(raw.replace(honest, short).replace(b"(4000000,)", b"(256,)    "))
    with bounded(SMALL_MIB), pytest.raises(BadCheckpoint):
        open_checkpoint(path).tensors["w"].numpy()


def test_that_a_safetensors_header_of_a_giant_length_is_refused(tmp_path: Path):
    path = tmp_path / "m.safetensors"
    for length in (1 << 31, 1 << 62, (1 << 64) - 1):
        path.write_bytes(struct.pack("<Q", length) + b"{" + bytes(100))
        with bounded(SMALL_MIB), pytest.raises(BadCheckpoint):
            open_checkpoint(path)


def test_that_deeply_nested_json_is_refused(tmp_path: Path):
    header = b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    path = tmp_path / "m.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with bounded(SMALL_MIB), pytest.raises(BadCheckpoint):
        open_checkpoint(path)
    index = tmp_path / "m.safetensors.index.json"
    index.write_bytes(header)
    with bounded(SMALL_MIB), pytest.raises(BadCheckpoint):
        open_checkpoint(index)


def test_that_a_configuration_cannot_unfold(tmp_path: Path):
    lines = ["a0 = [1, 2, 3, 4, 5, 6, 7, 8]"]
    lines += [f"a{n} = [{', '.join([f'a{n - 1}'] * 8)}]" for n in range(1, 40)]
    lines += ["deep = " + "[" * 5000 + "]" * 5000]
    meta = dictionary(cfg=text("\n".join(lines[:-1])))
    with bounded(60), open_checkpoint(zip_file(tmp_path / "m.pth", sound_model(meta=meta))) as c:
        assert len(json.dumps(dict(c.config))) < 4 << 20
        assert any("skipped" in note for note in c.notes)
    deep = dictionary(cfg=text(lines[-1]))
    with bounded(60), open_checkpoint(zip_file(tmp_path / "d.pth", sound_model(meta=deep))) as c:
        assert any("not read" in note for note in c.notes)


def test_that_a_call_of_a_giant_row_of_sizes_is_refused_quickly(tmp_path: Path):
    sizes = row(*[b"K\x00"] * 100_000) + b"q\x010"
    size = name("torch", "Size") + b"q\x000"
    body = PROTO2 + sizes + size + b"h\x00h\x01\x85R" * 20_000 + STOP
    with bounded(60), pytest.raises(BadCheckpoint):
        open_checkpoint(zip_file(tmp_path / "m.pth", body))
    pairs = b"(" + (b"(" + text("a") + b"Nt") * 5_000 + b"lq\x010"
    ordered = name("collections", "OrderedDict") + b"q\x000"
    body = PROTO2 + pairs + ordered + b"h\x00h\x01\x85R" * 20_000 + STOP
    with bounded(60), pytest.raises(BadCheckpoint):
        open_checkpoint(zip_file(tmp_path / "o.pth", body))
    assert called(size)
