import socket
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.app.display import why_no_window
from inspector.app.samples import sample_images
from inspector.app.startup import refusal, refusal_here


@pytest.mark.parametrize(
    ("python", "pyside"),
    [
        ((3, 10, 4), "6.11.3"),
        ((3, 11, 7), "6.12.0"),
        ((3, 12, 1), "6.11.0"),
        ((3, 13, 0), "6.11.1"),
    ],
)
def test_that_a_pair_known_to_break_is_refused_with_one_sentence_and_what_to_do(python, pyside):
    sentence = refusal(python, pyside)
    assert "needs Python 3.11" in sentence or "pip install PySide6-Essentials==" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("python", "pyside"), [((3, 11, 7), "6.11.3"), ((3, 12, 0), "6.12.0"), ((3, 13, 1), "6.9.3")]
)
def test_that_a_sound_pair_is_not_refused(python, pyside):
    assert refusal(python, pyside) == ""


def test_that_what_these_tests_run_on_is_not_refused():
    assert refusal_here() == ""


def test_that_linux_without_x11_and_wayland_has_no_display():
    assert why_no_window("linux", {}) == "There is no display."


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_that_windows_and_macos_always_have_a_display(platform):
    assert why_no_window(platform, {}) == ""


def test_that_a_chosen_platform_is_taken_as_it_is():
    assert why_no_window("linux", {"QT_QPA_PLATFORM": "offscreen"}) == ""


@pytest.mark.parametrize("display", [":4711", "127.0.0.1:59000.0", "nonsense"])
def test_that_a_display_that_does_not_answer_is_named(display):
    assert (
        why_no_window("linux", {"DISPLAY": display}) == f"The display “{display}” does not answer."
    )


def test_that_a_wayland_display_that_answers_is_enough(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(tmp_path / "wayland-0"))
        server.listen()
        found = why_no_window(
            "linux", {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
        )
    assert found == ""


def test_that_a_dead_wayland_socket_without_x11_is_no_display(tmp_path):
    environment = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert why_no_window("linux", environment) == "There is no display."


def run(repository: Path, *arguments: str, cwd: Path, **environment: str):
    return subprocess.run(
        [sys.executable, str(repository / "main.py"), *arguments],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_that_without_a_display_the_samples_are_compared_and_mapped_and_the_folder_is_named(
    repository, tmp_path
):
    done = run(repository, "--samples", cwd=tmp_path)
    folder = tmp_path / "vit-inspector-figures"
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert first.startswith("There is no display.")
    assert str(folder) in first
    assert {"vectors.csv", "blocks.csv", "heads.csv", "provenance.json"} <= {
        path.name for path in folder.iterdir()
    }
    assert list(folder.glob("*.pdf"))
    assert (folder / "modes" / "modes.csv").is_file()
    assert len(list(folder.glob("maps-*/overlay.png"))) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_that_without_a_display_an_image_alone_is_answered_with_a_sentence(repository, tmp_path):
    done = run(repository, str(sample_images()[0]), cwd=tmp_path)
    assert done.returncode == 2
    assert "Give a checkpoint too." in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_that_without_a_display_an_unusable_file_ends_in_one_sentence(repository, tmp_path):
    (tmp_path / "a.pth").write_text("")
    done = run(repository, "a.pth", "a.pth", cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_that_the_version_is_printed_without_importing_qt(repository, tmp_path):
    done = run(repository, "--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("ViT Inspector ")
