"""Panels over all blocks in which the mouse and the arrow keys select a block or a head."""

from abc import abstractmethod
from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from inspector.core.address import Address
from inspector.render.maps import addresses
from inspector.views.block_axis import place_of
from inspector.views.depth_shown import DepthShown, model_of
from inspector.views.theme import LIGHT

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class DepthBlocks(QWidget):
    """A part of the depth view in which blocks and heads of all models are pointed at and selected.

    Signals
    -------
    selected(selection)
        The user clicked on a block, or on the dot of a head, or pressed an arrow key.
    hovered(str)
        The exact numbers under the mouse.
    """

    selected = Signal(object)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = DepthShown()
        self._theme = LIGHT

    @abstractmethod
    def text_at(self, block: int, head: int = -1) -> str:
        """The read-out of a block or head."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the selected block with the left and right arrow keys."""
        step, model = _STEPS.get(Qt.Key(event.key())), self._shown.model
        if step is None or model is None:
            event.ignore()
            return
        here = place_of(model, self._shown.address)
        there = 0 if here is None else min(max(here + step, 0), model.depth - 1)
        self._select(self._shown.current, addresses(model)[there])

    def _select(self, place: int, address: Address) -> None:
        chosen = replace(self._shown.selection, address=address)
        if place != self._shown.current:
            chosen = replace(chosen, model=model_of(self._shown.letters[place]))
        self.selected.emit(chosen)

    @Slot(int, int)
    def _on_pointed(self, block: int, head: int) -> None:
        self.hovered.emit(self.text_at(block, head))
