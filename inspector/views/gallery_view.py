"""Which images of a folder excite the modes of a head most: rows of modes, columns of images."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from inspector.core.figures import FigureKind
from inspector.core.gallery import GalleryScene
from inspector.core.map_style import MapStyle
from inspector.core.modes import TokenSpace
from inspector.core.optimal import OptimalImages
from inspector.core.scan_request import ScanChoice
from inspector.core.selection import Selection
from inspector.views.banner import Banner
from inspector.views.elided_label import ElidedLabel
from inspector.views.gallery_bar import GalleryBar
from inspector.views.gallery_canvas import GalleryCanvas
from inspector.views.gallery_empty import GalleryEmpty
from inspector.views.gallery_legend import GalleryLegend
from inspector.views.gallery_scan_bar import GalleryScanBar
from inspector.views.gallery_shown import GalleryShown, ScanShown
from inspector.views.gallery_status import GalleryStatus
from inspector.views.gallery_words import (
    kept_text,
    lately_text,
    scan_text,
    title_text,
    waiting_title,
)
from inspector.views.modes_view import StateLevel
from inspector.views.scene_view import SceneView, Steppable
from inspector.views.theme import theme_of
from inspector.views.wrap_row import WrapRow

_NO_MODEL = "Open a checkpoint to see what its modes respond to"
_NO_MODEL_HINT = "Drop it anywhere on the window, then a folder of images."
_NO_FOLDER = "Drop a folder of images here, or choose one"
_NO_FOLDER_HINT = (
    "The model is run once on every image; for each mode of each head the images are shown that "
    "excite it most. DICOM series and volumes count slice by slice."
)
_NOT_STARTED = "No image has been measured yet"
_NOT_STARTED_HINT = "Start runs the model once on every image of the folder."
_KEPT_HINT = "Go on shows them, and measures only what is new or has changed."
_WAITING = "This scan has not begun yet"
_RUNNING = "The first images are being measured…"
_RUNNING_HINT = "Results are shown as they come, and grow until the folder is done."
_NO_WINNER = "No image excites a mode of this head"
_NO_WINNER_HINT = (
    "A score is above 0 where a query map and its key map both rise above 0 (+), or both fall "
    "below it (−), somewhere on an image."
)
_PLUS = (Qt.Key.Key_Plus, Qt.Key.Key_Equal)
_MINUS = (Qt.Key.Key_Minus, Qt.Key.Key_Underscore)


class GalleryView(SceneView):
    """The gallery of one head of one model, and the scan that it comes from.

    Setters never emit; what the user does is emitted and, where it is how the gallery is looked
    at, shown at once. What is shown is replaced by a whole new scene only.

    Signals
    -------
    choose_asked()
        Another folder is wanted.
    folder_chosen(path)
        The folder that was opened lately, to be scanned.
    start_asked(choice), choice_changed(choice)
        A scan is to begin or go on as a `ScanChoice` says; another choice for the next one.
    pause_toggled(paused), cancel_asked()
        The scan is to wait or to go on; to stop.
    tile_opened(image, mode, sign)
        An image, by its name in the folder, is to be opened with a mode.
    rows_wanted(rows)
        Whose tiles are needed first: pairs of mode and sign, those in sight before the others.
    shown_changed(shown)
        Other signs, modes, columns or sizes: a `GalleryShown`.
    model_chosen(letter)
        The other one of two open models.
    selection_changed(selection)
        Another mode or head.
    """

    choose_asked = Signal()
    folder_chosen = Signal(object)
    start_asked = Signal(object)
    choice_changed = Signal(object)
    pause_toggled = Signal(bool)
    cancel_asked = Signal()
    tile_opened = Signal(str, int, str)
    rows_wanted = Signal(object)
    shown_changed = Signal(object)
    model_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: GalleryScene | None = None
        self._letters: tuple[str, ...] = ()
        self._letter = ""
        self._folder: Path | None = None
        self._lately: tuple[Path, int] | None = None
        self._scan = ScanShown()
        self._shown = GalleryShown()
        self._state: tuple[str, StateLevel] = ("", "ready")
        self._drawn: tuple[GalleryScene | None, GalleryShown] | None = None
        self.title, self.busy = ElidedLabel(fills=True), QLabel()
        self.state = Banner(closable=False)
        self.scan_bar, self.bar = GalleryScanBar(), GalleryBar()
        self.status, self.legend = GalleryStatus(), GalleryLegend()
        self.canvas, self.empty = GalleryCanvas(), GalleryEmpty()
        self._place()
        self._connect()
        self._restyle()
        self._draw()

    def show_models(self, letters: tuple[str, ...], chosen: str) -> None:
        """Say which models are open, and whose gallery is shown."""
        self._letters, self._letter = letters, chosen
        self.bar.show_models(letters, chosen)
        self._draw()

    def show_folder(self, folder: Path | None, *, lately: tuple[Path, int] | None = None) -> None:
        """Say which folder is scanned; `lately` is one to offer, with how many images it has."""
        self._folder, self._lately = folder, lately
        self.scan_bar.show_folder(folder)
        self._draw()

    def show_scan(self, scan: ScanShown) -> None:
        """Say how far the scan is."""
        self._scan = scan
        self._draw()

    def show_choice(self, choice: ScanChoice, space: TokenSpace) -> None:
        """Say how the next scan is done, and which tokens the modes are projected on."""
        self.scan_bar.show_choice(choice)
        self.scan_bar.show_space(space)

    def show_scene(self, scene: GalleryScene | None) -> None:
        """Show the gallery of a head: finished or not, with all its tiles or not."""
        self._scene = scene
        self._draw()

    def show_shown(self, shown: GalleryShown) -> None:
        """Show other rows and columns."""
        self._shown = shown
        self._draw()

    def show_selection(self, selection: Selection) -> None:
        """Mark the rows of the mode that is selected."""
        self._selection = selection
        self.canvas.show_mode(selection.mode)

    def show_style(self, style: MapStyle) -> None:
        """Draw the overlays otherwise."""
        self.canvas.show_style(style)
        self.legend.show_pair(style.pair)

    def show_state(self, text: str, level: StateLevel = "ready") -> None:
        """Say how things stand.

        ``busy`` is a quiet note beside the title; ``note``, ``warning`` and ``error`` are a strip,
        or stand in the middle where there is nothing else to show.
        """
        self._state = (text, level)
        self._draw()

    @property
    def scene(self) -> GalleryScene | None:
        """What is on the screen."""
        return self._scene

    @property
    def shown(self) -> GalleryShown:
        """Which rows and columns are on the screen."""
        return self._shown

    def current_figure_kind(self) -> FigureKind:
        """The figure of what is looked at."""
        return FigureKind.GALLERY

    def step_model(self) -> None:
        """Turn to the other one of two models."""
        if self._has_other:
            self.model_chosen.emit(next(one for one in self._letters if one != self._letter))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Show one sign with + and −; else step through modes, heads, blocks and models."""
        key = Qt.Key(event.key())
        if key in _PLUS:
            self._on_shown_changed(replace(self._shown, signs="+"))
        elif key in _MINUS:
            self._on_shown_changed(replace(self._shown, signs="-"))
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """Room for a few rows."""
        return QSize(780, 700)

    @property
    def _steppable(self) -> Steppable | None:
        if self._scene is None:
            return None
        modes = self._scene.modes
        block = self._scene.address.of_block
        return Steppable(block, modes.num_heads, modes.num_modes, modes.exact)

    @property
    def _has_other(self) -> bool:
        return len(self._letters) > 1

    @property
    def _found(self) -> OptimalImages | None:
        return None if self._scene is None else self._scene.found

    def _place(self) -> None:
        self.title.setAccessibleDescription("What is shown")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title, 1)
        head.addWidget(self.busy)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.canvas)
        self._bars = QWidget()
        bars = QVBoxLayout(self._bars)
        bars.setContentsMargins(0, 0, 0, 0)
        bars.setSpacing(6)
        bars.addLayout(head)
        bars.addWidget(WrapRow(self.scan_bar, self.bar))
        bars.addWidget(self.status)
        bars.addWidget(self.exact)
        bars.addWidget(self.legend)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.state)
        column.addWidget(self._bars)
        column.addWidget(self._pages, 1)

    def _connect(self) -> None:
        for part in (self.scan_bar, self.empty):
            part.choose_asked.connect(self.choose_asked)
        self.empty.lately_chosen.connect(self._on_lately_chosen)
        self.scan_bar.start_asked.connect(self.start_asked)
        self.scan_bar.choice_changed.connect(self.choice_changed)
        self.scan_bar.pause_toggled.connect(self.pause_toggled)
        self.scan_bar.cancel_asked.connect(self.cancel_asked)
        self.bar.shown_changed.connect(self._on_shown_changed)
        self.bar.model_chosen.connect(self.model_chosen)
        self.canvas.tile_opened.connect(self.tile_opened)
        self.canvas.rows_wanted.connect(self.rows_wanted)
        self.canvas.mode_chosen.connect(self._choose_mode)
        self.canvas.pointed.connect(self._say)
        self.canvas.left.connect(self._on_left)

    def _draw(self) -> None:
        scene, found = self._scene, self._found
        self._say_state()
        self._bars.setVisible(
            bool(self._letters) and (self._folder is not None or found is not None)
        )
        self.title.setText(waiting_title(self._letter) if scene is None else title_text(scene))
        self.scan_bar.show_scan(self._scan, found)
        self.status.show_scan(self._scan, found)
        self.bar.show_shown(self._shown)
        self.legend.show_signs(self._shown.signs)
        self._say_exact()
        self._draw_rows()
        is_there = bool(self._letters) and any(row.winners for row in self.canvas.rows)
        self.legend.setVisible(is_there)
        self._pages.setCurrentWidget(self.canvas if is_there else self.empty)
        if not is_there:
            self._draw_empty()

    def _draw_rows(self) -> None:
        """Only where they are other ones: all else that is shown changes many times a second."""
        now = (self._scene, self._shown)
        if now != self._drawn:
            self._drawn = now
            self.bar.show_scene(self._scene)
            self.canvas.show_scene(*now)

    def _draw_empty(self) -> None:
        """The first thing that is missing, and how to get it."""
        text, level = self._state
        waits = self._scan.stage != "idle"
        if text and level in ("warning", "error"):
            self.empty.show_page(text)
        elif not self._letters:
            self.empty.show_page(_NO_MODEL, _NO_MODEL_HINT)
        elif self._folder is None and self._scene is None:
            lately = "" if self._lately is None else lately_text(*self._lately)
            self.empty.show_page(_NO_FOLDER, _NO_FOLDER_HINT, choose=True, lately=lately)
        elif self._scan.stage == "waiting":
            self.empty.show_page(_WAITING, f"{scan_text(self._scan, None)}.")
        elif waits:
            self.empty.show_page(_RUNNING, _RUNNING_HINT)
        elif self._scene is None and self._scan.kept:
            self.empty.show_page(kept_text(self._scan.kept), _KEPT_HINT)
        elif self._scene is None:
            self.empty.show_page(_NOT_STARTED, _NOT_STARTED_HINT)
        else:
            self.empty.show_page(_NO_WINNER, _NO_WINNER_HINT)

    def _say_state(self) -> None:
        """Beside the title, in a strip, or in the middle of a page that is empty."""
        text, level = self._state
        self.busy.setText(text if level == "busy" else "")
        in_middle = self._scene is None and level in ("warning", "error")
        if text and not in_middle and level in ("note", "warning", "error"):
            self.state.show_message(text, level=level)
        else:
            self.state.hide_message()

    def _restyle(self) -> None:
        self.scan_bar.restyle()
        muted = self.palette()
        muted.setColor(self.busy.foregroundRole(), theme_of(self.palette()).muted)
        self.busy.setPalette(muted)

    @Slot(object)
    def _on_shown_changed(self, shown: GalleryShown) -> None:
        if shown != self._shown:
            self.show_shown(shown)
            self.shown_changed.emit(shown)

    @Slot()
    def _on_lately_chosen(self) -> None:
        if self._lately is not None:
            self.folder_chosen.emit(self._lately[0])
