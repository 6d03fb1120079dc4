"""The gallery: which images of a folder excite the modes of the selected head most."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from inspector.app.asking import ask_folder
from inspector.app.gallery_tiles import GalleryTiles, HeadFound, Place, Rows
from inspector.app.kept_before import KeptBefore
from inspector.app.main_window import MainWindow
from inspector.app.remembering import Remembering
from inspector.app.scanning import Scans
from inspector.app.scenes import Scenes
from inspector.app.tile_opening import TileOpening
from inspector.core.gallery import GalleryRow, GalleryScene
from inspector.core.optimal import OptimalImages
from inspector.core.scan_request import ScanChoice, ScanRequest
from inspector.session import OpenModel, Session
from inspector.views.chip_words import letter_of
from inspector.views.gallery_shown import ScanShown
from inspector.views.modes_view import StateLevel

REFRESH_MS = 250
"""How often the numbers of a running scan are shown."""
ANEW_MS = 1500
"""While a scan runs it waits for the tiles in sight. They are made at most so often, and it then
goes on for at least as long as they took: half of the time is the scan's whatever changes, and more
of it the later it is, as the best images of so many change less and less."""


class Galleries(QObject):
    """Shows what scans have found, has tiles made, and passes on what the user does.

    `shown_changed()` is emitted when another gallery is on the screen: figures may be possible now.
    """

    shown_changed = Signal()

    def __init__(
        self,
        session: Session,
        scans: Scans,
        tiles: GalleryTiles,
        opening: TileOpening,
        scenes: Scenes,
        remembering: Remembering,
        window: MainWindow,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._scans = scans
        self._kept: KeptBefore | None = None
        self._tiles = tiles
        self._opening = opening
        self._scenes = scenes
        self._remembering = remembering
        self._window = window
        self._view = window.gallery
        self._rows: Rows = ()
        self._place: Place | None = None
        self._lately: Path | None = None
        self._refresh, self._anew = QTimer(self), QTimer(self)
        for timer, interval, slot in (
            (self._refresh, REFRESH_MS, self._show_progress),
            (self._anew, ANEW_MS, self._ask_for_tiles),
        ):
            timer.setSingleShot(True)
            timer.setInterval(interval)
            timer.timeout.connect(slot)
        self._connect()

    def choose_folder(self) -> None:
        """Ask for a folder of images; nothing is begun."""
        for folder in self._ask_folder():
            self._choose(folder)

    def ask_and_scan(self) -> None:
        """Ask for a folder of images and look through it."""
        for folder in self._ask_folder():
            self.scan(folder)

    def scan(self, folder: Path) -> None:
        """Look through a folder with the model that is looked at, and show its gallery."""
        self._choose(folder)
        self._window.show_tab("gallery")
        self._start()

    def count_with(self, kept: KeptBefore) -> None:
        """Have counted what is kept from before the program was started."""
        self._kept = kept
        kept.changed.connect(self.draw)

    @Slot(object)
    def offer(self, paths: Sequence[Path]) -> None:
        """Folders were opened: the last one with several images may be looked through."""
        folders = [path for path in paths if self._images_of(path) > 1]
        if folders:
            self._lately = folders[-1]
            self.draw()

    def figure_scene(self) -> GalleryScene | None:
        """The rows that are on the screen and whole; None where there is none."""
        scene = self._view.scene
        if scene is None:
            return None
        rows = tuple(row for row in self._view.shown.rows_of(scene) if row.winners and _made(row))
        return replace(scene, rows=rows) if rows else None

    @Slot()
    def draw(self) -> None:
        """Show the gallery of the selected head, where it is looked at."""
        if self._window.tab != "gallery":
            return
        session, view = self._session, self._view
        entry = session.chosen_model
        letters = tuple(letter_of(place) for place in self._places())
        view.show_models(letters, "" if entry is None else self._letter(entry))
        self._show_folder()
        view.show_style(session.style)
        view.show_selection(session.selection)
        self._show_progress()
        head = None if entry is None else self._head(entry)
        view.show_state(*self._state(entry, head))
        view.show_scene(None if head is None else self._tiles.scene(head))
        self.shown_changed.emit()
        place = None if head is None else head.place
        waits = self._anew.isActive() and self._runs(entry)
        if place != self._place or not waits:
            self._ask_for_tiles()
        self._place = place

    def _connect(self) -> None:
        session, view = self._session, self._view
        for changed in (
            session.models_changed,
            session.selection_changed,
            session.style_changed,
            session.image_view_changed,
            session.folder_changed,
            self._scans.changed,
            self._tiles.changed,
            self._window.tab_changed,
        ):
            changed.connect(self.draw)
        session.models_changed.connect(self._on_models_changed)
        self._tiles.made.connect(self._on_tiles_made)
        self._scans.progressed.connect(self._on_progressed)
        view.choose_asked.connect(self.choose_folder)
        view.folder_chosen.connect(self.scan)
        view.start_asked.connect(self._on_start_asked)
        view.choice_changed.connect(self._on_choice_changed)
        view.pause_toggled.connect(self._on_pause_toggled)
        view.cancel_asked.connect(self._on_cancel_asked)
        view.tile_opened.connect(self._on_tile_opened)
        view.rows_wanted.connect(self._on_rows_wanted)
        view.shown_changed.connect(self._on_shown_changed)
        view.model_chosen.connect(self._on_model_chosen)
        view.selection_changed.connect(session.select)
        view.hovered.connect(self._window.read_out.setText)

    def _ask_folder(self) -> list[Path]:
        request = self._session.scan
        start = self._remembering.folder if request is None else request.folder
        return ask_folder(self._window, start, "Choose a folder of images to look through")

    def _choose(self, folder: Path) -> None:
        old = self._session.scan
        new = ScanRequest(folder) if old is None else replace(old, folder=folder)
        self._session.choose_scan(new)

    def _start(self) -> None:
        chosen = self._session.chosen_model
        if chosen is not None:
            self._scans.scan(chosen)
            # It takes long: should the program be killed meanwhile, the folder is known.
            self._remembering.save_session(self._session.saved)

    def _places(self) -> list[int]:
        """Of A and of the selected compared model among those that are open."""
        pair = [entry for entry in self._scenes.pair if entry is not None]
        return [self._session.models.index(entry) for entry in pair]

    def _letter(self, entry: OpenModel) -> str:
        return letter_of(self._session.models.index(entry))

    def _images_of(self, folder: Path) -> int:
        """How many of the open images came with a folder."""
        return sum(entry.source.path == folder for entry in self._session.images)

    def _show_folder(self) -> None:
        request, lately = self._session.scan, self._lately
        folder = None if request is None else request.folder
        count = 0 if lately is None else self._images_of(lately)
        offered = None if lately is None or not count else (lately, count)
        self._view.show_folder(folder, lately=offered)
        choice = ScanChoice() if request is None else request.choice
        self._view.show_choice(choice, self._session.selection.space)

    @Slot()
    def _show_progress(self) -> None:
        entry = self._session.chosen_model
        if entry is None or self._window.tab != "gallery":
            return
        state, stage = self._scans.state(entry, "optimal"), self._scans.stage(entry, "optimal")
        if state is None:
            self._view.show_scan(ScanShown(kept=self._kept_before(entry)))
            return
        before = self._scans.begun() if stage == "waiting" else None
        waits_for = "" if before is None else before.label
        self._view.show_scan(
            ScanShown(stage, state.done, state.total, state.rate, state.seconds_left, waits_for)
        )

    def _runs(self, entry: OpenModel | None) -> bool:
        """Whether the model is being run on the folder."""
        return entry is not None and self._scans.stage(entry, "optimal") == "running"

    def _kept_before(self, entry: OpenModel) -> int:
        """Of how many images results are kept, where none is shown yet."""
        if self._kept is None or self._scans.optimal(entry) is not None:
            return 0
        return self._kept.count(entry)

    def _state(self, entry: OpenModel | None, head: HeadFound | None) -> tuple[str, StateLevel]:
        """What is said beside the title, or in place of the gallery."""
        if entry is not None:
            refused = self._scans.why_refused(entry)
            problem = refused if head is None else self._tiles.problem(head)
            if problem is not None:
                return str(problem), "error"
        scanned = None if entry is None else self._scans.optimal(entry)
        if scanned is not None and scanned.found.notes:
            return " ".join(scanned.found.notes), "note"
        return ("Reading images…", "busy") if self._tiles.is_busy else ("", "ready")

    def _head(self, entry: OpenModel) -> HeadFound | None:
        """What was found of the selected head, or of the first of the selected block."""
        scanned, address = self._scans.optimal(entry), self._session.selection.address
        found = None if scanned is None else scanned.found.result
        if scanned is None or address is None or not isinstance(found, OptimalImages):
            return None
        if address.of_block not in found.rows.blocks:
            return None
        heads = found.rows.heads[found.rows.blocks.index(address.of_block)]
        head = address.of_block.with_head(min(address.head or 0, heads - 1))
        return HeadFound(entry, self._letter(entry), found, scanned.number, head)

    @Slot()
    def _ask_for_tiles(self) -> None:
        """Those in sight before all others; while a scan runs no others."""
        entry = self._session.chosen_model
        head = None if entry is None or self._window.tab != "gallery" else self._head(entry)
        if entry is None or head is None:
            return
        runs = self._runs(entry)
        rows, columns = self._view.canvas.in_sight
        if not self._tiles.ask(head, rows, columns=columns, quietly=runs) and not runs:
            self._tiles.ask(head, self._rows)

    @Slot(float)
    def _on_tiles_made(self, seconds: float) -> None:
        entry = self._session.chosen_model
        if self._runs(entry):
            self._anew.start(max(ANEW_MS, round(1000 * seconds)))

    @Slot()
    def _on_models_changed(self) -> None:
        self._tiles.forget([id(entry.model) for entry in self._session.models])

    @Slot()
    def _on_progressed(self) -> None:
        if not self._refresh.isActive():
            self._refresh.start()

    @Slot(object)
    def _on_start_asked(self, choice: ScanChoice) -> None:
        self._on_choice_changed(choice)
        self._start()

    @Slot(object)
    def _on_choice_changed(self, choice: ScanChoice) -> None:
        request = self._session.scan
        if request is not None:
            self._session.choose_scan(replace(request, choice=choice))

    @Slot(bool)
    def _on_pause_toggled(self, paused: bool) -> None:
        entry = self._session.chosen_model
        if entry is not None:
            self._scans.pause(entry, "optimal", paused=paused)

    @Slot()
    def _on_cancel_asked(self) -> None:
        entry = self._session.chosen_model
        if entry is not None:
            self._scans.cancel(entry, "optimal")

    @Slot(object)
    def _on_rows_wanted(self, rows: Rows) -> None:
        self._rows = tuple(rows)
        self._ask_for_tiles()

    @Slot(str, int, str)
    def _on_tile_opened(self, image: str, mode: int, sign: str) -> None:
        entry = self._session.chosen_model
        head = None if entry is None else self._head(entry)
        if head is not None:
            self._opening.open(head, image, mode, sign)

    @Slot(object)
    def _on_shown_changed(self, _: object) -> None:
        self.shown_changed.emit()

    @Slot(str)
    def _on_model_chosen(self, letter: str) -> None:
        for place in self._places():
            if letter_of(place) == letter:
                self._session.select(replace(self._session.selection, model=place))


def _made(row: GalleryRow) -> bool:
    """Whether every tile is there, or cannot be made."""
    return all(tile is not None or rank in row.problems for rank, tile in enumerate(row.tiles))
