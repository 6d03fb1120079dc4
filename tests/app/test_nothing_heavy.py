"""What is imported before the window is there."""

import subprocess
import sys

CODE = """
import sys, time
from PySide6.QtWidgets import QApplication
from inspector.app.main import open_window, parse

application = QApplication([])
program = open_window(parse(sys.argv[1:]))
end = time.monotonic() + 60
while program.lane.is_busy and time.monotonic() < end:
    application.processEvents()
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


def test_that_opening_and_comparing_two_files_imports_nothing_heavy(repository, tmp_path):
    assert run(repository, tmp_path, "--samples") == ["2 True", ""]
