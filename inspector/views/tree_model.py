"""The model tree as Qt sees it: stage, block, head; nothing is stored for a row."""

from enum import IntEnum
from math import isfinite
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from inspector.core.address import Address
from inspector.core.outline import BlockOutline, ModelOutline
from inspector.views.tree_rows import Row, TreeRows, bar_text
from inspector.views.wording import counted

Index = QModelIndex | QPersistentModelIndex
_BITS = 16
_MASK = (1 << _BITS) - 1


class TreeRole(IntEnum):
    """What the delegate and the search ask for beside the usual roles."""

    ROW = Qt.ItemDataRole.UserRole
    DIM = Qt.ItemDataRole.UserRole + 1
    WORDS = Qt.ItemDataRole.UserRole + 2


class TreeColumn(IntEnum):
    """Name of the row, and the bar of the current metric."""

    NAME = 0
    BAR = 1


class TreeModel(QAbstractItemModel):
    """A `ModelOutline` with the numbers of `TreeRows`.

    An index carries its place, packed into its id: stage, block + 1, head + 1, 16 bits each; 0
    stands for "the stage (or block) itself".
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._outline: ModelOutline | None = None
        self.rows: TreeRows | None = None

    def set_outline(self, outline: ModelOutline | None) -> None:
        """Show another model; numbers are gone until `set_rows`."""
        self.beginResetModel()
        self._outline = outline
        self.rows = None
        self.endResetModel()

    def set_rows(self, rows: TreeRows | None) -> None:
        """Replace the numbers; rows stay what and where they are."""
        self.rows = rows
        self._tell_changed(QModelIndex())

    def stage_index(self, stage: int) -> QModelIndex:
        """The row of a stage."""
        return self.index(stage, 0)

    def index_of(self, address: Address) -> QModelIndex:
        """The row of a block or head; invalid where the model has none."""
        block = self.index(address.block, 0, self.stage_index(address.stage))
        return block if address.head is None else self.index(address.head, 0, block)

    def address_of(self, index: Index) -> Address | None:
        """The block or head of a row; None for a stage."""
        stage, block, head = _unpack(index.internalId()) if index.isValid() else (0, None, None)
        return None if block is None else Address(stage, block, head)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        """The cell at `row` and `column` below `parent`."""
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        if not parent.isValid():
            return self.createIndex(row, column, _pack(row))
        stage, block, _ = _unpack(parent.internalId())
        place = _pack(stage, row) if block is None else _pack(stage, block, row)
        return self.createIndex(row, column, place)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        """The block of a head, the stage of a block."""
        if not index.isValid():
            return QModelIndex()
        stage, block, head = _unpack(index.internalId())
        if block is None:
            return QModelIndex()
        if head is None:
            return self.createIndex(stage, 0, _pack(stage))
        return self.createIndex(block, 0, _pack(stage, block))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Stages of the model, blocks of a stage, heads of a block."""
        if self._outline is None or parent.column() > 0:
            return 0
        if not parent.isValid():
            return len(self._outline.stages)
        stage, block, head = _unpack(parent.internalId())
        if block is None:
            return len(self._outline.stages[stage].blocks)
        return self._block(stage, block).num_heads if head is None else 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Name and bar."""
        return len(TreeColumn)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, dim text, row, tooltip and what is read out."""
        if self._outline is None or not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._name(index) if index.column() == TreeColumn.NAME else None
        if role == TreeRole.ROW:
            return self._row(index)
        if role == TreeRole.DIM:
            return self._dim(index)
        if role == TreeRole.WORDS:
            return self._words(index)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(index)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._read_out(index)
        return None

    def _block(self, stage: int, block: int) -> BlockOutline:
        assert self._outline is not None
        return self._outline.stages[stage].blocks[block]

    def _name(self, index: Index) -> str:
        stage, block, head = _unpack(index.internalId())
        if head is not None:
            return f"Head {head}"
        return f"Stage {stage}" if block is None else f"Block {block}"

    def _dim(self, index: Index) -> str:
        stage, block, head = _unpack(index.internalId())
        if block is None:
            return counted(self.rowCount(index), "block")
        found = self._block(stage, block)
        return f"{found.embed_dim} · {_size(found)}" if head is None else ""

    def _row(self, index: Index) -> Row:
        if self.rows is None or self._outline is None:
            return Row()
        stage, block, head = _unpack(index.internalId())
        if block is None:
            return self.rows.stage(self._outline.stages[stage])
        address = Address(stage, block, head)
        return self.rows.block(address) if head is None else self.rows.head(address)

    def _words(self, index: Index) -> str:
        """What the search looks in: ``block 7 b7 s2b7 s2 b7 frozen``."""
        address, name = self.address_of(index), self._name(index).lower()
        if address is None:
            return f"{name} s{index.row()} {self._row(index).word}"
        short = str(address).lower()
        words = f"{name} {short} {short.replace(' ', '')}"
        return words if address.head is not None else f"{words} {self._row(index).word}"

    def _tip(self, index: Index) -> str:
        stage, block, head = _unpack(index.internalId())
        if block is None:
            return "\n".join(filter(None, (f"Stage {stage}", self._dim(index), self._said(index))))
        found = self._block(stage, block)
        lines = [
            f"{Address(stage, block, head)} · block {found.global_index} of the whole model",
            f"d = {found.embed_dim}, heads × head size = {_size(found)}",
            self._said(index),
        ]
        return "\n".join(filter(None, lines))

    def _said(self, index: Index) -> str:
        row = self._row(index)
        return row.tip or row.word

    def _read_out(self, index: Index) -> str:
        row = self._row(index)
        value = row.word or (bar_text(row.value) if isfinite(row.value) else "")
        return f"{self._name(index)} {value}".strip()

    def _tell_changed(self, parent: QModelIndex) -> None:
        last = self.rowCount(parent) - 1
        if last < 0:
            return
        self.dataChanged.emit(self.index(0, 0, parent), self.index(last, 1, parent))
        if parent.isValid():
            return
        for row in range(last + 1):
            self._tell_changed(self.index(row, 0))


def _size(block: BlockOutline) -> str:
    return f"{block.num_heads}×{block.head_dim}"


def _pack(stage: int, block: int = -1, head: int = -1) -> int:
    return stage << 2 * _BITS | (block + 1) << _BITS | (head + 1)


def _unpack(place: int) -> tuple[int, int | None, int | None]:
    block, head = (place >> _BITS) & _MASK, place & _MASK
    return place >> 2 * _BITS, block - 1 if block else None, head - 1 if head else None
