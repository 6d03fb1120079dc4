import threading
import time
import weakref

import numpy as np
import pytest
from PySide6.QtCore import QTimer

from inspector.core.errors import BadCheckpoint, Cancelled, InspectorError
from inspector.jobs.context import JobContext, JobState
from inspector.jobs.lane import Lane


class Log:
    """Everything a lane delivered, and in which thread."""

    def __init__(self, lane: Lane) -> None:
        self.results: list[tuple[str, object]] = []
        self.partials: list[object] = []
        self.states: list[JobState] = []
        self.errors: list[tuple[str, InspectorError]] = []
        self.ended: list[str] = []
        lane.result.connect(lambda key, value: self.results.append((key, value)))
        lane.partial.connect(lambda _, value: self.partials.append(value))
        lane.progressed.connect(self.states.append)
        lane.failed.connect(lambda key, error: self.errors.append((key, error)))
        lane.ended.connect(self.ended.append)


@pytest.fixture
def lane(qapp):
    lane = Lane()
    yield lane
    assert lane.close()


@pytest.fixture
def log(lane):
    return Log(lane)


def set_event() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


class Clock:
    """Stands in for the clock of `inspector.jobs.context`."""

    def __init__(self) -> None:
        self.now = 0.0
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> None:
        self._patch.setattr("inspector.jobs.context.monotonic", lambda: self.now)

    def __exit__(self, *_) -> None:
        self._patch.undo()


def a_context(clock, states, *, let_through=lambda: None) -> JobContext:
    """Of a job outside any lane; its states are put into a list."""
    return JobContext(
        JobState("k", "job"),
        cancelled=threading.Event(),
        paused=threading.Event(),
        go=set_event(),
        let_through=let_through,
        rest=lambda: None,
        report=states.append,
        leave=lambda _: None,
    )


def until_cancelled(started: threading.Event | None = None):
    def job(context: JobContext) -> None:
        if started is not None:
            started.set()
        while True:
            context.progress(0, 1)
            time.sleep(0.001)

    return job


def test_that_a_job_runs_outside_the_window_s_thread_and_is_delivered_inside_it(lane, log, qtbot):
    delivered_in = []
    lane.result.connect(lambda *_: delivered_in.append(threading.get_ident()))
    with qtbot.waitSignal(lane.idle):
        lane.submit("k", lambda _: threading.get_ident(), label="trial")
    assert log.results[0][0] == "k"
    assert log.results[0][1] != threading.get_ident()
    assert delivered_in == [threading.get_ident()]
    assert log.ended == ["k"]


def test_that_the_newest_request_under_a_key_wins(lane, log, qtbot):
    started = threading.Event()
    lane.submit("k", until_cancelled(started), label="old")
    assert started.wait(5)
    with qtbot.waitSignal(lane.idle):
        lane.submit("k", lambda _: "new", label="new")
    assert log.results == [("k", "new")]
    assert log.ended == ["k"]


def test_that_an_answer_already_on_its_way_is_dropped_when_a_newer_request_comes(lane, log, qtbot):
    finished = threading.Event()

    def old(_):
        finished.set()
        return "old"

    lane.submit("k", old, label="old")
    assert finished.wait(5)  # its answer may lie in the event queue, undelivered
    with qtbot.waitSignal(lane.idle):
        lane.submit("k", lambda _: "new", label="new")
    assert log.results == [("k", "new")]


def test_that_other_keys_are_left_alone(lane, log, qtbot):
    with qtbot.waitSignal(lane.idle):
        for key in "abc":
            lane.submit(key, lambda _, key=key: key.upper(), label=key)
    assert log.results == [("a", "A"), ("b", "B"), ("c", "C")]


def test_that_of_600_rapid_requests_the_last_is_delivered_and_no_older_one_after_it(
    lane, log, qtbot
):
    with qtbot.waitSignal(lane.idle, timeout=10_000):
        for n in range(600):
            lane.submit("selection", lambda _, n=n: n, label="look")
    numbers = [value for _, value in log.results]
    assert numbers[-1] == 599
    assert numbers == sorted(numbers)


def test_that_a_cancelled_job_ends_without_a_result_or_an_error(lane, log, qtbot):
    started = threading.Event()
    lane.submit("k", until_cancelled(started), label="long")
    assert started.wait(5)
    assert lane.has("k")
    with qtbot.waitSignal(lane.ended):
        lane.cancel("k")
    assert not lane.has("k")
    assert (log.results, log.errors, log.ended) == ([], [], ["k"])


def test_that_a_job_cancelled_while_it_waits_never_runs(lane, log, qtbot):
    started, ran = threading.Event(), []
    lane.submit("first", until_cancelled(started), label="first")
    lane.submit("second", lambda _: ran.append(1), label="second")
    assert started.wait(5)
    lane.cancel("second")
    assert log.ended == ["second"]
    with qtbot.waitSignal(lane.idle):
        lane.cancel()
    assert ran == []


def test_that_an_error_for_the_user_keeps_its_type_and_words_and_gets_a_trace(lane, log, qtbot):
    def job(_):
        raise BadCheckpoint("The file is empty.", advice="Choose another.")

    with qtbot.waitSignal(lane.idle):
        lane.submit("k", job, label="Opening")
    [(key, error)] = log.errors
    assert key == "k"
    assert isinstance(error, BadCheckpoint)
    assert (error.message, error.advice) == ("The file is empty.", "Choose another.")
    assert "raise BadCheckpoint" in error.details
    assert log.results == []


def test_that_a_fault_of_the_program_becomes_a_sentence_and_keeps_no_array_alive(lane, log, qtbot):
    class Big:
        pass

    kept = []

    def job(_):
        big = Big()
        kept.append(weakref.ref(big))
        raise ZeroDivisionError("division by zero")

    with qtbot.waitSignal(lane.idle):
        lane.submit("k", job, label="Comparing")
    [(_, error)] = log.errors
    assert isinstance(error, InspectorError)
    assert error.message.startswith("Comparing: stopped by a fault in the program")
    assert "ZeroDivisionError" in error.details
    assert kept[0]() is None


def test_that_the_lane_goes_on_after_a_failed_job(lane, log, qtbot):
    with qtbot.waitSignal(lane.idle):
        lane.submit("bad", lambda _: 1 / 0, label="bad")
        lane.submit("good", lambda _: 7, label="good")
    assert log.results == [("good", 7)]


def test_that_progress_is_passed_on_at_most_every_50_ms_and_the_last_step_always(lane, log, qtbot):
    def job(context):
        began = time.monotonic()
        for n in range(2001):
            context.progress(n, 2000, f"step {n}")
            time.sleep(0.0001)
        return time.monotonic() - began

    with qtbot.waitSignal(lane.idle, timeout=10_000):
        lane.submit("k", job, label="steps")
    took = log.results[0][1]
    steps = [state for state in log.states if state.total]
    assert 2 <= len(steps) <= took / 0.05 + 2
    assert (steps[-1].done, steps[-1].total, steps[-1].text) == (2000, 2000, "step 2000")


def test_that_the_time_left_follows_from_the_pace_of_the_current_phase(lane, log, qtbot):
    clock, states = Clock(), []
    context = a_context(clock, states)
    with clock:
        clock.now = 0.0
        context.progress(0, 10)
        clock.now = 1.0
        context.progress(5, 10)
        clock.now = 2.0
        context.progress(8, 10)
        context.progress(0, 4)  # a new phase, reported less than 50 ms after the last: held back
        clock.now = 3.5
        context.progress(3, 4)
    assert [state.seconds_left for state in states] == [None, 1.0, 0.5, 0.5]
    assert [state.rate for state in states] == [None, 5.0, 4.0, 2.0]


def test_that_a_quick_start_is_forgotten_by_the_estimate():
    clock, states = Clock(), []
    context = a_context(clock, states)
    with clock:
        context.progress(0, 2000)
        clock.now = 1.0
        context.progress(1000, 2000)  # found on disk
        for second in range(60):
            clock.now = 2.0 + second
            context.progress(1001 + second, 2000)
    assert states[1].rate == 1000
    assert states[-1].rate == pytest.approx(1.0)
    assert states[-1].seconds_left == pytest.approx(2000 - 1060)


def test_that_what_others_do_inside_a_job_does_not_spoil_its_estimate():
    clock, states = Clock(), []

    def others() -> None:
        if clock.now == 2.0:
            clock.now += 600

    context = a_context(clock, states, let_through=others)
    with clock:
        context.progress(0, 10)
        for second in (1, 2, 603):
            clock.now = float(second)
            context.progress(second if second < 10 else 3, 10)
    assert [state.rate for state in states] == [None, 1.0, 1.0, 1.0]
    assert states[-1].seconds_left == pytest.approx(7)


def test_that_a_job_without_a_label_is_not_shown(lane, log, qtbot):
    with qtbot.waitSignal(lane.idle):
        lane.submit("quiet", lambda context: context.progress(1, 1), label="")
    assert log.states == []


def test_that_partial_results_come_in_order_the_newest_replacing_what_was_not_collected(
    lane, log, qtbot
):
    def job(context):
        began = time.monotonic()
        for n in range(500):
            context.partial(n)
            time.sleep(0.001)
        return time.monotonic() - began

    with qtbot.waitSignal(lane.idle, timeout=10_000):
        lane.submit("k", job, label="blocks")
    took = log.results[0][1]
    assert log.partials == sorted(set(log.partials))
    assert 2 <= len(log.partials) <= took / 0.1 + 1


def test_that_a_window_too_busy_to_collect_gets_one_partial_result_and_it_is_the_newest(
    lane, log, qtbot
):
    handed_out = threading.Event()

    def job(context):
        for n in range(4):
            context.partial(n)
            time.sleep(0.11)
        handed_out.set()

    lane.submit("k", job, label="blocks")
    assert handed_out.wait(5)  # the event loop does not run meanwhile
    with qtbot.waitSignal(lane.idle):
        pass
    assert log.partials == [3]


def test_that_partial_results_of_an_older_request_are_never_shown(lane, log, qtbot):
    left = threading.Event()

    def old(context):
        context.partial("old")
        left.set()
        until_cancelled()(context)

    lane.submit("k", old, label="old")
    assert left.wait(5)
    with qtbot.waitSignal(lane.idle):
        lane.submit("k", lambda _: "new", label="new")
    assert log.partials == []


def test_that_closing_during_a_job_ends_within_the_limit_and_takes_no_more_jobs(qapp):
    lane, started = Lane(), threading.Event()
    log = Log(lane)
    lane.submit("k", until_cancelled(started), label="long")
    lane.submit("later", lambda _: 1, label="later")
    assert started.wait(5)
    began = time.monotonic()
    assert lane.close(2000)
    assert time.monotonic() - began < 1
    assert lane.submit("k", lambda _: 1, label="after") == 0
    qapp.processEvents()
    assert log.results == []


def test_that_closing_tells_when_a_job_does_not_listen(qapp):
    lane, started, release = Lane(), threading.Event(), threading.Event()

    def deaf(_):
        started.set()
        release.wait(10)

    lane.submit("k", deaf, label="deaf")
    assert started.wait(5)
    assert not lane.close(50)
    release.set()
    lane.wait()


def test_that_fifty_lanes_open_and_close_with_a_job_under_way(qapp):
    for _ in range(50):
        lane = Lane()
        lane.submit("k", until_cancelled(), label="long")
        assert lane.close()
    qapp.processEvents()


def test_that_cancelled_is_raised_by_partial_results_too():
    context = JobContext(
        JobState("k", ""),
        cancelled=set_event(),
        paused=threading.Event(),
        go=set_event(),
        let_through=lambda: None,
        rest=lambda: None,
        report=print,
        leave=print,
    )
    with pytest.raises(Cancelled):
        context.partial(1)


def test_that_the_event_loop_stalls_less_than_100_ms_while_arrays_as_large_as_swin_s_are_compared(
    lane, log, qtbot
):
    """Widths of Swin-S, 2, 2, 18, 2 blocks; in numpy and in plain Python."""
    widths = [96] * 2 + [192] * 2 + [384] * 18 + [768] * 2
    random = np.random.default_rng(0)

    def job(context):
        total = 0.0
        for n, width in enumerate(widths):
            context.progress(n, len(widths))
            a, b = (random.normal(size=(3 * width, width)) for _ in range(2))
            total += float(np.linalg.norm(a - b, axis=1).sum() + (a @ b.T).trace())
            total += sum(float(x) for x in a[:, 0])
            np.sort(np.abs(a - b), axis=1)
        return total

    ticks: list[float] = []
    timer = QTimer()
    timer.setInterval(10)
    timer.timeout.connect(lambda: ticks.append(time.monotonic()))
    timer.start()
    with qtbot.waitSignal(lane.idle, timeout=30_000):
        lane.submit("k", job, label="compare")
    timer.stop()
    assert len(ticks) > 5
    assert np.diff(ticks).max() < 0.1


def test_that_a_held_job_waits_at_its_next_report_until_it_is_released(lane, log, qtbot):
    started, went_on = threading.Event(), threading.Event()

    def job(context):
        started.set()
        context.progress(0, 1)
        went_on.set()

    lane.hold()
    lane.submit("k", job, label="held")
    assert started.wait(5)
    assert not went_on.wait(0.05)
    lane.release()
    assert went_on.wait(5)


def test_that_a_job_is_never_held_for_long(lane, qtbot):
    lane.hold()
    with qtbot.waitSignal(lane.idle, timeout=5000):
        lane.submit("k", lambda context: context.progress(0, 1), label="held")
    lane.release()


def test_that_a_held_job_can_be_closed_at_once(qapp):
    lane, started = Lane(), threading.Event()
    lane.hold()
    lane.submit("k", until_cancelled(started), label="held")
    assert started.wait(5)
    assert lane.close(1000)


def test_that_a_job_of_a_higher_rank_is_done_inside_the_running_one_which_then_goes_on(
    lane, log, qtbot
):
    started, asked, order = threading.Event(), threading.Event(), []

    def slow(context):
        started.set()
        assert asked.wait(5)
        order.append("before")
        context.progress(1, 2)
        order.append("after")

    lane.submit("slow", slow, label="slow")
    assert started.wait(5)
    lane.submit("equal", lambda _: order.append("equal"), label="equal")
    lane.submit("urgent", lambda _: order.append("urgent"), label="urgent", rank=1)
    with qtbot.waitSignal(lane.idle):
        asked.set()
    assert order == ["before", "urgent", "after", "equal"]
    assert log.ended == ["urgent", "slow", "equal"]


def test_that_the_failure_of_an_urgent_job_leaves_the_one_it_interrupted_alone(lane, log, qtbot):
    started, asked = threading.Event(), threading.Event()

    def slow(context):
        started.set()
        assert asked.wait(5)
        context.progress(1, 2)
        return "whole"

    def bad(_):
        raise BadCheckpoint("It is bad.")

    lane.submit("slow", slow, label="slow")
    assert started.wait(5)
    lane.submit("urgent", bad, label="urgent", rank=1)
    with qtbot.waitSignal(lane.idle):
        asked.set()
    assert log.results == [("slow", "whole")]
    assert [key for key, _ in log.errors] == ["urgent"]


def test_that_of_jobs_that_wait_the_one_of_the_highest_rank_is_taken_first(lane, log, qtbot):
    started, asked, order = threading.Event(), threading.Event(), []

    def first(_):
        started.set()
        assert asked.wait(5)

    lane.submit("first", first, label="")
    assert started.wait(5)
    for name, rank in (("low", 0), ("high", 2), ("middle", 1), ("high too", 2)):
        lane.submit(name, lambda _, name=name: order.append(name), label="", rank=rank)
    with qtbot.waitSignal(lane.idle):
        asked.set()
    assert order == ["high", "high too", "middle", "low"]


def counting(steps: list[int], *, total: int = 10_000):
    def job(context: JobContext) -> int:
        for n in range(total):
            steps.append(n)
            context.progress(n, total)
            time.sleep(0.001)
        return len(steps)

    return job


def is_still(steps: list[int]) -> bool:
    before = len(steps)
    time.sleep(0.05)
    return len(steps) == before


def test_that_a_paused_job_stands_still_says_so_and_goes_on_where_it_was(lane, log, qtbot):
    steps = []
    lane.submit("k", counting(steps, total=200), label="long", unit="images", pausable=True)
    qtbot.waitUntil(lambda: len(steps) > 10)
    lane.pause("k")
    assert lane.is_paused("k")
    qtbot.waitUntil(lambda: bool(log.states) and log.states[-1].paused)
    assert is_still(steps)
    assert (log.states[-1].unit, log.states[-1].pausable) == ("images", True)
    with qtbot.waitSignal(lane.idle, timeout=10_000):
        lane.resume("k")
    assert log.results == [("k", 200)]
    assert steps == list(range(200))
    assert not log.states[-1].paused
    assert not lane.is_paused("k")


def test_that_what_is_more_urgent_is_done_inside_a_paused_job_and_the_rest_waits(lane, log, qtbot):
    steps = []
    lane.submit("k", counting(steps), label="long", rank=-2, pausable=True)
    qtbot.waitUntil(lambda: len(steps) > 0)
    lane.pause("k")
    qtbot.waitUntil(lambda: bool(log.states) and log.states[-1].paused)
    lane.submit("equal", lambda _: "equal", label="", rank=-2)
    for number in range(3):
        with qtbot.waitSignal(lane.ended):
            lane.submit(f"urgent {number}", lambda _: "done", label="looking")
    assert [key for key, _ in log.results] == ["urgent 0", "urgent 1", "urgent 2"]
    qtbot.waitUntil(lambda: log.states[-1].key == "k" and log.states[-1].paused)
    assert is_still(steps)
    with qtbot.waitSignal(lane.idle):
        lane.cancel("k")
    assert log.results[-1] == ("equal", "equal")


def test_that_a_paused_job_can_be_cancelled_and_replaced(lane, log, qtbot):
    steps = []
    lane.submit("k", counting(steps), label="long", pausable=True)
    qtbot.waitUntil(lambda: len(steps) > 0)
    lane.pause("k")
    qtbot.waitUntil(lambda: bool(log.states) and log.states[-1].paused)
    lane.submit("k", lambda _: "new", label="new", pausable=True)
    with qtbot.waitSignal(lane.idle):
        pass
    assert log.results == [("k", "new")]


def test_that_a_job_paused_while_it_waits_stands_still_from_the_start(lane, log, qtbot):
    started, steps = threading.Event(), []
    lane.submit("before", until_cancelled(started), label="")
    lane.submit("k", counting(steps), label="long", pausable=True)
    assert started.wait(5)
    lane.pause("k")
    lane.cancel("before")
    qtbot.waitUntil(lambda: bool(log.states) and log.states[-1].paused and log.states[-1].total > 0)
    assert is_still(steps)
    assert len(steps) == 1


def test_that_the_window_closes_while_a_job_is_paused(qapp, qtbot):
    lane, steps = Lane(), []
    log = Log(lane)
    lane.submit("k", counting(steps), label="long", pausable=True)
    qtbot.waitUntil(lambda: len(steps) > 0)
    lane.pause("k")
    qtbot.waitUntil(lambda: bool(log.states) and log.states[-1].paused)
    assert lane.close(1000)


def test_that_only_a_pausable_job_is_paused_and_that_it_is_told(lane, log, qtbot):
    told, steps = [], []
    lane.pause_changed.connect(told.append)
    lane.submit("plain", until_cancelled(), label="")
    lane.pause("plain")
    lane.pause("nothing")
    assert not lane.is_paused("plain")
    lane.submit("k", counting(steps, total=1), label="", pausable=True)
    lane.pause("k")
    lane.pause("k")
    lane.resume("k")
    lane.resume("k")
    assert told == ["k", "k"]
    lane.cancel("plain")
    with qtbot.waitSignal(lane.idle):
        pass


def test_that_jobs_are_listed_in_the_order_taken_and_those_not_begun_are_told(lane, log, qtbot):
    taken, started = [], threading.Event()
    lane.taken.connect(taken.append)
    lane.submit("runs", until_cancelled(started), label="first")
    assert started.wait(5)
    lane.submit("quiet", lambda _: None, label="")
    lane.submit("waits", until_cancelled(), label="second", pausable=True)
    assert taken == ["runs", "quiet", "waits"]
    assert [job.label for job in lane.jobs] == ["first", "second"]
    assert (lane.is_waiting("runs"), lane.is_waiting("waits")) == (False, True)
    assert not lane.is_waiting("nothing")
    lane.cancel("runs")
    qtbot.waitUntil(lambda: not lane.is_waiting("waits"))
    assert [job.label for job in lane.jobs] == ["second"]
    with qtbot.waitSignal(lane.idle):
        lane.cancel()


def test_that_threads_of_a_job_are_held_until_the_event_loop_comes_round(lane, qtbot):
    steps, begun = [], threading.Event()

    def job(context):
        begun.set()
        while len(steps) < 2:
            context.progress(0, 1)
            context.give_way()
            steps.append(time.monotonic())

    lane.hold()
    lane.submit("k", job, label="")
    assert begun.wait(5)
    time.sleep(0.02)
    assert steps == []
    lane.hold_for_this_turn()
    with qtbot.waitSignal(lane.idle):
        pass
    assert len(steps) == 2
