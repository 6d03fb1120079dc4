"""Sound files with bytes changed, cut or doubled: opened or refused, never anything else."""

import os
import pickle
import random
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from inspector.checkpoints import open_checkpoint
from inspector.core.errors import BadCheckpoint

resource = pytest.importorskip("resource")

MUTATIONS_PER_FILE = int(os.environ.get("VIT_INSPECTOR_FUZZ", "250"))
SLOWEST_SECONDS = 2.0
MOST_ADDED_MIB = 200
SEED = 20240229
OPCODES = b"RbiocQt(u.rjpqBae0\x81\x82\x93\x8b\x94\x95\x96"


def model() -> OrderedDict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    names = ("blocks.0.attn.qkv.weight", "blocks.0.attn.qkv.bias", "norm.weight", "head.weight")
    weights = OrderedDict((name, torch.randn(6, 4, generator=generator)) for name in names)
    weights["pos_embed"] = torch.randn(1, 5, 4, generator=generator).to(torch.bfloat16)
    return weights


def seeds(folder: Path) -> list[Path]:
    """One small sound file of every container."""
    from safetensors.torch import save_file

    content = {
        "model": model(),
        "epoch": 3,
        "meta": {"cfg": "lr = 1e-4\nmodel = dict(type='ViT')", "time": "now"},
        "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 0.1}]},
        "log": np.arange(3.0),
    }
    torch.save(content, folder / "new.pth")
    torch.save(content, folder / "old.pth", _use_new_zipfile_serialization=False)
    save_file(model(), folder / "m.safetensors", metadata={"format": "pt"})
    arrays = {name: tensor.float().numpy() for name, tensor in model().items()}
    np.savez(folder / "stored.npz", **arrays)
    np.savez_compressed(folder / "packed.npz", **arrays)
    for protocol in (2, 5):
        raw = pickle.dumps({"model": arrays, "epoch": 3}, protocol=protocol)
        (folder / f"p{protocol}.pkl").write_bytes(raw)
    return sorted(path for path in folder.iterdir() if path.is_file())


def mutated(raw: bytes, dice: random.Random) -> bytes:
    """One to four changes at random places."""
    made = bytearray(raw)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(made) or 1)
        kind = dice.randrange(7)
        if kind == 0:
            made[at : at + 1] = bytes([dice.randrange(256)])
        elif kind == 1:
            made[at : at + 4] = dice.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f"])
        elif kind == 2:
            del made[at:]
        elif kind == 3:
            del made[at : at + dice.randint(1, 20)]
        elif kind == 4:
            made[at:at] = made[at : at + dice.randint(1, 40)]
        elif kind == 5:
            made[at : at + 1] = bytes([dice.choice(OPCODES)])
        else:
            made[at : at + 8] = dice.randbytes(8)
    return bytes(made)


def outcome(path: Path) -> str:
    try:
        with open_checkpoint(path) as checkpoint:
            for tensor in checkpoint.tensors.values():
                tensor.numpy()
    except BadCheckpoint as refusal:
        return "refused" if refusal.message and refusal.advice else "refused without advice"
    return "opened"


def test_that_the_unchanged_files_open(tmp_path: Path):
    """The control of the test below: seven containers, the same five weights in each."""
    for path in seeds(tmp_path):
        with open_checkpoint(path) as checkpoint:
            assert set(checkpoint.tensors) == set(model()), path.name
            for name, tensor in model().items():
                ours = checkpoint.tensors[name].numpy()
                np.testing.assert_array_equal(ours, tensor.float().numpy())


@pytest.mark.parametrize(
    "name",
    ["new.pth", "old.pth", "m.safetensors", "stored.npz", "packed.npz", "p2.pkl", "p5.pkl"],
)
def test_that_a_mutated_file_opens_or_is_refused_in_words(tmp_path: Path, name: str):
    (tmp_path / "seeds").mkdir()
    raw = next(path for path in seeds(tmp_path / "seeds") if path.name == name).read_bytes()
    dice = random.Random(f"{SEED} {name}")
    path = tmp_path / name
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = {"opened": 0, "refused": 0}
    slowest = 0.0
    for number in range(MUTATIONS_PER_FILE):
        path.write_bytes(mutated(raw, dice))
        start = time.perf_counter()
        result = outcome(path)
        slowest = max(slowest, time.perf_counter() - start)
        assert result in outcomes, f"mutation {number}: {result}"
        outcomes[result] += 1
    assert outcomes["refused"] > MUTATIONS_PER_FILE / 10
    assert slowest < SLOWEST_SECONDS
    added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert added < MOST_ADDED_MIB
