"""Two ranks on two cores against one rank with one thread.

Run explicitly: ``pytest tests/benchmarks/test_scan_ranks.py -s``. Prints one line: name, ours,
reference, ratio, bar. The sides take turns; measured is the scan itself, from the moment all ranks
have met, in the quickest of several repeats.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scans.scan_by_hand import model_file, pictures

BAR = 0.75
REPEATS = 4
COUNT = 160


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """Wide enough that the model, and not the reading of tiny pictures, takes the time."""
    return model_file(tmp_path_factory.mktemp("model"), width=768, depth=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return pictures(tmp_path_factory.mktemp("pictures"), COUNT)


def seconds(model: Path, folder: Path, out: Path, *, ranks: int) -> float:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(ranks), "-m", "tests.scans.scan_by_hand"]
    command += [str(model), str(folder), str(out.parent / "kept"), str(out), "--not-kept"]
    repository = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=repository, env=environment, check=True, capture_output=True)
    found: float = json.loads(out.read_text())["seconds"]
    return found


def test_that_two_ranks_take_at_most_three_quarters_of_the_time_of_one(model, folder, tmp_path):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("two ranks need two cores")
    ours, reference = [], []
    for _ in range(REPEATS):
        reference.append(seconds(model, folder, tmp_path / "one.json", ranks=1))
        ours.append(seconds(model, folder, tmp_path / "two.json", ranks=2))
    ratio = min(ours) / min(reference)
    sys.stdout.write(
        f"\ntwo ranks: ours {min(ours):.2f} s, reference {min(reference):.2f} s, "
        f"ratio {ratio:.3f}, bar {BAR}\n"
    )
    assert ratio <= BAR
