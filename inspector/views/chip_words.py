"""What a chip says of an open model."""

from inspector.core.comparison import ModelCard

_STEPS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def letter_of(index: int) -> str:
    """The letter of a model: A is the reference; B, B2, B3... are compared with it."""
    if index == 0:
        return "A"
    return "B" if index == 1 else f"B{index}"


def facts(card: ModelCard) -> str:
    """Family, parameters and blocks: ``Swin · 49.6 M · 24 blocks``."""
    return f"{card.family} · {size_text(card.parameters)} · {_blocks(card.depth)}"


def description(card: ModelCard) -> str:
    """All there is to say, one fact a line."""
    lines = [
        card.path,
        f"{card.family}, {card.source} naming",
        f"{card.parameters:,} parameters, {_blocks(card.depth)}",
        *card.assumed,
    ]
    if card.foreign_classes:
        lines.append(foreign_text(card))
    return "\n".join(lines)


def size_text(parameters: int) -> str:
    """A number of parameters in three digits: ``49.6 M``."""
    for step, unit in _STEPS:
        if parameters >= step:
            return f"{parameters / step:.3g} {unit}"
    return str(parameters)


def assumes_heads(card: ModelCard) -> bool:
    """Whether the number of heads is among what was assumed."""
    return any("head" in sentence.lower() for sentence in card.assumed)


def assumed_text(card: ModelCard) -> str:
    """What was assumed, in two or three words; empty where nothing was."""
    if not card.assumed:
        return ""
    if len(card.assumed) == 1:
        return "heads assumed" if assumes_heads(card) else "1 assumption"
    return f"{len(card.assumed)} assumptions"


def foreign_text(card: ModelCard) -> str:
    """That the file names code that was not run."""
    count = len(card.foreign_classes)
    return f"This file names {count} class{'' if count == 1 else 'es'}; none was run."


def _blocks(depth: int) -> str:
    return "1 block" if depth == 1 else f"{depth} blocks"
