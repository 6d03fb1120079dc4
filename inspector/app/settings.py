"""What is remembered from one start to the next: a small JSON file, read with suspicion."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from PySide6.QtCore import QRect

from inspector.core.errors import BadRequest
from inspector.core.figures import FigureFormat, FigureStyle
from inspector.core.folders import config_folder
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.modes import TokenSpace

VERSION = 1
RECENT_KEPT = 10
THEMES = ("system", "light", "dark")
DEVICES = ("auto", "cpu", "cuda", "mps")
TABS = ("compare", "modes", "attention", "depth", "gallery")
SMALLEST = (640, 480)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """Plain values, each checked; wrong ones fall back to the default one by one.

    Parameters
    ----------
    geometry
        x, y, width, height of the window in points; empty before the first close.
    columns
        Widths of the three columns; empty before the first close.
    recent
        Files and folders opened last, newest first.
    theme, device
        One of `THEMES` and of `DEVICES`.
    width_mm, format, dpi, modes, folder
        Of the last exported figure; the folder is empty before the first.
    tab, space
        One of `TABS`, and of the values of `TokenSpace`.
    pair, opacity, dim, limits, smooth, grid
        How maps are drawn: see `MapStyle`.
    beside
        Whether modes of A and B stand side by side.
    """

    geometry: tuple[int, ...] = ()
    maximized: bool = False
    columns: tuple[int, ...] = ()
    options_shown: bool = True
    recent: tuple[str, ...] = ()
    theme: str = "system"
    device: str = "cpu"
    width_mm: float = 183.0
    format: str = "pdf"
    dpi: int = 300
    modes: int = 6
    folder: str = ""
    tab: str = "compare"
    space: str = TokenSpace.ATTENTION_INPUT.value
    pair: str = ColourPair.RED_CYAN.value
    opacity: float = 0.6
    dim: float = 0.5
    limits: str = "own"
    smooth: bool = False
    grid: bool = False
    beside: bool = False

    def __post_init__(self) -> None:
        if len(self.geometry) not in (0, 4) or len(self.columns) not in (0, 3):
            raise BadRequest("A window has four numbers for its place and three columns.")
        if self.theme not in THEMES or self.device not in DEVICES:
            raise BadRequest(f"Unknown theme or device: {self.theme}, {self.device}.")
        if self.tab not in TABS or self.limits not in ("own", "shared"):
            raise BadRequest(f"Unknown tab or limits: {self.tab}, {self.limits}.")

    @property
    def style(self) -> FigureStyle:
        """Size and format of the last exported figure."""
        return FigureStyle(self.width_mm, FigureFormat(self.format), self.dpi, self.modes)

    @property
    def map_style(self) -> MapStyle:
        """How maps were drawn last; sign and "as the model saw it" begin anew."""
        return MapStyle(
            ColourPair(self.pair),
            self.opacity,
            self.dim,
            "shared" if self.limits == "shared" else "own",
            self.smooth,
            self.grid,
        )

    def with_map_style(self, style: MapStyle) -> Self:
        """Remember how maps are drawn."""
        return replace(
            self,
            pair=style.pair.value,
            opacity=style.opacity,
            dim=style.dim,
            limits=style.limits,
            smooth=style.smooth,
            grid=style.grid,
        )

    def with_style(self, style: FigureStyle, folder: Path) -> Self:
        """Remember how and where a figure was exported."""
        return replace(
            self,
            width_mm=style.width_mm,
            format=style.format.value,
            dpi=style.dpi,
            modes=style.modes,
            folder=str(folder),
        )

    def with_recent(self, paths: Sequence[Path]) -> Self:
        """Remember opened files, the newest first, each once."""
        new = [str(path) for path in paths]
        kept = [old for old in self.recent if old not in new]
        return replace(self, recent=tuple((new + kept)[:RECENT_KEPT]))


def settings_path() -> Path:
    """Where the settings are kept."""
    return config_folder() / "settings.json"


def load_settings(path: Path) -> Settings:
    """Read settings; what is missing, spoilt or of another version becomes the default."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        _log.warning("settings %s are not readable and are ignored: %s", path, error)
        return Settings()
    if not isinstance(saved, dict) or saved.get("version") != VERSION:
        _log.warning("settings %s are not of version %d and are ignored", path, VERSION)
        return Settings()
    return _checked(saved)


def save_settings(path: Path, settings: Settings) -> None:
    """Write settings under a temporary name, then rename; a full disk is only logged."""
    write_json(path, {"version": VERSION, **asdict(settings)})


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write plain values so that the old file stays whole until the new one is."""
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(values, indent=1), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        _log.warning("%s could not be written: %s", path, error)


def clamped(geometry: QRect, screens: Sequence[QRect]) -> QRect:
    """Bring a remembered window back onto a screen that exists, no larger than that screen."""
    if not screens:
        return geometry
    screen = max(screens, key=lambda s: _area(s.intersected(geometry)))
    width = min(max(geometry.width(), SMALLEST[0]), screen.width())
    height = min(max(geometry.height(), SMALLEST[1]), screen.height())
    x = min(max(geometry.x(), screen.x()), screen.x() + screen.width() - width)
    y = min(max(geometry.y(), screen.y()), screen.y() + screen.height() - height)
    return QRect(x, y, width, height)


def _area(rectangle: QRect) -> int:
    return 0 if rectangle.isEmpty() else rectangle.width() * rectangle.height()


def _checked(saved: Mapping[str, Any]) -> Settings:
    settings = Settings()
    for field in fields(Settings):
        if field.name not in saved:
            continue
        try:
            value: Any = _like(getattr(settings, field.name), saved[field.name], field.name)
            candidate = replace(settings, **{field.name: value})
            _ = candidate.style, candidate.map_style, TokenSpace(candidate.space)
        except (TypeError, ValueError, BadRequest) as error:
            _log.warning("setting %s is ignored: %s", field.name, error)
            continue
        settings = candidate
    return settings


def _like(default: object, value: object, name: str) -> object:
    """The value as a setting of the default's type."""
    if isinstance(default, tuple):
        kind = str if name == "recent" else int
        if not isinstance(value, list) or not all(type(item) is kind for item in value):
            raise TypeError(f"expected a list of {kind.__name__}, got {value!r}")
        return tuple(value)
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if type(value) is not type(default):
        raise TypeError(f"expected {type(default).__name__}, got {value!r}")
    return value
