import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QProgressBar

from inspector.views.icons import IconButton
from inspector.views.job_cell import JobCell, counted_text, rate_text, time_left
from inspector.views.jobs_popover import JobShown


@pytest.fixture
def cell(qtbot) -> JobCell:
    widget = JobCell()
    qtbot.addWidget(widget)
    return widget


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "almost done"),
        (12.2, "about 12 s left"),
        (89, "about 89 s left"),
        (100, "about 2 min left"),
        (3600, "about 60 min left"),
        (7300, "about 2 h left"),
    ],
)
def test_that_the_time_left_is_said_as_a_person_would(seconds, words):
    assert time_left(seconds) == words


def test_that_an_idle_cell_shows_neither_bar_nor_cancel(cell):
    cell.show_state("Comparing", done=1, total=2)
    cell.show_idle("Ready · CPU")
    assert cell.text == "Ready · CPU"
    assert cell.findChild(QProgressBar).isHidden()
    assert all(button.isHidden() for button in cell.findChildren(IconButton))


def test_that_the_bar_shows_the_share_that_is_done(cell):
    cell.show_state("Comparing S2 B7", done=6, total=24, seconds_left=12)
    bar = cell.findChild(QProgressBar)
    assert bar.value() / bar.maximum() == 0.25
    assert cell.text == "Comparing S2 B7 · about 12 s left"


def test_that_a_job_of_unknown_size_shows_a_moving_bar(cell):
    cell.show_state("Opening epoch_6.pth")
    bar = cell.findChild(QProgressBar)
    assert (bar.minimum(), bar.maximum()) == (0, 0)


def test_that_cancel_is_asked_for_with_the_keyboard_too(cell, qtbot):
    cell.show_state("Comparing", done=1, total=2)
    with qtbot.waitSignal(cell.cancel_asked):
        qtbot.keyClick(cell.cancel, Qt.Key.Key_Space)


def test_that_a_job_without_estimate_leaves_the_room_to_its_name(cell):
    cell.resize(330, 24)
    cell.show()
    cell.show_state("Looking for local patterns in S2 B7", done=1, total=9, seconds_left=3)
    QApplication.processEvents()
    short = cell._text.width()
    cell.show_state("Looking for local patterns in S2 B7", done=1, total=9)
    QApplication.processEvents()
    assert cell._text.width() > short


def test_that_the_cell_is_as_high_without_a_job_as_with_one(cell):
    idle = cell.minimumHeight(), cell.maximumHeight()
    cell.show_state("Writing figure", done=1, total=3, seconds_left=12.0)
    assert (cell.minimumHeight(), cell.maximumHeight()) == idle
    assert cell.minimumHeight() == cell.maximumHeight() >= cell.sizeHint().height()


def test_that_images_are_counted_with_their_pace_and_the_time_left(cell):
    cell.show_state("Gallery", done=412, total=5856, unit="images", rate=38.2, seconds_left=100)
    assert cell.text == "Gallery · 412 of 5,856 images · 38/s · 2 min left"
    cell.show_state("Gallery", done=12, total=5856, unit="images")
    assert cell.text == "Gallery · 12 of 5,856 images"
    cell.show_state("Gallery", unit="images")
    assert cell.text == "Gallery"


@pytest.mark.parametrize(
    ("rate", "words"),
    [(1234.5, "1,234/s"), (38.4, "38/s"), (9.97, "10/s"), (3.84, "3.8/s"), (0.05, "3/min")],
)
def test_that_a_pace_has_as_many_digits_as_it_is_worth(rate, words):
    assert rate_text(rate) == words


def test_that_a_pace_without_an_end_in_sight_is_not_said():
    assert counted_text(3, 10, "images", 2.0, None) == "3 of 10 images"


def test_that_a_pausable_job_can_be_told_to_wait_and_to_go_on(cell, qtbot):
    cell.show_state("Gallery", done=1, total=2, unit="images", pausable=True)
    assert not cell.pause.isHidden()
    with qtbot.waitSignal(cell.pause_asked) as asked:
        qtbot.keyClick(cell.pause, Qt.Key.Key_Space)
    assert asked.args == [True]
    cell.show_state("Gallery", done=1, total=2, unit="images", pausable=True, paused=True)
    assert cell.text == "Gallery · 1 of 2 images · paused"
    assert "go on" in cell.pause.accessibleName()
    with qtbot.waitSignal(cell.pause_asked) as asked:
        qtbot.keyClick(cell.pause, Qt.Key.Key_Space)
    assert asked.args == [False]


def test_that_a_job_that_cannot_wait_is_not_offered_to(cell):
    cell.show_state("Gallery", done=1, total=2, pausable=True)
    cell.show_state("Opening", done=1, total=2)
    assert cell.pause.isHidden()


def test_that_the_bar_stands_still_while_images_are_counted(cell):
    cell.resize(700, 24)
    cell.show()
    places = set()
    for done, seconds in ((9, 4000.0), (999, 100.0), (12_000, 12.0)):
        cell.show_state("G", done=done, total=50_000, unit="images", rate=8, seconds_left=seconds)
        QApplication.processEvents()
        places.add(cell.findChild(QProgressBar).x())
    assert len(places) == 1


def jobs(*waiting: str, paused: bool = False) -> list[JobShown]:
    first = JobShown("first", "Gallery of A", "3 of 9 images", pausable=True)
    return [first, *(JobShown(key, f"Gallery of {key}", "waits", True, paused) for key in waiting)]


def test_that_jobs_that_wait_are_counted_and_none_is_not_said(cell):
    cell.show_state("Gallery", done=3, total=9, unit="images", pausable=True)
    cell.show_jobs(jobs())
    assert cell.waiting.isHidden()
    cell.show_jobs(jobs("B", "C"))
    assert not cell.waiting.isHidden()
    assert cell.text == "Gallery · 3 of 9 images · 2 waiting"
    cell.show_idle("Ready")
    assert cell.waiting.isHidden()
    assert cell.text == "Ready"


def test_that_each_job_of_the_list_can_be_ended_and_told_to_wait(cell, qtbot):
    cell.show_jobs(jobs("B"))
    cell.show()
    qtbot.keyClick(cell.waiting, Qt.Key.Key_Space)
    rows = cell.panel.rows
    assert [row.label.text() for row in rows] == ["Gallery of A", "Gallery of B"]
    assert [row.says.text() for row in rows] == ["3 of 9 images", "waits"]
    with qtbot.waitSignal(cell.one_cancelled) as cancelled:
        qtbot.mouseClick(rows[1].cancel, Qt.MouseButton.LeftButton)
    assert cancelled.args == ["B"]
    with qtbot.waitSignal(cell.one_paused) as paused:
        qtbot.mouseClick(rows[1].pause, Qt.MouseButton.LeftButton)
    assert paused.args == ["B", True]
    cell.show_jobs(jobs("B", paused=True))
    with qtbot.waitSignal(cell.one_paused) as paused:
        qtbot.mouseClick(rows[1].pause, Qt.MouseButton.LeftButton)
    assert paused.args == ["B", False]


def test_that_the_list_follows_the_jobs_and_closes_with_the_last(cell, qtbot):
    cell.show_jobs(jobs("B", "C"))
    cell.show()
    qtbot.mouseClick(cell.waiting, Qt.MouseButton.LeftButton)
    cell.show_jobs(jobs("C"))
    assert [row.job.key for row in cell.panel.rows] == ["first", "C"]
    cell.show_idle("Ready")
    qtbot.waitUntil(lambda: cell.panel is None)
