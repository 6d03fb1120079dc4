"""How large the cosine of two directions is when nothing relates them.

Methods, section B: of two independent, uniformly random unit vectors of length d, the squared
cosine is distributed as Beta(1/2, (d - 1)/2). The band is for one mode; the mean over the modes of
a head, or over the heads of a block, has a narrower one: `BlockModes.head_random_95`.
"""

from functools import cache

from inspector.core.errors import BadRequest


@cache
def random_cosine_95(width: int) -> float:
    """Half the width of the band around 0 that holds the cosine of 95 % of random pairs.

    Examples
    --------
    >>> round(random_cosine_95(768), 4)
    0.0707
    """
    if width < 1:
        raise BadRequest(f"A direction has a length of at least 1, not {width}.")
    if width == 1:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(0.5, (width - 1) / 2, 0.95) ** 0.5)
