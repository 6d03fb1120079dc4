import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QPushButton, QRadioButton

from inspector.views.screenshot_dialog import ScreenshotDialog, ScreenshotRequest


@pytest.fixture
def dialog(qtbot) -> ScreenshotDialog:
    widget = ScreenshotDialog()
    qtbot.addWidget(widget)
    widget.set_sizes(view=QSize(780, 640), window=QSize(1280, 800))
    widget.show()
    return widget


def press(qtbot, dialog: ScreenshotDialog, kind: type, text: str) -> None:
    found = next(b for b in dialog.findChildren(kind) if text in b.text().replace("&", ""))
    qtbot.keyClick(found, Qt.Key.Key_Space)


def test_that_the_size_of_the_picture_is_said_before_it_is_taken(dialog, qtbot):
    assert dialog.pixels == "1560 × 1280 pixels"
    press(qtbot, dialog, QRadioButton, "window")
    press(qtbot, dialog, QRadioButton, "4×")
    assert dialog.pixels == "5120 × 3200 pixels"


@pytest.mark.parametrize(("says", "goal"), [("Save", "file"), ("Copy", "clipboard")])
def test_that_a_screenshot_is_asked_for_with_all_choices(dialog, qtbot, says, goal):
    press(qtbot, dialog, QRadioButton, "window")
    press(qtbot, dialog, QRadioButton, "3×")
    with qtbot.waitSignal(dialog.screenshot_asked) as asked:
        press(qtbot, dialog, QPushButton, says)
    assert asked.args == [ScreenshotRequest("window", 3, goal)]
    assert dialog.isHidden()


def test_that_the_dialog_is_gone_before_the_picture_is_taken(dialog, qtbot):
    shown = []
    dialog.screenshot_asked.connect(lambda _: shown.append(dialog.isVisible()))
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert shown == [False]


def test_that_escape_takes_no_picture(dialog, qtbot):
    with qtbot.assertNotEmitted(dialog.screenshot_asked):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isHidden()
