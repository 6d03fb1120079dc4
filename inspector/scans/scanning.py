"""One pass of a model over the pictures of a folder; what was found before is not looked for again.

The thread that calls tells how far things are, every few hundredths of a second, and that is where
a scan is cancelled or made to wait. Whatever ends a scan, what is finished is written first.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from inspector.core.comparison import IntArray
from inspector.core.errors import BadCheckpoint, BadImage, BadRequest, Cancelled
from inspector.core.progress import Progress, silent
from inspector.images.collection import Collection, is_empty
from inspector.images.fingerprints import Fingerprints
from inspector.scans.agreeing import TOGETHER, Agreement
from inspector.scans.books import Book
from inspector.scans.identity import about, environment_of, identity_of
from inspector.scans.passes import Pass, Scanned
from inspector.scans.pictures import (
    Identify,
    Identity,
    Item,
    by_content,
    by_name,
    items_of,
)
from inspector.scans.plan import Flags, Plan, of_any
from inspector.scans.ranks import ALONE, Ranks
from inspector.scans.running import Failed, Job, Looked, Runner
from inspector.scans.shards import Shard
from inspector.scans.store import KeptScan, Store
from inspector.scans.telling import Telling, ended_softly
from inspector.scans.workers import Sharing, in_threads

DEFAULT_BATCH = 32


def scan(
    work: Pass,
    collection: Collection,
    *,
    store: Store | None = None,
    ranks: Ranks = ALONE,
    batch: int = DEFAULT_BATCH,
    sharing: Sharing | None = None,
    progress: Progress = silent,
    partial: Callable[[Scanned], None] | None = None,
) -> Scanned | None:
    """Look at every picture of a folder, or at the part of this rank.

    Parameters
    ----------
    work
        What is looked for.
    collection
        The pictures. Ranks look at those that rank 0 has.
    store
        Where records are kept, and taken from; nothing is kept without one.
    ranks
        Which of several processes this is.
    batch
        How many pictures are read ahead; it changes no number.
    sharing
        What is left to others; nothing by default.
    progress
        Told of pictures, and at least every 50 ms; what it raises ends the scan after what is
        finished was written.
    partial
        Given what was found so far, at most once a second.

    Returns
    -------
    None on other ranks than 0.

    Raises
    ------
    BadRequest
        When the ranks do not do the same.
    BadImage
        When the folder is gone in the end.
    LostRank
        When another one has ended.
    """
    if batch < 1:
        raise BadRequest(f"{batch} images cannot be read ahead.", advice="Give at least 1.")
    with ended_softly() as ended:
        shared = sharing or Sharing()
        return _Scan(work, collection, store, ranks, batch, shared, progress, partial, ended).run()


@dataclass(eq=False)
class _Scan:
    """A scan that runs; the parameters are those of `scan`."""

    work: Pass
    collection: Collection
    store: Store | None
    ranks: Ranks
    batch: int
    sharing: Sharing
    progress: Progress
    partial: Callable[[Scanned], None] | None
    ended: threading.Event
    items: list[Item] = field(default_factory=list, init=False)
    books: list[Book] = field(default_factory=list, init=False)
    notes: list[str] = field(default_factory=list, init=False)
    names: tuple[str, ...] = field(default=(), init=False)
    # (items,) of how many pictures each is, whether it has records, and whether it was looked at.
    _pictures: IntArray = field(default_factory=lambda: np.zeros(0, np.int64), init=False)
    _recorded: Flags = field(default_factory=lambda: np.zeros(0, np.bool_), init=False)
    _looked_at: Flags = field(default_factory=lambda: np.zeros(0, np.bool_), init=False)
    _room: int = field(default=0, init=False)
    _apart: list[Job] = field(default_factory=list, init=False)
    _telling: Telling = field(init=False)
    _agreement: Agreement = field(init=False)

    def __post_init__(self) -> None:
        show = None if self.partial is None else self._show
        self._telling = Telling(self.progress, self.ended, show)
        self._agreement = Agreement(self.ranks, self._telling.look_up)

    def run(self) -> Scanned | None:
        """All of it."""
        members = self._agreement.members(self.collection.members)
        if self.ranks.is_first:
            return self._scanned()
        with Collection(self.collection.folder, members) as self.collection:
            return self._scanned()

    def _scanned(self) -> Scanned | None:
        known = Fingerprints(None) if self.store is None else self.store.fingerprints
        identify = by_name if self.store is None else by_content(
            self.collection, self.work.objects, known
        )  # fmt: skip
        members = self.collection.members
        self._telling.text, self._telling.total = "files", len(members)
        self.names = tuple(member.name for member in members)
        self.items = items_of(members, self._telling.through(self._identities(identify)))
        self._pictures = np.array([len(item.places) for item in self.items], dtype=np.int64)
        known.save()
        self.books = self._opened(known)
        plan = self._planned()
        self._begin(plan)
        jobs = self._read(plan)
        self._compute(jobs, identify)
        self._settle_room()
        return self._merged()

    # Before anything is measured

    def _identities(self, identify: Identify) -> list[Identity]:
        """Of all pictures in order; every rank looks at a part of the files."""
        members, stop = self.collection.members, threading.Event()

        def identified(start: int) -> tuple[int, list[Identity]]:
            found = []
            for member in members[start : start + TOGETHER]:
                if stop.is_set():
                    raise Cancelled
                found.append(identify(member))
            return start, found

        parts: dict[int, list[Identity]] = {}
        threads = self.sharing.threads
        starts = self._agreement.starts(len(members))
        stream = in_threads(identified, starts, threads=threads, ahead=4 * threads, stop=stop)
        with closing(stream), _set_at_the_end(stop):
            for one in stream:
                if one is not None:
                    parts[one[0]] = one[1]
                self._telling.done = min(len(parts) * TOGETHER * self.ranks.world, len(members))
                self._telling.tell()
        mine = [identity for start in sorted(parts) for identity in parts[start]]
        return self._agreement.identities(mine, len(members))

    def _opened(self, known: Fingerprints) -> list[Book]:
        """A book for each measurement, with the place where its records are kept."""
        kept = self._kept_scans(known)
        if self.store is not None:
            self.store.tidy()
            self._room = self.store.limit - self.store.size
        books = []
        for measurement, place in zip(self.work.measurements, kept, strict=True):
            if place is not None:
                place.touch()
            books.append(Book(measurement, place))
        return books

    def _kept_scans(self, known: Fingerprints) -> list[KeptScan | None]:
        work = self.work
        nowhere: list[KeptScan | None] = [None] * len(work.measurements)
        if self.store is None and self.ranks.world == 1:
            return nowhere
        settings = {} if work.objects is None else work.objects.settings
        try:
            identities = [
                identity_of(work.model, work.network, work.preparation, each, settings, known)
                for each in work.measurements
            ]
        except BadImage as error:
            raise BadCheckpoint(error.message, advice=error.advice) from error
        self._agreement.refuse_others(identities)
        if self.store is None:
            return nowhere
        environment, device = environment_of(work.network), work.network.device.type
        folder = str(self.collection.folder)
        return [
            self.store.open(
                {**identity, "environment": environment},
                about(work.model, work.preparation, each, folder, device),
            )
            for identity, each in zip(identities, work.measurements, strict=True)
        ]

    def _planned(self) -> Plan:
        """What this rank reads from disk, and what it looks at."""
        wanted = np.zeros((len(self.books), len(self.items)), np.bool_)
        there = [[] if book.kept is None else book.kept.shards() for book in self.books]
        held = []
        for book, flags, mine in zip(
            self.books, wanted, self._agreement.shards(there), strict=True
        ):
            # An item that has the key of another one is looked at by itself.
            numbers: dict[str, int] = {}
            for number, item in enumerate(self._telling.through(self.items)):
                if key := book.key(item):
                    flags[number] = True
                    numbers[key] = number
            held.append(self._held(book, mine, numbers))
        self._recorded = of_any(wanted)
        return self._agreement.plan(held, wanted)

    def _held(
        self, book: Book, shards: Iterable[str], numbers: Mapping[str, int]
    ) -> dict[str, list[int]]:
        """Of some shards those that hold something wanted, each with the numbers of the items."""
        found: dict[str, list[int]] = {}
        if book.kept is None:
            return found
        for name in shards:
            held = [numbers[key] for key in book.kept.keys_of(name) if key in numbers]
            if held:
                found[name] = held
            self._telling.look_up()
        return found

    def _begin(self, plan: Plan) -> None:
        """Leave out what no record can be made of, and know how much there is to do."""
        without = 0
        if self.ranks.is_first:
            for item in self._telling.through(self.items):
                for book in self.books:
                    if sentence := book.why_not(item):
                        book.leave_out(item, sentence)
            without = int(self._pictures[~self._recorded].sum())
        mine = of_any(plan.missing)
        for shards in plan.shards:
            for _, numbers in shards:
                mine[numbers] = True
        first = self.items[int(mine.argmax())] if mine.any() else None
        self._telling.done, self._telling.total = without, without + int(self._pictures[mine].sum())
        self._telling.text = "" if first is None else f"image {first.member.name}"

    # Measuring

    def _read(self, plan: Plan) -> Iterator[Job]:
        """Count what is on disk, and give what is to be looked at: also what was damaged there."""
        missing = plan.missing.copy()
        self._looked_at = of_any(missing)
        unread = np.zeros(len(self.items), np.int64)
        for shards in plan.shards:
            for _, numbers in shards:
                unread[numbers] += 1
        for book, shards, lacking in zip(self.books, plan.shards, missing, strict=True):
            for name, numbers in shards:
                lacking[self._lacking(book, name, numbers.tolist())] = True
                unread[numbers] -= 1
                for number in numbers[(unread[numbers] == 0) & ~of_any(missing[:, numbers])]:
                    self._finished(self.items[number])
                self._telling.tell()
        self._looked_at = of_any(missing)
        return (
            Job(self.items[number], tuple(np.flatnonzero(missing[:, number]).tolist()))
            for number in np.flatnonzero(self._looked_at).tolist()
        )

    def _lacking(self, book: Book, name: str, numbers: Sequence[int]) -> list[int]:
        """Count a shard's records of some items, and say of which it has none after all."""
        shard = Shard() if book.kept is None else book.kept.read(name)
        wanted = {book.key(self.items[number]): number for number in numbers}
        items = {key: self.items[number] for key, number in wanted.items()}
        return [wanted[book.key(item)] for item in book.take(shard, items)]

    def _compute(self, jobs: Iterable[Job], identify: Identify) -> None:
        """Look at pictures; whatever ends it, what is finished is written."""
        self._look_at(jobs, identify)
        while self._apart:
            again, self._apart = self._apart, []
            self._look_at(again, identify)

    def _look_at(self, jobs: Iterable[Job], identify: Identify) -> None:
        work, stop = self.work, threading.Event()
        runner = Runner(
            work.network,
            work.preparation,
            work.measurements,
            self.collection,
            work.objects,
            identify,
            self.batch,
            stop,
            self.sharing,
        )
        with runner.settled(), closing(runner.look_at(jobs)) as stream, _set_at_the_end(stop):
            try:
                for looked in stream:
                    if looked is not None:
                        self._note(looked)
                    self._telling.tell()
            except BaseException:
                stop.set()
                for looked in stream:
                    if looked is not None:
                        self._note(looked)
                raise
            finally:
                for book in self.books:
                    self._room -= book.write()

    def _note(self, looked: Looked) -> None:
        item, apart = looked.job.item, self._told_apart(looked)
        for place, made in looked.made.items():
            if place in apart:
                continue
            book = self.books[place]
            book.note(item, made)
            if book.is_due:
                self._room -= book.write()
        if self._room < 0:
            self._make_room()
        if not apart:
            self._finished(item)

    def _told_apart(self, looked: Looked) -> tuple[int, ...]:
        """The measurements that failed on pictures of one content.

        Each of these is looked at by itself, so that what is said of it names its own file.
        """
        item = looked.job.item
        failed = tuple(place for place, made in looked.made.items() if isinstance(made, Failed))
        if len(item.places) == 1 or not failed:
            return ()
        members = self.collection.members
        self._apart += [
            Job(replace(item, member=members[place], places=(place,)), failed)
            for place in item.places
        ]
        return failed

    def _finished(self, item: Item) -> None:
        self._telling.done += len(item.places)
        self._telling.text = f"image {item.member.name}"

    def _show(self) -> None:
        """What was found so far, once anything is."""
        for book in self.books:
            book.count()
        if self.books and self.partial is not None:
            self.partial(self._found())

    # At the end

    def _make_room(self) -> None:
        """Other scans go when there is not enough room; this one stays."""
        if self.store is None:
            return
        mine = {book.kept.key for book in self.books if book.kept is not None}
        if self.store.make_room(mine):
            self._room = self.store.limit - self.store.size
            return
        self._room = 1 << 62
        self.notes.append(
            f"The records of this scan alone take more than the {self.store.limit / 1e9:g} GB that "
            "may be kept; they are kept until another scan needs the room."
        )

    def _settle_room(self) -> None:
        if self._room < 0:
            self._make_room()
        for book in self.books:
            if book.kept is not None:
                book.kept.touch()

    def _merged(self) -> Scanned | None:
        """What all ranks have found, on rank 0."""
        if self.ranks.world > 1:
            for book in self.books:
                self._agreement.merge(book.as_bytes(), book.merge)
            own = [np.flatnonzero(self._looked_at).tolist(), [*self.notes, *self._problems()]]
            for numbers, notes in self._agreement.reports(own):
                self._looked_at[numbers] = True
                self.notes += notes
        if not self.ranks.is_first:
            return None
        self._refuse_what_is_gone()
        return self._found(at_the_end=True)

    def _refuse_what_is_gone(self) -> None:
        """A disk that is taken away in the middle leaves its folder empty, or none."""
        folder = self.collection.folder
        if any(book.left_out for book in self.books) and is_empty(folder):
            raise BadImage(
                f"The folder “{folder}” is not there any more, or it is empty: what was found is "
                "not of all its images.",
                advice="Run it again once the folder is back"
                + ("." if self.store is None else ": what was measured is kept."),
            )

    def _found(self, *, at_the_end: bool = False) -> Scanned:
        unread = self.collection.left_out
        notes = [*self.collection.notes, *self.notes, *self._problems()]
        return Scanned(
            tallies={book.measurement.name: book.tally for book in self.books},
            names=self.names,
            total=len(self.names) + len(unread),
            measured={book.measurement.name: book.measured for book in self.books},
            left_out={
                book.measurement.name: tuple(sorted([*unread, *book.reasons(self.names)]))
                for book in self.books
            },
            kept=int(self._pictures[self._recorded & ~self._looked_at].sum()),
            files=self._files() if at_the_end else (),
            notes=tuple(dict.fromkeys(notes)),
        )

    def _problems(self) -> list[str]:
        """Why something could not be kept."""
        kept = [book.kept for book in self.books if book.kept is not None]
        return [place.problem for place in kept if place.problem]

    def _files(self) -> tuple[Path, ...]:
        # Nobody needs them any more, and of a million pictures they are as large as the paths.
        self.items.clear()
        names = dict.fromkeys(
            file
            for place, member in enumerate(self._telling.through(self.collection.members))
            if not all(place in book.left_out for book in self.books)
            for file in member.files
        )
        return tuple(self.collection.folder / name for name in self._telling.through(sorted(names)))


@contextmanager
def _set_at_the_end(stop: threading.Event) -> Iterator[None]:
    """However it is left, threads learn that they need not go on."""
    try:
        yield
    finally:
        stop.set()
