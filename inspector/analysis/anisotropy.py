"""How alike the tokens of different images are anyway, block by block; methods, section B.

Of every image the patch in the middle of the grid is taken and brought to length 1. The mean cosine
over all pairs of n images is A = (|sum z|^2 - n) / (n (n - 1)): only the sum is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from inspector.analysis.measurement import NOT_FINITE, Array, Record, Records, Seen
from inspector.analysis.token_spaces import taps_for, tokens_in
from inspector.core.comparison import FloatArray, IntArray, ModelCard
from inspector.core.errors import BadRequest
from inspector.core.modes import Anisotropy, TokenSpace
from inspector.core.preparation import Preparation
from inspector.families.capture import Tap
from inspector.families.model import Model
from inspector.families.network import Network

# Of the meaning of a record.
_VERSION = 2

# Sums are of whole numbers, so that their order makes no difference: 40 binary places of numbers up
# to 1 leave room for eight million images.
_ONE = float(1 << 40)


@dataclass(frozen=True, eq=False)
class AnisotropyMeasurement:
    """The middle patch of every block.

    A record is ``middle``, (sum of the blocks' widths,) float32: block after block the token in the
    middle of the grid, of length 1.

    Parameters
    ----------
    network
        Whose blocks.
    space
        Which tokens are compared.
    """

    network: Network
    space: TokenSpace

    @property
    def name(self) -> str:
        """Of its files."""
        return "anisotropy"

    @property
    def taps(self) -> tuple[Tap, ...]:
        """What has the tokens of the space."""
        return taps_for(self.space)

    @property
    def needs_objects(self) -> bool:
        """Whatever is on the picture."""
        return False

    @property
    def settings(self) -> Mapping[str, Any]:
        """What a record depends on."""
        return {"version": _VERSION, "space": str(self.space)}

    def measure(self, seen: Seen) -> Sequence[Record | str]:
        """A record of each picture; one whose tokens are not finite does not count.

        Raises
        ------
        BadRequest
            When the model has no tokens of such a space.
        """
        middles = []
        for block in self.network.blocks:
            captured = seen.capture.blocks[block.address]
            middle = captured.grid.token(captured.grid.rows // 2, captured.grid.columns // 2)
            middles.append(tokens_in(self.space, block, captured)[:, middle])
        widths = [token.shape[1] for token in middles]
        parts = torch.split(torch.cat(middles, dim=1).cpu().double(), widths, dim=1)
        directions = [token / token.norm(dim=1, keepdim=True) for token in parts]
        found = torch.cat(directions, dim=1).float().numpy()
        finite = np.isfinite(found).all(axis=1)
        return [
            {"middle": found[n].copy()} if finite[n] else NOT_FINITE
            for n in range(len(seen.pictures))
        ]

    def tally(self) -> "AnisotropyTally":
        """An empty one."""
        return AnisotropyTally()


class AnisotropyTally:
    """Sums the middle patches up, and their squares, exactly."""

    def __init__(self) -> None:
        self.images = 0
        self._sum: IntArray = np.zeros(0, np.int64)
        self._squares: IntArray = np.zeros(0, np.int64)

    def add(self, pictures: IntArray, records: Records) -> None:
        """Count records; which pictures they are of makes no difference."""
        middle = records["middle"].astype(np.float64)
        self._count(len(pictures), _whole(middle).sum(axis=0), _whole(middle**2).sum(axis=0))

    def state(self) -> Mapping[str, Array]:
        """``images`` (1,), ``sum`` and ``squares`` (sum of the widths,), in units of 2^-40."""
        return {"images": np.array([self.images]), "sum": self._sum, "squares": self._squares}

    def merge(self, state: Mapping[str, Array]) -> None:
        """Count all that another tally has counted."""
        total, squares = (state[name].astype(np.int64) for name in ("sum", "squares"))
        self._count(int(state["images"].astype(np.int64)[0]), total, squares)

    def mean_cosine(self, part: slice) -> float:
        """Over all pairs of images, of a part of what is summed: a block's.

        (|sum z|^2 - sum |z|^2) / ((n - 1) sum |z|^2), which is A where every |z| is 1, and takes no
        notice of how float32 rounded their lengths.
        """
        total = self._sum[part] / _ONE
        squares = float((self._squares[part] / _ONE).sum())
        return (float(total @ total) - squares) / ((self.images - 1) * squares)

    def _count(self, images: int, total: IntArray, squares: IntArray) -> None:
        if not images:
            return
        self.images += images
        self._sum = total + (self._sum if self._sum.size else 0)
        self._squares = squares + (self._squares if self._squares.size else 0)


def anisotropy_of(
    tally: AnisotropyTally,
    measurement: AnisotropyMeasurement,
    model: Model,
    *,
    card: ModelCard | None = None,
    preparation: Preparation | None = None,
    skipped: tuple[tuple[str, str], ...] = (),
) -> Anisotropy:
    """What a tally has found, as a result.

    Parameters
    ----------
    tally, measurement
        Of a scan of the model.
    card
        What the model is called; by default the name of its file.
    preparation
        Of the images.
    skipped
        Images that do not count, with the reason.

    Raises
    ------
    BadRequest
        When there are fewer than two images.
    """
    if tally.images < 2:
        raise BadRequest(
            "Images are compared with one another: at least two are needed, "
            f"{tally.images} could be read.",
            advice="Give a folder of more images.",
        )
    values: FloatArray = np.full(model.outline.depth, np.nan)
    start = 0
    for block in measurement.network.blocks:
        described = model.outline.block(block.address)
        end = start + described.embed_dim
        values[described.global_index] = tally.mean_cosine(slice(start, end))
        start = end
    return Anisotropy(
        card or model.card(), measurement.space, values, tally.images, skipped, preparation
    )


def _whole(numbers: FloatArray) -> IntArray:
    """In units of 2^-40, to the nearest."""
    units: IntArray = np.rint(numbers * _ONE).astype(np.int64)
    return units
