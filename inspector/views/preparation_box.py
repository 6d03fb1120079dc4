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

from inspector.core.preparation import LARGEST_SIDE, Fit, Preparation

_FITS: dict[Fit, str] = {
    "squash": "Squash both sides",
    "crop": "Centre crop",
    "pad": "Pad to the shape",
}
_NO_MODEL = "No model is run."
_USUAL = (224, 224)


class PreparationBox(QWidget):
    """Size, fit, crop and native size. Emits `preparation_chosen` with a `Preparation`."""

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
        self.share.setAccessibleName("Share of the shorter side that a crop keeps")
        self.share.setRange(1.0, 100.0)
        self.share.setSuffix(" %")
        self.share.setDecimals(1)
        self.share.setKeyboardTracking(False)
        self.native = QCheckBox("&Native size")
        self.native.setAccessibleName("Native size: the image is not resized")
        self.reset = QPushButton("As the checkpoint &says")
        self._place()
        self._connect()
        self.show_preparation(None, None, native=False)

    def show_preparation(
        self, now: Preparation | None, default: Preparation | None, *, native: bool, step: int = 1
    ) -> None:
        """Show how images are prepared, and what the checkpoint says; emits nothing.

        `native` says whether the model takes images of any size, `step` what a side is a multiple
        of.
        """
        self._now, self._default, self._step = now, default, max(step, 1)
        parts = (self.rows, self.columns, self.fit, self.share, self.native, self.reset)
        for part in parts:
            part.setEnabled(now is not None)
        if now is None:
            self.words.setText(_NO_MODEL)
            return
        source = f" ({now.source})" if now.source else ""
        self.words.setText(f"{now.words}{source}")
        self.native.setVisible(native)
        self.reset.setEnabled(now != default and default is not None)
        resized = now.size is not None
        for part in (self.rows, self.columns, self.fit):
            part.setEnabled(resized)
        self.share.setEnabled(resized and now.fit == "crop")
        self._fill(now)

    def _fill(self, now: Preparation) -> None:
        blocked = [
            QSignalBlocker(part)
            for part in (self.rows, self.columns, self.fit, self.share, self.native)
        ]
        for side, value in zip((self.rows, self.columns), now.size or (), strict=False):
            side.setSingleStep(self._step)
            side.setValue(value)
        self.fit.setCurrentIndex(self.fit.findData(now.fit))
        self.share.setValue(100 * now.crop_share)
        self.native.setChecked(now.size is None)
        for blocker in blocked:
            blocker.unblock()

    def _place(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(4)
        by = QLabel("×")
        for place, widget in enumerate((self.rows, by, self.columns)):
            grid.addWidget(widget, 0, place)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(2, 1)
        kept = QLabel("Crop &keeps")
        kept.setBuddy(self.share)
        grid.addWidget(self.fit, 1, 0, 1, 3)
        grid.addWidget(kept, 2, 0, 1, 2)
        grid.addWidget(self.share, 2, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.words)
        column.addLayout(grid)
        column.addWidget(self.native)
        column.addWidget(self.reset)

    def _connect(self) -> None:
        for side in (self.rows, self.columns):
            side.valueChanged.connect(self._on_changed)
        self.fit.activated.connect(self._on_changed)
        self.share.valueChanged.connect(self._on_changed)
        self.native.clicked.connect(self._on_changed)
        self.reset.clicked.connect(self._on_reset_clicked)

    @Slot()
    def _on_changed(self) -> None:
        if self._now is None:
            return
        if self._now.size is None:
            self._fill_usual()
        size = (self._rounded(self.rows.value()), self._rounded(self.columns.value()))
        self._choose(
            replace(
                self._now,
                size=None if self.native.isChecked() else size,
                fit=self.fit.currentData(),
                crop_share=self.share.value() / 100,
            )
        )

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


def _side(name: str) -> QSpinBox:
    side = QSpinBox()
    side.setAccessibleName(name)
    side.setToolTip(name)
    side.setRange(1, LARGEST_SIDE)
    side.setKeyboardTracking(False)
    return side
