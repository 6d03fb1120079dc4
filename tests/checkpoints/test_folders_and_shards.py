"""Weights in several files, and folders as a hub lays them out."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from inspector.checkpoints import looks_like_checkpoint, open_checkpoint
from inspector.core.errors import BadCheckpoint, Cancelled

NAMES = tuple(f"layer.{n}.weight" for n in range(4))


def weights() -> dict[str, torch.Tensor]:
    return {name: torch.full((2, 3), float(n)) for n, name in enumerate(NAMES)}


def save(tensors: dict[str, torch.Tensor], path: Path) -> None:
    save_file(tensors, path) if path.suffix == ".safetensors" else torch.save(tensors, path)


def sharded(folder: Path, stem: str, suffix: str) -> Path:
    """Two shards and their index."""
    places = {}
    for part in range(2):
        name = f"{stem}-0000{part + 1}-of-00002{suffix}"
        own = {key: weights()[key] for key in NAMES[part::2]}
        save(own, folder / name)
        places |= dict.fromkeys(own, name)
    index = folder / f"{stem}{suffix}.index.json"
    content = {"metadata": {}, "weight_map": {name: places[name] for name in NAMES}}
    index.write_text(json.dumps(content))
    return index


def assert_complete(path: Path, container: str) -> None:
    with open_checkpoint(path) as checkpoint:
        assert checkpoint.container == container
        assert list(checkpoint.tensors) == list(NAMES)
        for name, tensor in weights().items():
            np.testing.assert_array_equal(checkpoint.tensors[name].numpy(), tensor.numpy())


@pytest.mark.parametrize(
    ("stem", "suffix", "container"),
    [
        ("model", ".safetensors", "sharded safetensors"),
        ("pytorch_model", ".bin", "sharded torch zip"),
    ],
)
def test_that_shards_open_through_their_index_and_through_their_folder(
    tmp_path: Path, stem: str, suffix: str, container: str
):
    index = sharded(tmp_path, stem, suffix)
    assert looks_like_checkpoint(index)
    assert_complete(index, container)
    assert_complete(tmp_path, f"folder with {container}")
    with open_checkpoint(tmp_path) as checkpoint:
        assert len(checkpoint.files) == 3
        assert checkpoint.path == tmp_path


def test_that_a_missing_shard_is_named(tmp_path: Path):
    index = sharded(tmp_path, "model", ".safetensors")
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(BadCheckpoint, match=r"1 of the 2 files.*model-00002-of-00002"):
        open_checkpoint(index)


def test_that_an_index_that_names_a_tensor_wrongly_is_refused(tmp_path: Path):
    index = sharded(tmp_path, "model", ".safetensors")
    content = json.loads(index.read_text())
    content["weight_map"]["nowhere"] = "model-00001-of-00002.safetensors"
    index.write_text(json.dumps(content))
    with pytest.raises(BadCheckpoint, match=r"“nowhere” is in .* it is not"):
        open_checkpoint(index)


def test_that_tensors_outside_the_index_are_told(tmp_path: Path):
    index = sharded(tmp_path, "model", ".safetensors")
    content = json.loads(index.read_text())
    del content["weight_map"][NAMES[0]]
    index.write_text(json.dumps(content))
    with open_checkpoint(index) as checkpoint:
        assert list(checkpoint.tensors) == list(NAMES[1:])
        assert any("1 tensors of the files are not in the index" in n for n in checkpoint.notes)


def test_that_shards_behind_links_open_as_a_hubs_cache_keeps_them(tmp_path: Path):
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots"
    blobs.mkdir()
    snapshot.mkdir()
    sharded(blobs, "model", ".safetensors")
    for path in blobs.iterdir():
        (snapshot / path.name).symlink_to(path)
    assert_complete(snapshot, "folder with sharded safetensors")


@pytest.mark.parametrize(
    "name",
    ["model.safetensors", "pytorch_model.bin", "open_clip_pytorch_model.bin", "anything.pth"],
)
def test_that_a_folder_opens_by_the_weights_in_it(tmp_path: Path, name: str):
    save(weights(), tmp_path / name)
    (tmp_path / "README.md").write_text("words")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vit"}))
    assert looks_like_checkpoint(tmp_path)
    with open_checkpoint(tmp_path) as checkpoint:
        assert set(checkpoint.tensors) == set(NAMES)
        assert checkpoint.config["huggingface"] == {"model_type": "vit"}
        assert checkpoint.files == (tmp_path / name, tmp_path / "config.json")


def test_that_safetensors_are_preferred_to_a_pickle_of_the_same_folder(tmp_path: Path):
    save(weights(), tmp_path / "model.safetensors")
    save({"other": torch.ones(1, 2)}, tmp_path / "pytorch_model.bin")
    with open_checkpoint(tmp_path) as checkpoint:
        assert set(checkpoint.tensors) == set(NAMES)


def test_that_a_folder_of_several_checkpoints_names_them(tmp_path: Path):
    for epoch in range(3):
        save(weights(), tmp_path / f"epoch_{epoch}.pth")
    with pytest.raises(BadCheckpoint, match=r"3 checkpoints: epoch_0\.pth, epoch_1\.pth"):
        open_checkpoint(tmp_path)


def test_that_a_folder_without_weights_is_refused_as_that(tmp_path: Path):
    assert not looks_like_checkpoint(tmp_path)
    with pytest.raises(BadCheckpoint, match="holds no checkpoint"):
        open_checkpoint(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    with pytest.raises(BadCheckpoint, match="TensorFlow"):
        open_checkpoint(tmp_path)


def test_that_opening_shards_can_be_cancelled_and_closes_what_was_open(tmp_path: Path):
    index = sharded(tmp_path, "model", ".safetensors")
    seen = []

    def cancel_at_the_second(done: int, total: int, text: str = "") -> None:
        seen.append((done, total))
        if done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        open_checkpoint(index, progress=cancel_at_the_second)
    assert seen == [(0, 2), (1, 2)]


def test_that_npz_names_and_orders_stay_as_flax_writes_them(tmp_path: Path):
    arrays = {
        "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/query/kernel": np.arange(
            24, dtype=np.float32
        ).reshape(2, 3, 4),
        "embedding/kernel": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "head/bias": np.arange(3, dtype=">f4"),
        "step": np.array(7),
    }
    for name, write in (("stored", np.savez), ("packed", np.savez_compressed)):
        path = tmp_path / f"{name}.npz"
        write(path, **arrays)
        with open_checkpoint(path) as checkpoint:
            assert checkpoint.container == "npz"
            assert list(checkpoint.tensors) == list(arrays)
            for key, array in arrays.items():
                ours = checkpoint.tensors[key].numpy()
                np.testing.assert_array_equal(ours, array)
                assert ours.dtype.isnative
                assert not ours.flags.writeable


def test_that_bfloat16_that_jax_wrote_as_two_nameless_bytes_is_read(tmp_path: Path):
    codes = np.array([0x3F80, 0xC000, 0x7F80], dtype=np.uint16)
    np.savez(tmp_path / "m.npz", w=codes.view("V2"))
    with open_checkpoint(tmp_path / "m.npz") as checkpoint:
        assert checkpoint.tensors["w"].dtype == "bfloat16"
        assert checkpoint.tensors["w"].numpy().tolist() == [1.0, -2.0, float("inf")]


def test_that_optimizer_state_in_an_npz_is_left_out_and_told(tmp_path: Path):
    np.savez(tmp_path / "m.npz", **{"params/w": np.ones(3), "opt/0/w": np.ones(3)})
    with open_checkpoint(tmp_path / "m.npz") as checkpoint:
        assert list(checkpoint.tensors) == ["params/w"]
        assert any("optimizer" in note for note in checkpoint.notes)
