"""What stands of models, images and styles in the provenance of a figure; never of a patient."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from inspector.core.comparison import ModelCard
from inspector.core.map_style import MapStyle
from inspector.core.optimal import OptimalOptions
from inspector.core.scene import ShownImage


def models_record(letters: Sequence[str], cards: Sequence[ModelCard]) -> dict[str, Any]:
    """The models as they were understood."""
    pairs = zip(letters, cards, strict=True)
    return {"models": [{"letter": letter, **asdict(card)} for letter, card in pairs]}


def image_record(image: ShownImage) -> dict[str, Any]:
    """Which picture, how it became grey, how it was prepared, and where the input lies on it."""
    card, picture, made = image.card, image.slice, image.prepared
    return {
        "label": card.label,
        "format": card.format,
        "kind": card.kind,
        "notes": list(card.notes),
        "shape": list(picture.shape),
        "unit": picture.unit,
        "plane": image.at.plane.value,
        "slice": image.at.index,
        "time": image.at.time,
        "place": picture.place,
        "window": None if picture.is_colour else image.tone.words,
        "window_function": getattr(image.tone, "function", None) if not picture.is_colour else None,
        "spacing": None if picture.spacing is None else asdict(picture.spacing),
        "edges": None if picture.edges is None else asdict(picture.edges),
        "preparation": None if made is None else asdict(made.preparation),
        "input": None
        if made is None
        else {
            "shape": list(made.placement.input_shape),
            "box_on_image": asdict(made.placement.box),
        },
    }


def optimal_record(options: OptimalOptions) -> dict[str, Any]:
    """How optimal images are found."""
    return {
        "modes": "all" if options.modes is None else options.modes,
        "space": str(options.space),
        "compat": options.compat,
        "product": str(options.options.product),
        "fold_norm": options.options.fold_norm,
        "augment_bias": options.options.augment_bias,
    }


def style_record(style: MapStyle) -> dict[str, Any]:
    """How maps are drawn."""
    return {**asdict(style), "pair": style.pair.value}
