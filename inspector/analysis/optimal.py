"""Which pictures excite a mode most: the record of one picture, and the best of many.

Methods, section C2: score(s) = relu(max_i s q_i) relu(max_j s k_j) over the patches, for both signs
s of the mode, inside one window where there are windows. Both signs come from one maximum and one
minimum of each map, and all modes of all heads of a block from one product of matrices.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from inspector.analysis import decomposition
from inspector.analysis.best_patches import Directions, best_patches, count_of, sides_of
from inspector.analysis.measurement import NOT_FINITE, Array, Record, Records, Seen
from inspector.analysis.modes import model_modes
from inspector.analysis.token_spaces import check_space, taps_for
from inspector.analysis.top import TopTally, named
from inspector.core.comparison import FloatArray, IntArray, ModelCard
from inspector.core.errors import BadRequest
from inspector.core.modes import Product, SmallArray
from inspector.core.optimal import MOST_TOP, Left, OptimalImages, OptimalOptions, PlaceArray
from inspector.core.preparation import Preparation
from inspector.core.rows import ModeRows
from inspector.families.capture import Tap
from inspector.families.model import Model
from inspector.families.network import Network

# Of the meaning of a record.
_VERSION = 3


def settings_of(options: OptimalOptions) -> Mapping[str, Any]:
    """What a record depends on besides model and picture, as plain JSON values."""
    return {
        "version": _VERSION,
        "modes version": decomposition.VERSION,
        "modes": "all" if options.modes is None else options.modes,
        "space": str(options.space),
        "compat": options.compat,
        "product": str(options.options.product),
        "fold_norm": options.options.fold_norm,
        "augment_bias": options.options.augment_bias,
    }


class OptimalMeasurement:
    """The scores of a picture for every mode and both signs, and where they are reached.

    A record is ``score`` (2, rows) float32 and ``place`` (2, rows, 4) uint16: row and column of the
    query patch, then of the key patch; signs in the order of `SIGNS`. A place is the first in the
    order of the rows where a maximum is reached; of windows of equal score that with the first
    query patch. Where the score is 0 there is no best window, and places are those of any.

    The modes are computed once, here, and are the same for all threads. A product of matrices of
    another size may be rounded otherwise, so that records of the first ten modes are not to the
    last bit those of all modes.

    Parameters
    ----------
    model, network
        The open model and how it runs.
    options
        How the modes are computed, how many of them count, and on which tokens.
    top
        How many pictures are kept of each mode and sign.
    device
        Where the modes are computed, as `devices.resolve_device` returned it.

    Raises
    ------
    BadRequest
        When the options do not belong together, or no block has such modes.
    BadCheckpoint
        When the weights of no block are finite.
    """

    def __init__(
        self, model: Model, network: Network, options: OptimalOptions, *, top: int, device: str
    ) -> None:
        _check(options, top)
        found = model_modes(model, options.options, device=device)
        known = {block.address: block for block in network.blocks}
        self.options, self.top = options, top
        self.directions = tuple(
            Directions.of(known[modes.address], modes, options, network.device)
            for modes in found.blocks
        )
        self.sigma: FloatArray = np.concatenate(
            [modes.sigma[:, : count_of(modes, options)].ravel() for modes in found.blocks]
        )
        self.rows = ModeRows(
            tuple(each.block.address for each in self.directions),
            tuple(modes.num_heads for modes in found.blocks),
            tuple(count_of(modes, options) for modes in found.blocks),
        )
        self._sides = sides_of(self.directions)

    @property
    def name(self) -> str:
        """Of its files."""
        return "optimal"

    @property
    def taps(self) -> tuple[Tap, ...]:
        """What has the tokens that are projected."""
        return taps_for(self.options.space)

    @property
    def needs_objects(self) -> bool:
        """Whatever is on the picture."""
        return False

    @property
    def settings(self) -> Mapping[str, Any]:
        """What a record depends on; how many pictures are kept of each mode does not matter."""
        return settings_of(self.options)

    def measure(self, seen: Seen) -> Sequence[Record | str]:
        """A record of each picture; one on which a score is not finite does not count.

        On a processor picture by picture, so that a record does not depend on those beside it; else
        all of a group at once.
        """
        count = len(seen.pictures)
        one_by_one = seen.network.device.type == "cpu"
        parts = [slice(n, n + 1) for n in range(count)] if one_by_one else [slice(None)]
        return [record for part in parts for record in self._records(seen, part)][:count]

    def tally(self) -> "OptimalTally":
        """An empty one."""
        return OptimalTally(self.rows, self.top)

    def _records(self, seen: Seen, part: slice) -> list[Record | str]:
        """Of some pictures of the batch."""
        value, place = best_patches(self.directions, seen.capture, part)
        if not self.options.compat:
            value = value.clamp(min=0)
        query, key = self._sides
        score = (value[:, :, query] * value[:, :, key]).cpu().numpy()
        whole = torch.cat([place[:, :, query], place[:, :, key]], dim=3).cpu().numpy()
        return [
            {"score": scores, "place": places} if np.isfinite(scores).all() else NOT_FINITE
            for scores, places in zip(score, whole.view(np.uint16), strict=True)
        ]


class OptimalTally:
    """The best pictures of every mode and sign; those whose score is 0 or less are none.

    Parameters
    ----------
    rows, top
        Which modes, and how many pictures of each.
    """

    def __init__(self, rows: ModeRows, top: int) -> None:
        self._best = TopTally((2, rows.count), top, {"place": (np.uint16, (4,))})

    def add(self, pictures: IntArray, records: Records) -> None:
        """Count records of pictures by their places in the order of names."""
        score = records["score"].astype(np.float32, copy=False)
        self._best.add(pictures, score, {"place": records["place"]}, score > 0)

    def state(self) -> Mapping[str, Array]:
        """``score`` and ``picture`` (2, rows, top), ``place`` (2, rows, top, 4)."""
        return self._best.state()

    def merge(self, state: Mapping[str, Array]) -> None:
        """Count all that another tally has counted."""
        self._best.merge(state)

    @property
    def score(self) -> SmallArray:
        """(rows, 2, top)."""
        return self._best.score.swapaxes(0, 1)

    @property
    def picture(self) -> IntArray:
        """(rows, 2, top) -1 where there is none."""
        return self._best.picture.swapaxes(0, 1)

    @property
    def place(self) -> PlaceArray:
        """(rows, 2, top, 4)."""
        return self._best.payload("place").astype(np.uint16, copy=False).swapaxes(0, 1)


def optimal_of(  # noqa: PLR0913 - all of them are fields of the result
    tally: OptimalTally,
    rows: ModeRows,
    names: Sequence[str],
    *,
    card: ModelCard,
    preparation: Preparation,
    options: OptimalOptions,
    folder: str,
    measured: int,
    total: int,
    left_out: Left = (),
) -> OptimalImages:
    """What a tally has found, as a result.

    Parameters
    ----------
    tally, rows
        Of one measurement.
    names
        Of all pictures of the folder in order; the tally knows them by their places.
    card, preparation, options, folder, measured, total, left_out
        As in `OptimalImages`.
    """
    images, image = named(tally.picture, names)
    return OptimalImages(
        card=card,
        preparation=preparation,
        options=options,
        folder=folder,
        rows=rows,
        images=images,
        score=tally.score,
        image=image,
        place=tally.place,
        measured=measured,
        total=total,
        left_out=left_out,
    )


def _check(options: OptimalOptions, top: int) -> None:
    if not 1 <= top <= MOST_TOP:
        raise BadRequest(
            f"The best {top} pictures of each mode were asked for.",
            advice=f"Ask for 1 to {MOST_TOP}.",
        )
    if options.modes is not None and options.modes < 1:
        raise BadRequest(f"{options.modes} modes were asked for.", advice="Ask for at least 1.")
    if options.options.product is not Product.QK:
        raise BadRequest(
            "Optimal images are those of the query-key product: the two maps of another product "
            "are not a query's and a key's.",
        )
    check_space(options.space, options.options)
