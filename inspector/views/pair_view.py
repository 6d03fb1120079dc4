"""What the score of one query token and one key token is made of: a bar for each mode."""

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QKeyEvent
from PySide6.QtWidgets import QGraphicsRectItem, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from inspector.core.attention import PairScore
from inspector.core.tokens import TokenGrid
from inspector.views.elided_label import ElidedLabel
from inspector.views.plot_frame import PlotFrame, Separators, place_in, quiet_plot, restyle
from inspector.views.switch import Switch
from inspector.views.theme import LIGHT, Theme
from inspector.views.value_axis import ValueAxis
from inspector.views.wording import counted, number_text, percent_text

MOST_BARS = 20
_LEFT = 52
_GAP, _LEAST_STEP, _WIDEST_STEP = 0.6, 1.4, 8.0
_EXACT, _SMALL = 1e-4, 1e-3
_SHORT = {
    "query with key bias": "q · key bias",
    "key with query bias": "k · query bias",
    "both biases": "both biases",
    "position bias": "position",
    "rotation": "rotation",
    "normalisation": "norm",
    "shift mask": "mask",
}
_UP = {"light": "#b2182b", "dark": "#ff8a75"}
_DOWN = {"light": "#2166ac", "dark": "#78b4ff"}
_OTHER = {"light": "#7a7a7a", "dark": "#9a9a9a"}
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_HINT = "Choose a key token: click on a patch with Shift or Ctrl held, or write its row and column."


@dataclass(frozen=True, slots=True)
class ScoreBar:
    """One bar: what stands under it, its whole name, its height, and the mode it is of.

    `mode` is -1 for the rest of the modes and for terms that are no mode; `is_term` for the latter.
    """

    short: str
    name: str
    value: float
    mode: int = -1
    is_term: bool = False


def bars_of(pair: PairScore, *, by_size: bool) -> tuple[ScoreBar, ...]:
    """The 20 largest modes, all others as one bar, then every other term of the score.

    The heights of all bars add up to `PairScore.sum`.
    """
    values = pair.contributions
    order = np.argsort(-np.abs(values), kind="stable")
    shown, rest = order[:MOST_BARS], order[MOST_BARS:]
    if not by_size:
        shown = np.sort(shown)
    bars = [ScoreBar(f"M{n}", f"mode {n}", float(values[n]), int(n)) for n in shown]
    if rest.size:
        name = f"the other {counted(rest.size, 'mode')}"
        bars.append(ScoreBar("rest", name, float(values[rest].sum())))
    bars += [
        ScoreBar(_SHORT.get(name, name), name, float(value), is_term=True)
        for name, value in pair.terms.items()
    ]
    return tuple(bars)


def check_text(pair: PairScore) -> str:
    """``The bars add up to 3.214, the model's score is 3.214.`` Or by how much they differ."""
    text = (
        f"The bars add up to {number_text(pair.sum, digits=4)}, "
        f"the model's score is {number_text(pair.total, digits=4)}"
    )
    if adds_up(pair):
        return f"{text}."
    return f"{text}: they differ by {number_text(pair.sum - pair.total, digits=3)}."


def weight_text(pair: PairScore) -> str:
    """As a sentence: ``Attention after softmax: 1.2 %.``."""
    small = pair.weight < _SMALL
    share = number_text(pair.weight, digits=3) if small else percent_text(pair.weight)
    return f"Attention after softmax: {share}."


def adds_up(pair: PairScore) -> bool:
    """Whether bars and score are equal up to the rounding of float32."""
    size = float(np.abs(pair.contributions).sum()) + sum(map(abs, pair.terms.values()))
    return abs(pair.sum - pair.total) <= _EXACT * max(size, abs(pair.total))


class PairView(QWidget):
    """Bars of the largest modes and of all else in a score, and whether they add up.

    Signals
    -------
    mode_chosen(mode)
        The user clicked on the bar of a mode, or moved to it with the arrow keys.
    hovered(str)
        The exact contribution under the mouse.
    """

    mode_chosen = Signal(int)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pair: PairScore | None = None
        self._bars: tuple[ScoreBar, ...] = ()
        self._places = np.empty(0)
        self._mode = 0
        self._by_size = True
        self._theme, self._font = LIGHT, QFont()
        self._inks = _inks_of(LIGHT)
        self.title = ElidedLabel(fills=True)
        self.check = ElidedLabel(fills=True)
        self.nothing = QLabel(_HINT)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.order = Switch(
            "Order of the bars",
            {
                "size": ("By size", "the largest contribution first"),
                "mode": ("By mode", "in the order of the modes"),
            },
        )
        self.order.show_choice("size")
        self.order.chosen.connect(self._on_order_chosen)
        self.frame = PlotFrame(
            "Contributions to the score", says="Left and right move between modes."
        )
        self.frame.pointed.connect(self._on_pointed)
        self.frame.clicked.connect(self._on_clicked)
        self.frame.left.connect(self._on_left)
        self._build()

    def show_pair(
        self, pair: PairScore | None, grid: TokenGrid, *, mode: int, waiting: str = ""
    ) -> None:
        """Show a score; `waiting` says why there is none yet. Emits nothing."""
        known, self._pair, self._mode = self._pair, pair, mode
        if pair is known and pair is not None:
            self._draw_cursor()
            return
        there = pair is not None and not pair.reason
        for widget in (self.frame, self.check, self.order):
            widget.setVisible(there)
        self.nothing.setVisible(not there)
        if pair is None:
            self.show_nothing(waiting or _HINT)
            return
        arrow = f"{grid.name(pair.query)} → {grid.name(pair.key)}"
        self.title.setText(f"{pair.address} · score of {arrow}")
        if pair.reason:
            self.nothing.setText(f"{pair.reason} There is no score between them.")
            return
        self.check.setText(f"{check_text(pair)} {weight_text(pair)}")
        self._draw()

    def show_nothing(self, sentence: str) -> None:
        """Show a sentence instead of a score."""
        self._pair = None
        self.title.setText("Score of a pair of tokens")
        for widget in (self.frame, self.check, self.order):
            widget.hide()
        self.nothing.setText(sentence)
        self.nothing.show()

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        self._theme, self._font = theme, font
        self._inks = _inks_of(theme)
        restyle(self.frame, (self._plot,), theme, font)
        self._zero.setPen(pg.mkPen(theme.separator))
        self._edge.show_colour(theme.separator)
        self._cursor.setPen(pg.mkPen(theme.accent, width=2))
        if self._pair is not None and not self._pair.reason:
            self._draw()

    @property
    def bars(self) -> tuple[ScoreBar, ...]:
        """What is drawn, from left to right."""
        return self._bars

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move between the bars of modes."""
        step = _STEPS.get(Qt.Key(event.key()))
        modes = [bar.mode for bar in self._bars if bar.mode >= 0]
        if step is None or not modes:
            event.ignore()
            return
        here = modes.index(self._mode) + step if self._mode in modes else 0
        self.mode_chosen.emit(modes[min(max(here, 0), len(modes) - 1)])

    def text_at(self, place: int) -> str:
        """The read-out of a bar."""
        if self._pair is None or not 0 <= place < len(self._bars):
            return ""
        bar = self._bars[place]
        share = bar.value / self._pair.total if self._pair.total else float("nan")
        return (
            f"{self._pair.address} · {bar.name} · {number_text(bar.value, digits=6)} "
            f"of the score {number_text(self._pair.total, digits=6)} ({percent_text(share)})"
        )

    def place_of_bar(self, place: int) -> QPointF:
        """The foot of a bar in the coordinates of the frame's viewport."""
        point = QPointF(float(self._places[place]), 0.0)
        scene = self._plot.getViewBox().mapViewToScene(point)
        return QPointF(self.frame.mapFromScene(scene))

    def _build(self) -> None:
        self._plot = quiet_plot(left_width=_LEFT, bottom=True, axes={"left": ValueAxis()})
        self._plot.getAxis("bottom").setHeight(20)
        self._plot.getAxis("bottom").setStyle(tickLength=0)
        self._items = pg.BarGraphItem(x=[0.0], height=[0.0], width=0.8)
        self._zero = pg.InfiniteLine(angle=0, movable=False)
        self._zero.setZValue(3)
        self._edge = Separators(dotted=True)
        self._cursor = QGraphicsRectItem()
        self._cursor.setZValue(8)
        for item in (self._items, self._zero, self._edge, self._cursor):
            self._plot.addItem(item, ignoreBounds=True)
        self.frame.addItem(self._plot, 0, 0)
        self.frame.setMinimumHeight(96)
        self._plot.getViewBox().sigResized.connect(self._on_resized)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self.title, 1)
        head.addWidget(self.order)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.frame, 1)
        column.addWidget(self.nothing, 1)
        column.addWidget(self.check)

    def _draw(self) -> None:
        if self._pair is None:
            return
        self._bars = bars_of(self._pair, by_size=self._by_size)
        terms = np.array([bar.is_term for bar in self._bars])
        step = self._term_step()
        steps = np.where(terms, step, 1.0)
        self._places = np.cumsum(steps) - 1.0 + _GAP * terms
        heights = np.array([bar.value for bar in self._bars])
        brushes = [self._ink_of(bar) for bar in self._bars]
        self._items.setOpts(x=self._places, height=heights, width=0.8, brushes=brushes, pen=None)
        low, high = min(float(heights.min()), 0.0), max(float(heights.max()), 0.0)
        room = (high - low) * 0.08 or 0.1
        self._plot.setYRange(low - room, high + room, padding=0)
        last = float(self._places[-1]) + (step / 2 if terms.any() else 0.7)
        self._plot.setXRange(-0.7, last, padding=0)
        edge = [float(self._places[terms][0]) - step / 2 - _GAP / 2] if terms.any() else []
        self._edge.show_at(edge, low - room, high + room)
        self._draw_names()
        self._draw_cursor()
        # else the boxes move while they are drawn, and are drawn a second time
        self.frame.scene().prepareForPaint()

    def _term_step(self) -> float:
        """How many bars' room a term takes, so that its name fits under it."""
        metrics = QFontMetricsF(self._font)
        names = [metrics.horizontalAdvance(bar.short) for bar in self._bars if bar.is_term]
        if not names:
            return _LEAST_STEP
        wide = max(names) + 6
        left_over = max(float(self._plot.getViewBox().width()) - wide * len(names), 1.0)
        step = wide * (len(self._bars) - len(names) + 1.3) / left_over
        return min(max(step, _LEAST_STEP), _WIDEST_STEP)

    def _draw_names(self) -> None:
        """Names under the bars; every other one where there is no room."""
        metrics = QFontMetricsF(self._font)
        (low, high), _ = self._plot.getViewBox().viewRange()
        room = self._plot.getViewBox().width() / (high - low)
        widest = max(metrics.horizontalAdvance(bar.short) for bar in self._bars if not bar.is_term)
        every = max(1, int(-(-(widest + 2) // max(room, 1.0))))
        names = [
            (float(x), bar.short if bar.is_term or place % every == 0 else "")
            for place, (x, bar) in enumerate(zip(self._places, self._bars, strict=True))
        ]
        self._plot.getAxis("bottom").setTicks([names])

    def _draw_cursor(self) -> None:
        found = [place for place, bar in enumerate(self._bars) if bar.mode == self._mode]
        self._cursor.setVisible(bool(found))
        if found:
            x, value = float(self._places[found[0]]), self._bars[found[0]].value
            self._cursor.setRect(QRectF(x - 0.45, min(value, 0.0), 0.9, abs(value)))

    def _ink_of(self, bar: ScoreBar) -> QBrush:
        up, down, other = self._inks
        return other if bar.is_term else up if bar.value >= 0 else down

    def _bar_at(self, point: QPointF) -> int:
        place = place_in(self._plot, point)
        if place is None or not self._places.size:
            return -1
        nearest = int(np.argmin(np.abs(self._places - place.x())))
        return nearest if abs(float(self._places[nearest]) - place.x()) <= 0.5 else -1

    def _on_pointed(self, point: QPointF) -> None:
        self.hovered.emit(self.text_at(self._bar_at(point)))

    def _on_clicked(self, point: QPointF) -> None:
        place = self._bar_at(point)
        if place >= 0 and self._bars[place].mode >= 0:
            self.mode_chosen.emit(self._bars[place].mode)

    @Slot()
    def _on_left(self) -> None:
        self.hovered.emit("")

    @Slot(str)
    def _on_order_chosen(self, order: str) -> None:
        self._by_size = order == "size"
        self._draw()

    @Slot()
    def _on_resized(self) -> None:
        if self._pair is not None and not self._pair.reason:
            self._draw()


def _inks_of(theme: Theme) -> tuple[QBrush, QBrush, QBrush]:
    """Of a mode that raises the score, of one that lowers it, and of all else."""
    up, down, other = (QBrush(QColor(ink[theme.name])) for ink in (_UP, _DOWN, _OTHER))
    return up, down, other
