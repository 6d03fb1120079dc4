"""Blocks without values: those still to come while a comparison runs, and those left out."""

import numpy as np

from inspector.core.address import Address
from inspector.core.comparison import Comparison
from inspector.render.limits import Values
from inspector.render.maps import addresses


def waiting_columns(comparison: Comparison) -> tuple[int, ...]:
    """Blocks that are still to come; none once a comparison is complete."""
    if comparison.complete:
        return ()
    there = {block.global_index for block in comparison.blocks}
    skipped = {address for address, _ in comparison.skipped}
    return tuple(
        index
        for index, address in enumerate(addresses(comparison))
        if index not in there and address not in skipped
    )


def why_absent(comparison: Comparison, address: Address) -> str:
    """Why a block has no values: skipped with its reason, or still to come."""
    for skipped, reason in comparison.skipped:
        if skipped == address:
            return f"not compared: {reason}"
    return "not compared" if comparison.complete else "still to come"


def outlines(columns: tuple[int, ...], rows: int) -> tuple[Values, Values]:
    """The edges of the cells of some columns, as pairs of points."""
    x, y = [], []
    for column in columns:
        for edge in (column - 0.5, column + 0.5):
            x += [edge, edge]
            y += [-0.5, rows - 0.5]
        for row in range(rows + 1):
            x += [column - 0.5, column + 0.5]
            y += [row - 0.5, row - 0.5]
    return np.array(x, dtype=np.float64), np.array(y, dtype=np.float64)
