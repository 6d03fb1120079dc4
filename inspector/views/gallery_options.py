"""How a scan for optimal images is to be done, in a small panel."""

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLabel, QSpinBox, QWidget

from inspector.core.modes import TokenSpace
from inspector.core.optimal import DEFAULT_MODES, MOST_TOP
from inspector.core.scan_request import ScanChoice
from inspector.views.modes_words import SPACE_WORDS
from inspector.views.popover import Popover
from inspector.views.switch import Switch

_COMPAT_SAYS = (
    "The product of the two largest projections, whatever their signs, of the residual and "
    "without windows: as the published code does, for comparison with published galleries."
)


class GalleryOptionsPopover(Popover):
    """Modes a head, images a mode, and the score. Emits `choice_changed(choice)`."""

    choice_changed = Signal(object)

    def __init__(self, choice: ScanChoice, space: TokenSpace, *, parent: QWidget) -> None:
        super().__init__(parent)
        self._space = space
        self.modes = Switch(
            "Modes of each head",
            {
                "first": (f"First {DEFAULT_MODES}", f"the {DEFAULT_MODES} modes of the largest σ"),
                "all": ("All", "every mode; the results take more room on disk"),
            },
        )
        self.top = QSpinBox()
        self.top.setRange(1, MOST_TOP)
        self.top.setAccessibleName("Images kept of each mode and sign")
        self.compat = QCheckBox("Score as &published")
        self.compat.setToolTip(_COMPAT_SAYS)
        self.tokens = QLabel()
        self.tokens.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Modes of each head", self.modes)
        form.addRow("&Images of each mode", self.top)
        self.column.addLayout(form)
        self.column.addWidget(self.compat)
        self.column.addWidget(self.tokens)
        self._show(choice)
        self.modes.chosen.connect(self._on_changed)
        self.top.valueChanged.connect(self._on_changed)
        self.compat.toggled.connect(self._on_changed)
        self.setFocusProxy(self.top)

    @property
    def choice(self) -> ScanChoice:
        """What is chosen."""
        every = self.modes.button("all").isChecked()
        return ScanChoice(
            None if every else DEFAULT_MODES, self.top.value(), self.compat.isChecked()
        )

    def _show(self, choice: ScanChoice) -> None:
        self.modes.show_choice("all" if choice.modes is None else "first")
        with QSignalBlocker(self.top), QSignalBlocker(self.compat):
            self.top.setValue(choice.top)
            self.compat.setChecked(choice.compat)
        self._say_tokens()

    def _say_tokens(self) -> None:
        residual = SPACE_WORDS[TokenSpace.RESIDUAL]
        if self.compat.isChecked():
            self.tokens.setText(f"Tokens: {residual}, which belongs to the published score.")
        else:
            self.tokens.setText(f"Tokens: {SPACE_WORDS[self._space]}, as chosen for the modes.")

    @Slot()
    def _on_changed(self) -> None:
        self._say_tokens()
        self.choice_changed.emit(self.choice)
