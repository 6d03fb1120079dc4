"""Slow twin of the optimal images: methods, section C2, pair by pair, and every score sorted.

Nothing is shared with the program; windows are cut as Swin's code cuts them.
"""

import numpy as np

from tests.reference.windowed_attention import Side, cut_into_windows, regions_of


def visible_pairs(shape: Side, window: Side | None, shift: Side = (0, 0)) -> list[tuple[int, int]]:
    """All (query, key) of patches that can attend to each other, in rising order."""
    patches = range(shape[0] * shape[1])
    if window is None:
        return [(i, j) for i in patches for j in patches]
    numbers = cut_into_windows(1 + np.arange(len(patches)).reshape(shape), window, shift)
    whole = tuple(-(-side // size) * size for side, size in zip(shape, window, strict=True))
    regions = regions_of(whole, window, shift) if any(shift) else np.zeros_like(numbers)
    found = [
        (int(i) - 1, int(j) - 1)
        for members, parts in zip(numbers, regions, strict=True)
        for i, part in zip(members, parts, strict=True)
        for j, other in zip(members, parts, strict=True)
        if i and j and part == other
    ]
    return sorted(found)


def projected(tokens: np.ndarray, direction: np.ndarray) -> list[float]:
    """x_i . u of every patch; where the direction is longer, the token is followed by a 1."""
    wide = tokens.astype(np.float64)
    if len(direction) > tokens.shape[1]:
        wide = np.concatenate([wide, np.ones((len(wide), 1))], axis=1)
    return [float(token @ direction.astype(np.float64)) for token in wide]


def best_pair(
    query: list[float], key: list[float], sign: int, pairs: list[tuple[int, int]]
) -> tuple[float, tuple[int, int] | None]:
    """max relu(s q_i) relu(s k_j) over pairs, and the first pair that has it; None where it is 0.

    The largest product of two positive numbers is that of the largest of each, so that this is the
    product of the maxima of a window, and of the windows the largest.
    """
    best, where = 0.0, None
    for i, j in pairs:
        product = max(sign * query[i], 0.0) * max(sign * key[j], 0.0)
        if product > best:
            best, where = product, (i, j)
    return best, where


def published(query: list[float], key: list[float], sign: int) -> float:
    """The product of the two maxima, whatever their signs; of the other sign from -u and -v."""
    if sign < 0:
        query, key = [-q for q in query], [-k for k in key]
    return max(query) * max(key)


def winners(scores: dict[str, float], top: int) -> list[tuple[str, float]]:
    """All pictures by falling score, then by name; those without a positive score are none."""
    positive = [(name, score) for name, score in scores.items() if score > 0]
    return sorted(positive, key=lambda pair: (-pair[1], pair[0]))[:top]
