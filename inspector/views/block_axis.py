"""Blocks along x: ticks count from 0 in each stage, stage names stand above, lines between."""

from itertools import pairwise

import pyqtgraph as pg

from inspector.core.address import Address
from inspector.render.maps import Staged, addresses

Ticks = list[list[tuple[float, str]]]

LEFT_WIDTH = 58
RIGHT_WIDTH = 92
TOP_HEIGHT = 18
_NO_NAMES = 5
_ROOM_FOR_NAME = 62
_ROOM_FOR_TICK = 20


def block_ticks(staged: Staged, width: float) -> Ticks:
    """Block numbers within their stage, thinned so that each has room in `width` pixels."""
    room = width / max(staged.depth, 1)
    every = max(1, int(-(-_ROOM_FOR_TICK // max(room, 1))))
    return [
        [
            (float(index), str(address.block))
            for index, address in enumerate(addresses(staged))
            if address.block % every == 0
        ]
    ]


def stage_ticks(staged: Staged, width: float) -> Ticks:
    """``Stage 2`` above the middle of each stage, ``S2`` where that has no room.

    Nothing for a model of one stage.
    """
    if len(staged.stage_starts) < 2:
        return [[]]
    room = width / max(staged.depth, 1)
    edges = (*staged.stage_starts, staged.depth)
    return [
        [
            (
                (start + stop - 1) / 2,
                f"Stage {stage}" if (stop - start) * room >= _ROOM_FOR_NAME else f"S{stage}",
            )
            for stage, (start, stop) in enumerate(pairwise(edges))
        ]
    ]


def stage_edges(staged: Staged) -> tuple[float, ...]:
    """Places between two stages."""
    return tuple(start - 0.5 for start in staged.stage_starts[1:])


def block_at(staged: Staged, x: float) -> Address | None:
    """The block at a place along x; None outside."""
    index = round(x)
    if not 0 <= index < staged.depth:
        return None
    return addresses(staged)[index]


def place_of(staged: Staged, address: Address | None) -> int | None:
    """Where a block lies along x; None where the model has no such block."""
    if address is None:
        return None
    blocks = addresses(staged)
    return blocks.index(address.of_block) if address.of_block in blocks else None


def top_height(staged: Staged) -> int:
    """Room above a plot: for the names of stages, or next to none for a model of one stage."""
    return TOP_HEIGHT if len(staged.stage_starts) > 1 else _NO_NAMES


def show_blocks(plot: pg.PlotItem, staged: Staged, *, stages: bool) -> None:
    """Set the range and ticks of the x axis to the blocks of a comparison or a model."""
    plot.setXRange(-0.5, staged.depth - 0.5, padding=0)
    width = plot.getViewBox().width()
    plot.getAxis("bottom").setTicks(block_ticks(staged, width))
    if stages:
        plot.getAxis("top").setHeight(top_height(staged))
        plot.getAxis("top").setTicks(stage_ticks(staged, width))
