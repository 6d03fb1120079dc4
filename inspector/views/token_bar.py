"""Which token is asked and which one is answered: buttons for prefix tokens, fields for patches."""

import re

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from inspector.core.tokens import TokenGrid
from inspector.views.down_button import DownButton
from inspector.views.icons import IconButton
from inspector.views.switch import Switch

_PLACE = re.compile(r"^\s*(\d+)\s*[,; ]\s*(\d+)\s*$")
_KEY_MODIFIERS = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier


class TokenBar(QWidget):
    """The query token, the key token, and which of them a click chooses.

    Signals
    -------
    query_chosen(token), key_chosen(token)
        The user chose a token; key token None for none.
    refused(sentence)
        What was typed is no token.
    """

    query_chosen = Signal(int)
    key_chosen = Signal(object)
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid: TokenGrid | None = None
        self._query, self._key = 0, -1
        self.query = TokenField("Query token", "Row and column of the patch that attends, or CLS")
        self.key = TokenField("Key token", "Row and column of the attended patch, or CLS")
        self.query.setPlaceholderText("row, column")
        self.key.setPlaceholderText("none")
        self.query.entered.connect(self._on_query_entered)
        self.key.entered.connect(self._on_key_entered)
        self.clear = IconButton("close", "No key token")
        self.clear.clicked.connect(self._on_clear_clicked)
        self.side = Switch(
            "A click on the image",
            {
                "query": ("Query", "chooses the query token"),
                "key": ("Key", "chooses the key token, as Shift or Ctrl and a click always does"),
            },
        )
        self.side.show_choice("query")
        self.side.chosen.connect(self._on_side_chosen)
        self._side = "query"
        self.prefix: tuple[QToolButton, ...] = ()
        self._place()

    def show_tokens(self, grid: TokenGrid, query: int, key: int | None) -> None:
        """Show what is chosen; emits nothing."""
        if self._grid is None or grid.prefix != self._grid.prefix:
            self._rebuild(grid.prefix)
        self._grid, self._query, self._key = grid, query, -1 if key is None else key
        self.query.show_token(_text_of(grid, query))
        self.key.show_token("" if key is None else _text_of(grid, key))
        self.clear.setEnabled(key is not None)
        for token, button in enumerate(self.prefix):
            button.setChecked(token in (query, key))
            button.setText(f"→ {grid.prefix[token]}" if token == key else grid.prefix[token])

    def choose(self, token: int) -> None:
        """Take a token as query or as key, whatever a click means now."""
        held = QGuiApplication.keyboardModifiers()
        if self._side == "key" or held & _KEY_MODIFIERS:
            self.key_chosen.emit(token)
        else:
            self.query_chosen.emit(token)

    def _place(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for text, field in (("&Query", self.query), ("&Key", self.key)):
            label = QLabel(text)
            label.setBuddy(field)
            row.addWidget(label)
            row.addWidget(field)
        row.addWidget(self.clear)
        self._prefix_row = QHBoxLayout()
        self._prefix_row.setContentsMargins(8, 0, 0, 0)
        self._prefix_row.setSpacing(2)
        row.addLayout(self._prefix_row)
        row.addStretch(1)
        row.addWidget(QLabel("Click:"))
        row.addWidget(self.side)

    def _rebuild(self, names: tuple[str, ...]) -> None:
        for button in self.prefix:
            self._prefix_row.removeWidget(button)
            button.deleteLater()
        self.prefix = tuple(self._button(name) for name in names)

    def _button(self, name: str) -> QToolButton:
        button = DownButton()
        button.setText(name)
        button.setCheckable(True)
        button.setToolTip(f"Choose the {name} token; with Shift or Ctrl as key token")
        button.setAccessibleName(f"Choose the {name} token")
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(self._on_prefix_clicked)
        self._prefix_row.addWidget(button)
        return button

    @Slot()
    def _on_prefix_clicked(self) -> None:
        token = next(n for n, button in enumerate(self.prefix) if button is self.sender())
        self.prefix[token].setChecked(token in (self._query, self._key))
        self.choose(token)

    @Slot(str)
    def _on_side_chosen(self, side: str) -> None:
        self._side = side

    @Slot()
    def _on_clear_clicked(self) -> None:
        self.key_chosen.emit(None)

    @Slot(str)
    def _on_query_entered(self, text: str) -> None:
        token = self._read(text)
        if token is None:
            self.query.take_back()
        elif token != self._query:
            self.query_chosen.emit(token)

    @Slot(str)
    def _on_key_entered(self, text: str) -> None:
        if not text.strip():
            if self._key >= 0:
                self.key_chosen.emit(None)
            return
        token = self._read(text)
        if token is None:
            self.key.take_back()
        elif token != self._key:
            self.key_chosen.emit(token)

    def _read(self, text: str) -> int | None:
        grid = self._grid
        if grid is None:
            return None
        names = [name.casefold() for name in grid.prefix]
        if text.strip().casefold() in names:
            return names.index(text.strip().casefold())
        found = _PLACE.match(text)
        if found is not None:
            row, column = int(found[1]), int(found[2])
            if row < grid.rows and column < grid.columns:
                return grid.token(row, column)
        also = f", or {', '.join(grid.prefix)}" if grid.prefix else ""
        self.refused.emit(
            f"“{text.strip()}” is no token. Write row, column from 0,0 to "
            f"{grid.rows - 1},{grid.columns - 1}{also}."
        )
        return None


class TokenField(QLineEdit):
    """A short field that is taken with Enter or by leaving it, and given up with Esc."""

    entered = Signal(str)

    def __init__(self, name: str, says: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = ""
        self.setAccessibleName(name)
        self.setToolTip(says)
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("row, column") + 18)
        self.returnPressed.connect(self._on_return_pressed)

    def show_token(self, text: str) -> None:
        """Show a token, unless the user is writing another one; emits nothing."""
        self._shown = text
        if not (self.hasFocus() and self.isModified()):
            self.take_back()

    def take_back(self) -> None:
        """Show again what is chosen."""
        self.setText(self._shown)
        self.setModified(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give up with Esc."""
        if event.key() == Qt.Key.Key_Escape and self.isModified():
            self.take_back()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take what was written."""
        super().focusOutEvent(event)
        self._take()

    def event(self, event: QEvent) -> bool:
        """Keep the keys of the view away from what is written."""
        if event.type() is QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    @Slot()
    def _on_return_pressed(self) -> None:
        self._take()

    def _take(self) -> None:
        if self.isModified():
            self.setModified(False)
            self.entered.emit(self.text())


def _text_of(grid: TokenGrid, token: int) -> str:
    place = grid.place(token)
    return grid.name(token) if place is None else f"{place[0]},{place[1]}"
