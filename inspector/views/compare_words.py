"""What the comparison's title and strips say."""

from html import escape

from inspector.core.comparison import Comparison, MatchKind
from inspector.core.metrics import Metric
from inspector.views.wording import AXIS_WORDS, blocks_text, counted, lower_first, shortened

AXIS_LINK = "axis"
_REMARKABLE = (MatchKind.ONLY_A, MatchKind.ONLY_B, MatchKind.SHAPE_DIFFERS)


def title_html(comparison: Comparison, metric: Metric, *, link: str) -> str:
    """Exactly what is shown: models, metric with its formula, axis (a link), blocks.

    `link` is the colour of the link as ``#rrggbb``: rich text would keep that of the palette in
    which it was first shown, and be unreadable after a change between light and dark.
    """
    parts = (
        f"<b>{escape(shortened(comparison.compared.label))}</b> against "
        f"<b>{escape(shortened(comparison.reference.label))}</b>",
        escape(f"{lower_first(metric.about.label)} {metric.about.formula}"),
        f"<a href='{AXIS_LINK}' style='color: {link}'>{AXIS_WORDS[comparison.axis]}</a>",
        blocks_text(comparison),
    )
    return " · ".join(parts)


def unrelated_text(comparison: Comparison) -> str:
    """The warning that rows do not correspond; empty where they do."""
    if not comparison.unrelated:
        return ""
    return (
        f"The median cosine distance is {comparison.median_cosine_distance:.2f}: B was in all "
        "likelihood not trained from A, so comparing row by row means nothing. The products of "
        "each head can be compared in any basis."
    )


def left_out_text(comparison: Comparison) -> str:
    """What was left out or assumed, in one line; empty where nothing was."""
    counts = [(comparison.matching.count(kind), kind) for kind in _REMARKABLE]
    parts = [f"{_tensors(number, kind)}" for number, kind in counts if number]
    if comparison.skipped:
        parts.append(f"{counted(len(comparison.skipped), 'block')} not compared")
    cards = {"A": comparison.reference, "B": comparison.compared}
    guessed = [name for name, card in cards.items() if card.assumed]
    if guessed:
        parts.append(f"assumptions about {' and '.join(guessed)}")
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def _tensors(number: int, kind: MatchKind) -> str:
    if kind is MatchKind.SHAPE_DIFFERS:
        return f"{counted(number, 'shape')} {'differs' if number == 1 else 'differ'}"
    return f"{counted(number, 'tensor')} {kind}"
