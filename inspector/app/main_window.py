"""The window: places the views and does nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from inspector.app.actions import Actions
from inspector.app.drop import DropHighlight, DropTarget, what_a_drop_does
from inspector.app.notes import NotesButton
from inspector.app.recognising import is_looked_through, kind_of
from inspector.app.settings import TABS, Settings, clamped
from inspector.core.figures import FigureKind
from inspector.views.attention_view import AttentionView
from inspector.views.banner import Banner
from inspector.views.chips import ChipsPanel
from inspector.views.compare_view import CompareView
from inspector.views.depth_view import DepthView
from inspector.views.elided_label import ElidedLabel
from inspector.views.gallery_view import GalleryView
from inspector.views.icons import application_icon
from inspector.views.image_strip import ImageStrip
from inspector.views.job_cell import JobCell
from inspector.views.map_options import MapOptions
from inspector.views.model_tree import ModelTree
from inspector.views.modes_view import ModesView
from inspector.views.options_panel import OptionsPanel
from inspector.views.picture_view import PictureView
from inspector.views.welcome import WelcomePage

TITLE = "ViT Inspector"
SIZE = (1280, 800)
COLUMNS = (260, 780, 240)
TAB_TEXTS = ("Compare", "Modes on image", "Attention", "Depth", "Gallery")
_JOB_WIDTH = 720
_MOST_LOOKED_AT = 40


class MainWindow(QMainWindow):
    """Chips, tree and images on the left, five tabs in the centre, options on the right.

    Signals
    -------
    closing()
        The user closes the window; it is hidden already.
    next_asked()
        Space was pressed where no control wanted it.
    tab_changed(str)
        Another tab is looked at: one of `TABS`.
    """

    closing = Signal()
    next_asked = Signal()
    tab_changed = Signal(str)

    def __init__(self, *, settings: Settings) -> None:
        super().__init__()
        self.setWindowTitle(TITLE)
        self.setWindowIcon(application_icon())
        self.chips = ChipsPanel()
        self.tree = ModelTree()
        self.welcome = WelcomePage()
        self.compare = CompareView()
        self.modes = ModesView()
        self.attention = AttentionView()
        self.over_depth = DepthView()
        self.gallery = GalleryView()
        self.tabs = QTabWidget()
        self.strip = ImageStrip()
        self.map_options = MapOptions()
        self.banner = Banner()
        self.notes = NotesButton()
        self.options = OptionsPanel()
        self.jobs = JobCell()
        self.read_out = ElidedLabel()
        self._pages = QStackedWidget()
        self._panels = QStackedWidget()
        self._columns = QSplitter(Qt.Orientation.Horizontal)
        self._options_shown = settings.options_shown
        self._place()
        self.commands = Actions(self)
        self.drops = DropTarget(self)
        self.drops.dragging.connect(self._on_files_dragged)
        self.highlight = DropHighlight(self)
        self._models = self._images = 0
        self._restore(settings)
        self.show_open(0, 0)

    @property
    def tab(self) -> str:
        """The tab that is looked at: one of `TABS`."""
        return TABS[self.tabs.currentIndex()]

    def show_tab(self, tab: str) -> None:
        """Look at another tab."""
        self.tabs.setCurrentIndex(TABS.index(tab))

    def show_open(self, models: int, images: int) -> None:
        """Place what fits so many open models and images: the first page, or the columns."""
        self._models, self._images = models, images
        is_anything = models + images > 0
        self._left.setVisible(is_anything)
        self.strip.setVisible(images > 0)
        self._pages.setCurrentWidget(self.tabs if is_anything else self.welcome)
        self._show_panel()
        if models < 2:
            self.banner.hide_message()
        if not is_anything:
            self.read_out.setText("")

    def show_options(self, shown: bool) -> None:
        """Unfold or fold the right column."""
        self._options_shown = shown
        self._show_panel()

    def view_widget(self) -> QWidget:
        """The view that is looked at."""
        if self._models + self._images == 0:
            return self._pages
        if self.tab == "compare":
            return self.compare.view_widget() if self._models > 1 else self._pages
        return self.tabs.currentWidget()

    def current_figure_kind(self) -> FigureKind:
        """The figure of what is looked at."""
        view = self.tabs.currentWidget()
        assert isinstance(view, CompareView | ModesView | AttentionView | DepthView | GalleryView)
        return view.current_figure_kind()

    def scans_folder(self, paths: Sequence[Path]) -> bool:
        """Whether what is dropped now is a folder to be looked through for the gallery."""
        is_there = self._models > 0 and self.tab == "gallery" and len(paths) == 1
        return is_there and is_looked_through(paths[0])

    def reset_view(self) -> None:
        """Show whole pictures in the tab that is looked at."""
        pictures = self.tabs.currentWidget().findChildren(PictureView)
        for picture in pictures:
            picture.reset()

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
            tab=self.tab,
        )

    def closeEvent(self, event: QCloseEvent) -> None:
        """Disappear at once; whoever listens ends what is running."""
        event.accept()
        self.hide()
        self.closing.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space goes on to the next model, where no control wanted it."""
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            self.next_asked.emit()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the highlight over the whole window."""
        super().resizeEvent(event)
        self.highlight.setGeometry(self.rect())

    def _place(self) -> None:
        views: tuple[QWidget, ...] = (
            self.compare, self.modes, self.attention, self.over_depth, self.gallery,
        )  # fmt: skip
        for view, text in zip(views, TAB_TEXTS, strict=True):
            view.setContentsMargins(0, 8, 0, 0)
            self.tabs.addTab(view, text)
        self.tabs.setDocumentMode(True)
        self.tabs.currentChanged.connect(self._on_tab_changed)
        for page in (self.welcome, self.tabs):
            self._pages.addWidget(page)
        for panel in (self.options, self.map_options):
            self._panels.addWidget(panel)
        self._left = _column((self.chips, 0), (self.notes, 0), (self.tree, 3), (self.strip, 2))
        centre = _column((self.banner, 0), (self._pages, 1))
        self._right = _column((self._panels, 1))
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
        self.show_tab(settings.tab)
        self._columns.setSizes(settings.columns or COLUMNS)
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        if settings.geometry:
            self.setGeometry(clamped(QRect(*settings.geometry), screens))
        else:
            self.resize(clamped(QRect(0, 0, *SIZE), screens).size())
        if settings.maximized:
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def _show_panel(self) -> None:
        """The options of the tab that is looked at, where there is anything to choose."""
        compares = self.tab == "compare"
        self._panels.setCurrentWidget(self.options if compares else self.map_options)
        self.map_options.show_for_gallery(self.tab == "gallery")
        useful = {"compare": self._models > 1, "depth": False, "gallery": self._models > 0}
        there = useful.get(self.tab, self._models + self._images > 0)
        self._right.setVisible(there and self._options_shown)

    def _on_tab_changed(self) -> None:
        self._show_panel()
        self.read_out.setText("")
        self.tab_changed.emit(self.tab)

    def _on_files_dragged(self, paths: Sequence[Path]) -> None:
        kinds = [kind_of(path) for path in paths[:_MOST_LOOKED_AT]]
        kinds += [kinds[-1]] * (len(paths) - len(kinds)) if kinds else []
        text = what_a_drop_does(kinds, already_open=self._models) if kinds else ""
        if self.scans_folder(paths):
            text = f"Scan “{paths[0].name}” for the gallery"
        if self._models + self._images == 0:
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
