"""How long the window stands still while jobs run, and how soon it is there.

Run explicitly: ``pytest tests/benchmarks/test_window.py -s``. Prints one line each: name, ours,
bar. Times are of the wall: measure on a machine that does nothing else.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tests.tiny_models import vit_weights, write_safetensors

STALL_BAR_MS = 100
START_BAR_S = 2.0
REPEATS = 3
COMPARE = """
import sys, time
from pathlib import Path
from inspector.app.startup import leave_a_core_for_the_window
leave_a_core_for_the_window()
import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication
from inspector.app.main import open_window, parse
from inspector.core.figures import ExportRequest, FigureKind, FigureStyle

application = QApplication([])
program = open_window(parse([]))
ticks = []
clock = QTimer()
clock.setTimerType(Qt.TimerType.PreciseTimer)
clock.timeout.connect(lambda: ticks.append(time.monotonic()))

def wait(condition):
    while not condition():
        application.processEvents()
        time.sleep(0.001)

def settled():
    return not program.lane.is_busy and not program.showing.is_behind

wait(settled)
clock.start(10)
for turn in range(3):
    ticks.clear()
    program.open_paths([Path(name) for name in sys.argv[2:]])
    wait(lambda: len(program.session.models) == 2 and settled())
    base = Path(sys.argv[1]) / f"figure-{turn}"
    program.exporting.export(ExportRequest(FigureKind.VECTORS, FigureStyle(), base))
    wait(settled)
    print(1000 * np.diff(ticks).max())
    program.session.set_models([])
program.window.close()
program.finish()
"""
START = """
from PySide6.QtWidgets import QApplication
from inspector.app.main import open_window, parse
application = QApplication([])
program = open_window(parse([]))
application.processEvents()
print(program.window.isVisible())
program.window.close()
program.finish()
"""


def test_that_the_event_loop_stalls_less_than_100_ms_while_vit_b_is_compared_and_exported(
    repository, tmp_path
):
    names = [
        str(write_safetensors(tmp_path / f"{n}.safetensors", _vit_b(change=n))) for n in (0.0, 0.1)
    ]
    printed = _run(COMPARE, repository, tmp_path, str(tmp_path), *names)
    longest = statistics.median(float(line) for line in printed.splitlines())
    sys.stdout.write(f"\nlongest stall, open + compare + export: {longest:.0f} ms, ")
    sys.stdout.write(f"bar {STALL_BAR_MS} ms\n")
    assert longest < STALL_BAR_MS


def test_that_the_window_is_there_within_two_seconds_of_a_warm_start(repository, tmp_path):
    took = []
    for _ in range(REPEATS):
        began = time.monotonic()
        assert _run(START, repository, tmp_path).strip() == "True"
        took.append(time.monotonic() - began)
    sys.stdout.write(
        f"\nstart to a shown window and back: {min(took):.2f} s, bar {START_BAR_S} s\n"
    )
    assert min(took) < START_BAR_S


def _vit_b(*, change: float) -> dict[str, np.ndarray]:
    return vit_weights(width=768, depth=12, change=change)


def _run(code: str, repository: Path, home: Path, *arguments: str) -> str:
    """What a fresh Python prints; threads are limited as `main` does it."""
    environment = {"PATH": "/usr/bin:/bin", "VIT_INSPECTOR_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=repository,
        env={**environment, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
