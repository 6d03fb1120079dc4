"""Shows the session in the window: models, numbers, patterns and the selection."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Slot

from inspector.app.announcing import Announcing
from inspector.app.main_window import MainWindow
from inspector.app.notes import notes_on
from inspector.core.outline import ModelOutline
from inspector.core.selection import Selection
from inspector.jobs.lane import Lane
from inspector.session import OpenModel, Session

_REST_MS = 60


class Showing(QObject):
    """Passes on what the session announces, one view in each turn of the event loop.

    Several changes in a row (partial results, a held key) are shown as one, and after each round
    the event loop has time for everything else. Models, and that results are gone, show at once.
    """

    def __init__(
        self,
        session: Session,
        lane: Lane,
        announcing: Announcing,
        window: MainWindow,
        parent: QObject,
        *,
        has_figure: Callable[[], bool],
    ) -> None:
        super().__init__(parent)
        self._has_figure = has_figure
        self._centre_is_behind = False
        self._in_centre: Selection | None = None
        self._in_tree: Selection | None = None
        self._session = session
        self._lane = lane
        self._announcing = announcing
        self._window = window
        self._waiting: set[Callable[[], None]] = set()
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._on_turn_come)
        session.models_changed.connect(self._on_models_changed)
        session.images_changed.connect(self._on_images_changed)
        window.tab_changed.connect(self._on_tab_changed)
        session.series_changed.connect(self._on_series_changed)
        session.patterns_changed.connect(self._on_patterns_changed)
        session.selection_changed.connect(self._on_selection_changed)
        session.axis_changed.connect(self._on_selection_changed)
        self._on_models_changed()
        self._show_selection()

    @property
    def is_behind(self) -> bool:
        """Whether something the session announced is still to be shown."""
        return bool(self._waiting)

    @Slot()
    def _on_models_changed(self) -> None:
        models, window = self._session.models, self._window
        cards = [entry.card for entry in models]
        window.chips.show_models(cards[0] if cards else None, cards[1:])
        for index, entry in enumerate(models):
            self._show_choices(index, entry)
        window.tree.show_outline(models[0].model.outline if models else None)
        self._in_tree = self._in_centre = None
        self._ask_for(self._show_selection)
        window.show_open(len(models), len(self._session.images))
        window.notes.show_notes(notes_on(models))
        self._announcing.be_silent()
        self.enable_actions()

    @Slot()
    def _on_images_changed(self) -> None:
        self._window.show_open(len(self._session.models), len(self._session.images))
        self.enable_actions()

    @Slot()
    def _on_tab_changed(self) -> None:
        """The comparison is not drawn behind the other tabs; it is when it is turned to."""
        if self._window.tab == "compare":
            if self._centre_is_behind:
                self._show_series_in_centre()
                self._show_patterns()
            self._show_selection()
        self.enable_actions()

    @Slot()
    def _on_series_changed(self) -> None:
        self.enable_actions()
        if self._session.series is None:
            self._show_series_in_tree()
            self._show_series_in_options()
            self._show_series_in_centre()
            return
        self._ask_for(
            self._show_series_in_tree, self._show_series_in_options, self._show_series_in_centre
        )

    @Slot()
    def _on_patterns_changed(self) -> None:
        self._ask_for(self._show_patterns)

    @Slot()
    def _on_selection_changed(self) -> None:
        self._ask_for(self._show_selection)

    def _ask_for(self, *shows: Callable[[], None]) -> None:
        self._waiting.update(shows)
        if not self._turn.isActive():
            self._turn.start(0)

    @Slot()
    def _on_turn_come(self) -> None:
        """Show one of what waits; rest after the last."""
        order = (
            self._show_selection,
            self._show_series_in_tree,
            self._show_series_in_centre,
            self._show_series_in_options,
            self._show_patterns,
        )
        show = next((show for show in order if show in self._waiting), None)
        if show is None:
            return
        self._waiting.discard(show)
        self._lane.hold_for_this_turn()
        show()
        self._turn.start(0 if self._waiting else _REST_MS)

    def _show_series_in_tree(self) -> None:
        self._window.tree.show_series(self._session.series)

    def _show_series_in_centre(self) -> None:
        """At once where it is seen, or gone; else when the comparison is turned to."""
        series = self._session.series
        self._centre_is_behind = self._window.tab != "compare" and series is not None
        if not self._centre_is_behind:
            self._window.compare.show_series(series)

    def _show_series_in_options(self) -> None:
        self._window.options.show_series(self._session.series)

    def _show_patterns(self) -> None:
        self._window.compare.show_patterns(self._session.patterns)

    def _show_choices(self, index: int, entry: OpenModel) -> None:
        sections = [section.name for section in entry.model.checkpoint.sections]
        self._window.chips.show_sections(index, sections, entry.model.checkpoint.section)
        self._window.chips.show_heads(index, _heads(entry.model.outline))

    def _show_selection(self) -> None:
        """In the tree and the chips; in the comparison and its options where they are seen."""
        window, selection = self._window, self._session.selection
        compared = _of_comparison(selection)
        if window.tab == "compare" and compared != self._in_centre:
            self._in_centre = compared
            window.compare.show_selection(selection)
            window.options.show_selection(selection)
        if compared != self._in_tree:
            self._in_tree = compared
            window.tree.show_selection(selection)
            window.chips.set_current(selection.compared + 1)
            window.commands[f"metric_{selection.metric}"].setChecked(True)
        window.commands[f"axis_{self._session.axis}"].setChecked(True)

    @Slot()
    def enable_actions(self) -> None:
        """Grey out what makes no sense for what is open and looked at."""
        models, images = len(self._session.models), len(self._session.images)
        self._window.commands.enable(models=models, images=images, has_figure=self._has_figure())


def _of_comparison(selection: Selection) -> Selection:
    """The part of a selection that the comparison and the tree show."""
    return replace(
        Selection(),
        address=selection.address,
        matrix=selection.matrix,
        metric=selection.metric,
        compared=selection.compared,
        vector=selection.vector,
    )


def _heads(outline: ModelOutline) -> int:
    return outline.stages[0].blocks[0].num_heads
