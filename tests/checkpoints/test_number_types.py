"""Every number type is read exactly: against torch, for all codes where there are few."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.checkpoints import open_checkpoint
from inspector.checkpoints.number_types import TYPES

BYTES = ("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu")


def by_torch(codes: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    return torch.from_numpy(codes.copy()).view(dtype).to(torch.float32).numpy()


@pytest.mark.parametrize("name", BYTES)
def test_that_all_256_codes_of_an_eight_bit_float_are_torchs_numbers(name: str):
    codes = np.arange(256, dtype=np.uint8)
    decode = TYPES[name].decode
    assert decode is not None
    np.testing.assert_array_equal(decode(codes), by_torch(codes, getattr(torch, name)))


def test_that_all_65536_codes_of_bfloat16_are_torchs_numbers():
    codes = np.arange(65536, dtype=np.uint16)
    decode = TYPES["bfloat16"].decode
    assert decode is not None
    ours, theirs = decode(codes), by_torch(codes.view(np.int16), torch.bfloat16)
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours.view(np.uint32), theirs.view(np.uint32))


ZIP_ONLY = (*BYTES, "complex32", "uint16", "uint32", "uint64")
"""Types that torch's legacy format has no storage for."""


@pytest.mark.parametrize(
    ("name", "legacy"),
    [
        *((name, False) for name in sorted(TYPES)),
        *((name, True) for name in sorted(set(TYPES) - set(ZIP_ONLY))),
    ],
)
def test_that_every_type_survives_torch_save(tmp_path: Path, name: str, legacy: bool):
    dtype = getattr(torch, name)
    raw = torch.arange(24 * 16, dtype=torch.uint8).view(dtype)
    tensor = raw if name != "bool" else raw.view(torch.uint8) % 2 == 0
    path = tmp_path / "t.pth"
    torch.save({"t": tensor}, path, _use_new_zipfile_serialization=not legacy)
    with open_checkpoint(path) as checkpoint:
        found = checkpoint.tensors["t"]
        assert found.dtype == name
        ours = found.numpy()
    wide = {"complex32": torch.complex64}.get(name, torch.float32)
    expected = tensor.to(wide) if TYPES[name].decode else tensor
    np.testing.assert_array_equal(ours, expected.numpy())
    assert not ours.flags.writeable


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(0, 5), min_size=0, max_size=4),
    order=st.permutations(range(4)),
    start=st.integers(0, 3),
    step=st.integers(1, 3),
    name=st.sampled_from(["float32", "float64", "float16", "bfloat16", "int64", "bool"]),
    legacy=st.booleans(),
)
def test_that_views_of_any_stride_are_read_as_torch_sees_them(
    tmp_path_factory, shape, order, start, step, name, legacy
):
    size = (3 + 4 * 5**4) if shape else 64
    storage = (torch.arange(size) % 251).to(getattr(torch, name))
    count = int(np.prod(shape)) if shape else 1
    whole = storage[start::step][:count].reshape(shape) if shape else storage[start]
    axes = [axis for axis in order if axis < len(shape)]
    view = whole.permute(axes) if shape else whole
    expanded = view.unsqueeze(0).expand(3, *view.shape)
    path = tmp_path_factory.mktemp("views") / "t.pth"
    torch.save(
        {"view": view, "expanded": expanded, "shared": storage},
        path,
        _use_new_zipfile_serialization=not legacy,
    )
    with open_checkpoint(path) as checkpoint:
        for key, expected in (("view", view), ("expanded", expanded), ("shared", storage)):
            ours = checkpoint.tensors[key].numpy()
            assert checkpoint.tensors[key].shape == tuple(expected.shape)
            wide = expected.float() if name == "bfloat16" else expected
            np.testing.assert_array_equal(ours, wide.numpy())


def test_that_reading_a_tensor_of_a_zip_file_copies_nothing(tmp_path: Path):
    path = tmp_path / "t.pth"
    weight = torch.arange(12.0).reshape(3, 4)
    torch.save({"w": weight, "transposed": weight.T}, path)
    with open_checkpoint(path) as checkpoint:
        first, again = (checkpoint.tensors["w"].numpy() for _ in range(2))
        assert np.shares_memory(first, again)
        assert np.shares_memory(first, checkpoint.tensors["transposed"].numpy())
        assert not first.flags.writeable


def test_that_an_array_outlives_the_checkpoint_it_was_read_from(tmp_path: Path):
    path = tmp_path / "t.pth"
    torch.save({"w": torch.ones(5)}, path)
    with open_checkpoint(path) as checkpoint:
        kept = checkpoint.tensors["w"].numpy()
    np.testing.assert_array_equal(kept, np.ones(5))
