from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QLabel, QPlainTextEdit, QPushButton

from inspector.core.errors import BadCheckpoint
from inspector.views.error_dialog import ErrorDialog

POINTER = BadCheckpoint(
    "epoch_6.pth is a Git LFS pointer.",
    advice="Run “git lfs pull” in its repository.",
    details="BadCheckpoint: version https://git-lfs",
)


def button(dialog: ErrorDialog, text: str) -> QPushButton:
    return next(b for b in dialog.findChildren(QPushButton) if text in b.text())


def test_that_the_dialog_says_what_happened_and_what_to_try(qtbot):
    dialog = ErrorDialog("Could not open epoch_6.pth", POINTER)
    qtbot.addWidget(dialog)
    said = [label.text() for label in dialog.findChildren(QLabel)]
    assert "epoch_6.pth is a Git LFS pointer." in said
    assert "Run “git lfs pull” in its repository." in said
    assert dialog.findChild(QPlainTextEdit).isHidden()


def test_that_the_details_unfold_and_are_copied_with_the_sentence(qtbot):
    dialog = ErrorDialog("Could not open epoch_6.pth", POINTER)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.mouseClick(button(dialog, "details"), Qt.MouseButton.LeftButton)
    assert not dialog.findChild(QPlainTextEdit).isHidden()
    qtbot.mouseClick(button(dialog, "Copy"), Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    for part in ("Could not open", "Git LFS pointer", "git lfs pull", "version https://git-lfs"):
        assert part in copied


def test_that_a_plain_sentence_needs_no_details(qtbot):
    dialog = ErrorDialog("Could not copy", "The clipboard is taken by another program.")
    qtbot.addWidget(dialog)
    assert button(dialog, "Show").isHidden()
    assert dialog.text == "Could not copy\nThe clipboard is taken by another program."


def test_that_markup_in_a_file_name_is_shown_as_it_is(qtbot):
    dialog = ErrorDialog("<b>x</b>", "<img src=x>.pth is empty.")
    qtbot.addWidget(dialog)
    formats = {label.textFormat() for label in dialog.findChildren(QLabel) if label.text()}
    assert formats == {Qt.TextFormat.PlainText}


def test_that_enter_and_escape_close_the_dialog(qtbot):
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        dialog = ErrorDialog("Could not open", POINTER)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.keyClick(dialog, key)
        assert dialog.isHidden()
        assert dialog.result() == QDialog.DialogCode.Rejected
