from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QMessageBox

from inspector.app.notes import NotesButton, notes_on
from inspector.session import OpenModel, Source
from tests import tiny_models


def entry(name: str, *notes: str) -> OpenModel:
    model = tiny_models.model(name)
    model = model.with_outline(replace(model.outline, notes=notes))
    return OpenModel.of(model, Source(Path("/models") / name))


def test_that_a_note_on_several_models_is_told_once():
    notes = notes_on([entry("a.pth", "One."), entry("b.pth", "Two.", "One."), entry("c.pth")])
    assert notes == [("One.", ["a.pth", "b.pth"]), ("Two.", ["b.pth"])]


def test_that_the_line_is_there_only_while_there_is_something_to_know(qtbot):
    button = NotesButton()
    qtbot.addWidget(button)
    button.show_notes([("One.", ["a.pth"]), ("Two.", ["a.pth", "b.pth"])])
    assert not button.isHidden()
    assert button.text() == "2 notes on these models"
    button.show_notes([])
    assert button.isHidden()


def test_that_pressing_it_lists_every_note_with_its_models(qtbot):
    button = NotesButton()
    qtbot.addWidget(button)
    button.show_notes([("One.", ["a.pth"]), ("Two.", ["a.pth", "b.pth"])])
    button.click()
    box = button.window().findChild(QMessageBox)
    assert box.informativeText() == "a.pth:\nOne.\n\na.pth, b.pth:\nTwo."
    box.close()
