"""A page of one or several heat maps with one axis of blocks and one colour bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from inspector.core.metrics import Metric
from inspector.export.colour_bars import ColourBar
from inspector.export.furniture import BlockAxis, Heading, put_heading
from inspector.export.paper import (
    LINE_HEIGHT,
    MARGIN,
    MM_PER_POINT,
    SMALL,
    SOFT,
    Box,
    Page,
    text_width,
)
from inspector.render.colour_tables import ByteArray
from inspector.render.colours import UNDEFINED
from inspector.render.limits import Limits, Values

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDEST_CELL = 13.0
_NARROWEST_SIDE_BY_SIDE = 2.0
_BETWEEN_SIDE, _BETWEEN_STACKED = 3.0, 1.6
_BAR_HEIGHTS = (15.0, 40.0)


@dataclass(frozen=True, eq=False)
class Sheet:
    """One map: its title, values, colours, the cells that exist, and the names of its rows."""

    title: str
    values: Values
    picture: ByteArray
    exists: npt.NDArray[np.bool_]
    row_names: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.row_names)


@dataclass(frozen=True, eq=False)
class MapPage:
    """What a page of maps is made of.

    `rows_word` names what the rows are (``Head``), where their names are only numbers.
    """

    head: Heading
    sheets: Sequence[Sheet]
    axis: BlockAxis
    limits: Limits
    metric: Metric
    cell_height: float
    rows_word: str = ""

    def draw(self, width: float) -> Page:
        """Lay out and draw; side by side where the cells stay wide enough, else stacked."""
        columns = self._columns(width)
        box = Box(self._left, 0.0, self._cell(width, columns) * self.axis.depth, self._map_height)
        stacked = len(self.sheets) // columns
        step = self._map_height + self._title_height + _BETWEEN_STACKED
        body = self._title_height + (stacked - 1) * step + self._map_height
        note = LINE_HEIGHT if self._needs_note else 0.0
        beside = self._title_height + self._bar.height + 2.0
        below = max(body + self.axis.height + note, beside)
        page = Page(width, MARGIN + self.head.height + below + MARGIN)
        top = put_heading(page, self.head) + self._title_height
        for index, sheet in enumerate(self.sheets):
            row, column = divmod(index, columns)
            left = box.left + column * (box.width + _BETWEEN_SIDE)
            place = Box(left, top + row * step, box.width, box.height)
            self._put_sheet(page, place, sheet, named=column == 0)
            if row == stacked - 1:
                self.axis.put(page, place)
        self._bar.put(page, box.left + columns * (box.width + _BETWEEN_SIDE) - _BETWEEN_SIDE, top)
        if note:
            _put_note(page, top - self._title_height + body + self.axis.height + note / 2)
        return page

    @property
    def _map_height(self) -> float:
        return max(sheet.rows for sheet in self.sheets) * self.cell_height

    @property
    def _title_height(self) -> float:
        return LINE_HEIGHT if any(sheet.title for sheet in self.sheets) else 0.0

    @property
    def _bar(self) -> ColourBar:
        low, high = _BAR_HEIGHTS
        return ColourBar(self.limits, self.metric, min(max(self._map_height, low), high))

    @property
    def _left(self) -> float:
        names = (text_width(name, SMALL) for sheet in self.sheets for name in sheet.row_names)
        word = LINE_HEIGHT if self.rows_word else 0.0
        return MARGIN + word + max(names, default=0.0) + 1.6

    def _cell(self, width: float, columns: int) -> float:
        room = width - self._left - MARGIN - self._bar.width - (columns - 1) * _BETWEEN_SIDE
        return min(max(room / (columns * self.axis.depth), 0.2), _WIDEST_CELL)

    def _columns(self, width: float) -> int:
        beside = len(self.sheets)
        return beside if self._cell(width, beside) >= _NARROWEST_SIDE_BY_SIDE else 1

    @property
    def _needs_note(self) -> bool:
        return any(not np.isfinite(s.values[s.exists]).all() for s in self.sheets)

    def _put_sheet(self, page: Page, box: Box, sheet: Sheet, *, named: bool) -> None:
        axes = page.axes(box)
        self.axis.span(axes)
        axes.set_ylim(box.height / self.cell_height - 0.5, -0.5)
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
        _put_cells(axes, sheet, gap=min(0.5, 0.12 * box.width / self.axis.depth / MM_PER_POINT))
        if sheet.title:
            page.text(box.left, box.top - LINE_HEIGHT / 2, sheet.title, size=SMALL, bold=True)
        if named:
            self._name_rows(page, box, sheet)

    def _name_rows(self, page: Page, box: Box, sheet: Sheet) -> None:
        step = next((s for s in (1, 2, 4, 8) if s * self.cell_height >= 2.3), 16)
        for row, name in enumerate(sheet.row_names):
            if row % step == 0:
                y = box.top + (row + 0.5) * self.cell_height
                page.text(box.left - 1.0, y, name, size=SMALL, ha="right")
        if self.rows_word:
            look = {"rotation": 90, "ha": "center", "size": SMALL}
            page.text(MARGIN + 1.3, box.top + box.height / 2, self.rows_word, **look)


def _put_cells(axes: "Axes", sheet: Sheet, *, gap: float) -> None:
    """Draw each cell as a filled square: viewers blur small images, and cannot blur these."""
    from matplotlib.collections import PolyCollection

    rows, columns = np.nonzero(sheet.exists)
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    squares = np.stack([columns, rows], axis=1)[:, None, :] + corners
    colours = sheet.picture[rows, columns] / 255.0
    axes.add_collection(
        PolyCollection(list(squares), facecolors=colours, edgecolors="white", linewidths=gap),
        autolim=False,
    )


def _put_note(page: Page, y: float) -> None:
    grey = tuple(part / 255 for part in UNDEFINED)
    page.rectangle(Box(MARGIN, y - 1.2, 2.4, 2.4), grey)
    page.text(MARGIN + 3.4, y, "no value", size=SMALL, color=SOFT)
