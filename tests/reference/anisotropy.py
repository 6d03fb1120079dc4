"""Slow twin of the anisotropy: the mean cosine over all pairs of different images, one by one."""

import itertools
import math

import numpy as np


def anisotropy(tokens: list[np.ndarray]) -> float:
    cosines = [
        float(a.astype(float) @ b.astype(float))
        / math.sqrt(float(a.astype(float) @ a) * float(b.astype(float) @ b))
        for a, b in itertools.combinations(tokens, 2)
    ]
    return math.fsum(cosines) / len(cosines)
