"""The three pictures of one mode on one image: overlay, query map and key map."""

from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from inspector.core.map_style import MapStyle
from inspector.core.scene import ModeScene, ShownImage
from inspector.render.scenes import Drawn, ModeLimits, oriented_maps
from inspector.views.composing import PARTS, Composing, PictureKey, compose_part, key_of
from inspector.views.modes_words import constant_text
from inspector.views.picture_pane import PicturePane
from inspector.views.picture_view import PictureView

_LOWEST_ASPECT = 1.12
_GAP = 6


class MapPane(PicturePane):
    """A picture and the bars that belong to it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        picture = PictureView(name)
        super().__init__(picture, parent)
        self.picture = picture

    def show_drawn(
        self, drawn: Drawn, image: ShownImage, style: MapStyle, constants: tuple[str, ...]
    ) -> None:
        """Show a composed picture with its title and bars."""
        self.picture.show_image(image, drawn.picture, seen=style.seen)
        self.picture.show_title(drawn.title)
        self.bar.show_bars(drawn.bars, constants)

    def show_plain(self, image: ShownImage, style: MapStyle, title: str) -> None:
        """Show the image alone."""
        self._key = None
        self.picture.show_image(image, seen=style.seen)
        self.picture.show_title(title)
        self.bar.show_bars(())

    def show_nothing(self, sentence: str) -> None:
        """Show a sentence instead of a picture."""
        self._key = None
        self.picture.show_nothing(sentence)
        self.bar.show_bars(())


class ModePictures(QWidget):
    """Overlay and the two maps; the maps stand beside the overlay, or under it where it is narrow.

    Only what another scene or style changes is composed again.

    Signals
    -------
    pointed(row, column)
        The mouse is over a point of the original, in any of the three.
    left()
        It is over none of them.
    """

    pointed = Signal(float, float)
    left = Signal()

    def __init__(
        self,
        letter: str,
        composing: Composing[PictureKey] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._composing = composing or Composing[PictureKey]()
        self.overlay = MapPane(f"Overlay {letter}".strip())
        self.sides = {
            "query": MapPane(f"Query map {letter}".strip()),
            "key": MapPane(f"Key map {letter}".strip()),
        }
        for view in self.views:
            view.hovered.connect(self._on_hovered)
            view.left.connect(self._on_left)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        self._beside: bool | None = None
        self._sides_shown = True
        self._arrange(beside=True)

    @property
    def views(self) -> tuple[PictureView, ...]:
        """The three pictures."""
        return tuple(pane.picture for pane in self._panes)

    def show_scene(self, scene: ModeScene, style: MapStyle, limits: ModeLimits) -> None:
        """Show a scene that has its maps; emits nothing."""
        image, maps = scene.image, scene.maps
        if image is None or maps is None:
            return
        self._show_sides(True)
        query, key = (constant_text(values) for values in oriented_maps(scene, style))
        for pane, part, constants in zip(
            self._panes, PARTS, ((query, key), (query,), (key,)), strict=True
        ):
            pane.picture.show_grid(maps.grid, style.grid)
            wanted = key_of(part, scene, style, limits)
            if pane.is_new(wanted):
                compose = partial(compose_part, part, scene, style, limits)
                drawn = self._composing.drawn(wanted, compose)
                pane.show_drawn(drawn, image, style, constants)

    def show_image(self, image: ShownImage, style: MapStyle, sentence: str) -> None:
        """Show the image alone, and a sentence where its maps would be."""
        self._show_sides(True)
        self.overlay.show_plain(image, style, "Image")
        for view in self.views:
            view.show_grid(None, False)
        for pane in self.sides.values():
            pane.show_nothing(sentence)

    def show_nothing(self, sentence: str) -> None:
        """Show a sentence instead of the pictures."""
        self._show_sides(False)
        self.overlay.show_nothing(sentence)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the maps where there is room for them."""
        super().resizeEvent(event)
        self._arrange(beside=event.size().width() > _LOWEST_ASPECT * event.size().height())

    @property
    def _panes(self) -> tuple[MapPane, MapPane, MapPane]:
        return (self.overlay, self.sides["query"], self.sides["key"])

    def _show_sides(self, shown: bool) -> None:
        """Without its maps the overlay has all the room."""
        if shown is self._sides_shown:
            return
        self._sides_shown = shown
        for pane in self.sides.values():
            pane.setVisible(shown)
        self._share_room()

    def _share_room(self) -> None:
        rest = int(self._sides_shown)
        columns, rows = ((2, rest), (1, rest)) if self._beside else ((1, rest), (2, rest))
        for line in range(2):
            self._grid.setColumnStretch(line, columns[line])
            self._grid.setRowStretch(line, rows[line])

    def _arrange(self, *, beside: bool) -> None:
        if beside is self._beside:
            return
        self._beside = beside
        for pane in self._panes:
            self._grid.removeWidget(pane)
        overlay, query, key = self._panes
        if beside:
            self._grid.addWidget(overlay, 0, 0, 2, 1)
            self._grid.addWidget(query, 0, 1)
            self._grid.addWidget(key, 1, 1)
        else:
            self._grid.addWidget(overlay, 0, 0, 1, 2)
            self._grid.addWidget(query, 1, 0)
            self._grid.addWidget(key, 1, 1)
        self._share_room()

    @Slot(float, float)
    def _on_hovered(self, row: float, column: float) -> None:
        self.pointed.emit(row, column)

    @Slot()
    def _on_left(self) -> None:
        self.left.emit()
