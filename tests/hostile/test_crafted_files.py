"""Files whose numbers, names or places lie: refused with a sentence, nothing outside is read."""

import io
import json
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from inspector.checkpoints import looks_like_checkpoint, open_checkpoint
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

BIG = 1 << 62


def model_of(weight: bytes) -> bytes:
    return PROTO2 + dictionary(weight=weight) + STOP


OUT_OF_RANGE = {
    "offset behind the storage": tensor(offset=1),
    "giant offset": tensor(offset=BIG),
    "negative offset": tensor(offset=-1),
    "shape larger than the storage": tensor(shape=(5,)),
    "giant shape": tensor(shape=(1 << 59,), strides=(0,)),
    "giant empty shape": tensor(shape=(0, 1 << 59), strides=(1, 1)),
    "overflowing shape": tensor(shape=(1 << 32, 1 << 32), strides=(0, 0)),
    "repeated beyond measure": tensor(shape=(1 << 30,), strides=(0,)),
    "negative shape": tensor(shape=(-1,)),
    "stride behind the storage": tensor(shape=(2,), strides=(4,)),
    "giant stride": tensor(shape=(2,), strides=(BIG,)),
    "negative stride": tensor(shape=(2,), strides=(-1,)),
    "more axes than strides": tensor(shape=(1, 1), strides=(1,)),
    "a hundred axes": tensor(shape=(1,) * 100, strides=(1,) * 100),
    "storage larger than its member": tensor(where=storage(elements=5)),
    "storage of a giant size": tensor(where=storage(elements=1 << 59)),
    "storage of a negative size": tensor(where=storage(elements=-4)),
    "storage of no type": tensor(where=storage(kind="os")),
    "storage that is none": tensor(where=text("0")),
    "another storage key": tensor(where=storage(key="1")),
    "a key up the folders": tensor(where=storage(key="../../../../etc/passwd")),
    "a key of the root": tensor(where=storage(key="/etc/passwd")),
    "a key of another member": tensor(where=storage(key="../data.pkl")),
    "a key with a null byte": tensor(where=storage(key="0\0")),
    "shape of texts": called(
        name("torch._utils", "_rebuild_tensor_v2"),
        storage(),
        b"K\x00",
        row(text("4")),
        row(b"K\x01"),
    ),
    "shape of truths": called(
        name("torch._utils", "_rebuild_tensor_v2"), storage(), b"K\x00", row(b"\x88"), row(b"K\x01")
    ),
    "too few arguments": called(name("torch._utils", "_rebuild_tensor_v2"), storage()),
}


@pytest.mark.parametrize("form", OUT_OF_RANGE)
@pytest.mark.parametrize("make", [zip_file, legacy_file])
def test_that_a_tensor_that_reaches_outside_its_storage_is_refused(tmp_path, form, make):
    path = make(tmp_path / "m.pth", model_of(OUT_OF_RANGE[form]))
    with pytest.raises(BadCheckpoint) as caught:
        open_checkpoint(path)
    assert "m.pth" in caught.value.message or caught.value.advice


def test_that_the_same_tensor_within_its_storage_opens(tmp_path: Path):
    """The control of the tests above."""
    for make in (zip_file, legacy_file):
        path = make(tmp_path / make.__name__, model_of(tensor(offset=1, shape=(3,))))
        with open_checkpoint(path) as checkpoint:
            assert checkpoint.tensors["weight"].numpy().shape == (3,)


def test_that_a_key_with_a_path_reads_the_member_of_that_name_and_no_file(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_bytes(np.full(4, 7, np.float32).tobytes())
    key = "../secret"
    pickled = model_of(tensor(where=storage(key=key)))
    path = zip_file(tmp_path / "m.pth", pickled, {key: np.full(4, 5, np.float32).tobytes()})
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.tensors["weight"].numpy().tolist() == [5, 5, 5, 5]


# Zip files


def test_that_compressed_members_of_a_torch_file_are_refused(tmp_path: Path):
    path = zip_file(tmp_path / "m.pth", sound_model(), method=zipfile.ZIP_DEFLATED)
    with pytest.raises(BadCheckpoint, match="compressed"):
        open_checkpoint(path)


def test_that_an_encrypted_zip_is_refused(tmp_path: Path):
    path = zip_file(tmp_path / "m.pth", sound_model())
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        where = raw.find(mark)
        while where >= 0:
            raw[where + at] |= 1
            where = raw.find(mark, where + 1)
    path.write_bytes(raw)
    with pytest.raises(BadCheckpoint, match="encrypted"):
        open_checkpoint(path)


def test_that_two_members_of_one_name_are_refused(tmp_path: Path):
    path = zip_file(tmp_path / "m.pth", sound_model())
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data.pkl", sound_model())
    with pytest.raises(BadCheckpoint, match="same name"):
        open_checkpoint(path)


def test_that_overlapping_members_are_refused(tmp_path: Path):
    path = zip_file(tmp_path / "m.pth", sound_model(), {"0": bytes(16), "1": bytes(16)})
    raw = bytearray(path.read_bytes())
    first = raw.find(b"PK\x01\x02")
    last = raw.rfind(b"PK\x01\x02")
    raw[last + 42 : last + 46] = raw[first + 42 : first + 46]
    path.write_bytes(raw)
    with pytest.raises(BadCheckpoint, match="overlap"):
        open_checkpoint(path)


def test_that_a_member_whose_size_reaches_into_the_next_is_refused(tmp_path: Path):
    path = zip_file(tmp_path / "m.pth", sound_model())
    raw = bytearray(path.read_bytes())
    first = raw.find(b"PK\x01\x02")
    raw[first + 20 : first + 28] = struct.pack("<II", 4096, 4096)
    path.write_bytes(raw)
    with pytest.raises(BadCheckpoint, match="overlap"):
        open_checkpoint(path)


def test_that_a_local_header_of_another_name_is_refused(tmp_path: Path):
    path = zip_file(tmp_path / "m.pth", sound_model())
    raw = path.read_bytes()
    at = raw.find(b"archive/data.pkl")
    path.write_bytes(raw[:at] + b"archive/data.pkk" + raw[at + 16 :])
    with pytest.raises(BadCheckpoint, match="not where the directory says"):
        open_checkpoint(path)


def test_that_a_zip_that_claims_millions_of_members_is_refused(tmp_path: Path):
    path = zip_file(tmp_path / "m.pth", sound_model())
    raw = bytearray(path.read_bytes())
    end = raw.rfind(b"PK\x05\x06")
    raw[end + 8 : end + 20] = struct.pack("<HHLL", 60_000, 60_000, 46, 0)
    path.write_bytes(raw)
    with pytest.raises(BadCheckpoint):
        open_checkpoint(path)


def test_that_a_zip_of_64_bit_sizes_opens(tmp_path: Path):
    path = tmp_path / "m.pth"
    with zipfile.ZipFile(path, "w") as archive:
        for member, raw in (("archive/data.pkl", sound_model()), ("archive/data/0", bytes(16))):
            with archive.open(member, "w", force_zip64=True) as out:
                out.write(raw)
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.tensors["weight"].numpy().tolist() == [0, 0, 0, 0]


def test_that_a_zip_bomb_of_nested_archives_is_a_zip_without_a_checkpoint(tmp_path: Path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.txt", bytes(10_000_000))
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(50):
            archive.writestr(f"{n}.zip", inner.getvalue())
    with pytest.raises(BadCheckpoint, match="without a checkpoint"):
        open_checkpoint(path)


# Tar, safetensors, npz, shards


def test_that_a_tar_file_is_refused_and_not_unpacked(tmp_path: Path):
    path = tmp_path / "m.tar"
    with tarfile.open(path, "w") as archive:
        for member in ("sys_info", "pickle", "storages", "tensors", "../escaped"):
            info = tarfile.TarInfo(member)
            info.size = 4
            archive.addfile(info, io.BytesIO(b"evil"))
    with pytest.raises(BadCheckpoint, match="tar archive"):
        open_checkpoint(path)
    assert not (tmp_path.parent / "escaped").exists()


def safetensors_file(path: Path, header: dict | bytes, numbers: bytes = bytes(16)) -> Path:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + numbers)
    return path


def entry(first: int = 0, last: int = 16, shape=(4,), dtype: str = "F32") -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [first, last]}


LYING_HEADERS = {
    "behind the file": {"w": entry(16, 32)},
    "backwards": {"w": entry(16, 0)},
    "negative": {"w": entry(-16, 0)},
    "of a fraction": {"w": {**entry(), "data_offsets": [0, 16.0]}},
    "of another size": {"w": entry(shape=(3,))},
    "of a giant shape": {"w": entry(shape=(1 << 40, 1 << 40))},
    "overlapping": {"v": entry(0, 12, (3,)), "w": entry(8, 16, (2,))},
    "without a place": {"w": {"dtype": "F32", "shape": [4]}},
    "that is a list": b"[1, 2, 3]",
    "that is a list of lists": {"w": [0, 16]},
    "with a name that stands twice": b'{"w": {"dtype": "F32", "shape": [4], "data_offsets": '
    b'[0, 16]}, "w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}',
    "that is not JSON": b'{"w": ',
    "without tensors": {"__metadata__": {"format": "pt"}},
}


@pytest.mark.parametrize("form", LYING_HEADERS)
def test_that_a_safetensors_header_that_lies_is_refused(tmp_path: Path, form: str):
    path = safetensors_file(tmp_path / "m.safetensors", LYING_HEADERS[form])
    with pytest.raises(BadCheckpoint):
        open_checkpoint(path)


def test_that_a_sound_safetensors_header_opens(tmp_path: Path):
    """The control of the test above."""
    path = safetensors_file(tmp_path / "m.safetensors", {"w": entry()})
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.tensors["w"].numpy().tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "shard",
    [
        "../outside.safetensors",
        "sub/inside.safetensors",
        "..\\outside.safetensors",
        "C:x.safetensors",
        "/etc/passwd",
        ".hidden.safetensors",
        "m.safetensors.index.json",
        "a\0.safetensors",
        7,
        None,
    ],
)
def test_that_an_index_may_only_name_checkpoints_of_its_own_folder(tmp_path: Path, shard):
    folder = tmp_path / "model"
    folder.mkdir()
    safetensors_file(tmp_path / "outside.safetensors", {"w": entry()})
    index = folder / "m.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"w": shard}}))
    with pytest.raises(BadCheckpoint, match="not a checkpoint in the same folder"):
        open_checkpoint(index)


@pytest.mark.parametrize("array", [np.array([{"a": 1}], dtype=object), np.array(["text"])])
def test_that_arrays_of_objects_are_never_unpickled(tmp_path: Path, array: np.ndarray):
    path = tmp_path / "m.npz"
    np.savez(path, allow_pickle=True, o=array, w=np.ones(3))
    with open_checkpoint(path) as checkpoint:
        assert list(checkpoint.tensors) == ["w"]
        assert any("“o”" in note for note in checkpoint.notes)


def test_that_an_npz_whose_shape_does_not_fit_is_refused(tmp_path: Path):
    path = tmp_path / "m.npz"
    np.savez(path, w=np.ones(3))
    path.write_bytes(path.read_bytes().replace(b"(3,)", b"(9,)"))
    with pytest.raises(BadCheckpoint, match="does not fit"):
        open_checkpoint(path)


# Things that are no files


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_that_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path):
    pipe = tmp_path / "pipe.pth"
    os.mkfifo(pipe)
    assert not looks_like_checkpoint(pipe)
    with pytest.raises(BadCheckpoint, match="a pipe"):
        open_checkpoint(pipe)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device on this system")
def test_that_an_endless_device_is_refused():
    for device in ("/dev/zero", "/dev/urandom"):
        with pytest.raises(BadCheckpoint, match="a device"):
            open_checkpoint(Path(device))


def test_that_a_link_in_a_circle_is_refused(tmp_path: Path):
    link = tmp_path / "m.pth"
    link.symlink_to(link)
    with pytest.raises(BadCheckpoint):
        open_checkpoint(link)


def test_that_a_name_that_no_system_allows_is_refused():
    for path in (Path("a\0b.pth"), Path("x" * 5000)):
        assert not looks_like_checkpoint(path)
        with pytest.raises(BadCheckpoint):
            open_checkpoint(path)


def test_that_a_file_that_became_shorter_is_refused_and_ends_nothing(tmp_path: Path):
    path = zip_file(tmp_path / "m.pth", sound_model())
    with open_checkpoint(path) as checkpoint:
        with path.open("r+b") as out:
            out.truncate(10)
        with pytest.raises(BadCheckpoint, match="has changed"):
            checkpoint.tensors["weight"].numpy()


def test_that_a_file_that_was_written_over_is_refused(tmp_path: Path):
    path = zip_file(tmp_path / "m.pth", sound_model())
    with open_checkpoint(path) as checkpoint:
        raw = path.read_bytes()
        with path.open("r+b") as out:
            out.write(raw)
        os.utime(path, ns=(1, 1))
        with pytest.raises(BadCheckpoint, match="has changed"):
            checkpoint.tensors["weight"].numpy()


def test_that_integers_of_any_length_are_only_kept_when_short(tmp_path: Path):
    path = zip_file(tmp_path / "m.pth", sound_model(epoch=integer(3), giant=integer(1 << 1000)))
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.meta["epoch"] == 3
