"""Composed pictures of modes and of attention: the last ones are kept.

A picture is composed of things that never change, so that the same things give the same bytes: a
mode or a head that is turned back to, and A after B, need not be composed again.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Generic, Literal, Protocol, TypeVar

from inspector.core.attention import TokenAttention
from inspector.core.kept import Kept
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.modes import BlockMaps
from inspector.core.scene import AttentionScene, ModeScene, ShownImage
from inspector.render.limits import Limits
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


@dataclass(frozen=True, slots=True)
class AttentionKey:
    """The same for the attention of a token in a head."""

    part: Literal["overlay", "pattern"]
    attention: TokenAttention
    head: int
    image: ShownImage
    style: MapStyle
    limits: Limits


class OfImage(Protocol):
    """A key of what is composed on an image."""

    @property
    def image(self) -> ShownImage:
        """On which."""
        ...

    def __hash__(self) -> int:
        """Of all that counts."""
        ...


K = TypeVar("K", bound=OfImage)


@dataclass(frozen=True, eq=False, slots=True)
class _Composed:
    drawn: Drawn
    nbytes: int


class Composing(Generic[K]):
    """Pictures of scenes under keys that hold all they are made of."""

    def __init__(self) -> None:
        self._kept: Kept[K, _Composed] = Kept(KEPT_BYTES)

    def drawn(self, key: K, compose: Callable[[], Drawn]) -> Drawn:
        """The picture of a key, composed where it is not kept."""
        found = self._kept.get(key)
        if found is None:
            drawn = compose()
            rows, columns = drawn.picture.shape[:2]
            found = _Composed(drawn, 4 * rows * columns)
            self._kept.put(key, found)
        return found.drawn

    def __contains__(self, key: K) -> bool:
        """Whether it need not be composed."""
        return key in self._kept

    def keep_only(self, *images: ShownImage | None) -> None:
        """Let go of pictures of other images: they may be closed."""
        self._kept.drop(lambda key: not any(key.image is image for image in images))


def compose_part(part: Part, scene: ModeScene, style: MapStyle, limits: ModeLimits) -> Drawn:
    """What `key_of` of the same scene, style and limits stands for."""
    if part is None:
        return mode_picture(scene, style, limits)
    return side_picture(scene, part, style, limits)


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


def attention_key_of(
    part: Literal["overlay", "pattern"], scene: AttentionScene, style: MapStyle, limits: Limits
) -> AttentionKey:
    """What the attention of a head is kept under."""
    style = replace(style, limits="own", grid=False)
    if part == "pattern":
        style = replace(style, opacity=0.0, pair=ColourPair.RED_CYAN)
    return AttentionKey(part, scene.attention, scene.head, scene.image, style, limits)
