"""The colour pairs of an overlay as buttons: two lights on black, white where they overlap."""

import numpy as np
from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QWidget

from inspector.core.map_style import ColourPair
from inspector.render.overlay import LIGHTS
from inspector.views.switch import Switch

_WIDE, _HIGH, _RATIO = 44, 20, 3
_RADIUS, _APART = 7.0, 4.5


class PairSwitch(QWidget):
    """One click chooses a pair. Emits `chosen` with a `ColourPair`."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.switch = Switch(
            "Colours of the overlay", {str(pair): ("", pair.label) for pair in ColourPair}
        )
        for pair in ColourPair:
            button = self.switch.button(str(pair))
            button.setIcon(QIcon(_lights(pair)))
            button.setIconSize(QSize(_WIDE, _HIGH))
        self.switch.chosen.connect(self._on_chosen)
        self.setFocusProxy(self.switch.button(str(ColourPair.RED_CYAN)))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.switch)
        row.addStretch(1)

    def show_pair(self, pair: ColourPair) -> None:
        """Put the button of a pair down; emits nothing."""
        self.switch.show_choice(str(pair))

    @Slot(str)
    def _on_chosen(self, key: str) -> None:
        self.chosen.emit(ColourPair(key))


def _lights(pair: ColourPair) -> QPixmap:
    """Two discs of light, added where they overlap, as the overlay adds them."""
    rows, columns = np.mgrid[: _HIGH * _RATIO, : _WIDE * _RATIO] / _RATIO + 0.5 / _RATIO
    light = np.zeros((*rows.shape, 3))
    for colour, side in zip(LIGHTS[pair], (-1, 1), strict=True):
        away = np.hypot(rows - _HIGH / 2, columns - _WIDE / 2 - side * _APART)
        light += np.clip((_RADIUS - away) * _RATIO + 0.5, 0, 1)[..., None] * np.array(colour)
    levels = np.ascontiguousarray(np.rint(255 * np.clip(light, 0, 1)).astype(np.uint8))
    high, wide = rows.shape
    image = QImage(levels.data, wide, high, 3 * wide, QImage.Format.Format_RGB888)
    drawn = QPixmap.fromImage(image)
    drawn.setDevicePixelRatio(_RATIO)
    return drawn
