"""How a picture is pointed at, zoomed, panned, windowed and stepped through."""

from dataclasses import replace
from enum import Enum, auto

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from inspector.core.images import Tone, ToneTable, Window
from inspector.views.camera import Camera, Stage

_CLICK_SLACK = 5
_NOTCH = 120
_ZOOM_STEP = 1.2
_PAN_STEP = 40
_PANS = {
    Qt.Key.Key_Left: (1, 0),
    Qt.Key.Key_Right: (-1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_ZOOMS = {
    Qt.Key.Key_Plus: _ZOOM_STEP,
    Qt.Key.Key_Equal: _ZOOM_STEP,
    Qt.Key.Key_Minus: 1 / _ZOOM_STEP,
}


class _Drag(Enum):
    NONE = auto()
    PAN = auto()
    WINDOW = auto()


class PicturePointer(QWidget):
    """What the mouse and the keys do over a picture; all places in pixels of the original.

    The wheel zooms, over a stack it steps through the slices (with Ctrl always, with Shift never);
    the left button pans, the right one changes the window: to the right wider, down darker.
    R or a double click shows the whole picture, + and - zoom, Shift and an arrow key pans.

    Signals
    -------
    hovered(row, column)
        The mouse is over a point of the original, measured from its top left corner in pixels.
    left()
        It is no longer over the picture.
    clicked(row, column)
        The left button was pressed and released there.
    window_dragged(window), window_chosen(window)
        While the right button is held down, and when it is let go.
    slice_stepped(by)
        So many slices further on.
    camera_moved(camera)
        The user zoomed or panned.
    """

    hovered = Signal(float, float)
    left = Signal()
    clicked = Signal(float, float)
    window_dragged = Signal(object)
    window_chosen = Signal(object)
    slice_stepped = Signal(int)
    camera_moved = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._there = False
        self._size: tuple[float, float] = (1.0, 1.0)
        self._shape: tuple[int, int] = (1, 1)
        self._camera = Camera()
        self._tone: Window | ToneTable | None = None
        self._is_stack = False
        self._drag, self._pressed, self._last = _Drag.NONE, QPointF(), QPointF()
        self._window: Window | None = None
        self._notches = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    @property
    def camera(self) -> Camera:
        """Where it is looked at."""
        return self._camera

    def show_tone(self, tone: Tone | None) -> None:
        """Say where the right button starts from; None where there is no window to change."""
        self._tone = tone if isinstance(tone, Window | ToneTable) else None

    def show_stack(self, is_stack: bool) -> None:
        """Say whether the wheel steps through slices."""
        self._is_stack = is_stack

    def show_camera(self, camera: Camera) -> None:
        """Look at another part; emits nothing."""
        if camera != self._camera:
            self._camera = camera
            self.redraw()

    def redraw(self) -> None:
        """Draw the picture again."""
        self.update()

    def reset(self) -> None:
        """Show the whole picture, as the user asked."""
        self._move(Camera())

    def place_of(self, row: float, column: float) -> QPointF:
        """A point of the original on this widget."""
        x, y = column * self._size[1] / self._shape[1], row * self._size[0] / self._shape[0]
        return QPointF(*self._stage.to_screen(self._camera, x, y))

    def point_at(self, place: QPointF) -> tuple[float, float]:
        """Row and column of the original under a point of this widget; may lie beyond it."""
        x, y = self._stage.to_picture(self._camera, place.x(), place.y())
        return (y * self._shape[0] / self._size[0], x * self._shape[1] / self._size[1])

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom, or step through slices."""
        if not self._there:
            event.ignore()
            return
        turned = event.angleDelta().y() or event.angleDelta().x()
        held = event.modifiers()
        by_slice = bool(held & Qt.KeyboardModifier.ControlModifier)
        by_slice |= self._is_stack and not held & Qt.KeyboardModifier.ShiftModifier
        if by_slice:
            self._step_slices(turned)
        else:
            place = event.position()
            by = _ZOOM_STEP ** (turned / _NOTCH)
            self._move(self._stage.zoomed(self._camera, by, place.x(), place.y()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to pan or to change the window."""
        self._pressed = self._last = event.position()
        self._window = None
        if not self._there:
            return
        if event.button() is Qt.MouseButton.LeftButton:
            self._drag = _Drag.PAN
        elif event.button() is Qt.MouseButton.RightButton and self._tone is not None:
            self._drag = _Drag.WINDOW

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan, change the window, or tell where the mouse is."""
        place = event.position()
        moved = (place - self._pressed).manhattanLength() > _CLICK_SLACK
        if self._drag is _Drag.PAN and moved:
            step, self._last = place - self._last, place
            self._move(self._stage.panned(self._camera, step.x(), step.y()))
        elif self._drag is _Drag.WINDOW and moved and self._tone is not None:
            self._window = dragged_window(self._tone, place - self._pressed)
            self.window_dragged.emit(self._window)
        elif self._drag is _Drag.NONE:
            self._tell(place)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag, or tell a click."""
        drag, self._drag = self._drag, _Drag.NONE
        if drag is _Drag.WINDOW and self._window is not None:
            self.window_chosen.emit(self._window)
        moved = (event.position() - self._pressed).manhattanLength() > _CLICK_SLACK
        if (
            drag is _Drag.PAN
            and not moved
            and self._holds(point := self.point_at(event.position()))
        ):
            self.clicked.emit(*point)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the whole picture."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.reset()

    def leaveEvent(self, event: QEvent) -> None:
        """Say that nothing is pointed at any more."""
        super().leaveEvent(event)
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Reset, zoom and pan; every other key is for the view around it."""
        key = Qt.Key(event.key())
        middle = QPointF(self.width() / 2, self.height() / 2)
        if key is Qt.Key.Key_R:
            self.reset()
        elif key in _ZOOMS:
            self._move(self._stage.zoomed(self._camera, _ZOOMS[key], middle.x(), middle.y()))
        elif key in _PANS and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            right, down = (_PAN_STEP * way for way in _PANS[key])
            self._move(self._stage.panned(self._camera, right, down))
        else:
            event.ignore()

    @property
    def _stage(self) -> Stage:
        return Stage(self.width(), self.height(), self._size[1], self._size[0])

    def _holds(self, point: tuple[float, float]) -> bool:
        return 0 <= point[0] < self._shape[0] and 0 <= point[1] < self._shape[1]

    def _tell(self, place: QPointF) -> None:
        point = self.point_at(place)
        if self._there and self._holds(point):
            self.hovered.emit(*point)
        else:
            self.left.emit()

    def _move(self, camera: Camera) -> None:
        if self._there and camera != self._camera:
            self.show_camera(camera)
            self.camera_moved.emit(camera)

    def _step_slices(self, turned: int) -> None:
        """One slice for each full notch, however finely the wheel turns; towards you is further."""
        self._notches -= turned
        steps = int(self._notches / _NOTCH)
        self._notches -= steps * _NOTCH
        if steps:
            self.slice_stepped.emit(steps)


def dragged_window(tone: Window | ToneTable, moved: QPointF) -> Window:
    """The window after the mouse moved so many pixels: to the right wider, down darker.

    A table of the file is taken as the window that holds all its entries.
    """
    if isinstance(tone, ToneTable):
        size = float(tone.table.size)
        start = Window(tone.first + size / 2, size)
    else:
        start = tone
    width = start.width * 2.0 ** (moved.x() / 150)
    smallest = 1.0 if start.function == "linear" else 0.0
    centre = start.centre + start.width * moved.y() / 300
    return replace(start, centre=centre, width=max(width, smallest))
