"""Slow twins of the maps of modes and their ranking: methods, sections C1 and G, pair by pair."""

import math

import numpy as np


def token_map(tokens: np.ndarray, direction: np.ndarray, prefix: int) -> list[float]:
    """x_i . u of every patch, one after the other; the first `prefix` tokens are no patches."""
    return [
        math.fsum(float(a) * float(b) for a, b in zip(token, direction, strict=True))
        for token in tokens[prefix:]
    ]


def pairs(windows: list[int] | None, patches: int) -> list[tuple[int, int]]:
    """All pairs of patches that can attend to each other."""
    return [
        (i, j)
        for i in range(patches)
        for j in range(patches)
        if windows is None or windows[i] == windows[j]
    ]


def contribution(
    query: np.ndarray, key: np.ndarray, sigma: float, windows: list[int] | None, measure: str
) -> float:
    """What one mode contributes to the scores of an image, over explicit pairs."""
    products = [float(query[i]) * float(key[j]) for i, j in pairs(windows, len(query))]
    if measure == "mean":
        return sigma * math.fsum(abs(p) for p in products) / len(products)
    if measure == "max":
        return sigma * max(products)
    return sigma**2 * math.fsum(p * p for p in products) / len(products)


def normed(token: np.ndarray, eps: float) -> np.ndarray:
    """(x - mean) / sqrt(variance + eps)."""
    wide = token.astype(np.float64)
    mean = sum(wide) / len(wide)
    variance = sum((x - mean) ** 2 for x in wide) / len(wide)
    return np.array([(x - mean) / math.sqrt(variance + eps) for x in wide])
