"""Shows modes, attention and depth of what is selected, in the tab that is looked at.

What is kept is drawn at once, inside the event that selected it; nothing goes through the lane.
"""

from dataclasses import fields

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from inspector.app.inspecting import Inspecting
from inspector.app.main_window import MainWindow
from inspector.app.scanning import Scans
from inspector.app.scenes import Scenes
from inspector.core.images import Slice
from inspector.core.map_style import MapStyle
from inspector.core.scene import AttentionScene, ModeScene
from inspector.jobs.lane import Lane
from inspector.session import OpenModel, Session
from inspector.views.attention_view import AttentionView
from inspector.views.modes_view import ModesView, StateLevel
from inspector.views.window_box import offered_presets

Scene = ModeScene | AttentionScene
_NO_MODEL = "Open a checkpoint to see what its heads look for in this image."


class Picturing(QObject):
    """Follows the session and what was found; draws only the tab that is looked at.

    `shown_changed()` is emitted when a tab shows something else: figures may be possible now.
    """

    shown_changed = Signal()

    def __init__(
        self,
        session: Session,
        inspecting: Inspecting,
        scans: Scans,
        lane: Lane,
        window: MainWindow,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._inspecting = inspecting
        self._scans = scans
        self._lane = lane
        self._window = window
        self._presets_of: Slice | None = None
        self._styles: dict[QWidget, MapStyle] = {}
        self._states: dict[QWidget, tuple[str, StateLevel]] = {}
        self._drawn: dict[QWidget, tuple[tuple[Scene | None, ...], list[object]]] = {}
        self.scenes = Scenes(session, inspecting, scans)
        for changed in (
            session.selection_changed,
            session.image_view_changed,
            session.models_changed,
            session.style_changed,
            inspecting.changed,
            inspecting.splitting.changed,
            scans.changed,
            window.tab_changed,
        ):
            changed.connect(self.draw)
        window.tab_changed.connect(self._on_tab_changed)
        window.modes.beside_chosen.connect(self.draw)
        self._on_tab_changed()

    @Slot()
    def draw(self) -> None:
        """Show what is selected, as far as it is known; the comparison is drawn by `Showing`."""
        tab = self._window.tab
        if tab == "compare":
            return
        self._lane.hold_for_this_turn()
        if tab == "depth":
            self._draw_depth()
        elif tab == "gallery":
            self._draw_options()
        else:
            self._know_tokens()
            self._draw_options()
            (self._draw_modes if tab == "modes" else self._draw_attention)()
        self.shown_changed.emit()

    def _know_tokens(self) -> None:
        grid = self.scenes.grid
        if grid is not None:
            self._session.know_tokens(grid.count)

    def _draw_modes(self) -> None:
        view, session = self._window.modes, self._session
        view.show_selection(session.selection)
        view.show_image(self.scenes.image)
        self._tell(view)
        scene = self.scenes.mode(session.chosen_model)
        is_whole = scene is not None and scene.maps is not None
        if is_whole or not self._is_waiting or view.scene is None or view.scene.maps is None:
            other = None if scene is None else self.scenes.mode(self.scenes.other)
            if self._is_new(view, scene, other):
                view.show_scene(scene, other)

    def _draw_attention(self) -> None:
        view, session = self._window.attention, self._session
        self._tell(view)
        scene = self.scenes.attention(session.chosen_model)
        view.show_image(self.scenes.image)
        if scene is not None or not self._is_waiting:
            other = None
            if scene is not None:
                other = self.scenes.attention(self.scenes.other, with_pair=False)
            if self._is_new(view, scene, other):
                view.show_scene(scene, other)
        view.show_selection(session.selection)

    def _draw_depth(self) -> None:
        view = self._window.over_depth
        view.show_state(*self._now_over_depth())
        view.show_scene(self.scenes.depth())
        view.show_selection(self._session.selection)

    @property
    def _is_waiting(self) -> bool:
        """Whether what is shown may stay until something whole takes its place."""
        if self._session.chosen_model is None or self._session.image is None:
            return False
        return self._inspecting.is_busy and self.scenes.problem is None

    def _tell(self, view: ModesView | AttentionView) -> None:
        """Style and state, only where they have changed: views draw themselves anew for them."""
        style, state = self._session.style, self._now()
        if self._styles.get(view) != style:
            self._styles[view] = style
            view.show_style(style)
        if self._states.get(view) != state:
            self._states[view] = state
            view.show_state(*state)

    def _is_new(self, view: QWidget, *scenes: Scene | None) -> bool:
        """Whether scenes hold anything that is not on the screen yet."""
        parts = [
            getattr(scene, field.name)
            for scene in scenes
            if scene is not None
            for field in fields(scene)
        ]
        old = self._drawn.get(view)
        self._drawn[view] = (scenes, parts)
        if old is None or [one is None for one in old[0]] != [one is None for one in scenes]:
            return True
        return any(was is not now for was, now in zip(old[1], parts, strict=True))

    def _now(self) -> tuple[str, StateLevel]:
        session, problem = self._session, self.scenes.problem
        if problem is not None:
            return str(problem), "error"
        entry, address = session.chosen_model, session.selection.address
        if entry is None or address is None:
            return (_NO_MODEL, "note") if session.images else ("", "ready")
        reason = self._inspecting.splitting.why_none(entry, address)
        if reason and self._window.tab == "modes":
            return reason, "error"
        if session.image is not None and self._inspecting.is_busy:
            return f"Running {entry.card.label}…", "busy"
        return self._now_beside()

    def _now_beside(self) -> tuple[str, StateLevel]:
        """Of the other model, where it stands beside the chosen one."""
        other, view = self.scenes.other, self._window.modes
        if other is None or self._window.tab != "modes" or not view.beside.isChecked():
            return "", "ready"
        problem = self.scenes.problem_of(other)
        return ("", "ready") if problem is None else (f"{other.card.label}: {problem}", "error")

    def _now_over_depth(self) -> tuple[str, StateLevel]:
        inspecting = self._inspecting
        entries = [entry for entry in self.scenes.pair if entry is not None]
        for entry in entries:
            problem = inspecting.splitting.why_refused(entry)
            if problem is not None:
                return f"{entry.card.label}: {problem}", "error"
        measure = self._window.over_depth.measure_shown
        if measure != "cosine" and self._scans.is_measuring(measure):
            return "Measuring…", "busy"
        if self._scans.is_measuring("anisotropy"):
            return "Measuring the anisotropy…", "busy"
        if inspecting.splitting.is_busy:
            return "Splitting heads into modes…", "busy"
        return "", "ready"

    def _draw_options(self) -> None:
        """Style, window and preparation beside the tabs, and the windows under the number keys."""
        session, panel = self._session, self._window.map_options
        panel.show_style(session.style)
        panel.show_selection(session.selection)
        image = self.scenes.image
        panel.show_image(
            None if image is None else image.slice, None if image is None else image.tone
        )
        self._show_preparation(session.chosen_model)
        picture = None if image is None else image.slice
        if picture is not self._presets_of:
            self._presets_of = picture
            self._window.commands.show_presets(offered_presets(picture))

    def _show_preparation(self, entry: OpenModel | None) -> None:
        """Also where the model cannot be run on what it was given: it can be given another size."""
        panel = self._window.map_options
        takes = None if entry is None else self.scenes.takes(entry)
        chosen = None if entry is None else self._session.preparation_of(entry)
        never = entry is None or (chosen is None and self._inspecting.takes(entry) is None)
        if takes is None or (never and self.scenes.problem is not None):
            panel.show_preparation(None, None, native=False)
            return
        now = chosen or takes.default
        panel.show_preparation(now, takes.default, native=takes.native, step=takes.step)

    @Slot()
    def _on_tab_changed(self) -> None:
        tab = self._window.tab
        self._inspecting.want(image=tab in ("modes", "attention"), modes=tab != "compare")
        self._window.commands[f"show_{self._window.tab}"].setChecked(True)
