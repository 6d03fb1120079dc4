"""Every real file of every container format: opened as torch opens it, or refused in words."""

from pathlib import Path

import numpy as np
import pytest
import torch

from inspector.checkpoints import open_checkpoint
from inspector.core.errors import BadCheckpoint
from tests.reference.torch_loading import flat_tensors, load_with_torch

DECODED = {torch.bfloat16: torch.float32}
REFUSED = {
    "git_lfs_pointer": "Git LFS pointer",
    "old_tar": "tar archive",
    "torch_zip/tch-rs": "TorchScript",
    "torch_zip/burn_broken.pt": "text, not a checkpoint",
    "UNSAFE_never_unpickle": "",
}


def listed(shared_data: Path) -> list[Path]:
    return sorted(path for path in (shared_data / "containers").rglob("*") if path.is_file())


def expected_refusal(path: Path, shared_data: Path) -> str | None:
    relative = path.relative_to(shared_data / "containers").as_posix()
    return next((words for start, words in REFUSED.items() if relative.startswith(start)), None)


def below(section: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    if not section:
        return tensors
    return {
        name.removeprefix(f"{section}."): tensor
        for name, tensor in tensors.items()
        if name.startswith(f"{section}.")
    }


def assert_same(ours: np.ndarray, theirs: torch.Tensor) -> None:
    expected = theirs.to(DECODED.get(theirs.dtype, theirs.dtype)).numpy()
    assert ours.dtype == expected.dtype
    np.testing.assert_array_equal(ours, expected)


def test_that_every_torch_file_opens_with_the_tensors_that_torch_reads(shared_data: Path):
    opened = 0
    for path in listed(shared_data):
        folder = path.parent.name
        if expected_refusal(path, shared_data) is not None or folder in ("npz", "safetensors"):
            continue
        theirs = flat_tensors(load_with_torch(path))
        with open_checkpoint(path) as checkpoint:
            theirs = below(checkpoint.section, theirs)
            if list(theirs) == [""]:
                theirs = {"tensor": theirs[""]}
            assert list(checkpoint.tensors) == [n for n in theirs if "optimizer" not in n], path
            for name, tensor in checkpoint.tensors.items():
                assert tensor.shape == tuple(theirs[name].shape)
                assert tensor.dtype == str(theirs[name].dtype).removeprefix("torch.")
                assert_same(tensor.numpy(), theirs[name])
        opened += 1
    assert opened >= 60


def test_that_every_safetensors_file_opens_with_the_tensors_of_its_own_library(shared_data: Path):
    from safetensors.numpy import load_file

    files = [p for p in listed(shared_data) if p.suffix == ".safetensors"]
    assert files
    for path in files:
        theirs = load_file(path)
        with open_checkpoint(path) as checkpoint:
            assert set(checkpoint.tensors) == set(theirs)
            for name, tensor in checkpoint.tensors.items():
                np.testing.assert_array_equal(tensor.numpy(), theirs[name])


def test_that_every_npz_file_opens_with_the_arrays_that_numpy_reads(shared_data: Path):
    files = [p for p in listed(shared_data) if p.suffix == ".npz"]
    assert files
    for path in files:
        with np.load(path, allow_pickle=False) as theirs, open_checkpoint(path) as checkpoint:
            assert set(checkpoint.tensors) == set(theirs.files)
            for name, tensor in checkpoint.tensors.items():
                np.testing.assert_array_equal(tensor.numpy(), theirs[name])


def test_that_every_other_file_is_refused_with_a_sentence_that_says_what_it_is(shared_data: Path):
    refused = 0
    for path in listed(shared_data):
        words = expected_refusal(path, shared_data)
        if words is None:
            continue
        with pytest.raises(BadCheckpoint) as caught:
            open_checkpoint(path)
        assert words in caught.value.message
        assert caught.value.advice
        refused += 1
    assert refused > 15


def test_that_a_published_model_and_its_fine_tuned_twin_open_by_one_set_of_names(
    shared_data: Path,
):
    weights = shared_data / "weights"
    with (
        open_checkpoint(weights / "deit_tiny_patch16_224.fb_in1k/model.safetensors") as published,
        open_checkpoint(weights / "deit_tiny_pneumoniamnist/epoch_6.pth") as tuned,
    ):
        assert set(published.tensors) == set(tuned.tensors)
        assert tuned.section == "model"
        assert tuned.meta["epoch"] == 6
        assert published.tensors["head.weight"].shape[0] == 1000
        assert tuned.tensors["head.weight"].shape[0] == 2
