"""A scan in a process of its own that is killed in the middle, and goes on where it stopped."""

import json
import signal
import time
from pathlib import Path

import pytest

from inspector.scans.store import Store
from tests.scans.forked import Forked
from tests.scans.scan_by_hand import Means, model_file, pictures, scanned, told

COUNT = 150


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return model_file(tmp_path_factory.mktemp("model"), width=8, depth=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return pictures(tmp_path_factory.mktemp("pictures"), COUNT)


@pytest.fixture
def scan_alone(model, folder, forks, tmp_path):
    """Starts a scan in a process of its own."""

    def start(name: str, *, wait: float = 0.0) -> Forked:
        files = (tmp_path / "kept", tmp_path / f"{name}.json", "--runs", tmp_path / f"{name}.runs")
        return forks.start(model, folder, *files, "--wait", wait)

    return start


def runs(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def until(ready, *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.01)


def undisturbed(model: Path, folder: Path) -> dict:
    return json.loads(json.dumps(told(scanned(model, folder))))


def kept_in(store: Store) -> int:
    return sum(scan.pictures for scan in store.scans())


def test_that_a_killed_scan_goes_on_and_comes_to_the_same(model, folder, tmp_path, scan_alone):
    store = Store(tmp_path / "kept")
    process = scan_alone("first", wait=0.02)
    until(lambda: runs(tmp_path / "first.runs") >= 80)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    kept = kept_in(store)
    assert 64 <= kept < COUNT
    assert scan_alone("second").wait() == 0
    assert runs(tmp_path / "second.runs") == COUNT - kept
    found = json.loads((tmp_path / "second.json").read_text())
    del found["seconds"]
    assert found.pop("kept") == kept
    assert found == undisturbed(model, folder)


def test_that_a_scan_that_is_told_to_end_writes_what_is_finished(tmp_path, scan_alone):
    process = scan_alone("first", wait=0.05)
    until(lambda: runs(tmp_path / "first.runs") >= 10)
    process.kill(signal.SIGTERM)
    assert process.wait() == 1
    finished = runs(tmp_path / "first.runs")
    assert 10 <= finished - 2 <= kept_in(Store(tmp_path / "kept")) <= finished < 64


def test_that_two_processes_share_a_store(model, folder, tmp_path, scan_alone):
    both = [scan_alone(name, wait=0.005) for name in ("first", "second")]
    assert [process.wait() for process in both] == [0, 0]
    expected = undisturbed(model, folder)
    for name in ("first", "second"):
        found = json.loads((tmp_path / f"{name}.json").read_text())
        del found["kept"], found["seconds"]
        assert found == expected
    assert not list(tmp_path.rglob("*.tmp"))
    measurement = Means()
    scanned(model, folder, measurement, store=Store(tmp_path / "kept"))
    assert not measurement.seen
