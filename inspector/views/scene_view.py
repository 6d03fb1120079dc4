"""What the views of one head on one image have in common: steps, pointing, what is not exact."""

from abc import abstractmethod
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from inspector.core.address import Address
from inspector.core.selection import Selection
from inspector.views.banner import Banner
from inspector.views.pointing_view import PointingView

_MODE_STEPS = {Qt.Key.Key_Comma: -1, Qt.Key.Key_Period: 1}
_HEAD_STEPS = {Qt.Key.Key_BracketLeft: -1, Qt.Key.Key_BracketRight: 1}
_BLOCK_STEPS = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}


@dataclass(frozen=True, slots=True)
class Steppable:
    """The block that is shown, and how many heads it has and modes a head; 0 where not known."""

    block: Address
    heads: int
    modes: int
    exact: str = ""


class SceneView(PointingView):
    """Steps through modes, heads, blocks and models; setters never emit.

    Signals
    -------
    selection_changed(selection)
        What is looked at was changed here.
    window_dragged(window), window_chosen(window)
        The right button changes the window of the image, and was let go.
    slice_stepped(by), block_stepped(by)
        So many slices, or blocks, further on.
    """

    selection_changed = Signal(object)
    window_dragged = Signal(object)
    window_chosen = Signal(object)
    slice_stepped = Signal(int)
    block_stepped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self.exact = Banner()
        self.exact.closed.connect(self._on_exact_closed)
        self._put_away: set[str] = set()

    @property
    @abstractmethod
    def _steppable(self) -> Steppable | None:
        """What is shown; None where nothing is."""

    @property
    @abstractmethod
    def _has_other(self) -> bool:
        """Whether there is another model to turn to."""

    @abstractmethod
    def _restyle(self) -> None:
        """Follow a change between light and dark, or of the font."""

    def step_mode(self, by: int) -> None:
        """Select the mode so many further on; the ends hold."""
        shown = self._steppable
        if shown is not None and shown.modes:
            last = shown.modes - 1
            self._choose_mode(min(max(min(self._selection.mode, last) + by, 0), last))

    def step_head(self, by: int) -> None:
        """Select the head so many further on; the ends hold."""
        shown = self._steppable
        if shown is not None:
            here = (self._selection.address or shown.block).head or 0
            self._choose_head(min(max(here + by, 0), shown.heads - 1))

    def step_model(self) -> None:
        """Select the other one of A and B, where it is open."""
        if self._has_other:
            self._select(replace(self._selection, model=1 - min(self._selection.model, 1)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step through modes, heads, blocks and models."""
        key = Qt.Key(event.key())
        if key in _MODE_STEPS:
            self.step_mode(_MODE_STEPS[key])
        elif key in _HEAD_STEPS:
            self.step_head(_HEAD_STEPS[key])
        elif key in _BLOCK_STEPS:
            self.block_stepped.emit(_BLOCK_STEPS[key])
        elif key is Qt.Key.Key_Space and self._has_other:
            self.step_model()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change between light and dark, or of the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._restyle()

    def _select(self, selection: Selection) -> None:
        self._selection = selection
        self.selection_changed.emit(selection)

    @Slot(int)
    def _choose_mode(self, mode: int) -> None:
        if mode != self._selection.mode:
            self._select(replace(self._selection, mode=mode))

    @Slot(int)
    def _choose_head(self, head: int) -> None:
        shown = self._steppable
        if shown is None:
            return
        here = self._selection.address or shown.block
        if head != here.head:
            self._select(replace(self._selection, address=here.with_head(head)))

    def _say_exact(self) -> None:
        """Say why the modes are not the whole score, unless that was put away."""
        shown = self._steppable
        sentence = "" if shown is None else shown.exact
        if not sentence or sentence in self._put_away:
            self.exact.hide_message()
        elif self.exact.text != sentence:
            self.exact.show_message(sentence, level="note")

    @Slot()
    def _on_exact_closed(self) -> None:
        shown = self._steppable
        if shown is not None:
            self._put_away.add(shown.exact)
