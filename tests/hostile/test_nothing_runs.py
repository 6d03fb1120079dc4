"""Nothing in a file is imported or executed: a canary shows it, and is shown to work."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inspector.checkpoints import looks_like_checkpoint, open_checkpoint
from inspector.core.errors import BadCheckpoint
from tests.hostile import payloads
from tests.hostile.pickle_writing import (
    PROTO2,
    STOP,
    called,
    dictionary,
    legacy_file,
    name,
    sound_model,
    tensor,
    text,
    zip_file,
)

UNPICKLE = "import pickle, sys; pickle.loads(bytes.fromhex(sys.stdin.read()))"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


def open_and_read(path: Path) -> str:
    """Open, read every tensor; what became of it."""
    try:
        with open_checkpoint(path) as checkpoint:
            for tensor_ in checkpoint.tensors.values():
                tensor_.numpy()
            return "opened"
    except BadCheckpoint:
        return "refused"


def appears(path: Path) -> bool:
    """Whether a file is there within two seconds: some payloads do not wait for their child."""
    deadline = time.monotonic() + 2
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return path.exists()


def in_every_container(folder: Path, label: int, pickled: bytes) -> list[Path]:
    plain = folder / f"{label}.pkl"
    plain.write_bytes(pickled)
    return [
        plain,
        zip_file(folder / f"{label}.pth", pickled),
        legacy_file(folder / f"{label}.pt", pickled),
    ]


def all_payloads(canary: Path) -> dict[str, bytes]:
    return {
        **payloads.whole_pickles(canary),
        **payloads.beside_a_weight(canary),
        **payloads.rewriting(canary),
        **payloads.refused_opcodes(),
    }


def test_that_no_payload_fires_in_any_container(tmp_path: Path, canary: Path):
    count = 0
    for label, (form, pickled) in enumerate(all_payloads(canary).items()):
        for path in in_every_container(tmp_path, label, pickled):
            looks_like_checkpoint(path)
            open_and_read(path)
            assert not canary.exists(), form
            count += 1
    assert count > 150


def test_that_the_canary_fires_when_python_itself_unpickles_the_payloads(canary: Path):
    """The positive control: else the test above would prove nothing."""
    silent = []
    for form, pickled in payloads.whole_pickles(canary).items():
        subprocess.run(
            [sys.executable, "-c", UNPICKLE],
            input=pickled.hex(),
            text=True,
            capture_output=True,
            check=False,
        )
        if not appears(canary):
            silent.append(form)
        canary.unlink(missing_ok=True)
    assert silent == []


def test_that_a_model_beside_a_payload_opens_and_the_foreign_names_are_told(
    tmp_path: Path, canary: Path
):
    payload = called(name("os", "system"), text(f"touch '{canary}'"))
    path = zip_file(tmp_path / "m.pth", sound_model(extra=payload))
    with open_checkpoint(path) as checkpoint:
        assert list(checkpoint.tensors) == ["weight"]
        assert checkpoint.foreign == ("os.system",)
    assert not canary.exists()


def test_that_a_pickle_without_tensors_is_refused_by_the_names_in_it(tmp_path: Path):
    path = tmp_path / "evil.pkl"
    path.write_bytes(PROTO2 + called(name("os", "system"), text("true")) + STOP)
    with pytest.raises(BadCheckpoint, match=r"os\.system.*nothing of that was imported or run"):
        open_checkpoint(path)


def test_that_one_file_cannot_change_how_the_next_is_read(tmp_path: Path, canary: Path):
    sound = zip_file(tmp_path / "sound.pth", sound_model())
    for label, pickled in enumerate(payloads.rewriting(canary).values()):
        open_and_read(zip_file(tmp_path / f"{label}.pth", pickled))
        with open_checkpoint(sound) as checkpoint:
            assert checkpoint.tensors["weight"].numpy().tolist() == [0, 0, 0, 0]
            assert checkpoint.foreign == ()


def test_that_no_module_a_file_names_is_imported(tmp_path: Path, repository: Path):
    (tmp_path / "planted_module.py").write_text("raise SystemExit('imported')")
    extra = called(name("planted_module", "Thing"))
    path = zip_file(tmp_path / "m.pth", sound_model(extra=extra))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path\n"
            "from inspector.checkpoints import open_checkpoint\n"
            "c = open_checkpoint(Path(sys.argv[1]))\n"
            "assert c.foreign == ('planted_module.Thing',), c.foreign\n"
            "assert 'planted_module' not in sys.modules and 'torch' not in sys.modules\n"
            "assert 'pickle' not in vars(sys.modules['inspector.checkpoints.pickle_machine'])\n",
            str(path),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(repository), str(tmp_path)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_that_a_legacy_header_with_a_payload_is_read_as_inertly_as_the_rest(
    tmp_path: Path, canary: Path
):
    evil = called(name("os", "system"), text(f"touch '{canary}'"))
    for position in range(3):
        parts = [PROTO2 + dictionary() + STOP] * 3
        parts[position] = PROTO2 + evil + STOP
        path = tmp_path / f"{position}.pt"
        path.write_bytes(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19." + b"".join(parts))
        assert open_and_read(path) == "refused"
    keys = legacy_file(tmp_path / "keys.pt", sound_model(), keys=PROTO2 + evil + STOP)
    assert open_and_read(keys) == "refused"
    assert not canary.exists()


def test_that_a_zip_that_looks_like_torchscript_is_refused_unread(tmp_path: Path, canary: Path):
    code = f"import os\nos.system(\"touch '{canary}'\")\n"
    members = {"archive/constants.pkl": b"\x80\x02).", "archive/code/__torch__.py": code.encode()}
    path = zip_file(tmp_path / "m.pt", PROTO2 + tensor() + STOP, members=members)
    with pytest.raises(BadCheckpoint, match="TorchScript"):
        open_checkpoint(path)
    assert not canary.exists()


def test_that_no_source_of_the_readers_can_unpickle_or_execute(repository: Path):
    forbidden = (
        "import pickle",
        "import torch",
        "from torch",
        "eval(",
        "exec(",
        "importlib",
        "shelve",
    )
    for source in (repository / "inspector" / "checkpoints").rglob("*.py"):
        content = source.read_text(encoding="utf-8").replace("literal_eval(", "")
        assert not [word for word in forbidden if word in content], source
