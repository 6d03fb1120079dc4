"""Every command of the program: its words, its keys, its menu."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from inspector.app.settings import TABS
from inspector.core.images import Preset
from inspector.core.map_style import ColourPair
from inspector.core.metrics import Metric
from inspector.core.modes import Product, TokenSpace

SEPARATOR = ""
PRESETS = 9


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
            "swap", "close_image", "close_all", SEPARATOR, "quit",
        ),
    ),
    (
        "&View",
        (
            *(f"show_{tab}" for tab in TABS), SEPARATOR,
            "find", "options", "reset_view", SEPARATOR, "menu:theme", "reset_layout",
        ),
    ),
    (
        "&Analyse",
        (
            "menu:metric", "menu:axis", "menu:product", "menu:space", SEPARATOR,
            "previous_block", "next_block", "previous_head", "next_head",
            "previous_mode", "next_mode", "next_model",
            SEPARATOR, "scan_folder", "anisotropy", "measure_preference", "measure_same_object",
            "kept_scans", SEPARATOR, "compare_again", "pause", "cancel",
        ),
    ),
    (
        "&Image",
        (
            "previous_image", "next_image", "previous_slice", "next_slice", "menu:window",
            SEPARATOR, "flip", "seen", "token_grid", "smooth", "menu:pair",
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
    "product": ("M&odes of", tuple(f"product_{product}" for product in Product)),
    "space": ("&Tokens", tuple(f"space_{space}" for space in TokenSpace)),
    "window": ("&Window", tuple(f"preset_{number}" for number in range(1, PRESETS + 1))),
    "pair": ("&Colours", tuple(f"pair_{pair}" for pair in ColourPair)),
}

_TAB_TEXTS = {
    "compare": "&Compare",
    "modes": "&Modes on Image",
    "attention": "&Attention",
    "depth": "&Depth",
    "gallery": "&Gallery",
}
_SPACE_TEXTS = {
    TokenSpace.ATTENTION_INPUT: "&Attention input",
    TokenSpace.RESIDUAL: "&Residual, as published",
    TokenSpace.NORMED: "&Normalised residual",
}

COMMANDS: tuple[Command, ...] = (
    Command("open", "&Open…", ("Ctrl+O",), tip="Open checkpoints and images"),
    Command(
        "open_folder",
        "Open &Folder…",
        ("Ctrl+Shift+O",),
        tip="Open a Hugging Face folder, a series of checkpoints, a DICOM series or images",
    ),
    Command("samples", "&Try the Samples", tip="Open the checkpoints and images that come with it"),
    Command("reopen", "Reopen &Last Session", ("Ctrl+Shift+T",)),
    Command("swap", "&Swap A and B", ("Ctrl+T",), tip="Make B the reference"),
    Command("close_image", "Close &Image", ("Ctrl+Shift+W",)),
    Command("close_all", "&Close All", ("Ctrl+W",)),
    Command("quit", "&Quit", ("Ctrl+Q",)),
    *(
        Command(f"show_{tab}", _TAB_TEXTS[tab], (f"Alt+{number}",), group="tab")
        for number, tab in enumerate(TABS, start=1)
    ),
    Command("find", "&Find in Model Tree", ("Ctrl+F",)),
    Command("options", "&Options Panel", ("F9",), checkable=True),
    Command("reset_view", "&Whole Picture", ("R",), tip="Undo zoom and pan"),
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
    *(Command(f"product_{product}", f"&{product.label}", group="product") for product in Product),
    *(Command(f"space_{space}", _SPACE_TEXTS[space], group="space") for space in TokenSpace),
    Command("previous_block", "&Previous Block", ("PgUp",)),
    Command("next_block", "&Next Block", ("PgDown",)),
    Command("previous_head", "Previous &Head", ("[",)),
    Command("next_head", "Next H&ead", ("]",)),
    Command("previous_mode", "Previous Mo&de", (",",)),
    Command("next_mode", "Ne&xt Mode", (".",)),
    Command("next_model", "F&lip between A and B\tSpace", tip="Or to the next compared model"),
    Command(
        "anisotropy", "Anisotrop&y of a Folder…", tip="How alike tokens of different images are"
    ),
    Command(
        "scan_folder",
        "&Gallery of a Folder…",
        ("Ctrl+G",),
        tip="Look for the images of a folder that excite each mode most",
    ),
    Command(
        "measure_preference",
        "Attention Pre&ference…",
        tip="What the attention of targets and distractors goes to, measured with masks",
    ),
    Command(
        "measure_same_object",
        "Same Ob&jects…",
        tip="How often query and key of a mode lie on one object, measured with label maps",
    ),
    Command(
        "kept_scans", "&Kept Scans…", tip="What is kept on disk of scans, and ways to clear it"
    ),
    Command("pause", "Pa&use or Go On", ("Pause",), tip="Let a running scan wait, or go on"),
    Command("compare_again", "Compare &Again", ("F5",)),
    Command("cancel", "&Cancel Running Job", ("Esc",)),
    Command("previous_image", "&Previous Image", ("Ctrl+Shift+PgUp",)),
    Command("next_image", "&Next Image", ("Ctrl+Shift+PgDown",)),
    Command("previous_slice", "Previous S&lice", ("Ctrl+PgUp",)),
    Command("next_slice", "Next Sl&ice", ("Ctrl+PgDown",)),
    *(Command(f"preset_{n}", f"&{n}", (f"{n}",)) for n in range(1, PRESETS + 1)),
    Command("flip", "&Flip the Sign", ("F",), checkable=True, tip="(−u, −v) instead of (u, v)"),
    Command("seen", "What the &Model Saw", ("S",), checkable=True),
    Command("token_grid", "Token &Grid", ("G",), checkable=True),
    Command("smooth", "&Smooth Maps", checkable=True, tip="Between the centres of patches"),
    *(Command(f"pair_{pair}", f"&{pair.label}", group="pair") for pair in ColourPair),
    Command("export", "&Figure…", ("Ctrl+E",), tip="Write a figure with its numbers"),
    Command("copy_figure", "&Copy Figure at 300 dpi", ("Ctrl+Shift+C",)),
    Command("screenshot", "&Screenshot…", ("Ctrl+Shift+S",)),
    Command("help", "&Help and Keys", ("F1",)),
    Command("log_folder", "Show &Log Folder"),
    Command("about", "&About ViT Inspector"),
)

_MODEL = (
    "find", "previous_block", "next_block", "previous_head", "next_head", "previous_mode",
    "next_mode", "flip", "anisotropy", "scan_folder", "measure_preference", "measure_same_object",
    *(f"product_{p}" for p in Product),
    *(f"space_{s}" for s in TokenSpace),
)  # fmt: skip
_TWO = ("swap", "compare_again", "axis_out", "axis_in", "next_model")
_IMAGE = ("close_image", "reset_view", "previous_slice", "next_slice", "seen", "token_grid")
_EITHER = ("close_all", *(f"show_{tab}" for tab in TABS))
_FIGURE = ("export", "copy_figure")


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

    def enable(self, *, models: int, images: int, has_figure: bool) -> None:
        """Grey out what makes no sense for what is open."""
        for names, sensible in (
            (_MODEL, models > 0),
            (_TWO, models > 1),
            (_IMAGE, images > 0),
            (_EITHER, models + images > 0),
            (("previous_image", "next_image"), images > 1),
            (_FIGURE, has_figure),
        ):
            for name in names:
                self._by_name[name].setEnabled(sensible)

    def show_presets(self, presets: Sequence[Preset]) -> None:
        """Offer windows of the current image under the keys 1 to 9; others are hidden."""
        for number in range(1, PRESETS + 1):
            action = self._by_name[f"preset_{number}"]
            is_there = number <= len(presets)
            action.setVisible(is_there)
            action.setEnabled(is_there)
            if is_there:
                preset = presets[number - 1]
                action.setText(f"&{number} {preset.name.replace('&', '&&')}: {preset.tone.words}")
        self._menus["window"].setEnabled(bool(presets))

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
