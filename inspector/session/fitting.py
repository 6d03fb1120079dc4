"""What is selected is brought back to what exists; pure functions."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from inspector.core.address import Address
from inspector.core.errors import BadRequest
from inspector.core.images import SliceAddress
from inspector.core.modes import Product, TokenSpace
from inspector.core.outline import BlockOutline, ModelOutline
from inspector.core.selection import Selection
from inspector.session.open_files import OpenImage


def nearest(outline: ModelOutline, address: Address | None) -> tuple[BlockOutline, Address]:
    """The block of an address, without its head where that does not exist; else the first."""
    for candidate in (address, address.of_block if address else None):
        if candidate is None:
            continue
        try:
            return outline.block(candidate), candidate
        except BadRequest:
            continue
    first = outline.stages[0].blocks[0]
    return first, first.address


def fitting_slice(entry: OpenImage, at: SliceAddress) -> SliceAddress:
    """The nearest slice that exists; in a plane that does not, where one looks first."""
    if at.plane not in entry.card.slices:
        return entry.image.middle()
    index = within(at.index, entry.card.slices[at.plane])
    return SliceAddress(at.plane, index, within(at.time, entry.card.times))


def agreeing(selection: Selection, *, before: Selection) -> Selection:
    """Let weights and tokens belong together: the norm is in the weights or in the tokens.

    The normalised residual goes with the norm folded in, the attention input with the weights as
    they are; what the user has changed last decides.
    """
    options, space = selection.options, selection.space
    if space is TokenSpace.RESIDUAL or options.fold_norm == (space is TokenSpace.NORMED):
        return selection
    if space is not before.space:
        folded = replace(options, fold_norm=space is TokenSpace.NORMED)
        return replace(selection, options=folded)
    fitting = TokenSpace.NORMED if options.fold_norm else TokenSpace.ATTENTION_INPUT
    return replace(selection, space=fitting)


def within(number: int, count: int) -> int:
    """The nearest of 0 ... count - 1; 0 where there is none."""
    return min(max(number, 0), max(count - 1, 0))


def below(number: int | None, count: int | None) -> int | None:
    """The number, where there are so many; a count of None is not known and holds all."""
    if number is None or number < 0 or (count is not None and number >= count):
        return None
    return number


def modes_of_head(block: BlockOutline, product: Product) -> int:
    """How many modes a head of the block has."""
    inner = block.head_dim if product is Product.QK else block.value_dim
    return min(inner, block.embed_dim)


def named(entry: OpenImage) -> Path:
    """A path that ends as the reader calls the image, in the folder it lies in."""
    return entry.source.path.absolute().parent / entry.image.card.label.replace("/", " ")


def position_of(entry: OpenImage | None, images: Sequence[OpenImage], *, otherwise: int) -> int:
    """Where an open image stands among others."""
    found = (n for n, one in enumerate(images) if entry is not None and one.image is entry.image)
    return next(found, otherwise)
