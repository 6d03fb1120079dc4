"""The few options of the maps, in words; more of them folded away."""

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QLabel,
    QScrollArea,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from inspector.core.images import Slice, Tone
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.modes import ModeOptions, Product, TokenSpace
from inspector.core.preparation import Preparation
from inspector.core.selection import Selection
from inspector.views.choice_box import choice_box, show_choice
from inspector.views.modes_words import SPACE_SAYS, SPACE_WORDS
from inspector.views.pair_switch import PairSwitch
from inspector.views.preparation_box import PreparationBox
from inspector.views.window_box import WindowBox

_LIMITS = {"own": "Each map its own", "shared": "Shared by A and B"}
_LIMITS_OF_GALLERY = {"own": "Each map its own", "shared": "Shared in a row"}
_PERCENT = 100
_DOT = " · "
_GAP = 8


class MapOptions(QWidget):
    """Colours, brightness, limits, window and what is drawn; behind "More" what is computed.

    Setters never emit; nothing is remembered here.

    Signals
    -------
    style_changed(style)
        Another `MapStyle`.
    selection_changed(selection)
        Another product, token space or folding.
    tone_chosen(tone)
        Another window, or table of the file.
    preparation_chosen(preparation)
        Images are prepared otherwise.
    """

    style_changed = Signal(object)
    selection_changed = Signal(object)
    tone_chosen = Signal(object)
    preparation_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._style, self._selection = MapStyle(), Selection()
        self._shown_style: MapStyle | None = None
        self._shown_options: tuple[ModeOptions, TokenSpace] | None = None
        self._labels: dict[QWidget, QLabel] = {}
        self.pair = PairSwitch()
        self.opacity = _slider("Opacity of the overlay")
        self.dim = _slider("Brightness of the image below")
        self.limits = choice_box("Colour limits", _LIMITS)
        self.window_box = WindowBox()
        self.grid = _check("Token &grid", "Draw where the tokens lie")
        self.seen = _check("What the model sa&w", "Show the model's input instead of the original")
        self.flipped = _check("&Flip the sign", "Show (−u, −v) instead of (u, v)")
        self.smooth = _check("S&mooth", "Interpolate between patches; stamped on figures")
        self.product = choice_box("Product", {product: product.label for product in Product})
        self.space = choice_box("Tokens", SPACE_WORDS)
        self.fold = _check(
            "Fold the &norm into the weights", "Gain and offset of the norm before attention"
        )
        self.augment = _check("Bias as a &further column", "Modes of [W b] instead of W")
        self.preparation_box = PreparationBox()
        self.more = QToolButton()
        self.more.setText("More")
        self.more.setAccessibleName("More options")
        self.more.setCheckable(True)
        self.more.setAutoRaise(True)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._place()
        self._connect()
        self.show_style(self._style)
        self.show_selection(self._selection)
        self._on_more_toggled()

    def show_style(self, style: MapStyle) -> None:
        """Show how maps are drawn; emits nothing."""
        if style == self._shown_style:
            return
        self._style = self._shown_style = style
        self.pair.show_pair(style.pair)
        self._labels[self.pair].setText(f"Colo&urs{_DOT}{_short(style.pair)}")
        show_choice(self.limits, style.limits)
        for slider, value in ((self.opacity, style.opacity), (self.dim, style.dim)):
            with QSignalBlocker(slider):
                slider.setValue(round(value * _PERCENT))
            text = self._labels[slider].text().partition(_DOT)[0]
            self._labels[slider].setText(f"{text}{_DOT}{round(value * _PERCENT)} %")
        for check, on in (
            (self.grid, style.grid),
            (self.seen, style.seen),
            (self.flipped, style.flipped),
            (self.smooth, style.smooth),
        ):
            _show_check(check, on=on)

    def show_selection(self, selection: Selection) -> None:
        """Show which product and tokens are meant; emits nothing."""
        self._selection = selection
        options = selection.options
        if (options, selection.space) == self._shown_options:
            return
        self._shown_options = (options, selection.space)
        show_choice(self.product, options.product)
        show_choice(self.space, selection.space)
        self.space.setToolTip(SPACE_SAYS[selection.space])
        _show_check(self.fold, on=options.fold_norm)
        _show_check(self.augment, on=options.augment_bias)

    def show_image(self, picture: Slice | None, tone: Tone | None) -> None:
        """Show the windows of a picture, and which it is shown with; emits nothing."""
        self.window_box.show_image(picture, tone)
        self.preparation_box.show_channels(colour=picture is not None and picture.is_colour)

    def show_preparation(
        self, now: Preparation | None, default: Preparation | None, *, native: bool, step: int = 1
    ) -> None:
        """Show how images are prepared, and what the checkpoint says; emits nothing."""
        self.preparation_box.show_preparation(now, default, native=native, step=step)

    def show_for_gallery(self, wanted: bool) -> None:
        """Offer what changes the overlays of a gallery, or all that there is; emits nothing.

        Its images have their own windows, their maps the signs of their rows, and its modes are
        those of query and key.
        """
        for control in (self.window_box, self.grid, self.seen, self.flipped, self.product):
            control.setHidden(wanted)
            if control in self._labels:
                self._labels[control].setHidden(wanted)
        for place, text in enumerate((_LIMITS_OF_GALLERY if wanted else _LIMITS).values()):
            self.limits.setItemText(place, text)

    def _place(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 2, 0)
        column.setSpacing(3)
        for text, control in (
            ("Colo&urs", self.pair),
            ("&Opacity", self.opacity),
            ("Image &brightness", self.dim),
            ("&Limits", self.limits),
        ):
            self._labels[control] = _add(column, text, control)
        self._labels[self.window_box] = _add(
            column, "Wi&ndow", self.window_box, buddy=self.window_box.preset
        )
        column.addSpacing(_GAP)
        for check in (self.grid, self.seen, self.flipped):
            column.addWidget(check)
        column.addSpacing(_GAP)
        column.addWidget(self.more)
        column.addWidget(self._folded())
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    def _folded(self) -> QWidget:
        self._further = QWidget()
        column = QVBoxLayout(self._further)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.smooth)
        self._labels[self.product] = _add(column, "&Product", self.product)
        _add(column, "&Tokens", self.space)
        for check in (self.fold, self.augment):
            column.addWidget(check)
        _add(column, "The model's &input", self.preparation_box, buddy=self.preparation_box.rows)
        return self._further

    def _connect(self) -> None:
        self.pair.chosen.connect(self._on_pair_chosen)
        self.limits.activated.connect(self._on_style_changed)
        for slider in (self.opacity, self.dim):
            slider.valueChanged.connect(self._on_style_changed)
        for check in (self.grid, self.seen, self.flipped, self.smooth):
            check.clicked.connect(self._on_style_changed)
        for box in (self.product, self.space):
            box.activated.connect(self._on_selection_changed)
        for check in (self.fold, self.augment):
            check.clicked.connect(self._on_selection_changed)
        self.window_box.tone_chosen.connect(self.tone_chosen)
        self.preparation_box.preparation_chosen.connect(self.preparation_chosen)
        self.more.toggled.connect(self._on_more_toggled)

    @Slot()
    def _on_style_changed(self) -> None:
        style = replace(
            self._style,
            opacity=self.opacity.value() / _PERCENT,
            dim=self.dim.value() / _PERCENT,
            limits=self.limits.currentData(),
            smooth=self.smooth.isChecked(),
            grid=self.grid.isChecked(),
            flipped=self.flipped.isChecked(),
            seen=self.seen.isChecked(),
        )
        self._restyle(style)

    @Slot(object)
    def _on_pair_chosen(self, pair: ColourPair) -> None:
        self._restyle(replace(self._style, pair=pair))

    def _restyle(self, style: MapStyle) -> None:
        if style != self._style:
            self.show_style(style)
            self.style_changed.emit(style)

    @Slot()
    def _on_selection_changed(self) -> None:
        options = replace(
            self._selection.options,
            product=Product(self.product.currentData()),
            fold_norm=self.fold.isChecked(),
            augment_bias=self.augment.isChecked(),
        )
        space = TokenSpace(self.space.currentData())
        selection = replace(self._selection, options=options, space=space)
        if selection != self._selection:
            self.show_selection(selection)
            self.selection_changed.emit(selection)

    @Slot()
    def _on_more_toggled(self) -> None:
        shown = self.more.isChecked()
        arrow = Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow
        self.more.setArrowType(arrow)
        self._further.setVisible(shown)


def _add(
    column: QVBoxLayout, text: str, control: QWidget, *, buddy: QWidget | None = None
) -> QLabel:
    label = QLabel(text)
    label.setBuddy(buddy or control)
    label.setContentsMargins(0, _GAP if column.count() else 0, 0, 0)
    column.addWidget(label)
    column.addWidget(control)
    return label


def _short(pair: ColourPair) -> str:
    """The name of a pair without what it is good for, which its tooltip says."""
    return pair.label.partition(" (")[0].lower()


def _slider(name: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setAccessibleName(name)
    slider.setRange(0, _PERCENT)
    slider.setPageStep(10)
    return slider


def _check(text: str, says: str) -> QCheckBox:
    check = QCheckBox(text)
    check.setAccessibleName(text.replace("&", ""))
    check.setToolTip(says)
    return check


def _show_check(check: QCheckBox, *, on: bool) -> None:
    with QSignalBlocker(check):
        check.setChecked(on)
