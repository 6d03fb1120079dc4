"""The spectra of all heads of all blocks in one grid that zooms and scrolls."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from inspector.core.address import Address
from inspector.core.modes import BlockModes, ModelModes
from inspector.render.maps import addresses
from inspector.render.scenes import SIGMA
from inspector.views.depth_shown import DepthShown
from inspector.views.depth_words import why_absent
from inspector.views.elided_label import ElidedLabel
from inspector.views.spectra_picture import (
    SIGMA_ROOM,
    CellShape,
    SpectraColours,
    compose_spectra,
    mark_size,
)
from inspector.views.theme import LIGHT, Theme
from inspector.views.wording import number_text

_ASPECT = 0.7
_SMALLEST, _LARGEST, _WIDEST_FIT = 18, 420, 150
_ZOOM = 1.25
_TOP = 20
_WITH_NUMBERS = 32
_COSINE = {"light": "#b22222", "dark": "#ff7b72"}
_SIGMA = {"light": "#4169e1", "dark": "#7aa2ff"}
_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
_ZOOMS = {Qt.Key.Key_Plus: _ZOOM, Qt.Key.Key_Equal: _ZOOM, Qt.Key.Key_Minus: 1 / _ZOOM}


class SpectraGrid(QAbstractScrollArea):
    """Rows of blocks by columns of heads; only what is in sight is drawn.

    Signals
    -------
    chosen(block, head)
        The user clicked on a head, or moved to it with the arrow keys.
    pointed(block, head, mode)
        What the mouse is over; (-1, -1, -1) for nothing.
    """

    chosen = Signal(int, int)
    pointed = Signal(int, int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model: ModelModes | None = None
        self._names: tuple[str, ...] = ()
        self._heads = 0
        self._chosen: tuple[int, int] | None = None
        self._width: float | None = None
        self._theme = LIGHT
        self._cached: tuple[object, QImage] | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Spectra of all heads")
        self.setAccessibleDescription(
            "Arrow keys move between heads, plus and minus zoom, 0 shows the whole width."
        )
        self.viewport().setMouseTracking(True)

    def show_model(self, model: ModelModes) -> None:
        """Show the spectra of a model, finished or not; emits nothing."""
        known, self._model = self._model, model
        if known is None or model.blocks != known.blocks:
            many = len(model.stage_starts) > 1
            self._names = tuple(
                str(address) if many else f"B{address.block}" for address in addresses(model)
            )
            self._heads = max((block.num_heads for block in model.blocks), default=0)
            self._cached = None
        self._measure()

    def show_chosen(self, block: int | None, head: int | None) -> None:
        """Outline a head, and bring it into sight where another one was chosen."""
        chosen = None if block is None else (block, -1 if head is None else head)
        if chosen != self._chosen:
            self._chosen = chosen
            if chosen is not None and chosen[1] >= 0:
                self._reveal(*chosen)
        self.viewport().update()

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self._cached = None
        self.viewport().setFont(font)
        self.viewport().update()

    def zoom(self, factor: float) -> None:
        """Make cells larger or smaller; what is in the middle stays there."""
        before = self._cell()
        bars = (self.horizontalScrollBar(), self.verticalScrollBar())
        middles = (self.viewport().width() / 2, self.viewport().height() / 2)
        places = [bar.value() + middle for bar, middle in zip(bars, middles, strict=True)]
        self._width = min(max(before.width() * factor, _SMALLEST), _LARGEST)
        self._measure()
        after = self._cell()
        scales = (after.width() / before.width(), after.height() / before.height())
        for bar, middle, place, scale in zip(bars, middles, places, scales, strict=True):
            bar.setValue(round(place * scale - middle))

    @Slot()
    def fit(self) -> None:
        """Show all heads of a block side by side."""
        self._width = None
        self._measure()

    def place_of(self, block: int, head: int) -> QPoint:
        """The middle of a cell, in the coordinates of the viewport."""
        return self._cell_rect(block, head).center()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cells in sight, then the names of blocks and heads over them."""
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), QColor(self._theme.surface))
        if self._model is not None and self._heads:
            self._paint_cells(painter)
            self._paint_chosen(painter)
            self._paint_names(painter)
        if self.hasFocus():
            highlight = self.palette().color(QPalette.ColorRole.Highlight)
            painter.setPen(QPen(highlight, 2))
            painter.drawRect(self.viewport().rect().adjusted(1, 1, -1, -1))
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the scroll bars to the new size."""
        super().resizeEvent(event)
        self._measure()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; zoom with Ctrl."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(_ZOOM if event.angleDelta().y() > 0 else 1 / _ZOOM)
            event.accept()
            return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move between heads, or zoom."""
        key = Qt.Key(event.key())
        if key in _STEPS and self._heads:
            self._step(*_STEPS[key])
        elif key in _ZOOMS:
            self.zoom(_ZOOMS[key])
        elif key == Qt.Key.Key_0:
            self.fit()
        else:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the head under the mouse."""
        block, head, _ = self._found_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and head >= 0:
            self.chosen.emit(block, head)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what the mouse is over."""
        self.pointed.emit(*self._found_at(event.position()))

    def viewportEvent(self, event: QEvent) -> bool:
        """Say that nothing is pointed at any more."""
        if event.type() is QEvent.Type.Leave:
            self.pointed.emit(-1, -1, -1)
        return super().viewportEvent(event)

    def _left(self) -> int:
        metrics = self.viewport().fontMetrics()
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0)
        return max(widest, metrics.horizontalAdvance(f"{SIGMA} ≤ 0.0000")) + 12

    def _cell(self) -> QSize:
        width = self._width
        if width is None:
            room = (self.viewport().width() - self._left()) / max(self._heads, 1)
            width = min(max(room, _SMALLEST), _WIDEST_FIT)
        return QSize(int(width), max(int(width * _ASPECT), _SMALLEST))

    def _measure(self) -> None:
        cell, rows = self._cell(), len(self._names)
        whole = QSize(self._left() + cell.width() * self._heads, _TOP + cell.height() * rows)
        seen = self.viewport().size()
        self.horizontalScrollBar().setRange(0, max(0, whole.width() - seen.width()))
        self.horizontalScrollBar().setPageStep(seen.width())
        self.horizontalScrollBar().setSingleStep(cell.width())
        self.verticalScrollBar().setRange(0, max(0, whole.height() - seen.height()))
        self.verticalScrollBar().setPageStep(seen.height())
        self.verticalScrollBar().setSingleStep(cell.height())
        self.viewport().update()

    def _origin(self) -> QPoint:
        """Where the first cell begins in the viewport."""
        across, down = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        return QPoint(self._left() - across, _TOP - down)

    def _cell_rect(self, block: int, head: int) -> QRect:
        cell = self._cell()
        shift = QPoint(head * cell.width(), block * cell.height())
        return QRect(self._origin() + shift, cell)

    def _seen(self) -> tuple[range, range]:
        """Blocks and heads of which something is in sight."""
        cell, origin = self._cell(), self._origin()
        sides = (
            (self._left() - origin.x(), self.viewport().width() - origin.x(), cell.width()),
            (_TOP - origin.y(), self.viewport().height() - origin.y(), cell.height()),
        )
        heads, blocks = (range(low // step, -(-high // step)) for low, high, step in sides)
        return (
            range(max(blocks.start, 0), min(blocks.stop, len(self._names))),
            range(max(heads.start, 0), min(heads.stop, self._heads)),
        )

    def _paint_cells(self, painter: QPainter) -> None:
        blocks, heads = self._seen()
        if not len(blocks) or not len(heads):
            return
        cell, ratio = self._cell(), self.devicePixelRatioF()
        key = (blocks, heads, cell, ratio, self._theme)
        if self._cached is None or self._cached[0] != key:
            self._cached = (key, self._composed(blocks, heads, cell, ratio))
        painter.drawImage(
            QRect(
                self._cell_rect(blocks.start, heads.start).topLeft(),
                QSize(cell.width() * len(heads), cell.height() * len(blocks)),
            ),
            self._cached[1],
        )

    def _composed(self, blocks: range, heads: range, cell: QSize, ratio: float) -> QImage:
        shape = _shape_of(cell, ratio)
        rows = [self._block(index) for index in blocks]
        picture = compose_spectra(rows, heads, shape, _colours(self._theme))
        high, wide = picture.shape[:2]
        image = QImage(picture.tobytes(), wide, high, 3 * wide, QImage.Format.Format_RGB888)
        return image.copy()

    def _paint_chosen(self, painter: QPainter) -> None:
        if self._chosen is None:
            return
        block, head = self._chosen
        painter.setPen(QPen(QColor(self._theme.accent), 2))
        if head >= 0:
            painter.drawRect(self._cell_rect(block, head).adjusted(0, 0, -1, -1))
            return
        last = self._cell_rect(block, self._heads - 1)
        painter.drawRect(self._cell_rect(block, 0).united(last).adjusted(0, 0, -1, -1))

    def _paint_names(self, painter: QPainter) -> None:
        left, cell = self._left(), self._cell()
        surface = QColor(self._theme.surface)
        painter.fillRect(QRect(0, 0, left, self.viewport().height()), surface)
        painter.fillRect(QRect(0, 0, self.viewport().width(), _TOP), surface)
        blocks, heads = self._seen()
        painter.setFont(self.viewport().font())
        every = max(1, -(-28 // cell.width()))
        for head in heads:
            if head % every == 0:
                box = QRect(self._cell_rect(0, head).left(), 0, cell.width() * every, _TOP)
                self._write(painter, box, f"H{head}", across=every == 1)
        painter.setClipRect(QRect(0, _TOP, left, self.viewport().height() - _TOP))
        for index in blocks:
            self._paint_block_name(painter, index, left)

    def _paint_block_name(self, painter: QPainter, index: int, left: int) -> None:
        cell = self._cell_rect(index, 0)
        box = QRect(4, cell.top(), left - 10, cell.height())
        block = self._block(index)
        is_chosen = self._chosen is not None and self._chosen[0] == index
        painter.setPen(QColor(self._theme.text if is_chosen else self._theme.muted))
        side = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if block is None or cell.height() < _WITH_NUMBERS:
            painter.drawText(box, side, self._names[index])
            return
        largest = float(np.nan_to_num(block.sigma).max(initial=0.0)) * SIGMA_ROOM
        painter.drawText(
            box, side, f"{self._names[index]}\n{SIGMA} ≤ {number_text(largest, digits=3)}"
        )

    def _write(self, painter: QPainter, box: QRect, text: str, *, across: bool) -> None:
        painter.setPen(QColor(self._theme.muted))
        side = Qt.AlignmentFlag.AlignHCenter if across else Qt.AlignmentFlag.AlignLeft
        painter.drawText(box, int(side | Qt.AlignmentFlag.AlignVCenter), text)

    def _block(self, index: int) -> BlockModes | None:
        if self._model is None:
            return None
        return self._model.by_address.get(addresses(self._model)[index])

    def _found_at(self, point: QPointF) -> tuple[int, int, int]:
        """Block, head and mode at a point of the viewport; head -1 where there is none."""
        if self._model is None or point.x() < self._left() or point.y() < _TOP:
            return (-1, -1, -1)
        cell, origin = self._cell(), self._origin()
        down, right = point.y() - origin.y(), point.x() - origin.x()
        index, head = int(down // cell.height()), int(right // cell.width())
        if not 0 <= index < len(self._names):
            return (-1, -1, -1)
        block = self._block(index)
        if block is None or not 0 <= head < block.num_heads:
            return (index, -1, -1)
        x = right - head * cell.width()
        return (index, head, _shape_of(cell, 1.0).mode_at(x, block.num_modes))

    def _step(self, down: int, right: int) -> None:
        block, head = self._chosen or (0, -1)
        if head < 0:
            self.chosen.emit(block, 0)
            return
        block = min(max(block + down, 0), len(self._names) - 1)
        found = self._block(block)
        if found is not None:
            self.chosen.emit(block, min(max(head + right, 0), found.num_heads - 1))

    def _reveal(self, block: int, head: int) -> None:
        cell = self._cell_rect(block, head)
        seen = self.viewport().rect().adjusted(self._left(), _TOP, 0, 0)
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        if cell.left() < seen.left() or cell.right() > seen.right():
            across.setValue(across.value() + cell.center().x() - seen.center().x())
        if cell.top() < seen.top() or cell.bottom() > seen.bottom():
            down.setValue(down.value() + cell.center().y() - seen.center().y())


class DepthSpectra(QWidget):
    """The grid of spectra with its caption and zoom buttons.

    Signals
    -------
    selected(selection)
        The user chose a head.
    hovered(str)
        Cosine and singular value of the mode under the mouse.
    """

    selected = Signal(object)
    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = DepthShown()
        self.caption = ElidedLabel()
        self.grid = SpectraGrid()
        self.grid.chosen.connect(self._on_chosen)
        self.grid.pointed.connect(self._on_pointed)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(4)
        head.addWidget(self.caption, 1)
        for text, says, slot in (
            ("−", "Smaller spectra", self._on_smaller),
            ("+", "Larger spectra", self._on_larger),
            ("Fit", "All heads of a block side by side", self.grid.fit),
        ):
            button = QPushButton(text)
            button.setToolTip(says)
            button.setAccessibleName(says)
            button.setFixedWidth(button.fontMetrics().horizontalAdvance("Fit") + 18)
            button.clicked.connect(slot)
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(3)
        column.addLayout(head)
        column.addWidget(self.grid, 1)

    def draw(self, shown: DepthShown) -> None:
        """Show the spectra of the selected model; emits nothing."""
        self._shown = shown
        model, address = shown.model, shown.address
        if model is None:
            return
        self.grid.show_model(model)
        blocks = addresses(model)
        there = address is not None and address.of_block in blocks
        place = blocks.index(address.of_block) if there and address is not None else None
        self.grid.show_chosen(place, None if address is None else address.head)

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        self.grid.apply_theme(theme, font)
        self.caption.setText(
            f"Cosine of each mode (dots, −1 to 1) and {SIGMA} (crosses), every head"
        )
        self.caption.set_tip(
            "In every cell the modes run from left to right; dashed lines are the band of random "
            "directions. Singular values have the scale written beside their block."
        )

    def text_at(self, index: int, head: int, mode: int) -> str:
        """The read-out of a mode."""
        model = self._shown.model
        if model is None or index < 0:
            return ""
        address = addresses(model)[index]
        block = model.by_address.get(address)
        if block is None:
            return f"{address} · {why_absent(model, address)}"
        if head < 0:
            return f"{address} has {block.num_heads} heads"
        where = Address(address.stage, address.block, head, mode)
        parts = [
            str(where),
            f"cosine {number_text(float(block.cosine[head, mode]), digits=6)}",
            f"{SIGMA} {number_text(float(block.sigma[head, mode]), digits=6)}",
            f"weighted cosine of the head {number_text(float(block.weighted_cosine[head]))}",
        ]
        if block.degenerate[head, mode]:
            parts.append("as large as a neighbour: its single cosine means nothing")
        return " · ".join(parts)

    @Slot(int, int)
    def _on_chosen(self, index: int, head: int) -> None:
        model = self._shown.model
        if model is not None:
            address = addresses(model)[index].with_head(head)
            self.selected.emit(replace(self._shown.selection, address=address))

    @Slot(int, int, int)
    def _on_pointed(self, index: int, head: int, mode: int) -> None:
        self.hovered.emit(self.text_at(index, head, mode))

    @Slot()
    def _on_smaller(self) -> None:
        self.grid.zoom(1 / _ZOOM)

    @Slot()
    def _on_larger(self) -> None:
        self.grid.zoom(_ZOOM)


def _shape_of(cell: QSize, ratio: float) -> CellShape:
    width = max(round(cell.width() * ratio), 8)
    return CellShape(width, max(round(cell.height() * ratio), 8), mark_size(width))


def _colours(theme: Theme) -> SpectraColours:
    names = (
        theme.surface,
        theme.grid,
        theme.grid,
        theme.separator,
        _COSINE[theme.name],
        _SIGMA[theme.name],
    )
    return SpectraColours(*(_rgb(name) for name in names))


def _rgb(name: str) -> tuple[int, int, int]:
    colour = QColor(name)
    return (colour.red(), colour.green(), colour.blue())
