"""Modes on an image: one mode as overlay, query map and key map, and the spectrum it is from."""

from dataclasses import replace
from html import escape
from typing import Literal

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from inspector.core.figures import FigureKind
from inspector.core.map_style import MapStyle
from inspector.core.scene import ModeScene, ShownImage
from inspector.core.selection import Selection
from inspector.render.scenes import limits_for
from inspector.views.banner import Banner, Level
from inspector.views.composing import Composing, PictureKey
from inspector.views.composing_ahead import ComposingAhead, one_step_further
from inspector.views.down_button import DownButton
from inspector.views.elided_label import ElidedLabel
from inspector.views.mode_pictures import ModePictures
from inspector.views.modes_words import (
    DROP_SENTENCE,
    NO_MAPS_SENTENCE,
    WAITING_SENTENCE,
    image_text,
    picture_text,
    read_out,
    title_text,
)
from inspector.views.pages import pages_under, sentence_page
from inspector.views.picture_link import PictureLink
from inspector.views.picture_view import PictureView
from inspector.views.ranking_view import RankingView
from inspector.views.scene_view import SceneView, Steppable
from inspector.views.spectrum_view import SpectrumView
from inspector.views.theme import small_font, theme_of

StateLevel = Literal["ready", "busy", "note", "warning", "error"]
_PICTURES, _SPECTRUM = 470, 190
_EMPTY = "Open a checkpoint to see its modes"
_HINT = "<p>Drop it anywhere on the window, then a DICOM, NIfTI, PNG, JPEG or TIFF image.</p>"


class ModesView(SceneView):
    """The pictures of one mode of A or B, both side by side if asked; spectrum and ranking below.

    Setters never emit; what the user does is emitted. What is shown is replaced by a whole new
    scene only: one whose maps are still computed leaves the last whole one where it is.

    Signals
    -------
    selection_changed(selection)
        Another mode, head or model.
    style_changed(style)
        The sign was flipped.
    beside_chosen(bool)
        The user wants A and B side by side, or one of them.
    hovered(str)
        What is under the mouse, in one line of parts of fixed width; empty when there is nothing.
    window_dragged(window), window_chosen(window)
        The right button changes the window of the image, and was let go.
    slice_stepped(by), block_stepped(by)
        So many slices, or blocks, further on.
    """

    style_changed = Signal(object)
    beside_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: ModeScene | None = None
        self._other: ModeScene | None = None
        self._image: ShownImage | None = None
        self._given: tuple[ModeScene | None, ModeScene | None] = (None, None)
        self._style = MapStyle()
        self._state: tuple[str, StateLevel] = ("", "ready")
        self._is_beside = False
        self.title = ElidedLabel(fills=True)
        self.other_title = ElidedLabel(fills=True)
        self.busy = QLabel()
        self.flip = _button("± Sign", "Show (−u, −v) instead of (u, v): both are equally right")
        self.beside = _button("A | B", "Show the same mode of A and B side by side")
        self.state = Banner(closable=False)
        self._composing = Composing[PictureKey]()
        self._ahead = ComposingAhead(self._composing, self)
        self.pictures = ModePictures("", self._composing)
        self.other_pictures = ModePictures("of the other model", self._composing)
        self.spectrum, self.ranking = SpectrumView(), RankingView()
        self._link = PictureLink(self._views, self)
        self._place()
        self._connect()
        self._restyle()
        self._draw()

    def show_scene(self, scene: ModeScene | None, other: ModeScene | None = None) -> None:
        """Show a mode; `other` is the same of the other open model.

        The other one shares the limits where the style says so, and stands beside it if asked.
        """
        self._given = (scene, other)
        self._take_given()

    def show_image(self, image: ShownImage | None) -> None:
        """Show an image alone wherever there is no scene: before a checkpoint is open."""
        if image is not self._image:
            self._image = image
            if self._scene is None:
                self._draw()

    def show_selection(self, selection: Selection) -> None:
        """Say what is selected: steps start from there."""
        self._selection = selection

    def show_style(self, style: MapStyle) -> None:
        """Draw otherwise."""
        self._style = style
        self.flip.setChecked(style.flipped)
        self._draw()

    def show_beside(self, beside: bool) -> None:
        """Show A and B side by side, or one of them."""
        self._is_beside = beside
        self.beside.setChecked(beside)
        self._draw()

    def show_state(self, text: str, level: StateLevel = "ready") -> None:
        """Say how things stand.

        ``busy`` is a quiet note beside the title; ``note``, ``warning`` and ``error`` are a strip.
        After an error the scene that was given is shown as far as it goes.
        """
        self._state = (text, level)
        self._take_given()

    def current_figure_kind(self) -> FigureKind:
        """The figure of what is looked at."""
        return FigureKind.MODELS if self._shows_both else FigureKind.MODE

    @property
    def scene(self) -> ModeScene | None:
        """What is on the screen."""
        return self._scene

    def sizeHint(self) -> QSize:
        """Room for the pictures and the spectrum."""
        return QSize(780, 700)

    @property
    def _views(self) -> tuple[PictureView, ...]:
        return (*self.pictures.views, *self.other_pictures.views)

    @property
    def _steppable(self) -> Steppable | None:
        if self._scene is None:
            return None
        modes = self._scene.modes
        block = self._scene.address.of_block
        return Steppable(block, modes.num_heads, modes.num_modes, modes.exact)

    @property
    def _has_other(self) -> bool:
        return self._other is not None

    @property
    def _shows_both(self) -> bool:
        return self._is_beside and self._other is not None

    def _place(self) -> None:
        self.title.setAccessibleDescription("What is shown")
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(8)
        titles = QVBoxLayout()
        titles.setSpacing(0)
        titles.addWidget(self.title)
        titles.addWidget(self.other_title)
        head.addLayout(titles, 1)
        for widget in (self.busy, self.flip, self.beside):
            head.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        pictures = QWidget()
        row = QHBoxLayout(pictures)
        row.setContentsMargins(0, 0, 0, 2)
        row.setSpacing(12)
        row.addWidget(self.pictures, 1)
        row.addWidget(self.other_pictures, 1)
        lower = QSplitter(Qt.Orientation.Horizontal)
        lower.addWidget(self.spectrum)
        lower.addWidget(self.ranking)
        lower.setSizes((480, 280))
        lower.setChildrenCollapsible(False)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(pictures)
        self.splitter.addWidget(lower)
        self.splitter.setSizes((_PICTURES, _SPECTRUM))
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.setChildrenCollapsible(False)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.exact)
        column.addWidget(self.splitter, 1)
        self._empty = sentence_page()
        self._pages = pages_under(self, self.state, self._empty, full)

    def _connect(self) -> None:
        self.flip.clicked.connect(self._on_flip_clicked)
        self.beside.clicked.connect(self._on_beside_clicked)
        for view in self._views:
            view.window_dragged.connect(self.window_dragged)
            view.window_chosen.connect(self.window_chosen)
            view.slice_stepped.connect(self.slice_stepped)
        self.pictures.overlay.picture.drawn.connect(self._ahead.begin)
        self.pictures.pointed.connect(self._on_pointed)
        self.other_pictures.pointed.connect(self._on_other_pointed)
        for pictures in (self.pictures, self.other_pictures):
            pictures.left.connect(self._on_left)
        for part in (self.spectrum, self.ranking):
            part.mode_chosen.connect(self._choose_mode)
            part.hovered.connect(self._say)

    def _take_given(self) -> None:
        """Show what was given, unless it is still computed and something whole is shown."""
        scene, other = self._given
        still_valid = self._scene is not None and _is_whole(self._scene)
        waits = scene is not None and not _is_whole(scene) and self._state[1] != "error"
        busy = self._state[0] if self._state[1] == "busy" else ""
        if waits and still_valid:
            self.busy.setText(busy or WAITING_SENTENCE)
            self._say_state()
            return
        before, self._scene, self._other = self._scene, scene, other
        self.busy.setText(busy)
        self._draw()
        self._expect_a_step(before)

    def _draw(self) -> None:
        scene, other = self._scene, self._other
        self._pages.setCurrentIndex(0 if scene is None and self._image is None else 1)
        self._say_state()
        if scene is None:
            self._draw_without_model()
            return
        self.title.setText(title_text(scene, self._style))
        self.beside.setVisible(other is not None)
        self.other_title.setVisible(self._shows_both)
        self.other_pictures.setVisible(self._shows_both)
        self._say_exact()
        self._draw_pictures(scene, other)
        self.spectrum.show_modes(scene.modes, scene.head, scene.mode, scene.maps)
        self.ranking.show_ranking(scene.modes, scene.maps, scene.head, scene.mode)

    def _expect_a_step(self, before: ModeScene | None) -> None:
        """Have the pictures of one more step of the same kind made, once this one is drawn."""
        shown = [one for one in (self._scene, self._other) if one is not None]
        self._composing.keep_only(*(one.image for one in shown))
        further = [one_step_further(before, self._scene)] if self._scene is not None else []
        expected = [one for one in further if one is not None]
        # with shared limits the other model would have to take the same step
        alone = len(shown) == 1 or self._style.limits == "own"
        self._ahead.expect(expected if alone else (), self._style)

    def _draw_without_model(self) -> None:
        title, hint = (self._state[0], "") if self._state[0] else (_EMPTY, _HINT)
        self._empty.setText(f"<p style='font-size:large'><b>{escape(title)}</b></p>{hint}")
        if self._image is None:
            return
        for widget in (self.beside, self.other_title, self.other_pictures):
            widget.hide()
        self.exact.hide_message()
        self.title.setText(image_text(self._image, self._style))
        self.pictures.show_image(self._image, self._style, NO_MAPS_SENTENCE)
        self.spectrum.show_modes(None, 0, 0)
        self.ranking.show_ranking(None, None, 0, 0)

    def _say_state(self) -> None:
        """In a strip, unless it stands in the middle of an empty page already."""
        text, level = self._state
        if level in ("ready", "busy") or not text or self._pages.currentIndex() == 0:
            self.state.hide_message()
        else:
            self.state.show_message(text, level=_strip_level(level))

    def _draw_pictures(self, scene: ModeScene, other: ModeScene | None) -> None:
        other_counts = self._shows_both or self._style.limits == "shared"
        both = [
            one
            for one in ((scene, other) if other_counts else (scene,))
            if one is not None and _has_maps(one)
        ]
        limits = (
            dict(zip(map(id, both), limits_for(both, self._style), strict=True)) if both else {}
        )
        shown = [(self.pictures, scene)]
        if other is not None and self._shows_both:
            self.other_title.setText(title_text(replace(other, image=None), self._style))
            shown.append((self.other_pictures, other))
        for pictures, one in shown:
            if _has_maps(one):
                pictures.show_scene(one, self._style, limits[id(one)])
            elif one.image is not None:
                failed = self._state[1] == "error"
                sentence = NO_MAPS_SENTENCE if failed else self._state[0] or WAITING_SENTENCE
                pictures.show_image(one.image, self._style, sentence)
            else:
                failed = self._state[1] == "error"
                pictures.show_nothing(self._state[0] if failed else DROP_SENTENCE)

    def _restyle(self) -> None:
        self.spectrum.apply_theme(theme_of(self.palette()), small_font(self.font()))
        muted = self.palette()
        muted.setColor(self.busy.foregroundRole(), theme_of(self.palette()).muted)
        self.busy.setPalette(muted)

    @Slot()
    def _on_flip_clicked(self) -> None:
        self.show_style(replace(self._style, flipped=self.flip.isChecked()))
        self.style_changed.emit(self._style)

    @Slot()
    def _on_beside_clicked(self) -> None:
        self.show_beside(self.beside.isChecked())
        self.beside_chosen.emit(self._is_beside)

    @Slot(float, float)
    def _on_pointed(self, row: float, column: float) -> None:
        if self._scene is not None:
            self._say(read_out(self._scene, self._style, row, column))
        elif self._image is not None:
            self._say(picture_text(self._image.slice, row, column))

    @Slot(float, float)
    def _on_other_pointed(self, row: float, column: float) -> None:
        if self._other is not None:
            self._say(read_out(self._other, self._style, row, column))


def _has_maps(scene: ModeScene) -> bool:
    return scene.image is not None and scene.maps is not None


def _is_whole(scene: ModeScene) -> bool:
    """Whether nothing of it is still computed; a scene without an image has nothing to wait for."""
    return scene.image is None or scene.maps is not None


def _strip_level(level: StateLevel) -> Level:
    return level if level in ("note", "warning", "error") else "note"


def _button(text: str, says: str) -> QToolButton:
    button = DownButton()
    button.setText(text)
    button.setToolTip(says)
    button.setAccessibleName(says)
    button.setCheckable(True)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button
