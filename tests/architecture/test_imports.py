"""import-linter holds the direction of imports; planted faults show that it does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = {
    "core/planted.py": ("import torch\n", "know no torch"),
    "core/planted_up.py": ("from inspector.families import model\n", "Layers point downwards"),
    "checkpoints/planted.py": ("import PySide6.QtCore\n", "Computation knows no Qt"),
    "images/planted.py": ("import PySide6.QtGui\n", "Computation knows no Qt"),
    "images/planted_side.py": ("import inspector.checkpoints\n", "Layers point downwards"),
    "families/planted.py": ("import pyqtgraph\n", "Computation knows no Qt"),
    "analysis/planted.py": ("import inspector.render\n", "Layers point downwards"),
    "render/planted.py": ("import torch\n", "know no torch"),
    "export/planted.py": ("import inspector.jobs\n", "Layers point downwards"),
    "views/planted.py": ("import inspector.analysis\n", "Views know results, not models"),
    "views/planted_images.py": ("import inspector.images\n", "Views know results, not models"),
    "views/planted_torch.py": ("import torch\n", "know no torch"),
    "jobs/planted.py": ("import inspector.views\n", "Layers point downwards"),
    "cli/planted.py": ("import inspector.app\n", "Layers point downwards"),
    "newcomer/__init__.py": ("", "Layers point downwards"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    # The tree is linted where it stands: the folder comes first on the path of a clean process.
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy_of_the_house(repository: Path, tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(repository / "inspector", tmp_path / "inspector", ignore=ignored)
    shutil.copy(repository / "pyproject.toml", tmp_path)
    return tmp_path


def test_that_the_imports_point_down(copy_of_the_house: Path) -> None:
    found = lint(copy_of_the_house)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("file", PLANTED)
def test_that_a_planted_violation_is_caught(copy_of_the_house: Path, file: str) -> None:
    text, contract = PLANTED[file]
    planted = copy_of_the_house / "inspector" / file
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(f'"""Planted."""\n{text}')
    found = lint(copy_of_the_house)
    assert found.returncode != 0, f"{file} went unnoticed"
    assert any(contract in line and "BROKEN" in line for line in found.stdout.splitlines()) or (
        "newcomer" in found.stdout
    ), found.stdout
