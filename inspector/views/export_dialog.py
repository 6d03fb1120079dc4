"""A figure for a paper: seen at its size, then written with its numbers, or copied."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from inspector.core.figures import ExportRequest, FigureKind, FigureStyle
from inspector.views.banner import Banner
from inspector.views.export_files import Verdict, look_at
from inspector.views.export_form import ExportForm
from inspector.views.export_preview import ExportPreview, Rgba

_PAUSE_MS = 150
_FORM_WIDTH = 330
_SIZE = (1120, 640)
_DRAWING = "Drawing the figure…"


class ExportDialog(QDialog):
    """One page: the preview left, what and where to right.

    Signals
    -------
    request_changed(request)
        What the preview depends on was changed (or the dialog was just opened): an
        `ExportRequest`, 150 ms after the last change. Answered with `set_preview`.
    export_asked(request)
        Save was pressed; the dialog closes. Files that are there are to be replaced: the user was
        told which.
    copy_figure_asked(request), copy_script_asked(request), copy_command_asked(request)
        The dialog stays open.
    """

    request_changed = Signal(object)
    export_asked = Signal(object)
    copy_figure_asked = Signal(object)
    copy_script_asked = Signal(object)
    copy_command_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export a figure")
        self._drawn: tuple[FigureKind, FigureStyle] | None = None
        self._replaced: tuple[str, ...] = ()
        self._preview = ExportPreview()
        self._form = ExportForm()
        self._verdict = Banner(closable=False)
        self._note = Banner()
        self._save = QPushButton("&Save")
        self._cancel = QPushButton("Cancel")
        self._copies = tuple(
            QPushButton(text) for text in ("&Copy figure", "Copy scri&pt", "Copy command &line")
        )
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._place()
        self._connect()
        self.set_preview(None)

    def set_kinds(self, kinds: Sequence[FigureKind], current: FigureKind) -> None:
        """List the figures that can be drawn."""
        self._form.set_kinds(kinds, current)
        self._look()

    def set_style(self, style: FigureStyle) -> None:
        """Show width, format and resolution."""
        self._form.set_style(style)
        self._look()

    def set_base(self, base: Path) -> None:
        """Show the folder and the name (without an ending) to save under."""
        self._form.set_base(base)
        self._look()

    def set_preview(self, rgba: Rgba | None) -> None:
        """Show the (rows, columns, 4) uint8 picture of the last request; None while it is drawn."""
        if rgba is None:
            self._preview.show_waiting(_DRAWING)
            return
        style = self._drawn[1] if self._drawn else self._form.style_asked
        self._preview.show_picture(rgba, width_mm=style.width_mm)

    def show_preview_problem(self, sentence: str) -> None:
        """Say why the figure cannot be drawn, in the place of the figure."""
        self._preview.show_waiting(sentence)

    def show_note(self, text: str) -> None:
        """Say that something was done, as ``Command line copied``."""
        self._note.show_message(text, level="note")

    @property
    def request(self) -> ExportRequest | None:
        """What is asked for now; None while no figure can be drawn or the name is empty."""
        if self._form.kind is None or not self._form.name:
            return None
        base = self._form.folder / self._form.name
        return ExportRequest(self._form.kind, self._form.style_asked, base)

    @property
    def preview_pixel_width(self) -> int:
        """Pixels across a preview that is sharp on this screen."""
        return self._preview.pixel_width(self._form.style_asked.width_mm)

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for the first preview."""
        super().showEvent(event)
        self._look()
        self._pause.start()

    def _place(self) -> None:
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addWidget(self._form)
        right.addWidget(self._verdict)
        right.addWidget(self._note)
        right.addStretch(1)
        side = QWidget()
        side.setFixedWidth(_FORM_WIDTH)
        side.setLayout(right)
        right.setContentsMargins(0, 0, 0, 0)
        middle = QHBoxLayout()
        middle.setSpacing(18)
        middle.addWidget(self._preview, 1)
        middle.addWidget(side)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(14, 14, 14, 12)
        whole.setSpacing(12)
        whole.addLayout(middle, 1)
        whole.addLayout(self._button_row())
        self.resize(*_SIZE)

    def _button_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for button in (*self._copies, self._cancel):
            button.setAutoDefault(False)
        for button in self._copies:
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self._cancel)
        row.addWidget(self._save)
        self._save.setDefault(True)
        self._save.setMinimumWidth(110)
        return row

    def _connect(self) -> None:
        self._form.changed.connect(self._on_form_changed)
        self._pause.timeout.connect(self._on_paused)
        self._save.clicked.connect(self._on_save_clicked)
        self._cancel.clicked.connect(self.reject)
        figure, script, command = self._copies
        figure.clicked.connect(self._on_copy_figure_clicked)
        script.clicked.connect(self._on_copy_script_clicked)
        command.clicked.connect(self._on_copy_command_clicked)

    def _look(self) -> Verdict:
        """Say what would be written where, and whether it can be."""
        form = self._form
        verdict = look_at(form.folder, form.name, form.style_asked.format)
        self._replaced = verdict.replaced
        able = self.request is not None and not verdict.problem
        self._save.setEnabled(able)
        self._save.setText("&Replace" if verdict.replaced else "&Save")
        for button in self._copies:
            button.setEnabled(self.request is not None)
        if verdict.problem:
            self._verdict.show_message(verdict.problem, level="error")
        elif verdict.replaced:
            endings = ", ".join(Path(name).suffix for name in verdict.replaced)
            text = f"Already there, and will be replaced: {endings}"
            self._verdict.show_message(text, level="warning")
        elif verdict.makes_folder:
            self._verdict.show_message("The folder will be made.", level="note")
        else:
            self._verdict.hide_message()
        return verdict

    def _is_as_shown(self) -> bool:
        """Look again: whether all can be written, and no file turned up since the user looked."""
        shown = self._replaced
        verdict = self._look()
        return not verdict.problem and set(verdict.replaced) <= set(shown)

    def _on_copy_figure_clicked(self) -> None:
        self.copy_figure_asked.emit(self.request)

    def _on_copy_script_clicked(self) -> None:
        self.copy_script_asked.emit(self.request)

    def _on_copy_command_clicked(self) -> None:
        self.copy_command_asked.emit(self.request)

    def _on_form_changed(self) -> None:
        self._note.hide_message()
        self._look()
        self._pause.start()

    def _on_paused(self) -> None:
        request = self.request
        if request is None or self._drawn == (request.kind, request.style):
            return
        self._drawn = request.kind, request.style
        self._preview.show_waiting(_DRAWING)
        self.request_changed.emit(request)

    def _on_save_clicked(self) -> None:
        request = self.request
        if request is None or not self._is_as_shown():
            return
        self.export_asked.emit(request)
        self.accept()
