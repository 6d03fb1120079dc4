"""A gallery for paper, as the paper's Figure 4: a row a mode, k pairs of picture and overlay.

The pictures keep the pixels that they have on the screen; scores and outlines are objects of their
own, set on them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from inspector.core.errors import BadRequest
from inspector.core.figures import MAX_HEIGHT_MM, MOST_MODES, FigureStyle
from inspector.core.gallery import GalleryRow, GalleryScene, GalleryTile, SignsShown
from inspector.core.images import Picture
from inspector.core.map_style import MapStyle
from inspector.core.optimal import SIGNS, Sign
from inspector.core.tokens import Box as ImageBox
from inspector.export.drawing import Cell, Drawing
from inspector.export.furniture import Entry, Heading, heading, legend, put_heading, put_legend
from inspector.export.mode_figures import SPACE_REMARKS, counted, style_remarks
from inspector.export.optimal_files import OPTIMAL
from inspector.export.paper import (
    GRID,
    LINE_HEIGHT,
    MARGIN,
    SMALL,
    SOFT,
    TINY,
    Box,
    Page,
    printable,
    text_width,
    wrap,
)
from inspector.export.pictures import side_colour
from inspector.render.gallery import (
    SIGN_MARKS,
    SIGN_WORDS,
    limits_in_row,
    row_words,
    score_words,
    tile_limits,
    tile_outlines,
    tile_pictures,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SMALLEST, _LARGEST = 7.6, 16.0
"""Width of a picture in mm: smaller, its score does not fit on it."""

_IN_PAIR, _BETWEEN, _BELOW = 0.4, 1.4, 1.0
_WORDS_LINE, _SCORE = 2.55, 2.2
_ABOVE_PART, _BELOW_TITLE = 0.8, 0.4
_NAMES: dict[Sign, str] = {"+": "plus", "-": "minus"}


def draw_gallery(
    scene: GalleryScene,
    style: MapStyle,
    paper: FigureStyle,
    *,
    signs: SignsShown = "both",
    columns: int = 8,
) -> Drawing:
    """The rows of a scene, those of sign + above those of sign -; at most 24 modes.

    How many modes there are is chosen where the gallery is looked at, not in `paper`.

    Parameters
    ----------
    columns
        How many pictures of a row, at most; fewer where the page is too narrow for them.

    Raises
    ------
    BadRequest
        When there is no row, or the rows do not fit on a page.
    """
    parts = tuple(_parts(scene, signs))
    if not parts:
        raise BadRequest("No optimal images are known of this head.", advice="Scan a folder.")
    sheet = _Sheet(scene, style, parts, paper.width_mm, columns)
    drawn = [row for part in parts for row in part.rows]
    rows = tuple(_table(scene, drawn, sheet.pairs))
    return Drawing(sheet.draw().figure, OPTIMAL, rows, _arrays(scene, style, drawn, sheet.pairs))


@dataclass(frozen=True, eq=False)
class _Part:
    """The rows of one sign."""

    sign: Sign
    rows: tuple[GalleryRow, ...]


@dataclass(frozen=True, eq=False)
class _Sheet:
    """What stands where, for one width of page and at most `columns` pairs in a row."""

    scene: GalleryScene
    style: MapStyle
    parts: tuple[_Part, ...]
    width: float
    columns: int

    @property
    def pairs(self) -> int:
        """How many pairs of pictures a row has."""
        room = self._room + _BETWEEN
        fitting = int(room / (2 * _SMALLEST + _IN_PAIR + _BETWEEN))
        longest = max(len(row.winners) for part in self.parts for row in part.rows)
        return max(1, min(fitting, longest, self.columns))

    def draw(self) -> Page:
        """Lay out and draw; pictures shrink until the page is no higher than it may be."""
        head, key, notes = self._heading, legend(self._entries, self.width), self._notes
        fixed = 2 * MARGIN + head.height + key.height + len(notes) * LINE_HEIGHT
        wide = self._widest
        while fixed + self._body(wide) > MAX_HEIGHT_MM:
            wide *= 0.97
            if wide < _SMALLEST:
                count = sum(len(part.rows) for part in self.parts)
                raise BadRequest(
                    f"{count} rows of images do not fit on a page.",
                    advice="Choose fewer modes, or one sign.",
                )
        page = Page(self.width, fixed + self._body(wide))
        # each picture keeps its own pixels: matplotlib would make one of all that share axes
        page.figure.suppressComposite = True
        top = put_legend(page, key, put_heading(page, head))
        table = _Table(page, self.style, Box(0.0, top, self.width, self._body(wide)))
        for part in self.parts:
            top = self._put_part(table, part, top, wide)
        table.close()
        for line in notes:
            page.text(MARGIN, top + LINE_HEIGHT / 2, line, size=TINY, color=SOFT)
            top += LINE_HEIGHT
        return page

    def _put_part(self, table: "_Table", part: _Part, top: float, wide: float) -> float:
        top += _ABOVE_PART
        words = f"{SIGN_MARKS[part.sign]}  {SIGN_WORDS[part.sign]}"
        table.page.text(MARGIN, top + LINE_HEIGHT / 2, words, size=SMALL, bold=True)
        top += LINE_HEIGHT + _BELOW_TITLE
        for row in part.rows:
            high = self._row_height(row, wide)
            self._put_words(table.page, row, top)
            limits = limits_in_row(row, self.style)
            for place, tile in enumerate(row.tiles[: self.pairs]):
                left = self._left + place * (2 * wide + _IN_PAIR + _BETWEEN)
                boxes = _pair(Box(left, top, wide, high), tile)
                if tile is None:
                    table.put_missing(boxes)
                else:
                    table.put(tile, tile_pictures(tile, self.style, limits), boxes)
            if not row.winners:
                words = "no image with a score above 0"
                table.page.text(self._left, top + high / 2, words, size=TINY, color=SOFT)
            top += high + _BELOW
        return top

    def _put_words(self, page: Page, row: GalleryRow, top: float) -> None:
        mode, *numbers = row_words(self.scene, row)
        page.text(MARGIN, top + 1.3, mode, size=SMALL, bold=True)
        for line, words in enumerate(numbers, start=1):
            page.text(MARGIN, top + 1.3 + line * _WORDS_LINE, words, size=TINY)

    @property
    def _left(self) -> float:
        """Where the pictures begin."""
        words = (row_words(self.scene, row)[1:] for part in self.parts for row in part.rows)
        return MARGIN + max(text_width(word, TINY) for two in words for word in two) + 1.6

    @property
    def _room(self) -> float:
        return self.width - MARGIN - self._left

    @property
    def _widest(self) -> float:
        gaps = (self.pairs - 1) * _BETWEEN + self.pairs * _IN_PAIR
        return min(max((self._room - gaps) / (2 * self.pairs), _SMALLEST), _LARGEST)

    def _row_height(self, row: GalleryRow, wide: float) -> float:
        """Of its pictures, at most square, and of its words; taller pictures become narrower."""
        tiles = [tile for tile in row.tiles[: self.pairs] if tile is not None]
        ratios = [tile.picture.shape[0] / tile.picture.shape[1] for tile in tiles]
        return max(wide * min(max(ratios, default=0.0), 1.0), 3 * _WORDS_LINE)

    def _body(self, wide: float) -> float:
        rows = (self._row_height(row, wide) + _BELOW for part in self.parts for row in part.rows)
        return sum(rows) + len(self.parts) * (_ABOVE_PART + LINE_HEIGHT + _BELOW_TITLE)

    @property
    def _heading(self) -> Heading:
        modes = sorted({row.mode for part in self.parts for row in part.rows})
        words = f"mode {modes[0]}" if len(modes) == 1 else f"modes {modes[0]} to {modes[-1]}"
        title = f"Optimal images of {self.scene.address}, {words}"
        return heading(title, gallery_remarks(self.scene, self.style), self.width)

    @property
    def _entries(self) -> list[Entry]:
        found = []
        for side in ("query", "key"):
            words = f"{side} map; outline: its winning patch"
            found.append(Entry(words, _hex(side_colour(self.style.pair, side)), "swatch"))
        return found

    @property
    def _notes(self) -> tuple[str, ...]:
        shared = "of its row" if self.style.limits == "shared" else "of the map"
        words = [
            "white: both maps",
            f"maps run from the 30th to the 95th percentile {shared}",
            "number: score, query value times key value at the winning patches",
        ]
        longest = max(len(row.winners) for part in self.parts for row in part.rows)
        if self.pairs < longest:
            words.append(f"the first {self.pairs} of {longest} images of each mode")
        missing = sum(
            tile is None for part in self.parts for row in part.rows for tile in row.tiles
        )
        if missing:
            words.append(
                f"missing: files that are gone or have changed since they were scored ({missing})"
            )
        room = self.width - 2 * MARGIN
        return wrap([printable(word) for word in words], room, TINY, between="  ·  ")


class _Table:
    """One plane of pictures in mm of the page: hundreds of axes would take seconds to draw."""

    def __init__(self, page: Page, style: MapStyle, box: Box) -> None:
        self.page = page
        self._style = style
        self._box = box
        self._axes: Axes = page.axes(box)
        self._axes.set_axis_off()

    def put(
        self, tile: GalleryTile, pictures: tuple[Picture, Picture], boxes: tuple[Box, ...]
    ) -> None:
        """A picture with its score and the winning patches, and its overlay beside it."""
        for picture, box in zip(pictures, boxes, strict=True):
            self._axes.imshow(
                picture,
                extent=(box.left, box.right, box.bottom, box.top),
                aspect="auto",
                interpolation="none",
            )
        marks = []
        for outline in tile_outlines(tile):
            mark = _on_page(outline.box, boxes[0], tile)
            colour = side_colour(self._style.pair, outline.side)
            self._outline(mark, colour, over=mark in marks)
            marks.append(mark)
        self._put_score(boxes[0], tile.winner.score, marks)

    def put_missing(self, boxes: tuple[Box, ...]) -> None:
        """Grey where a picture would be."""
        for box in boxes:
            self.page.rectangle(Box(box.left, box.top, box.width, box.height), GRID)
            middle = (box.left + box.width / 2, box.top + box.height / 2)
            self.page.text(*middle, "missing", size=TINY, color=SOFT, ha="center")

    def close(self) -> None:
        """Make it the page again: pictures have moved its limits."""
        self._axes.set_xlim(self._box.left, self._box.right)
        self._axes.set_ylim(self._box.bottom, self._box.top)

    def _outline(self, box: Box, colour: tuple[float, float, float], *, over: bool) -> None:
        """Dark below, so that it is seen on any picture; in dashes over another of the place."""
        from matplotlib.patches import Rectangle

        rims: list[tuple[Any, float, Any]] = [("black", 1.0, "-"), (colour, 0.5, "-")]
        for line, width, style in [(colour, 0.5, (0, (1.5, 1.5)))] if over else rims:
            self._axes.add_patch(
                Rectangle(
                    (box.left, box.top), box.width, box.height, fill=False, edgecolor=line,
                    linewidth=width, linestyle=style,
                )
            )  # fmt: skip

    def _put_score(self, box: Box, score: float, taken: Sequence[Box]) -> None:
        """In the top left corner; in the bottom left one where a winning patch would be hidden."""
        words = score_words(score)
        wide = text_width(words, TINY) + 0.7
        places = [Box(box.left, top, wide, _SCORE) for top in (box.top, box.bottom - _SCORE)]
        place = next((p for p in places if not any(_touch(p, one) for one in taken)), places[0])
        self.page.rectangle(place, "black", alpha=0.55)
        look: dict[str, Any] = {"size": TINY, "color": "white"}
        self.page.text(place.left + 0.35, place.top + _SCORE / 2 + 0.1, words, **look)


def gallery_remarks(scene: GalleryScene, style: MapStyle) -> list[str]:
    """What a reader has to know: model, pictures, preparation, tokens, how scores are made."""
    found = scene.found
    options = found.options
    words = [f"{scene.letter} {scene.card.label}", _folder_words(scene)]
    words += [f"{len(found.left_out):,} left out"] if found.left_out else []
    words.append(f"input: {found.preparation.words}")
    words.append(SPACE_REMARKS[options.space])
    words += ["norm folded"] if options.options.fold_norm else []
    words += ["bias augmented"] if options.options.augment_bias else []
    words += ["scored as published, whatever the signs of the two maxima"] if options.compat else []
    words += [scene.modes.exact] if scene.modes.exact else []
    return [*words, *style_remarks(style)]


def _folder_words(scene: GalleryScene) -> str:
    found = scene.found
    name = "/".join(Path(found.folder).parts[-2:])
    if found.complete:
        return f"{counted(found.measured)} in {name}"
    return f"{found.measured:,} of {counted(found.total)} in {name}: the scan is not finished"


def _parts(scene: GalleryScene, signs: SignsShown) -> Iterator[_Part]:
    """The rows of each sign."""
    shown = sorted({row.mode for row in scene.rows})[:MOST_MODES]
    for sign in SIGNS:
        rows = tuple(row for row in scene.rows if row.sign == sign and row.mode in shown)
        if rows and signs in ("both", sign):
            yield _Part(sign, rows)


def _pair(first: Box, tile: GalleryTile | None) -> tuple[Box, Box]:
    """Where picture and overlay lie in two places side by side, of which one is given."""
    wide, high = first.width, first.height
    if tile is not None:
        rows, columns = tile.picture.shape[:2]
        scale = min(first.width / columns, first.height / rows)
        wide, high = columns * scale, rows * scale
    left = first.left + first.width - wide
    top = first.top + (first.height - high) / 2
    beside = first.right + _IN_PAIR
    return Box(left, top, wide, high), Box(beside, top, wide, high)


def _touch(one: Box, other: Box) -> bool:
    across = one.left < other.right and other.left < one.right
    return across and one.top < other.bottom and other.top < one.bottom


def _on_page(part: ImageBox, box: Box, tile: GalleryTile) -> Box:
    """What of a rectangle of a picture is on it, in mm of the page."""
    rows, columns = tile.picture.shape[:2]
    top, bottom = (min(max(y, 0.0), rows) * box.height / rows for y in (part.top, part.bottom))
    left, right = (min(max(x, 0.0), columns) * box.width / columns for x in (part.left, part.right))
    return Box(box.left + left, box.top + top, right - left, bottom - top)


def _hex(colour: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)


def _table(
    scene: GalleryScene, rows: Sequence[GalleryRow], pairs: int
) -> Iterator[tuple[Cell, ...]]:
    at = scene.address
    for row in rows:
        for winner in row.winners[:pairs]:
            place = (at.stage, at.block, at.head or 0, row.mode, row.sign, winner.rank)
            yield (*place, winner.score, winner.image, *winner.query, *winner.key)


def _arrays(
    scene: GalleryScene, style: MapStyle, rows: Sequence[GalleryRow], pairs: int
) -> dict[str, npt.NDArray[Any]]:
    """Of every row its winners, of every tile its maps and between which limits they are drawn."""
    head = scene.address.head or 0
    modes = np.array(sorted({row.mode for row in rows}), dtype=np.int64)
    found: dict[str, npt.NDArray[Any]] = {
        "mode": modes,
        "sigma": scene.modes.sigma[head, modes],
        "cosine": scene.modes.cosine[head, modes],
    }
    for row in rows:
        name = f"m{row.mode}_{_NAMES[row.sign]}"
        winners = row.winners[:pairs]
        found[f"score_{name}"] = np.array([winner.score for winner in winners])
        found[f"image_{name}"] = np.array([winner.image for winner in winners], dtype=np.str_)
        places = [(*winner.query, *winner.key) for winner in winners]
        found[f"place_{name}"] = np.array(places, dtype=np.int64).reshape(-1, 4)
        shared = limits_in_row(row, style)
        for tile in (tile for tile in row.tiles[:pairs] if tile is not None):
            ending = f"{name}_{tile.winner.rank}"
            found[f"query_{ending}"], found[f"key_{ending}"] = tile.query, tile.key
            found[f"limits_{ending}"] = np.array(shared or tile_limits([tile]))
    return found


def drawn_images(scene: GalleryScene, signs: SignsShown, columns: int) -> list[str]:
    """Names of the pictures that a figure of so many columns may show, each once."""
    rows = (row for part in _parts(scene, signs) for row in part.rows)
    return list(dict.fromkeys(w.image for row in rows for w in row.winners[:columns]))
