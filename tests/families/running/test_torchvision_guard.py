"""timm imports whatever torchvision is installed, and a healthy one is left alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from inspector.core.errors import CannotRun
from inspector.families import torchvision_guard
from inspector.families.torchvision_guard import prepare_torchvision

BROKEN = """
import torch
for operator in ("nms", "qnms"):
    if not hasattr(torch.ops.torchvision, operator):
        raise RuntimeError(f"operator torchvision::{operator} does not exist")
from torchvision import part
"""


def pretend(folder: Path, monkeypatch, text: str) -> None:
    """Another torchvision than the installed one, for this test."""
    package = folder / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(text)
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(folder))


@pytest.fixture
def as_it_was():
    """Afterwards the real torchvision is back, whatever a test left under its name."""
    held = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "torchvision"}
    yield
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    sys.modules.update(held)


@pytest.mark.usefixtures("as_it_was")
def test_that_a_healthy_torchvision_is_left_alone(tmp_path, monkeypatch) -> None:
    pretend(tmp_path, monkeypatch, "healthy = True")
    declared = list(torchvision_guard._DECLARED)
    prepare_torchvision()
    assert sys.modules["torchvision"].healthy
    assert declared == torchvision_guard._DECLARED


@pytest.mark.usefixtures("as_it_was")
@pytest.mark.parametrize(
    "error",
    [
        "RuntimeError('the moon is in the way')",
        "ImportError('no libc10_cuda')",
        "ModuleNotFoundError('No module named torchvision')",
        "RuntimeError('operator torchvision::roi_align does not exist')",
    ],
)
def test_that_another_failure_is_told_in_a_sentence(tmp_path, monkeypatch, error) -> None:
    pretend(tmp_path, monkeypatch, f"raise {error}")
    declared = list(torchvision_guard._DECLARED)
    with pytest.raises(CannotRun, match="cannot be imported") as caught:
        prepare_torchvision()
    assert error.split("'")[1] in caught.value.message
    assert "Install" in caught.value.advice
    assert declared == torchvision_guard._DECLARED


def test_that_missing_operators_are_declared_and_the_import_is_whole(tmp_path, repository) -> None:
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(BROKEN)
    (package / "part.py").write_text("whole = True")
    program = (
        "from inspector.families.torchvision_guard import prepare_torchvision as prepare\n"
        "prepare(); prepare()\n"
        "import torchvision, torch\n"
        "assert torchvision.part.whole and torch.ops.torchvision.qnms"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{tmp_path}:{repository}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_that_timm_imports_after_it() -> None:
    prepare_torchvision()
    import timm

    assert timm.is_model("vit_tiny_patch16_224")
