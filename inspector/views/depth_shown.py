"""What the depth view shows at one moment: one frozen value that all its parts are drawn from."""

from dataclasses import dataclass, field
from itertools import count
from typing import Literal

import numpy as np

from inspector.core.address import Address
from inspector.core.modes import Anisotropy, BlockModes, ModelModes
from inspector.core.preference import Preference
from inspector.core.same_object import SameObject
from inspector.core.scene import DepthScene
from inspector.core.selection import Selection
from inspector.render.depth import MeasuredCurve, preference_curves, same_object_curves
from inspector.render.limits import Values
from inspector.views.chip_words import letter_of

Quantity = Literal["score", "relative"]
Places = Literal["block", "share"]
Measure = Literal["cosine", "preference", "same-object"]


@dataclass(frozen=True, slots=True, eq=False)
class DepthShown:
    """Results, selection and how they are drawn.

    Parameters
    ----------
    measure
        What the curves are of.
    without_query
        Whether the query's own token is left out of the attention preference.
    quantity
        Of the cosine: ``score`` is the weighted cosine, ``relative`` is it less the anisotropy of
        its block.
    places
        Along x, the index of the block, or its share of the depth, l / (L - 1), as published.
    """

    scene: DepthScene | None = None
    selection: Selection = field(default_factory=Selection)
    measure: Measure = "cosine"
    without_query: bool = False
    quantity: Quantity = "score"
    places: Places = "block"

    @property
    def models(self) -> tuple[ModelModes, ...]:
        """The models, A first."""
        return () if self.scene is None else self.scene.models

    @property
    def letters(self) -> tuple[str, ...]:
        """Their letters in the window."""
        return () if self.scene is None else self.scene.letters

    @property
    def current(self) -> int:
        """Which of the models the selection means; the first where it means one not shown."""
        letter = letter_of(self.selection.model)
        return self.letters.index(letter) if letter in self.letters else 0

    @property
    def model(self) -> ModelModes | None:
        """The selected model."""
        return self.models[self.current] if self.models else None

    @property
    def address(self) -> Address | None:
        """The selected block or head."""
        if self.selection.address is not None or self.scene is None:
            return self.selection.address
        return self.scene.chosen

    @property
    def block(self) -> BlockModes | None:
        """The selected block of the selected model; None where it has no modes (yet)."""
        if self.model is None or self.address is None:
            return None
        return self.model.by_address.get(self.address.of_block)

    @property
    def same_blocks(self) -> bool:
        """Whether all models have the same stages of the same depth."""
        return len({(model.stage_starts, model.depth) for model in self.models}) <= 1

    @property
    def by_share(self) -> bool:
        """Whether x is the share of the depth: chosen, or as models of other depths need it."""
        return self.places == "share" or not self.same_blocks

    def anisotropy(self, place: int) -> Anisotropy | None:
        """Of one of the models, where it is known."""
        return None if self.scene is None else self.scene.anisotropy[place]

    @property
    def has_anisotropy(self) -> bool:
        """Whether it is known of any model."""
        return any(self.anisotropy(place) is not None for place in range(len(self.models)))

    def measured(self, place: int) -> Preference | SameObject | None:
        """What is known of one of the models with masks, of that which the curves are of."""
        if self.scene is None or self.measure == "cosine":
            return None
        known: tuple[Preference | SameObject | None, ...] = (
            self.scene.preference if self.measure == "preference" else self.scene.same_object
        )
        return known[place] if place < len(known) else None

    @property
    def measured_curves(self) -> tuple[MeasuredCurve, ...]:
        """The curves of what was measured with masks."""
        if self.scene is None or self.measure == "cosine":
            return ()
        if self.measure == "preference":
            return preference_curves(self.scene, without_query=self.without_query)
        return same_object_curves(self.scene)

    def base(self, place: int) -> Values:
        """(depth,) what is subtracted from the scores of a model; NaN where it is not known."""
        depth = self.models[place].depth
        if self.quantity == "score":
            return np.zeros(depth)
        known = self.anisotropy(place)
        return np.full(depth, np.nan) if known is None else known.values


def model_of(letter: str) -> int:
    """The position among the open models that a letter of the window belongs to."""
    return next(index for index in count() if letter_of(index) == letter)


def head_scores(model: ModelModes) -> Values:
    """(heads of the widest block, depth) weighted cosine of each head; NaN where there is none."""
    rows = max((block.num_heads for block in model.blocks), default=0)
    scores = np.full((rows, model.depth), np.nan)
    for block in model.blocks:
        scores[: block.num_heads, block.global_index] = block.weighted_cosine
    return scores
