"""What is worth knowing about the open models, each thing once."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtWidgets import QMessageBox, QSizePolicy, QToolButton

from inspector.session import OpenModel
from inspector.views.icons import icon

Notes = Sequence[tuple[str, Sequence[str]]]


def notes_on(models: Sequence[OpenModel]) -> list[tuple[str, list[str]]]:
    """Each note with the labels of the models it is about, in the order they are open."""
    found: dict[str, list[str]] = {}
    for entry in models:
        for note in entry.model.outline.notes:
            found.setdefault(note, []).append(entry.card.label)
    return list(found.items())


class NotesButton(QToolButton):
    """A line under the chips that says there is something to know; hidden where there is not."""

    def __init__(self) -> None:
        super().__init__()
        self._notes: Notes = ()
        self.setAutoRaise(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setIcon(icon("note", self.palette()))
        self.clicked.connect(self._on_clicked)
        self.hide()

    def show_notes(self, notes: Notes) -> None:
        """Offer these notes."""
        self._notes = notes
        one = len(notes) == 1
        self.setText("1 note on these models" if one else f"{len(notes)} notes on these models")
        self.setToolTip("\n".join(note for note, _ in notes))
        self.setVisible(bool(notes))

    def changeEvent(self, event: QEvent) -> None:
        """Draw the icon in the colours of the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.setIcon(icon("note", self.palette()))

    @Slot()
    def _on_clicked(self) -> None:
        """List the notes in a dialog that blocks nothing."""
        box = QMessageBox(self.window())
        box.setWindowTitle("Notes")
        box.setText("What to know about the open models")
        listed = (f"{', '.join(labels)}:\n{note}" for note, labels in self._notes)
        box.setInformativeText("\n\n".join(listed))
        box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box.finished.connect(box.deleteLater)
        box.open()
