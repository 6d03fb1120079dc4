"""How long the window stands still while jobs run, and how soon it is there.

Run explicitly: ``pytest tests/benchmarks/test_window.py -s``. Prints one line each: name, ours,
bar. Times are of the wall: measure on a machine that does nothing else.
"""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer

from inspector.app.main import open_window, parse
from inspector.core.figures import ExportRequest, FigureKind, FigureStyle
from tests.tiny_models import vit_weights, write_safetensors

STALL_BAR_MS = 100
START_BAR_S = 2.0
REPEATS = 3
START = """
import sys, time
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
    qtbot, tmp_path
):
    paths = [
        write_safetensors(tmp_path / f"{n}.safetensors", vit_weights(width=768, depth=12, change=n))
        for n in (0.0, 0.1)
    ]
    program = open_window(parse([]))
    qtbot.waitExposed(program.window)
    ticks: list[float] = []
    clock = QTimer()
    clock.setTimerType(Qt.TimerType.PreciseTimer)
    clock.timeout.connect(lambda: ticks.append(time.monotonic()))
    clock.start(10)
    stalls = []
    for turn in range(REPEATS):
        ticks.clear()
        program.open_paths(paths)
        qtbot.waitUntil(lambda: len(program.session.models) == 2, timeout=60_000)
        qtbot.waitUntil(lambda: not program.lane.is_busy, timeout=60_000)
        base = tmp_path / f"figure-{turn}"
        program.exporting.export(ExportRequest(FigureKind.VECTORS, FigureStyle(), base))
        qtbot.waitUntil(lambda: not program.lane.is_busy, timeout=60_000)
        stalls.append(1000 * float(np.diff(ticks).max()))
        program.session.set_models([])
    clock.stop()
    program.window.close()
    program.finish()
    longest = float(np.median(stalls))
    sys.stdout.write(f"\nlongest stall, open + compare + export: {longest:.0f} ms, ")
    sys.stdout.write(f"bar {STALL_BAR_MS} ms\n")
    assert longest < STALL_BAR_MS


def test_that_the_window_is_there_within_two_seconds_of_a_warm_start(repository, tmp_path):
    took = [_start(repository, tmp_path) for _ in range(REPEATS)]
    sys.stdout.write(
        f"\nstart to a shown window and back: {min(took):.2f} s, bar {START_BAR_S} s\n"
    )
    assert min(took) < START_BAR_S


def _start(repository: Path, home: Path) -> float:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", START],
        cwd=repository,
        env={
            "PATH": "/usr/bin:/bin",
            "VIT_INSPECTOR_HOME": str(home),
            "QT_QPA_PLATFORM": "offscreen",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    if done.stdout.strip() != "True":
        pytest.fail(done.stderr)
    return time.monotonic() - began
