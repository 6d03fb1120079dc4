"""What the processes of a scan tell one another: the pictures, who has kept what, what was found.

Alone, a process tells nobody, and nothing is made into bytes.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from inspector.core.collection import Member
from inspector.core.errors import BadRequest
from inspector.core.images import Plane, SliceAddress
from inspector.scans.pictures import Identity
from inspector.scans.plan import Flags, Holdings, Listing, Plan, plan_of, shards_of
from inspector.scans.ranks import Ranks, Waiting

TOGETHER = 16
"""Pictures whose files one rank looks at before the next rank has its turn."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """Among the ranks of a scan.

    Parameters
    ----------
    ranks
        Which of them this is.
    waiting
        Called while the others are waited for.
    """

    ranks: Ranks
    waiting: Waiting

    def members(self, own: Sequence[Member]) -> tuple[Member, ...]:
        """Those of the first rank, so that all count the same in the same order."""
        if self.ranks.world == 1:
            return tuple(own)
        told = self.ranks.from_first(_packed(_rows_of(own)), self.waiting)
        return tuple(own) if self.ranks.is_first else tuple(_members_of(_unpacked(told)))

    def starts(self, count: int) -> range:
        """Where the groups of `TOGETHER` pictures begin whose files this rank looks at."""
        return range(0, count, TOGETHER)[self.ranks.rank :: self.ranks.world]

    def identities(self, mine: list[Identity], count: int) -> list[Identity]:
        """Of all pictures in order, from those that begin at `starts`."""
        if self.ranks.world == 1:
            return mine
        own = _packed([astuple(identity) for identity in mine])
        told = (_unpacked(data) for data in self.ranks.share(own, self.waiting))
        parts = [iter([Identity(*values) for values in rows]) for rows in told]
        return [next(parts[place // TOGETHER % len(parts)]) for place in range(count)]

    def refuse_others(self, identities: Sequence[Mapping[str, Any]]) -> None:
        """Raise a `BadRequest` where other ranks measure something else."""
        own = json.dumps(identities, sort_keys=True).encode()
        if len(set(self.ranks.share(own, self.waiting))) > 1:
            raise BadRequest(
                "The processes of this scan do not do the same: their checkpoints or options are "
                "not equal.",
                advice="Start the same command with the same files on every machine.",
            )

    def shards(self, there: Listing) -> list[list[str]]:
        """For each measurement the shards that this rank reads, of those that are there."""
        return shards_of(self.ranks.rank, self._of_all(there))

    def plan(self, held: Holdings, wanted: Flags) -> Plan:
        """What this rank does; `held` is what the shards hold that it reads."""
        return plan_of(self.ranks.rank, self._of_all(held), wanted)

    def merge(self, own: bytes, merge: Callable[[bytes], None]) -> None:
        """Let the first rank merge what the others have summed up."""
        for data in (self.ranks.gather(own, self.waiting) or [])[1:]:
            merge(data)

    def reports(self, own: Any) -> list[Any]:
        """JSON values of the others, on the first rank; none elsewhere."""
        told = self.ranks.gather(_packed(own), self.waiting)
        return [_unpacked(data) for data in (told or [])[1:]]

    def _of_all(self, own: Any) -> list[Any]:
        if self.ranks.world == 1:
            return [own]
        return [_unpacked(data) for data in self.ranks.share(_packed(own), self.waiting)]


def _packed(value: Any) -> bytes:
    """As bytes: names of a folder's files begin alike, which packs to a tenth."""
    return zlib.compress(json.dumps(value).encode(), 1)


def _unpacked(data: bytes) -> Any:
    return json.loads(zlib.decompress(data))


def _rows_of(members: Iterable[Member]) -> list[list[Any]]:
    return [[m.name, m.files, m.at.plane.value, m.at.index, m.at.time] for m in members]


def _members_of(rows: Iterable[Sequence[Any]]) -> Iterator[Member]:
    for name, files, plane, index, time in rows:
        yield Member(name, tuple(files), SliceAddress(Plane(plane), index, time))
