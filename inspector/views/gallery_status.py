"""How far the scan of a gallery is, and which images it left out."""

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from inspector.core.optimal import Left, OptimalImages
from inspector.views.elided_label import ElidedLabel
from inspector.views.gallery_shown import ScanShown
from inspector.views.gallery_words import left_out_text, scan_text
from inspector.views.left_out_popover import LeftOutPopover
from inspector.views.theme import theme_of

_LINE = 3


class GalleryStatus(QWidget):
    """One line of text, a link to what was left out, and a thin line as long as what is done."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._left: Left = ()
        self.text = ElidedLabel(fills=True)
        self.left_out = QToolButton()
        self.left_out.setAutoRaise(True)
        self.left_out.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.left_out.setCursor(Qt.CursorShape.PointingHandCursor)
        self.left_out.setToolTip("Which images are not in the results, and why")
        self.left_out.clicked.connect(self._on_left_out_clicked)
        self.left_out.setFixedHeight(self.fontMetrics().height() + 6)
        self.line = _Line()
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.text, 1)
        row.addWidget(self.left_out)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.line)
        self.show_scan(ScanShown(), None)

    def show_scan(self, scan: ScanShown, found: OptimalImages | None) -> None:
        """Say how far a scan is, and what it found."""
        self.text.setText(scan_text(scan, found))
        self._left = () if found is None else found.left_out
        self.left_out.setText(f"{left_out_text(found)}…")
        self.left_out.setVisible(bool(self._left))
        runs = scan.stage != "idle"
        share = scan.done / scan.total if scan.total else 0.0
        self.line.show_share(share if runs else None, waits=scan.stage == "paused")

    @Slot()
    def _on_left_out_clicked(self) -> None:
        sentence = "These images are not in the results:"
        LeftOutPopover(sentence, self._left, parent=self).show_at(self.left_out)


class _Line(QWidget):
    """As long as the share that is done; paler while the scan waits."""

    def __init__(self) -> None:
        super().__init__()
        self._share: float | None = None
        self._waits = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Progress of the scan")

    def show_share(self, share: float | None, *, waits: bool) -> None:
        """From 0 to 1; None where nothing runs."""
        self._share, self._waits = share, waits
        self.setAccessibleDescription("" if share is None else f"{share:.0%}")
        self.update()

    def sizeHint(self) -> QSize:
        """A thin line, there or not, so that nothing moves when a scan ends."""
        return QSize(60, _LINE)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is done over what there is."""
        if self._share is None:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme_of(self.palette()).grid))
        colour = self.palette().color(QPalette.ColorRole.Highlight)
        if self._waits:
            colour = QColor(theme_of(self.palette()).separator)
        done = self.rect()
        done.setWidth(round(self.width() * min(self._share, 1.0)))
        painter.fillRect(done, colour)
        painter.end()
