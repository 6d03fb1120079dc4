"""The pictures of the tiles of a gallery, composed when they are wanted, and kept for a while."""

from dataclasses import dataclass

from inspector.core.gallery import GalleryTile
from inspector.core.images import Picture
from inspector.core.kept import Kept
from inspector.core.map_style import MapStyle
from inspector.render.gallery import TileLimits, tile_pictures

_ROOM = 256 * 2**20


@dataclass(frozen=True, slots=True)
class TileDrawing:
    """A tile, and how it is drawn; `limits` as `tile_pictures` takes them."""

    tile: GalleryTile
    style: MapStyle
    limits: TileLimits | None = None


@dataclass(frozen=True, eq=False, slots=True)
class TilePictures:
    """(rows, columns, 3) a picture as it is, and with the two maps as light."""

    plain: Picture
    overlay: Picture

    @property
    def nbytes(self) -> int:
        """Memory it holds, in bytes: an overlay lies in memory as screens have it."""
        pixels = self.overlay.shape[0] * self.overlay.shape[1]
        return int(self.plain.nbytes) + 4 * int(pixels)


class GalleryPictures:
    """Composes tiles; one that is drawn again in the same way is not composed again."""

    def __init__(self) -> None:
        self._kept = Kept[TileDrawing, TilePictures](_ROOM)

    def ready(self, drawn: TileDrawing) -> TilePictures | None:
        """The pictures where they have been composed already."""
        return self._kept.get(drawn)

    def compose(self, drawn: TileDrawing) -> TilePictures:
        """The pictures, composed now."""
        pictures = TilePictures(*tile_pictures(drawn.tile, drawn.style, drawn.limits))
        self._kept.put(drawn, pictures)
        return pictures
