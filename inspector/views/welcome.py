"""The first thing one sees: where to drop a checkpoint, and what was open before."""

from pathlib import Path

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from inspector.views.icons import pixmap
from inspector.views.recent_delegate import RecentDelegate

_WIDTH = 620
_ICON = 72
_RECENT_SHOWN = 8
_OPENS = (
    "Opens .pth, .pt, .ckpt, .bin, .safetensors, .npz and Hugging Face folders of ViT, DeiT, DINO, "
    "MAE, BEiT, EVA, CLIP, Swin and other vision transformers; DICOM, NIfTI, MGZ, NRRD, PNG, JPEG "
    "and TIFF images, and folders of them. Nothing in a file is executed."
)


class WelcomePage(QWidget):
    """One drop area, Open, the samples, and the recent files.

    The page takes no drops itself: the window does, and calls `show_dragging`.
    """

    open_asked = Signal()
    samples_asked = Signal()
    recent_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drop = _DropArea()
        self._drop.open_button.clicked.connect(self.open_asked)
        self._drop.samples_button.clicked.connect(self.samples_asked)
        self._caption = QLabel("&Recent")
        self._recent = QListWidget()
        self._opens = QLabel(_OPENS)
        self._place()

    def show_recent(self, paths: list[str]) -> None:
        """List the files opened before, newest first; those that are gone are greyed."""
        self._recent.clear()
        for path in paths[:_RECENT_SHOWN]:
            self._recent.addItem(_recent_item(Path(path)))
        self._caption.setVisible(bool(paths))
        self._recent.setVisible(bool(paths))
        self._recent.setFixedHeight(self._recent.count() * self._row_height() + 4)

    def show_dragging(self, dragging: bool) -> None:
        """Light the drop area up while files are held over the window."""
        self._drop.show_dragging(dragging)

    def _row_height(self) -> int:
        return max(self._recent.sizeHintForRow(0), 0)

    def _place(self) -> None:
        self._prepare_recent()
        self._opens.setWordWrap(True)
        self._opens.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._opens.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        inner = QWidget()
        inner.setMaximumWidth(_WIDTH)
        inner.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._drop)
        column.addWidget(self._opens)
        column.addSpacing(10)
        column.addWidget(self._caption)
        column.addWidget(self._recent)
        outer = QHBoxLayout()
        outer.addStretch(1)
        outer.addWidget(inner, 1000)
        outer.addStretch(1)
        page = QVBoxLayout(self)
        page.setContentsMargins(24, 24, 24, 24)
        page.addStretch(2)
        page.addLayout(outer)
        page.addStretch(3)

    def _prepare_recent(self) -> None:
        self._caption.setBuddy(self._recent)
        self._caption.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._recent.setItemDelegate(RecentDelegate(self._recent))
        self._recent.setFrameShape(QFrame.Shape.NoFrame)
        self._recent.setAccessibleName("Recent files")
        self._recent.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._recent.viewport().setAutoFillBackground(False)
        self._recent.setMouseTracking(True)
        self._recent.itemActivated.connect(self._on_item_activated)
        self._recent.itemClicked.connect(self._on_item_activated)
        self._caption.hide()
        self._recent.hide()

    def _on_item_activated(self, item: QListWidgetItem) -> None:
        self.recent_chosen.emit(item.data(Qt.ItemDataRole.UserRole))


class _DropArea(QFrame):
    def __init__(self) -> None:
        super().__init__()
        self._dragging = False
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._headline = _centred("Drop a checkpoint, two checkpoints, or an image", scale=1.5)
        self._hint = _centred(
            "The first checkpoint is the reference A; every other one is compared with it."
        )
        self._hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.open_button = QPushButton("&Open…")
        self.open_button.setDefault(True)
        self.samples_button = QPushButton("&Try the samples")
        self._place()

    def show_dragging(self, dragging: bool) -> None:
        self._dragging = dragging
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        palette = self.palette()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        role = QPalette.ColorRole
        edge = palette.color(role.Highlight if self._dragging else role.PlaceholderText)
        fill = palette.color(role.Highlight if self._dragging else role.Base)
        if self._dragging:
            fill.setAlphaF(0.14)
        painter.setPen(QPen(edge, 2 if self._dragging else 1.4, Qt.PenStyle.DashLine))
        painter.setBrush(fill)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 14, 14)
        painter.end()

    def _place(self) -> None:
        colour = self.palette().color(QPalette.ColorRole.WindowText)
        self._icon.setPixmap(pixmap("vit-inspector", colour, side=_ICON, ratio=3.0))
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch(1)
        for button in (self.open_button, self.samples_button):
            button.setMinimumSize(QSize(132, 32))
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 34, 28, 34)
        column.setSpacing(6)
        column.addWidget(self._icon)
        column.addSpacing(10)
        column.addWidget(self._headline)
        column.addWidget(self._hint)
        column.addSpacing(16)
        column.addLayout(buttons)


def _centred(text: str, *, scale: float = 1.0) -> QLabel:
    label = QLabel(text)
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    label.setWordWrap(True)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * scale)
    if scale > 1:
        font.setWeight(QFont.Weight.DemiBold)
    label.setFont(font)
    return label


def _recent_item(path: Path) -> QListWidgetItem:
    there = path.exists()
    item = QListWidgetItem(path.name or str(path))
    item.setData(Qt.ItemDataRole.UserRole, str(path))
    item.setToolTip(str(path) if there else f"{path} is no longer there")
    if not there:
        item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item
