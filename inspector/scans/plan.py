"""Who reads which shard, and who looks at which picture: the same plan on every rank.

Every rank says which shards it has, as each may have a disk of its own. One of those that have a
shard reads it and says which pictures it holds. From that all of them find the same plan, each for
itself; pictures that nobody has a record of are dealt out in order of name.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector.core.comparison import IntArray
from inspector.scans.shards import MOST_RECORDS

_PARTS = 4
"""A rank gets its pictures in at least so many parts, so that all have some of every kind."""

Flags = npt.NDArray[np.bool_]
Listing = Sequence[Sequence[str]]
"""For each measurement the names of shards."""
Holdings = Sequence[Mapping[str, Sequence[int]]]
"""For each measurement shards by name, each with the numbers of the items it holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What one rank does.

    Parameters
    ----------
    shards
        For each measurement the shards to read, each with the numbers of the items to count.
    missing
        (measurements, items) which items to look at, for which measurements.
    """

    shards: tuple[tuple[tuple[str, IntArray], ...], ...]
    missing: Flags


def shards_of(rank: int, listings: Sequence[Listing]) -> list[list[str]]:
    """For each measurement the shards that one rank reads, of those that each rank has."""
    mine = []
    for held in zip(*listings, strict=True):
        owners = defaultdict[str, list[int]](list)
        for owner, names in enumerate(held):
            for name in names:
                owners[name].append(owner)
        turns = enumerate(sorted(owners.items()))
        mine.append([name for turn, (name, of) in turns if of[turn % len(of)] == rank])
    return mine


def plan_of(rank: int, holdings: Sequence[Holdings], wanted: Flags) -> Plan:
    """The part of one rank.

    Parameters
    ----------
    holdings
        Of every rank: of the shards that it reads.
    wanted
        (measurements, items) which items can have a record.
    """
    missing, shards = wanted.copy(), []
    for place, without in enumerate(missing):
        mine = []
        named = ((name, owner) for owner, held in enumerate(holdings) for name in held[place])
        for name, owner in sorted(named):
            numbers = np.array(holdings[owner][place][name], dtype=np.int64)
            claimed = numbers[without[numbers]]
            without[claimed] = False
            if owner == rank and claimed.size:
                mine.append((name, claimed))
        shards.append(tuple(mine))
    return Plan(tuple(shards), missing & _dealt(of_any(missing), rank, len(holdings)))


def of_any(flags: Flags) -> Flags:
    """(items,) whether it is so for any of the measurements."""
    found: Flags = np.logical_or.reduce(flags, axis=0)
    return found


def _dealt(missing: Flags, rank: int, world: int) -> Flags:
    """(items,) those of one rank, of all that are to be looked at."""
    jobs = np.flatnonzero(missing)
    size = min(max(len(jobs) // (world * _PARTS), 1), MOST_RECORDS)
    mine = np.zeros_like(missing)
    mine[jobs[np.arange(len(jobs)) // size % world == rank]] = True
    return mine
