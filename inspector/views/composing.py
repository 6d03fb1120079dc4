"""Composed pictures of modes: the last ones are kept, and the next ones are made while it is quiet.

A picture is composed of things that never change, so that the same things give the same bytes: a
mode that is turned back to, and A after B, need not be composed again.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace

from inspector.core.kept import Kept
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.modes import BlockMaps
from inspector.core.scene import ModeScene, ShownImage
from inspector.render.scenes import Drawn, ModeLimits, Side, mode_picture, side_picture

Part = Side | None
"""A map alone; None for the overlay of both."""
PARTS: tuple[Part, ...] = (None, "query", "key")
KEPT_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class PictureKey:
    """All that the bytes of a picture, its bars and its title depend on.

    The results themselves are part of it; they are equal only where they are the same.
    """

    part: Part
    maps: BlockMaps
    head: int
    mode: int
    image: ShownImage
    style: MapStyle
    limits: Hashable


@dataclass(frozen=True, eq=False, slots=True)
class _Composed:
    drawn: Drawn
    nbytes: int


class Composing:
    """Gives pictures of scenes that have an image and maps."""

    def __init__(self) -> None:
        self._kept: Kept[PictureKey, _Composed] = Kept(KEPT_BYTES)

    def drawn(
        self, key: PictureKey, scene: ModeScene, style: MapStyle, limits: ModeLimits
    ) -> Drawn:
        """The picture of a key, which `key_of` made of the same scene, style and limits."""
        found = self._kept.get(key)
        if found is None:
            if key.part is None:
                drawn = mode_picture(scene, style, limits)
            else:
                drawn = side_picture(scene, key.part, style, limits)
            rows, columns = drawn.picture.shape[:2]
            found = _Composed(drawn, 4 * rows * columns)
            self._kept.put(key, found)
        return found.drawn

    def __contains__(self, key: PictureKey) -> bool:
        """Whether it need not be composed."""
        return key in self._kept

    def keep_only(self, *images: ShownImage | None) -> None:
        """Let go of pictures of other images: they may be closed."""
        self._kept.drop(lambda key: not any(key.image is image for image in images))


def key_of(part: Part, scene: ModeScene, style: MapStyle, limits: ModeLimits) -> PictureKey:
    """What a picture of a scene that has an image and maps is kept under."""
    assert scene.image is not None
    assert scene.maps is not None
    used: Hashable = (limits.query, limits.key)
    # the limits are known by their numbers, and the grid is drawn by the view
    style = replace(style, limits="own", grid=False)
    if part is not None:
        used = limits.query_reach if part == "query" else limits.key_reach
        style = replace(style, opacity=0.0, pair=ColourPair.RED_CYAN)
    return PictureKey(part, scene.maps, scene.head, scene.mode, scene.image, style, used)
