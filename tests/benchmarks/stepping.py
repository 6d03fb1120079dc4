"""How long it takes from a step of the user until it is drawn; shared by what is measured."""

import time
from collections.abc import Callable, Iterable

import numpy as np
from PySide6.QtWidgets import QApplication

from inspector.core.images import Slice, Spacing
from inspector.core.scene import ModeScene
from tests.synthetic import card
from tests.views.mode_scenes import block_maps, block_modes, shown_image

Step = Callable[[], object]


def drawn_ms(steps: Iterable[Step]) -> np.ndarray:
    """(steps,) milliseconds from the start of each step until all it changed has been painted."""
    QApplication.processEvents()
    found = []
    for step in steps:
        start = time.perf_counter()
        step()
        QApplication.processEvents()
        found.append(1000 * (time.perf_counter() - start))
    return np.array(found)


def large_scene(*, side: int = 1024, heads: int = 12, modes: int = 64) -> ModeScene:
    """A mode on a picture of side x side, with tokens of 14 x 14 as a model of 224 has them."""
    values = np.random.default_rng(0).normal(0, 300, (side, side)).astype(np.float32)
    image = shown_image(Slice(values, "HU", spacing=Spacing(0.3, 0.3, "PixelSpacing")))
    found = block_modes(heads=heads, modes=modes, width=192)
    maps = block_maps(found, image, cell=(32 / 14, 48 / 14))
    return ModeScene(card("A"), "A", found, 0, 0, image, maps)
