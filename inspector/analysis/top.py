"""The best pictures of every row, kept while pictures come by in any order."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector.analysis.measurement import Array
from inspector.core.comparison import IntArray
from inspector.core.errors import BadRequest
from inspector.core.modes import SmallArray

Keys = npt.NDArray[np.uint64]
Kind = npt.DTypeLike
SCORE, PICTURE = "score", "picture"

# Pictures that are looked at together: more would need more memory, and be no quicker.
_TOGETHER = 64
# The key of an empty place: it sorts behind that of every picture.
_EMPTY = np.uint64(2**64 - 1)
_SIGN = np.uint32(1 << 31)


class TopTally:
    """For each of many rows the `top` pictures with the largest score, with what belongs to them.

    The same whatever the order and the grouping in which pictures are added and tallies merged:
    of equal scores the picture with the smaller number is the better. Memory is that of rows times
    `top`. Scores are float32; one that is not a number never enters. Not for several threads.

    Parameters
    ----------
    shape
        Of the rows: ``(rows,)``, or ``(2, rows)`` where each has two signs.
    top
        How many pictures are kept of each.
    payload
        What is kept beside a picture's score, by name: its type, and its shape for one row and one
        picture, as ``{"place": (np.uint16, (4,)), "sign": (np.int8, ())}``.
    """

    def __init__(
        self, shape: tuple[int, ...], top: int, payload: Mapping[str, tuple[Kind, tuple[int, ...]]]
    ) -> None:
        if top < 1:
            raise BadRequest(f"The best {top} pictures were asked for.", advice="Ask for one.")
        if {SCORE, PICTURE} & payload.keys():
            raise BadRequest(f"“{SCORE}” and “{PICTURE}” are kept anyway.")
        self._shape, self._top = shape, top
        rows = math.prod(shape)
        self._keys: Keys = np.full((rows, top), _EMPTY)
        self._payload: dict[str, Array] = {
            name: np.zeros((rows, top, *tail), kind) for name, (kind, tail) in payload.items()
        }

    @property
    def score(self) -> SmallArray:
        """(*shape, top) float32, falling; 0 where there is no picture."""
        return np.where(self._keys != _EMPTY, _scores(self._keys), np.float32(0)).reshape(
            *self._shape, self._top
        )

    @property
    def picture(self) -> IntArray:
        """(*shape, top) the pictures' numbers, best first; -1 where there is none."""
        numbers = (self._keys & np.uint64(2**32 - 1)).astype(np.int64)
        return np.where(self._keys != _EMPTY, numbers, -1).reshape(*self._shape, self._top)

    def payload(self, name: str) -> Array:
        """(*shape, top, *tail) what was given with them; 0 where there is no picture."""
        kept = self._payload[name]
        return kept.reshape(*self._shape, self._top, *kept.shape[2:]).copy()

    def add(
        self,
        pictures: IntArray,
        score: SmallArray,
        payload: Mapping[str, Array],
        eligible: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Count pictures, none of them twice.

        Parameters
        ----------
        pictures
            (n,) their numbers, 0 to 2^32 - 1, in any order.
        score
            (n, *shape) float32.
        payload
            (n, *shape, *tail) of every name.
        eligible
            (n, *shape) which scores may enter; all by default.
        """
        flat = score.reshape(len(pictures), len(self._keys))
        allowed = None if eligible is None else eligible.reshape(flat.shape)
        for first in range(0, len(pictures), _TOGETHER):
            some = slice(first, first + _TOGETHER)
            entering = flat[some] >= self._worst()
            if allowed is not None:
                entering &= allowed[some]
            picture, row = np.nonzero(entering)
            picture += first
            keys = _keys_of(flat[picture, row], pictures[picture])
            kept = {
                name: payload[name].reshape(*flat.shape, *own.shape[2:])[picture, row]
                for name, own in self._payload.items()
            }
            self._enter(_Entries(row, keys, kept))

    def state(self) -> dict[str, Array]:
        """All of it: `score`, `picture`, and every payload by its name."""
        kept = {name: self.payload(name) for name in self._payload}
        return {SCORE: self.score, PICTURE: self.picture, **kept}

    def merge(self, state: Mapping[str, Array]) -> None:
        """Count all that another tally of the same rows has counted.

        Raises
        ------
        BadRequest
            When it is one of other rows, or of another number of pictures.
        """
        shape = (*self._shape, self._top)
        if state[SCORE].shape != shape:
            raise BadRequest(f"A tally of {state[SCORE].shape} is no part of one of {shape}.")
        pictures = state[PICTURE].astype(np.int64).reshape(-1)
        there = np.nonzero(pictures >= 0)[0]
        score = state[SCORE].astype(np.float32).reshape(-1)
        keys = _keys_of(score[there], pictures[there])
        kept = {
            name: state[name].reshape(-1, *own.shape[2:])[there]
            for name, own in self._payload.items()
        }
        self._enter(_Entries(there // self._top, keys, kept))

    def _worst(self) -> SmallArray:
        """(rows,) the smallest score that may still enter."""
        last = self._keys[:, -1]
        return np.where(last == _EMPTY, np.float32(-np.inf), _scores(last))

    def _enter(self, entries: "_Entries") -> None:
        """Put what is better than the last of its row in its place."""
        better = entries.keys < self._keys[entries.rows, -1]
        entries = entries.of(np.nonzero(better)[0])
        if not len(entries.rows):
            return
        entries = entries.of(np.argsort(entries.rows, kind="stable"))
        rows, starts, counts = np.unique(entries.rows, return_index=True, return_counts=True)
        at = np.repeat(np.arange(len(rows)), counts)
        column = np.arange(len(at)) - starts[at]
        together = np.full((len(rows), self._top + counts.max()), _EMPTY)
        together[:, : self._top] = self._keys[rows]
        together[at, self._top + column] = entries.keys
        best = np.argsort(together, axis=1, kind="stable")[:, : self._top]
        keys = np.take_along_axis(together, best, axis=1)
        source = starts[:, None] + best - self._top
        new = (best >= self._top) & (keys != _EMPTY)
        self._keys[rows] = keys
        for name, own in self._payload.items():
            old = own[rows[:, None], np.minimum(best, self._top - 1)]
            old[new] = entries.payload[name][source[new]]
            own[rows] = old


@dataclass(frozen=True, slots=True, eq=False)
class _Entries:
    """Scores that may enter: (n,) row and key, (n, *tail) payload."""

    rows: IntArray
    keys: Keys
    payload: Mapping[str, Array]

    def of(self, which: IntArray) -> "_Entries":
        """Some of them, in another order."""
        payload = {name: kept[which] for name, kept in self.payload.items()}
        return _Entries(self.rows[which], self.keys[which], payload)


def named(picture: IntArray, names: Sequence[str]) -> tuple[tuple[str, ...], IntArray]:
    """Names of the pictures that are among the best of any row, in order, and the places there.

    Parameters
    ----------
    picture
        (..., top) numbers of pictures, -1 where there is none.
    names
        Of all pictures, by their numbers.

    Returns
    -------
    The names; (..., top) index to them, -1 where there is none.
    """
    there, number = np.unique(picture[picture >= 0], return_inverse=True)
    place = picture.astype(np.int64)
    place[picture >= 0] = number
    return tuple(names[int(one)] for one in there), place


def _keys_of(score: SmallArray, pictures: IntArray) -> Keys:
    """Whole numbers that sort as the better picture first: falling score, then rising number."""
    bits = (score + np.float32(0)).view(np.uint32)  # -0 is 0
    rising = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    return (~rising).astype(np.uint64) << np.uint64(32) | pictures.astype(np.uint64)


def _scores(keys: Keys) -> SmallArray:
    """The scores that keys were made of."""
    rising = ~(keys >> np.uint64(32)).astype(np.uint32)
    bits: npt.NDArray[np.uint32] = np.where(rising & _SIGN, rising ^ _SIGN, ~rising)
    return bits.view(np.float32)
