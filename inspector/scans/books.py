"""What is known of one measurement while a scan runs: what it sums up, keeps and leaves out."""

import io
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inspector.analysis.measurement import Array, Measurement, Record, Tally
from inspector.scans.pictures import Item
from inspector.scans.running import Failed, Made
from inspector.scans.shards import MOST_RECORDS, Shard, stacked
from inspector.scans.store import KeptScan

WRITTEN_EVERY_S = 20.0
"""A slow model's records are written at least so often: no more is lost when it is killed."""


@dataclass(eq=False)
class Book:
    """Of one measurement.

    Parameters
    ----------
    measurement
        What is measured.
    kept
        Where records are kept; None where they are not.
    """

    measurement: Measurement
    kept: KeptScan | None
    tally: Tally = field(init=False)
    measured: int = field(default=0, init=False)
    left_out: dict[int, str] = field(default_factory=dict, init=False)
    _open: list[tuple[Item, Record | str]] = field(default_factory=list, init=False)
    _summed: int = field(default=0, init=False)
    _since: float = field(default_factory=time.monotonic, init=False)

    def __post_init__(self) -> None:
        self.tally = self.measurement.tally()

    def key(self, item: Item) -> str:
        """Of the record of a picture; empty where there cannot be one."""
        return item.identity.key(with_objects=self.measurement.needs_objects)

    def why_not(self, item: Item) -> str:
        """Why there cannot be one."""
        return item.identity.why_not(with_objects=self.measurement.needs_objects)

    def leave_out(self, item: Item, sentence: str) -> None:
        """Count pictures as left out."""
        self.left_out |= dict.fromkeys(item.places, sentence)

    def note(self, item: Item, made: Made) -> None:
        """Take in what was made of a picture just now; it counts after `count`."""
        if isinstance(made, Failed):
            self.leave_out(item, made.sentence)
            return
        if not self._open:
            self._since = time.monotonic()
        self._open.append((item, made))

    @property
    def is_due(self) -> bool:
        """Whether what is open fills a shard, or is long in hand."""
        late = time.monotonic() - self._since > WRITTEN_EVERY_S
        return len(self._open) >= MOST_RECORDS or (bool(self._open) and late)

    def write(self) -> int:
        """Keep what is open, and say how many bytes that are."""
        self.count()
        # In one order, so that the same pictures always make the same file.
        new, self._open, self._summed = sorted(self._open, key=self._key_of), [], 0
        if self.kept is None or not new:
            return 0
        good = [(item, made) for item, made in new if not isinstance(made, str)]
        return self.kept.write(
            Shard(
                tuple(self.key(item) for item, _ in good),
                stacked([made for _, made in good]),
                {self.key(item): made for item, made in new if isinstance(made, str)},
            )
        )

    def count(self) -> None:
        """Sum up what is open and was not yet."""
        new, self._summed = self._open[self._summed :], len(self._open)
        good = [(item, made) for item, made in new if not isinstance(made, str)]
        self._add([item for item, _ in good], stacked([made for _, made in good]))
        for item, made in new:
            if isinstance(made, str):
                self.leave_out(item, made)

    def take(self, shard: Shard, wanted: Mapping[str, Item]) -> list[Item]:
        """Count what a shard holds of the pictures wanted, and say which it lacks."""
        # By key first: what another program has written twice still counts once.
        rows = list({key: row for row, key in enumerate(shard.keys) if key in wanted}.values())
        items = [wanted[shard.keys[row]] for row in rows]
        self._add(items, {name: array[rows] for name, array in shard.records.items()})
        for key in shard.uncounted.keys() & wanted.keys():
            self.leave_out(wanted[key], shard.uncounted[key])
        missing = wanted.keys() - set(shard.keys) - shard.uncounted.keys()
        return [item for key, item in wanted.items() if key in missing]

    def as_bytes(self) -> bytes:
        """All that was counted, for another process."""
        told = {"measured": self.measured, "left out": list(self.left_out.items())}
        arrays: dict[str, Any] = {f"state/{n}": a for n, a in self.tally.state().items()}
        arrays["told"] = np.frombuffer(json.dumps(told).encode(), np.uint8)
        into = io.BytesIO()
        np.savez(into, **arrays)
        return into.getvalue()

    def merge(self, data: bytes) -> None:
        """Count what another process has counted."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            told = json.loads(file["told"].tobytes())
            state: dict[str, Array] = {
                name.removeprefix("state/"): file[name] for name in file.files if name != "told"
            }
        self.tally.merge(state)
        self.measured += told["measured"]
        self.left_out |= {int(place): sentence for place, sentence in told["left out"]}

    def reasons(self, names: Sequence[str]) -> Iterable[tuple[str, str]]:
        """Names of what was left out, in order, each with the reason."""
        return ((names[place], self.left_out[place]) for place in sorted(self.left_out))

    def _key_of(self, made: tuple[Item, Record | str]) -> str:
        return self.key(made[0])

    def _add(self, items: Sequence[Item], records: Mapping[str, Array]) -> None:
        """Sum up records, one for each of the items."""
        if not items:
            return
        if any(len(item.places) > 1 for item in items):
            times = [len(item.places) for item in items]
            records = {name: np.repeat(array, times, axis=0) for name, array in records.items()}
        places = [place for item in items for place in item.places]
        self.tally.add(np.array(places, dtype=np.int64), records)
        self.measured += len(places)
