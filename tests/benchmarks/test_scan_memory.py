"""The memory of a scan over 2,000 pictures against that of one over 200.

Run explicitly: ``pytest tests/benchmarks/test_scan_memory.py -s``. Prints one line: name, ours,
reference, ratio, bar. Each scan is a process of its own; measured is the most memory it ever had.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scans.scan_by_hand import model_file, pictures

BAR = 1.10
FEW, MANY = 200, 2000

_SCAN = """
import resource
import sys
from pathlib import Path
from inspector.core.optimal import OptimalOptions
from inspector.families import open_model
from inspector.families.running import build_network
from inspector.scans.analyses import optimal_images
from inspector.scans.store import Store

model_file, folder, kept, count = sys.argv[1:]
with open_model(Path(model_file), heads=4) as model:
    found = optimal_images(
        model,
        build_network(model),
        Path(folder),
        options=OptimalOptions(modes=None),
        store=Store(Path(kept)),
    )
assert found.result.measured == int(count)
sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """As many modes as `deit_tiny`: 12 blocks of 192 each."""
    return model_file(tmp_path_factory.mktemp("model"), width=192, depth=12)


def peak(model: Path, folder: Path, kept: Path, count: int) -> int:
    """Kilobytes."""
    command = [sys.executable, "-c", _SCAN, str(model), str(folder), str(kept), str(count)]
    repository = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    done = subprocess.run(
        command, cwd=repository, env=environment, check=True, capture_output=True, text=True
    )
    return int(done.stdout)


@pytest.mark.parametrize("again", [False, True], ids=["computed", "from disk"])
def test_that_ten_times_the_pictures_take_at_most_a_tenth_more_memory(
    model, tmp_path_factory, again
):
    found = []
    for count in (FEW, MANY):
        folder = pictures(tmp_path_factory.mktemp("pictures"), count)
        kept = tmp_path_factory.mktemp("kept")
        if again:
            peak(model, folder, kept, count)
        found.append(peak(model, folder, kept, count))
    few, many = found
    ratio = many / few
    sys.stdout.write(
        f"\nmemory: ours {many / 1024:.0f} MB, reference {few / 1024:.0f} MB, "
        f"ratio {ratio:.3f}, bar {BAR}\n"
    )
    assert ratio <= BAR
