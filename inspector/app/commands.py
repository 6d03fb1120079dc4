"""What the menu entries and their keys do."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication

from inspector.app.application import apply_theme
from inspector.app.asking import ask_files, ask_folder
from inspector.app.main_window import MainWindow
from inspector.app.opening import Opening
from inspector.app.remembering import Remembering
from inspector.app.samples import sample_images, sample_paths
from inspector.app.settings import THEMES
from inspector.core.errors import BadCheckpoint, InspectorError
from inspector.core.folders import log_folder
from inspector.core.metrics import Metric
from inspector.session import Session


class Commands(QObject):
    """Opening, stepping, choosing; emits `failed(title, error)` when one cannot be done."""

    failed = Signal(str, object)

    def __init__(
        self,
        session: Session,
        opening: Opening,
        remembering: Remembering,
        window: MainWindow,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._opening = opening
        self._remembering = remembering
        self._window = window
        self._connect()
        remembering.recent_changed.connect(self._show_recent)
        self._show_recent(list(remembering.settings.recent))
        window.commands["options"].setChecked(remembering.settings.options_shown)
        window.commands["reopen"].setEnabled(remembering.last_session() is not None)

    def ask_files(self, position: int | None = None) -> None:
        """Ask for checkpoints and images to open; the first checkpoint takes that `position`."""
        paths = ask_files(self._window, self._remembering.folder)
        self._opening.open_paths(paths, position=position)

    def open_samples(self) -> None:
        """Open the checkpoints and images that come with the program, in place of what is open."""
        try:
            paths = sample_paths()
        except InspectorError as error:
            self.failed.emit("Could not open the samples", error)
            return
        self._opening.open_samples(paths, sample_images())

    def open_recent(self, name: str) -> None:
        """Open a file of the list; one that is gone is taken off it."""
        path = Path(name)
        if path.exists():
            self._opening.open_paths([path])
            return
        settings = self._remembering.settings
        kept = tuple(recent for recent in settings.recent if recent != name)
        self._remembering.update(replace(settings, recent=kept))
        error = BadCheckpoint(
            f"{path} is no longer there.", advice="It was moved, renamed or deleted."
        )
        self.failed.emit(f"Could not open {path.name}", error)

    def swap(self) -> None:
        """Let the reference and the selected compared model change places."""
        order = list(range(len(self._session.models)))
        other = self._session.selection.compared + 1
        if other < len(order):
            order[0], order[other] = other, 0
            self._session.arrange(order)

    def choose_compared(self, position: int) -> None:
        """Look at the compared model at a position among the open ones."""
        chosen = replace(self._session.selection, compared=position - 1, model=position)
        self._session.select(chosen)

    def choose_theme(self, theme: str) -> None:
        """Follow the system, or be light or dark, from now on."""
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, theme)
        self._window.commands[f"theme_{theme}"].setChecked(True)
        if theme != self._remembering.settings.theme:
            self._remembering.update(replace(self._remembering.settings, theme=theme))

    def _connect(self) -> None:
        for name, slot in {
            "open": self.ask_files,
            "open_folder": self._ask_folder,
            "samples": self.open_samples,
            "reopen": self._reopen,
            "swap": self.swap,
            "close_all": self._close_all,
            "quit": self._window.close,
            "find": self._window.tree.focus_search,
            "reset_layout": self._window.reset_layout,
            "log_folder": self._show_log_folder,
            "axis_out": lambda: self._session.set_axis("out"),
            "axis_in": lambda: self._session.set_axis("in"),
        }.items():
            self._do(name, slot)
        self._window.commands["options"].toggled.connect(self._window.show_options)
        for metric in Metric:
            self._do(f"metric_{metric}", partial(self._choose_metric, metric))
        for theme in THEMES:
            self._do(f"theme_{theme}", partial(self.choose_theme, theme))

    def _do(self, name: str, slot: Callable[[], object]) -> None:
        self._window.commands[name].triggered.connect(lambda _checked=False: slot())

    def _close_all(self) -> None:
        self._session.set_images([])
        self._session.set_models([])

    def _ask_folder(self) -> None:
        self._opening.open_paths(ask_folder(self._window, self._remembering.folder))

    def _reopen(self) -> None:
        saved = self._remembering.last_session()
        if saved is not None:
            self._opening.reopen(saved)

    def _choose_metric(self, metric: Metric) -> None:
        self._session.select(replace(self._session.selection, metric=metric))

    def _show_log_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_folder())))

    def _show_recent(self, paths: list[str]) -> None:
        self._window.welcome.show_recent(paths)
        menu = self._window.commands.menu("recent")
        menu.clear()
        menu.setEnabled(bool(paths))
        for number, name in enumerate(paths, start=1):
            path = Path(name)
            action = menu.addAction(f"&{number} {path.name.replace('&', '&&')}")
            action.setToolTip(name)
            action.triggered.connect(lambda _checked=False, name=name: self.open_recent(name))
