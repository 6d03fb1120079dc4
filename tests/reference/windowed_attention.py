"""Windowed attention as Swin's papers and MMDetection's code describe it, slowly, in float64.

Everything is looped over windows and pairs; nothing is shared with the program.
"""

import math

import numpy as np

Side = tuple[int, int]


def cut_into_windows(
    grid: np.ndarray, window: Side, shift: Side, *, pads_first: bool = True
) -> np.ndarray:
    """(windows, area) of what is in a grid, zeros where it was padded below and right."""
    below, right = (-side % size for side, size in zip(grid.shape, window, strict=True))
    room = ((0, below), (0, right))
    roll = (-shift[0], -shift[1])
    if pads_first:
        whole = np.roll(np.pad(grid, room), roll, axis=(0, 1))
    else:
        whole = np.pad(np.roll(grid, roll, axis=(0, 1)), room)
    return np.array(
        [
            whole[top : top + window[0], left : left + window[1]].ravel()
            for top in range(0, whole.shape[0], window[0])
            for left in range(0, whole.shape[1], window[1])
        ]
    )


def regions_of(whole: Side, window: Side, shift: Side) -> np.ndarray:
    """(windows, area) the nine regions that Swin draws on the padded and rolled grid."""
    regions = np.zeros(whole, dtype=int)
    count = 0
    for rows in _bands(window[0], shift[0]):
        for columns in _bands(window[1], shift[1]):
            regions[rows, columns] = count
            count += 1
    return cut_into_windows(regions, window, (0, 0))


def relative_bias(table: np.ndarray, window: Side) -> np.ndarray:
    """(heads, area, area) of a table of (2 rows - 1) (2 columns - 1) offsets, rows first."""
    high, wide = window
    bias = np.empty((table.shape[1], high * wide, high * wide))
    for query in range(high * wide):
        for key in range(high * wide):
            down = query // wide - key // wide + high - 1
            across = query % wide - key % wide + wide - 1
            bias[:, query, key] = table[down * (2 * wide - 1) + across]
    return bias


def continuous_bias(
    into: np.ndarray, shift: np.ndarray, out: np.ndarray, window: int, trained: int = 0
) -> np.ndarray:
    """Swin-v2's (heads, area, area): 16 sigmoid of a small network of log-spaced offsets."""
    reach = (trained or window) - 1
    table = np.empty(((2 * window - 1) ** 2, len(out)))
    for row in range(2 * window - 1):
        for column in range(2 * window - 1):
            offset = np.array([row - window + 1, column - window + 1]) / max(reach, 1) * 8
            spaced = np.sign(offset) * np.log2(np.abs(offset) + 1) / 3
            table[row * (2 * window - 1) + column] = out @ np.maximum(into @ spaced + shift, 0)
    return 16 / (1 + np.exp(-relative_bias(table, (window, window))))


def windowed_attention(  # the whole of one head
    query: np.ndarray,
    key: np.ndarray,
    value: np.ndarray,
    bias: np.ndarray,
    *,
    window: Side,
    shift: Side,
    scale: float,
    query_of_padding: np.ndarray,
    key_of_padding: np.ndarray,
    value_of_padding: np.ndarray,
    cosine: bool = False,
    mask: float = -100.0,
) -> np.ndarray:
    """(rows, columns, d_v) of one head from (rows, columns, d_k): padded, then rolled.

    The padding's query, key and value are what the projections make of a zero token: their bias.
    """
    rows, columns = query.shape[:2]
    numbers = cut_into_windows(1 + np.arange(rows * columns).reshape(rows, columns), window, shift)
    whole = tuple(
        -(-side // size) * size for side, size in zip((rows, columns), window, strict=True)
    )
    regions = regions_of(whole, window, shift) if any(shift) else np.zeros_like(numbers)
    queries = np.vstack([query_of_padding, query.reshape(rows * columns, -1)])
    keys = np.vstack([key_of_padding, key.reshape(rows * columns, -1)])
    values = np.vstack([value_of_padding, value.reshape(rows * columns, -1)])
    if cosine:
        queries, keys = _unit(queries), _unit(keys)
    mixed = np.zeros((rows * columns, values.shape[1]))
    for members, parts in zip(numbers, regions, strict=True):
        for place, token in enumerate(members):
            if not token:
                continue
            scores = [
                float(queries[token] @ keys[other]) * scale
                + bias[place, there]
                + (mask if parts[place] != parts[there] else 0.0)
                for there, other in enumerate(members)
            ]
            weights = [math.exp(score - max(scores)) for score in scores]
            total = sum(
                weight * values[other] for weight, other in zip(weights, members, strict=True)
            )
            mixed[token - 1] = total / sum(weights)
    return mixed.reshape(rows, columns, -1)


def _bands(window: int, shift: int) -> tuple[slice, slice, slice]:
    return slice(0, -window), slice(-window, -shift), slice(-shift, None)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
