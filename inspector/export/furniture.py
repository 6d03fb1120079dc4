"""What stands around the data: heading, legend, the axis of blocks, the labels of an axis."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from inspector.core.address import Address
from inspector.export.paper import (
    FAINT,
    GRID,
    LINE_HEIGHT,
    MARGIN,
    SMALL,
    SOFT,
    TEXT,
    Box,
    Page,
    elide,
    font_of,
    printable,
    text_width,
    wrap,
)
from inspector.export.scale import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AXIS_HEIGHT = {1: 7.2, 2: 10.4}
_HANDLES = {"line": 5.0, "thin": 5.0, "dashed": 5.0, "cross": 1.6, "swatch": 5.0, "dot": 1.6}


@dataclass(frozen=True, slots=True)
class Heading:
    """Title and remarks, set into lines for one width of page."""

    title: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def height(self) -> float:
        """In mm, with the space below."""
        return LINE_HEIGHT * (len(self.title) + len(self.remarks)) + 1.4


def heading(title: str, remarks: Iterable[str], width: float) -> Heading:
    """Set title and remarks into lines; long names of files lose their middle, not their ends."""
    room = width - 2 * MARGIN
    parts = [printable(remark) for remark in remarks]
    return Heading(
        wrap(printable(title).split(), room, TEXT, bold=True),
        wrap(parts, room, SMALL, between="  ·  "),
    )


def put_heading(page: Page, heading: Heading) -> float:
    """Write the heading at the top of the page; returns where the next thing may start."""
    y = MARGIN + LINE_HEIGHT / 2
    for line in heading.title:
        page.text(MARGIN, y, line, bold=True)
        y += LINE_HEIGHT
    for line in heading.remarks:
        page.text(MARGIN, y, line, size=SMALL, color=SOFT)
        y += LINE_HEIGHT
    return MARGIN + heading.height


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a legend: a line, thin or dashed, a dot, a cross or a swatch, and its text."""

    text: str
    colour: str
    handle: Literal["line", "thin", "dashed", "dot", "cross", "swatch"] = "line"


@dataclass(frozen=True, slots=True)
class Legend:
    """Entries with their places: (x, row) in mm and rows."""

    entries: tuple[tuple[float, int, Entry], ...]

    @property
    def height(self) -> float:
        """In mm, with the space below."""
        rows = 1 + max((row for _, row, _ in self.entries), default=-1)
        return rows * LINE_HEIGHT + (1.0 if rows else 0.0)


def legend(entries: Sequence[Entry], width: float) -> Legend:
    """Flow entries into as many rows as they need, in columns where they are about equally wide."""
    room = width - 2 * MARGIN
    fitted = [_fitted(entry, room) for entry in entries]
    taken = [_HANDLES[e.handle] + 1 + text_width(e.text, SMALL) for e in fitted]
    if sum(taken) + 4 * len(taken) > room and max(taken) < 1.5 * min(taken):
        taken = [max(taken)] * len(taken)
    placed: list[tuple[float, int, Entry]] = []
    x, row = MARGIN, 0
    for entry, wide in zip(fitted, taken, strict=True):
        if placed and x + wide > width - MARGIN:
            x, row = MARGIN, row + 1
        placed.append((x, row, entry))
        x += wide + 4
    return Legend(tuple(placed))


def _fitted(entry: Entry, room: float) -> Entry:
    text = elide(printable(entry.text), room - _HANDLES[entry.handle] - 1, SMALL)
    return Entry(text, entry.colour, entry.handle)


def put_legend(page: Page, legend: Legend, top: float) -> float:
    """Draw the legend; returns where the next thing may start."""
    for x, row, entry in legend.entries:
        y = top + (row + 0.5) * LINE_HEIGHT
        wide = _HANDLES[entry.handle]
        if entry.handle == "line":
            page.line((x, x + wide), (y, y), color=entry.colour, linewidth=1.2)
        elif entry.handle == "thin":
            page.line((x, x + wide), (y, y), color=entry.colour, linewidth=0.5)
        elif entry.handle == "dashed":
            look = {"color": entry.colour, "linewidth": 0.9, "linestyle": (0, (3, 2))}
            page.line((x, x + wide), (y, y), **look)
        elif entry.handle == "cross":
            look = {"color": entry.colour, "marker": "x", "markersize": 2.6, "mew": 0.5}
            page.line((x + wide / 2,), (y,), **look)
        elif entry.handle == "dot":
            page.line((x + wide / 2,), (y,), color=entry.colour, marker="o", markersize=2.2, mew=0)
        else:
            page.rectangle(Box(x, y - 1.1, wide, 2.2), entry.colour)
        page.text(x + wide + 1, y, entry.text, size=SMALL)
    return top + legend.height


def put_centred(page: Page, box: Box, y: float, words: str) -> None:
    """Write a label under the middle of a box, as much of it as the page has room for."""
    middle = box.left + box.width / 2
    room = 2 * min(middle, page.width - middle) - 1.0
    page.text(middle, y, elide(words, room, SMALL), size=SMALL, ha="center")


def value_axis(axes: "Axes", scale: Scale, *, labelled: bool = True) -> None:
    """Numbers and faint lines along y."""
    axes.set_ylim(scale.low, scale.high)
    labels = scale.labels if labelled else [""] * len(scale.ticks)
    axes.set_yticks(scale.ticks, labels=labels, fontproperties=font_of(SMALL))
    axes.grid(axis="y", color=GRID, linewidth=0.35)


@dataclass(frozen=True, slots=True)
class BlockAxis:
    """The axis of all blocks in global order, with their stages."""

    addresses: tuple[Address, ...]
    stage_starts: tuple[int, ...]

    @property
    def depth(self) -> int:
        """Number of blocks."""
        return len(self.addresses)

    @property
    def height(self) -> float:
        """Of ticks, stages and label in mm."""
        return AXIS_HEIGHT[2 if len(self.stage_starts) > 1 else 1]

    def span(self, axes: "Axes") -> None:
        """Set the limits, and draw a line between two stages."""
        axes.set_xlim(-0.5, self.depth - 0.5)
        axes.set_xticks([])
        for start in self.stage_starts[1:]:
            axes.axvline(start - 0.5, color=FAINT, linewidth=0.5)

    def put(self, page: Page, box: Box) -> None:
        """Write the axis below a box that is as wide as the blocks."""
        cell = box.width / self.depth
        for index in self._labelled(cell):
            x = box.left + (index + 0.5) * cell
            label = str(self.addresses[index].block)
            page.text(x, box.bottom + 2.0, label, size=SMALL, ha="center")
        y = box.bottom + 2.0 + LINE_HEIGHT
        if len(self.stage_starts) > 1:
            self._put_stages(page, box, y)
            y += LINE_HEIGHT
        words = "Stage and block" if len(self.stage_starts) > 1 else "Block"
        put_centred(page, box, y, words)

    def _put_stages(self, page: Page, box: Box, y: float) -> None:
        cell = box.width / self.depth
        ends = (*self.stage_starts[1:], self.depth)
        stops = [(start, stop) for start, stop in zip(self.stage_starts, ends, strict=True)]
        word = "Stage {}"
        if any(
            text_width(word.format(n), SMALL) > (stop - start) * cell - 1
            for n, (start, stop) in enumerate(stops)
        ):
            word = "S{}"
        for stage, (start, stop) in enumerate(stops):
            left, right = box.left + start * cell + 0.4, box.left + stop * cell - 0.4
            page.line((left, right), (y - 1.7, y - 1.7), color=FAINT, linewidth=0.5)
            page.text((left + right) / 2, y, word.format(stage), size=SMALL, ha="center")

    def _labelled(self, cell: float) -> list[int]:
        """Blocks with a number: the first of each stage, then as many as have room."""
        room = text_width("00", SMALL) + 0.5
        step = next((s for s in (1, 2, 5, 10, 20, 50) if s * cell >= room), 100)
        wanted = [*self.stage_starts, *range(self.depth)]
        taken: list[int] = []
        for index in wanted:
            block = self.addresses[index].block
            if block % step == 0 and all(self._apart(index, other, cell) for other in taken):
                taken.append(index)
        return sorted(taken)

    def _apart(self, one: int, other: int, cell: float) -> bool:
        widths = [text_width(str(self.addresses[i].block), SMALL) for i in (one, other)]
        return abs(one - other) * cell >= sum(widths) / 2 + 0.5
