"""Measures with masks: asks where images and masks are, counts them in the lane, begins."""

from PySide6.QtCore import QObject, Slot

from inspector.app.main_window import MainWindow
from inspector.app.remembering import Remembering
from inspector.app.scanning import Scans
from inspector.app.scenes import Scenes
from inspector.core.errors import BadImage, InspectorError
from inspector.core.measuring import MaskFolders, MaskMeasure
from inspector.core.progress import Progress
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.session import Session
from inspector.views.measure_dialog import MeasureDialog

COUNT = "count masks"
_REPORT_EVERY = 200

Counted = tuple[MaskFolders, str, bool]
"""What was asked for, what is said of it, and whether any image can be measured."""


class Measuring(QObject):
    """Opens the dialog of a measure, and has it measured of A and of B."""

    def __init__(
        self,
        session: Session,
        scans: Scans,
        scenes: Scenes,
        remembering: Remembering,
        lane: Lane,
        window: MainWindow,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._scans = scans
        self._scenes = scenes
        self._remembering = remembering
        self._lane = lane
        self._window = window
        self._dialog: MeasureDialog | None = None
        self._asked: MaskFolders | None = None
        window.over_depth.measure_asked.connect(self.ask)
        lane.result.connect(self._on_result)
        lane.failed.connect(self._on_failed)

    @property
    def dialog(self) -> MeasureDialog | None:
        """The dialog while it is open."""
        return self._dialog

    @Slot(str)
    def ask(self, measure: MaskMeasure) -> None:
        """Open the dialog with what was asked for last, or with the folder of the gallery."""
        if self._dialog is not None or not self._session.models:
            return
        dialog = MeasureDialog(measure, self._window)
        last = self._last(measure)
        if last is not None:
            dialog.show_folders(last)
        elif self._session.scan is not None:
            dialog.show_images(self._session.scan.folder)
        dialog.count_asked.connect(self._on_count_asked)
        dialog.measure_asked.connect(self.measure)
        dialog.finished.connect(self._on_dialog_finished)
        self._dialog = dialog
        dialog.open()

    @Slot(object)
    def measure(self, folders: MaskFolders) -> None:
        """Of A, then of the selected compared model; what comes is shown over depth."""
        self._session.choose_masks(folders)
        for entry in self._scenes.pair:
            if entry is not None:
                self._scans.measure(entry, folders)
        self._remembering.save_session(self._session.saved)
        self._window.over_depth.show_measure(folders.measure)
        self._window.show_tab("depth")

    def _last(self, measure: MaskMeasure) -> MaskFolders | None:
        """In this session, or in the one before."""
        known = self._session.masks.get(measure)
        saved = None if known is not None else self._remembering.last_session()
        if saved is None:
            return known
        return next((folders for folders in saved.masks if folders.measure == measure), None)

    @Slot(object)
    def _on_count_asked(self, folders: MaskFolders) -> None:
        self._asked = folders

        def job(context: JobContext) -> Counted:
            return count(folders, context.progress)

        self._lane.submit(COUNT, job, label="Counting masks")

    @Slot(str, object)
    def _on_result(self, key: str, value: object) -> None:
        if key == COUNT and self._dialog is not None and isinstance(value, tuple):
            folders, text, any_match = value
            self._dialog.show_count(folders, text, any_match=any_match)

    @Slot(str, object)
    def _on_failed(self, key: str, error: object) -> None:
        if key == COUNT and self._dialog is not None and isinstance(error, InspectorError):
            assert self._asked is not None
            self._dialog.show_count(self._asked, str(error), any_match=False)

    @Slot()
    def _on_dialog_finished(self) -> None:
        dialog, self._dialog = self._dialog, None
        self._lane.cancel(COUNT)
        if dialog is not None:
            dialog.deleteLater()


def count(folders: MaskFolders, progress: Progress) -> Counted:
    """How many images of a folder have all their masks, by their names; reads none of them.

    Raises
    ------
    InspectorError
        When a folder is gone, or holds no image.
    """
    from inspector.images.collection import list_folder
    from inspector.images.objects import objects_of

    objects = objects_of(folders)
    with list_folder(folders.images, progress=progress) as collection:
        members, found, first = collection.members, 0, ""
        for number, member in enumerate(members):
            if number % _REPORT_EVERY == 0:
                progress(number, len(members))
            try:
                objects.files_of(member)
                found += 1
            except BadImage as error:
                first = first or error.message
    return folders, _said(folders, len(members), found, first), found > 0


def _said(folders: MaskFolders, total: int, found: int, first: str) -> str:
    what = "a label map" if folders.labels is not None else "all masks"
    if found == total:
        return f"{total:,} images, each with {what}." if total > 1 else f"One image, with {what}."
    those = "None" if not found else f"{found:,}"
    return f"{those} of {total:,} images have {what}. {first}"
