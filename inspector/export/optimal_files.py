"""The optimal images of every mode of a model, in files."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from inspector.core.optimal import SIGNS, OptimalImages
from inspector.core.rows import ModeRows
from inspector.export.drawing import Cell

OPTIMAL = (
    *("stage", "block", "head", "mode", "sign", "rank", "score", "image"),
    *("query_row", "query_col", "key_row", "key_col"),
)


def winner_rows(found: OptimalImages) -> Iterator[tuple[Cell, ...]]:
    """A row for each winner: of every mode those of sign + and then of -, best first."""
    for row, at in enumerate(found.rows.addresses()):
        place = (at.stage, at.block, at.head or 0, at.mode or 0)
        for side, sign in enumerate(SIGNS):
            images = found.image[row, side].tolist()
            scores, places = found.score[row, side].tolist(), found.place[row, side].tolist()
            for rank, image in enumerate(images):
                if image >= 0:
                    name = found.images[image]
                    yield (*place, sign, rank, scores[rank], name, *places[rank])


def optimal_arrays(found: OptimalImages) -> dict[str, Any]:
    """The same as arrays, with what places them.

    ``score`` (row, sign, rank), signs + and -, 0 where there is no picture; ``image`` index to
    ``images``, -1 where there is none; ``place`` (row, sign, rank, 4) row and column of the query
    patch, then of the key patch; ``stage``, ``block``, ``head``, ``mode`` of each row.
    """
    arrays: dict[str, Any] = {"score": found.score, "image": found.image, "place": found.place}
    return arrays | {"images": names_array(found.images)} | row_arrays(found.rows)


def row_arrays(rows: ModeRows) -> dict[str, Any]:
    """``stage``, ``block``, ``head`` and ``mode`` of each row."""
    places = [(at.stage, at.block, at.head, at.mode) for at in rows.addresses()]
    table = np.array(places, dtype=np.int64).reshape(-1, 4)
    return dict(zip(("stage", "block", "head", "mode"), table.T.copy(), strict=True))


def names_array(names: tuple[str, ...]) -> Any:
    """Names of pictures as text, an array of none where there are none."""
    return np.array(names, dtype=np.str_)
