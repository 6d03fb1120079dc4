"""The help pages, read from a folder of Markdown files; the first is the sheet of keys."""

from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, QUrl
from PySide6.QtGui import (
    QBrush,
    QDesktopServices,
    QFont,
    QPalette,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
)
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

KEYS = "keys"

_SIZE = (860, 620)
_LIST_WIDTH = 200
_ROW_HEIGHT = 28
_MARGIN = 22.0
_LINE_HEIGHT = 130.0


class HelpViewer(QDialog):
    """Pages at the left, the chosen one at the right; links between pages stay inside.

    Parameters
    ----------
    folder
        Holds one ``.md`` file a page; the first heading is its title.
    """

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Help")
        self._folder = folder
        self._list = QListWidget()
        self._page = QTextBrowser()
        for path in _pages_in(folder):
            item = QListWidgetItem(_title_of(path))
            item.setData(Qt.ItemDataRole.UserRole, path.stem)
            item.setSizeHint(QSize(0, _ROW_HEIGHT))
            self._list.addItem(item)
        self._place()
        self._list.setCurrentRow(0)
        self._show_current()

    def show_page(self, name: str) -> bool:
        """Show a page by its file name without ending; False where there is none of this name."""
        for row in range(self._list.count()):
            if self._list.item(row).data(Qt.ItemDataRole.UserRole) == name:
                self._list.setCurrentRow(row)
                return True
        return False

    @property
    def page(self) -> str:
        """Name of the page that is shown; empty where there are none."""
        item = self._list.currentItem()
        return str(item.data(Qt.ItemDataRole.UserRole)) if item else ""

    @property
    def text(self) -> str:
        """The page as plain text."""
        return self._page.toPlainText()

    def changeEvent(self, event: QEvent) -> None:
        """Set the page again in other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._show_current()

    def _place(self) -> None:
        self._list.setFixedWidth(_LIST_WIDTH)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setAccessibleName("Help pages")
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.viewport().setAutoFillBackground(False)
        self._list.currentRowChanged.connect(self._show_current)
        self._page.setFrameShape(QFrame.Shape.NoFrame)
        self._page.setOpenLinks(False)
        self._page.setSearchPaths([str(self._folder)])
        self._page.setAccessibleName("Help page")
        self._page.anchorClicked.connect(self._on_anchor_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        side = QVBoxLayout()
        side.setContentsMargins(8, 10, 8, 8)
        side.addWidget(self._list)
        row.addLayout(side)
        row.addWidget(self._page, 1)
        self.resize(*_SIZE)

    def _show_current(self) -> None:
        if not self.page:
            self._page.setPlainText(f"There are no help pages in {self._folder}.")
            return
        path = self._folder / f"{self.page}.md"
        self._page.setMarkdown(path.read_text(encoding="utf-8"))
        self._set_type()
        self._page.moveCursor(QTextCursor.MoveOperation.Start)

    def _set_type(self) -> None:
        """Give the page margins, air between lines, and ruled tables."""
        document = self._page.document()
        document.setDocumentMargin(_MARGIN)
        cursor = QTextCursor(document)
        cursor.select(QTextCursor.SelectionType.Document)
        air = QTextBlockFormat()
        proportional = QTextBlockFormat.LineHeightTypes.ProportionalHeight
        air.setLineHeight(_LINE_HEIGHT, proportional.value)
        cursor.mergeBlockFormat(air)
        rule = QBrush(self.palette().color(QPalette.ColorRole.Mid))
        for frame in document.rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                _set_table(frame, rule)

    def _on_anchor_clicked(self, url: QUrl) -> None:
        if url.isRelative() and self.show_page(Path(url.path()).stem):
            return
        if url.scheme() in ("http", "https"):
            QDesktopServices.openUrl(url)


def _pages_in(folder: Path) -> list[Path]:
    """The sheet of keys, then the others by title."""
    pages = sorted(folder.glob("*.md"), key=_title_of)
    return sorted(pages, key=lambda path: path.stem != KEYS)


def _title_of(path: Path) -> str:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            return line[2:].strip()
    return path.stem


def _set_table(table: QTextTable, rule: QBrush) -> None:
    whole = table.format().toTableFormat()
    whole.setBorder(0)
    whole.setCellSpacing(0)
    whole.setCellPadding(4)
    whole.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    table.setFormat(whole)
    bold = QTextCharFormat()
    bold.setFontWeight(QFont.Weight.DemiBold)
    for row in range(table.rows()):
        for column in range(table.columns()):
            cell = table.cellAt(row, column)
            ruled = cell.format().toTableCellFormat()
            ruled.setBottomBorder(1)
            ruled.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
            ruled.setBottomBorderBrush(rule)
            cell.setFormat(ruled)
            if row == 0:
                cursor = cell.firstCursorPosition()
                end = cell.lastCursorPosition().position()
                cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
                cursor.mergeCharFormat(bold)
