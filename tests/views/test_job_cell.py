import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QProgressBar

from inspector.views.icons import IconButton
from inspector.views.job_cell import JobCell, time_left


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
    assert cell.findChild(IconButton).isHidden()


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
        qtbot.keyClick(cell.findChild(IconButton), Qt.Key.Key_Space)


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
