"""Steps through blocks, heads and compared models with the keyboard; pure functions."""

from dataclasses import replace

from inspector.core.comparison import ComparisonSeries
from inspector.core.images import ImageCard, SliceAddress
from inspector.core.metrics import Metric
from inspector.core.outline import ModelOutline
from inspector.core.selection import Selection


def step_block(outline: ModelOutline, selection: Selection, by: int) -> Selection:
    """Go `by` blocks on in global order, across stages; the ends hold."""
    blocks = list(outline.blocks())
    here = _index(outline, selection)
    there = blocks[min(max(here + by, 0), len(blocks) - 1)]
    if there is blocks[here]:
        return selection
    return replace(selection, address=there.address, vector=None)


def step_head(outline: ModelOutline, selection: Selection, by: int) -> Selection:
    """Go `by` heads on inside the block; from the block as a whole to its first or last head.

    A step before the first head leads back to the block as a whole, and so does one past the last.
    """
    block = list(outline.blocks())[_index(outline, selection)]
    head = selection.address.head if selection.address else None
    places = [None, *range(block.num_heads)]
    there = places[(places.index(head) + by) % len(places)]
    return replace(selection, address=block.address.with_head(there), vector=None)


def step_shown_block(
    outline: ModelOutline, selection: Selection, by: int, *, keep_head: bool
) -> Selection:
    """As `step_block`, in the same head where that exists and is to be kept."""
    there = step_block(outline, selection, by)
    head = None if selection.address is None else selection.address.head
    if there is selection or not keep_head or head is None or there.address is None:
        return there
    if head >= outline.block(there.address).num_heads:
        return there
    return replace(there, address=there.address.with_head(head))


def step_shown_head(outline: ModelOutline, selection: Selection, by: int) -> Selection:
    """Go `by` heads on, round through the block; of a whole block, head 0 is shown."""
    block = list(outline.blocks())[_index(outline, selection)]
    head = selection.address.head if selection.address else None
    there = ((head or 0) + by) % block.num_heads
    return replace(selection, address=block.address.with_head(there), vector=None)


def step_mode(selection: Selection, by: int, *, count: int) -> Selection:
    """Go `by` modes on; the ends hold."""
    return replace(selection, mode=min(max(selection.mode + by, 0), max(count - 1, 0)))


def other_model(selection: Selection, *, count: int) -> Selection:
    """From the reference to the selected compared model, and from any other to the reference."""
    there = selection.compared + 1 if selection.model == 0 else 0
    return replace(selection, model=there) if there < count else selection


def step_slice(card: ImageCard, at: SliceAddress, by: int) -> SliceAddress:
    """Go `by` slices on in the same plane; the ends hold."""
    last = card.slices.get(at.plane, 1) - 1
    return replace(at, index=min(max(at.index + by, 0), last))


def step_compared(selection: Selection, by: int, *, count: int) -> Selection:
    """Go `by` compared models on; after the last comes the first."""
    if count < 1:
        return selection
    return replace(selection, compared=(selection.compared + by) % count)


def away_from_frozen(series: ComparisonSeries, selection: Selection) -> Selection:
    """Look at the block that changed most, where the selected block as a whole is frozen.

    Most changed is the block with the largest mean relative distance of Q, K or V; the selection
    stays where nothing changed at all, or a head or vector was chosen.
    """
    comparison = series.comparisons[min(selection.compared, len(series.comparisons) - 1)]
    here = comparison.by_address.get(selection.address) if selection.address else None
    if here is None or not here.frozen or selection.vector is not None:
        return selection
    changes = {
        block.address: max(
            (m.summaries[Metric.RELATIVE_DISTANCE].mean for m in block.matrices), default=0.0
        )
        for block in comparison.blocks
        if not block.frozen
    }
    return (
        replace(selection, address=max(changes, key=changes.__getitem__)) if changes else selection
    )


def _index(outline: ModelOutline, selection: Selection) -> int:
    if selection.address is None:
        return 0
    return outline.block(selection.address.of_block).global_index
