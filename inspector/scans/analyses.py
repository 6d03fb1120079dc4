"""The analyses over a folder that the window and the command line ask for, each in one pass.

Every one lists the folder, scans it and turns what was summed up into a result. What was found
before is taken from the store; of several ranks only the first has a result.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypedDict, TypeVar, Unpack, cast

from inspector.analysis.anisotropy import AnisotropyMeasurement, AnisotropyTally, anisotropy_of
from inspector.analysis.measurement import Measurement
from inspector.analysis.optimal import OptimalMeasurement, OptimalTally, optimal_of
from inspector.analysis.preference import PreferenceMeasurement, PreferenceTally, preference_of
from inspector.analysis.same_object import (
    ONE_OBJECT,
    SameObjectMeasurement,
    SameObjectTally,
    same_object_of,
)
from inspector.core.collection import Member
from inspector.core.comparison import ModelCard
from inspector.core.errors import BadImage
from inspector.core.images import Plane
from inspector.core.modes import Anisotropy, TokenSpace
from inspector.core.optimal import DEFAULT_TOP, OptimalImages, OptimalOptions
from inspector.core.preference import Preference
from inspector.core.preparation import Preparation
from inspector.core.progress import Progress, silent
from inspector.core.same_object import DEFAULT_TOP as SAME_OBJECT_TOP
from inspector.core.same_object import SameObject
from inspector.families.model import Model
from inspector.families.network import Network
from inspector.images.collection import Collection, list_folder
from inspector.scans.passes import Pass, Scanned
from inspector.scans.pictures import Objects
from inspector.scans.ranks import ALONE, Ranks
from inspector.scans.scanning import DEFAULT_BATCH, scan
from inspector.scans.store import Store
from inspector.scans.workers import Sharing

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Running(TypedDict, total=False):
    """How a scan is run: keywords that all analyses take.

    Parameters
    ----------
    preparation
        Of the pictures; the network's own by default.
    card
        What the model is called; by default the name of its file.
    store
        Where records are kept and taken from; nothing is kept without one.
    ranks
        Which of several processes this is; alone by default.
    batch
        How many pictures are read ahead; it changes no number.
    sharing
        What is left to others; nothing by default.
    device
        Where modes are computed, as `resolve_device` gives it.
    progress
        Told of pictures at least every 50 ms; what it raises ends the scan.
    """

    preparation: Preparation
    card: ModelCard
    store: Store | None
    ranks: Ranks
    batch: int
    sharing: Sharing
    device: str
    progress: Progress


class LabelledObjects(Objects, Protocol):
    """Objects of pictures; `inspector.images.objects` has them."""

    @property
    def folder(self) -> str:
        """Where they are, in words."""
        ...


@dataclass(frozen=True, eq=False)
class Found(Generic[Result_co]):
    """What an analysis gives.

    Parameters
    ----------
    result
        What was asked for.
    files
        Of the pictures that count; none while the scan runs.
    kept
        How many pictures were answered from disk.
    notes
        What else is to be said, in sentences.
    along
        The anisotropy over the same pictures, where it was asked for beside the result.
    """

    result: Result_co
    files: tuple[Path, ...]
    kept: int
    notes: tuple[str, ...]
    along: "Found[Anisotropy] | None" = None


def optimal_images(
    model: Model,
    network: Network,
    folder: Path,
    *,
    options: OptimalOptions | None = None,
    top: int = DEFAULT_TOP,
    anisotropy_space: TokenSpace | None = None,
    partial: Callable[[Found[OptimalImages]], None] | None = None,
    **running: Unpack[Running],
) -> Found[OptimalImages] | None:
    """Which pictures of a folder excite every mode most.

    Parameters
    ----------
    options, top
        How they are found, and how many of each mode and sign.
    anisotropy_space
        Of the tokens whose anisotropy is measured along, in the same pass; None for none.
    partial
        Given what was found so far, at most once a second.

    Raises
    ------
    InspectorError
        When there is no such folder, no picture in it can be measured, or a rank is lost.
    """
    options, told = options or OptimalOptions(), _Told.of(model, network, folder, running)
    measurement = OptimalMeasurement(
        model, network, options, top=top, device=running.get("device", "cpu")
    )
    alike = None if anisotropy_space is None else AnisotropyMeasurement(network, anisotropy_space)

    def found(scanned: Scanned) -> Found[OptimalImages]:
        name = measurement.name
        result = optimal_of(
            cast("OptimalTally", scanned.tallies[name]),
            measurement.rows,
            scanned.names,
            card=told.card,
            preparation=told.preparation,
            options=options,
            folder=str(folder),
            measured=scanned.measured[name],
            total=scanned.total,
            left_out=scanned.left_out[name],
        )
        along = None
        if alike is not None and scanned.measured[alike.name] > 1:
            along = _found(scanned, _anisotropy(alike, scanned, told))
        return _found(scanned, result, along)

    measurements = (measurement,) if alike is None else (measurement, alike)
    return _analysed(told, measurements, None, found, partial)


def attention_preference(
    model: Model,
    network: Network,
    folder: Path,
    objects: LabelledObjects,
    *,
    partial: Callable[[Found[Preference]], None] | None = None,
    **running: Unpack[Running],
) -> Found[Preference] | None:
    """What the patches in target and distractor attend to, picture by picture.

    Parameters
    ----------
    objects
        Target and distractor of every picture.
    partial
        Given what was found so far, at most once a second.

    Raises
    ------
    InspectorError
        When there is no such folder, no picture in it can be measured, or a rank is lost.
    """
    told = _Told.of(model, network, folder, running)
    measurement = PreferenceMeasurement(model, network)

    def found(scanned: Scanned) -> Found[Preference]:
        result = preference_of(
            cast("PreferenceTally", scanned.tallies[measurement.name]),
            measurement.rows,
            scanned.names,
            card=told.card,
            preparation=told.preparation,
            folder=str(folder),
            total=scanned.total,
            left_out=scanned.left_out[measurement.name],
        )
        return _found(scanned, result)

    return _analysed(told, (measurement,), objects, found, partial)


def same_object(
    model: Model,
    network: Network,
    folder: Path,
    objects: LabelledObjects,
    *,
    options: OptimalOptions | None = None,
    top: int = SAME_OBJECT_TOP,
    partial: Callable[[Found[SameObject]], None] | None = None,
    **running: Unpack[Running],
) -> Found[SameObject] | None:
    """How often query and key of a mode lie on one object, on the pictures it scores best on.

    Parameters
    ----------
    objects
        Of every picture.
    options, top
        How pictures are scored, and how many of a mode are looked at.
    partial
        Given what was found so far, at most once a second.

    Raises
    ------
    InspectorError
        When there is no such folder, no picture in it can be measured, or a rank is lost.
    """
    options = options or OptimalOptions(modes=None)
    told = _Told.of(model, network, folder, running)
    measurement = SameObjectMeasurement(
        model, network, options, device=running.get("device", "cpu"), top=top
    )

    def found(scanned: Scanned) -> Found[SameObject]:
        left = scanned.left_out[measurement.name]
        result = same_object_of(
            cast("SameObjectTally", scanned.tallies[measurement.name]),
            measurement,
            scanned.names,
            card=told.card,
            preparation=told.preparation,
            folder=str(folder),
            labels=objects.folder,
            measured=scanned.measured[measurement.name],
            one_object=tuple(name for name, reason in left if reason == ONE_OBJECT),
            left_out=tuple(each for each in left if each[1] != ONE_OBJECT),
            total=scanned.total,
        )
        return _found(scanned, result)

    return _analysed(told, (measurement,), objects, found, partial)


def anisotropy(
    model: Model,
    network: Network,
    folder: Path,
    space: TokenSpace,
    **running: Unpack[Running],
) -> Found[Anisotropy] | None:
    """How alike the centre patches of the pictures of a folder are.

    Of a file with several pictures the middle slice of a volume, else the first, as neighbouring
    slices are alike whatever the model is; of a folder that holds one such file all slices.

    Raises
    ------
    InspectorError
        When there is no such folder, it has fewer than two pictures, or a rank is lost.
    """
    told = _Told.of(model, network, folder, running)
    measurement = AnisotropyMeasurement(network, space)

    def found(scanned: Scanned) -> Found[Anisotropy]:
        return _found(scanned, _anisotropy(measurement, scanned, told))

    return _analysed(told, (measurement,), None, found, None, choose=one_of_each_file)


def one_of_each_file(members: Sequence[Member]) -> tuple[Member, ...]:
    """The middle slice of every volume, the first of other files; all where there is one file."""
    slices: dict[tuple[str, ...], list[Member]] = {}
    for member in members:
        if member.at.time == 0:
            slices.setdefault(member.files, []).append(member)
    if len(slices) == 1:
        return tuple(next(iter(slices.values())))
    chosen = {min(of_file, key=_from_the_middle(of_file)) for of_file in slices.values()}
    return tuple(member for member in members if member in chosen)


def _from_the_middle(members: Sequence[Member]) -> Callable[[Member], int]:
    is_volume = members[0].at.plane is not Plane.STORED
    middle = (1 + max(member.at.index for member in members)) // 2 if is_volume else 0
    return lambda member: abs(member.at.index - middle)


@dataclass(frozen=True, eq=False)
class _Told:
    """All that an analysis is told."""

    model: Model
    network: Network
    folder: Path
    preparation: Preparation
    card: ModelCard
    running: Running

    @classmethod
    def of(cls, model: Model, network: Network, folder: Path, running: Running) -> "_Told":
        """What was not given is the model's own."""
        preparation = running.get("preparation", network.preparation)
        return cls(model, network, folder, preparation, running.get("card", model.card()), running)


def _analysed(
    told: _Told,
    measurements: Sequence[Measurement],
    objects: Objects | None,
    found: Callable[[Scanned], Result],
    partial: Callable[[Result], None] | None,
    *,
    choose: Callable[[Sequence[Member]], tuple[Member, ...]] = tuple,
) -> Result | None:
    """Scan the folder and turn what was found, or was so far, into a result."""
    work = Pass(told.model, told.network, told.preparation, measurements, objects)
    running = told.running
    with _listed(told, choose) as collection:
        scanned = scan(
            work,
            collection,
            store=running.get("store"),
            ranks=running.get("ranks", ALONE),
            batch=running.get("batch", DEFAULT_BATCH),
            sharing=running.get("sharing"),
            progress=running.get("progress", silent),
            partial=None if partial is None else lambda so_far: partial(found(so_far)),
        )
    if scanned is None:
        return None
    _refuse_nothing(scanned, measurements[0].name, told.folder)
    return found(scanned)


@contextmanager
def _listed(
    told: _Told, choose: Callable[[Sequence[Member]], tuple[Member, ...]]
) -> Iterator[Collection]:
    """The pictures; other ranks than the first are told of them when the scan begins."""
    running = told.running
    if not running.get("ranks", ALONE).is_first:
        with Collection(told.folder, ()) as collection:
            yield collection
        return
    with list_folder(told.folder, progress=running.get("progress", silent)) as whole:
        members = choose(whole.members)
        with Collection(told.folder, members, whole.left_out, whole.notes) as collection:
            yield collection


def _found(
    scanned: Scanned, result: Result, along: Found[Anisotropy] | None = None
) -> Found[Result]:
    """The result with what a scan tells of its pictures."""
    return Found(result, scanned.files, scanned.kept, scanned.notes, along)


def _refuse_nothing(scanned: Scanned, name: str, folder: Path) -> None:
    if scanned.measured[name]:
        return
    left = scanned.left_out[name]
    where = f"of the folder “{folder.name}”"
    one, many = (
        f"The image {where} does not count.",
        f"None of the {len(left):,} images {where} counts.",
    )
    raise BadImage(
        f"{one if len(left) == 1 else many} “{left[0][0]}”: {left[0][1]}",
        details="\n".join(f"{image}: {reason}" for image, reason in left[:20]),
    )


def _anisotropy(measurement: AnisotropyMeasurement, scanned: Scanned, told: _Told) -> Anisotropy:
    """Over what was counted; `BadRequest` where that is fewer than two pictures."""
    return anisotropy_of(
        cast("AnisotropyTally", scanned.tallies[measurement.name]),
        measurement,
        told.model,
        card=told.card,
        preparation=told.preparation,
        skipped=scanned.left_out[measurement.name],
    )
