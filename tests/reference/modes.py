"""Slow twins of the modes, straight from methods, section B: the published way, in float64.

The whole d x d product of a head is formed and fully decomposed.
"""

import numpy as np


def modes(
    query: np.ndarray, key: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """u (d, r), sigma (r,), v (d, r) and cosine (r,) of one head's W_q^T W_k."""
    rows, width = query.shape
    product = query.astype(np.float64).T @ key.astype(np.float64)
    u, sigma, transposed = np.linalg.svd(product)
    count = min(rows, width)
    u, sigma, v = u[:, :count].copy(), sigma[:count], transposed[:count].T.copy()
    for mode in range(count):
        largest = max(range(width), key=lambda i, m=mode: abs(u[i, m]))
        if u[largest, mode] < 0:
            u[:, mode], v[:, mode] = -u[:, mode], -v[:, mode]
    cosine = np.array([float(u[:, n] @ v[:, n]) for n in range(count)])
    return u, sigma, v, cosine


def weighted_cosine(sigma: np.ndarray, cosine: np.ndarray) -> float:
    """c_h = sum sigma cos / sum sigma; NaN where the product is zero."""
    total = float(sum(sigma))
    if total == 0:
        return float("nan")
    return sum(float(s) * float(c) for s, c in zip(sigma, cosine, strict=True)) / total


def block_weighted_cosine(heads: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Plain mean over heads of c_h; heads of zeros do not count."""
    scores = [weighted_cosine(sigma, cosine) for sigma, cosine in heads]
    good = [score for score in scores if not np.isnan(score)]
    return sum(good) / len(good) if good else float("nan")


def folded(
    weight: np.ndarray, bias: np.ndarray, gain: np.ndarray, offset: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """W diag(gamma) and b + W beta."""
    return weight @ np.diag(gain), bias + weight @ offset


def augmented(weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """[W, b]."""
    return np.column_stack([weight, bias])


def written(out: np.ndarray, scale: np.ndarray, head: int, rows: int) -> np.ndarray:
    """The left factor of a head's value-output product, (d_v, d): (diag(scale) W_o,h)^T."""
    return (np.diag(scale) @ out[:, head * rows : (head + 1) * rows]).T
