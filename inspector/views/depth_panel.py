"""One panel over depth: a line for each model and a dot for each head."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.core.modes import ModelModes
from inspector.render.limits import Values
from inspector.views.block_axis import LEFT_WIDTH, RIGHT_WIDTH, show_blocks, stage_edges
from inspector.views.elided_label import ElidedLabel
from inspector.views.plot_frame import (
    PlotFrame,
    Separators,
    fix_columns,
    place_in,
    quiet_plot,
    restyle,
)
from inspector.views.theme import LIGHT, Theme
from inspector.views.value_axis import ValueAxis

_NEAR = 9.0
_HEADROOM = 0.06
_TINTS = (30, 60)
_MARKS = {"o": "●", "s": "■"}


@dataclass(frozen=True, slots=True, eq=False)
class DepthLine:
    """One line over depth.

    Parameters
    ----------
    name, colour
        In the legend; without a name it is not in it.
    places
        (depth,) where each block lies along x.
    values
        (depth,) means over heads; NaN where there is none.
    heads
        (heads, depth) single heads, drawn as dots.
    dashed
        (depth,) a second line of the same model, its anisotropy or chance; None for none.
    dashed_name
        Of that line in the legend; without a name it is not in it.
    bands
        (depth,) half-widths of bands around 0, the widest first: of single random modes, and of
        means over such modes.
    symbol
        Of its dots: ``o`` or ``s``.
    below
        Whether it is drawn broad, because another line of almost the same values is drawn over it.
    """

    name: str
    colour: QColor
    places: Values
    values: Values
    heads: Values
    dashed: Values | None = None
    dashed_name: str = "anisotropy"
    bands: tuple[Values, ...] = ()
    symbol: str = "o"
    below: bool = False


class CurvePanel(QWidget):
    """Lines over depth with a dot for every head; emits where the user clicked.

    Signals
    -------
    chosen(line, block, head)
        Which line, which block in global order, which head; head -1 for the block as a whole, line
        -1 where the click was near no dot.
    pointed(block, head)
        What the mouse is over; (-1, -1) for nothing.
    """

    chosen = Signal(int, int, int)
    pointed = Signal(int, int)

    def __init__(self, name: str, *, says: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption = ElidedLabel()
        self.frame = PlotFrame(name, says=says)
        self.frame.pointed.connect(self._on_pointed)
        self.frame.clicked.connect(self._on_clicked)
        self.frame.left.connect(self._on_left)
        self._lines: tuple[DepthLine, ...] = ()
        self._model: ModelModes | None = None
        self._by_share = False
        self._notes: tuple[str, ...] = ()
        self._theme = LIGHT
        self._build()

    def draw(
        self,
        lines: tuple[DepthLine, ...],
        model: ModelModes,
        *,
        by_share: bool,
        current: int = 0,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Show lines over the blocks of `model`, and the bands of line `current`; emits nothing.

        `notes` are further lines of the legend.
        """
        self._lines, self._model, self._by_share = lines, model, by_share
        self._notes = notes
        self._draw_bands(lines[current])
        while len(self._curves) < len(lines):
            self._add_line()
        for place in range(len(self._curves)):
            self._draw_line(place, lines[place] if place < len(lines) else None)
        low, high = _range_of(lines)
        self._plot.setYRange(low, high, padding=0)
        self._draw_axis(low, high)
        self._draw_legend()

    def show_cursor(self, place: int | None) -> None:
        """Mark a block in global order."""
        self._cursor.setVisible(place is not None and bool(self._lines))
        if place is not None and self._lines and place < self._lines[0].places.size:
            self._cursor.setValue(float(self._lines[0].places[place]))

    def show_head(self, line: int, place: int | None, head: int | None) -> None:
        """Mark a head of a block with a ring."""
        there = line < len(self._lines) and place is not None and head is not None
        value = float("nan")
        if there and head is not None and head < len(self._lines[line].heads):
            value = float(self._lines[line].heads[head, place])
        self._ring.setVisible(bool(np.isfinite(value)))
        if np.isfinite(value):
            self._ring.setData([float(self._lines[line].places[place])], [value])

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        restyle(self.frame, (self._plot,), theme, font)
        self._stages.show_colour(theme.grid)
        self._zero.setPen(pg.mkPen(theme.separator, width=1))
        self._cursor.setPen(pg.mkPen(theme.accent, width=1.5))
        self._ring.setPen(pg.mkPen(theme.accent, width=2))
        for band, alpha in zip(self._bands, _TINTS, strict=True):
            tint = QColor(theme.muted)
            tint.setAlpha(alpha)
            band.setBrush(tint)

    def place_of_block(self, block: int, value: float) -> QPointF:
        """Where a value of a block lies, in the coordinates of the frame's viewport."""
        x = float(self._lines[0].places[block])
        scene = self._plot.getViewBox().mapViewToScene(QPointF(x, value))
        return QPointF(self.frame.mapFromScene(scene))

    def _build(self) -> None:
        self._plot = quiet_plot(left_width=LEFT_WIDTH, bottom=True, axes={"left": ValueAxis()})
        self._plot.getAxis("bottom").setHeight(20)
        self._stages = Separators()
        self._stages.setZValue(-8)
        self._zero = pg.InfiniteLine(angle=0, movable=False)
        self._zero.setZValue(-7)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.setZValue(-4)
        self._ring = pg.ScatterPlotItem(size=11, brush=None, pxMode=True)
        self._ring.setZValue(8)
        for item in (self._stages, self._zero, self._cursor, self._ring):
            self._plot.addItem(item, ignoreBounds=True)
        self._curves: list[pg.PlotDataItem] = []
        self._dashes: list[pg.PlotCurveItem] = []
        self._dots: list[pg.ScatterPlotItem] = []
        self._bands: list[pg.FillBetweenItem] = []
        for _ in _TINTS:
            self._add_band()
        self._legend = pg.LabelItem(justify="left")
        self.frame.addItem(self._plot, 0, 0)
        self.frame.addItem(self._legend, 0, 1)
        fix_columns(self.frame, right_width=RIGHT_WIDTH)
        self.frame.setMinimumHeight(84)
        self._plot.getViewBox().sigResized.connect(self._on_resized)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.caption)
        column.addWidget(self.frame, 1)

    def _add_line(self) -> None:
        curve = pg.PlotDataItem(antialias=True, symbolSize=6, connect="finite")
        dashes = pg.PlotCurveItem(antialias=True, connect="finite")
        dots = pg.ScatterPlotItem(size=4, pen=None, pxMode=True)
        for item, depth in ((dots, -3), (dashes, 1), (curve, 2)):
            item.setZValue(depth)
            self._plot.addItem(item, ignoreBounds=True)
        self._curves.append(curve)
        self._dashes.append(dashes)
        self._dots.append(dots)

    def _add_band(self) -> None:
        edges = [pg.PlotCurveItem(connect="finite") for _ in range(2)]
        band = pg.FillBetweenItem(*edges)
        band.setZValue(-12)
        self._plot.addItem(band, ignoreBounds=True)
        self._bands.append(band)

    def _draw_line(self, place: int, line: DepthLine | None) -> None:
        curve, dashes, dots = self._curves[place], self._dashes[place], self._dots[place]
        there = line is not None and bool(np.isfinite(line.values).any())
        curve.setVisible(there)
        dots.setVisible(there)
        dashed = None if line is None else line.dashed
        dashes.setVisible(dashed is not None)
        if line is None:
            return
        if there:
            curve.setData(line.places, line.values)
            # Two models are often almost the same: a thin line over a broad one shows both.
            curve.setPen(pg.mkPen(line.colour, width=4 if line.below else 2))
            curve.setSymbol(line.symbol)
            curve.setSymbolSize(10 if line.below else 6)
            curve.setSymbolBrush(line.colour)
            curve.setSymbolPen(None)
            x, y, _ = _dots_of(line)
            dots.setData(x, y)
            faint = QColor(line.colour)
            faint.setAlpha(110)
            dots.setBrush(faint)
        if dashed is not None:
            dashes.setData(line.places, dashed)
            dashes.setPen(pg.mkPen(line.colour, width=1.5, style=Qt.PenStyle.DashLine))

    def _draw_bands(self, line: DepthLine) -> None:
        for place, item in enumerate(self._bands):
            there = place < len(line.bands) and bool(np.isfinite(line.bands[place]).any())
            item.setVisible(there)
            if there:
                x, edge = _steps(line.places, line.bands[place])
                item.curves[0].setData(x, -edge)
                item.curves[1].setData(x, edge)

    def _draw_axis(self, low: float, high: float) -> None:
        if self._model is None:
            return
        self._stages.setVisible(not self._by_share)
        if self._by_share:
            self._plot.setXRange(-0.03, 1.03, padding=0)
            share = (0.0, 0.25, 0.5, 0.75, 1.0)
            self._plot.getAxis("bottom").setTicks([[(x, f"{x:g}") for x in share]])
            return
        show_blocks(self._plot, self._model, stages=False)
        self._stages.show_at(stage_edges(self._model), low, high)

    def _draw_legend(self) -> None:
        rows = []
        for line in self._lines:
            if line.name:
                rows.append(
                    f"<span style='color:{line.colour.name()}'>{_MARKS[line.symbol]}</span> "
                    f"<span style='color:{self._theme.text}'>{line.name}</span>"
                )
            if line.dashed is not None and line.dashed_name:
                rows.append(
                    f"<span style='color:{line.colour.name()}'>┄</span> "
                    f"<span style='color:{self._theme.muted}'>{line.dashed_name}</span>"
                )
        rows += [f"<span style='color:{self._theme.muted}'>{note}</span>" for note in self._notes]
        rows.append(f"<span style='color:{self._theme.muted}'>small dots: heads</span>")
        if any(line.bands for line in self._lines):
            rows.append(f"<span style='color:{self._theme.muted}'>grey: random</span>")
        self._legend.setText("<br>".join(rows), size="8pt")

    def _found_at(self, point: QPointF) -> tuple[int, int, int]:
        """Line, block and head at a point of the scene; line and head -1 near no dot."""
        place = place_in(self._plot, point)
        if place is None or not self._lines:
            return (-1, -1, -1)
        wide, high = self._plot.getViewBox().viewPixelSize()
        best, nearest = (-1, -1, -1), _NEAR
        for number, line in enumerate(self._lines):
            x, y, cells = _dots_of(line)
            if not x.size:
                continue
            apart = np.hypot((x - place.x()) / wide, (y - place.y()) / high)
            first = int(np.argmin(apart))
            if apart[first] < nearest:
                nearest = float(apart[first])
                best = (number, int(cells[first, 1]), int(cells[first, 0]))
        if best[0] >= 0:
            return best
        return (-1, int(np.argmin(np.abs(self._lines[0].places - place.x()))), -1)

    def _on_pointed(self, point: QPointF) -> None:
        self.pointed.emit(*self._found_at(point)[1:])

    def _on_clicked(self, point: QPointF) -> None:
        found = self._found_at(point)
        if found[1] >= 0:
            self.chosen.emit(*found)

    @Slot()
    def _on_left(self) -> None:
        self.pointed.emit(-1, -1)

    @Slot()
    def _on_resized(self) -> None:
        if self._lines:
            self._draw_axis(*self._plot.getViewBox().viewRange()[1])


def _dots_of(line: DepthLine) -> tuple[Values, Values, npt.NDArray[np.intp]]:
    """Places of every head along x and y, and (n, 2) its head and block."""
    cells = np.argwhere(np.isfinite(line.heads))
    return line.places[cells[:, 1]], line.heads[cells[:, 0], cells[:, 1]], cells


def _steps(places: Values, heights: Values) -> tuple[Values, Values]:
    """A line that is level over each block and steps half-way to the next."""
    half = (places[1] - places[0]) / 2 if places.size > 1 else 0.5
    x = np.stack([places - half, places + half], axis=1).ravel()
    return x, np.repeat(heights, 2)


def _range_of(lines: tuple[DepthLine, ...]) -> tuple[float, float]:
    """Lowest and highest of all that is drawn, 0 included."""
    drawn = [np.zeros(1)]
    for line in lines:
        drawn += [line.values, line.heads.ravel()]
        if line.dashed is not None:
            drawn.append(line.dashed)
        for band in line.bands:
            drawn += [band, -band]
    finite = np.concatenate(drawn)
    finite = finite[np.isfinite(finite)]
    low, high = float(finite.min()), float(finite.max())
    room = (high - low) * _HEADROOM or 0.1
    return low - room, high + room
