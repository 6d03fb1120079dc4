"""The selected block: its panels, and in words what changed in it."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from inspector.core.comparison import BlockComparison
from inspector.views.block_words import (
    block_title,
    length_and_direction,
    missing_matrices,
    reading_of_values,
)
from inspector.views.shown import Shown
from inspector.views.theme import Theme
from inspector.views.vectors_view import VectorsView
from inspector.views.waiting import why_absent


class BlockView(QWidget):
    """Title, words and per-vector panels of the selected block."""

    selected = Signal(object)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel()
        self.nothing = QLabel()
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.relative = QCheckBox("&Relative")
        self.relative.setToolTip("Also show relative distance and norm ratio")
        self.relative.setAccessibleName("Show relative distance and norm ratio")
        self.norms = QCheckBox("&Norms")
        self.norms.setToolTip("Also show the lengths of the vectors in A and B")
        self.norms.setAccessibleName("Show norms")
        self.vectors = VectorsView()
        self.vectors.selected.connect(self.selected)
        self.vectors.hovered.connect(self.hovered)
        for box in (self.relative, self.norms):
            box.toggled.connect(self._on_panels_toggled)
        self._build()

    def draw(self, shown: Shown) -> None:
        """Show the selected block; emits nothing."""
        block = shown.block
        self.title.setText(block_title(block) if block else "")
        self.words.setText(_words(block) if block else "")
        self.nothing.setText("" if block else _why_nothing(shown))
        self._pages.setCurrentIndex(0 if block else 1)
        self.vectors.draw(shown)

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        self.words.setFont(font)
        self.vectors.apply_theme(theme, font)

    def _build(self) -> None:
        bold = self.title.font()
        bold.setBold(True)
        self.title.setFont(bold)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.relative)
        head.addWidget(self.norms)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.vectors)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(3)
        column.addLayout(head)
        column.addWidget(self.words)
        column.addWidget(scroll, 1)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(page)
        self._pages.addWidget(self.nothing)

    @Slot()
    def _on_panels_toggled(self) -> None:
        self.vectors.show_panels(relative=self.relative.isChecked(), norms=self.norms.isChecked())


def _words(block: BlockComparison) -> str:
    sentences = (length_and_direction(block), reading_of_values(block), missing_matrices(block))
    return " ".join(sentence for sentence in sentences if sentence)


def _why_nothing(shown: Shown) -> str:
    comparison, address = shown.comparison, shown.selection.address
    if comparison is None or address is None:
        return "Choose a block: click on the heat map or the tree"
    return f"{address.of_block}: {why_absent(comparison, address.of_block)}"
