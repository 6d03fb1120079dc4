"""How the depth view puts modes, bands and anisotropy into words."""

import numpy as np

from inspector.core.address import Address
from inspector.core.measuring import MEASURE_WORDS
from inspector.core.modes import Anisotropy, ModelModes, Product
from inspector.core.preference import Preference
from inspector.core.same_object import SameObject
from inspector.core.scene import DepthScene
from inspector.views.depth_shown import Measure
from inspector.views.wording import counted, number_text, shortened

_SPACES = {
    "attention-input": "attention input",
    "residual": "residual",
    "normed": "normalised residual",
}
BAND = "light grey: 95 % of single random modes, dark: of means over such modes"
BAND_SAYS = (
    "Light grey holds the cosine of 95 % of pairs of random directions, dark grey the score of "
    "95 % of blocks with these σ whose u and v are unrelated: a mean over heads and modes varies "
    "far less than a single mode. Both depend on the width of the tokens, so stages of different "
    "width have their own."
)


def title_html(scene: DepthScene, measure: Measure = "cosine") -> str:
    """What is shown: the product, the models, and how far a computation is."""
    product = scene.models[0].options.product.label
    what = f"{product} weighted cosine" if measure == "cosine" else MEASURE_WORDS[measure]
    parts = [f"<b>{what} over depth</b>"]
    for letter, model in zip(scene.letters, scene.models, strict=True):
        name = shortened(model.card.label).replace("<", "&lt;")
        parts.append(f"{letter} {name}, {blocks_text(model)}")
    return " · ".join(parts)


def blocks_text(model: ModelModes) -> str:
    """``12 blocks``; ``5 of 12 blocks so far`` while they are computed."""
    done, depth = len(model.blocks), model.depth
    if not model.complete:
        return f"{done} of {counted(depth, 'block')} so far"
    return counted(done, "block") if done == depth else f"{done} of {counted(depth, 'block')}"


def meaning(product: Product, measure: Measure = "cosine") -> str:
    """What high and low mean, in one line."""
    if measure == "preference":
        return (
            "Where the attention of a target and of a distractor goes: to its own kind (grouping), "
            "to the other, or to the background."
        )
    if measure == "same-object":
        return (
            "How often the query and the key of a mode favour one object; above chance, it groups."
        )
    if product is Product.QK:
        return (
            "Above 0, tokens attend to tokens like themselves (grouping); "
            "near 0 or below, to others (contextualising)."
        )
    return (
        "Above 0, a head writes what it reads into the token (copying); "
        "near 0 or below, something else."
    )


def left_out_text(scene: DepthScene) -> str:
    """Blocks without modes and where the form is not exact; empty where there is nothing to say."""
    sentences = []
    for letter, model in zip(scene.letters, scene.models, strict=True):
        sentences += [
            f"{letter}: {address} has no modes: {_ended(why)}" for address, why in model.skipped
        ]
        reasons = dict.fromkeys(block.exact for block in model.blocks if block.exact)
        sentences += [f"{letter}: {_ended(reason)}" for reason in reasons]
    return " ".join(sentences)


def anisotropy_text(letter: str, known: Anisotropy) -> str:
    """``Anisotropy of A: mean 0.412 over 24 images (attention input)``."""
    good = known.values[np.isfinite(known.values)]
    mean = number_text(float(good.mean()) if good.size else float("nan"), digits=3)
    space = _SPACES[str(known.space)]
    return f"Anisotropy of {letter}: mean {mean}, from {counted(known.images, 'image')} ({space})"


def measured_text(letter: str, known: Preference | SameObject) -> str:
    """How many images count: ``A: 312 images, 5 left out``; ``A: 120 of 317 images so far``."""
    one = known.one_object if isinstance(known, SameObject) else ()
    count = known.measured if isinstance(known, SameObject) else len(known.images)
    if not known.complete:
        return f"{letter}: {count:,} of {known.total:,} images so far"
    parts = [f"{letter}: {counted(count, 'image')}"]
    if one:
        parts.append(f"{len(one):,} with one object")
    if known.left_out:
        parts.append(f"{len(known.left_out):,} left out")
    return ", ".join(parts)


def left_of(known: Preference | SameObject) -> tuple[tuple[str, str], ...]:
    """Every image that does not count, with the reason."""
    return known.every_left_out if isinstance(known, SameObject) else known.left_out


def why_absent(model: ModelModes, address: Address) -> str:
    """Why a block has no modes: skipped with its reason, or still to come."""
    for skipped, reason in model.skipped:
        if skipped == address:
            return f"no modes: {reason}"
    return "no modes" if model.complete else "still to come"


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
