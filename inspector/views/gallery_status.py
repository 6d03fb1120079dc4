"""How far the scan of a gallery is, and which images it left out."""

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from inspector.core.optimal import Left, OptimalImages
from inspector.views.elided_label import ElidedLabel
from inspector.views.gallery_shown import ScanShown
from inspector.views.gallery_words import left_out_text, scan_text
from inspector.views.popover import Popover
from inspector.views.record_table import RecordModel, RecordTable
from inspector.views.theme import theme_of

_LINE = 3
_WIDE, _HIGH = 520, 260


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
        self.left_out.setToolTip("Which images could not be read, and why")
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
        panel = LeftOutPopover(self._left, parent=self)
        panel.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        panel.show_at(self.left_out)


class LeftOutPopover(Popover):
    """Images that are not in the results, each with the reason; rows can be copied."""

    def __init__(self, left: Left, *, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedWidth(_WIDE)
        self.add_text("These images could not be read, and are not in the results:")
        model = RecordModel(
            ("Image", "Why"),
            ("Its name in the folder", "What was wrong with it"),
            text=lambda pair, column: str(pair[column]),
        )
        model.replace(left)
        self.table = RecordTable("Images that were left out, with the reason", model)
        model.setParent(self.table)
        self.table.setFixedHeight(_HIGH)
        self.table.setColumnWidth(0, _WIDE // 3)
        self.column.addWidget(self.table)
        self.table.setFocus()


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
