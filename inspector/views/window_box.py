"""How the values of an image become grey: presets, centre and width."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from inspector.core.images import CT_PRESETS, Preset, Slice, Tone, Window
from inspector.views.wording import shortened

_WIDEST = 1e9
_OWN = "Chosen by hand"
_COLOUR = "In colour: no window"
_KEYS = 9


def offered_presets(picture: Slice | None) -> tuple[Preset, ...]:
    """The windows offered for a picture, in the order of the number keys.

    Those of the file first, then those for CT where the values are in HU; where the file has none,
    the one from its percentiles. None for a picture in colour.
    """
    if picture is None or picture.is_colour:
        return ()
    own = picture.presets or (Preset("Automatic", picture.default_tone()),)
    return (*own, *CT_PRESETS) if picture.unit == "HU" else own


class WindowBox(QWidget):
    """A list of presets, and the numbers of the window. Emits `tone_chosen` with a `Tone`."""

    tone_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Slice | None = None
        self._presets: tuple[Preset, ...] = ()
        self._tone: Tone | None = None
        self.preset = QComboBox()
        self.preset.setAccessibleName("Window preset")
        self.preset.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.preset.setMinimumContentsLength(10)
        self.centre_field = _number("Centre of the window", -_WIDEST)
        self.width_field = _number("Width of the window", 0.0)
        self.preset.activated.connect(self._on_preset_activated)
        for field in (self.centre_field, self.width_field):
            field.valueChanged.connect(self._on_number_changed)
        self._place()
        self.show_image(None, None)

    def show_image(self, picture: Slice | None, tone: Tone | None) -> None:
        """Show the presets of a picture and the tone it is shown with; emits nothing."""
        if picture is not self._picture or not self.preset.count():
            self._picture, self._presets = picture, offered_presets(picture)
            self._fill()
        self._tone = tone
        windowed = bool(self._presets)
        self.preset.setEnabled(windowed)
        for field in (self.centre_field, self.width_field):
            field.setEnabled(windowed)
        self._show_tone(tone)

    def _fill(self) -> None:
        with QSignalBlocker(self.preset):
            self.preset.clear()
            if not self._presets:
                in_colour = self._picture is not None and self._picture.is_colour
                self.preset.addItem(_COLOUR if in_colour else "No image is open")
                return
            for place, preset in enumerate(self._presets):
                key = f"  ({place + 1})" if place < _KEYS else ""
                self.preset.addItem(shortened(preset.name, longest=22) + key)
                self.preset.setItemData(
                    place, f"{preset.name}: {preset.tone.words}", Qt.ItemDataRole.ToolTipRole
                )
            self.preset.addItem(_OWN)

    def _show_tone(self, tone: Tone | None) -> None:
        if not self._presets:
            return
        same = (n for n, preset in enumerate(self._presets) if preset.tone == tone)
        with QSignalBlocker(self.preset):
            self.preset.setCurrentIndex(next(same, len(self._presets)))
        if isinstance(tone, Window):
            for field, value in ((self.centre_field, tone.centre), (self.width_field, tone.width)):
                _show_number(field, value, step=max(abs(tone.width) / 40, 0.01))

    def _place(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        for text, field in (("&C", self.centre_field), ("&W", self.width_field)):
            label = QLabel(text)
            label.setBuddy(field)
            row.addWidget(label)
            row.addWidget(field, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.preset)
        column.addLayout(row)

    @Slot(int)
    def _on_preset_activated(self, place: int) -> None:
        if place < len(self._presets):
            self._choose(self._presets[place].tone)

    @Slot()
    def _on_number_changed(self) -> None:
        width = self.width_field.value()
        if width <= 0 or not self._presets:
            return
        function = self._tone.function if isinstance(self._tone, Window) else "linear_exact"
        width = max(width, 1.0) if function == "linear" else width
        self._choose(Window(self.centre_field.value(), width, function))

    def _choose(self, tone: Tone) -> None:
        if tone != self._tone:
            self._tone = tone
            self._show_tone(tone)
            self.tone_chosen.emit(tone)


def _show_number(field: QDoubleSpinBox, value: float, *, step: float) -> None:
    """Only what is another number: a field draws itself anew also for the same one."""
    with QSignalBlocker(field):
        if field.singleStep() != step:
            field.setSingleStep(step)
        if field.value() != round(value, field.decimals()):
            field.setValue(value)


def _number(name: str, lowest: float) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setAccessibleName(name)
    field.setToolTip(name)
    field.setRange(lowest, _WIDEST)
    field.setDecimals(2)
    field.setKeyboardTracking(False)
    field.setMinimumWidth(50)
    field.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    return field
