"""What is no checkpoint is refused with a sentence that says what it is and what to do."""

import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from inspector.checkpoints import looks_like_checkpoint, open_checkpoint
from inspector.core.errors import BadCheckpoint

KINDS = {
    "pointer.pth": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "Git LFS pointer",
    ),
    "model.h5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
    "model.gguf": (b"GGUF\x03\0\0\0" + bytes(100), "GGUF"),
    "model.onnx": (b"\x08\x07\x12\x07pytorch" + bytes(range(90)), "ONNX"),
    "renamed.pth": (b"\x08\x07\x12\x07pytorch\x1a\x051.0\xff", "ONNX"),
    "model.tflite": (b"\x1c\0\0\0TFL3" + bytes(100), "TensorFlow Lite"),
    "image.png": (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG image"),
    "image.pth": (b"\xff\xd8\xff\xe0" + bytes(100), "JPEG image"),
    "scan.dcm": (bytes(128) + b"DICM" + bytes(100), "DICOM"),
    "paper.pdf": (b"%PDF-1.7\n", "PDF"),
    "array.npy": (b"\x93NUMPY\x01\0v\0{'descr': '<f4'}", "a single numpy array"),
    "model.pth.gz": (gzip.compress(b"x" * 100), "gzip"),
    "download.pth": (b"\n<!DOCTYPE html><html><body>404</body></html>", "a web page"),
    "config.json": (json.dumps({"model_type": "vit"}).encode(), "a JSON text"),
    "train.py": (b"import torch\nprint('hello')\n", "a text"),
    "unfinished.pth": (bytes(4096), "filled with zeros"),
    "noise.bin": (bytes(range(200, 256)) * 4, "not known"),
    "weights.index.json": (b'{"metadata": {}}', "no index of weights"),
}


@pytest.mark.parametrize("name", KINDS)
def test_that_a_file_is_refused_as_what_it_is(tmp_path: Path, name: str):
    content, words = KINDS[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint) as caught:
        open_checkpoint(path)
    assert words in caught.value.message
    assert name in caught.value.message
    assert caught.value.advice
    assert looks_like_checkpoint(path) == name.endswith(".index.json")


def test_that_an_empty_file_is_refused_as_that(tmp_path: Path):
    for name in ("m.pth", "m.safetensors", "m.npz", "m.pkl"):
        (tmp_path / name).touch()
        with pytest.raises(BadCheckpoint, match="is empty"):
            open_checkpoint(tmp_path / name)


def test_that_a_file_that_is_not_there_is_refused_as_that(tmp_path: Path):
    assert not looks_like_checkpoint(tmp_path / "absent.pth")
    with pytest.raises(BadCheckpoint, match=r"There is no file .*absent\.pth"):
        open_checkpoint(tmp_path / "absent.pth")


def test_that_a_file_that_may_not_be_read_is_refused_as_that(tmp_path: Path, monkeypatch):
    path = tmp_path / "m.pth"
    torch.save({"w": torch.ones(1, 2)}, path)

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BadCheckpoint, match="permission"):
        open_checkpoint(path)


def test_that_a_zip_file_around_a_checkpoint_says_to_unpack_it(tmp_path: Path):
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("deit/epoch_3.pth", b"x")
    with pytest.raises(BadCheckpoint, match=r"zip file with “deit/epoch_3\.pth” in it") as caught:
        open_checkpoint(path)
    assert "Unpack" in caught.value.advice


def test_that_torchscript_is_refused_with_what_to_do(tmp_path: Path):
    path = tmp_path / "m.pt"
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))
    with pytest.raises(BadCheckpoint, match="TorchScript") as caught:
        open_checkpoint(path)
    assert "state_dict" in caught.value.advice


def whole_files(folder: Path) -> list[Path]:
    from safetensors.torch import save_file

    weights = {"blocks.0.weight": torch.ones(50, 50), "norm.weight": torch.ones(50)}
    torch.save(weights, folder / "new.pth")
    torch.save(weights, folder / "old.pth", _use_new_zipfile_serialization=False)
    save_file(weights, folder / "m.safetensors")
    arrays = {name: tensor.numpy() for name, tensor in weights.items()}
    np.savez(folder / "m.npz", **arrays)
    return sorted(path for path in folder.iterdir() if path.is_file())


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_that_a_file_that_was_cut_off_is_refused_as_that(tmp_path: Path, share: float):
    (tmp_path / "whole").mkdir()
    for whole in whole_files(tmp_path / "whole"):
        raw = whole.read_bytes()
        path = tmp_path / whole.name
        path.write_bytes(raw[: int(len(raw) * share)])
        with pytest.raises(BadCheckpoint, match=r"cut off|damaged") as caught:
            open_checkpoint(path)
        assert "again" in caught.value.advice
