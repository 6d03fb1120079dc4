"""How often query and key of a mode favour one object of a picture; methods, section C3.

Of every object the mean of s q, and of s k, over its area is taken, with the sign s whose score is
the better (of equal ones +). As a projection is linear, that mean is the projection of the mean
token of the object: no map is formed for it. The favourite is the object with the largest mean.

How often both favour one object by chance: if the key's favourites were permuted among the modes of
the block on that picture, a mode would get its query's favourite as often as that is among them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inspector.analysis.best_patches import Directions
from inspector.analysis.measurement import Array, Record, Records, Seen, SeenPicture
from inspector.analysis.optimal import OptimalMeasurement
from inspector.analysis.token_spaces import tokens_in
from inspector.analysis.top import TopTally, named
from inspector.core.comparison import FloatArray, IntArray, ModelCard
from inspector.core.errors import BadRequest
from inspector.core.modes import SmallArray
from inspector.core.objects import Labels, ObjectMap
from inspector.core.optimal import Left, OptimalOptions
from inspector.core.preparation import Preparation
from inspector.core.rows import ModeRows
from inspector.core.same_object import DEFAULT_TOP, SameObject
from inspector.core.same_object import ONE_OBJECT as ONE_OBJECT
from inspector.core.tokens import TokenGrid
from inspector.families.capture import Capture, Tap
from inspector.families.model import Model
from inspector.families.network import Network

# What is kept of the best pictures beside their score.
_KEPT: Mapping[str, type[np.generic]] = {
    "sign": np.int8,
    "query_object": np.int32,
    "key_object": np.int32,
    "chance": np.float64,
}
# Of the meaning of a record.
_VERSION = 3
# An object as large as a patch may miss that by rounding.
_WHOLE = 1.0 - 1e-9
# Means that differ by less, as a share of the longest token, differ by the rounding of float32.
_EQUAL = 1e-6


class SameObjectMeasurement:
    """Score, sign and favourite objects of every mode of every head on every picture.

    A record holds, for all rows, ``score`` float32 of the better sign, ``sign`` int8 (1 or -1),
    ``query_object`` and ``key_object`` int32, the labels, and ``chance`` float64. In a block on
    whose grid fewer than two objects are as large as a patch all but the sign are 0, so that the
    picture is not among the best there; it counts where one block has two.

    Parameters
    ----------
    model, network
        The open model and how it runs.
    options
        As for optimal images; all modes are measured, whatever it says of them.
    device
        Where the modes are computed, as `devices.resolve_device` returned it.
    top
        How many pictures a mode's probability is the mean of.

    Raises
    ------
    BadRequest
        When the options do not belong together, or no block has such modes.
    BadCheckpoint
        When the weights of no block are finite.
    """

    def __init__(
        self,
        model: Model,
        network: Network,
        options: OptimalOptions,
        *,
        device: str,
        top: int = DEFAULT_TOP,
    ) -> None:
        self.options, self.top = replace(options, modes=None), top
        self._scoring = OptimalMeasurement(model, network, self.options, top=top, device=device)

    @property
    def name(self) -> str:
        """Of its files."""
        return "same-object"

    @property
    def taps(self) -> tuple[Tap, ...]:
        """What has the tokens that are projected."""
        return self._scoring.taps

    @property
    def needs_objects(self) -> bool:
        """A label map of each picture."""
        return True

    @property
    def settings(self) -> Mapping[str, Any]:
        """What a record depends on; how many pictures are the best does not matter."""
        scoring = dict(self._scoring.settings)
        return scoring | {"version": _VERSION, "scores": scoring["version"]}

    @property
    def rows(self) -> ModeRows:
        """All modes of all heads."""
        return self._scoring.rows

    @property
    def sigma(self) -> FloatArray:
        """(rows,) of the modes."""
        return self._scoring.sigma

    def measure(self, seen: Seen) -> Sequence[Record | str]:
        """A record of each picture, or why it does not count.

        Raises
        ------
        BadRequest
            When a picture comes without its objects.
        """
        grids = tuple(dict.fromkeys(block.grid for block in seen.capture.blocks.values()))
        objects = [_on_grids(picture, grids) for picture in seen.pictures]
        scored = self._scoring.measure(seen)
        return [
            self._record(seen, number, own, score)
            for number, (own, score) in enumerate(zip(objects, scored, strict=True))
        ]

    def tally(self) -> "SameObjectTally":
        """An empty one."""
        return SameObjectTally(self.rows, self.top)

    def _record(
        self, seen: Seen, number: int, objects: "_OnGrids | str", scored: Record | str
    ) -> Record | str:
        """Of one picture of the pass."""
        if isinstance(objects, str):
            return objects
        if isinstance(scored, str):
            return scored
        score = scored["score"].astype(np.float32, copy=False)
        sign = np.where(score[0] >= score[1], 1, -1).astype(np.int8)
        favourites = []
        # Blocks of one grid follow on one another, and have the same objects.
        placed = enumerate(self._scoring.directions)
        for grid, run in groupby(
            placed, lambda each: seen.capture.blocks[each[1].block.address].grid
        ):
            places, directions = zip(*run, strict=True)
            blocks = [self.rows.of_block(place) for place in places]
            rows, on_grid = slice(blocks[0].start, blocks[-1].stop), objects[grid]
            if on_grid is None:
                favourites.append(_Favourites.none(sign[rows]))
                continue
            favoured = _favoured(directions, seen.capture, number, on_grid, sign[rows])
            best = score[:, rows].max(axis=0)
            counts = [block.stop - block.start for block in blocks]
            favourites.append(_Favourites.of(best, sign[rows], favoured, on_grid.labels, counts))
        return {
            each.name: np.concatenate([getattr(some, each.name) for some in favourites])
            for each in fields(_Favourites)
        }


class SameObjectTally:
    """The best pictures of every mode; those whose score is 0 or less are none.

    Parameters
    ----------
    rows, top
        Which modes, and how many pictures of each.
    """

    def __init__(self, rows: ModeRows, top: int) -> None:
        self._best = TopTally(
            (rows.count,), top, {name: (kind, ()) for name, kind in _KEPT.items()}
        )

    def add(self, pictures: IntArray, records: Records) -> None:
        """Count records of pictures by their places in the order of names."""
        score = records["score"].astype(np.float32, copy=False)
        self._best.add(pictures, score, {name: records[name] for name in _KEPT}, score > 0)

    def state(self) -> Mapping[str, Array]:
        """``score``, ``picture``, and what else is kept, all (rows, top)."""
        return self._best.state()

    def merge(self, state: Mapping[str, Array]) -> None:
        """Count all that another tally has counted."""
        self._best.merge(state)


def same_object_of(  # noqa: PLR0913 - all of them are fields of the result
    tally: SameObjectTally,
    measurement: SameObjectMeasurement,
    names: Sequence[str],
    *,
    card: ModelCard,
    preparation: Preparation,
    folder: str,
    labels: str,
    measured: int,
    total: int,
    one_object: tuple[str, ...] = (),
    left_out: Left = (),
) -> SameObject:
    """What a tally has found, as a result.

    Parameters
    ----------
    tally, measurement
        Of a scan of the model.
    names
        Of all pictures of the folder in order; the tally knows them by their places.
    card, preparation, folder, labels, measured, total, one_object, left_out
        As in `SameObject`.
    """
    best = tally.state()
    images, image = named(best["picture"].astype(np.int64), names)
    return SameObject(
        card=card,
        preparation=preparation,
        options=measurement.options,
        folder=folder,
        labels=labels,
        rows=measurement.rows,
        sigma=measurement.sigma.copy(),
        images=images,
        image=image,
        score=best["score"].astype(np.float32),
        sign=best["sign"].astype(np.int8),
        query_object=best["query_object"].astype(np.int32),
        key_object=best["key_object"].astype(np.int32),
        chance=best["chance"].astype(np.float64),
        measured=measured,
        one_object=one_object,
        left_out=left_out,
        total=total,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Objects:
    """The objects of a picture that are as large as a patch, on one grid.

    labels: (objects,) rising. weights: (objects, patches) float32, the share of the object that
    lies in each patch.
    """

    labels: Labels
    weights: Tensor


_OnGrids = Mapping[TokenGrid, _Objects | None]


@dataclass(frozen=True, slots=True, eq=False)
class _Favourites:
    """A record of blocks of one grid; all (modes of the blocks,)."""

    score: SmallArray
    sign: npt.NDArray[np.int8]
    query_object: Labels
    key_object: Labels
    chance: FloatArray

    @classmethod
    def none(cls, sign: npt.NDArray[np.int8]) -> "_Favourites":
        """Where there are fewer than two objects."""
        none = np.zeros(len(sign), np.int32)
        return cls(none.astype(np.float32), sign, none, none, none.astype(np.float64))

    @classmethod
    def of(
        cls,
        score: SmallArray,
        sign: npt.NDArray[np.int8],
        places: IntArray,
        labels: Labels,
        counts: Sequence[int],
    ) -> "_Favourites":
        """Of the places (2, modes) among the labels of what query and key favour.

        `counts` are the numbers of modes of the blocks.
        """
        query, key = places
        chances, start = [], 0
        for count in counts:
            block = slice(start, start + count)
            among = np.bincount(key[block], minlength=len(labels)) / count
            chances.append(among[query[block]])
            start += count
        return cls(score, sign, labels[query], labels[key], np.concatenate(chances))


def _on_grids(picture: SeenPicture, grids: Sequence[TokenGrid]) -> "_OnGrids | str":
    """The objects on every grid of a pass, None where there are fewer than two."""
    if picture.objects is None:
        raise BadRequest("The same-object probability needs a label map of every image.")
    labels, pixels = _counted(picture.objects.labels)
    found = {}
    for grid in grids:
        placed = replace(grid, placement=picture.placement)
        large = labels[pixels >= _WHOLE * _pixels_of_patch(picture.objects, placed)]
        found[grid] = _objects(picture.objects, placed, large)
    return ONE_OBJECT if all(each is None for each in found.values()) else found


def _counted(labels: Labels) -> tuple[Labels, IntArray]:
    """The labels there are, without 0 and rising, and how many pixels each has."""
    if labels.max() >= labels.size:
        there, pixels = np.unique(labels, return_counts=True)
        return there[there > 0], pixels[there > 0]
    # A third of the time, as long as there is no gap of millions between the labels.
    counts = np.bincount(labels.ravel())
    found: Labels = (1 + np.flatnonzero(counts[1:])).astype(np.int32)
    return found, counts[found]


def _pixels_of_patch(objects: ObjectMap, grid: TokenGrid) -> float:
    """How many of the map's pixels a patch covers; an object of fewer is smaller than a patch."""
    patch, shape = grid.box(0, 0), grid.placement.image_shape
    return patch.height * patch.width * objects.labels.size / (shape[0] * shape[1])


def _objects(objects: ObjectMap, grid: TokenGrid, labels: Labels) -> "_Objects | None":
    """Those of the labels that cover as much as a patch; None where they are fewer than two."""
    if len(labels) < 2:
        return None
    areas = objects.areas(grid, tuple(int(label) for label in labels)).reshape(len(labels), -1)
    total = areas.sum(axis=1)
    whole = total >= _WHOLE
    if whole.sum() < 2:
        return None
    weights = areas[whole] / total[whole, None]
    return _Objects(labels[whole].astype(np.int32), torch.from_numpy(weights.astype(np.float32)))


def _favoured(
    run: Sequence[Directions],
    capture: Capture,
    number: int,
    objects: _Objects,
    sign: npt.NDArray[np.int8],
) -> IntArray:
    """(2, modes) which object the query and the key of each mode of some blocks favour, by place.

    What an augmented bias adds is the same for all objects and left out.
    """
    projected, equal = [], []
    for directions in run:
        captured = capture.blocks[directions.block.address]
        tokens = tokens_in(directions.options.space, directions.block, captured)
        patches = tokens[number, len(captured.grid.prefix) :]
        means = objects.weights.to(patches.device) @ patches
        projected.append((means @ directions.rows.T).reshape(len(means), 2, -1))
        equal.append(means.norm(dim=1).max().expand(projected[-1].shape[2]))
    # The objects lead: along the last axis two or three numbers would be compared at a time.
    values = torch.cat(projected, dim=2).cpu().numpy() * sign
    nearly = values.max(axis=0) - np.float32(_EQUAL) * torch.cat(equal).cpu().numpy()
    favoured: IntArray = (values >= nearly).argmax(axis=0)
    return favoured
