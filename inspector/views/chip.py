"""One open model: its letter, name and facts, and what can be done with it."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from inspector.core.comparison import ModelCard
from inspector.views.chip_parts import Badge, NoteRow, SectionRow
from inspector.views.chip_words import (
    assumed_text,
    assumes_heads,
    description,
    facts,
    foreign_text,
    letter_of,
)
from inspector.views.elided_label import ElidedLabel
from inspector.views.icons import IconButton
from inspector.views.popover import AssumedPopover, ClassesPopover

_RADIUS = 7.0
_LIKELY_HEADS = 12


class Chip(QFrame):
    """Shows a `ModelCard`, or an invitation to drop a model where there is none.

    Emits `chosen` (clicked, or Enter), `close_asked` (also Delete), `swap_asked`, `move_asked` with
    -1 or 1 (also Alt+Up, Alt+Down), `heads_corrected`, `section_chosen`, `files_dropped` with the
    paths, and `open_asked` from the empty chip.
    """

    chosen = Signal()
    close_asked = Signal()
    swap_asked = Signal()
    move_asked = Signal(int)
    heads_corrected = Signal(int)
    section_chosen = Signal(str)
    files_dropped = Signal(object)
    open_asked = Signal()

    def __init__(self, index: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.index = index
        self._card: ModelCard | None = None
        self._heads = _LIKELY_HEADS
        self._current = self._dragging = False
        self._expanded = True
        self._badge = Badge(letter_of(index))
        self._name = ElidedLabel(elide=Qt.TextElideMode.ElideMiddle)
        self._facts = ElidedLabel(role=QPalette.ColorRole.PlaceholderText)
        self._swap = IconButton("swap", "Swap A and B")
        self._up = IconButton("up", "Move earlier in the series (Alt+Up)")
        self._down = IconButton("down", "Move later in the series (Alt+Down)")
        self._close = IconButton("close", "Close (Delete)")
        self._assumed = NoteRow("warning")
        self._foreign = NoteRow("note")
        self._sections = SectionRow()
        self._place()
        self._connect()
        self.show_card(None)

    @property
    def card(self) -> ModelCard | None:
        """What is shown; None for the empty chip."""
        return self._card

    def show_card(self, card: ModelCard | None) -> None:
        """Show a model, or with None the invitation to drop one."""
        if card is None or self._card is None or card.path != self._card.path:
            self._sections.show_sections((), "")
            self._heads = _LIKELY_HEADS
        self._card = card
        self._name.setText(card.label if card else _invitation(self.index))
        self._name.set_tip(description(card) if card else "")
        self._facts.setText(facts(card) if card else "or click to open one")
        self._facts.set_tip(description(card) if card else "")
        self._close.setAccessibleName(f"Close {card.label}" if card else "Close")
        letter = letter_of(self.index)
        self.setAccessibleName(f"{letter}: {card.label}, {facts(card)}" if card else letter)
        self._show_notes()

    def show_sections(self, sections: Sequence[str], current: str) -> None:
        """Offer the sets of weights of the file; one or none needs no choice."""
        self._sections.show_sections(sections, current)
        self._arrange()

    def show_heads(self, heads: int) -> None:
        """The number of heads a correction starts from."""
        self._heads = heads

    def set_current(self, current: bool, *, expanded: bool) -> None:
        """Highlight the chip; one that is not expanded is a single line."""
        self._current, self._expanded = current, expanded
        self._arrange()
        self.update()

    def set_neighbours(self, *, swaps_with: str, above: bool, below: bool) -> None:
        """What can be done with it among the others; an empty `swaps_with` for nothing to swap."""
        self._swap.setVisible(bool(swaps_with))
        words = f"Swap A and {swaps_with}"
        self._swap.setToolTip(words)
        self._swap.setAccessibleName(words)
        self._up.setEnabled(above)
        self._down.setEnabled(below)
        self._arrange()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter chooses, Delete closes, Alt with an arrow moves."""
        key, alt = event.key(), event.modifiers() & Qt.KeyboardModifier.AltModifier
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose()
        elif key == Qt.Key.Key_Delete and self._card is not None:
            self.close_asked.emit()
        elif alt and key == Qt.Key.Key_Up and self._up.isEnabled():
            self.move_asked.emit(-1)
        elif alt and key == Qt.Key.Key_Down and self._down.isEnabled():
            self.move_asked.emit(1)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the model, or open one into the empty chip."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that the focus is elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if _local_paths(event):
            event.acceptProposedAction()
            self._show_dragging(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Look as before."""
        self._show_dragging(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Say which files were dropped here; nothing is opened."""
        event.acceptProposedAction()
        self._show_dragging(False)
        self.files_dropped.emit(_local_paths(event))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the model."""
        if self._card is None:
            return
        menu = self._menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the card, its highlight and the focus."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge, fill, width, line = self._colours()
        painter.setPen(QPen(edge, width, line))
        painter.setBrush(fill)
        inset = width / 2
        box = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(box, _RADIUS, _RADIUS)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        """Paint again in other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def _colours(self) -> tuple[QColor, QColor, float, Qt.PenStyle]:
        role, palette = QPalette.ColorRole, self.palette()
        accent = palette.color(role.Highlight)
        quiet = palette.color(role.PlaceholderText)
        quiet.setAlphaF(0.35)
        fill = QColor(accent)
        fill.setAlphaF(0.14)
        if self._dragging:
            return accent, fill, 2.0, Qt.PenStyle.DashLine
        width = 2.0 if self.hasFocus() else 1.0
        edge = accent if self.hasFocus() or self._current else quiet
        if self._card is None:
            return edge, QColor(Qt.GlobalColor.transparent), width, Qt.PenStyle.DashLine
        plain = palette.color(role.Base)
        return edge, fill if self._current else plain, width, Qt.PenStyle.SolidLine

    def _place(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        top = QHBoxLayout()
        top.setSpacing(1)
        top.addWidget(self._name, 1)
        for button in (self._swap, self._up, self._down, self._close):
            button.setFixedSize(20, 20)
            top.addWidget(button)
        column = QVBoxLayout()
        column.setSpacing(1)
        column.addLayout(top)
        for row in (self._facts, self._assumed, self._foreign, self._sections):
            column.addWidget(row)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(7, 5, 5, 5)
        whole.setSpacing(8)
        whole.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignTop)
        whole.addLayout(column, 1)

    def _connect(self) -> None:
        self._close.clicked.connect(self.close_asked)
        self._swap.clicked.connect(self.swap_asked)
        self._up.clicked.connect(self._on_up_clicked)
        self._down.clicked.connect(self._on_down_clicked)
        self._assumed.pressed.connect(self._on_assumed_pressed)
        self._foreign.pressed.connect(self._on_foreign_pressed)
        self._sections.chosen.connect(self.section_chosen)

    def _show_notes(self) -> None:
        card = self._card
        button = "Correct…" if card and assumes_heads(card) else "Details…"
        self._assumed.show_note(assumed_text(card) if card else "", button=button)
        count = len(card.foreign_classes) if card else 0
        words = "1 foreign class" if count == 1 else f"{count} foreign classes"
        self._foreign.show_note(words if count else "", button="List…")
        self._arrange()

    def _arrange(self) -> None:
        there, full = self._card is not None, self._expanded
        self._badge.set_lit(there)
        self._close.setVisible(there)
        self._facts.setVisible(full)
        movable = self._up.isEnabled() or self._down.isEnabled()
        for button in (self._up, self._down):
            button.setVisible(there and self._current and movable and self.index > 0)
        self._assumed.setVisible(full and self._assumed.is_needed)
        self._foreign.setVisible(full and self._foreign.is_needed)
        self._sections.setVisible(full and self._sections.is_needed)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        if self._assumed.is_needed:
            menu.addAction("What was &assumed…", self._on_assumed_pressed)
        menu.addAction("Copy &path", self._on_copy_asked)
        if self.index > 0:
            menu.addSeparator()
            earlier = menu.addAction("Move &earlier", self._on_up_clicked)
            later = menu.addAction("Move &later", self._on_down_clicked)
            earlier.setEnabled(self._up.isEnabled())
            later.setEnabled(self._down.isEnabled())
        menu.addSeparator()
        menu.addAction("C&lose", self.close_asked.emit)
        return menu

    def _choose(self) -> None:
        if self._card is None:
            self.open_asked.emit()
        else:
            self.chosen.emit()

    def _show_dragging(self, dragging: bool) -> None:
        self._dragging = dragging
        self.update()

    def _on_up_clicked(self) -> None:
        self.move_asked.emit(-1)

    def _on_down_clicked(self) -> None:
        self.move_asked.emit(1)

    def _on_copy_asked(self) -> None:
        if self._card is not None:
            QGuiApplication.clipboard().setText(self._card.path)

    def _on_assumed_pressed(self) -> None:
        if self._card is None:
            return
        heads = self._heads if assumes_heads(self._card) else None
        popover = AssumedPopover(self._card.assumed, heads=heads, parent=self)
        popover.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        popover.heads_corrected.connect(self.heads_corrected)
        popover.show_at(self._assumed if self._assumed.isVisible() else self)

    def _on_foreign_pressed(self) -> None:
        if self._card is None:
            return
        sentence = foreign_text(self._card)
        popover = ClassesPopover(sentence, self._card.foreign_classes, parent=self)
        popover.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        popover.show_at(self._foreign)


def _invitation(index: int) -> str:
    return "Drop a model to compare" if index else "Drop a model"


def _local_paths(event: QDropEvent) -> list[Path]:
    urls = event.mimeData().urls()
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
