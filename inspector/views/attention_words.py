"""How a token's attention, and what is under the mouse, is put into words."""

import numpy as np

from inspector.core.map_style import MapStyle
from inspector.core.scene import AttentionScene
from inspector.render.scenes import attention_title
from inspector.views.modes_words import image_text, place_text, value_text
from inspector.views.wording import number_text


def title_text(scene: AttentionScene, style: MapStyle) -> str:
    """Exactly what is shown: ``A · S0 B7 H2 · attention of row 5, column 7 · heart.dcm``."""
    parts = [scene.letter, attention_title(scene)]
    visible = scene.attention.visible
    if not visible.all():
        parts.append(f"a window of {int(visible.sum())} patches")
    if style.smooth:
        parts.append("smoothed")
    parts.append(image_text(scene.image, style))
    return " · ".join(parts)


def shares_of(scene: AttentionScene) -> tuple[tuple[str, float], ...]:
    """Patches, each prefix token, and padding where there is any: they add up to 1."""
    attention, head = scene.attention, scene.head
    shares = [("patches", float(attention.pattern[head].sum()))]
    shares += [
        (name, float(share))
        for name, share in zip(attention.grid.prefix, attention.prefix[head], strict=True)
    ]
    if np.any(attention.padding):
        shares.append(("padding", float(attention.padding[head])))
    return tuple(shares)


def read_out(scene: AttentionScene, row: float, column: float) -> str:
    """Place, value of the pixel, patch, attention and score there, in one line."""
    attention, head = scene.attention, scene.head
    parts = [place_text(scene.image.slice, row, column), value_text(scene.image.slice, row, column)]
    token = attention.grid.token_at(row, column)
    place = None if token is None else attention.grid.place(token)
    if place is None:
        return " · ".join([*parts, "outside what the model saw"])
    parts.append(f"patch {place[0]},{place[1]}")
    if not attention.visible[place]:
        return " · ".join([*parts, "in another window: no score"])
    pattern, score = float(attention.pattern[head][place]), float(attention.score[head][place])
    parts += [f"attention {number_text(pattern)}", f"score {number_text(score)}"]
    return " · ".join(parts)
