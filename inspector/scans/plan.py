"""Who reads which shard, and who looks at which picture: the same plan on every rank.

Every rank says what it has kept, as each may have a disk of its own. From that all of them find the
same plan, each for itself: a shard is read by one of those that have it, and pictures that nobody
has a record of are dealt out in order of name.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspector.scans.shards import MOST_RECORDS

_PARTS = 4
"""A rank gets its pictures in at least so many parts, so that all have some of every kind."""

Holdings = Sequence[Mapping[str, Sequence[int]]]
"""For each measurement the shards by name, each with the numbers of the items it holds."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one rank does.

    Parameters
    ----------
    shards
        For each measurement the shards to read, each with the numbers of the items to count.
    missing
        Numbers of the items to look at, each with the measurements that have no record of it.
    """

    shards: tuple[tuple[tuple[str, tuple[int, ...]], ...], ...]
    missing: tuple[tuple[int, tuple[int, ...]], ...]


def plan_of(rank: int, holdings: Sequence[Holdings], wanted: Sequence[Sequence[int]]) -> Plan:
    """The part of one rank.

    Parameters
    ----------
    holdings
        Of every rank.
    wanted
        For each measurement the numbers of the items that can have a record, rising.
    """
    shards, missing = [], dict[int, list[int]]()
    for place, items in enumerate(wanted):
        claims, claimed = _claims([held[place] for held in holdings])
        shards.append(tuple((name, mine) for owner, name, mine in claims if owner == rank))
        for item in items:
            if item not in claimed:
                missing.setdefault(item, []).append(place)
    jobs = [(item, tuple(missing[item])) for item in sorted(missing)]
    return Plan(tuple(shards), tuple(_dealt(jobs, rank, len(holdings))))


def as_text(holdings: Holdings) -> bytes:
    """For other processes."""
    return json.dumps([dict(held) for held in holdings]).encode()


def of_text(text: bytes) -> Holdings:
    """Of another process."""
    found: Holdings = json.loads(text)
    return found


def _claims(
    held: Sequence[Mapping[str, Sequence[int]]],
) -> tuple[list[tuple[int, str, tuple[int, ...]]], set[int]]:
    """Which rank reads which shard, for which items; and all items that are read by anyone."""
    claims, claimed = [], set[int]()
    for turn, name in enumerate(sorted({name for shards in held for name in shards})):
        owners = [rank for rank, shards in enumerate(held) if name in shards]
        owner = owners[turn % len(owners)]
        mine = tuple(item for item in held[owner][name] if item not in claimed)
        claimed.update(mine)
        if mine:
            claims.append((owner, name, mine))
    return claims, claimed


def _dealt(
    jobs: Sequence[tuple[int, tuple[int, ...]]], rank: int, world: int
) -> list[tuple[int, tuple[int, ...]]]:
    size = min(max(len(jobs) // (world * _PARTS), 1), MOST_RECORDS)
    return [job for number, job in enumerate(jobs) if number // size % world == rank]
