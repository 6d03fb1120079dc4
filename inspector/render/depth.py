"""What is drawn of modes over depth: lines (paper's Figure 3), histograms (S1), spectra (S2)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inspector.core.address import Address
from inspector.core.comparison import FloatArray
from inspector.core.modes import BlockModes, ModelModes
from inspector.core.scene import DepthScene
from inspector.render.colour_tables import CIVIDIS

BINS = 50
COSINE_COLOUR, SIGMA_COLOUR = "#b22222", "#4169e1"
"""Firebrick and royal blue, as in the paper's figure of spectra."""


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
