"""Keeps the settings and the last session on disk."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from inspector.app.settings import Settings, save_settings, settings_path, write_json
from inspector.core.errors import BadRequest
from inspector.core.folders import state_folder
from inspector.session import SavedSession

_SESSION = "session.json"

_log = logging.getLogger(__name__)


class Remembering(QObject):
    """Holds the settings; every change is written at once. Emits `recent_changed(paths)`."""

    recent_changed = Signal(object)

    def __init__(self, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._settings = settings

    @property
    def settings(self) -> Settings:
        """As they are now."""
        return self._settings

    @property
    def folder(self) -> Path:
        """Where the file dialog starts: beside the file opened last."""
        recent = self._settings.recent
        return Path(recent[0]).parent if recent else Path.home()

    def update(self, settings: Settings) -> None:
        """Keep other settings."""
        recent_changed = settings.recent != self._settings.recent
        self._settings = settings
        save_settings(settings_path(), settings)
        if recent_changed:
            self.recent_changed.emit(list(settings.recent))

    def add_recent(self, paths: Sequence[Path]) -> None:
        """Remember files that were opened."""
        self.update(self._settings.with_recent([path.absolute() for path in paths]))

    def choose_device(self, device: str) -> None:
        """Remember where to compute."""
        self.update(replace(self._settings, device=device))

    @Slot(bool)
    def choose_beside(self, beside: bool) -> None:
        """Remember whether modes of A and B stand side by side."""
        self.update(replace(self._settings, beside=beside))

    def save_session(self, session: SavedSession) -> None:
        """Keep what is open and selected; nothing where nothing is open."""
        if session.sources:
            write_json(state_folder() / _SESSION, session.to_json())

    def last_session(self) -> SavedSession | None:
        """What was open when the program was closed last; None where that is not known."""
        path = state_folder() / _SESSION
        try:
            return SavedSession.from_json(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, BadRequest) as error:
            _log.warning("session %s is not readable and is ignored: %s", path, error)
            return None
