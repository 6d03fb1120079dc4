"""How the readers are registered, and what the package leaves unimported."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from inspector.checkpoints import READERS, open_checkpoint
from inspector.core.errors import BadCheckpoint


def test_that_every_file_of_the_folder_of_readers_is_registered(repository: Path):
    folder = repository / "inspector" / "checkpoints" / "readers"
    names = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    modules = [importlib.import_module(f"inspector.checkpoints.readers.{name}") for name in names]
    assert names
    assert {module.READER.name for module in modules} == {reader.name for reader in READERS}
    assert len(READERS) == len(names)


def test_that_neither_torch_nor_pickle_nor_anything_heavy_is_imported_to_open_a_file(
    tmp_path: Path, repository: Path
):
    path = tmp_path / "m.pth"
    torch.save({"state_dict": {"a.b": torch.ones(3).bfloat16()}, "meta": {"cfg": "x = 1"}}, path)
    code = (
        "import sys; from pathlib import Path\n"
        "from inspector.checkpoints import open_checkpoint\n"
        "with open_checkpoint(Path(sys.argv[1])) as c:\n"
        "    assert c.tensors['a.b'].numpy().tolist() == [1, 1, 1]\n"
        "heavy = {'torch', 'timm', 'scipy', 'matplotlib', 'PySide6', 'safetensors'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=repository,
    )
    assert done.stdout.strip() == "[]"


def test_that_a_closed_checkpoint_is_read_no_more_and_lets_its_file_go(tmp_path: Path):
    path = tmp_path / "m.pth"
    torch.save({"w": torch.ones(3)}, path)
    checkpoint = open_checkpoint(path)
    checkpoint.close()
    checkpoint.close()
    with pytest.raises(BadCheckpoint, match="was closed"):
        checkpoint.tensors["w"].numpy()


def test_that_opening_reports_how_far_it_has_come_and_can_be_cancelled(tmp_path: Path):
    path = tmp_path / "m.pth"
    torch.save({"w": torch.ones(3), "log": list(range(200_000))}, path)
    seen: list[tuple[int, int]] = []
    open_checkpoint(path, progress=lambda done, total, text="": seen.append((done, total))).close()
    assert len(seen) > 3
    assert all(0 < done <= total for done, total in seen)
    assert seen == sorted(seen)
