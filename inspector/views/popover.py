"""Small panels that open beside a button and close when one clicks elsewhere."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

_WIDTH = 300
_LIST_HEIGHT = 150
_MOST_HEADS = 256


class Popover(QFrame):
    """An empty panel; Esc closes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(12, 10, 12, 12)
        self.column.setSpacing(8)
        self.setFixedWidth(_WIDTH)

    def show_at(self, anchor: QWidget) -> None:
        """Open below `anchor`, moved so that it lies on the screen."""
        self.adjustSize()
        place = anchor.mapToGlobal(QPoint(0, anchor.height() + 2))
        area = anchor.screen().availableGeometry()
        x = max(area.left(), min(place.x(), area.right() - self.width()))
        y = max(area.top(), min(place.y(), area.bottom() - self.height()))
        self.move(x, y)
        self.show()

    def add_text(self, text: str) -> None:
        """Append a sentence."""
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        self.column.addWidget(label)


class AssumedPopover(Popover):
    """What was assumed of a model; with `heads` given, a field to correct their number.

    Emits `heads_corrected(heads)`.
    """

    heads_corrected = Signal(int)

    def __init__(self, assumed: Sequence[str], *, heads: int | None, parent: QWidget) -> None:
        super().__init__(parent)
        for sentence in assumed:
            self.add_text(sentence)
        if heads is not None:
            self._add_heads(heads)

    def _add_heads(self, heads: int) -> None:
        self._heads = QSpinBox()
        self._heads.setRange(1, _MOST_HEADS)
        self._heads.setValue(heads)
        self._heads.selectAll()
        caption = QLabel("&Heads in stage 0")
        caption.setBuddy(self._heads)
        self._apply = QPushButton("&Correct")
        self._apply.clicked.connect(self._on_apply_clicked)
        self._heads.lineEdit().returnPressed.connect(self._on_apply_clicked)
        row = QHBoxLayout()
        row.addWidget(caption, 1)
        row.addWidget(self._heads)
        row.addWidget(self._apply)
        self.column.addLayout(row)
        self.setFocusProxy(self._heads)
        self._heads.setFocus()

    def _on_apply_clicked(self) -> None:
        self.close()
        self.heads_corrected.emit(self._heads.value())


class ClassesPopover(Popover):
    """The classes a file names, none of which was run."""

    def __init__(self, sentence: str, classes: Sequence[str], *, parent: QWidget) -> None:
        super().__init__(parent)
        self.add_text(sentence)
        shown = QListWidget()
        shown.addItems(list(classes))
        shown.setMaximumHeight(_LIST_HEIGHT)
        shown.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        shown.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        shown.setAccessibleName("Classes named in the file")
        for row in range(shown.count()):
            shown.item(row).setToolTip(classes[row])
        self.column.addWidget(shown)
        shown.setFocus()
