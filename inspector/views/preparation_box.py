"""How an image is made into the model's input: shown in words, and changed."""

from dataclasses import replace
from typing import get_args

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from inspector.core.preparation import LARGEST_SIDE, Fit, Interpolation, Preparation
from inspector.views.normalisation_box import NormalisationBox, Statistics

_FITS: dict[Fit, str] = {
    "squash": "Squash both sides",
    "crop": "Centre crop",
    "pad": "Pad to the shape",
}
_KEPT: dict[Fit, tuple[str, str]] = {
    "squash": ("&Keeps, both sides", "Share of both sides that a squash keeps of the centre"),
    "crop": ("&Keeps, shorter side", "Share of the shorter side that a crop keeps"),
    "pad": ("&Keeps, both sides", "Padding keeps the whole image"),
}
_INTERPOLATIONS: dict[Interpolation, str] = {
    "nearest": "Nearest",
    "bilinear": "Bilinear",
    "bicubic": "Bicubic",
    "lanczos": "Lanczos",
}
_NO_MODEL = "No model is run."
_GREY = "Grey is given as three equal channels."
_COLOUR = "Colour is given as red, green and blue."
_USUAL = (224, 224)
_GAP = 4


class PreparationBox(QWidget):
    """Size, fit, what is kept, interpolation, mean and standard deviation.

    Emits `preparation_chosen` with a `Preparation`.
    """

    preparation_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._now: Preparation | None = None
        self._default: Preparation | None = None
        self._step = 1
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.rows = _side("Rows of the model's input")
        self.columns = _side("Columns of the model's input")
        self.fit = QComboBox()
        self.fit.setAccessibleName("How the image is fitted to the model's input")
        for fit in get_args(Fit):
            self.fit.addItem(_FITS[fit], fit)
        self.share = QDoubleSpinBox()
        self.share.setRange(1.0, 100.0)
        self.share.setSuffix(" %")
        self.share.setDecimals(1)
        self.share.setKeyboardTracking(False)
        self.interpolation = QComboBox()
        self.interpolation.setAccessibleName("Interpolation of the resize")
        for interpolation in get_args(Interpolation):
            self.interpolation.addItem(_INTERPOLATIONS[interpolation], interpolation)
        self.native = QCheckBox("&Native size")
        self.native.setAccessibleName("Native size: the image is not resized")
        self.normalisation = NormalisationBox()
        self.channels = QLabel()
        self.channels.setWordWrap(True)
        self.reset = QPushButton("As the checkpoint &says")
        self._kept = QLabel()
        self._place()
        self._connect()
        self.show_preparation(None, None, native=False)
        self.show_channels(colour=False)

    def show_preparation(
        self, now: Preparation | None, default: Preparation | None, *, native: bool, step: int = 1
    ) -> None:
        """Show how images are prepared, and what the checkpoint says; emits nothing.

        `native` says whether the model takes images of any size, `step` what a side is a multiple
        of.
        """
        self._now, self._default, self._step = now, default, max(step, 1)
        self.normalisation.show_statistics(_statistics(now), _statistics(default))
        for part in (self.normalisation, self.native, self.reset, *self._resizing()):
            part.setEnabled(now is not None)
        if now is None:
            self.words.setText(_NO_MODEL)
            return
        source = f" ({now.source})" if now.source else ""
        self.words.setText(f"{now.words}{source}")
        self.native.setVisible(native)
        self.reset.setEnabled(now != default and default is not None)
        resized = now.size is not None
        for part in self._resizing():
            part.setEnabled(resized)
        self.share.setEnabled(resized and now.fit != "pad")
        self._fill(now)

    def show_channels(self, *, colour: bool) -> None:
        """Say what the three channels are made of."""
        self.channels.setText(_COLOUR if colour else _GREY)

    def _resizing(self) -> tuple[QWidget, ...]:
        """What says how an image is brought to another size."""
        return (self.rows, self.columns, self.fit, self.share, self.interpolation)

    def _fill(self, now: Preparation) -> None:
        blocked = [QSignalBlocker(part) for part in (self.native, *self._resizing())]
        for side, value in zip((self.rows, self.columns), now.size or (), strict=False):
            side.setSingleStep(self._step)
            side.setValue(value)
        self.fit.setCurrentIndex(self.fit.findData(now.fit))
        shares = {"crop": now.crop_share, "squash": now.squash_share, "pad": 1.0}
        self.share.setValue(100 * shares[now.fit])
        label, says = _KEPT[now.fit]
        self._kept.setText(label)
        self.share.setAccessibleName(says)
        self.share.setToolTip(says)
        self.interpolation.setCurrentIndex(self.interpolation.findData(now.interpolation))
        self.native.setChecked(now.size is None)
        for blocker in blocked:
            blocker.unblock()

    def _place(self) -> None:
        sides = QGridLayout()
        sides.setSpacing(4)
        for place, widget in enumerate((self.rows, QLabel("×"), self.columns)):
            sides.addWidget(widget, 0, place)
        sides.setColumnStretch(0, 1)
        sides.setColumnStretch(2, 1)
        sides.addWidget(self.fit, 1, 0, 1, 3)
        further = QGridLayout()
        further.setSpacing(4)
        resized = QLabel("Int&erpolation")
        for place, (label, part) in enumerate(
            ((self._kept, self.share), (resized, self.interpolation))
        ):
            label.setBuddy(part)
            further.addWidget(label, place, 0)
            further.addWidget(part, place, 1)
        further.setColumnStretch(1, 1)
        normalised = QLabel("Me&an and standard deviation")
        normalised.setBuddy(self.normalisation.choice)
        normalised.setContentsMargins(0, _GAP, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.words)
        column.addLayout(sides)
        column.addLayout(further)
        for part in (self.native, normalised, self.normalisation, self.channels, self.reset):
            column.addWidget(part)

    def _connect(self) -> None:
        for side in (self.rows, self.columns):
            side.valueChanged.connect(self._on_size_changed)
        self.native.clicked.connect(self._on_size_changed)
        self.fit.activated.connect(self._on_resize_chosen)
        self.interpolation.activated.connect(self._on_resize_chosen)
        self.share.valueChanged.connect(self._on_share_changed)
        self.normalisation.statistics_chosen.connect(self._on_statistics_chosen)
        self.reset.clicked.connect(self._on_reset_clicked)

    @Slot()
    def _on_size_changed(self) -> None:
        if self._now is None:
            return
        if self._now.size is None:
            self._fill_usual()
        size = (self._rounded(self.rows.value()), self._rounded(self.columns.value()))
        self._choose(replace(self._now, size=None if self.native.isChecked() else size))

    @Slot()
    def _on_resize_chosen(self) -> None:
        fit, interpolation = self.fit.currentData(), self.interpolation.currentData()
        if self._now is not None:
            self._choose(replace(self._now, fit=fit, interpolation=interpolation))

    @Slot(float)
    def _on_share_changed(self, percent: float) -> None:
        """Of the crop or the squash, whichever it is: each keeps its own."""
        now, share = self._now, percent / 100
        if now is not None and now.fit == "crop":
            self._choose(replace(now, crop_share=share))
        elif now is not None:
            self._choose(replace(now, squash_share=share))

    @Slot(object)
    def _on_statistics_chosen(self, statistics: Statistics) -> None:
        if self._now is not None:
            self._choose(replace(self._now, mean=statistics[0], std=statistics[1]))

    @Slot()
    def _on_reset_clicked(self) -> None:
        if self._default is not None:
            self._choose(self._default)

    def _fill_usual(self) -> None:
        """A size to begin with, where the native one was shown: the checkpoint's, or the usual."""
        usual = _USUAL if self._default is None else self._default.size or _USUAL
        for side, value in zip((self.rows, self.columns), usual, strict=True):
            with QSignalBlocker(side):
                side.setValue(self._rounded(value))

    def _rounded(self, side: int) -> int:
        """The nearest size that patches fit in."""
        return max(round(side / self._step), 1) * self._step

    def _choose(self, chosen: Preparation) -> None:
        default = self._default
        if default is not None and replace(chosen, source=default.source) == default:
            chosen = default
        else:
            chosen = replace(chosen, source="changed here")
        if chosen == self._now:
            return
        self.show_preparation(
            chosen, self._default, native=self.native.isVisibleTo(self), step=self._step
        )
        self.preparation_chosen.emit(chosen)


def _statistics(preparation: Preparation | None) -> Statistics | None:
    return None if preparation is None else (preparation.mean, preparation.std)


def _side(name: str) -> QSpinBox:
    side = QSpinBox()
    side.setAccessibleName(name)
    side.setToolTip(name)
    side.setRange(1, LARGEST_SIDE)
    side.setKeyboardTracking(False)
    return side
