"""Slow twin of attention preference: methods, section D, in float64, loop by loop.

The whole pattern is formed from query and key of every token, N x N, and windows are cut as Swin's
code cuts them; nothing is shared with the program.
"""

import math

import numpy as np

from tests.reference.attention_scores import softmax
from tests.reference.windowed_attention import Side, cut_into_windows, regions_of

Box = tuple[float, float, float, float]
T, D, B = 0, 1, 2


def area(mask: np.ndarray, box: Box) -> float:
    """The share of a rectangle (top, left, bottom, right) that the pixels of a mask cover."""
    top, left, bottom, right = box
    total = 0.0
    for row in range(max(math.floor(top), 0), min(math.ceil(bottom), mask.shape[0])):
        for column in range(max(math.floor(left), 0), min(math.ceil(right), mask.shape[1])):
            if mask[row, column]:
                high = min(bottom, row + 1) - max(top, row)
                wide = min(right, column + 1) - max(left, column)
                total += high * wide
    return total / ((bottom - top) * (right - left))


def projected(tokens: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """(tokens, d_k) of one head, W x + b."""
    offset = np.zeros(len(weight)) if bias is None else bias.astype(float)
    return np.array([weight.astype(float) @ token + offset for token in tokens.astype(float)])


def pattern(
    query: np.ndarray, key: np.ndarray, scale: float, bias: np.ndarray | None = None
) -> np.ndarray:
    """(tokens, tokens) of one head."""
    return np.array(
        [
            softmax(
                [
                    float(one @ other) * scale + (0.0 if bias is None else float(bias[i, j]))
                    for j, other in enumerate(key)
                ]
            )
            for i, one in enumerate(query)
        ]
    )


def windowed_pattern(
    query: np.ndarray,
    key: np.ndarray,
    bias: np.ndarray,
    *,
    window: Side,
    shift: Side,
    scale: float,
    key_of_padding: np.ndarray,
    cosine: bool = False,
    mask: float = -100.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Of one head from (rows, columns, d_k): pattern and region, both (patches, patches).

    The first is what a patch attends to among the patches, 0 in other windows; what goes to padding
    is missing. The second tells which patches are in its window and no strangers in it.
    """
    rows, columns = query.shape[:2]
    numbers = cut_into_windows(1 + np.arange(rows * columns).reshape(rows, columns), window, shift)
    whole = tuple(-(-side // size) * size for side, size in zip(query.shape, window, strict=False))
    regions = regions_of(whole, window, shift) if any(shift) else np.zeros_like(numbers)
    queries = query.reshape(rows * columns, -1)
    keys = np.vstack([key_of_padding, key.reshape(rows * columns, -1)])
    if cosine:
        queries, keys = _unit(queries), _unit(keys)
    found = np.zeros((rows * columns, rows * columns))
    together = np.zeros(found.shape, dtype=bool)
    for members, parts in zip(numbers, regions, strict=True):
        for place, token in enumerate(members):
            if not token:
                continue
            weights = softmax(
                [
                    float(queries[token - 1] @ keys[other]) * scale
                    + float(bias[place, there])
                    + (mask if parts[place] != parts[there] else 0.0)
                    for there, other in enumerate(members)
                ]
            )
            for there, other in enumerate(members):
                if other:
                    found[token - 1, other - 1] = weights[there]
                    together[token - 1, other - 1] = parts[place] == parts[there]
    return found, together


def first_largest(areas: np.ndarray) -> int:
    """The patch an object covers most, the first of equals (rounding is no difference)."""
    best = 0
    for patch, value in enumerate(areas):
        if value > areas[best] + 1e-9:
            best = patch
    return best


def ratios(
    row: np.ndarray, areas: np.ndarray, reached: np.ndarray, *, but: int | None = None
) -> list[float]:
    """What a row over the patches gives target, distractor and background; areas (3, patches)."""
    given = [
        math.fsum(
            float(row[patch]) * float(cover[patch])
            for patch in range(len(row))
            if reached[patch] and patch != but
        )
        for cover in areas
    ]
    total = math.fsum(given)
    return [value / total for value in given] if total else [math.nan] * 3


def six(
    pattern: np.ndarray, areas: np.ndarray, together: np.ndarray, *, without_query: bool = False
) -> np.ndarray:
    """(2, 3) of one head: queries target and distractor."""
    queries = [first_largest(areas[which]) for which in (T, D)]
    return np.array(
        [ratios(pattern[q], areas, together[q], but=q if without_query else None) for q in queries]
    )


def visible(areas: np.ndarray, together: np.ndarray) -> list[float]:
    """The share of the distractor the target's query reaches, and of the target the other's."""
    found = []
    for own, other in ((T, D), (D, T)):
        query = first_largest(areas[own])
        seen = [areas[other][p] for p in range(areas.shape[1]) if together[query, p]]
        found.append(math.fsum(seen) / math.fsum(areas[other]))
    return found


def beit_bias(table: np.ndarray, shape: Side) -> np.ndarray:
    """(heads, tokens, tokens): offsets of patches, and the last three rows of CLS."""
    rows, columns = shape
    count = 1 + rows * columns
    bias = np.empty((table.shape[1], count, count))
    for i in range(count):
        for j in range(count):
            if i and j:
                down = (i - 1) // columns - (j - 1) // columns + rows - 1
                across = (i - 1) % columns - (j - 1) % columns + columns - 1
                entry = down * (2 * columns - 1) + across
            else:
                entry = len(table) - (1 if not (i or j) else 2 if i else 3)
            bias[:, i, j] = table[entry]
    return bias


def turned_in_pairs(vector: np.ndarray, row: int, column: int, shape: Side, trained: Side):
    """EVA-02: neighbours turned together, rows first; places stretched to the trained grid."""
    bands = len(vector) // 4
    places = (row / shape[0] * trained[0], column / shape[1] * trained[1])
    angles = [place / 10000 ** (n / bands) for place in places for n in range(bands)]
    turned = np.empty(len(vector))
    for n, angle in enumerate(angles):
        a, b = vector[2 * n], vector[2 * n + 1]
        turned[2 * n] = a * math.cos(angle) - b * math.sin(angle)
        turned[2 * n + 1] = b * math.cos(angle) + a * math.sin(angle)
    return turned


def turned_in_halves(vector: np.ndarray, row: int, column: int, shape: Side):
    """DINOv3: the first half turned with the second; places from -1 to 1."""
    half, bands = len(vector) // 2, len(vector) // 4
    places = (2 * (row + 0.5) / shape[0] - 1, 2 * (column + 0.5) / shape[1] - 1)
    angles = [2 * math.pi * place / 100 ** (2 * n / half) for place in places for n in range(bands)]
    turned = np.empty(len(vector))
    for n, angle in enumerate(angles):
        a, b = vector[n], vector[n + half]
        turned[n] = a * math.cos(angle) - b * math.sin(angle)
        turned[n + half] = b * math.cos(angle) + a * math.sin(angle)
    return turned


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
