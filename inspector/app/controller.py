"""Wires session, lane and views; what belongs together is wired in the parts it makes."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QDialog

from inspector.app.announcing import Announcing
from inspector.app.commands import Commands
from inspector.app.comparing import Comparing
from inspector.app.content import Content
from inspector.app.exporting import Exporting
from inspector.app.figures import Figures
from inspector.app.galleries import Galleries
from inspector.app.gallery_tiles import GalleryTiles
from inspector.app.help import Help
from inspector.app.holding import Holding
from inspector.app.imaging import Imaging
from inspector.app.inspecting import Inspecting
from inspector.app.job_line import JobLine
from inspector.app.keeping import Keeping
from inspector.app.kept_before import KeptBefore
from inspector.app.main_window import MainWindow
from inspector.app.measuring import Measuring
from inspector.app.opening import Opening
from inspector.app.picturing import Picturing
from inspector.app.remembering import Remembering
from inspector.app.responsiveness import Responsiveness
from inspector.app.scanning import Scans
from inspector.app.settings import Settings
from inspector.app.shooting import Shooting
from inspector.app.showing import Showing
from inspector.app.stepping import Stepping
from inspector.app.steps import away_from_frozen
from inspector.app.tile_opening import TileOpening
from inspector.core.errors import InspectorError
from inspector.core.modes import TokenSpace
from inspector.core.selection import Selection
from inspector.jobs.lane import Lane
from inspector.session import Session, Source
from inspector.views.error_dialog import ErrorDialog

_log = logging.getLogger(__name__)


class Controller(QObject):
    """One open program: its window, its session and its lane.

    Emit `fault_reported(trace)` from any thread to show an uncaught fault.
    """

    fault_reported = Signal(str)

    def __init__(self, settings: Settings, *, device: str) -> None:
        super().__init__()
        self._closed = self._fault_shown = self._is_first_look = self._has_told = False
        self.session = Session(self)
        self.lane = Lane(self)
        self.responsiveness = Responsiveness(self.lane, self)
        for changed in (self.session.selection_changed, self.session.style_changed):
            changed.connect(self.responsiveness.put_off)
        self.window = MainWindow(settings=settings)
        self.holding = Holding(self.lane, self.window, self)
        self.remembering = Remembering(settings, self)
        self.opening = Opening(self.session, self.lane, self)
        self.comparing = Comparing(self.session, self.lane, device=device, parent=self)
        self.exporting = Exporting(
            self.session, self.lane, device=lambda: self.comparing.device, parent=self
        )
        self.inspecting = Inspecting(
            self.session, self.lane, device=lambda: self.comparing.device, parent=self
        )
        self.scans = Scans(
            self.session,
            self.lane,
            self.inspecting.networks,
            device=lambda: self.comparing.device,
            parent=self,
        )
        self.announcing = Announcing(self.window.banner, self)
        self.picturing = Picturing(
            self.session, self.inspecting, self.scans, self.lane, self.window, parent=self
        )
        self.tiles = GalleryTiles(
            self.inspecting, self.lane, device=lambda: self.comparing.device, parent=self
        )
        self.galleries = Galleries(
            self.session,
            self.scans,
            self.tiles,
            TileOpening(self.session, self.tiles, self.opening, self.window, parent=self),
            self.picturing.scenes,
            self.remembering,
            self.window,
            parent=self,
        )
        self.galleries.count_with(
            KeptBefore(
                self.session,
                self.scans,
                self.lane,
                self.inspecting.networks,
                device=lambda: self.comparing.device,
                parent=self,
            )
        )
        self.measuring = Measuring(
            self.session,
            self.scans,
            self.picturing.scenes,
            self.remembering,
            self.lane,
            self.window,
            parent=self,
        )
        self.keeping = Keeping(self.lane, self.window, parent=self)
        self.stepping = Stepping(
            self.session,
            self.scans,
            self.picturing.scenes,
            self.remembering,
            self.window,
            parent=self,
        )
        self.imaging = Imaging(
            self.session, self.lane, self.picturing.scenes, self.window, parent=self
        )
        self.picturing.shown_changed.connect(self.imaging.show_slice)
        self.job_line = JobLine(self.lane, self.window, self)
        self.commands = Commands(
            self.session, self.opening, self.remembering, self.window, parent=self
        )
        self.figures = Figures(
            self.exporting, self.remembering, self.announcing, self.window, parent=self
        )
        self.content = Content(
            self.session, self.exporting, self.inspecting, self.picturing.scenes, self.galleries,
            self.scans, self.window, device=lambda: self.comparing.device,
        )  # fmt: skip
        self.exporting.draw_from(self.content.now)
        self.showing = Showing(
            self.session,
            self.lane,
            self.announcing,
            self.window,
            parent=self,
            has_figure=self.content.is_there,
        )
        self.picturing.shown_changed.connect(self.showing.enable_actions)
        self.galleries.shown_changed.connect(self.showing.enable_actions)
        self.shooting = Shooting(self.remembering, self.announcing, self.window, parent=self)
        self.help = Help(self.window, self)
        self._connect_work()
        self._connect_views()
        self.session.set_style(settings.map_style)
        space = TokenSpace(settings.space)
        self.session.select(replace(self.session.selection, space=space))

    def show(self) -> None:
        """Show the window."""
        self.window.show()

    def open_paths(
        self, paths: Sequence[Path], *, position: int | None = None, heads: int | None = None
    ) -> None:
        """Open files and folders; see `Opening.open_paths`."""
        self.opening.open_paths(paths, position=position, heads=heads)

    @Slot(object)
    def open_one(self, path: Path) -> None:
        """Open a file that the desktop hands over."""
        self.open_paths([path])

    @Slot(str, object)
    def show_error(self, title: str, error: InspectorError) -> None:
        """Say in a dialog that what the user asked for could not be done; blocks nothing."""
        dialog = ErrorDialog(title, error, parent=self.window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot()
    def close(self) -> None:
        """Save what is remembered, and end the lane within its time limit."""
        if self._closed:
            return
        self._closed = True
        for dialog in self.window.findChildren(QDialog):
            dialog.close()
        settings = self.window.layout_settings(self.remembering.settings)
        settings = replace(settings, space=self.session.selection.space.value)
        self.remembering.update(settings.with_map_style(self.session.style))
        self.remembering.save_session(self.session.saved)
        if not self.lane.close():
            _log.warning("a job did not end in time; the window is gone, the program waits for it")

    def finish(self) -> None:
        """After the event loop: wait for a job that did not listen, and close all files."""
        self.close()
        self.lane.wait()
        self.responsiveness.end()
        self.opening.close_released()

    def _connect_work(self) -> None:
        self.session.models_changed.connect(self._on_models_changed)
        self.session.axis_changed.connect(self.comparing.restart)
        self.opening.started.connect(self.comparing.pause)
        self.opening.finished.connect(self._on_opening_finished)
        self.opening.opened.connect(self.remembering.add_recent)
        self.comparing.failed.connect(self._on_comparing_failed)
        self.comparing.finished.connect(self._on_compared)
        self.comparing.device_described.connect(self.job_line.show_device)
        self.comparing.devices_found.connect(self._on_devices_found)
        self.job_line.cancelling.connect(self._on_cancelling)
        self.job_line.cancelling.connect(self.inspecting.stop)
        self.opening.images_opened.connect(self._on_images_opened)
        self.opening.left_out.connect(self._on_left_out)
        for part in (
            self.opening, self.commands, self.exporting, self.shooting, self.inspecting,
            self.scans, self.tiles, self.keeping,
        ):  # fmt: skip
            part.failed.connect(self.show_error)
        self.opening.opened.connect(self.galleries.offer)
        self.fault_reported.connect(self._on_fault_reported)

    def _connect_views(self) -> None:
        window = self.window
        window.closing.connect(self.close)
        window.drops.files_dropped.connect(self._on_files_dropped)
        for name, slot in {
            "scan_folder": self.galleries.ask_and_scan,
            "measure_preference": lambda: self.measuring.ask("preference"),
            "measure_same_object": lambda: self.measuring.ask("same-object"),
        }.items():
            window.commands[name].triggered.connect(slot)
        window.commands["compare_again"].triggered.connect(self._compare_again)
        window.welcome.open_asked.connect(self.commands.ask_files)
        window.welcome.samples_asked.connect(self.commands.open_samples)
        window.welcome.recent_chosen.connect(self.commands.open_recent)
        window.chips.closed.connect(self.session.remove)
        window.chips.swapped.connect(self.commands.swap)
        window.chips.reordered.connect(self._on_chips_reordered)
        window.chips.chosen.connect(self.commands.choose_compared)
        window.chips.heads_corrected.connect(self._on_heads_corrected)
        window.chips.section_chosen.connect(self._on_section_chosen)
        window.chips.files_dropped.connect(self._on_files_dropped_on_chip)
        window.chips.open_asked.connect(self.commands.ask_files)
        window.tree.selection_changed.connect(self._on_comparison_selected)
        window.compare.hovered.connect(window.read_out.setText)
        window.options.device_chosen.connect(self._on_device_chosen)
        for view in (window.compare, window.options):
            view.selection_changed.connect(self._on_comparison_selected)
            view.axis_chosen.connect(self.session.set_axis)
        window.compare.options_changed.connect(window.options.show_options)
        window.options.options_changed.connect(window.compare.show_options)
        self._on_devices_found(["cpu"])

    @Slot(object)
    def _on_comparison_selected(self, selection: Selection) -> None:
        """From a view of the comparison, which knows nothing of modes and tokens."""
        chosen = replace(
            self.session.selection,
            address=selection.address,
            matrix=selection.matrix,
            metric=selection.metric,
            compared=selection.compared,
            vector=selection.vector,
        )
        self.session.select(chosen)

    @Slot()
    def _on_models_changed(self) -> None:
        """Compare what is open now; while something is being opened, that comes first."""
        self._is_first_look = True
        if not self.opening.is_busy:
            self.comparing.restart()

    @Slot()
    def _on_images_opened(self) -> None:
        """Go where images are looked at, unless the user is there already."""
        if self.window.tab == "compare":
            self.window.show_tab("modes")

    @Slot(str, object)
    def _on_left_out(self, title: str, error: InspectorError) -> None:
        """What else was in the folder is open: no dialog is put before it."""
        self.announcing.say(
            f"{title}: {error}",
            level="warning",
            action="Details…",
            act=lambda: self.show_error(title, error),
        )

    @Slot()
    def _on_opening_finished(self) -> None:
        if not self.opening.is_busy:
            self.comparing.go_on()

    @Slot()
    def _on_compared(self) -> None:
        """The first time, look where most changed rather than at a block that is frozen."""
        if self._has_told:
            self._has_told = False
            self.announcing.be_silent()
        series = self.session.series
        if series is not None and self._is_first_look:
            self.session.select(away_from_frozen(series, self.session.selection))
        self._is_first_look = False

    @Slot(object)
    def _on_comparing_failed(self, error: InspectorError) -> None:
        self._has_told = True
        self.announcing.say(
            str(error),
            level="error",
            action="Details…",
            act=lambda: self.show_error("Could not compare what is open", error),
        )

    @Slot()
    def _on_cancelling(self) -> None:
        """Say that what is shown will stay unfinished, unless an opening takes it up again."""
        if self.comparing.is_busy and not self.opening.is_busy:
            self._has_told = True
            self.announcing.say(
                "The comparison was stopped; what was computed until then is shown.",
                action="Compare again",
                act=self._compare_again,
            )

    @Slot()
    def _compare_again(self) -> None:
        self.announcing.be_silent()
        self.comparing.restart()

    @Slot(object)
    def _on_devices_found(self, names: Sequence[str]) -> None:
        """Offer them, the chosen one whatever it is, and the choice among several."""
        several = ["auto"] if len(names) > 1 else []
        chosen = self.comparing.device
        offered = dict.fromkeys([*several, *names, chosen])
        self.window.options.set_devices(list(offered), chosen)

    @Slot(str)
    def _on_device_chosen(self, device: str) -> None:
        self.comparing.set_device(device)
        self.inspecting.forget_runs()
        self.remembering.choose_device(device)

    @Slot(object)
    def _on_chips_reordered(self, order: Sequence[int]) -> None:
        self.session.arrange([0, *order])

    @Slot(int, int)
    def _on_heads_corrected(self, position: int, heads: int) -> None:
        source = self.session.models[position].source
        self.opening.open_again(position, Source(source.path, heads, source.section))

    @Slot(int, str)
    def _on_section_chosen(self, position: int, section: str) -> None:
        source = self.session.models[position].source
        self.opening.open_again(position, Source(source.path, source.heads, section))

    @Slot(object)
    def _on_files_dropped(self, paths: Sequence[Path]) -> None:
        """Open what is dropped; a folder of images on the gallery is looked through instead."""
        if self.window.scans_folder(paths):
            self.galleries.scan(paths[0])
        else:
            self.open_paths(paths)

    @Slot(object, int)
    def _on_files_dropped_on_chip(self, paths: Sequence[Path], position: int) -> None:
        self.open_paths(paths, position=position)

    @Slot(str)
    def _on_fault_reported(self, trace: str) -> None:
        """Show the first uncaught fault; those that follow are in the log."""
        if self._fault_shown or self._closed:
            return
        self._fault_shown = True
        error = InspectorError(
            "A fault in the program was caught; what was open is still open.",
            advice="Please report it with the details; they are in the log folder too.",
            details=trace,
        )
        self.show_error("Something went wrong", error)
