from dataclasses import replace
from pathlib import Path

from inspector.app.notes import notes_on
from inspector.session import OpenModel, Source
from tests import tiny_models


def entry(name: str, *notes: str) -> OpenModel:
    model = tiny_models.model(name)
    model = model.with_outline(replace(model.outline, notes=notes))
    return OpenModel.of(model, Source(Path("/models") / name))


def test_that_a_note_on_several_models_is_told_once():
    notes = notes_on([entry("a.pth", "One."), entry("b.pth", "Two.", "One."), entry("c.pth")])
    assert notes == [("One.", ["a.pth", "b.pth"]), ("Two.", ["b.pth"])]
