"""What is worth knowing about the open models, each thing once."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from inspector.session import OpenModel


def notes_on(models: Sequence[OpenModel]) -> list[tuple[str, list[str]]]:
    """Each note with the labels of the models it is about, in the order they are open."""
    found: dict[str, list[str]] = {}
    for entry in models:
        for note in entry.model.outline.notes:
            found.setdefault(note, []).append(entry.card.label)
    return list(found.items())


def show_notes(notes: Sequence[tuple[str, Sequence[str]]], parent: QWidget) -> None:
    """List the notes in a dialog that blocks nothing."""
    box = QMessageBox(parent)
    box.setWindowTitle("Notes")
    box.setText("What to know about the open models")
    box.setInformativeText("\n\n".join(f"{', '.join(labels)}:\n{note}" for note, labels in notes))
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.finished.connect(box.deleteLater)
    box.open()
