"""What is imported before the window is there."""

import subprocess
import sys

from resources import samples

CODE = """
import sys, time
from PySide6.QtWidgets import QApplication
from inspector.app.main import open_window, parse

application = QApplication([])
program = open_window(parse(sys.argv[1:]))
end = time.monotonic() + 60
def is_compared():
    series = program.session.series
    return series is not None and series.complete and program.session.patterns is not None

while program.lane.is_busy and not is_compared() and time.monotonic() < end:
    application.processEvents()
assert program.window.isVisible()
print(len(program.session.models), program.session.series is not None)
heavy = ("torch", "timm", "matplotlib", "scipy", "torchvision", "PIL", "transformers")
print(",".join(name for name in heavy if name in sys.modules))
program.window.close()
program.finish()
"""


def run(repository, home, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        cwd=repository,
        env={
            "PATH": "/usr/bin:/bin",
            "VIT_INSPECTOR_HOME": str(home),
            "QT_QPA_PLATFORM": "offscreen",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_that_the_window_is_there_before_anything_heavy_is_imported(repository, tmp_path):
    assert run(repository, tmp_path) == ["0 False", ""]


def test_that_two_files_are_opened_and_compared_before_anything_heavy_is_imported(
    repository, tmp_path
):
    """Their modes, which need torch, come after that unless they are looked at."""
    assert run(repository, tmp_path, *map(str, samples())) == ["2 True", ""]
