from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QPushButton

from inspector.views.welcome import WelcomePage


@pytest.fixture
def page(qtbot) -> WelcomePage:
    widget = WelcomePage()
    qtbot.addWidget(widget)
    widget.resize(700, 600)
    widget.show()
    return widget


def button(page: WelcomePage, text: str) -> QPushButton:
    return next(b for b in page.findChildren(QPushButton) if text in b.text())


def test_that_open_and_the_samples_are_one_click_away(page, qtbot):
    with qtbot.waitSignal(page.open_asked):
        qtbot.mouseClick(button(page, "Open"), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(page.samples_asked):
        qtbot.keyClick(button(page, "samples"), Qt.Key.Key_Space)


def test_that_nothing_is_said_of_recent_files_on_the_first_run(page):
    page.show_recent([])
    assert page.findChild(QListWidget).isHidden()


def test_that_a_recent_file_is_opened_by_click_and_by_enter(page, qtbot, tmp_path):
    files = [tmp_path / "a.pth", tmp_path / "b.pth"]
    for file in files:
        file.touch()
    page.show_recent([str(f) for f in files])
    shown = page.findChild(QListWidget)
    with qtbot.waitSignal(page.recent_chosen) as clicked:
        where = shown.visualItemRect(shown.item(1)).center()
        qtbot.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert clicked.args == [str(files[1])]
    shown.setCurrentRow(0)
    with qtbot.waitSignal(page.recent_chosen) as entered:
        qtbot.keyClick(shown, Qt.Key.Key_Return)
    assert entered.args == [str(files[0])]


def test_that_a_recent_file_that_is_gone_is_greyed_and_says_so(page, tmp_path):
    gone = tmp_path / "gone.pth"
    page.show_recent([str(gone)])
    item = page.findChild(QListWidget).item(0)
    assert not item.flags() & Qt.ItemFlag.ItemIsEnabled
    assert "no longer there" in item.toolTip()


def test_that_only_the_newest_recent_files_are_listed(page, tmp_path):
    page.show_recent([str(tmp_path / f"{n}.pth") for n in range(30)])
    shown = page.findChild(QListWidget)
    assert shown.item(0).text() == "0.pth"
    assert shown.count() < 12


def test_that_the_drop_area_lights_up_while_files_are_held_over_the_window(page):
    before = page.grab().toImage()
    page.show_dragging(True)
    assert page.grab().toImage() != before
    page.show_dragging(False)
    assert page.grab().toImage() == before


def test_that_a_narrow_page_cuts_no_text(page, tmp_path):
    long = tmp_path / f"{'epoch_of_a_long_name_' * 6}.pth"
    long.touch()
    page.show_recent([str(long)])
    page.resize(page.minimumSizeHint().width(), 800)
    assert page.width() < 480
    assert Path(page.findChild(QListWidget).item(0).data(Qt.ItemDataRole.UserRole)) == long
