"""The export dialog, and the figure that is copied without one."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage

from inspector.app.announcing import Announcing
from inspector.app.exporting import Exporting
from inspector.app.main_window import MainWindow
from inspector.app.remembering import Remembering
from inspector.core.figures import ExportRequest, FigureKind
from inspector.views.export_dialog import ExportDialog
from inspector.views.export_preview import Rgba

_FOLDER = "vit-inspector-figures"


class Figures(QObject):
    """Opens the dialog on the figure that is looked at, previews it, writes it."""

    def __init__(
        self,
        exporting: Exporting,
        remembering: Remembering,
        announcing: Announcing,
        window: MainWindow,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._exporting = exporting
        self._remembering = remembering
        self._announcing = announcing
        self._window = window
        self._dialog: ExportDialog | None = None
        window.commands["export"].triggered.connect(self.open_dialog)
        window.commands["copy_figure"].triggered.connect(self.copy)
        exporting.previewed.connect(self._on_previewed)
        exporting.preview_failed.connect(self._on_preview_failed)
        exporting.exported.connect(self._on_exported)
        exporting.copied.connect(self._on_copied)

    @property
    def dialog(self) -> ExportDialog | None:
        """The export dialog while it is open."""
        return self._dialog

    @Slot()
    def open_dialog(self) -> None:
        """Show the dialog for the figure of the view that is looked at."""
        kinds = self._exporting.kinds()
        if not kinds or self._dialog is not None:
            return
        settings = self._remembering.settings
        current = self._current_of(kinds)
        folder = Path(settings.folder) if settings.folder else Path.home() / _FOLDER
        dialog = ExportDialog(self._window)
        dialog.set_kinds(kinds, current)
        dialog.set_style(settings.style)
        dialog.set_base(folder / current.value)
        dialog.request_changed.connect(self._on_request_changed)
        dialog.export_asked.connect(self._on_export_asked)
        dialog.copy_figure_asked.connect(self._on_copy_asked)
        dialog.copy_script_asked.connect(self._on_script_asked)
        dialog.copy_command_asked.connect(self._on_command_asked)
        dialog.finished.connect(self._on_dialog_finished)
        self._dialog = dialog
        dialog.open()

    @Slot()
    def copy(self) -> None:
        """Copy the figure of the view that is looked at, in the style used last."""
        kinds = self._exporting.kinds()
        if kinds:
            self._exporting.copy(self._current_of(kinds), self._remembering.settings.style)

    def _current_of(self, kinds: Sequence[FigureKind]) -> FigureKind:
        current = self._window.current_figure_kind()
        return current if current in kinds else kinds[0]

    def _tell(
        self, text: str, *, action: str = "", act: Callable[[], object] | None = None
    ) -> None:
        """Say it in the dialog while it is open, else above the centre."""
        if self._dialog is not None:
            self._dialog.show_note(text)
        else:
            self._announcing.say(text, action=action, act=act)

    @Slot(object)
    def _on_request_changed(self, request: ExportRequest) -> None:
        if self._dialog is not None:
            self._exporting.preview(request, pixel_width=self._dialog.preview_pixel_width)

    @Slot(object)
    def _on_previewed(self, rgba: Rgba) -> None:
        if self._dialog is not None:
            self._dialog.set_preview(rgba)

    @Slot(object)
    def _on_preview_failed(self, error: object) -> None:
        if self._dialog is not None:
            self._dialog.show_preview_problem(str(error))

    @Slot(object)
    def _on_export_asked(self, request: ExportRequest) -> None:
        settings = self._remembering.settings
        self._remembering.update(settings.with_style(request.style, request.base.parent))
        self._exporting.export(request)

    @Slot(object)
    def _on_copy_asked(self, request: ExportRequest) -> None:
        self._exporting.copy(request.kind, request.style)

    @Slot(object)
    def _on_script_asked(self, request: ExportRequest) -> None:
        QGuiApplication.clipboard().setText(self._exporting.script(request))
        self._tell("Script copied.")

    @Slot(object)
    def _on_command_asked(self, request: ExportRequest) -> None:
        QGuiApplication.clipboard().setText(self._exporting.command(request.kind))
        self._tell("Command line copied.")

    @Slot(object)
    def _on_exported(self, paths: Sequence[Path]) -> None:
        folder = paths[0].parent
        names = ", ".join(path.name for path in paths)
        self._tell(
            f"Written to {folder}: {names}", action="Open folder", act=lambda: _show_folder(folder)
        )

    @Slot(object)
    def _on_copied(self, image: QImage) -> None:
        QGuiApplication.clipboard().setImage(image)
        self._tell("Figure copied at 300 dpi.")

    @Slot()
    def _on_dialog_finished(self) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            dialog.deleteLater()


def _show_folder(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
