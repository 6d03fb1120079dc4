"""The window: places the views and does nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from inspector.app.actions import Actions
from inspector.app.drop import DropHighlight, DropTarget, what_a_drop_does
from inspector.app.notes import NotesButton
from inspector.app.settings import Settings, clamped
from inspector.views.banner import Banner
from inspector.views.chips import ChipsPanel
from inspector.views.compare_view import CompareView
from inspector.views.elided_label import ElidedLabel
from inspector.views.icons import application_icon
from inspector.views.job_cell import JobCell
from inspector.views.model_tree import ModelTree
from inspector.views.options_panel import OptionsPanel
from inspector.views.welcome import WelcomePage

TITLE = "ViT Inspector"
SIZE = (1280, 800)
COLUMNS = (260, 780, 240)
_JOB_WIDTH = 420


class MainWindow(QMainWindow):
    """Chips and tree on the left, what is looked at in the centre, options on the right.

    Signals
    -------
    closing()
        The user closes the window; it is hidden already.
    next_asked()
        Space was pressed where no control wanted it.
    """

    closing = Signal()
    next_asked = Signal()

    def __init__(self, *, settings: Settings) -> None:
        super().__init__()
        self.setWindowTitle(TITLE)
        self.setWindowIcon(application_icon())
        self.chips = ChipsPanel()
        self.tree = ModelTree()
        self.welcome = WelcomePage()
        self.compare = CompareView()
        self.banner = Banner()
        self.notes = NotesButton()
        self.options = OptionsPanel()
        self.jobs = JobCell()
        self.read_out = ElidedLabel()
        self._pages = QStackedWidget()
        self._columns = QSplitter(Qt.Orientation.Horizontal)
        self._options_shown = settings.options_shown
        self._place()
        self.commands = Actions(self)
        self.drops = DropTarget(self)
        self.drops.dragging.connect(self._on_files_dragged)
        self.highlight = DropHighlight(self)
        self._open_count = 0
        self._restore(settings)
        self.show_open(0)

    def show_open(self, count: int) -> None:
        """Place what fits `count` open models: the first page, or the three columns."""
        self._open_count = count
        self._left.setVisible(count > 0)
        self._right.setVisible(count > 1 and self._options_shown)
        self._pages.setCurrentWidget(self.compare if count else self.welcome)
        if count < 2:
            self.banner.hide_message()
            self.read_out.setText("")

    def show_options(self, shown: bool) -> None:
        """Unfold or fold the right column."""
        self._options_shown = shown
        self._right.setVisible(shown and self._open_count > 1)

    def view_widget(self) -> QWidget:
        """The view that is looked at."""
        return self.compare.view_widget() if self._open_count > 1 else self._pages

    def reset_layout(self) -> None:
        """Go back to the size and columns of the first start."""
        self.showNormal()
        self.resize(*SIZE)
        self._columns.setSizes(COLUMNS)
        self.show_options(True)

    def layout_settings(self, settings: Settings) -> Settings:
        """The settings with the window's present place, size and columns."""
        place = self.normalGeometry()
        columns = self._columns.sizes()
        return replace(
            settings,
            geometry=(place.x(), place.y(), place.width(), place.height()),
            maximized=self.isMaximized(),
            columns=tuple(columns) if all(columns) else settings.columns,
            options_shown=self._options_shown,
        )

    def closeEvent(self, event: QCloseEvent) -> None:
        """Disappear at once; whoever listens ends what is running."""
        event.accept()
        self.hide()
        self.closing.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space goes on to the next compared model, where no control wanted it."""
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            self.next_asked.emit()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the highlight over the whole window."""
        super().resizeEvent(event)
        self.highlight.setGeometry(self.rect())

    def _place(self) -> None:
        for page in (self.welcome, self.compare):
            self._pages.addWidget(page)
        self._left = _column((self.chips, 0), (self.notes, 0), (self.tree, 1))
        centre = _column((self.banner, 0), (self._pages, 1))
        self._right = _column((self.options, 1))
        for widget in (self._left, centre, self._right):
            self._columns.addWidget(widget)
        self._columns.setChildrenCollapsible(False)
        self._columns.setHandleWidth(1)
        for index, stretch in enumerate((0, 1, 0)):
            self._columns.setStretchFactor(index, stretch)
        self._left.setMinimumWidth(200)
        self._right.setMinimumWidth(180)
        self.setCentralWidget(self._columns)
        self.jobs.setMaximumWidth(_JOB_WIDTH)
        self.statusBar().addWidget(self.read_out, 1)
        self.statusBar().addPermanentWidget(self.jobs)
        self.statusBar().setSizeGripEnabled(False)

    def _restore(self, settings: Settings) -> None:
        self._columns.setSizes(settings.columns or COLUMNS)
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        if settings.geometry:
            self.setGeometry(clamped(QRect(*settings.geometry), screens))
        else:
            self.resize(clamped(QRect(0, 0, *SIZE), screens).size())
        if settings.maximized:
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def _on_files_dragged(self, paths: Sequence[Path]) -> None:
        text = what_a_drop_does(paths, already_open=self._open_count) if paths else ""
        if self._open_count == 0:
            self.welcome.show_dragging(bool(paths))
        self.highlight.show_text(text)


def _column(*parts: tuple[QWidget, int]) -> QFrame:
    frame = QFrame()
    column = QVBoxLayout(frame)
    column.setContentsMargins(8, 8, 8, 4)
    column.setSpacing(8)
    for widget, stretch in parts:
        column.addWidget(widget, stretch)
    return frame
