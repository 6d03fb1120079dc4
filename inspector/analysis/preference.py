"""What the patch in the target, and the one in a distractor, attend to; methods, section D.

A query is the first patch, row by row, that its object covers most. Of its attention, the softmax
over all tokens as the model computes it, the part on patches it can reach is weighed by how much of
each patch target, distractor and background cover, and divided by the sum of the three. Two rows of
attention are formed in every head and never all of them.

The products of query and key are those of the model, in float32; from the softmax on everything is
float64, so that the three ratios of a query add up to 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inspector.analysis.measurement import NOT_FINITE, Array, Record, Records, Seen, SeenPicture
from inspector.analysis.token_spaces import tokens_in
from inspector.core.attention import Windows
from inspector.core.comparison import FloatArray, IntArray, ModelCard
from inspector.core.errors import BadRequest
from inspector.core.modes import TokenSpace
from inspector.core.objects import BACKGROUND, DISTRACTOR, TARGET
from inspector.core.optimal import Left
from inspector.core.preference import Preference
from inspector.core.preparation import Preparation
from inspector.core.rows import HeadRows
from inspector.core.tokens import TokenGrid
from inspector.families.capture import CapturedBlock, Tap
from inspector.families.model import Model
from inspector.families.network import Asked, AttentionParts, Network, NetworkBlock

NO_TARGET = "The image has no target that the model sees."
NO_DISTRACTOR = "The image has no distractor that the model sees."
"""Why a picture does not count."""

_Covered = Mapping[TokenGrid, FloatArray]
_WHOSE = (TARGET, DISTRACTOR, BACKGROUND)
# Patches that are covered alike differ by rounding: the first of them is the query, not any.
_EQUAL = 1e-9
# Of what a record means; to be raised when that changes, so that no older record is taken for one.
_VERSION = 3


@dataclass(frozen=True, eq=False)
class PreferenceMeasurement:
    """The six ratios of every head on every picture.

    A record holds, of all heads, ``ratios`` and ``without_query`` (heads, 2, 3); of all blocks
    ``areas`` (depth, 3), ``coverage`` and ``visible`` (depth, 2); all float64, with the meanings
    they have in `Preference`.

    Parameters
    ----------
    model, network
        The open model and how it runs.
    """

    model: Model
    network: Network

    @property
    def name(self) -> str:
        """Of its files."""
        return "preference"

    @property
    def taps(self) -> tuple[Tap, ...]:
        """What query and key are projected from."""
        return (Tap.ATTN_INPUT,)

    @property
    def needs_objects(self) -> bool:
        """Target, distractor and background."""
        return True

    @property
    def settings(self) -> Mapping[str, Any]:
        """Nothing can be chosen."""
        return {"version": _VERSION}

    @cached_property
    def rows(self) -> HeadRows:
        """The heads of the model."""
        heads = {block.address: block.num_heads for block in self.model.outline.blocks()}
        blocks = tuple(block.address for block in self.network.blocks)
        return HeadRows(blocks, tuple(heads[address] for address in blocks))

    def measure(self, seen: Seen) -> Sequence[Record | str]:
        """A record of each picture, or why it does not count.

        Raises
        ------
        BadRequest
            When a picture comes without its objects.
        """
        captured = [seen.capture.blocks[block.address] for block in seen.network.blocks]
        grids = tuple(dict.fromkeys(each.grid for each in captured))
        covered = [_covered(picture, grids) for picture in seen.pictures]
        blocks = [
            _Looks.of(block, each, covered)
            for block, each in zip(seen.network.blocks, captured, strict=True)
        ]
        return [
            refused if isinstance(refused, str) else _record(blocks, place)
            for place, refused in enumerate(covered)
        ]

    def tally(self) -> "PreferenceTally":
        """An empty one."""
        return PreferenceTally(self.rows)


class PreferenceTally:
    """Keeps every record: what is drawn of them is chosen later, without another pass.

    Parameters
    ----------
    rows
        The heads of the model.
    """

    def __init__(self, rows: HeadRows) -> None:
        heads, depth = rows.count, len(rows.blocks)
        self._shapes = {
            "ratios": (heads, 2, 3),
            "without_query": (heads, 2, 3),
            "areas": (depth, 3),
            "coverage": (depth, 2),
            "visible": (depth, 2),
        }
        self._pictures: list[IntArray] = []
        self._records: list[dict[str, FloatArray]] = []

    def add(self, pictures: IntArray, records: Records) -> None:
        """Keep records; `pictures` (n,) are the places of theirs in the order of names."""
        self._pictures.append(np.array(pictures, dtype=np.int64))
        self._records.append(
            {name: np.array(records[name], dtype=np.float64) for name in self._shapes}
        )

    def state(self) -> Mapping[str, Array]:
        """``pictures`` (n,) rising, and the records of these pictures."""
        pictures = np.concatenate([np.empty(0, np.int64), *self._pictures])
        order = np.argsort(pictures)
        return {"pictures": pictures[order]} | {
            name: np.concatenate([np.empty((0, *shape)), *(r[name] for r in self._records)])[order]
            for name, shape in self._shapes.items()
        }

    def merge(self, state: Mapping[str, Array]) -> None:
        """Keep all that another tally has kept."""
        self.add(cast("IntArray", state["pictures"]), state)


def preference_of(
    tally: PreferenceTally,
    rows: HeadRows,
    names: Sequence[str],
    *,
    card: ModelCard,
    preparation: Preparation,
    folder: str,
    total: int,
    left_out: Left = (),
) -> Preference:
    """What a tally has found, as a result.

    Parameters
    ----------
    tally, rows
        Of one measurement.
    names
        Of all pictures of the folder in order; the tally knows them by their places.
    card, preparation, folder, total, left_out
        As in `Preference`.
    """
    state = dict(tally.state())
    pictures = state.pop("pictures")
    return Preference(
        card=card,
        preparation=preparation,
        folder=folder,
        heads=rows,
        images=tuple(names[int(place)] for place in pictures),
        **{name: array.astype(np.float64) for name, array in state.items()},
        left_out=left_out,
        total=total,
    )


@dataclass(frozen=True, eq=False)
class _Looks:
    """What the two queries of every picture attend to in one block, the pictures leading.

    Fields as in `Preference`; `finite` (pictures,) tells whether tokens and scores are numbers.
    """

    ratios: FloatArray
    without_query: FloatArray
    areas: FloatArray
    coverage: FloatArray
    visible: FloatArray
    finite: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, block: NetworkBlock, captured: CapturedBlock, covered: Sequence[_Covered | str]
    ) -> "_Looks":
        """Project the two patches and what they are compared with, and compare them.

        Pictures that do not count are computed with the others: how many there are in a batch
        must not change the numbers of one.
        """
        tokens = tokens_in(TokenSpace.ATTENTION_INPUT, block, captured)
        windows = block.windows(captured.grid.shape)
        areas = _by_token(len(tokens), captured.grid, windows, covered)
        reach = _Reach.of(areas, windows)
        score = _scores(block.attend(tokens, captured.grid, reach.asked(tokens.device)), reach)
        weights = reach.weights(areas)
        others = np.where(reach.itself[:, :, None], 0.0, weights)
        pattern = _softmax(score)
        total = areas.sum(axis=2)
        return cls(
            ratios=_ratios(pattern, weights),
            without_query=_ratios(pattern, others),
            areas=_share(total, total.sum(axis=1, keepdims=True)),
            coverage=areas[:, :2].max(axis=2),
            visible=_share(weights[:, (0, 1), (1, 0)].sum(axis=2), total[:, (1, 0)]),
            finite=_finite(tokens) & np.isfinite(score).all(axis=(1, 2, 3)),
        )


@dataclass(frozen=True, eq=False)
class _Reach:
    """Which tokens the two query patches of every picture are compared with.

    queries: (pictures, 2) places among the block's tokens. keys: (pictures, 2, keys) the same: all
    tokens, or those of the query's window. inside: of its region in that window as well. place_of:
    (tokens,) in the table of positions of a window; None without windows.
    """

    queries: IntArray
    keys: IntArray
    inside: npt.NDArray[np.bool_]
    place_of: IntArray | None

    @classmethod
    def of(cls, areas: FloatArray, windows: Windows | None) -> "_Reach":
        """Of areas (pictures, 3, tokens): the queries are where the first two are largest."""
        most = areas[:, :2].max(axis=2, keepdims=True)
        queries = (areas[:, :2] >= most - _EQUAL).argmax(axis=2)
        if windows is None:
            tokens = np.arange(areas.shape[2])
            keys = np.broadcast_to(tokens, (*queries.shape, len(tokens)))
            return cls(queries, keys, np.ones(keys.shape, np.bool_), None)
        keys = windows.members[windows.window_of[queries]]
        inside = windows.region_of[keys] == windows.region_of[queries][:, :, None]
        return cls(queries, keys, inside, windows.place_of)

    def asked(self, device: torch.device) -> Asked:
        """What of the block has to be projected: of windows only those of the queries."""
        queries = torch.from_numpy(self.queries).to(device)
        if self.place_of is None:
            return Asked(queries)
        keys = self.keys.reshape(len(self.keys), -1)
        return Asked(queries, torch.from_numpy(keys).to(device))

    @property
    def positions(self) -> tuple[IntArray, IntArray]:
        """(pictures, 2, 1) and (pictures, 2, keys) where queries and keys stand in the table."""
        queries = self.queries[:, :, None]
        if self.place_of is None:
            return queries, self.keys
        return self.place_of[queries], self.place_of[self.keys]

    @property
    def itself(self) -> npt.NDArray[np.bool_]:
        """(pictures, 2, keys) where the key is the query patch."""
        same: npt.NDArray[np.bool_] = self.keys == self.queries[:, :, None]
        return same

    def weights(self, areas: FloatArray) -> FloatArray:
        """(pictures, 2, 3, keys) the areas of what can be attended to; 0 in another region."""
        found = np.take_along_axis(areas[:, None], self.keys[:, :, None], axis=3)
        return np.where(self.inside[:, :, None], found, 0.0)


def _covered(picture: SeenPicture, grids: Sequence[TokenGrid]) -> _Covered | str:
    """(3, rows, columns) on every grid: how much target, distractor, background cover of a patch.

    The grids are those of the pass; this picture may lie otherwise under them. A sentence where
    target or distractor cover nothing of any patch.
    """
    if picture.objects is None:
        raise BadRequest("Attention preference needs target and distractor of every image.")
    covered = {
        grid: picture.objects.areas(replace(grid, placement=picture.placement), _WHOSE)
        for grid in grids
    }
    for place, sentence in enumerate((NO_TARGET, NO_DISTRACTOR)):
        if not all(areas[place].any() for areas in covered.values()):
            return sentence
    return covered


def _by_token(
    pictures: int, grid: TokenGrid, windows: Windows | None, covered: Sequence[_Covered | str]
) -> FloatArray:
    """(pictures, 3, tokens) areas in the order of the block's tokens.

    0 for prefix tokens, the padding of windows, and pictures that do not count.
    """
    on_grid = np.zeros((pictures, len(_WHOSE), *grid.shape))
    for place, areas in enumerate(covered):
        if not isinstance(areas, str):
            on_grid[place] = areas[grid]
    if windows is None:
        return np.pad(
            on_grid.reshape(*on_grid.shape[:2], -1), ((0, 0), (0, 0), (len(grid.prefix), 0))
        )
    below, right = (whole - side for whole, side in zip(windows.shape, grid.shape, strict=True))
    padded = np.pad(on_grid, ((0, 0), (0, 0), (0, below), (0, right)))
    return padded.reshape(*padded.shape[:2], -1)


def _scores(parts: AttentionParts, reach: _Reach) -> FloatArray:
    """(pictures, 2, heads, keys) before softmax.

    Without the mask between the regions of a shifted window: those keys do not count, and what they
    add to the softmax's divisor goes out when the ratios are divided by their sum.
    """
    query = parts.query if parts.turned_query is None else parts.turned_query
    key = parts.key if parts.turned_key is None else parts.turned_key
    if reach.place_of is None:
        score = query @ key.mT
    else:
        of_query = key.reshape(*query.shape[:3], -1, query.shape[3])
        score = (query[:, :, :, None] @ of_query.mT)[:, :, :, 0]
    score = score.transpose(1, 2) * parts.scale[:, None]
    if parts.position_bias is not None:
        asking, asked = (
            torch.from_numpy(np.array(places)).to(query.device) for places in reach.positions
        )
        score = score + parts.position_bias[:, asking, asked].permute(1, 2, 0, 3)
    wide: FloatArray = score.cpu().numpy().astype(np.float64)
    return wide


def _softmax(score: FloatArray) -> FloatArray:
    """Over the last axis."""
    with np.errstate(invalid="ignore"):
        raised = np.exp(score - score.max(axis=-1, keepdims=True))
        pattern: FloatArray = raised / raised.sum(axis=-1, keepdims=True)
    return pattern


def _ratios(pattern: FloatArray, weights: FloatArray) -> FloatArray:
    """(pictures, heads, 2, 3) of (pictures, 2, heads, keys) and (pictures, 2, 3, keys)."""
    found = np.einsum("pqhk,pqak->phqa", pattern, weights)
    return _share(found, found.sum(axis=-1, keepdims=True))


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """NaN where the whole is 0."""
    with np.errstate(invalid="ignore"):
        share: FloatArray = part / np.where(whole == 0.0, np.nan, whole)
    return share


def _finite(tokens: Tensor) -> npt.NDArray[np.bool_]:
    """(pictures,) of (pictures, tokens, d); a sum is a number only where all of it are."""
    found: npt.NDArray[np.bool_] = torch.isfinite(tokens.flatten(1).sum(dim=1)).cpu().numpy()
    return found


def _record(blocks: Sequence[_Looks], place: int) -> Record | str:
    """Of one picture, the blocks one after the other."""
    if not all(block.finite[place] for block in blocks):
        return NOT_FINITE
    return {
        "ratios": np.concatenate([block.ratios[place] for block in blocks]),
        "without_query": np.concatenate([block.without_query[place] for block in blocks]),
        "areas": np.stack([block.areas[place] for block in blocks]),
        "coverage": np.stack([block.coverage[place] for block in blocks]),
        "visible": np.stack([block.visible[place] for block in blocks]),
    }
