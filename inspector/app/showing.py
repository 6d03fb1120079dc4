"""Shows the session in the window: models, numbers, patterns and the selection."""

from PySide6.QtCore import QObject, QTimer, Slot

from inspector.app.announcing import Announcing
from inspector.app.main_window import MainWindow
from inspector.app.notes import notes_on
from inspector.core.outline import ModelOutline
from inspector.core.selection import Selection
from inspector.session import OpenModel, Session

_REST_MS = 60


class Showing(QObject):
    """Passes on what the session announces; rapid changes of the selection are shown as one."""

    def __init__(
        self, session: Session, announcing: Announcing, window: MainWindow, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._announcing = announcing
        self._window = window
        self._is_pending = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._on_rested)
        session.models_changed.connect(self._on_models_changed)
        session.series_changed.connect(self._on_series_changed)
        session.patterns_changed.connect(self._on_patterns_changed)
        session.selection_changed.connect(self._on_selection_changed)
        session.axis_changed.connect(self._on_axis_changed)
        self._on_models_changed()
        self._show_selection(session.selection)

    @Slot()
    def _on_models_changed(self) -> None:
        models, window = self._session.models, self._window
        cards = [entry.card for entry in models]
        window.chips.show_models(cards[0] if cards else None, cards[1:])
        for index, entry in enumerate(models):
            self._show_choices(index, entry)
        window.tree.show_outline(models[0].model.outline if models else None)
        window.show_open(len(models))
        window.notes.show_notes(notes_on(models))
        self._announcing.be_silent()
        self._enable_actions()

    @Slot()
    def _on_series_changed(self) -> None:
        series = self._session.series
        self._window.tree.show_series(series)
        self._window.compare.show_series(series)
        self._window.options.show_series(series)
        self._enable_actions()

    @Slot()
    def _on_patterns_changed(self) -> None:
        patterns = self._session.patterns
        self._window.compare.show_patterns(patterns)

    @Slot(object)
    def _on_selection_changed(self, selection: Selection) -> None:
        """Show it in the next turn of the event loop, or when the rest after the last is over."""
        self._is_pending = True
        if not self._rest.isActive():
            self._rest.start(0)

    @Slot()
    def _on_axis_changed(self) -> None:
        self._on_selection_changed(self._session.selection)

    @Slot()
    def _on_rested(self) -> None:
        if not self._is_pending:
            return
        self._is_pending = False
        self._show_selection(self._session.selection)
        self._rest.start(_REST_MS)

    def _show_choices(self, index: int, entry: OpenModel) -> None:
        sections = [section.name for section in entry.model.checkpoint.sections]
        self._window.chips.show_sections(index, sections, entry.model.checkpoint.section)
        self._window.chips.show_heads(index, _heads(entry.model.outline))

    def _show_selection(self, selection: Selection) -> None:
        window = self._window
        window.tree.show_selection(selection)
        window.compare.show_selection(selection)
        window.options.show_selection(selection)
        window.chips.set_current(selection.compared + 1)
        window.commands[f"metric_{selection.metric}"].setChecked(True)
        window.commands[f"axis_{self._session.axis}"].setChecked(True)

    def _enable_actions(self) -> None:
        series = self._session.series
        has_numbers = series is not None and any(c.blocks for c in series.comparisons)
        self._window.commands.enable(models=len(self._session.models), has_series=has_numbers)


def _heads(outline: ModelOutline) -> int:
    return outline.stages[0].blocks[0].num_heads
