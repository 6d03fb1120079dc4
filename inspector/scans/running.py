"""Pictures through a model: on a processor one by one in several threads, else in groups of 16.

What is found on a picture depends on it alone, to the last bit: on a processor every picture is run
by itself with one torch thread, on a graphics processor always in a group of one size, the last
filled up with copies.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from threading import Event, Semaphore

import torch
from torch import Tensor

from inspector.analysis.measurement import Measurement, Record, Seen, SeenPicture
from inspector.analysis.precision import full_precision
from inspector.analysis.threads import one_thread
from inspector.core.errors import Cancelled, InspectorError
from inspector.core.objects import ObjectMap
from inspector.core.preparation import Preparation
from inspector.families.capture import capture, hooks_in
from inspector.families.network import Network
from inspector.images.collection import Collection
from inspector.images.fingerprints import Fingerprints
from inspector.images.preparing import prepare
from inspector.scans.pictures import Identify, Item, Objects, sentence_of
from inspector.scans.workers import Sharing, in_threads

GROUP = 16
_ABOUT_A_PICTURE = (InspectorError, OSError, MemoryError, RuntimeError)
"""What can be raised because of one picture; of torch's errors only those of `_NO_MEMORY`."""
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")


@dataclass(frozen=True, slots=True)
class Job:
    """A picture, and the places of the measurements that have no record of it."""

    item: Item
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a picture has no record where nothing was found out about it: it is tried again later."""

    sentence: str


Made = Record | str | Failed


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What came of a picture.

    Parameters
    ----------
    made
        Of each missing measurement.
    """

    job: Job
    made: Mapping[int, Made]


Lookeds = Generator[Looked | None, None, None]


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    """A picture that can be run.

    Parameters
    ----------
    pixels
        (3, rows, columns).
    made
        Of measurements that can make nothing of it, as one that has no objects.
    """

    job: Job
    pixels: Tensor
    seen: SeenPicture
    made: Mapping[int, Made]

    @property
    def missing(self) -> tuple[int, ...]:
        """The measurements that are still to be made."""
        return tuple(place for place in self.job.missing if place not in self.made)

    @property
    def alike(self) -> tuple[object, ...]:
        """Pictures of which this is equal can be run together."""
        return (self.seen.placement.input_shape, self.missing)


@dataclass(frozen=True, eq=False)
class Runner:
    """Looks at pictures.

    Parameters
    ----------
    network, preparation, measurements
        What is run, on pictures prepared how, and what is measured.
    collection, objects
        Where pictures, and what is on them, come from.
    identify
        By what they are known: one that changes while it is read is left out.
    batch
        How many are read ahead of the model, at most.
    stop
        Once it is set, work ends at the next block of the model.
    sharing
        What is left to others.
    """

    network: Network
    preparation: Preparation
    measurements: Sequence[Measurement]
    collection: Collection
    objects: Objects | None
    identify: Identify
    batch: int
    stop: Event
    sharing: Sharing = field(default_factory=Sharing)
    _turn: Semaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_turn", Semaphore(self.threads))

    @property
    def threads(self) -> int:
        """How many compute at once."""
        return self.sharing.threads

    def look_at(self, jobs: Iterable[Job]) -> Lookeds:
        """What comes of each, in the order it is finished; None whenever a moment is over."""
        if self.network.device.type == "cpu":
            return self._one_by_one(jobs)
        return self._in_groups(jobs)

    @contextmanager
    def settled(self) -> Iterator[None]:
        """While it lasts, torch computes in this process as the work needs it."""
        with ExitStack() as stack:
            taps = {tap for measurement in self.measurements for tap in measurement.taps}
            stack.enter_context(hooks_in(self.network, taps))
            stack.enter_context(full_precision(self.network.device))
            if self.network.device.type == "cpu":
                stack.enter_context(one_thread())
            yield

    def _one_by_one(self, jobs: Iterable[Job]) -> Lookeds:
        """More threads than cores: while as many as there are cores run the model, others read."""
        threads = self.threads + min(self.batch, self.threads)
        return in_threads(
            self._looked,
            jobs,
            threads=threads,
            ahead=threads,
            stop=self.stop,
            # torch's number of threads belongs to the thread that it is set in.
            begin=lambda: torch.set_num_threads(1),
        )

    def _in_groups(self, jobs: Iterable[Job]) -> Lookeds:
        """Read in several threads, run in one."""
        ready = in_threads(
            self._ready, jobs, threads=self.threads, ahead=self.batch, stop=self.stop
        )
        failed: list[Looked] = []
        groups = _grouped(ready, failed, most=max(self.batch, GROUP))
        for found in in_threads(self._run_group, groups, threads=1, ahead=2, stop=self.stop):
            yield from failed
            failed.clear()
            if found is None:
                yield None
            else:
                yield from found

    def _looked(self, job: Job) -> Looked:
        ready = self._ready(job)
        if isinstance(ready, Looked):
            return ready
        with self._turn:
            return self._run([ready], size=1)[0]

    def _run_group(self, group: Sequence[_Ready]) -> list[Looked]:
        return self._run(group, size=GROUP)

    def _ready(self, job: Job) -> "_Ready | Looked":
        """Read and prepare a picture."""
        self._stop_here()
        member = job.item.member
        try:
            picture = self.collection.read(member)
            prepared = prepare(picture, None, self.preparation)
            objects, made = self._objects_on(job, picture.shape)
            if self.identify(member) != job.item.identity:
                return _failed(job, f"“{member.name}” has changed while it was read.")
        except _ABOUT_A_PICTURE as error:
            return self._unread(_left_out(job, error))
        # In memory of torch's own: how sums are rounded may depend on where numbers begin.
        pixels = torch.tensor(prepared.pixels)
        ready = _Ready(job, pixels, SeenPicture(prepared.placement, objects), made)
        return ready if ready.missing else Looked(job, made)

    def _unread(self, looked: Looked) -> Looked:
        """Where the objects are missing too, that is said: so it is where records are kept.

        What is said of a picture then does not depend on whether they are.
        """
        wanting = [place for place in looked.made if self.measurements[place].needs_objects]
        if self.objects is None or not wanting:
            return looked
        member = looked.job.item.member
        try:
            self.objects.key_of(member, Fingerprints(None))
        except (InspectorError, OSError) as error:
            failed = Failed(sentence_of(error, member))
            return replace(looked, made={**looked.made, **dict.fromkeys(wanting, failed)})
        return looked

    def _objects_on(
        self, job: Job, shape: tuple[int, int]
    ) -> tuple[ObjectMap | None, dict[int, Made]]:
        """The objects of a picture where they are wanted, and what fails without them."""
        wanting = [place for place in job.missing if self.measurements[place].needs_objects]
        if self.objects is None or not wanting:
            return None, {}
        try:
            return self.objects.of(job.item.member, shape), {}
        except (InspectorError, OSError) as error:
            failed = Failed(sentence_of(error, job.item.member))
            return None, dict.fromkeys(wanting, failed)

    def _run(self, ready: Sequence[_Ready], *, size: int) -> list[Looked]:
        """Run the model on pictures of one size, filled up to `size` of them."""
        pixels = [one.pixels for one in ready]
        pixels += [pixels[-1]] * (size - len(pixels))
        try:
            with torch.inference_mode():
                found = self._measured(ready, torch.stack(pixels))
        except _ABOUT_A_PICTURE as error:
            return [_left_out(one.job, error) for one in ready]
        return [
            Looked(one.job, {**one.made, **{place: found[place][n] for place in one.missing}})
            for n, one in enumerate(ready)
        ]

    def _measured(
        self, ready: Sequence[_Ready], pixels: Tensor
    ) -> dict[int, Sequence[Record | str]]:
        """What each missing measurement makes of the pictures."""
        missing = [(place, self.measurements[place]) for place in ready[0].missing]
        captured = capture(
            self.network,
            pixels,
            ready[0].seen.placement,
            taps=frozenset(tap for _, measurement in missing for tap in measurement.taps),
            progress=self._told,
        )
        seen = Seen(self.network, captured, [one.seen for one in ready])
        return {place: measurement.measure(seen) for place, measurement in missing}

    def _told(self, done: int, total: int, text: str = "") -> None:
        self._stop_here()

    def _stop_here(self) -> None:
        if self.stop.is_set():
            raise Cancelled
        self.sharing.give_way()


def _grouped(
    ready: Iterable[_Ready | Looked | None], failed: list[Looked], *, most: int
) -> Iterator[list[_Ready] | None]:
    """Pictures that are alike together, as many as a group has; of at most so many at a time.

    What could not be made ready goes to `failed`.
    """
    waiting: dict[tuple[object, ...], list[_Ready]] = {}
    for one in ready:
        if one is None:
            yield None
            continue
        if isinstance(one, Looked):
            failed.append(one)
            continue
        group = waiting.setdefault(one.alike, [])
        group.append(one)
        if len(group) == GROUP:
            yield waiting.pop(one.alike)
        elif sum(map(len, waiting.values())) >= most:
            yield waiting.pop(next(iter(waiting)))
    yield from waiting.values()


def _left_out(job: Job, error: Exception) -> Looked:
    """A picture left out with a sentence; what is no fault of a picture is raised on."""
    told = str(error).casefold()
    if isinstance(error, RuntimeError) and not any(words in told for words in _NO_MEMORY):
        raise error
    return _failed(job, sentence_of(error, job.item.member))


def _failed(job: Job, sentence: str) -> Looked:
    return Looked(job, dict.fromkeys(job.missing, Failed(sentence)))
