"""Where images and their masks are, before something is measured with them."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from inspector.core.errors import BadRequest
from inspector.core.measuring import MaskFolders, MaskMeasure
from inspector.views.folder_field import FolderField
from inspector.views.switch import Switch

REST_MS = 300
"""How long the user types nothing before files are counted."""
_WIDTH = 560
_MOST_LABEL = 2**31 - 1
_TITLES: dict[MaskMeasure, str] = {
    "preference": "Measure attention preference",
    "same-object": "Measure same-object probability",
}
_SAYS: dict[MaskMeasure, str] = {
    "preference": (
        "Where the attention of a target and of a distractor goes: to its own kind, to the other, "
        "or to the background. A mask belongs to the image of the same name."
    ),
    "same-object": (
        "How often the query and the key of a mode favour the same object. A label map belongs to "
        "the image of the same name; every number in it above 0 is an object."
    ),
}


class MeasureDialog(QDialog):
    """Asks for folders; the models are run once `measure_asked` is answered.

    Signals
    -------
    measure_asked(folders)
        `MaskFolders`, all of which exist; the dialog closes.
    count_asked(folders)
        How many of the images have masks is to be told with `show_count`.
    """

    measure_asked = Signal(object)
    count_asked = Signal(object)

    def __init__(self, measure: MaskMeasure, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._measure: MaskMeasure = measure
        self._asked: MaskFolders | None = None
        self.setWindowTitle(_TITLES[measure])
        self.images = FolderField("Folder of images")
        self.masks = Switch(
            "Masks",
            {
                "masks": ("Masks", "a folder of masks for targets, and one for distractors"),
                "labels": ("Label maps", "one folder of label maps, and two of their labels"),
            },
        )
        self.targets = FolderField("Masks of targets")
        self.distractors = FolderField("Masks of distractors")
        self.background = FolderField("Masks of the background", optional="all else")
        self.labels = FolderField("Label maps")
        self.target, self.distractor = _label_box("Label of targets"), _label_box("of distractors")
        self.distractor.setValue(2)
        self.says = QLabel()
        self.start = QPushButton("&Measure")
        self.cancel = QPushButton("Cancel")
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._by_labels = measure == "same-object"
        self._place()
        self._connect()
        self._show_what_applies()
        self._on_changed()

    @property
    def folders(self) -> MaskFolders | None:
        """What is asked for; None while something is missing."""
        images = self.images.folder
        if images is None:
            return None
        try:
            if self._by_labels:
                pair = (self.target.value(), self.distractor.value())
                is_pair = self._measure == "preference"
                return MaskFolders(
                    self._measure,
                    images,
                    labels=self.labels.folder,
                    pair=pair if is_pair else None,
                )
            return MaskFolders(
                self._measure,
                images,
                self.targets.folder,
                self.distractors.folder,
                self.background.folder,
            )
        except BadRequest:
            return None

    def show_folders(self, folders: MaskFolders) -> None:
        """Begin with what was asked for the last time."""
        self._by_labels = folders.labels is not None
        for field, folder in (
            (self.images, folders.images),
            (self.targets, folders.targets),
            (self.distractors, folders.distractors),
            (self.background, folders.background),
            (self.labels, folders.labels),
        ):
            field.show_folder(folder)
        if folders.pair is not None:
            self.target.setValue(folders.pair[0])
            self.distractor.setValue(folders.pair[1])
        self._show_what_applies()
        self._on_changed()

    def show_images(self, folder: Path) -> None:
        """Begin with a folder of images."""
        self.images.show_folder(folder)
        self._on_changed()

    def show_count(self, folders: MaskFolders, text: str, *, any_match: bool) -> None:
        """Say how many images have masks, where that is still what is asked for."""
        if folders == self._asked:
            self.says.setText(text)
            self.start.setEnabled(any_match)

    def _place(self) -> None:
        about = QLabel(_SAYS[self._measure])
        about.setWordWrap(True)
        self._form = QFormLayout()
        self._form.setVerticalSpacing(8)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        pair = QHBoxLayout()
        pair.setSpacing(6)
        pair.addWidget(self.target)
        pair.addWidget(QLabel("and of distractors"))
        pair.addWidget(self.distractor)
        pair.addStretch(1)
        self._pair = QWidget()
        pair.setContentsMargins(0, 0, 0, 0)
        self._pair.setLayout(pair)
        for text, field in (
            ("&Images", self.images),
            ("Objects from", self.masks),
            ("&Targets", self.targets),
            ("&Distractors", self.distractors),
            ("&Background", self.background),
            ("&Label maps", self.labels),
            ("Label of targets", self._pair),
        ):
            self._form.addRow(text, field)
        self.says.setWordWrap(True)
        self.says.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.says.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.says.setAlignment(Qt.AlignmentFlag.AlignTop)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.cancel, self.start):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        self.start.setDefault(True)
        whole = QVBoxLayout(self)
        whole.setSpacing(12)
        whole.addWidget(about)
        whole.addLayout(self._form)
        whole.addWidget(self.says)
        whole.addLayout(buttons)
        self.setMinimumWidth(_WIDTH)

    def _connect(self) -> None:
        for field in (
            self.images, self.targets, self.distractors, self.background, self.labels,
        ):  # fmt: skip
            field.changed.connect(self._on_changed)
        for box in (self.target, self.distractor):
            box.valueChanged.connect(self._on_changed)
        self.masks.chosen.connect(self._on_masks_chosen)
        self.start.clicked.connect(self._on_start_clicked)
        self.cancel.clicked.connect(self.reject)
        self._rest.timeout.connect(self._on_rested)

    def _show_what_applies(self) -> None:
        preference = self._measure == "preference"
        self.masks.show_choice("labels" if self._by_labels else "masks")
        for field, applies in (
            (self.masks, preference),
            (self.targets, not self._by_labels),
            (self.distractors, not self._by_labels),
            (self.background, not self._by_labels),
            (self.labels, self._by_labels),
            (self._pair, self._by_labels and preference),
        ):
            self._form.setRowVisible(field, applies)
        self.adjustSize()

    def _problem(self, folders: MaskFolders | None) -> str:
        """Why nothing can be measured yet; empty where it can."""
        if folders is None:
            if self._by_labels and self.target.value() == self.distractor.value():
                return "Targets and distractors have different labels."
            return "Choose the folder of images and those of their masks."
        missing = [folder for folder in folders.folders if not folder.is_dir()]
        return f"There is no folder “{missing[0]}”." if missing else ""

    @Slot()
    def _on_changed(self) -> None:
        """Check at once what can be; files are counted when the user rests."""
        folders = self.folders
        problem = self._problem(folders)
        self._asked = None if problem else folders
        self.says.setText(problem or "Counting the images that have masks…")
        self.start.setEnabled(not problem)
        if problem:
            self._rest.stop()
        else:
            self._rest.start()

    @Slot(str)
    def _on_masks_chosen(self, which: str) -> None:
        self._by_labels = which == "labels"
        self._show_what_applies()
        self._on_changed()

    @Slot()
    def _on_rested(self) -> None:
        if self._asked is not None:
            self.count_asked.emit(self._asked)

    @Slot()
    def _on_start_clicked(self) -> None:
        folders = self.folders
        if folders is not None and not self._problem(folders):
            self.measure_asked.emit(folders)
            self.accept()


def _label_box(name: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(0, _MOST_LABEL)
    box.setValue(1)
    box.setAccessibleName(name)
    return box
