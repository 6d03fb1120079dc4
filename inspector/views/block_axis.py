"""Blocks along x: ticks count from 0 in each stage, stage names stand above, lines between."""

from itertools import pairwise

import pyqtgraph as pg

from inspector.core.address import Address
from inspector.core.comparison import Comparison
from inspector.render.maps import addresses

Ticks = list[list[tuple[float, str]]]

LEFT_WIDTH = 58
RIGHT_WIDTH = 92
TOP_HEIGHT = 18
_NO_NAMES = 5
_ROOM_FOR_NAME = 62
_ROOM_FOR_TICK = 20


def block_ticks(comparison: Comparison, width: float) -> Ticks:
    """Block numbers within their stage, thinned so that each has room in `width` pixels."""
    room = width / max(comparison.depth, 1)
    every = max(1, int(-(-_ROOM_FOR_TICK // max(room, 1))))
    return [
        [
            (float(index), str(address.block))
            for index, address in enumerate(addresses(comparison))
            if address.block % every == 0
        ]
    ]


def stage_ticks(comparison: Comparison, width: float) -> Ticks:
    """``Stage 2`` above the middle of each stage, ``S2`` where that has no room.

    Nothing for a model of one stage.
    """
    if len(comparison.stage_starts) < 2:
        return [[]]
    room = width / max(comparison.depth, 1)
    edges = (*comparison.stage_starts, comparison.depth)
    return [
        [
            (
                (start + stop - 1) / 2,
                f"Stage {stage}" if (stop - start) * room >= _ROOM_FOR_NAME else f"S{stage}",
            )
            for stage, (start, stop) in enumerate(pairwise(edges))
        ]
    ]


def stage_edges(comparison: Comparison) -> tuple[float, ...]:
    """Places between two stages."""
    return tuple(start - 0.5 for start in comparison.stage_starts[1:])


def block_at(comparison: Comparison, x: float) -> Address | None:
    """The block at a place along x; None outside."""
    index = round(x)
    if not 0 <= index < comparison.depth:
        return None
    return addresses(comparison)[index]


def place_of(comparison: Comparison, address: Address | None) -> int | None:
    """Where a block lies along x; None where the model has no such block."""
    if address is None:
        return None
    blocks = addresses(comparison)
    return blocks.index(address.of_block) if address.of_block in blocks else None


def top_height(comparison: Comparison) -> int:
    """Room above a plot: for the names of stages, or next to none for a model of one stage."""
    return TOP_HEIGHT if len(comparison.stage_starts) > 1 else _NO_NAMES


def show_blocks(plot: pg.PlotItem, comparison: Comparison, *, stages: bool) -> None:
    """Set the range and ticks of the x axis to the blocks of a comparison."""
    plot.setXRange(-0.5, comparison.depth - 0.5, padding=0)
    width = plot.getViewBox().width()
    plot.getAxis("bottom").setTicks(block_ticks(comparison, width))
    if stages:
        plot.getAxis("top").setHeight(top_height(comparison))
        plot.getAxis("top").setTicks(stage_ticks(comparison, width))
