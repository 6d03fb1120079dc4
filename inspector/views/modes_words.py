"""How a mode, and what is under the mouse, is put into words."""

import numpy as np

from inspector.core.images import Slice
from inspector.core.map_style import MapStyle
from inspector.core.modes import BlockMaps, BlockModes, Product, SmallArray, TokenSpace
from inspector.core.scene import ModeScene, ShownImage
from inspector.render.scenes import SIGMA, mode_title, number, oriented_maps
from inspector.views.wording import number_text, percent_text, shortened

SPACE_WORDS: dict[TokenSpace, str] = {
    TokenSpace.ATTENTION_INPUT: "Attention input",
    TokenSpace.RESIDUAL: "Residual (as published)",
    TokenSpace.NORMED: "Normalised residual",
}
SPACE_SAYS: dict[TokenSpace, str] = {
    TokenSpace.ATTENTION_INPUT: "What the weights are applied to: the modes add up to the score.",
    TokenSpace.RESIDUAL: "The residual in front of the norm, as the published maps use.",
    TokenSpace.NORMED: "Normalised without gain and offset: goes with folded weights.",
}
DROP_SENTENCE = "No image is open.\nDrop a DICOM, NIfTI, PNG, JPEG or TIFF file, or a folder."
NO_MAPS_SENTENCE = "There are no maps of this image."
WAITING_SENTENCE = "The model is being run on this image…"
_FIGURE_SPACE = "\N{FIGURE SPACE}"


def title_text(scene: ModeScene, style: MapStyle) -> str:
    """Exactly what is shown: ``A · S0 B7 H2 M0 · ... · cos = 0.31 (chance ±0.07) · ...``."""
    parts = [scene.letter, mode_title(scene) + f" (chance ±{scene.modes.random_95:.2f})"]
    if scene.modes.degenerate[scene.head, scene.mode]:
        parts.append("degenerate with its neighbour")
    if scene.maps is not None:
        options = scene.maps.options
        if options.product is Product.OV:
            parts.append("value–output")
        if options.fold_norm:
            parts.append("norm folded")
        if scene.maps.space is not TokenSpace.ATTENTION_INPUT:
            parts.append(SPACE_WORDS[scene.maps.space].partition(" (")[0].lower())
    if style.flipped:
        parts.append("sign flipped")
    if style.smooth:
        parts.append("smoothed")
    if scene.image is not None:
        parts.append(image_text(scene.image, style))
    return " · ".join(parts)


def image_text(image: ShownImage, style: MapStyle) -> str:
    """The image's label, which slice of it, and whether it is what the model saw."""
    parts = [shortened(image.card.label, longest=28)]
    count = image.card.slices.get(image.at.plane, 1)
    if count > 1:
        parts.append(f"{image.at.plane} {image.at.index + 1} of {count}")
    if image.card.times > 1:
        parts.append(f"time {image.at.time + 1} of {image.card.times}")
    if style.seen and image.prepared is not None:
        parts.append("as the model saw it")
    return ", ".join(parts)


def read_out(scene: ModeScene, style: MapStyle, row: float, column: float) -> str:
    """One line whose parts keep their width: place, value, patch, and both maps there."""
    if scene.image is None:
        return ""
    parts = [picture_text(scene.image.slice, row, column)]
    if scene.maps is not None:
        parts += _patch_parts(scene, scene.maps, style, row, column)
    return " · ".join(parts)


def picture_text(picture: Slice, row: float, column: float) -> str:
    """Place and value of a point of the original."""
    return f"{place_text(picture, row, column)} · {value_text(picture, row, column)}"


def place_text(picture: Slice, row: float, column: float) -> str:
    """``x 12.3 mm, y 45.6 mm`` from the upper left corner, or the pixel where no mm are known."""
    if picture.spacing is None:
        return f"row {_padded(int(row), 4)}, column {_padded(int(column), 4)}"
    x, y = column * picture.spacing.columns, row * picture.spacing.rows
    return f"x {_fixed(x, 7, 1)} mm, y {_fixed(y, 7, 1)} mm"


def value_text(picture: Slice, row: float, column: float) -> str:
    """The value of the pixel there in its unit, or its three colours."""
    place = (int(row), int(column))
    if not (0 <= place[0] < picture.shape[0] and 0 <= place[1] < picture.shape[1]):
        return "outside"
    if picture.is_colour:
        return "RGB " + " ".join(_padded(int(level), 3) for level in picture.values[place])
    if picture.hidden is not None and picture.hidden[place]:
        return "padding"
    value = float(picture.values[place])
    if not np.isfinite(value):
        return "no number"
    text = f"{value:.0f}" if value == round(value) else number_text(value, digits=5)
    return f"{text.replace('-', '−').rjust(8, _FIGURE_SPACE)} {picture.unit}".rstrip()


def constant_text(values: SmallArray) -> str:
    """``constant 0.31`` for a map that is the same everywhere; empty for any other."""
    good = values[np.isfinite(values)]
    if not good.size:
        return "no finite value"
    # a flipped zero is minus zero, which is no other number
    return f"constant {number(float(good[0]) + 0.0)}" if good.min() == good.max() else ""


def mode_text(modes: BlockModes, head: int, mode: int, maps: BlockMaps | None = None) -> str:
    """All numbers of one mode: the read-out over the spectrum and over the ranking."""
    parts = [
        f"{modes.address.with_head(head)} M{mode}",
        f"{SIGMA} {number_text(float(modes.sigma[head, mode]), digits=6)}",
        f"{percent_text(float(modes.energy(head)[mode]))} of the energy",
        f"cos {number_text(float(modes.cosine[head, mode]), digits=6)}",
        f"chance ±{modes.random_95:.3f}",
    ]
    if modes.degenerate[head, mode]:
        parts.append("degenerate")
    if maps is not None:
        parts.append(f"{percent_text(share_on_image(maps, head, mode))} of the score on this image")
    return " · ".join(parts)


def share_on_image(maps: BlockMaps, head: int, mode: int) -> float:
    """The share of a mode in the contributions of all modes of its head; NaN where all are 0."""
    return shares_on_image(maps, head)[mode]


def shares_on_image(maps: BlockMaps, head: int) -> list[float]:
    """`share_on_image` of each mode."""
    contribution = maps.contribution[head]
    total = float(contribution.sum())
    shares = contribution / total if total > 0 else np.full(contribution.shape, np.nan)
    return [float(share) for share in shares]


def _patch_parts(
    scene: ModeScene, maps: BlockMaps, style: MapStyle, row: float, column: float
) -> list[str]:
    token = maps.grid.token_at(row, column)
    place = None if token is None else maps.grid.place(token)
    if place is None:
        return ["outside what the model saw"]
    query, key = oriented_maps(scene, style)
    product = maps.options.product
    left, right = ("q", "k") if product is Product.QK else (product.left, product.right)
    return [
        f"patch {_padded(place[0], 3)},{_padded(place[1], 3)}",
        f"{left} {_fixed(float(query[place]), 9, 4)}",
        f"{right} {_fixed(float(key[place]), 9, 4)}",
    ]


def _fixed(value: float, width: int, decimals: int) -> str:
    if not np.isfinite(value):
        return "undefined".rjust(width, _FIGURE_SPACE)
    text = f"{value:+.{decimals}f}" if decimals > 1 else f"{value:.{decimals}f}"
    return text.replace("-", "−").rjust(width, _FIGURE_SPACE)


def _padded(value: int, width: int) -> str:
    return str(value).rjust(width, _FIGURE_SPACE)
