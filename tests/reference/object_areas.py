"""The slow twin of `ObjectMap.areas`: overlap of two rectangles at a time, in exact fractions."""

from fractions import Fraction

import numpy as np


def areas(labels: np.ndarray, grid, values) -> np.ndarray:
    """(labels, rows, columns) the share of each patch that pixels of each label cover.

    A pixel of the map is the rectangle it has on the picture; a patch is a rectangle of `cell`
    pixels of the input, laid on the picture as the placement's box says.
    """
    found = np.zeros((len(values), grid.rows, grid.columns))
    high, wide = [
        _sides(count, of)
        for of, count in zip(grid.placement.image_shape, labels.shape, strict=True)
    ]
    for row in range(grid.rows):
        for column in range(grid.columns):
            down = _patch(grid, row, axis=0)
            right = _patch(grid, column, axis=1)
            for place, value in enumerate(values):
                covered = sum(
                    (
                        _overlap(down, high[r]) * _overlap(right, wide[c])
                        for r, c in np.argwhere(labels == value)
                    ),
                    Fraction(0),
                )
                size = (down[1] - down[0]) * (right[1] - right[0])
                found[place, row, column] = float(covered / size)
    return found


def _sides(count: int, length: int) -> list[tuple[Fraction, Fraction]]:
    step = Fraction(length, count)
    return [(number * step, (number + 1) * step) for number in range(count)]


def _patch(grid, place: int, *, axis: int) -> tuple[Fraction, Fraction]:
    box = grid.placement.box
    start = Fraction((box.top, box.left)[axis])
    scale = Fraction((box.height, box.width)[axis]) / grid.placement.input_shape[axis]
    cell = Fraction(grid.cell[axis])
    return (start + place * cell * scale, start + (place + 1) * cell * scale)


def _overlap(one: tuple[Fraction, Fraction], other: tuple[Fraction, Fraction]) -> Fraction:
    return max(Fraction(0), min(one[1], other[1]) - max(one[0], other[0]))
