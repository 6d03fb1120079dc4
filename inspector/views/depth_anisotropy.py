"""What is known of the anisotropy, and the button that has it computed from a folder."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from inspector.core.scene import DepthScene
from inspector.views.depth_words import anisotropy_text
from inspector.views.elided_label import ElidedLabel
from inspector.views.left_out_popover import LeftOutPopover
from inspector.views.wording import counted

_WHAT = (
    "How alike the middle patches of different images are, block by block: the part of the score "
    "that any two tokens of this model have in common. It needs a folder of images."
)


class AnisotropyBar(QWidget):
    """A line of text, the files that were skipped, and a button. Emits `asked` when pressed."""

    asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._skipped: tuple[tuple[str, str], ...] = ()
        self.text = ElidedLabel()
        self.skipped = QPushButton()
        self.skipped.setFlat(True)
        self.skipped.clicked.connect(self._on_skipped_clicked)
        self.button = QPushButton("&Anisotropy from a folder…")
        self.button.setToolTip(_WHAT)
        self.button.clicked.connect(self.asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.text, 1)
        row.addWidget(self.skipped)
        row.addWidget(self.button)

    def draw(self, scene: DepthScene) -> None:
        """Show what is known of the models of a scene; emits nothing."""
        known = [
            (letter, one)
            for letter, one in zip(scene.letters, scene.anisotropy, strict=True)
            if one is not None
        ]
        sentences = [anisotropy_text(letter, one) for letter, one in known]
        self.text.setText(" · ".join(sentences) or "Anisotropy is not known yet")
        self.text.set_tip(_WHAT if not sentences else "\n".join([*sentences, _WHAT]))
        self._skipped = tuple(dict.fromkeys(pair for _, one in known for pair in one.skipped))
        self.skipped.setVisible(bool(self._skipped))
        self.skipped.setText(f"{counted(len(self._skipped), 'file')} skipped")

    @Slot()
    def _on_skipped_clicked(self) -> None:
        sentence = "These images are not in the mean:"
        LeftOutPopover(sentence, self._skipped, parent=self).show_at(self.skipped)
