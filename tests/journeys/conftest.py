"""The program as `main` sets it up, without its event loop; and files to open in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QMenu

from inspector.app.controller import Controller
from inspector.app.main import open_window, parse
from tests.tiny_models import vit_weights, write_safetensors

Open = Callable[..., Controller]


@pytest.fixture
def open_program(qtbot) -> Iterator[Open]:
    """Open the program with command-line arguments; what is opened is closed, and leaks nothing."""
    before = set(QApplication.topLevelWidgets())
    programs: list[Controller] = []

    def opened(*arguments: object) -> Controller:
        programs.append(open_window(parse([str(argument) for argument in arguments])))
        return programs[-1]

    yield opened
    for program in programs:
        program.window.close()
        program.finish()
        assert not program.lane.is_running
        program.window.deleteLater()
        program.deleteLater()
    programs.clear()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    left = [widget for widget in QApplication.topLevelWidgets() if widget not in before]
    assert [widget for widget in left if not isinstance(widget, QMenu)] == []  # pyqtgraph's menus


@pytest.fixture
def settled(qtbot) -> Callable[[Controller], None]:
    """Wait until nothing runs any more and everything is shown."""

    def wait(program: Controller) -> None:
        qtbot.waitUntil(
            lambda: not program.lane.is_busy and not program.showing.is_behind, timeout=20_000
        )

    return wait


@pytest.fixture
def program(open_program, settled) -> Controller:
    program = open_program()
    settled(program)
    return program


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory) -> list[Path]:
    """A plain ViT and three epochs of it; the files do not say how many heads it has."""
    folder = tmp_path_factory.mktemp("checkpoints")
    names = ["pretrained", "epoch_1", "epoch_2", "epoch_10"]
    return [
        write_safetensors(folder / f"{name}.safetensors", vit_weights(change=0.05 * n))
        for n, name in enumerate(names)
    ]


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """Two pictures and a volume of nine slices."""
    import nibabel

    folder, random = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for name in ("first.png", "second.png"):
        Image.fromarray(random.integers(0, 256, (40, 48), np.uint8)).save(folder / name)
    volume = random.normal(0, 200, (20, 24, 9)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([1, 1, 3, 1])), folder / "volume.nii.gz")
    return [folder / name for name in ("first.png", "second.png", "volume.nii.gz")]


@pytest.fixture
def seen(qtbot):
    """Wait until what is selected is on the screen."""

    def is_quiet(program) -> bool:
        waits = program.inspecting.is_busy or program.showing.is_behind
        return not program.lane.is_busy and not waits

    def wait(program) -> None:
        qtbot.waitUntil(lambda: is_quiet(program), timeout=20_000)

    return wait


@pytest.fixture
def one(open_program, seen, checkpoints, images):
    """A model on a picture."""
    program = open_program(checkpoints[0], images[0])
    seen(program)
    return program


@pytest.fixture
def pair(open_program, seen, checkpoints, images):
    """Two models, two pictures and a volume."""
    program = open_program(checkpoints[0], checkpoints[2], *images)
    seen(program)
    return program
