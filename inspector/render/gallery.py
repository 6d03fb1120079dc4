"""What the tiles of a gallery are drawn as; the window and the figures both ask here."""

from collections.abc import Sequence

from inspector.core.gallery import GalleryRow, GalleryScene, GalleryTile
from inspector.core.images import Picture
from inspector.core.map_style import MapStyle
from inspector.core.optimal import Sign
from inspector.render.overlay import compose_overlay, percentiles, unit_map
from inspector.render.scenes import SIGMA, Outline, number, signed

TileLimits = tuple[tuple[float, float], tuple[float, float]]
"""(P30, P95) of the query map, then of the key map."""

SIGN_WORDS: dict[Sign, str] = {"+": "both maps large", "-": "both maps small"}
SIGN_MARKS: dict[Sign, str] = {"+": "+", "-": "−"}


def tile_limits(tiles: Sequence[GalleryTile]) -> TileLimits:
    """Between which values the maps of one tile, or of several together, are drawn."""
    return (percentiles([t.query for t in tiles]), percentiles([t.key for t in tiles]))


def limits_in_row(row: GalleryRow, style: MapStyle) -> TileLimits | None:
    """What `tile_pictures` takes for the tiles of a row: None where each has its own limits."""
    tiles = [tile for tile in row.tiles if tile is not None]
    return tile_limits(tiles) if style.limits == "shared" and tiles else None


def tile_pictures(
    tile: GalleryTile, style: MapStyle, limits: TileLimits | None = None
) -> tuple[Picture, Picture]:
    """The picture as it is, and in two colours where query map and key map are high.

    The maps are drawn in the sign of their row, whatever `MapStyle.flipped` says.

    Parameters
    ----------
    limits
        The tile's own where none are given.
    """
    query, key = limits or tile_limits([tile])
    overlay = compose_overlay(
        tile.picture, tile.grid, unit_map(tile.query, query), unit_map(tile.key, key), style
    )
    return tile.picture, overlay


def tile_outlines(tile: GalleryTile) -> tuple[Outline, Outline]:
    """The winning query patch and the winning key patch, on the tile's picture."""
    winner, grid = tile.winner, tile.grid
    return (Outline(grid.box(*winner.query), "query"), Outline(grid.box(*winner.key), "key"))


def row_words(scene: GalleryScene, row: GalleryRow) -> tuple[str, str, str]:
    """``M0``, ``cos = 0.31`` and ``σ = 12.3``."""
    head = scene.address.head or 0
    cosine, sigma = scene.modes.cosine[head, row.mode], scene.modes.sigma[head, row.mode]
    return (f"M{row.mode}", f"cos = {signed(float(cosine))}", f"{SIGMA} = {number(float(sigma))}")


def score_words(score: float) -> str:
    """Four significant digits: ``12.34``, ``0.001234``, ``1.234e+05``."""
    return f"{score:#.4g}".rstrip(".").replace("-", "−")
