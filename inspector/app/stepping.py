"""Steps through modes, heads, blocks, models, images, slices and windows; draws otherwise."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Slot

from inspector.app.actions import PRESETS
from inspector.app.asking import ask_folder
from inspector.app.main_window import MainWindow
from inspector.app.remembering import Remembering
from inspector.app.scanning import Scans
from inspector.app.scenes import Scenes
from inspector.app.settings import TABS
from inspector.app.steps import (
    other_model,
    step_compared,
    step_head,
    step_mode,
    step_shown_block,
    step_shown_head,
    step_slice,
)
from inspector.core.images import Tone
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.modes import Product, TokenSpace
from inspector.core.preparation import Preparation
from inspector.core.selection import Selection
from inspector.session import Session
from inspector.views.window_box import offered_presets

_OF_A_HEAD = ("modes", "attention", "gallery")


class Stepping(QObject):
    """What the keys, the menus and the views' own controls do to the session."""

    def __init__(
        self,
        session: Session,
        scans: Scans,
        scenes: Scenes,
        remembering: Remembering,
        window: MainWindow,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._scans = scans
        self._scenes = scenes
        self._remembering = remembering
        self._window = window
        self._connect_commands()
        self._connect_views()
        session.style_changed.connect(self._show_style)
        session.selection_changed.connect(self._show_selection)
        window.modes.show_beside(remembering.settings.beside)
        self._show_style()
        self._show_selection()

    def step_block(self, by: int) -> None:
        """Look at another block; the head is kept where modes or attention are looked at."""
        reference = self._session.reference
        if reference is not None:
            outline, chosen = reference.model.outline, self._session.selection
            keeps_head = self._window.tab in _OF_A_HEAD
            self._session.select(step_shown_block(outline, chosen, by, keep_head=keeps_head))

    def step_head(self, by: int) -> None:
        """Look at another head."""
        reference = self._session.reference
        if reference is not None:
            step = step_shown_head if self._window.tab in _OF_A_HEAD else step_head
            outline, chosen = reference.model.outline, self._session.selection
            self._session.select(step(outline, chosen, by))

    def step_mode(self, by: int) -> None:
        """Look at another mode of the head."""
        chosen = self._session.selection
        scene = self._scenes.mode(self._session.chosen_model)
        if scene is not None:
            self._session.select(step_mode(chosen, by, count=scene.modes.num_modes))

    def next_model(self) -> None:
        """Turn to the other one of A and B; where models are compared, to the next compared one."""
        chosen = self._session.selection
        if self._window.tab == "compare":
            step = step_compared(chosen, 1, count=len(self._session.compared))
        else:
            step = other_model(chosen, count=len(self._session.models))
        self._session.select(step)

    def step_slice(self, by: int) -> None:
        """Look at another slice of the image."""
        entry, view = self._session.image, self._session.image_view
        if entry is not None and view is not None:
            self._session.set_image_view(replace(view, at=step_slice(entry.card, view.at, by)))

    def step_image(self, by: int) -> None:
        """Look at another open image."""
        self._session.choose_image(self._session.position + by)

    def choose_tone(self, tone: Tone | None) -> None:
        """Look at the image in another window."""
        view = self._session.image_view
        if view is not None:
            self._session.set_image_view(replace(view, tone=tone))

    def choose_preset(self, number: int) -> None:
        """Look at the image in one of the windows that are offered, counted from 1."""
        image = self._scenes.image
        presets = offered_presets(None if image is None else image.slice)
        if number <= len(presets):
            self.choose_tone(presets[number - 1].tone)

    def measure_anisotropy(self) -> None:
        """Ask for a folder of images, and compare their tokens in every block."""
        entry = self._session.chosen_model
        if entry is None:
            return
        title = "Choose a folder of images for the anisotropy"
        for folder in ask_folder(self._window, self._remembering.folder, title):
            self._scans.measure_anisotropy(entry, folder)

    def _connect_commands(self) -> None:
        commands: dict[str, Callable[[], object]] = {
            "previous_block": partial(self.step_block, -1),
            "next_block": partial(self.step_block, 1),
            "previous_head": partial(self.step_head, -1),
            "next_head": partial(self.step_head, 1),
            "previous_mode": partial(self.step_mode, -1),
            "next_mode": partial(self.step_mode, 1),
            "next_model": self.next_model,
            "previous_slice": partial(self.step_slice, -1),
            "next_slice": partial(self.step_slice, 1),
            "previous_image": partial(self.step_image, -1),
            "next_image": partial(self.step_image, 1),
            "close_image": lambda: self._session.remove_image(self._session.position),
            "reset_view": self._window.reset_view,
            "anisotropy": self.measure_anisotropy,
            "flip": lambda: self._restyle(flipped=not self._session.style.flipped),
            "seen": lambda: self._restyle(seen=not self._session.style.seen),
            "token_grid": lambda: self._restyle(grid=not self._session.style.grid),
            "smooth": lambda: self._restyle(smooth=not self._session.style.smooth),
        }
        for name, slot in commands.items():
            self._do(name, slot)
        for number in range(1, PRESETS + 1):
            self._do(f"preset_{number}", partial(self.choose_preset, number))
        for tab in TABS:
            self._do(f"show_{tab}", partial(self._window.show_tab, tab))
        for pair in ColourPair:
            self._do(f"pair_{pair}", partial(self._restyle, pair=pair))
        for product in Product:
            self._do(f"product_{product}", partial(self._choose_product, product))
        for space in TokenSpace:
            self._do(f"space_{space}", partial(self._choose_space, space))
        self._window.next_asked.connect(self.next_model)

    def _connect_views(self) -> None:
        window, session = self._window, self._session
        for view in (window.modes, window.attention):
            view.selection_changed.connect(self._on_selection_changed)
            view.style_changed.connect(session.set_style)
            view.hovered.connect(window.read_out.setText)
            view.window_dragged.connect(self.choose_tone)
            view.window_chosen.connect(self.choose_tone)
            view.slice_stepped.connect(self.step_slice)
            view.block_stepped.connect(self.step_block)
        window.gallery.block_stepped.connect(self.step_block)
        window.modes.beside_chosen.connect(self._remembering.choose_beside)
        window.over_depth.selection_changed.connect(session.select)
        window.over_depth.hovered.connect(window.read_out.setText)
        window.over_depth.anisotropy_asked.connect(self.measure_anisotropy)
        window.map_options.selection_changed.connect(session.select)
        window.map_options.style_changed.connect(session.set_style)
        window.map_options.tone_chosen.connect(self.choose_tone)
        window.map_options.preparation_chosen.connect(self._on_preparation_chosen)

    def _do(self, name: str, slot: Callable[[], object]) -> None:
        self._window.commands[name].triggered.connect(lambda _checked=False: slot())

    def _restyle(self, **changes: object) -> None:
        self._session.set_style(replace(self._session.style, **changes))  # type: ignore[arg-type]

    def _choose_product(self, product: Product) -> None:
        chosen = self._session.selection
        self._session.select(replace(chosen, options=replace(chosen.options, product=product)))

    def _choose_space(self, space: TokenSpace) -> None:
        self._session.select(replace(self._session.selection, space=space))

    @Slot(object)
    def _on_selection_changed(self, selection: Selection) -> None:
        self._session.select(selection)

    @Slot(object)
    def _on_preparation_chosen(self, preparation: Preparation) -> None:
        entry = self._session.chosen_model
        if entry is not None:
            takes = self._scenes.takes(entry)
            is_default = takes is not None and preparation == takes.default
            self._session.set_preparation(entry, None if is_default else preparation)

    @Slot()
    def _show_style(self) -> None:
        style, commands = self._session.style, self._window.commands
        for name, on in _checks(style).items():
            commands[name].setChecked(on)
        commands[f"pair_{style.pair}"].setChecked(True)

    @Slot()
    def _show_selection(self) -> None:
        chosen, commands = self._session.selection, self._window.commands
        commands[f"product_{chosen.options.product}"].setChecked(True)
        commands[f"space_{chosen.space}"].setChecked(True)


def _checks(style: MapStyle) -> dict[str, bool]:
    return {
        "flip": style.flipped,
        "seen": style.seen,
        "token_grid": style.grid,
        "smooth": style.smooth,
    }
