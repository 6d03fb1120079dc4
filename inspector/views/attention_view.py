"""Attention on an image: one token's pattern in every head, and what one score is made of."""

import logging
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from inspector.core.figures import FigureKind
from inspector.core.map_style import MapStyle
from inspector.core.scene import AttentionScene, ShownImage
from inspector.core.selection import Selection
from inspector.render.scenes import (
    attention_picture,
    head_patterns,
    pattern_limits,
    pattern_picture,
)
from inspector.views.attention_pictures import AttentionPane, share_of
from inspector.views.attention_words import read_out, shares_of, title_text
from inspector.views.banner import Banner
from inspector.views.composing import AttentionKey, Composing, attention_key_of
from inspector.views.elided_label import ElidedLabel
from inspector.views.head_thumbnails import HeadThumbnails
from inspector.views.modes_view import StateLevel
from inspector.views.modes_words import WAITING_SENTENCE, image_text, picture_text
from inspector.views.pages import pages_under, sentence_page
from inspector.views.pair_view import PairView
from inspector.views.picture_link import PictureLink
from inspector.views.scene_view import SceneView, Steppable
from inspector.views.share_bars import ShareBars
from inspector.views.switch import Switch
from inspector.views.theme import small_font, theme_of
from inspector.views.token_bar import TokenBar

_log = logging.getLogger(__name__)
_PICTURES, _PAIR = 440, 210
_LARGE, _SIDE = 460, 300
_EMPTY = "Open a checkpoint and an image to see what a token attends to"
_NO_MODES = "The modes of this block are being computed…"
_TOKEN_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class AttentionView(SceneView):
    """Pattern of a token over the image and alone, thumbnails of all heads, bars of a score.

    Setters never emit; what the user does is emitted. What is shown is replaced by a whole new
    scene only. Arrow keys move the query token, with Ctrl the key token.

    Signals
    -------
    selection_changed(selection)
        Another token, key token, head, mode or model.
    style_changed(style)
        Limits own or shared.
    hovered(str)
        What is under the mouse, in one line; empty when there is nothing.
    window_dragged(window), window_chosen(window)
        The right button changes the window of the image, and was let go.
    slice_stepped(by), block_stepped(by)
        So many slices, or blocks, further on.
    """

    style_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: AttentionScene | None = None
        self._other: AttentionScene | None = None
        self._image: ShownImage | None = None
        self._style = MapStyle()
        self._state: tuple[str, StateLevel] = ("", "ready")
        self.title = ElidedLabel(fills=True)
        self.busy = QLabel()
        self.state = Banner(closable=False)
        self._composing = Composing[AttentionKey]()
        self.tokens = TokenBar()
        self.overlay = AttentionPane("Attention on the image")
        self.pattern = AttentionPane("Attention pattern")
        self.shares = ShareBars()
        self.heads = HeadThumbnails()
        self.limits = Switch(
            "Limits of the heads",
            {
                "own": ("Own", "each head from 0 to its own highest attention"),
                "shared": ("Shared", "all heads from 0 to the highest of all"),
            },
        )
        self.limits.show_choice(self._style.limits)
        self.pair = PairView()
        self._link = PictureLink((self.overlay.picture, self.pattern.picture), self)
        self._place()
        self._connect()
        self._restyle()
        self._draw()

    def show_scene(self, scene: AttentionScene | None, other: AttentionScene | None = None) -> None:
        """Show the attention of a token; `other` is the same of the other open model.

        The other one shares the limits where the style says so; Space turns to it.
        """
        self._scene, self._other = scene, other
        self._draw()

    def show_image(self, image: ShownImage | None) -> None:
        """Show the image alone, for as long as there is no attention to show on it."""
        if image is not self._image:
            self._image = image
            if self._scene is None:
                self._draw()

    def show_selection(self, selection: Selection) -> None:
        """Say what is selected: steps start from there."""
        self._selection = selection
        if self._scene is not None:
            self._draw_tokens(self._scene)
            self._draw_pair(self._scene)
            for pane in (self.overlay, self.pattern):
                pane.picture.mark(query=self._scene.attention.token, key=self._key())

    def show_style(self, style: MapStyle) -> None:
        """Draw otherwise."""
        self._style = style
        self.limits.show_choice(style.limits)
        self._draw()

    def show_state(self, text: str, level: StateLevel = "ready") -> None:
        """Say how things stand: ``busy`` quietly, anything worse in a strip. The view stays."""
        self._state = (text, level)
        self.busy.setText(text if level == "busy" else "")
        if text and level in ("note", "warning", "error"):
            self.state.show_message(text, level=level)
        else:
            self.state.hide_message()
        if self._scene is None:
            self._draw()

    def step_token(self, down: int, right: int, *, key: bool = False) -> None:
        """Select the patch so many rows and columns further on; a prefix token's is the middle."""
        if self._scene is None:
            return
        grid = self._scene.attention.grid
        here = self._key() if key else self._query()
        if here is None or grid.place(here) is None:
            there = grid.token(grid.rows // 2, grid.columns // 2)
        else:
            there = grid.step(here, down, right)
        if there != here:
            (self._choose_key if key else self._choose_query)(there)

    def current_figure_kind(self) -> FigureKind:
        """The figure of what is looked at: the pair's where a pair is chosen and looked at."""
        focused = self.focusWidget()
        at_pair = focused is not None and self.pair.isAncestorOf(focused)
        there = self._scene is not None and self._scene.pair is not None
        return FigureKind.PAIR if at_pair and there else FigureKind.ATTENTION

    @property
    def scene(self) -> AttentionScene | None:
        """What is on the screen."""
        return self._scene

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step through tokens, modes, heads, blocks and models."""
        key = Qt.Key(event.key())
        if key in _TOKEN_STEPS:
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self.step_token(*_TOKEN_STEPS[key], key=control)
        else:
            super().keyPressEvent(event)

    @property
    def _steppable(self) -> Steppable | None:
        scene = self._scene
        if scene is None:
            return None
        block, heads = scene.attention.address.of_block, len(scene.attention.pattern)
        if scene.modes is None:
            return Steppable(block, heads, 0)
        return Steppable(block, heads, scene.modes.num_modes, scene.modes.exact)

    @property
    def _has_other(self) -> bool:
        return self._other is not None

    def sizeHint(self) -> QSize:
        """Room for the pictures and the bars."""
        return QSize(780, 720)

    def _place(self) -> None:
        self.title.setAccessibleDescription("What is shown")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title, 1)
        head.addWidget(self.busy)
        self.pictures = QSplitter(Qt.Orientation.Horizontal)
        self.pictures.addWidget(self.overlay)
        self.pictures.addWidget(self._beside())
        self.pictures.setSizes((_LARGE, _SIDE))
        self.pictures.setChildrenCollapsible(False)
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.pictures, 1)
        column.addWidget(self.shares)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(upper)
        self.splitter.addWidget(self.pair)
        self.splitter.setSizes((_PICTURES, _PAIR))
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.setChildrenCollapsible(False)
        full = QWidget()
        whole = QVBoxLayout(full)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(6)
        whole.addLayout(head)
        whole.addWidget(self.exact)
        whole.addWidget(self.tokens)
        whole.addWidget(self.splitter, 1)
        self._empty = sentence_page()
        self._pages = pages_under(self, self.state, self._empty, full)
        self.setFocusProxy(self.overlay.picture)

    def _beside(self) -> QWidget:
        """The pattern alone, and under it the heads."""
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Heads"), 1)
        row.addWidget(self.limits)
        lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.heads, 1)
        beside = QSplitter(Qt.Orientation.Vertical)
        beside.addWidget(self.pattern)
        beside.addWidget(lower)
        beside.setSizes((260, 180))
        beside.setChildrenCollapsible(False)
        return beside

    def _connect(self) -> None:
        for pane in (self.overlay, self.pattern):
            view = pane.picture
            view.clicked.connect(self._on_clicked)
            view.hovered.connect(self._on_pointed)
            view.left.connect(self._on_left)
            view.window_dragged.connect(self.window_dragged)
            view.window_chosen.connect(self.window_chosen)
            view.slice_stepped.connect(self.slice_stepped)
        self.tokens.query_chosen.connect(self._choose_query)
        self.tokens.key_chosen.connect(self._choose_key)
        self.tokens.refused.connect(self._on_refused)
        self.heads.chosen.connect(self._choose_head)
        self.heads.pointed.connect(self._say)
        self.limits.chosen.connect(self._on_limits_chosen)
        self.pair.mode_chosen.connect(self._choose_mode)
        self.pair.hovered.connect(self._say)

    def _draw(self) -> None:
        scene = self._scene
        shown = scene is not None or self._image is not None
        self._pages.setCurrentIndex(1 if shown else 0)
        for part in (self.tokens, self.heads, self.limits, self.pair, self.shares):
            part.setEnabled(scene is not None)
        if scene is None:
            self._draw_without_scene()
            return
        try:
            self._draw_scene(scene)
        except Exception as error:  # noqa: BLE001
            _log.exception("attention could not be drawn")
            self.state.show_message(f"This cannot be drawn: {error}", level="error")

    def _draw_scene(self, scene: AttentionScene) -> None:
        self.title.setText(title_text(scene, self._style))
        self._say_exact()
        self._draw_tokens(scene)
        self._draw_pictures(scene)
        self._draw_heads(scene)
        self.shares.show_shares(shares_of(scene))
        self._draw_pair(scene)

    def _draw_without_scene(self) -> None:
        sentence = self._state[0] or _EMPTY
        self._empty.setText(sentence)
        self.title.setText("" if self._image is None else image_text(self._image, self._style))
        self.exact.hide_message()
        self.shares.show_shares(())
        self.heads.show_heads((), -1, aspect=1.0, place=None)
        self.pair.show_nothing("")
        if self._image is None:
            return
        self.overlay.show_plain(self._image, self._style)
        self.pattern.show_nothing(self._state[0] or WAITING_SENTENCE)

    def _draw_tokens(self, scene: AttentionScene) -> None:
        self.tokens.show_tokens(scene.attention.grid, self._query(), self._key())

    def _draw_pictures(self, scene: AttentionScene) -> None:
        together = [scene] if self._other is None else [scene, self._other]
        limits = pattern_limits(
            together if self._style.limits == "shared" else [scene], self._style
        )
        self._composing.keep_only(*(one.image for one in together))
        overlay = attention_key_of("overlay", scene, self._style, limits)
        pattern = attention_key_of("pattern", scene, self._style, limits)
        for pane, key, compose in (
            (self.overlay, overlay, attention_picture),
            (self.pattern, pattern, pattern_picture),
        ):
            if pane.is_new(key):
                drawn = self._composing.drawn(key, partial(compose, scene, self._style, limits))
                pane.show_drawn(drawn, scene, self._style)
            pane.show_tokens(scene.attention, self._style, self._key())

    def _draw_heads(self, scene: AttentionScene) -> None:
        grid, picture = scene.attention.grid, scene.image.slice
        high, wide = picture.size_mm
        rows, columns = picture.shape
        aspect = grid.extent.height * high / rows / (grid.extent.width * wide / columns)
        self.heads.show_heads(
            head_patterns(scene, self._style),
            scene.head,
            aspect=aspect,
            place=share_of(grid, scene.attention.token),
        )

    def _draw_pair(self, scene: AttentionScene) -> None:
        waits = self._key() is not None and scene.pair is None
        mode = self._selection.mode
        waiting = _NO_MODES if waits else ""
        self.pair.show_pair(scene.pair, scene.attention.grid, mode=mode, waiting=waiting)

    def _restyle(self) -> None:
        theme = theme_of(self.palette())
        self.pair.apply_theme(theme, small_font(self.font()))
        muted = self.palette()
        muted.setColor(self.busy.foregroundRole(), theme.muted)
        self.busy.setPalette(muted)

    def _query(self) -> int:
        """The selected query token, or the shown one where another grid is selected from."""
        assert self._scene is not None
        chosen, attention = self._selection.token, self._scene.attention
        inside = chosen is not None and chosen < attention.grid.count
        return chosen if inside and chosen is not None else attention.token

    def _key(self) -> int | None:
        """The selected key token; the shown pair's where none is selected."""
        assert self._scene is not None
        chosen, scene = self._selection.key, self._scene
        if chosen is not None and chosen < scene.attention.grid.count:
            return chosen
        return None if scene.pair is None else scene.pair.key

    def _select(self, selection: Selection) -> None:
        """Mark the chosen tokens at once."""
        self.show_selection(selection)
        super()._select(selection)

    @Slot(int)
    def _choose_query(self, token: int) -> None:
        if self._scene is not None:
            self._select(replace(self._selection, token=token))

    @Slot(object)
    def _choose_key(self, token: int | None) -> None:
        if self._scene is not None:
            chosen = replace(self._selection, token=self._query(), key=token)
            if token is None:
                self._scene = replace(self._scene, pair=None)
            self._select(chosen)

    @Slot(str)
    def _on_limits_chosen(self, limits: str) -> None:
        self.show_style(replace(self._style, limits="shared" if limits == "shared" else "own"))
        self.style_changed.emit(self._style)

    @Slot(float, float)
    def _on_clicked(self, row: float, column: float) -> None:
        if self._scene is None:
            return
        token = self._scene.attention.grid.token_at(row, column)
        if token is not None:
            self.tokens.choose(token)

    @Slot(float, float)
    def _on_pointed(self, row: float, column: float) -> None:
        if self._scene is not None:
            self._say(read_out(self._scene, row, column))
        elif self._image is not None:
            self._say(picture_text(self._image.slice, row, column))

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self.state.show_message(sentence, level="warning")
