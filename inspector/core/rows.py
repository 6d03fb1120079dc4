"""All heads, or all modes of all heads, of a model in one row: how results over images index them.

The order is that of the model: blocks in global order, in each block its heads, in each head its
modes from the largest sigma on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inspector.core.address import Address
from inspector.core.comparison import IntArray
from inspector.core.errors import BadRequest


@dataclass(frozen=True)
class HeadRows:
    """The heads of the blocks of a model.

    `blocks` are the addresses of the blocks in global order, `heads` how many heads each has.
    """

    blocks: tuple[Address, ...]
    heads: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.blocks) != len(self.heads) or min(self.heads, default=1) < 1:
            raise BadRequest("Each block has a number of heads, at least 1.")

    @cached_property
    def starts(self) -> IntArray:
        """(blocks + 1,) where each block begins, and the end."""
        return _starts(self.heads)

    @property
    def count(self) -> int:
        """All heads."""
        return int(self.starts[-1])

    def of_block(self, block: int) -> slice:
        """The rows of a block by its place in `blocks`."""
        return slice(int(self.starts[block]), int(self.starts[block + 1]))

    def row(self, address: Address) -> int:
        """The row of a head.

        Raises
        ------
        BadRequest
            When there is no such head.
        """
        place = _place(self.blocks, address)
        if not 0 <= (address.head or 0) < self.heads[place]:
            raise _no_head(address, self.heads[place])
        return int(self.starts[place]) + (address.head or 0)

    def addresses(self) -> Iterator[Address]:
        """Of every row."""
        for block, heads in zip(self.blocks, self.heads, strict=True):
            for head in range(heads):
                yield Address(block.stage, block.block, head)


@dataclass(frozen=True)
class ModeRows:
    """The modes of the heads of the blocks of a model.

    `blocks` are the addresses in global order, `heads` how many heads each block has, `modes` how
    many modes of each of its heads are in the rows: the first ones.
    """

    blocks: tuple[Address, ...]
    heads: tuple[int, ...]
    modes: tuple[int, ...]

    def __post_init__(self) -> None:
        same = len(self.blocks) == len(self.heads) == len(self.modes)
        if not same or min((*self.heads, *self.modes), default=1) < 1:
            raise BadRequest("Each block has heads with modes, at least one of each.")

    @cached_property
    def starts(self) -> IntArray:
        """(blocks + 1,) where each block begins, and the end."""
        return _starts([h * m for h, m in zip(self.heads, self.modes, strict=True)])

    @property
    def count(self) -> int:
        """All modes of all heads."""
        return int(self.starts[-1])

    @property
    def of_heads(self) -> HeadRows:
        """The same blocks, a row for each head."""
        return HeadRows(self.blocks, self.heads)

    def of_block(self, block: int) -> slice:
        """The rows of a block by its place in `blocks`: heads one after the other."""
        return slice(int(self.starts[block]), int(self.starts[block + 1]))

    def of_head(self, address: Address) -> slice:
        """The rows of a head, its modes one after the other.

        Raises
        ------
        BadRequest
            When there is no such head.
        """
        place = _place(self.blocks, address)
        head = address.head or 0
        if not 0 <= head < self.heads[place]:
            raise _no_head(address, self.heads[place])
        first = int(self.starts[place]) + head * self.modes[place]
        return slice(first, first + self.modes[place])

    def row(self, address: Address) -> int:
        """The row of a mode.

        Raises
        ------
        BadRequest
            When there is no such mode among the rows.
        """
        rows = self.of_head(address)
        mode = address.mode or 0
        if mode >= rows.stop - rows.start:
            raise BadRequest(
                f"Of {address.of_block.with_head(address.head)} the first "
                f"{rows.stop - rows.start} modes are known; mode {mode} was asked for."
            )
        return int(rows.start) + mode

    def addresses(self) -> Iterator[Address]:
        """Of every row."""
        for block, heads, modes in zip(self.blocks, self.heads, self.modes, strict=True):
            for head in range(heads):
                for mode in range(modes):
                    yield Address(block.stage, block.block, head, mode)


def _starts(sizes: "tuple[int, ...] | list[int]") -> IntArray:
    starts: IntArray = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)
    starts.setflags(write=False)
    return starts


def _place(blocks: tuple[Address, ...], address: Address) -> int:
    if address.of_block not in blocks:
        raise BadRequest(f"There is no block {address.of_block} among these results.")
    return blocks.index(address.of_block)


def _no_head(address: Address, heads: int) -> BadRequest:
    return BadRequest(
        f"{address.of_block} has {heads} heads, counted from 0; head {address.head} was asked for."
    )
