"""What scenes of modes and of attention are drawn as; the window and the figures both ask here.

Every function is pure: the same scene, style and limits give the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from inspector.core.errors import BadRequest
from inspector.core.images import Picture
from inspector.core.map_style import MapStyle
from inspector.core.modes import SmallArray
from inspector.core.scene import AttentionScene, ModeScene, ShownImage
from inspector.core.tokens import Box, Placement, TokenGrid
from inspector.render.colour_tables import RED_BLUE, VIRIDIS, ByteArray
from inspector.render.limits import Limits
from inspector.render.overlay import (
    Map,
    colours_of,
    compose_map,
    compose_overlay,
    light_ramp,
    orientation,
    percentiles,
    unit_map,
)
from inspector.render.percentiles import percentiles_of

REACH_PERCENTILE = 98.0
SIGMA = "\N{GREEK SMALL LETTER SIGMA}"
Side = Literal["query", "key"]
_PLACE: dict[Side, int] = {"query": 0, "key": 1}


@dataclass(frozen=True, eq=False)
class Bar:
    """The colour bar of a map.

    Parameters
    ----------
    name
        What the numbers are, as ``query map x · u``.
    limits
        Values of the first and the last colour.
    table
        (256, 3), the lowest first.
    low, high
        The words at its ends: a number, with ≤ or ≥ where values beyond it have the same colour.
    """

    name: str
    limits: Limits
    table: ByteArray
    low: str
    high: str


@dataclass(frozen=True, eq=False)
class Drawn:
    """A picture with all that belongs beside it.

    `grid` says where the patches lie on this picture; outside of `grid.extent` the model saw
    nothing. The overlay has a bar for each of its two maps.
    """

    title: str
    picture: Picture
    grid: TokenGrid
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class ModeLimits:
    """Between which values the maps of one mode, or of several together, are coloured.

    `query` and `key` are (P30, P95) for the overlay; `query_reach` and `key_reach` the 98th
    percentile of |value| for the single maps, which run from -reach to reach.
    """

    query: tuple[float, float]
    key: tuple[float, float]
    query_reach: float
    key_reach: float


@dataclass(frozen=True, eq=False)
class HeadPattern:
    """The attention of the chosen token in one head, a pixel a patch; `bar` says what it shows."""

    head: int
    picture: Picture
    bar: Bar


@dataclass(frozen=True, slots=True)
class Outline:
    """The rectangle of a chosen patch on the picture shown, and what it is chosen as."""

    box: Box
    side: Side


def shown_picture(image: ShownImage, style: MapStyle) -> Picture:
    """(rows, columns, 3) the original, enlarged where it is small, or what the model saw."""
    if style.seen and image.prepared is not None:
        return image.prepared.seen
    return image.picture


def shown_grid(grid: TokenGrid, image: ShownImage, style: MapStyle) -> TokenGrid:
    """Where the patches lie on `shown_picture`."""
    if style.seen and image.prepared is not None:
        shape = grid.placement.input_shape
        return replace(grid, placement=Placement(shape, shape, Box(0.0, 0.0, *map(float, shape))))
    return replace(grid, placement=grid.placement.enlarged(image.enlargement))


def mode_title(scene: ModeScene) -> str:
    """Address, sigma with its share of energy, and cosine: ``... (18 % energy) · cos = 0.31``."""
    sigma = float(scene.modes.sigma[scene.head, scene.mode])
    energy = float(scene.modes.energy(scene.head)[scene.mode])
    cosine = float(scene.modes.cosine[scene.head, scene.mode])
    share = f"({100 * energy:.0f} % energy)"
    words = f"cos = {signed(cosine)}" if sigma > 0 else "no cosine: the head is zero here"
    return f"{scene.address} · {SIGMA} = {number(sigma)} {share} · {words}"


def sign_of(scene: ModeScene, style: MapStyle) -> int:
    """+1 where (u, v) is drawn as it is stored, -1 where (-u, -v) is; methods C1, or the user's."""
    query, key = _stored(scene)
    chosen = orientation(query, key)
    return -chosen if style.flipped else chosen


def oriented_maps(scene: ModeScene, style: MapStyle) -> tuple[SmallArray, SmallArray]:
    """Query and key map, (rows, columns) each, in the sign that is drawn.

    Raises
    ------
    BadRequest
        When the scene has no maps yet.
    """
    query, key = _stored(scene)
    sign = np.float32(sign_of(scene, style))
    return sign * query, sign * key


def mode_limits(scenes: Sequence[ModeScene], style: MapStyle) -> ModeLimits:
    """Limits of one scene, or limits that several share; from the maps in the sign drawn."""
    maps = [oriented_maps(scene, style) for scene in scenes]
    queries, keys = [query for query, _ in maps], [key for _, key in maps]
    return ModeLimits(percentiles(queries), percentiles(keys), _reach(queries), _reach(keys))


def limits_for(scenes: Sequence[ModeScene], style: MapStyle) -> tuple[ModeLimits, ...]:
    """The limits of each of the scenes that are looked at together: shared, or each its own."""
    if style.limits == "shared":
        return (mode_limits(scenes, style),) * len(scenes)
    return tuple(mode_limits([scene], style) for scene in scenes)


def shared_limits(scenes: Sequence[ModeScene], style: MapStyle) -> ModeLimits | None:
    """What `mode_picture` takes as `limits` for these scenes: None where each has its own."""
    return mode_limits(scenes, style) if style.limits == "shared" else None


def mode_picture(scene: ModeScene, style: MapStyle, limits: ModeLimits | None = None) -> Drawn:
    """The two-colour overlay of a mode on its image.

    Raises
    ------
    BadRequest
        When the scene has no maps yet.
    """
    image, grid = _image_of(scene), _grid_of(scene, style)
    query, key = oriented_maps(scene, style)
    limits = limits or mode_limits([scene], style)
    picture = compose_overlay(
        shown_picture(image, style),
        grid,
        unit_map(query, limits.query),
        unit_map(key, limits.key),
        style,
    )
    bars = (
        _light_bar(scene, style, "query", limits.query),
        _light_bar(scene, style, "key", limits.key),
    )
    return Drawn("Overlay", picture, grid, bars)


def side_picture(
    scene: ModeScene, side: Side, style: MapStyle, limits: ModeLimits | None = None
) -> Drawn:
    """The query map or the key map alone, signed, in colours centred on 0.

    Raises
    ------
    BadRequest
        When the scene has no maps yet.
    """
    image, grid = _image_of(scene), _grid_of(scene, style)
    values = oriented_maps(scene, style)[_PLACE[side]]
    limits = limits or mode_limits([scene], style)
    reach = limits.query_reach if side == "query" else limits.key_reach
    span = Limits(-reach, reach, 0.0)
    base = shown_picture(image, style)
    picture = compose_map(grid, values, span, style=style, base=base)
    bar = _signed_bar(_map_name(scene, side), span, values)
    return Drawn(_word(scene, side).capitalize() + " map", picture, grid, (bar,))


def pattern_limits(scenes: Sequence[AttentionScene], style: MapStyle) -> Limits:
    """From 0 to the largest attention of the chosen head; of all heads where limits are shared."""
    shared = style.limits == "shared"
    patterns = [s.attention.pattern if shared else s.attention.pattern[s.head] for s in scenes]
    return _from_zero(max(_highest(pattern) for pattern in patterns))


def attention_picture(
    scene: AttentionScene, style: MapStyle, limits: Limits | None = None
) -> Drawn:
    """The chosen token's pattern in the chosen head as light, in the colour of keys, on the image.

    A patch that gets the highest attention of `limits` shines fully, one that gets none not at all.
    """
    limits = limits or pattern_limits([scene], style)
    grid = shown_grid(scene.attention.grid, scene.image, style)
    share = unit_map(scene.attention.pattern[scene.head], (limits.low, limits.high))
    nothing = np.zeros_like(share)
    picture = compose_overlay(shown_picture(scene.image, style), grid, nothing, share, style)
    bar = _plain_bar("attention", limits, light_ramp(style.pair, 1, style))
    return Drawn(f"Head {scene.head}", picture, grid, (bar,))


def pattern_picture(scene: AttentionScene, style: MapStyle, limits: Limits | None = None) -> Drawn:
    """The same pattern alone, from 0 in sequential colours, over the pixels of the image."""
    limits = limits or pattern_limits([scene], style)
    grid = shown_grid(scene.attention.grid, scene.image, style)
    base = shown_picture(scene.image, style)
    values = scene.attention.pattern[scene.head]
    picture = compose_map(grid, values, limits, style=style, base=base)
    return Drawn(f"Head {scene.head}", picture, grid, (_plain_bar("attention", limits, VIRIDIS),))


def head_patterns(scene: AttentionScene, style: MapStyle) -> tuple[HeadPattern, ...]:
    """A thumbnail of every head; limits of each its own, or shared by all heads."""
    found = []
    patterns = scene.attention.pattern
    together = _from_zero(_highest(patterns))
    for head, values in enumerate(patterns):
        own = _from_zero(_highest(values))
        limits = together if style.limits == "shared" else own
        bar = _plain_bar("attention", limits, VIRIDIS)
        found.append(HeadPattern(head, colours_of(values, limits), bar))
    return tuple(found)


def token_outlines(scene: AttentionScene, style: MapStyle) -> tuple[Outline, ...]:
    """The chosen query patch and key patch; prefix tokens lie nowhere on the picture."""
    grid = shown_grid(scene.attention.grid, scene.image, style)
    chosen: list[tuple[Side, int]] = [("query", scene.attention.token)]
    if scene.pair is not None:
        chosen.append(("key", scene.pair.key))
    places = ((side, grid.place(token)) for side, token in chosen)
    return tuple(Outline(grid.box(*place), side) for side, place in places if place is not None)


def attention_title(scene: AttentionScene) -> str:
    """``S0 B7 H2 · attention of row 5, column 7``."""
    address = scene.attention.address.of_block.with_head(scene.head)
    return f"{address} · attention of {scene.attention.grid.name(scene.attention.token)}"


def number(value: float) -> str:
    """Three significant digits with a true minus sign."""
    return f"{value:.3g}".replace("-", "−")


def signed(value: float) -> str:
    """Two decimals with a true minus sign."""
    return f"{value:.2f}".replace("-", "−")


def _stored(scene: ModeScene) -> tuple[SmallArray, SmallArray]:
    query, key = scene.query, scene.key
    if query is None or key is None:
        raise BadRequest(
            f"There are no maps of {scene.address} yet.",
            advice="Open an image, and wait until the model has been run on it.",
        )
    return query, key


def _image_of(scene: ModeScene) -> ShownImage:
    if scene.image is None:
        raise BadRequest("No image is open.", advice="Drop an image on the window.")
    return scene.image


def _grid_of(scene: ModeScene, style: MapStyle) -> TokenGrid:
    _stored(scene)
    assert scene.maps is not None
    return shown_grid(scene.maps.grid, _image_of(scene), style)


def _reach(maps: Sequence[Map]) -> float:
    """98th percentile of |value| over all maps; 1 where that is 0."""
    values = np.concatenate([np.abs(values[np.isfinite(values)]) for values in maps])
    reach = percentiles_of(values, (REACH_PERCENTILE,))[0] if values.size else 0.0
    return reach if reach > 0 else 1.0


def _highest(values: Map) -> float:
    """Of the numbers that are; 0 where none is."""
    return max(0.0, float(np.fmax.reduce(values, axis=None)))


def _from_zero(high: float) -> Limits:
    return Limits(0.0, high if np.isfinite(high) and high > 0 else 1.0)


def _word(scene: ModeScene, side: Side) -> str:
    assert scene.maps is not None
    product = scene.maps.options.product
    return product.left if side == "query" else product.right


def _map_name(scene: ModeScene, side: Side) -> str:
    assert scene.maps is not None
    formula = "x · u" if side == "query" else "x · v"
    if scene.maps.options.product.left == "written" and side == "query":
        formula = "output · u"
    return f"{_word(scene, side)} map {formula}"


def _light_bar(scene: ModeScene, style: MapStyle, side: Side, limits: tuple[float, float]) -> Bar:
    low, high = limits
    if not high > low:
        span = Limits(low, low + 1.0)
        return Bar(
            f"{_map_name(scene, side)} (constant)",
            span,
            light_ramp(style.pair, _PLACE[side], style),
            number(low),
            "—",
        )
    span = Limits(low, high)
    table = light_ramp(style.pair, _PLACE[side], style)
    return Bar(_map_name(scene, side), span, table, f"≤ {number(low)}", f"≥ {number(high)}")


def _signed_bar(name: str, limits: Limits, values: SmallArray) -> Bar:
    below = "≤ " if bool((values < limits.low).any()) else ""
    above = "≥ " if bool((values > limits.high).any()) else ""
    low, high = f"{below}{number(limits.low)}", f"{above}{number(limits.high)}"
    return Bar(name, limits, RED_BLUE, low, high)


def _plain_bar(name: str, limits: Limits, table: ByteArray) -> Bar:
    return Bar(name, limits, table, number(limits.low), number(limits.high))
