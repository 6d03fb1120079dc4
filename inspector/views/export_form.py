"""What to export, how large, in which format, and where to."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from inspector.core.figures import (
    MOST_MODES,
    WIDTH_PRESETS,
    FigureFormat,
    FigureKind,
    FigureStyle,
)
from inspector.views.elided_label import Elide, ElidedLabel
from inspector.views.export_files import FORMAT_WORDS, KIND_WORDS, bare_name, files_of

_CUSTOM = "Custom width"
_OF_SEVERAL_MODES = (FigureKind.MODES, FigureKind.RANKED)
_FILES = len(files_of("", FigureFormat.PDF))


def ask_folder(parent: QWidget, folder: Path) -> Path | None:
    """Let the user choose a folder; None when they thought better of it."""
    chosen = QFileDialog.getExistingDirectory(parent, "Folder of the figures", str(folder))
    return Path(chosen) if chosen else None


class ExportForm(QWidget):
    """The fields of the export dialog; emits `changed` when the user changed one."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kinds: tuple[FigureKind, ...] = ()
        self._kind_before: FigureKind | None = None
        self._kind = _choice("Figure")
        self._width = _choice("Width")
        self._custom = QDoubleSpinBox()
        self._format = _choice("Format")
        self._dpi = QSpinBox()
        self._modes = QSpinBox()
        self._name = QLineEdit()
        self._folder = QLineEdit()
        self._choose = QPushButton("C&hoose…")
        self._files = [(ElidedLabel(elide=Elide.ElideMiddle), _dim()) for _ in range(_FILES)]
        self._fields = QFormLayout()
        self._fill()
        self._place()
        self._connect()
        self._show_what_applies()

    @property
    def kind(self) -> FigureKind | None:
        """The chosen figure; None while none can be drawn."""
        row = self._kind.currentIndex()
        return self._kinds[row] if 0 <= row < len(self._kinds) else None

    @property
    def style_asked(self) -> FigureStyle:
        """Width, format, resolution and number of modes."""
        width = self._width.currentData() or self._custom.value()
        ending = FigureFormat(self._format.currentData())
        return FigureStyle(width, ending, self._dpi.value(), self._modes.value())

    @property
    def name(self) -> str:
        """The name without an ending."""
        return bare_name(self._name.text())

    @property
    def folder(self) -> Path:
        """The folder, which may not be there."""
        return Path(self._folder.text().strip() or ".").expanduser()

    def set_kinds(self, kinds: Sequence[FigureKind], current: FigureKind | None) -> None:
        """List the figures that can be drawn."""
        with QSignalBlocker(self._kind):
            self._kinds = tuple(kinds)
            self._kind.clear()
            self._kind.addItems([KIND_WORDS[kind] for kind in kinds])
            if current in self._kinds:
                self._kind.setCurrentIndex(self._kinds.index(current))
        self._kind_before = self.kind
        self._show_what_applies()

    def set_style(self, style: FigureStyle) -> None:
        """Show width, format, resolution and number of modes."""
        with QSignalBlocker(self._width), QSignalBlocker(self._format):
            row = self._width.findData(style.width_mm)
            self._width.setCurrentIndex(row if row >= 0 else self._width.count() - 1)
            self._format.setCurrentIndex(self._format.findData(style.format.value))
        with (
            QSignalBlocker(self._custom),
            QSignalBlocker(self._dpi),
            QSignalBlocker(self._modes),
        ):
            self._custom.setValue(style.width_mm)
            self._dpi.setValue(style.dpi)
            self._modes.setValue(style.modes)
        self._show_what_applies()

    def set_base(self, base: Path) -> None:
        """Show folder and name."""
        with QSignalBlocker(self._name), QSignalBlocker(self._folder):
            self._name.setText(base.name)
            self._folder.setText(str(base.parent))
            self._folder.setToolTip(str(base.parent))
        self._show_files()

    def _fill(self) -> None:
        for text, width in WIDTH_PRESETS.items():
            self._width.addItem(text, width)
        self._width.addItem(_CUSTOM, None)
        for ending, text in FORMAT_WORDS.items():
            self._format.addItem(text, ending.value)
        self._custom.setRange(30, 400)
        self._custom.setDecimals(1)
        self._custom.setSuffix(" mm")
        self._custom.setAccessibleName("Custom width in millimetres")
        self._dpi.setRange(72, 1200)
        self._dpi.setSingleStep(50)
        self._dpi.setSuffix(" dpi")
        self._dpi.setAccessibleName("Resolution in dots per inch")
        self._modes.setRange(1, MOST_MODES)
        self._modes.setAccessibleName("Number of modes")
        for field in (self._custom, self._dpi, self._modes):
            field.setMinimumWidth(110)
        style = FigureStyle()
        self._custom.setValue(style.width_mm)
        self._dpi.setValue(style.dpi)
        self._modes.setValue(style.modes)
        self._width.setCurrentIndex(self._width.findData(style.width_mm))

    def _place(self) -> None:
        self._choose.setAutoDefault(False)
        folder = QHBoxLayout()
        folder.addWidget(self._folder, 1)
        folder.addWidget(self._choose)
        self._fields.setContentsMargins(0, 0, 0, 0)
        self._fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._fields.addRow("Fi&gure", self._kind)
        self._fields.addRow("M&odes", self._modes)
        self._fields.addRow("&Width", self._width)
        self._fields.addRow("", self._custom)
        self._fields.addRow("For&mat", self._format)
        self._fields.addRow("&Resolution", self._dpi)
        self._fields.addRow("&Name", self._name)
        self._fields.addRow("Fol&der", folder)
        self._fields.labelForField(folder).setBuddy(self._folder)  # type: ignore[attr-defined]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(self._fields)
        column.addSpacing(4)
        column.addWidget(_dim("These files are written:"))
        column.addLayout(self._file_grid())

    def _file_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(10, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.setHorizontalSpacing(12)
        grid.setColumnStretch(0, 1)
        for row, (name, holds) in enumerate(self._files):
            grid.addWidget(name, row, 0)
            grid.addWidget(holds, row, 1)
        return grid

    def _connect(self) -> None:
        self._kind.currentIndexChanged.connect(self._on_kind_changed)
        self._width.currentIndexChanged.connect(self._on_field_changed)
        self._format.currentIndexChanged.connect(self._on_field_changed)
        self._custom.valueChanged.connect(self._on_field_changed)
        self._dpi.valueChanged.connect(self._on_field_changed)
        self._modes.valueChanged.connect(self._on_field_changed)
        self._name.textChanged.connect(self._on_field_changed)
        self._folder.textChanged.connect(self._on_field_changed)
        self._choose.clicked.connect(self._on_choose_clicked)

    def _show_what_applies(self) -> None:
        self._fields.setRowVisible(self._modes, self.kind in _OF_SEVERAL_MODES)
        self._fields.setRowVisible(self._custom, self._width.currentData() is None)
        is_png = self._format.currentData() == FigureFormat.PNG.value
        self._fields.setRowVisible(self._dpi, is_png)
        self._show_files()

    def _show_files(self) -> None:
        files = files_of(self.name or "…", self.style_asked.format)
        for (name, holds), (text, what) in zip(self._files, files, strict=True):
            name.setText(text)
            holds.setText(what)

    def _on_kind_changed(self) -> None:
        """Give the figure the name of its kind where it had the name of the other."""
        old, new = self._kind_before, self.kind
        self._kind_before = new
        if old and new and old.value in self._name.text():
            with QSignalBlocker(self._name):
                self._name.setText(self._name.text().replace(old.value, new.value))
        self._on_field_changed()

    def _on_field_changed(self) -> None:
        self._show_what_applies()
        self.changed.emit()

    def _on_choose_clicked(self) -> None:
        chosen = ask_folder(self, self.folder)
        if chosen is not None:
            self._folder.setText(str(chosen))
            self._folder.setToolTip(str(chosen))


def _choice(name: str) -> QComboBox:
    choice = QComboBox()
    choice.setAccessibleName(name)
    choice.setMinimumContentsLength(12)
    choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    choice.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return choice


def _dim(text: str = "") -> ElidedLabel:
    return ElidedLabel(text, role=QPalette.ColorRole.PlaceholderText)
