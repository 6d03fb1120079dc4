"""Colours and fonts of the plots, taken from the palette of the window: light or dark."""

from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtGui import QColor, QFont, QPalette

from inspector.core.outline import Matrix
from inspector.render.colours import SURFACES, Surface, matrix_colours, series_colours

_SMALL = 0.88


@dataclass(frozen=True, slots=True)
class Theme:
    """Tokens of one appearance, as ``#rrggbb``.

    `surface` is behind the data, `text` and `muted` are inks on it (contrast above 4.5), `grid`
    and `separator` are lines behind the data, `accent` marks what is selected or has the focus.
    """

    name: Surface
    surface: str
    text: str
    muted: str
    grid: str
    separator: str
    accent: str

    def line(self, matrix: Matrix) -> QColor:
        """Colour of the lines of Q, K or V."""
        return QColor(matrix_colours(matrix, self.name).line)

    def tint(self, matrix: Matrix) -> QColor:
        """Colour of the area behind the vectors of Q, K or V."""
        return QColor(matrix_colours(matrix, self.name).tint)

    def band(self, matrix: Matrix) -> QColor:
        """Colour of the band of one standard deviation around a line; translucent."""
        colour = self.line(matrix)
        colour.setAlpha(34 if self.name == "light" else 44)
        return colour

    def series(self, count: int) -> tuple[QColor, ...]:
        """One colour for each compared model, first to last."""
        return tuple(QColor(colour) for colour in series_colours(count, self.name))


LIGHT = Theme("light", SURFACES["light"], "#1b1b1b", "#5c5c5c", "#e4e4e4", "#8a8a8a", "#d6006c")
DARK = Theme("dark", SURFACES["dark"], "#ececec", "#a8a8a8", "#363636", "#7c7c7c", "#ff6fb5")


def theme_of(palette: QPalette) -> Theme:
    """The theme that fits a palette: dark where its windows are darker than their text."""
    window = palette.color(QPalette.ColorRole.Window).lightness()
    text = palette.color(QPalette.ColorRole.WindowText).lightness()
    return DARK if window < text else LIGHT


def small_font(font: QFont) -> QFont:
    """The font of tick labels and read-outs: a little smaller than the window's."""
    small = QFont(font)
    small.setPointSizeF(max(7.0, font.pointSizeF() * _SMALL))
    return small


def apply_plot_theme(plot: pg.PlotItem, theme: Theme, *, font: QFont) -> None:
    """Colour the axes of a plot and set the font of their numbers."""
    line, text = pg.mkPen(theme.separator), pg.mkPen(theme.muted)
    for place in ("left", "bottom", "top", "right"):
        axis = plot.getAxis(place)
        axis.setPen(line)
        axis.setTextPen(text)
        axis.setTickFont(font)
