"""What a figure of the tab that is looked at is drawn from, frozen when it is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from inspector.app.exporting import Exporting, checkpoint_file
from inspector.app.galleries import Galleries
from inspector.app.inspecting import Inspecting
from inspector.app.main_window import MainWindow
from inspector.app.scanning import Scans
from inspector.app.scenes import Scenes
from inspector.core.measuring import MASK_MEASURES, MaskFolders
from inspector.core.scene import ModeScene, ShownImage
from inspector.render.scenes import pattern_limits
from inspector.session import OpenImage, OpenModel, Session

if TYPE_CHECKING:
    from inspector.export.content import FigureContent
    from inspector.export.sources import ImageFile


class Content:
    """Gives `Exporting` the content of the current tab."""

    def __init__(
        self,
        session: Session,
        exporting: Exporting,
        inspecting: Inspecting,
        scenes: Scenes,
        galleries: Galleries,
        scans: Scans,
        window: MainWindow,
        *,
        device: Callable[[], str],
    ) -> None:
        self._session = session
        self._exporting = exporting
        self._inspecting = inspecting
        self._scenes = scenes
        self._galleries = galleries
        self._scans = scans
        self._window = window
        self._device = device

    def is_there(self) -> bool:
        """Whether there is one; quick, because it is asked at every step."""
        session, tab = self._session, self._window.tab
        if tab == "compare":
            series = session.series
            return series is not None and any(c.blocks for c in series.comparisons)
        if tab == "gallery":
            return self._window.gallery.scene is not None
        if tab == "depth":
            return any(self._inspecting.splitting.modes_of(entry) for entry in session.models)
        return self._scenes.grid is not None

    def now(self) -> "FigureContent | None":
        """Of the tab that is looked at; None while it shows nothing that could be a figure."""
        content = {
            "compare": lambda: self._exporting.comparison,
            "modes": self._modes,
            "attention": self._attention,
            "depth": self._depth,
            "gallery": self._gallery,
        }[self._window.tab]
        return content()

    def _modes(self) -> "FigureContent | None":
        from inspector.export.modes_content import ModesContent

        session = self._session
        entry, image = session.chosen_model, session.image
        scene = self._scenes.mode(entry)
        if entry is None or image is None or scene is None or scene.maps is None:
            return None
        pair = [(entry, scene)]
        other = self._scenes.other
        beside = self._scenes.mode(other)
        if other is not None and beside is not None and beside.maps is not None:
            pair.append((other, beside))
        strip = [(one, found) for one in session.images if (found := self._on(entry, one))]
        return ModesContent(
            tuple(one for _, one in pair),
            session.style,
            tuple(found for _, found in strip) if len(strip) > 1 else (),
            tuple(checkpoint_file(one) for one, _ in pair),
            _file_of(image, scene.image),
            tuple(_file_of(one, found.image) for one, found in strip) if len(strip) > 1 else (),
            self._device(),
        )

    def _on(self, entry: OpenModel, image: OpenImage) -> ModeScene | None:
        """The selected mode on one of the open images; None until the model has been run on it."""
        scene = self._scenes.mode_on(entry, image)
        return None if scene is None or scene.maps is None else scene

    def _attention(self) -> "FigureContent | None":
        from inspector.export.attention_content import AttentionContent

        session = self._session
        entry, image = session.chosen_model, session.image
        scene = self._scenes.attention(entry)
        if entry is None or image is None or scene is None:
            return None
        beside = self._scenes.attention(self._scenes.other, with_pair=False)
        shared = session.style.limits == "shared"
        return AttentionContent(
            scene,
            session.style,
            checkpoint_file(entry),
            _file_of(image, scene.image),
            self._device(),
            pattern_limits([scene, beside], session.style) if shared and beside else None,
        )

    def _gallery(self) -> "FigureContent | None":
        from inspector.export.gallery_content import GalleryContent

        scene, entry = self._galleries.figure_scene(), self._session.chosen_model
        if scene is None or entry is None:
            return None
        shown = self._window.gallery.shown
        return GalleryContent(
            scene,
            self._session.style,
            shown.signs,
            shown.columns,
            checkpoint_file(entry),
            device=self._device(),
        )

    def _depth(self) -> "FigureContent | None":
        from inspector.export.depth_content import DepthContent

        scene = self._scenes.depth()
        if scene is None:
            return None
        entries = [self._session.models[place] for place in self._scenes.depth_places()]
        chosen = self._session.chosen_model
        found = (self._scans.measured(entry, "anisotropy") for entry in entries)
        measured = next((one for one in found if one is not None), None)
        return DepthContent(
            scene,
            next((n for n, entry in enumerate(entries) if entry is chosen), 0),
            tuple(checkpoint_file(entry) for entry in entries),
            None if measured is None else measured.wanted.folder,
            () if measured is None else measured.found.files,
            self._masks(entries),
            self._window.over_depth.without_query,
            self._device(),
        )

    def _masks(self, entries: Sequence[OpenModel]) -> tuple[MaskFolders, ...]:
        """With which folders the curves over depth were measured, each once."""
        found = [
            scanned.wanted.request
            for measure in MASK_MEASURES
            for entry in entries
            if (scanned := self._scans.measured(entry, measure)) is not None
        ]
        return tuple(dict.fromkeys(one for one in found if isinstance(one, MaskFolders)))


def _file_of(entry: OpenImage, image: ShownImage | None) -> "ImageFile":
    """Where a picture was read from, as it was given."""
    from inspector.export.sources import ImageFile

    source = entry.source
    if image is None:
        return ImageFile(source.path, source.place, files=entry.image.files)
    found = ImageFile.of(image, place=source.place, files=entry.image.files)
    return replace(found, path=source.path)
