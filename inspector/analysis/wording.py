"""How numbers and places are taken into a sentence."""

from collections.abc import Iterable, Sequence

from inspector.core.address import Address
from inspector.core.comparison import Axis, FloatArray, summarise


def mean_of(values: FloatArray) -> float:
    """Mean of the defined values; NaN where there is none."""
    return summarise(values).mean


def number(value: float) -> str:
    """Write three significant digits, with a true minus sign."""
    return f"{value:.3g}".replace("-", "−")


def percent(share: float) -> str:
    """Write a share, never as the whole or nothing when it is not: ``99.98 %``."""
    for digits in (0, 1, 2, 3):
        text = f"{100 * share:.{digits}f}"
        if share in (0.0, 1.0) or share > 1.0 or 0.0 < float(text) < 100.0:
            return f"{text} %"
    return "less than 0.001 %" if share < 0.5 else "more than 99.999 %"


def count(number_of: int, noun: str, plural: str = "") -> str:
    """Write ``1 block``, ``2 blocks``, ``2 matrices``."""
    return f"{number_of} {noun}" if number_of == 1 else f"{number_of} {plural or noun + 's'}"


def listed(texts: Sequence[str]) -> str:
    """Join as in ``Q, K and V``."""
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def vectors(axis: Axis) -> str:
    """What a vector is along an axis."""
    return "rows" if axis == "out" else "columns"


def runs(addresses: Iterable[Address]) -> list[tuple[int, int, int]]:
    """Collect blocks into (stage, first, last) of consecutive ones."""
    found: list[tuple[int, int, int]] = []
    for address in sorted(addresses):
        if found and found[-1][0] == address.stage and found[-1][2] + 1 == address.block:
            found[-1] = (address.stage, found[-1][1], address.block)
        else:
            found.append((address.stage, address.block, address.block))
    return found
