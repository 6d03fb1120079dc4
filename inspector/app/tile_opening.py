"""A click on a tile of a gallery opens the image with the mode of its row."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Slot

from inspector.app.gallery_tiles import GalleryTiles, HeadFound
from inspector.app.main_window import MainWindow
from inspector.app.opening import Opening
from inspector.app.tiling import FoundImage
from inspector.session import Session


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    head: HeadFound
    mode: int
    sign: str
    image: FoundImage | None = None


class TileOpening(QObject):
    """Finds the file of an image in the lane and opens it, unless it is open already."""

    def __init__(
        self,
        session: Session,
        tiles: GalleryTiles,
        opening: Opening,
        window: MainWindow,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._tiles = tiles
        self._opening = opening
        self._window = window
        self._wanted: _Wanted | None = None
        tiles.image_found.connect(self._on_image_found)
        opening.images_opened.connect(self._on_images_opened)
        opening.finished.connect(self._on_opening_finished)

    def open(self, head: HeadFound, image: str, mode: int, sign: str) -> None:
        """Look at an image, by its name in the folder that was scanned."""
        self._wanted = _Wanted(head, mode, sign)
        self._tiles.find(head, image)

    @Slot(object)
    def _on_image_found(self, image: FoundImage) -> None:
        if self._wanted is None:
            return
        self._wanted = replace(self._wanted, image=image)
        for place, entry in enumerate(self._session.images):
            if entry.source.path == image.path:
                self._session.choose_image(place)
                self._look_at(self._wanted, image)
                return
        self._opening.open_paths([image.path])

    @Slot()
    def _on_images_opened(self) -> None:
        wanted, shown = self._wanted, self._session.image
        image = None if wanted is None else wanted.image
        if wanted is None or image is None or shown is None:
            return
        if shown.source.path == image.path:
            self._look_at(wanted, image)

    @Slot()
    def _on_opening_finished(self) -> None:
        if not self._opening.is_busy and self._wanted is not None and self._wanted.image:
            self._wanted = None

    def _look_at(self, wanted: _Wanted, image: FoundImage) -> None:
        """Show the mode of the row on the image, with its sign."""
        self._wanted = None
        session, view = self._session, self._session.image_view
        if view is not None:
            session.set_image_view(replace(view, at=image.at))
        chosen = replace(session.selection, address=wanted.head.address, mode=wanted.mode)
        session.select(chosen)
        session.set_style(replace(session.style, flipped=wanted.sign == "-"))
        self._window.show_tab("modes")
