"""The overlay and single maps, written pixel by pixel from the words that define them."""

import math

import numpy as np

LIGHTS = {
    "red-cyan": ((1, 0, 0), (0, 1, 1)),
    "magenta-green": ((1, 0, 1), (0, 1, 0)),
    "orange-azure": ((1, 0.5, 0), (0, 0.5, 1)),
}


def token_under(grid, row: int, column: int) -> tuple[int, int] | None:
    """Where the centre of a pixel lies, from the placement alone."""
    box, shape = grid.placement.box, grid.placement.input_shape
    down = (row + 0.5 - box.top) * shape[0] / box.height / grid.cell[0]
    right = (column + 0.5 - box.left) * shape[1] / box.width / grid.cell[1]
    inside = 0 <= down < grid.rows and 0 <= right < grid.columns
    return (math.floor(down), math.floor(right)) if inside else None


def dimmed(pixel, dim: float) -> int:
    """Luma of ITU-R BT.601, then a share of it, each rounded to a whole number."""
    red, green, blue = map(int, pixel)
    grey = (77 * red + 150 * green + 29 * blue + 128) // 256
    return (grey * round(256 * dim) + 128) // 256


def overlay(picture, grid, query, key, style) -> np.ndarray:
    """out = min(dim * grey + opacity * (q C_query + k C_key), 255); half of it outside."""
    light_query, light_key = LIGHTS[style.pair.value]
    out = np.zeros_like(picture)
    for row, column, channel in np.ndindex(*picture.shape):
        base = dimmed(picture[row, column], style.dim)
        place = token_under(grid, row, column)
        if place is None:
            out[row, column, channel] = base // 2
            continue
        q, k = float(query[place]), float(key[place])
        share = q * light_query[channel] + k * light_key[channel]
        out[row, column, channel] = min(base + round(255 * style.opacity * share), 255)
    return out


def smooth_share(values, grid, row: int, column: int) -> float:
    """Bilinear between the centres of patches, flat beyond the outermost, in real numbers."""
    box, shape = grid.placement.box, grid.placement.input_shape
    down = (row + 0.5 - box.top) * shape[0] / box.height / grid.cell[0] - 0.5
    right = (column + 0.5 - box.left) * shape[1] / box.width / grid.cell[1] - 0.5
    down, right = np.clip(down, 0, grid.rows - 1), np.clip(right, 0, grid.columns - 1)
    r, c = int(down), int(right)
    s, d = min(r + 1, grid.rows - 1), min(c + 1, grid.columns - 1)
    above = values[r, c] * (1 - (right - c)) + values[r, d] * (right - c)
    below = values[s, c] * (1 - (right - c)) + values[s, d] * (right - c)
    return float(above * (1 - (down - r)) + below * (down - r))
