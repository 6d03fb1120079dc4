"""Which images were left out, and why."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from inspector.core.optimal import Left
from inspector.views.popover import Popover
from inspector.views.record_table import RecordModel, RecordTable

_WIDE, _HIGH = 520, 260
"""Of the panel, and of its table at most."""


class LeftOutPopover(Popover):
    """A sentence, and under it images, each with the reason; rows can be copied."""

    def __init__(self, sentence: str, left: Left, *, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(_WIDE)
        self.add_text(sentence)
        model = RecordModel(
            ("Image", "Why"),
            ("Its name in the folder", "Why it was left out"),
            text=lambda pair, column: str(pair[column]),
        )
        model.replace(left)
        self.table = RecordTable("Images that were left out, with the reason", model)
        model.setParent(self.table)
        row = self.table.verticalHeader().defaultSectionSize()
        self.table.setFixedHeight(min(_HIGH, (len(left) + 2) * row))
        self.table.setColumnWidth(0, _WIDE // 3)
        self.column.addWidget(self.table)
        self.table.setFocus()
