import gc
import sys
import threading

import pytest

from inspector.app import responsiveness
from inspector.app.responsiveness import Responsiveness
from inspector.jobs.lane import Lane


@pytest.fixture
def lane(qapp):
    lane = Lane()
    yield lane
    assert lane.close()


@pytest.fixture
def quick(lane, monkeypatch):
    monkeypatch.setattr(responsiveness, "LOOK_EVERY_MS", 5)
    monkeypatch.setattr(responsiveness, "PAUSE_MS", 5)
    quick = Responsiveness(lane, lane)
    yield quick
    quick.end()


@pytest.fixture
def collections():
    """Thread and generation of every collection."""
    seen = []

    def note(phase, info):
        if phase == "start":
            seen.append((threading.get_ident(), info["generation"]))

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)


class Knot:
    def __init__(self) -> None:
        self.itself = self


def test_that_garbage_a_job_makes_is_collected_in_the_window_s_thread_only(
    quick, lane, collections, qtbot
):
    def job(context):
        while len(collections) < 3:
            [Knot() for _ in range(30_000)]
            context.progress(0, 1)

    with qtbot.waitSignal(lane.idle, timeout=20_000):
        lane.submit("k", job, label="garbage")
    assert {thread for thread, _ in collections} == {threading.get_ident()}


def test_that_everything_is_collected_when_nothing_runs(quick, collections, qtbot):
    qtbot.waitUntil(lambda: 2 in [generation for _, generation in collections])


def test_that_not_all_is_collected_while_a_job_runs(quick, lane, collections, qtbot):
    started = threading.Event()

    def job(context):
        started.set()
        while not any(generation == 1 for _, generation in collections):
            [Knot() for _ in range(30_000)]
            context.progress(0, 1)

    lane.submit("k", job, label="garbage")
    assert started.wait(5)
    collections.clear()
    with qtbot.waitSignal(lane.idle, timeout=20_000):
        pass
    assert 2 not in [generation for _, generation in collections]


def test_that_what_imports_have_brought_is_never_walked_through(lane, monkeypatch, qtbot):
    monkeypatch.setattr(responsiveness, "PAUSE_MS", 5)
    walked = []

    def note(phase, info):
        if phase == "start" and info["generation"] == 2:
            walked.append(len(gc.get_objects()))

    quick = Responsiveness(lane, lane)
    before = len(gc.get_objects())
    gc.callbacks.append(note)
    try:
        qtbot.waitUntil(lambda: len(walked) > 0)
    finally:
        gc.callbacks.remove(note)
        quick.end()
    assert walked[0] < before / 10


def test_that_a_pause_begins_anew_while_the_user_does_something(
    lane, collections, monkeypatch, qtbot
):
    monkeypatch.setattr(responsiveness, "PAUSE_MS", 200)
    quick = Responsiveness(lane, lane)
    for _ in range(8):
        qtbot.wait(50)
        quick.put_off()
    assert 2 not in [generation for _, generation in collections]
    qtbot.waitUntil(lambda: 2 in [generation for _, generation in collections])
    quick.put_off()
    quick.end()


def test_that_everything_is_as_before_afterwards(lane):
    before = sys.getswitchinterval(), gc.isenabled()
    quick = Responsiveness(lane, lane)
    assert not gc.isenabled()
    assert sys.getswitchinterval() < before[0]
    quick.end()
    assert (sys.getswitchinterval(), gc.isenabled()) == before
    assert gc.get_freeze_count() == 0
