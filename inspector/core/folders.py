"""Where the program keeps what it remembers: the platform's folders, or one that is set."""

import os
from pathlib import Path

from platformdirs import PlatformDirs

HOME_VARIABLE = "VIT_INSPECTOR_HOME"

_DIRS = PlatformDirs("vit-inspector", appauthor=False)


def config_folder() -> Path:
    """For settings."""
    return _own("config") or _DIRS.user_config_path


def state_folder() -> Path:
    """For the last session."""
    return _own("state") or _DIRS.user_state_path


def cache_folder() -> Path:
    """For what can be computed again."""
    return _own("cache") or _DIRS.user_cache_path


def log_folder() -> Path:
    """For what went wrong."""
    return _own("log") or _DIRS.user_log_path


def _own(name: str) -> Path | None:
    home = os.environ.get(HOME_VARIABLE)
    return Path(home) / name if home else None
