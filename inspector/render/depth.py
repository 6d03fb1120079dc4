"""What is drawn of modes over depth: lines (paper's Figure 3), histograms (S1), spectra (S2)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inspector.core.address import Address
from inspector.core.comparison import FloatArray
from inspector.core.modes import BlockModes, ModelModes
from inspector.core.preference import Group, Preference
from inspector.core.rows import HeadRows
from inspector.core.scene import DepthScene
from inspector.render.colour_tables import CIVIDIS
from inspector.render.colours import Surface

BINS = 50
COSINE_COLOUR, SIGMA_COLOUR = "#b22222", "#4169e1"
"""Firebrick and royal blue, as in the paper's figure of spectra."""
GROUP_COLOURS: dict[Surface, dict[Group, str]] = {
    "light": {
        Group.SAME: "#0072b2",
        Group.DIFFERENT: "#d55e00",
        Group.BACKGROUND: "#6b6b6b",
    },
    "dark": {
        Group.SAME: "#56b4e9",
        Group.DIFFERENT: "#ff8f45",
        Group.BACKGROUND: "#b4b4b4",
    },
}
"""Of the three groups of attention; apart for every kind of colour vision."""
SAME_OBJECT = "same object"


@dataclass(frozen=True, eq=False)
class DepthCurve:
    """One model over its depth; arrays are (depth,) in global order, NaN where nothing is known.

    Parameters
    ----------
    letter, label
        Of the model.
    addresses
        Of its blocks.
    place
        l / (L - 1), from 0 to 1; 0 for a model of one block.
    cosine
        sigma-weighted cosine, mean over heads.
    anisotropy, relative
        Mean cosine between images, and cosine - anisotropy; None where no images were read.
    mode_95
        Half-width of the band that holds the cosine of 95 % of single random modes.
    mean_95
        Half-width of the band that holds 95 % of what `cosine` is where u and v are unrelated, for
        the sigma of these heads.
    """

    letter: str
    label: str
    addresses: tuple[Address, ...]
    place: FloatArray
    cosine: FloatArray
    anisotropy: FloatArray | None
    relative: FloatArray | None
    mode_95: FloatArray
    mean_95: FloatArray


def depth_curves(scene: DepthScene) -> tuple[DepthCurve, ...]:
    """A curve for each model, in the order of the scene."""
    found = []
    for letter, model, baseline in zip(scene.letters, scene.models, scene.anisotropy, strict=True):
        cosine = model.curve()
        values = None if baseline is None else baseline.values
        found.append(
            DepthCurve(
                letter,
                model.card.label,
                block_addresses(model),
                normalised_depth(model.depth),
                cosine,
                values,
                None if values is None else cosine - values,
                _over_blocks(model, lambda block: block.random_95),
                _over_blocks(model, lambda block: block.block_random_95),
            )
        )
    return tuple(found)


def difference(scene: DepthScene) -> FloatArray | None:
    """(depth,) weighted cosine of the second model minus that of the first; None without a pair.

    Blocks correspond only between models of the same stages; there is none between others.
    """
    if len(scene.models) != 2:
        return None
    first, second = scene.models
    if (first.depth, first.stage_starts) != (second.depth, second.stage_starts):
        return None
    return second.curve() - first.curve()


@dataclass(frozen=True, eq=False)
class MeasuredCurve:
    """What was measured of one model with masks, over its depth; NaN where nothing is known.

    Parameters
    ----------
    letter, label
        Of the model.
    name
        What it is: the value of a `Group`, or `SAME_OBJECT`.
    addresses, place
        Of its blocks, as in `DepthCurve`.
    values
        (depth,) mean over pictures and heads, or modes.
    chance
        (depth,) what it would be by chance.
    heads
        (heads of the widest block, depth) of each head.
    """

    letter: str
    label: str
    name: str
    addresses: tuple[Address, ...]
    place: FloatArray
    values: FloatArray
    chance: FloatArray
    heads: FloatArray


def preference_curves(
    scene: DepthScene, *, without_query: bool = False
) -> tuple[MeasuredCurve, ...]:
    """Same, different and background of every model whose preference is known, A before B."""
    return tuple(
        _measured(scene, place, group.value, known.heads, values, known.chance[group], heads)
        for place, known in enumerate(scene.preference)
        if known is not None
        for group, values, heads in _groups(known, without_query=without_query)
    )


def same_object_curves(scene: DepthScene) -> tuple[MeasuredCurve, ...]:
    """The probability of every model of which it is known, A before B."""
    return tuple(
        _measured(
            scene,
            place,
            SAME_OBJECT,
            known.rows.of_heads,
            known.curve(),
            known.chance_curve(),
            known.by_head(known.probability),
        )
        for place, known in enumerate(scene.same_object)
        if known is not None
    )


def normalised_depth(depth: int) -> FloatArray:
    """(depth,) l / (L - 1); 0 for a single block."""
    place: FloatArray = np.arange(depth) / max(depth - 1, 1)
    return place


def block_addresses(model: ModelModes) -> tuple[Address, ...]:
    """The address of every block in global order, with modes or without."""
    starts = (*model.stage_starts, model.depth)
    return tuple(
        Address(stage, block)
        for stage, (start, stop) in enumerate(pairwise(starts))
        for block in range(stop - start)
    )


@dataclass(frozen=True, eq=False)
class Histogram:
    """How the cosines of all modes of all heads of one block are spread.

    `density` is (bins,), its integral over `edges` (bins + 1, from -1 to 1) is 1; `colour` goes
    from yellow for the first block to blue for the last.
    """

    block: BlockModes
    edges: FloatArray
    density: FloatArray
    colour: tuple[int, int, int]


def histograms(model: ModelModes) -> tuple[Histogram, ...]:
    """A histogram of 50 bins for each block that has modes, in global order."""
    return tuple(_histogram(block, model.depth) for block in model.blocks)


def _histogram(block: BlockModes, depth: int) -> Histogram:
    # A cosine may leave -1..1 by rounding.
    cosines = np.clip(block.cosine.ravel(), -1.0, 1.0)
    density, edges = np.histogram(cosines, bins=BINS, range=(-1.0, 1.0), density=True)
    colour = depth_colour(block.global_index, depth)
    return Histogram(block, edges, density.astype(np.float64), colour)


def depth_colour(index: int, depth: int) -> tuple[int, int, int]:
    """Yellow for the first block, blue for the last."""
    place = round((1.0 - index / max(depth - 1, 1)) * 255)
    red, green, blue = CIVIDIS[place].tolist()
    return (red, green, blue)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """One cell of the grid of spectra.

    Parameters
    ----------
    address
        With its head.
    cosine, sigma
        (modes,).
    sigma_top
        Where the axis of sigma ends: 1.1 times the largest of the block.
    band
        Half-width of the band of single random modes.
    """

    address: Address
    cosine: FloatArray
    sigma: FloatArray
    sigma_top: float
    band: float


def spectra(model: ModelModes) -> Iterator[tuple[Spectrum, ...]]:
    """A row of heads for each block that has modes."""
    for block in model.blocks:
        largest = float(block.sigma.max(initial=0.0))
        top = 1.1 * largest if largest > 0 else 1.0
        yield tuple(
            Spectrum(
                block.address.with_head(head),
                block.cosine[head],
                block.sigma[head],
                top,
                block.random_95,
            )
            for head in range(block.num_heads)
        )


def _over_blocks(model: ModelModes, of_block: Callable[[BlockModes], float]) -> FloatArray:
    values = np.full(model.depth, np.nan)
    for block in model.blocks:
        values[block.global_index] = of_block(block)
    return values


def _groups(
    known: Preference, *, without_query: bool
) -> Iterator[tuple[Group, FloatArray, FloatArray]]:
    """Every group with its (depth,) curve and the (heads,) means over pictures."""
    curves = known.curves(without_query=without_query)
    for group, values in known.groups(without_query=without_query).items():
        good = np.isfinite(values)
        total = np.where(good, values, 0.0).sum(axis=0)
        with np.errstate(invalid="ignore"):
            yield group, curves[group], total / good.sum(axis=0)


def _measured(
    scene: DepthScene,
    place: int,
    name: str,
    rows: HeadRows,
    values: FloatArray,
    chance: FloatArray,
    by_head: FloatArray,
) -> MeasuredCurve:
    """Put what is known of some blocks at their places among all blocks of the model."""
    model = scene.models[place]
    addresses = block_addresses(model)
    heads = np.full((max(rows.heads, default=0), model.depth), np.nan)
    along = np.full((2, model.depth), np.nan)
    for block, address in enumerate(rows.blocks):
        column = addresses.index(address)
        along[:, column] = values[block], chance[block]
        heads[: rows.heads[block], column] = by_head[rows.of_block(block)]
    letter, label = scene.letters[place], model.card.label
    where = normalised_depth(model.depth)
    return MeasuredCurve(letter, label, name, addresses, where, along[0], along[1], heads)
