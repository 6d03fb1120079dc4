"""The strip of open images: shows the session's, with thumbnails, and passes on what is chosen."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, Slot

from inspector.app.main_window import MainWindow
from inspector.app.scenes import Scenes
from inspector.core.images import Picture, Slice, SliceAddress
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.session import OpenImage, Session

_THUMBNAIL = "thumbnail"
_SIDE = 120


class Imaging(QObject):
    """Keeps the strip as the session is; thumbnails are made in the lane, one after the other."""

    def __init__(
        self, session: Session, lane: Lane, scenes: Scenes, window: MainWindow, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = lane
        self._scenes = scenes
        self._strip = window.strip
        self._shown: tuple[tuple[OpenImage, ...], int, SliceAddress, str] = (
            (), 0, SliceAddress(), ""
        )  # fmt: skip
        self._tried: dict[int, Picture | None] = {}
        self._asked: OpenImage | None = None
        session.images_changed.connect(self._on_images_changed)
        session.image_view_changed.connect(self.show_slice)
        window.strip.chosen.connect(session.choose_image)
        window.strip.closed.connect(session.remove_image)
        window.strip.slice_chosen.connect(self._on_slice_chosen)
        lane.result.connect(self._on_result)
        lane.failed.connect(self._on_failed)
        lane.ended.connect(self._on_ended)

    @Slot()
    def show_slice(self) -> None:
        """Show which image and which slice of it is looked at."""
        session, view = self._session, self._session.image_view
        if view is None:
            return
        image = self._scenes.image
        place = "" if image is None or image.at != view.at else image.slice.place
        shown = (session.images, session.position, view.at, place)
        if shown == self._shown:
            return
        if shown[:2] != self._shown[:2]:
            self._strip.show_images([entry.card for entry in session.images], session.position)
        self._shown = shown
        self._strip.show_slice(view.at, place)

    @Slot()
    def _on_images_changed(self) -> None:
        images = self._session.images
        here = {id(entry.image) for entry in images}
        self._tried = {key: made for key, made in self._tried.items() if key in here}
        position = self._session.position if images else None
        self._strip.show_images([entry.card for entry in images], position)
        for place, entry in enumerate(images):
            made = self._tried.get(id(entry.image))
            if made is not None:
                self._strip.show_thumbnail(place, made)
        self._ask_for_next()

    def _ask_for_next(self) -> None:
        missing = (one for one in self._session.images if id(one.image) not in self._tried)
        entry = next(missing, None)
        if entry is not None and not self._lane.has(_THUMBNAIL):
            image = entry.image

            def job(_: JobContext) -> Picture:
                return thumbnail_of(image.read(image.middle()))

            self._asked = entry
            self._lane.submit(_THUMBNAIL, job, label="", rank=1)

    def _keep(self, entry: OpenImage, made: Picture | None) -> None:
        places = [n for n, one in enumerate(self._session.images) if one.image is entry.image]
        for place in places:
            self._tried[id(entry.image)] = made
            if made is not None:
                self._strip.show_thumbnail(place, made)

    @Slot(object)
    def _on_slice_chosen(self, at: SliceAddress) -> None:
        view = self._session.image_view
        if view is not None:
            self._session.set_image_view(replace(view, at=at))

    @Slot(str, object)
    def _on_result(self, key: str, value: object) -> None:
        if key == _THUMBNAIL and self._asked is not None and isinstance(value, np.ndarray):
            self._keep(self._asked, value)

    @Slot(str, object)
    def _on_failed(self, key: str, _: object) -> None:
        """A slice that cannot be read is told where it is looked at; here it has no picture."""
        if key == _THUMBNAIL and self._asked is not None:
            self._keep(self._asked, None)

    @Slot(str)
    def _on_ended(self, key: str) -> None:
        if key == _THUMBNAIL:
            self._ask_for_next()


def thumbnail_of(picture: Slice) -> Picture:
    """A small picture in the physical shape of a slice, in its default window.

    (rows, columns, 3), the longer side of 120 pixels, each the one of the slice at its centre.
    """
    high, wide = picture.size_mm
    longer = max(high, wide)
    sides = [max(1, round(_SIDE * side / longer)) for side in (high, wide)]
    rows, columns = (
        ((np.arange(side) + 0.5) * count / side).astype(int)
        for side, count in zip(sides, picture.shape, strict=True)
    )
    shown: Picture = picture.shown()[rows][:, columns]
    return np.ascontiguousarray(shown)
