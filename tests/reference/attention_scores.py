"""Slow twins of scores and their parts, from the weights: methods, section 0.4, in float64."""

import math

import numpy as np

from tests.reference.modes import modes


def score(
    x: np.ndarray, y: np.ndarray, query: tuple[np.ndarray, np.ndarray], key: tuple[np.ndarray, ...]
) -> float:
    """(W_q x + b_q) . (W_k y + b_k)."""
    (weight, bias), (other, other_bias) = query, key
    return float((weight.astype(float) @ x + bias) @ (other.astype(float) @ y + other_bias))


def parts(
    x: np.ndarray, y: np.ndarray, query: tuple[np.ndarray, np.ndarray], key: tuple[np.ndarray, ...]
) -> tuple[list[float], dict[str, float]]:
    """What every mode adds to the score, from the full decomposition, and the terms of the bias."""
    (weight, bias), (other, other_bias) = query, key
    u, sigma, v, _ = modes(weight, other)
    x, y = x.astype(float), y.astype(float)
    by_mode = [float(s * (x @ a) * (y @ b)) for s, a, b in zip(sigma, u.T, v.T, strict=True)]
    terms = {
        "query with key bias": float(x @ weight.T.astype(float) @ other_bias),
        "key with query bias": float(y @ other.T.astype(float) @ bias),
        "both biases": float(bias @ other_bias),
    }
    return by_mode, terms


def softmax(scores: list[float]) -> list[float]:
    largest = max(scores)
    raised = [math.exp(s - largest) for s in scores]
    total = math.fsum(raised)
    return [r / total for r in raised]
