"""The centre of the window: everything there is to see of a comparison, from one selection."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, cast

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QFont, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QLabel,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from inspector.core.comparison import ComparisonSeries, Patterns
from inspector.core.figures import FigureKind
from inspector.core.selection import Selection
from inspector.render.maps import addresses
from inspector.views.banner import Banner
from inspector.views.block_axis import place_of
from inspector.views.block_view import BlockView
from inspector.views.compare_words import left_out_text, title_html, unrelated_text
from inspector.views.findings_view import FindingsView
from inspector.views.heat_map_view import HeatMapView
from inspector.views.invariant_view import InvariantView
from inspector.views.lines_view import LinesView
from inspector.views.matching_view import MatchingView
from inspector.views.pages import sentence_page
from inspector.views.series_bar import SeriesBar
from inspector.views.shown import Shown, ViewOptions
from inspector.views.table_view import TableView
from inspector.views.theme import Theme, small_font, theme_of

_log = logging.getLogger(__name__)
_OVERVIEW, _DETAILS = 280, 400
_STEPS = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
_HEAD_STEPS = {Qt.Key.Key_BracketLeft: -1, Qt.Key.Key_BracketRight: 1}
_EMPTY = "Open a second checkpoint to compare"
_HINT = "Drop it anywhere on the window. The first file is the reference A, further ones join B."
_EMPTY_PAGE = f"<p style='font-size:large'><b>{_EMPTY}</b></p><p>{_HINT}</p>"


class _Part(Protocol):
    def draw(self, shown: Shown) -> None: ...


class CompareView(QWidget):
    """Heat map and lines over all blocks; under them the block, table, findings and matching.

    Setters never emit; what the user does is emitted and shown at once.

    Signals
    -------
    selection_changed(selection)
        The user chose something.
    options_changed(options)
        The user changed how it is drawn (`ViewOptions`).
    hovered(str)
        The exact value under the mouse, in one line; empty when there is none.
    axis_chosen(str)
        The user asked for the other axis: ``out`` or ``in``.
    opened_details()
        The matching report was opened from the strip.
    """

    selection_changed = Signal(object)
    options_changed = Signal(object)
    hovered = Signal(str)
    axis_chosen = Signal(str)
    opened_details = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = Shown()
        self._drawn: dict[_Part, Shown] = {}
        self._put_away: set[tuple[Banner, str]] = set()
        self.title = QLabel()
        self.unrelated, self.left_out, self.trouble = Banner(), Banner(), Banner()
        self.series_bar = SeriesBar()
        self.heat_map, self.lines = HeatMapView(), LinesView()
        self.block, self.table = BlockView(), TableView()
        self.findings, self.invariant = FindingsView(), InvariantView()
        self.matching = MatchingView()
        self.tabs = QTabWidget()
        self._parts: dict[QWidget, _Part] = {}
        self._active: QWidget = self.heat_map
        self._place()
        self._connect()
        self._restyle()
        self._draw()

    def show_series(self, series: ComparisonSeries | None) -> None:
        """Show a comparison, complete or not; None shows what to do to get one."""
        self._show(replace(self._shown, series=series))

    def show_patterns(self, patterns: Patterns | None) -> None:
        """Show the local patterns of the selected comparison; None while they are computed."""
        self._show(replace(self._shown, patterns=patterns))

    def show_selection(self, selection: Selection) -> None:
        """Show another selection in all parts."""
        self._show(replace(self._shown, selection=selection))

    def show_options(self, options: ViewOptions) -> None:
        """Draw otherwise."""
        self._show(replace(self._shown, options=options))

    def step_block(self, by: int) -> None:
        """Select the block `by` further on in global order; the ends hold."""
        comparison, chosen = self._shown.comparison, self._shown.selection
        if comparison is None or comparison.depth == 0:
            return
        blocks = addresses(comparison)
        here = place_of(comparison, chosen.address)
        there = 0 if here is None else min(max(here + by, 0), len(blocks) - 1)
        if there != here:
            self._on_selected(replace(chosen, address=blocks[there], vector=None))

    def step_head(self, by: int) -> None:
        """Select the head `by` further on; past the last comes the block as a whole."""
        block, chosen = self._shown.block, self._shown.selection
        if block is None or chosen.address is None:
            return
        places = [None, *range(block.num_heads)]
        head = places[(places.index(chosen.address.head) + by) % len(places)]
        self._on_selected(replace(chosen, address=chosen.address.with_head(head), vector=None))

    def next_compared(self, by: int) -> None:
        """Select the compared model `by` further on; after the last comes the first."""
        series, chosen = self._shown.series, self._shown.selection
        if series is None or len(series.comparisons) < 2:
            return
        there = (chosen.compared + by) % len(series.comparisons)
        self._on_selected(replace(chosen, compared=there))

    def current_figure_kind(self) -> FigureKind:
        """The figure of the part the user is at; the heat map for parts that are no figure."""
        options = self._shown.options
        if self._active is self.lines:
            by_model = self._shown.is_series and options.lines == "series"
            return FigureKind.SERIES if by_model else FigureKind.LINES
        if self._active is self.block:
            return FigureKind.VECTORS
        if self._active is self.invariant:
            return FigureKind.INVARIANT
        return FigureKind.HEAD_MAP if options.rows == "heads" else FigureKind.HEAT_MAP

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
            overview = (self.heat_map, self.lines)
            here = next((part for part in overview if part.frame is watched), None)
            self._active = here or self.tabs.currentWidget()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        self.title.setWordWrap(True)
        self.title.setTextFormat(Qt.TextFormat.RichText)
        self.title.setAccessibleName("What is shown")
        for part, share in ((self.heat_map, 2), (self.lines, 3)):
            policy = part.sizePolicy()
            policy.setVerticalStretch(share)
            part.setSizePolicy(policy)
        overview = _column(self.heat_map, self.lines)
        for page, text in (
            (self.block, "&Block"),
            (self.table, "&Table"),
            (self.findings, "Findin&gs"),
            (self.invariant, "&Invariant"),
            (self.matching, "Mat&ching"),
        ):
            self.tabs.addTab(page, text)
            self._parts[page] = page
        self.tabs.setDocumentMode(True)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(overview)
        self.splitter.addWidget(self.tabs)
        self.splitter.setSizes((_OVERVIEW, _DETAILS))
        self.splitter.setStretchFactor(0, 2)
        self.splitter.setStretchFactor(1, 3)
        self.splitter.setCollapsible(1, False)
        strips = (self.title, self.unrelated, self.left_out, self.trouble, self.series_bar)
        full = _column(*strips, self.splitter, stretched=self.splitter)
        self._pages = QStackedWidget()
        self._pages.addWidget(sentence_page(_EMPTY_PAGE))
        self._pages.addWidget(full)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)

    def _connect(self) -> None:
        parts = (self.heat_map, self.lines, self.block, self.table, self.findings, self.invariant)
        for part in parts:
            part.selected.connect(self._on_selected)
        for part in (self.heat_map, self.lines, self.block, self.invariant):
            part.hovered.connect(self.hovered)
        self.heat_map.rows_chosen.connect(self._on_rows_chosen)
        self.lines.lines_chosen.connect(self._on_lines_chosen)
        self.series_bar.chosen.connect(self._on_compared_chosen)
        self.title.linkActivated.connect(self._on_axis_asked)
        self.unrelated.acted.connect(self._on_invariant_asked)
        self.left_out.acted.connect(self._on_details_asked)
        self.unrelated.closed.connect(self._on_banner_closed)
        self.left_out.closed.connect(self._on_banner_closed)
        self.tabs.currentChanged.connect(self._on_tab_changed)
        watched: list[QWidget] = [self.heat_map.frame, self.lines.frame]
        watched += cast("list[QWidget]", self.tabs.findChildren(QWidget))
        for widget in watched:
            widget.installEventFilter(self)

    def _show(self, shown: Shown) -> None:
        self._shown = shown
        self._draw()

    def _draw(self) -> None:
        """Draw the overview and the tab on top; the others are drawn when they are turned to."""
        shown = self._shown
        comparison = shown.comparison
        self._pages.setCurrentIndex(0 if comparison is None else 1)
        if comparison is None:
            self._drawn.clear()
            return
        link = self.palette().color(QPalette.ColorRole.Link).name()
        self.title.setText(title_html(comparison, shown.metric, link=link))
        self._say(self.unrelated, unrelated_text(comparison), action="Show products")
        self._say(self.left_out, left_out_text(comparison), action="Details")
        self.series_bar.show_series(shown.series, shown.selection.compared)
        for part in (self.heat_map, self.lines, self._parts[self.tabs.currentWidget()]):
            self._draw_part(part)

    def _draw_part(self, part: _Part) -> None:
        if self._drawn.get(part) is self._shown:
            return
        self._drawn[part] = self._shown
        try:
            part.draw(self._shown)
        except Exception as error:  # noqa: BLE001
            _log.exception("a part of the comparison could not be drawn")
            self.trouble.show_message(f"This cannot be drawn: {error}", level="error")

    def _say(self, banner: Banner, text: str, *, action: str) -> None:
        if not text or (banner, text) in self._put_away:
            banner.hide_message()
        elif banner.text != text:
            banner.show_message(text, action=action)

    def _restyle(self) -> None:
        theme, font = theme_of(self.palette()), small_font(self.font())
        styled: tuple[Callable[[Theme, QFont], None], ...] = (
            self.heat_map.apply_theme,
            self.lines.apply_theme,
            self.block.apply_theme,
            self.invariant.apply_theme,
        )
        for apply_theme in styled:
            apply_theme(theme, font)
        self._drawn.clear()

    def _choose_options(self, options: ViewOptions) -> None:
        self.show_options(options)
        self.options_changed.emit(options)

    @Slot(object)
    def _on_selected(self, selection: Selection) -> None:
        self.show_selection(selection)
        self.selection_changed.emit(selection)

    @Slot(int)
    def _on_compared_chosen(self, compared: int) -> None:
        self._on_selected(replace(self._shown.selection, compared=compared))

    @Slot(str)
    def _on_rows_chosen(self, rows: str) -> None:
        self._choose_options(
            replace(self._shown.options, rows="heads" if rows == "heads" else "matrices")
        )

    @Slot(str)
    def _on_lines_chosen(self, lines: str) -> None:
        self._choose_options(
            replace(self._shown.options, lines="series" if lines == "series" else "matrices")
        )

    @Slot()
    def _on_axis_asked(self) -> None:
        if self._shown.series is not None:
            self.axis_chosen.emit("in" if self._shown.series.axis == "out" else "out")

    @Slot()
    def _on_invariant_asked(self) -> None:
        self.tabs.setCurrentWidget(self.invariant)

    @Slot()
    def _on_details_asked(self) -> None:
        self.tabs.setCurrentWidget(self.matching)
        self.opened_details.emit()

    @Slot()
    def _on_banner_closed(self) -> None:
        comparison = self._shown.comparison
        if comparison is None:
            return
        if self.unrelated.isHidden():
            self._put_away.add((self.unrelated, unrelated_text(comparison)))
        if self.left_out.isHidden():
            self._put_away.add((self.left_out, left_out_text(comparison)))

    @Slot()
    def _on_tab_changed(self) -> None:
        self._active = self.tabs.currentWidget()
        if self._shown.comparison is not None:
            self._draw_part(self._parts[self.tabs.currentWidget()])


def _column(*widgets: QWidget, stretched: QWidget | None = None) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    for widget in widgets:
        column.addWidget(widget, int(widget is stretched))
    return holder
