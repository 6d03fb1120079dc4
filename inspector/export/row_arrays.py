"""Which images, blocks, heads and modes the rows of a result over a folder are, as arrays."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from inspector.core.comparison import IntArray
from inspector.core.rows import ModeRows


def names_array(names: Sequence[str]) -> npt.NDArray[np.str_]:
    """(names,) as text; an array of text where there are none too."""
    return np.array(names, dtype=np.str_)


def columns_of(
    names: tuple[str, ...], rows: Sequence[tuple[int | None, ...]]
) -> dict[str, IntArray]:
    """(rows,) of each column, by its name."""
    table = np.array(rows, dtype=np.int64).reshape(-1, len(names))
    return dict(zip(names, table.T.copy(), strict=True))


def mode_columns(rows: ModeRows) -> dict[str, IntArray]:
    """``stage``, ``block``, ``head`` and ``mode`` of each row."""
    places = [(at.stage, at.block, at.head, at.mode) for at in rows.addresses()]
    return columns_of(("stage", "block", "head", "mode"), places)
