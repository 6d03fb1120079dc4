"""A sheet of paper measured in millimetres from its top left corner, and the type set on it.

The font is always DejaVu Sans in the copy that comes with matplotlib, never one of the machine: a
figure drawn again elsewhere is the same to the byte, and it has every sign the formulas need.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.transforms import Transform

MM_PER_INCH = 25.4
MM_PER_POINT = MM_PER_INCH / 72
MARGIN = 2.0
TEXT, SMALL, TINY = 7.0, 6.0, 5.0
LINE_HEIGHT = 3.3
INK, SOFT, FAINT, GRID = "#1a1a1a", "#555555", "#8c8c8c", "#e4e4e4"
_UNPRINTABLE = "□"
_ELLIPSIS = "…"
_SETTINGS: Any = {
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "vit-inspector",
    "text.parse_math": False,
    "text.hinting": "none",
    "axes.unicode_minus": True,
    "path.simplify": False,
    "axes.linewidth": 0.5,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2.0,
    "ytick.major.size": 2.0,
    "xtick.major.pad": 1.5,
    "ytick.major.pad": 1.5,
}


@contextmanager
def paper_settings() -> Iterator[None]:
    """Draw and save with matplotlib's defaults and ours, whatever the user's matplotlibrc says."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the page in mm from its top left corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The bottom edge."""
        return self.top + self.height


@dataclass(eq=False)
class Page:
    """A white page that text, lines and axes are put on."""

    width: float
    height: float
    figure: "Figure" = field(init=False)

    def __post_init__(self) -> None:
        from matplotlib.figure import Figure

        size = (self.width / MM_PER_INCH, self.height / MM_PER_INCH)
        self.figure = Figure(figsize=size, facecolor="white")

    @property
    def millimetres(self) -> "Transform":
        """From mm, y downwards, to the figure."""
        from matplotlib.transforms import Affine2D

        scaled = Affine2D().scale(1 / self.width, -1 / self.height).translate(0, 1)
        return scaled + self.figure.transFigure

    def text(self, x: float, y: float, text: str, **look: Any) -> None:
        """Write one line; `size` in points, `bold`, and whatever `Figure.text` takes."""
        font = font_of(look.pop("size", TEXT), bold=look.pop("bold", False))
        look = {"color": INK, "va": "center", **look}
        self.figure.text(x, y, text, transform=self.millimetres, fontproperties=font, **look)

    def line(self, xs: Sequence[float], ys: Sequence[float], **look: Any) -> None:
        """Draw a line through points in mm."""
        from matplotlib.lines import Line2D

        self.figure.add_artist(Line2D(xs, ys, transform=self.millimetres, **look))

    def rectangle(self, box: Box, colour: Any, **look: Any) -> None:
        """Fill a rectangle."""
        from matplotlib.patches import Rectangle

        look = {"linewidth": 0, **look}
        corner = (box.left, box.top)
        self.figure.add_artist(
            Rectangle(
                corner, box.width, box.height, facecolor=colour, transform=self.millimetres, **look
            )
        )

    def axes(self, box: Box) -> "Axes":
        """Empty axes whose frame is the box; only the left and the bottom line are drawn."""
        place = (
            box.left / self.width,
            1 - box.bottom / self.height,
            box.width / self.width,
            box.height / self.height,
        )
        axes = self.figure.add_axes(place, facecolor="none")
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=INK)
        axes.set_axisbelow(True)
        return axes


@cache
def font_of(size: float, *, bold: bool = False) -> "FontProperties":
    """The font in `size` points."""
    import matplotlib
    from matplotlib.font_manager import FontProperties

    name, weight = ("DejaVuSans-Bold.ttf", "bold") if bold else ("DejaVuSans.ttf", "normal")
    file = Path(matplotlib.get_data_path(), "fonts", "ttf", name)
    return FontProperties(fname=str(file), size=size, weight=weight)


@cache
def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width of one line in mm."""
    from matplotlib.textpath import TextToPath

    font = font_of(size, bold=bold)
    width = TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]
    return float(width) * MM_PER_POINT


def printable(text: str) -> str:
    """Replace what the font cannot print (a file name may hold anything) by an empty square."""
    known = _known_signs()
    return "".join(sign if ord(sign) in known and sign >= " " else _UNPRINTABLE for sign in text)


def elide(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Take out the middle of a line until it is at most `width` mm wide; keeps both ends."""
    if text_width(text, size, bold=bold) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        tail = kept // 2
        shorter = text[: kept - tail] + _ELLIPSIS + text[len(text) - tail :]
        if text_width(shorter, size, bold=bold) <= width:
            return shorter
    return _ELLIPSIS


def wrap(
    parts: Sequence[str], width: float, size: float, *, between: str = " ", bold: bool = False
) -> tuple[str, ...]:
    """Set parts (words, or phrases) into lines of at most `width` mm, eliding a longer part."""
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]}{between}{part}" if lines else part
        if lines and text_width(joined, size, bold=bold) <= width:
            lines[-1] = joined
        else:
            lines.append(elide(part, width, size, bold=bold))
    return tuple(lines)


@cache
def _known_signs() -> frozenset[int]:
    from matplotlib.font_manager import get_font

    return frozenset(get_font(str(font_of(TEXT).get_file())).get_charmap())
