"""Slow twin of the same-object probability: methods, section C3, in float64, loop by loop.

Every score of every picture is kept and sorted; chance is counted over the modes of the block.
"""

import math
from collections.abc import Sequence

import numpy as np

from tests.reference.windowed_attention import Side, cut_into_windows, regions_of


def groups(shape: Side, window: Side | None, shift: Side = (0, 0)) -> list[list[int]]:
    """Lists of patches that can attend to each other: one, or one for each window and region."""
    rows, columns = shape
    if window is None:
        return [list(range(rows * columns))]
    numbers = cut_into_windows(1 + np.arange(rows * columns).reshape(shape), window, shift)
    whole = tuple(-(-side // size) * size for side, size in zip(shape, window, strict=True))
    regions = regions_of(whole, window, shift) if any(shift) else np.zeros_like(numbers)
    found: dict[tuple[int, int], list[int]] = {}
    for number, (members, parts) in enumerate(zip(numbers, regions, strict=True)):
        for token, part in zip(members, parts, strict=True):
            if token:
                found.setdefault((number, int(part)), []).append(int(token) - 1)
    return list(found.values())


def score(query: np.ndarray, key: np.ndarray, together: list[list[int]], sign: int) -> float:
    """The largest relu(max s q) relu(max s k) of all groups."""
    best = 0.0
    for patches in together:
        most = [max(sign * float(side[patch]) for patch in patches) for side in (query, key)]
        best = max(best, max(most[0], 0.0) * max(most[1], 0.0))
    return best


def compat_score(query: np.ndarray, key: np.ndarray, sign: int) -> float:
    """As published: the two maxima whatever their signs, over all patches."""
    return max(sign * float(q) for q in query) * max(sign * float(k) for k in key)


def objects(covers: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Those of at least one patch in all; (patches,) shares by label."""
    return {
        label: cover
        for label, cover in covers.items()
        if math.fsum(float(share) for share in cover) >= 1.0 - 1e-9
    }


def means(values: np.ndarray, covers: dict[int, np.ndarray], sign: int) -> dict[int, float]:
    """The mean over the area of every object, by label."""
    found = {}
    for label, cover in covers.items():
        total = math.fsum(float(f) * sign * float(x) for f, x in zip(cover, values, strict=True))
        found[label] = total / math.fsum(float(share) for share in cover)
    return found


def favourite(by_label: dict[int, float]) -> int:
    """The label with the largest mean, the lowest of equals."""
    return min(by_label, key=lambda label: (-by_label[label], label))


def clearness(by_label: dict[int, float]) -> float:
    """How far the largest mean is above the next."""
    ordered = sorted(by_label.values(), reverse=True)
    return ordered[0] - ordered[1]


def chance(query_object: int, key_objects: Sequence[int]) -> float:
    """How often one of the block's key objects, drawn at random, is the query's."""
    return sum(key == query_object for key in key_objects) / len(key_objects)


def permuted(
    query_objects: Sequence[int], key_objects: Sequence[int], *, draws: int, seed: int
) -> np.ndarray:
    """(modes,) how often both were one object when the key's were shuffled among the modes."""
    random = np.random.default_rng(seed)
    same = np.zeros(len(query_objects))
    for _ in range(draws):
        order = random.permutation(len(key_objects))
        same += [q == key_objects[k] for q, k in zip(query_objects, order, strict=True)]
    return same / draws


def best_pictures(scores: dict[str, float], top: int) -> list[str]:
    """All pictures sorted: largest score first, then by name; those of score 0 do not count."""
    ordered = sorted(scores, key=lambda name: (-scores[name], name))
    return [name for name in ordered if scores[name] > 0][:top]
