"""Which rows and columns of a gallery are shown, how large, and of which model."""

from dataclasses import replace
from typing import cast

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QWidget

from inspector.core.gallery import GalleryScene, SignsShown
from inspector.core.optimal import MOST_TOP
from inspector.views.gallery_shown import GalleryShown, TileSize
from inspector.views.switch import Switch

_MOST_MODES = 64


class GalleryBar(QWidget):
    """Emits what the user chose; setters never emit.

    Signals
    -------
    shown_changed(shown)
        A `GalleryShown`.
    model_chosen(letter)
        The other one of two open models.
    """

    shown_changed = Signal(object)
    model_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = GalleryShown()
        self._letters: tuple[str, ...] = ()
        self.models = Switch(
            "Model",
            {
                "first": ("A", "the gallery of the first model"),
                "second": ("B", "the gallery of the second model"),
            },
        )
        self.signs = Switch(
            "Sign",
            {
                "+": ("+", "images where both maps are large"),
                "-": ("−", "images where both maps are small (most negative)"),
                "both": ("Both", "both signs, one under the other"),
            },
        )
        self.modes = _box("Modes shown", _MOST_MODES)
        self.modes.setRange(0, _MOST_MODES)
        self.modes.setSpecialValueText("all")
        self.columns = _box("Images shown of each mode", MOST_TOP)
        self.sizes = Switch(
            "Size of the images",
            {
                "small": ("S", "small"),
                "medium": ("M", "medium"),
                "large": ("L", "large"),
            },
        )
        self._place()
        self.show_shown(self._shown)
        self.show_models((), "")
        self.signs.chosen.connect(self._on_sign_chosen)
        self.sizes.chosen.connect(self._on_size_chosen)
        self.modes.valueChanged.connect(self._on_modes_changed)
        self.columns.valueChanged.connect(self._on_columns_changed)
        self.models.chosen.connect(self._on_model_chosen)

    @property
    def shown(self) -> GalleryShown:
        """What is chosen."""
        return self._shown

    def show_shown(self, shown: GalleryShown) -> None:
        """Show another choice."""
        self._shown = shown
        self.signs.show_choice(shown.signs)
        self.sizes.show_choice(shown.size)
        with QSignalBlocker(self.modes), QSignalBlocker(self.columns):
            self.modes.setValue(shown.modes or 0)
            self.columns.setValue(shown.columns)

    def show_scene(self, scene: GalleryScene | None) -> None:
        """Offer as many modes and images as are known."""
        known = _MOST_MODES if scene is None else _known_modes(scene)
        top = MOST_TOP if scene is None else scene.found.top
        with QSignalBlocker(self.modes), QSignalBlocker(self.columns):
            self.modes.setMaximum(known)
            self.columns.setMaximum(top)
            self.modes.setValue(self._shown.modes or 0)
            self.columns.setValue(self._shown.columns)

    def show_models(self, letters: tuple[str, ...], chosen: str) -> None:
        """Offer two models to choose from; nothing where there is only one."""
        self._letters = letters[:2]
        self.models.setVisible(len(letters) > 1)
        for key, letter in zip(("first", "second"), self._letters, strict=False):
            self.models.button(key).setText(letter)
            if letter == chosen:
                self.models.show_choice(key)

    def _place(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.models)
        row.addWidget(self.signs)
        for text, box in (("&Modes", self.modes), ("&Images", self.columns)):
            label = QLabel(text)
            label.setBuddy(box)
            row.addSpacing(4)
            row.addWidget(label)
            row.addWidget(box)
        row.addSpacing(4)
        row.addWidget(self.sizes)
        row.addStretch(1)

    def _take(self, shown: GalleryShown) -> None:
        self._shown = shown
        self.shown_changed.emit(shown)

    @Slot(str)
    def _on_sign_chosen(self, key: str) -> None:
        self._take(replace(self._shown, signs=cast("SignsShown", key)))

    @Slot(str)
    def _on_size_chosen(self, key: str) -> None:
        self._take(replace(self._shown, size=TileSize(key)))

    @Slot(int)
    def _on_modes_changed(self, count: int) -> None:
        self._take(replace(self._shown, modes=count or None))

    @Slot(int)
    def _on_columns_changed(self, count: int) -> None:
        self._take(replace(self._shown, columns=count))

    @Slot(str)
    def _on_model_chosen(self, key: str) -> None:
        self.model_chosen.emit(self._letters[0 if key == "first" else 1])


def _box(name: str, most: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(1, most)
    box.setAccessibleName(name)
    box.setToolTip(name)
    box.setKeyboardTracking(False)
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    return box


def _known_modes(scene: GalleryScene) -> int:
    rows = scene.found.rows.of_head(scene.address)
    return int(rows.stop - rows.start)
