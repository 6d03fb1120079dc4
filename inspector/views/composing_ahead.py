"""Composes what one more step of the same kind would show, while nothing else is to be done."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, QTimer, Slot

from inspector.core.map_style import MapStyle
from inspector.core.scene import ModeScene
from inspector.render.scenes import limits_for
from inspector.views.composing import PARTS, Composing, PictureKey, compose_part, key_of

PAUSE_MS = 2
"""Before each picture, for what waits in the event loop and for the screen."""
MOST_PIXELS = 2**21
"""Of an image whose pictures are composed ahead: a larger one takes so long that a key waits."""


class ComposingAhead(QObject):
    """One picture after the other with a pause, so that a key never waits for more than one."""

    def __init__(self, composing: Composing[PictureKey], parent: QObject) -> None:
        super().__init__(parent)
        self._composing = composing
        self._scenes: Sequence[ModeScene] = ()
        self._style = MapStyle()
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(PAUSE_MS)
        self._turn.timeout.connect(self._on_turn_come)

    def expect(self, scenes: Sequence[ModeScene], style: MapStyle) -> None:
        """Say what may be shown next: the first of the scenes, which share limits if `style` does.

        It takes the place of what was expected before, and waits for `begin`.
        """
        self._scenes, self._style = scenes, style
        self._turn.stop()

    @Slot()
    def begin(self) -> None:
        """Compose what is expected, because what is shown is on the screen."""
        if self._scenes:
            self._turn.start()

    @Slot()
    def _on_turn_come(self) -> None:
        scene, style = self._scenes[0], self._style
        limits = limits_for(self._scenes, style)[0]
        keys = (key_of(part, scene, style, limits) for part in PARTS)
        key = next((key for key in keys if key not in self._composing), None)
        if key is None:
            self._scenes = ()
            return
        self._composing.drawn(key, partial(compose_part, key.part, scene, style, limits))
        self._turn.start()


def one_step_further(before: ModeScene | None, now: ModeScene) -> ModeScene | None:
    """Where the step from one scene to another would lead from there.

    None where they are not of one block on one image, where the step leads out of it, and where
    the image is large.
    """
    if before is None or before.maps is not now.maps or before.image is not now.image:
        return None
    if now.image is None or now.maps is None or now.image.picture.size > 3 * MOST_PIXELS:
        return None
    head, mode = 2 * now.head - before.head, 2 * now.mode - before.mode
    inside = 0 <= head < now.modes.num_heads and 0 <= mode < now.modes.num_modes
    return replace(now, head=head, mode=mode) if inside and (head, mode) != _place(now) else None


def _place(scene: ModeScene) -> tuple[int, int]:
    return scene.head, scene.mode
