"""Every command of the program: its words, its keys, its menu."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from inspector.core.metrics import Metric

SEPARATOR = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A menu entry.

    Parameters
    ----------
    name
        By which the controller finds it.
    text
        With its mnemonic; after a tab, a key that the window handles only where no focused
        control wants it.
    keys
        Shortcuts, the first is shown.
    group
        Commands of one group exclude each other and carry a mark.
    tip
        What it does, where the text is too short to say it.
    """

    name: str
    text: str
    keys: tuple[str, ...] = ()
    group: str = ""
    checkable: bool = False
    tip: str = ""


MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "&File",
        (
            "open", "open_folder", "samples", "menu:recent", "reopen", SEPARATOR,
            "swap", "close_all", SEPARATOR, "quit",
        ),
    ),
    (
        "&View",
        (
            "find", "options", SEPARATOR, "menu:theme", "reset_layout",
        ),
    ),
    (
        "&Analyse",
        (
            "menu:metric", "menu:axis", SEPARATOR,
            "previous_block", "next_block", "previous_head", "next_head", "next_compared",
            SEPARATOR, "compare_again", "cancel",
        ),
    ),
    ("&Export", ("export", "copy_figure", "screenshot")),
    ("&Help", ("help", "log_folder", SEPARATOR, "about")),
)  # fmt: skip

SUBMENUS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "recent": ("Open &Recent", ()),
    "theme": ("&Theme", ("theme_system", "theme_light", "theme_dark")),
    "metric": ("&Metric", tuple(f"metric_{metric}" for metric in Metric)),
    "axis": ("&Vectors", ("axis_out", "axis_in")),
}

COMMANDS: tuple[Command, ...] = (
    Command("open", "&Open…", ("Ctrl+O",), tip="Open one or several checkpoint files"),
    Command(
        "open_folder",
        "Open &Folder…",
        ("Ctrl+Shift+O",),
        tip="Open a Hugging Face folder, or all checkpoints of a folder as a series",
    ),
    Command("samples", "&Try the Samples", tip="Open the two checkpoints that come with it"),
    Command("reopen", "Reopen &Last Session", ("Ctrl+Shift+T",)),
    Command("swap", "&Swap A and B", ("Ctrl+T",), tip="Make B the reference"),
    Command("close_all", "&Close All", ("Ctrl+W",)),
    Command("quit", "&Quit", ("Ctrl+Q",)),
    Command("find", "&Find in Model Tree", ("Ctrl+F",)),
    Command("options", "&Options Panel", ("F9",), checkable=True),
    Command("theme_system", "Follow &System", group="theme"),
    Command("theme_light", "&Light", group="theme"),
    Command("theme_dark", "&Dark", group="theme"),
    Command("reset_layout", "&Reset Layout"),
    *(
        Command(
            f"metric_{metric}",
            f"&{number} {metric.about.label}",
            (f"Ctrl+{number}",),
            group="metric",
            tip=f"{metric.about.formula}. {metric.about.meaning}",
        )
        for number, metric in enumerate(Metric, start=1)
    ),
    Command("axis_out", "&Rows: output features", group="axis"),
    Command("axis_in", "&Columns: input features", group="axis"),
    Command("previous_block", "&Previous Block", ("PgUp",)),
    Command("next_block", "&Next Block", ("PgDown",)),
    Command("previous_head", "Previous &Head", ("[",)),
    Command("next_head", "Next H&ead", ("]",)),
    Command("next_compared", "Next C&ompared Model\tSpace"),
    Command("compare_again", "Compare &Again", ("F5",)),
    Command("cancel", "&Cancel Running Job", ("Esc",)),
    Command("export", "&Figure…", ("Ctrl+E",), tip="Write a figure with its numbers"),
    Command("copy_figure", "&Copy Figure at 300 dpi", ("Ctrl+Shift+C",)),
    Command("screenshot", "&Screenshot…", ("Ctrl+Shift+S",)),
    Command("help", "&Help and Keys", ("F1",)),
    Command("log_folder", "Show &Log Folder"),
    Command("about", "&About ViT Inspector"),
)

NEEDS_MODEL = ("close_all", "find", "previous_block", "next_block", "previous_head", "next_head")
NEEDS_TWO = ("swap", "compare_again", "axis_out", "axis_in")
NEEDS_SERIES = ("export", "copy_figure")


class Actions:
    """The actions of a window by name, and its menus."""

    def __init__(self, window: QMainWindow) -> None:
        self._groups: dict[str, QActionGroup] = {}
        self._by_name = {command.name: self._made(command, window) for command in COMMANDS}
        self._menus: dict[str, QMenu] = {}
        for title, entries in MENUS:
            self._fill(window.menuBar().addMenu(title), entries)

    def __getitem__(self, name: str) -> QAction:
        """The action of a command."""
        return self._by_name[name]

    def menu(self, name: str) -> QMenu:
        """A submenu of `SUBMENUS`."""
        return self._menus[name]

    def enable(self, *, models: int, has_series: bool) -> None:
        """Grey out what makes no sense for what is open."""
        for names, sensible in (
            (NEEDS_MODEL, models > 0),
            (NEEDS_TWO, models > 1),
            (NEEDS_SERIES, has_series),
            (("next_compared",), models > 2),
        ):
            for name in names:
                self._by_name[name].setEnabled(sensible)

    def _made(self, command: Command, window: QMainWindow) -> QAction:
        action = QAction(command.text, window)
        action.setObjectName(command.name)
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        action.setCheckable(command.checkable or bool(command.group))
        if command.tip:
            action.setToolTip(command.tip)
            action.setStatusTip(command.tip)
        if command.name == "quit":
            action.setMenuRole(QAction.MenuRole.QuitRole)
        if command.name == "about":
            action.setMenuRole(QAction.MenuRole.AboutRole)
        if command.group:
            group = self._groups.setdefault(command.group, QActionGroup(window))
            group.addAction(action)
        return action

    def _fill(self, menu: QMenu, entries: tuple[str, ...]) -> None:
        menu.setToolTipsVisible(True)
        for entry in entries:
            if entry == SEPARATOR:
                menu.addSeparator()
            elif entry.startswith("menu:"):
                name = entry.removeprefix("menu:")
                title, inner = SUBMENUS[name]
                self._menus[name] = menu.addMenu(title)
                self._fill(self._menus[name], inner)
            else:
                menu.addAction(self._by_name[entry])
