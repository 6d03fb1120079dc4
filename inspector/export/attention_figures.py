"""A token's attention for paper: its pattern in every head, and what one score is made of."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from inspector.core.attention import PairScore
from inspector.core.errors import BadRequest
from inspector.core.figures import MAX_HEIGHT_MM, FigureStyle
from inspector.core.map_style import MapStyle
from inspector.core.scene import AttentionScene
from inspector.export.drawing import Cell, Drawing
from inspector.export.furniture import Heading, heading, put_heading, value_axis
from inspector.export.mode_figures import image_remarks, style_remarks
from inspector.export.paper import (
    FAINT,
    LINE_HEIGHT,
    MARGIN,
    SMALL,
    SOFT,
    TINY,
    Box,
    Page,
    elide,
    text_width,
)
from inspector.export.pictures import BETWEEN, Panel, frame_of
from inspector.export.scale import scale_of
from inspector.render.limits import Limits
from inspector.render.scenes import (
    HeadPattern,
    attention_picture,
    attention_title,
    head_patterns,
    pattern_limits,
    pattern_picture,
    shown_grid,
    token_outlines,
)

PATTERN = ("head", "row", "column", "attention", "score")
PAIR = ("part", "mode", "value")
_MODE, _REST = "#3b6fb6", "#8a6d3b"
_BESIDE_FROM = 110.0
_THUMB_TEXT, _THUMB_GAP, _SMALLEST_THUMB = 2 * LINE_HEIGHT * 0.85 + 0.6, 1.6, 4.0


def draw_attention(
    scene: AttentionScene, style: MapStyle, paper: FigureStyle, limits: Limits | None = None
) -> Drawing:
    """The pattern of the chosen head over the image, large, and that of every head, small."""
    limits = limits or pattern_limits([scene], style)
    drawn = attention_picture(scene, style, limits)
    frame = frame_of(scene.image, style)
    captions = (_elsewhere(scene, scene.head),)
    panel = Panel(f"Head {scene.head}", drawn, frame, captions, token_outlines(scene, style))
    head = heading(attention_title(scene), _remarks(scene, style), paper.width_mm)
    thumbs = head_patterns(scene, style)
    page = _Sheet(scene, panel, thumbs, head, style).draw(paper.width_mm)
    arrays: dict[str, npt.NDArray[Any]] = {
        "pattern": scene.attention.pattern,
        "score": scene.attention.score,
        "prefix": scene.attention.prefix,
        "padding": scene.attention.padding,
        "token": np.array(scene.attention.token),
        "limits": np.array([limits.low, limits.high]),
        "overlay": drawn.picture,
        "pattern_picture": pattern_picture(scene, style, limits).picture,
        "thumbnails": np.stack([thumb.picture for thumb in thumbs]),
    }
    return Drawing(page.figure, PATTERN, tuple(_pattern_rows(scene)), arrays)


def draw_pair(
    scene: AttentionScene, style: MapStyle, paper: FigureStyle, limits: Limits | None = None
) -> Drawing:
    """Where the two tokens lie, and the modes and terms that add up to their score.

    Raises
    ------
    BadRequest
        When no key token is chosen, or the two tokens have no score.
    """
    pair = scene.pair
    if pair is None:
        raise BadRequest("No key token is chosen.", advice="Choose a second token on the image.")
    if pair.reason:
        raise BadRequest(pair.reason, advice="Choose two tokens of one window.")
    grid, width = scene.attention.grid, paper.width_mm
    title = f"{pair.address}: score of {grid.name(pair.query)} and {grid.name(pair.key)}"
    head = heading(title, _remarks(scene, style), width)
    drawn = attention_picture(scene, style, limits)
    outlines = token_outlines(scene, style)
    panel = Panel("Query and key", drawn, frame_of(scene.image, style), (), outlines)
    beside = width >= _BESIDE_FROM
    room = width - 2 * MARGIN
    across = min(room * (0.27 if beside else 0.6), 60.0)
    terms = _terms(pair)
    high = max(panel.height(across), 30.0 if beside else 0.0)
    table = LINE_HEIGHT * (len(terms) + 1)
    body = max(high, 34.0 + 8.0 + table) if beside else high + 3.0 + 34.0 + 8.0 + table
    page = Page(width, 2 * MARGIN + head.height + body)
    top = put_heading(page, head)
    panel.put(page, MARGIN, top, across, style)
    left = MARGIN + across + BETWEEN if beside else MARGIN
    y = top if beside else top + high + 3.0
    wide = page.width - MARGIN - left
    _put_bars(page, Box(left, y, wide, 34.0), pair)
    _put_terms(page, Box(left, y + 34.0 + 8.0, wide, table), terms, pair)
    rows: list[tuple[Cell, ...]] = [
        ("mode", n, value) for n, value in enumerate(pair.contributions.tolist())
    ]
    rows += [(name, "", value) for name, value in pair.terms.items()]
    rows += [("sum", "", pair.sum), ("score", "", pair.total), ("attention", "", pair.weight)]
    arrays: dict[str, npt.NDArray[Any]] = {
        "contributions": pair.contributions,
        "terms": np.array(list(pair.terms.values())),
        "term_names": np.array(list(pair.terms)),
        "sum": np.array(pair.sum),
        "score": np.array(pair.total),
        "attention": np.array(pair.weight),
        "query": np.array(pair.query),
        "key": np.array(pair.key),
    }
    return Drawing(page.figure, PAIR, tuple(rows), arrays)


class _Sheet:
    """The large picture and the thumbnails: beside each other on a wide page, else below."""

    def __init__(
        self,
        scene: AttentionScene,
        panel: Panel,
        thumbs: tuple[HeadPattern, ...],
        head: Heading,
        style: MapStyle,
    ) -> None:
        self._scene, self._panel, self._thumbs = scene, panel, thumbs
        self._head, self._style = head, style
        extent = shown_grid(scene.attention.grid, scene.image, style).extent
        rows, columns = panel.drawn.picture.shape[:2]
        high = extent.height / rows * panel.frame.height
        wide = extent.width / columns * panel.frame.width
        self._aspect = float(high / wide)

    def draw(self, width: float) -> Page:
        beside = width >= _BESIDE_FROM
        room = width - 2 * MARGIN
        large = (room - BETWEEN) * 0.48 if beside else room
        while self._panel.height(large) > MAX_HEIGHT_MM * (0.7 if beside else 0.45):
            large *= 0.95
        high = self._panel.height(large)
        small = room - large - BETWEEN if beside else room
        columns, side = self._thumb_grid(small, high if beside else MAX_HEIGHT_MM * 0.4)
        below = LINE_HEIGHT + -(-len(self._thumbs) // columns) * self._step(side)
        body = max(high, below) if beside else high + 2.0 + below
        page = Page(width, 2 * MARGIN + self._head.height + body)
        top = put_heading(page, self._head)
        self._panel.put(page, MARGIN, top, large, self._style)
        left = MARGIN + large + BETWEEN if beside else MARGIN
        self._put_thumbs(page, left, top if beside else top + high + 2.0, small, (columns, side))
        return page

    def _thumb_grid(self, width: float, height: float) -> tuple[int, float]:
        """The number of columns with which thumbnails are largest, and their width."""
        count = len(self._thumbs)
        found = []
        for columns in range(1, count + 1):
            rows = -(-count // columns)
            across = (width - (columns - 1) * _THUMB_GAP) / columns
            down = ((height - LINE_HEIGHT) / rows - _THUMB_TEXT) / self._aspect
            found.append((min(across, down), columns))
        side, columns = max(found)
        return columns, max(side, _SMALLEST_THUMB)

    def _step(self, side: float) -> float:
        return side * self._aspect + _THUMB_TEXT

    def _put_thumbs(
        self, page: Page, left: float, top: float, width: float, grid: tuple[int, float]
    ) -> None:
        shared = self._style.limits == "shared"
        words = "All heads, one scale" if shared else "All heads, each from 0 to its own largest"
        title = elide(words, width, SMALL, bold=True)
        page.text(left, top + LINE_HEIGHT / 2, title, size=SMALL, bold=True)
        columns, side = grid
        for index, thumb in enumerate(self._thumbs):
            row, column = divmod(index, columns)
            x = left + column * (side + _THUMB_GAP)
            y = top + LINE_HEIGHT + row * self._step(side)
            self._put_thumb(page, Box(x, y + 0.3, side, side * self._aspect), thumb)

    def _put_thumb(self, page: Page, box: Box, thumb: HeadPattern) -> None:
        chosen = thumb.head == self._scene.head
        rows, columns = thumb.picture.shape[:2]
        axes = page.axes(box)
        axes.imshow(
            thumb.picture, extent=(0, columns, rows, 0), aspect="auto", interpolation="none"
        )
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(chosen)
        axes.spines[:].set_linewidth(1.2)
        y = box.bottom + LINE_HEIGHT * 0.85 / 2 + 0.2
        words = f"H{thumb.head}  0–{thumb.bar.high}"
        middle = box.left + box.width / 2
        page.text(middle, y, elide(words, box.width + 1.2, TINY), size=TINY, ha="center",
                  bold=chosen)  # fmt: skip
        rest = elide(_elsewhere(self._scene, thumb.head), box.width + 1.2, TINY)
        page.text(middle, y + LINE_HEIGHT * 0.8, rest, size=TINY, ha="center", color=SOFT)


def _elsewhere(scene: AttentionScene, head: int) -> str:
    """What a head gives to tokens that lie nowhere on the picture, as ``CLS 0.12``."""
    attention = scene.attention
    shares = zip(attention.grid.prefix, attention.prefix[head].tolist(), strict=True)
    words = [f"{name} {share:.2f}" for name, share in shares]
    padding = float(attention.padding[head])
    return "  ".join([*words, *([f"padding {padding:.2f}"] if padding else [])])


def _remarks(scene: AttentionScene, style: MapStyle) -> list[str]:
    words = [f"{scene.letter} {scene.model.label}", *image_remarks([scene.image], style)]
    words.append("attention after softmax")
    visible = scene.attention.visible
    if not visible.all():
        words.append(f"the token attends inside its window of {int(visible.sum())} patches")
    return [*words, *style_remarks(style)]


def _pattern_rows(scene: AttentionScene) -> Iterator[tuple[Cell, ...]]:
    attention = scene.attention
    for (head, row, column), value in np.ndenumerate(attention.pattern):
        score = float(attention.score[head, row, column])
        yield (head, row, column, float(value), score)


def _terms(pair: PairScore) -> list[tuple[str, float]]:
    count = pair.contributions.size
    modes = (f"{count} modes", float(pair.contributions.sum()))
    return [modes, *pair.terms.items()]


def _put_bars(page: Page, box: Box, pair: PairScore) -> None:
    """A bar for each mode, then, after a gap, one for each other term."""
    values, terms = pair.contributions, np.array(list(pair.terms.values()))
    scale = scale_of(np.concatenate([values, terms, [0.0]]))
    left = box.left + scale.label_width + 2.0
    y = box.top + LINE_HEIGHT + 0.8
    place = Box(left, y, box.right - left, box.bottom - y)
    words = f"Parts of the score  {scale.factor}".strip()
    page.text(left, box.top + LINE_HEIGHT / 2, words, size=SMALL, bold=True)
    axes = page.axes(place)
    value_axis(axes, scale)
    gap = max(1.0, 0.04 * values.size)
    axes.bar(np.arange(values.size), values, width=0.8, color=_MODE, linewidth=0)
    after = values.size + gap + np.arange(terms.size) * max(1.0, gap)
    axes.bar(after, terms, width=max(0.8, 0.8 * gap), color=_REST, linewidth=0)
    axes.axhline(0.0, color=FAINT, linewidth=0.5)
    right = float(after[-1]) + gap if terms.size else values.size
    axes.set_xlim(-0.8, right)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    span = right + 0.8
    middle = left + (values.size / 2 + 0.3) / span * place.width
    words = f"modes 0 to {values.size - 1}"
    page.text(middle, place.bottom + 1.8, words, size=TINY, ha="center", color=_MODE)
    if terms.size:
        x = left + (float(after.mean()) + 0.8) / span * place.width
        x = min(x, box.right - text_width("other terms", TINY) / 2)
        lower = place.bottom + 1.8 + LINE_HEIGHT * 0.8
        page.text(x, lower, "other terms", size=TINY, ha="center", color=_REST)


def _put_terms(page: Page, box: Box, terms: list[tuple[str, float]], pair: PairScore) -> None:
    """The terms as a sum, checked against the model's own score."""
    y = box.top + LINE_HEIGHT / 2
    column = min(box.width * 0.5, 34.0)
    for index, (name, value) in enumerate(terms):
        colour = _MODE if index == 0 else _REST
        page.text(box.left, y, elide(name, column, SMALL), size=SMALL, color=colour)
        page.text(box.left + column + 12.0, y, _figure(value), size=SMALL, ha="right")
        y += LINE_HEIGHT
    words = f"sum {_figure(pair.sum)}   score of the model {_figure(pair.total)}"
    words += f"   attention after softmax {100 * pair.weight:.2g} %"
    page.text(box.left, y, elide(words, box.width, SMALL), size=SMALL, bold=False)


def _figure(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−")
