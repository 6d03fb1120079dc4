"""Pictures that are looked at together: one zoom, one cursor."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, Slot

from inspector.views.camera import Camera
from inspector.views.picture_view import PictureView


class PictureLink(QObject):
    """Keeps the zoom of several pictures equal and shows the mouse of one in all others."""

    def __init__(self, views: Iterable[PictureView], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._views = tuple(views)
        for view in self._views:
            view.camera_moved.connect(self._on_camera_moved)
            view.hovered.connect(self._on_hovered)
            view.left.connect(self._on_left)

    @Slot(object)
    def _on_camera_moved(self, camera: Camera) -> None:
        for view in self._others():
            view.show_camera(camera)

    @Slot(float, float)
    def _on_hovered(self, row: float, column: float) -> None:
        for view in self._others():
            view.show_crosshair((row, column))

    @Slot()
    def _on_left(self) -> None:
        for view in self._others():
            view.show_crosshair(None)

    def _others(self) -> list[PictureView]:
        return [view for view in self._views if view is not self.sender()]
