"""A gallery to scroll through, to point at and to step through with the keys."""

from html import escape

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QGridLayout, QScrollBar, QSizePolicy, QToolTip, QWidget

from inspector.core.gallery import GalleryRow, GalleryScene
from inspector.core.map_style import MapStyle
from inspector.views.gallery_layout import GalleryLayout
from inspector.views.gallery_painting import GalleryInk
from inspector.views.gallery_sheet import GallerySheet, Place
from inspector.views.gallery_shown import GalleryShown, RowName
from inspector.views.gallery_words import row_tip, tile_parts, tile_tip
from inspector.views.theme import theme_of

_REST_MS = 60
_AROUND = 10
_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
_OPENING = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class GalleryCanvas(QWidget):
    """The rows of a gallery with scroll bars; one tile is the current one.

    Signals
    -------
    tile_opened(image, mode, sign)
        A tile was clicked, or Enter was pressed on it; `image` is the picture's name.
    mode_chosen(mode)
        The text at the left of a row was clicked.
    rows_wanted(rows)
        Which tiles are needed first: pairs of mode and sign, those in sight, then those below and
        above them. Once one rests for a moment.
    pointed(text), left()
        What is under the mouse, or under the keys, in one line; and that there is nothing.
    """

    tile_opened = Signal(str, int, str)
    mode_chosen = Signal(int)
    rows_wanted = Signal(object)
    pointed = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sheet = GallerySheet()
        self.down, self.across = QScrollBar(Qt.Orientation.Vertical), QScrollBar()
        self.across.setOrientation(Qt.Orientation.Horizontal)
        self._scene: GalleryScene | None = None
        self._rows: tuple[GalleryRow, ...] = ()
        self._shown = GalleryShown()
        self._layout = GalleryLayout()
        self._pressed: Place | None = None
        self._wanted: tuple[RowName, ...] = ()
        self._in_sight: tuple[tuple[RowName, ...], int] = ((), 0)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._on_rested)
        self.setAccessibleName("Gallery of optimal images")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 160)
        self._place()
        self._restyle()

    @property
    def rows(self) -> tuple[GalleryRow, ...]:
        """The rows that are shown."""
        return self._rows

    @property
    def in_sight(self) -> tuple[tuple[RowName, ...], int]:
        """The rows of which something is in sight, and how many columns, from the first on."""
        return self._in_sight

    @property
    def current(self) -> Place | None:
        """Row and rank of the current tile."""
        return self.sheet.current

    def show_scene(self, scene: GalleryScene | None, shown: GalleryShown) -> None:
        """Show rows; what is looked at stays where the same row is still there."""
        before = self._name_of(self.sheet.current)
        self._scene, self._shown = scene, shown
        self._rows = () if scene is None else shown.rows_of(scene)
        self._lay_out()
        self._keep_current(before)

    def show_style(self, style: MapStyle) -> None:
        """Draw the overlays otherwise."""
        self.sheet.show_style(style)

    def show_mode(self, mode: int | None) -> None:
        """Mark the rows of a mode."""
        self.sheet.chosen_mode = mode
        self.sheet.redraw()

    def sizeHint(self) -> QSize:
        """Room for a few rows."""
        return QSize(780, 520)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step through tiles and open one."""
        key = Qt.Key(event.key())
        if key in _STEPS:
            self._step(*_STEPS[key])
        elif key in _OPENING and self.sheet.current is not None:
            self._open(self.sheet.current)
        elif key is Qt.Key.Key_Home:
            self._step(0, -len(self._rows) if self.current is None else -self.current[1])
        elif key is Qt.Key.Key_End:
            self._step(0, self._layout.columns)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll, to the side with Shift or a tilted wheel."""
        delta = event.angleDelta()
        sideways = abs(delta.x()) > abs(delta.y())
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        QApplication.sendEvent(self.across if sideways or shifted else self.down, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Make a tile the current one."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self._pressed = self._tile_at(event.position().toPoint())
        if self._pressed is not None:
            self._go_to(self._pressed)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open the tile that was pressed, or choose the mode of a row."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        point = event.position().toPoint()
        place, pressed = self._tile_at(point), self._pressed
        self._pressed = None
        if place is not None and place == pressed:
            self._open(place)
        elif place is None and pressed is None and (row := self._cell_at(point)) is not None:
            self.mode_chosen.emit(self._rows[row].mode)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is under the mouse."""
        self._point_at(self._tile_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse any more."""
        super().leaveEvent(event)
        self._point_at(None)

    def event(self, event: QEvent) -> bool:
        """Show the tooltip of what is under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), _as_text(self._tip_at(event.pos())), self)
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keys are."""
        super().focusInEvent(event)
        self._show_keys(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show the current tile more quietly."""
        super().focusOutEvent(event)
        self._show_keys(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Scroll no further than there is something."""
        super().resizeEvent(event)
        self._range_bars()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change between light and dark, or of the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._restyle()

    def _place(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        grid.addWidget(self.sheet, 0, 0)
        grid.addWidget(self.down, 0, 1)
        grid.addWidget(self.across, 1, 0)
        for bar in (self.down, self.across):
            bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            bar.valueChanged.connect(self._on_scrolled)

    def _restyle(self) -> None:
        self._ink = GalleryInk(theme_of(self.palette()), self.palette(), self.font())
        self.sheet.show_ink(self._ink)
        self._lay_out()

    def _lay_out(self) -> None:
        columns = self._shown.columns
        if self._scene is not None:
            columns = min(columns, self._scene.found.top)
        self._layout = GalleryLayout(
            tuple((row.mode, row.sign) for row in self._rows),
            tuple(min(len(row.winners), columns) for row in self._rows),
            max(columns, 1),
            self._shown.size.side,
            self._ink.cell,
            self._ink.cell_height,
            self._ink.line,
        )
        self._range_bars()
        self.sheet.show_rows(self._scene, self._rows, self._layout)
        self._rest.start(0)

    def _range_bars(self) -> None:
        """Make room for the bars that are needed, and say how far they go."""
        there = self._layout.size if self._rows else QSize(0, 0)
        room = self.size()
        needs_down = there.height() > room.height()
        wide = room.width() - (self.down.sizeHint().width() if needs_down else 0)
        needs_across = there.width() > wide
        high = room.height() - (self.across.sizeHint().height() if needs_across else 0)
        self.down.setVisible(needs_down)
        self.across.setVisible(needs_across)
        for bar, whole, part in (
            (self.down, there.height(), high),
            (self.across, there.width(), wide),
        ):
            bar.setRange(0, max(whole - part, 0))
            bar.setPageStep(max(part, 1))
            bar.setSingleStep(max(self._layout.side // 2, 1))

    @Slot()
    def _on_scrolled(self) -> None:
        self.sheet.look_from(self._origin)
        self._rest.start(_REST_MS)

    @property
    def _origin(self) -> QPoint:
        return QPoint(self.across.value(), self.down.value())

    @Slot()
    def _on_rested(self) -> None:
        """Ask for the tiles of the rows in sight, then of as many below and above."""
        top, high = self.down.value(), self.sheet.height()
        seen = self._layout.rows_in(top, top + high - 1)
        around = (
            seen,
            range(seen.stop, min(seen.stop + len(seen), len(self._rows))),
            range(max(seen.start - len(seen), 0), seen.start),
        )
        wanted = tuple(self._layout.names[row] for part in around for row in part)
        columns = self._layout.columns_until(self.across.value() + self.sheet.width())
        in_sight = (tuple(self._layout.names[row] for row in seen), columns)
        if (wanted, in_sight) != (self._wanted, self._in_sight):
            self._wanted, self._in_sight = wanted, in_sight
            self.rows_wanted.emit(wanted)

    def _step(self, down: int, right: int) -> None:
        """Make a neighbour the current tile; rows without tiles are passed over."""
        if self.current is None:
            first = next((row for row, count in enumerate(self._layout.counts) if count), None)
            if first is not None:
                self._go_to((first, 0))
            return
        row, rank = self.current
        there = row + down
        while 0 <= there < len(self._rows) and not self._layout.counts[there]:
            there += down
        if 0 <= there < len(self._rows):
            last = self._layout.counts[there] - 1
            self._go_to((there, min(max(rank + right, 0), last)))

    def _go_to(self, place: Place) -> None:
        self.sheet.current = place
        text = " · ".join(tile_parts(self._rows[place[0]], place[1]))
        self.setAccessibleDescription(text)
        self.pointed.emit(text)
        self._bring_into_sight(self._layout.tile_box(*place))
        self.sheet.redraw()

    def _bring_into_sight(self, box: QRect) -> None:
        cell = self._layout.cell
        for bar, low, high, room, hidden in (
            (self.down, box.top(), box.bottom(), self.sheet.height(), 0),
            (self.across, box.left(), box.right(), self.sheet.width(), cell),
        ):
            if low - _AROUND < bar.value() + hidden:
                bar.setValue(low - _AROUND - hidden)
            elif high + _AROUND > bar.value() + room:
                bar.setValue(high + _AROUND - room)

    def _open(self, place: Place) -> None:
        row = self._rows[place[0]]
        self.tile_opened.emit(row.winners[place[1]].image, row.mode, row.sign)

    def _tile_at(self, point: QPoint) -> Place | None:
        if point.x() < self._layout.cell or not self.sheet.geometry().contains(point):
            return None
        return self._layout.tile_at(point + self._origin)

    def _cell_at(self, point: QPoint) -> int | None:
        return self._layout.cell_at(QPoint(point.x(), point.y() + self.down.value()))

    def _tip_at(self, point: QPoint) -> str:
        place = self._tile_at(point)
        if place is not None:
            return tile_tip(self._rows[place[0]], place[1])
        row = self._cell_at(point)
        return "" if row is None or self._scene is None else row_tip(self._scene, self._rows[row])

    def _point_at(self, place: Place | None) -> None:
        if place == self.sheet.pointed:
            return
        self.sheet.pointed = place
        self.sheet.redraw()
        if place is None:
            self.unsetCursor()
            self.left.emit()
        else:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.pointed.emit(" · ".join(tile_parts(self._rows[place[0]], place[1])))

    def _show_keys(self, here: bool) -> None:
        self.sheet.has_keys = here
        if here and self.sheet.current is None:
            self._step(0, 0)
        self.sheet.redraw()

    def _name_of(self, place: Place | None) -> tuple[RowName, int] | None:
        return None if place is None else (self._layout.names[place[0]], place[1])

    def _keep_current(self, before: tuple[RowName, int] | None) -> None:
        """The same mode, sign and rank stay current where they are still shown."""
        self.sheet.current = self.sheet.pointed = None
        if before is None or before[0] not in self._layout.names:
            return
        row = self._layout.names.index(before[0])
        if self._layout.counts[row]:
            self.sheet.current = (row, min(before[1], self._layout.counts[row] - 1))
        self.sheet.redraw()


def _as_text(lines: str) -> str:
    """Lines that are never taken for markup, as a file may be called anything."""
    return f"<p style='white-space:pre'>{escape(lines)}</p>" if lines else ""
