"""The Qt application: files that the desktop hands over, and the light or dark theme."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QFileOpenEvent, QPalette
from PySide6.QtWidgets import QApplication

NAME = "ViT Inspector"

_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}
_ROLES = (
    QPalette.ColorRole.Window,
    QPalette.ColorRole.WindowText,
    QPalette.ColorRole.Base,
    QPalette.ColorRole.AlternateBase,
    QPalette.ColorRole.Text,
    QPalette.ColorRole.Button,
    QPalette.ColorRole.ButtonText,
    QPalette.ColorRole.ToolTipBase,
    QPalette.ColorRole.ToolTipText,
    QPalette.ColorRole.Highlight,
    QPalette.ColorRole.HighlightedText,
    QPalette.ColorRole.Link,
    QPalette.ColorRole.Light,
    QPalette.ColorRole.Midlight,
    QPalette.ColorRole.Mid,
    QPalette.ColorRole.Dark,
    QPalette.ColorRole.Shadow,
)
_COLOURS = {
    "light": "#f4f4f5 #1b1b1b #ffffff #f0f0f2 #1b1b1b #f4f4f5 #1b1b1b #ffffff #1b1b1b #2563b0 "
    "#ffffff #1f5fb4 #ffffff #e6e6e9 #b8b8bd #a0a0a6 #6f6f74",
    "dark": "#2f2f32 #ececec #1f1f21 #29292c #ececec #3c3c40 #ececec #3c3c40 #ececec #3d7dd6 "
    "#ffffff #7db3ff #5c5c61 #47474b #29292b #1b1b1d #101011",
}
# PySide takes a string here, though its stubs ask for bytes.
_CHOICES = cast("tuple[bytes, ...]", ("QCheckBox", "QRadioButton"))
_OUTLINED = "#c4c4ca"
_FADED = {"light": "#9a9aa0", "dark": "#77777d"}
_HINT = {"light": "#5f5f66", "dark": "#a4a4ab"}


class Application(QApplication):
    """Emits `file_open_asked(path)` when the desktop hands over a file (macOS does so)."""

    file_open_asked = Signal(object)

    def __init__(self, arguments: Sequence[str]) -> None:
        super().__init__(list(arguments))
        self.setApplicationName("vit-inspector")
        self.setApplicationDisplayName(NAME)
        self.setDesktopFileName("vit-inspector")
        self.setStyle("Fusion")

    def event(self, event: QEvent) -> bool:
        """Pass on the file of a `QFileOpenEvent`."""
        if isinstance(event, QFileOpenEvent) and event.file():
            self.file_open_asked.emit(Path(event.file()))
            return True
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            outline_choices(self)
        return super().event(event)


def apply_theme(application: QApplication, theme: str) -> None:
    """Follow the system, or be light or dark.

    Where the platform cannot switch by itself (a bare X11 session), a palette of our own does.
    """
    hints = application.styleHints()
    hints.setColorScheme(_SCHEMES[theme])
    if theme == "system":
        application.setPalette(QPalette())
    elif hints.colorScheme() != _SCHEMES[theme]:
        application.setPalette(palette_of(theme))
    outline_choices(application)


def outline_choices(application: QApplication) -> None:
    """Let check boxes and radio buttons be seen in the dark while they are off.

    The style draws their outline in a darker shade of `Window`, which is all that they use this
    role for; a darker shade of a dark window cannot be told from it.
    """
    palette = QPalette(application.palette())
    role = QPalette.ColorRole
    if palette.color(role.Window).lightness() < palette.color(role.WindowText).lightness():
        palette.setColor(role.Window, QColor(_OUTLINED))
    for name in _CHOICES:
        if application.palette(name) != palette:
            application.setPalette(palette, name)


def palette_of(theme: str) -> QPalette:
    """The light or dark colours of every control."""
    palette = QPalette()
    for role, name in zip(_ROLES, _COLOURS[theme].split(), strict=True):
        palette.setColor(role, QColor(name))
    palette.setColor(QPalette.ColorRole.PlaceholderText, QColor(_HINT[theme]))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_FADED[theme]))
    return palette
