"""A picture with its colour bars under it."""

from collections.abc import Hashable

from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.views.map_bar import MapBar
from inspector.views.picture_view import PictureView


class PicturePane(QWidget):
    """Knows what it shows, so that the same thing is not drawn anew."""

    def __init__(self, picture: PictureView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = MapBar()
        self._key: Hashable = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(picture, 1)
        column.addWidget(self.bar)

    def is_new(self, key: Hashable) -> bool:
        """Whether what the key stands for is not on the screen yet; it is taken to be, from now.

        The key holds the results themselves, which are equal only where they are the same.
        """
        new = key != self._key
        self._key = key
        return new
