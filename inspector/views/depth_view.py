"""The modes of one or two models over their depth: curves, heads, histograms and spectra."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from inspector.core.figures import FigureKind
from inspector.core.scene import DepthScene
from inspector.core.selection import Selection
from inspector.render.maps import addresses
from inspector.views.banner import Banner
from inspector.views.block_axis import place_of
from inspector.views.depth_anisotropy import AnisotropyBar
from inspector.views.depth_curve import DepthCurve
from inspector.views.depth_heads import DepthHeads
from inspector.views.depth_histograms import DepthHistograms
from inspector.views.depth_measured import DepthMeasured
from inspector.views.depth_shown import DepthShown, Measure, model_of
from inspector.views.depth_spectra import DepthSpectra
from inspector.views.depth_words import left_out_text, meaning, title_html
from inspector.views.elided_label import ElidedLabel
from inspector.views.modes_view import StateLevel
from inspector.views.pages import pages_under, sentence_page
from inspector.views.pointing_view import PointingView
from inspector.views.switch import Switch
from inspector.views.theme import Theme, small_font, theme_of
from inspector.views.wrap_row import WrapRow

_log = logging.getLogger(__name__)
_EMPTY = "Open a checkpoint to see its modes over depth"
_HINT = "Drop it anywhere on the window. With a second one, what changed between them is shown too."
_STEPS = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
_HEAD_STEPS = {Qt.Key.Key_BracketLeft: -1, Qt.Key.Key_BracketRight: 1}
_CURVES, _DETAILS = 300, 380
_DIFFERENCE = "difference"
_FIGURES: dict[Measure, FigureKind] = {
    "cosine": FigureKind.DEPTH,
    "preference": FigureKind.PREFERENCE,
    "same-object": FigureKind.SAME_OBJECT,
}


class DepthView(PointingView):
    """Curves over all blocks; under them heads, histograms and spectra of one model.

    Setters never emit; what the user does is emitted and shown at once.

    Signals
    -------
    selection_changed(selection)
        The user chose a block, a head or a model.
    hovered(str)
        The exact numbers under the mouse, in one line; empty when there is none.
    anisotropy_asked()
        The user wants the anisotropy computed from a folder of images.
    measure_asked(str)
        The user wants something measured with masks: ``preference`` or ``same-object``.
    """

    selection_changed = Signal(object)
    anisotropy_asked = Signal()
    measure_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = DepthShown()
        self._difference = False
        self._drawn: dict[QWidget, tuple[DepthShown, bool]] = {}
        self._put_away = ""
        self.title, self.meaning = QLabel(), ElidedLabel(fills=True)
        self.busy = QLabel()
        self.left_out, self.trouble = Banner(), Banner(closable=False)
        self.curve, self.measured, self.heads = DepthCurve(), DepthMeasured(), DepthHeads()
        self.histograms, self.spectra = DepthHistograms(), DepthSpectra()
        self.anisotropy = AnisotropyBar()
        self.measure = Switch(
            "Curves",
            {
                "cosine": ("Cosine", "of the modes, weighted by σ"),
                "preference": ("Preference", "what attention goes to, measured with masks"),
                "same-object": ("Same object", "of query and key, measured with label maps"),
            },
        )
        self.query = Switch(
            "Attention of the query",
            {
                "with": ("All patches", "what goes to the query's own patch counts"),
                "without": ("Without the query", "what goes to the query's own patch is left out"),
            },
        )
        self.quantity = Switch(
            "Shown",
            {
                "score": ("Score", "the weighted cosine, with the anisotropy as a dashed line"),
                "relative": ("− anisotropy", "the weighted cosine less the anisotropy"),
            },
        )
        self.places = Switch(
            "Along x",
            {
                "block": ("Blocks", "the number of the block in its stage"),
                "share": ("0 to 1", "the share of the depth, as in the paper"),
            },
        )
        self.models = Switch(
            "Model",
            {
                "first": ("A", "heads, histograms and spectra of the first model"),
                "second": ("B", "heads, histograms and spectra of the second model"),
                _DIFFERENCE: ("B − A", "what differs, head by head"),
            },
        )
        self.tabs = QTabWidget()
        self._active: QWidget = self.curve
        self._place()
        self._connect()
        self._restyle()
        self._draw()

    def show_scene(self, scene: DepthScene | None) -> None:
        """Show the modes of models, finished or not; None shows what to do to get some."""
        self._shown = replace(self._shown, scene=scene)
        if scene is not None and not self._shown.has_anisotropy:
            self._shown = replace(self._shown, quantity="score")
        self._draw()

    def show_selection(self, selection: Selection) -> None:
        """Mark another block, head and model."""
        self._shown = replace(self._shown, selection=selection)
        self._draw()

    def show_state(self, text: str, level: StateLevel = "ready") -> None:
        """Say how things stand: ``busy`` quietly, anything worse in a strip. The view stays."""
        self.busy.setText(text if level == "busy" else "")
        if text and level in ("note", "warning", "error"):
            self.trouble.show_message(text, level=level)
        else:
            self.trouble.hide_message()
        self.waiting.setText(_page(text or _EMPTY, "" if text else _HINT))

    def step_block(self, by: int) -> None:
        """Select the block `by` further on in global order; the ends hold."""
        model, chosen = self._shown.model, self._shown.selection
        if model is None:
            return
        blocks, here = addresses(model), place_of(model, self._shown.address)
        there = 0 if here is None else min(max(here + by, 0), len(blocks) - 1)
        head = None if self._shown.address is None else self._shown.address.head
        block = model.by_address.get(blocks[there])
        if block is None or head is None or head >= block.num_heads:
            head = None
        if there != here:
            self._on_selected(replace(chosen, address=blocks[there].with_head(head)))

    def step_head(self, by: int) -> None:
        """Select the head `by` further on; past the last comes the block as a whole."""
        block, address = self._shown.block, self._shown.address
        if block is None or address is None:
            return
        places = [None, *range(block.num_heads)]
        here = places.index(address.head) if address.head in places else 0
        head = places[(here + by) % len(places)]
        self._on_selected(replace(self._shown.selection, address=address.with_head(head)))

    def current_figure_kind(self) -> FigureKind:
        """The figure of the part the user is at."""
        if self._active is self.histograms:
            return FigureKind.HISTOGRAM
        if self._active is self.spectra:
            return FigureKind.SPECTRA
        return _FIGURES[self._shown.measure]

    @property
    def measure_shown(self) -> Measure:
        """What the curves are of."""
        return self._shown.measure

    @property
    def without_query(self) -> bool:
        """Whether attention preference is shown with the query's own patch left out."""
        return self._shown.without_query

    def show_measure(self, measure: Measure) -> None:
        """Show other curves; emits nothing."""
        self._shown = replace(self._shown, measure=measure)
        self._active = self._curves
        self._draw()

    def view_widget(self) -> QWidget:
        """The part the user is at, for a screenshot."""
        return self._active

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step through blocks and heads."""
        key = Qt.Key(event.key())
        if key in _STEPS:
            self.step_block(_STEPS[key])
        elif key in _HEAD_STEPS:
            self.step_head(_HEAD_STEPS[key])
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change between light and dark, or of the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._restyle()
            self._draw()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice at which part the user is."""
        if event.type() is QEvent.Type.FocusIn:
            inside = isinstance(watched, QWidget) and self.stack.isAncestorOf(watched)
            self._active = self._curves if inside else self.tabs.currentWidget()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        self.title.setWordWrap(True)
        self.title.setTextFormat(Qt.TextFormat.RichText)
        self.title.setAccessibleName("What is shown")
        which = _row((self.measure, 0), (self.meaning, 1))
        options = WrapRow(which, _row((self.query, 0), (self.quantity, 0), (self.places, 0)))
        for switch in (self.query, self.quantity):
            switch.hide()
        for page, text in (
            (self.heads, "Hea&ds"),
            (self.histograms, "Histo&grams"),
            (self.spectra, "&Spectra"),
        ):
            self.tabs.addTab(page, text)
        self.tabs.setDocumentMode(True)
        self.tabs.setCornerWidget(self.models, Qt.Corner.TopRightCorner)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.curve)
        self.stack.addWidget(self.measured)
        self.splitter.addWidget(self.stack)
        self.splitter.addWidget(self.tabs)
        self.splitter.setSizes((_CURVES, _DETAILS))
        self.splitter.setChildrenCollapsible(False)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title, 1)
        head.addWidget(self.busy, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        column.addWidget(self.left_out)
        column.addWidget(options)
        column.addWidget(self.splitter, 1)
        column.addWidget(self.anisotropy)
        self.waiting = sentence_page(_page(_EMPTY, _HINT))
        self._pages = pages_under(self, self.trouble, self.waiting, full)

    def _connect(self) -> None:
        for part in (self.curve, self.measured, self.heads, self.histograms, self.spectra):
            part.selected.connect(self._on_selected)
            part.hovered.connect(self._say)
        self.measured.asked.connect(lambda: self.measure_asked.emit(self._shown.measure))
        self.measure.chosen.connect(self._on_measure_chosen)
        self.query.chosen.connect(self._on_query_chosen)
        self.quantity.chosen.connect(self._on_quantity_chosen)
        self.places.chosen.connect(self._on_places_chosen)
        self.models.chosen.connect(self._on_model_chosen)
        self.anisotropy.asked.connect(self.anisotropy_asked)
        self.left_out.closed.connect(self._on_left_out_closed)
        self.tabs.currentChanged.connect(self._on_tab_changed)
        watched = cast("list[QWidget]", self.stack.findChildren(QWidget))
        watched += cast("list[QWidget]", self.tabs.findChildren(QWidget))
        for widget in watched:
            widget.installEventFilter(self)

    def _draw(self) -> None:
        """Draw the curves and the tab on top; the others are drawn when they are turned to."""
        scene = self._shown.scene
        self._pages.setCurrentIndex(0 if scene is None else 1)
        if scene is None:
            self._drawn.clear()
            return
        self.title.setText(title_html(scene, self._shown.measure))
        self.meaning.setText(meaning(scene.models[0].options.product, self._shown.measure))
        self.stack.setCurrentWidget(self._curves)
        self._draw_switches(scene)
        self._draw_left_out(scene)
        self.anisotropy.setVisible(not self._is_measured)
        self.anisotropy.draw(scene)
        for part in (self._curves, self.tabs.currentWidget()):
            self._draw_part(part)

    @property
    def _is_measured(self) -> bool:
        """Whether the curves are of something that was measured with masks."""
        return self._shown.measure != "cosine"

    @property
    def _curves(self) -> QWidget:
        """The curves that are shown."""
        return self.measured if self._is_measured else self.curve

    def _draw_switches(self, scene: DepthScene) -> None:
        shown = self._shown
        self.measure.show_choice(shown.measure)
        self.query.setVisible(shown.measure == "preference" and bool(shown.measured_curves))
        self.query.show_choice("without" if shown.without_query else "with")
        self.quantity.setVisible(shown.has_anisotropy and not self._is_measured)
        self.quantity.show_choice(shown.quantity)
        self.places.setEnabled(shown.same_blocks)
        self.places.show_choice("share" if shown.by_share else "block")
        two = len(scene.models) > 1
        self.models.setVisible(two)
        if not two:
            self._difference = False
            return
        first, second = scene.letters[:2]
        self.models.button("first").setText(first)
        self.models.button("second").setText(second)
        self.models.button(_DIFFERENCE).setText(f"{second} − {first}")
        by_heads = self.tabs.currentWidget() is self.heads and shown.same_blocks
        self.models.button(_DIFFERENCE).setVisible(by_heads)
        difference = self._difference and by_heads
        self.models.show_choice(
            _DIFFERENCE if difference else "second" if shown.current else "first"
        )

    def _draw_left_out(self, scene: DepthScene) -> None:
        text = left_out_text(scene)
        if not text or text == self._put_away:
            self.left_out.hide_message()
        elif self.left_out.text != text:
            self.left_out.show_message(text)

    def _draw_part(self, part: QWidget) -> None:
        difference = self._difference and self._shown.same_blocks
        state = (self._shown, difference)
        if self._drawn.get(part) == state:
            return
        self._drawn[part] = state
        try:
            if part is self.heads:
                self.heads.draw(self._shown, difference=difference)
            elif isinstance(part, DepthCurve | DepthMeasured | DepthHistograms | DepthSpectra):
                part.draw(self._shown)
        except Exception as error:  # noqa: BLE001
            _log.exception("a part of the view over depth could not be drawn")
            self.trouble.show_message(f"This cannot be drawn: {error}", level="error")

    def _restyle(self) -> None:
        theme, font = theme_of(self.palette()), small_font(self.font())
        styled: tuple[Callable[[Theme, QFont], None], ...] = (
            self.curve.apply_theme,
            self.measured.apply_theme,
            self.heads.apply_theme,
            self.histograms.apply_theme,
            self.spectra.apply_theme,
        )
        for apply_theme in styled:
            apply_theme(theme, font)
        self._drawn.clear()

    @Slot(object)
    def _on_selected(self, selection: Selection) -> None:
        self.show_selection(selection)
        self.selection_changed.emit(selection)

    @Slot(str)
    def _on_measure_chosen(self, measure: str) -> None:
        self.show_measure(cast("Measure", measure))

    @Slot(str)
    def _on_query_chosen(self, which: str) -> None:
        self._shown = replace(self._shown, without_query=which == "without")
        self._draw()

    @Slot(str)
    def _on_quantity_chosen(self, quantity: str) -> None:
        chosen = replace(self._shown, quantity="relative" if quantity == "relative" else "score")
        self._shown = chosen
        self._draw()

    @Slot(str)
    def _on_places_chosen(self, places: str) -> None:
        self._shown = replace(self._shown, places="share" if places == "share" else "block")
        self._draw()

    @Slot(str)
    def _on_model_chosen(self, which: str) -> None:
        self._difference = which == _DIFFERENCE
        if self._difference:
            self._draw()
            return
        letter = self._shown.letters[1 if which == "second" else 0]
        self._on_selected(replace(self._shown.selection, model=model_of(letter)))

    @Slot()
    def _on_left_out_closed(self) -> None:
        self._put_away = "" if self._shown.scene is None else left_out_text(self._shown.scene)

    @Slot()
    def _on_tab_changed(self) -> None:
        self._active = self.tabs.currentWidget()
        self._draw()


def _row(*parts: tuple[QWidget, int]) -> QWidget:
    """Widgets beside one another, with how much of the room that is left each takes."""
    widget = QWidget()
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(10)
    for part, stretch in parts:
        row.addWidget(part, stretch)
    if not any(stretch for _, stretch in parts):
        row.addStretch(1)
    return widget


def _page(heading: str, hint: str) -> str:
    return f"<p style='font-size:large'><b>{heading}</b></p><p>{hint}</p>"
