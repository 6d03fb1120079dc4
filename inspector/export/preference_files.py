"""Attention preference on pictures of targets and distractors, in files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from inspector.core.comparison import FloatArray
from inspector.core.preference import RATIOS, Group, Preference
from inspector.export.drawing import Cell
from inspector.export.optimal_files import names_array
from inspector.export.tables import write_table

IMAGES = ("image", "stage", "block", "head", *RATIOS)
BLOCKS = ("stage", "block", *map(str, Group))
ENRICHMENT = ("stage", "block", *RATIOS)
AREAS = (
    *("image", "stage", "block", "target", "distractor", "background"),
    *("target_coverage", "distractor_coverage", "distractor_visible", "target_visible"),
)


def write_preference(folder: Path, found: Preference) -> None:
    """Write the tables.

    ``images.csv``: the six ratios of every picture and head. ``areas.csv``: of every picture and
    block the share of the patches' area that is target, distractor and background, the largest
    share of a patch that target and distractor cover, and the share of the distractor that the
    target's query can attend to, and of the target that the distractor's can. ``blocks.csv``: the
    three groups over depth; ``blocks_without_query.csv`` with the query patch itself left out,
    ``blocks_chance.csv`` if attention were spread evenly. ``enrichment.csv``: ratio over area.
    """
    write_table(folder / "images.csv", IMAGES, image_rows(found))
    write_table(folder / "areas.csv", AREAS, area_rows(found))
    write_table(folder / "enrichment.csv", ENRICHMENT, enrichment_rows(found))
    curves = {
        "blocks": found.curves(),
        "blocks_without_query": found.curves(without_query=True),
        "blocks_chance": found.chance,
    }
    for name, groups in curves.items():
        write_table(folder / f"{name}.csv", BLOCKS, block_rows(found, groups))


def image_rows(found: Preference) -> Iterator[tuple[Cell, ...]]:
    """A row for each head on each picture."""
    heads = [(at.stage, at.block, at.head or 0) for at in found.heads.addresses()]
    for image, ratios in zip(found.images, found.ratios, strict=True):
        values = ratios.reshape(len(heads), len(RATIOS)).tolist()
        for place, six in zip(heads, values, strict=True):
            yield (image, *place, *six)


def area_rows(found: Preference) -> Iterator[tuple[Cell, ...]]:
    """A row for each block on each picture."""
    for number, image in enumerate(found.images):
        for block, at in enumerate(found.heads.blocks):
            known = (found.areas, found.coverage, found.visible)
            values = np.concatenate([array[number, block] for array in known])
            yield (image, at.stage, at.block, *values.tolist())


def block_rows(found: Preference, groups: Mapping[Group, FloatArray]) -> Iterator[tuple[Cell, ...]]:
    """A row for each block: the three groups."""
    for block, at in enumerate(found.heads.blocks):
        yield (at.stage, at.block, *(float(groups[group][block]) for group in Group))


def enrichment_rows(found: Preference) -> Iterator[tuple[Cell, ...]]:
    """A row for each block: the mean of the six ratios over their areas."""
    for at, six in zip(found.heads.blocks, found.enrichment(), strict=True):
        yield (at.stage, at.block, *six.ravel().tolist())


def preference_arrays(found: Preference) -> dict[str, Any]:
    """Everything of every picture as arrays.

    ``ratios`` and ``without_query`` (image, head, query, attended), queries target and distractor,
    attended target, distractor and background; ``areas`` (image, block, attended), ``coverage`` and
    ``visible`` (image, block, query); ``images``; ``stage``, ``block`` and ``head`` of each head,
    ``block_stage`` and ``block_block`` of each block.
    """
    names = ("ratios", "without_query", "areas", "coverage", "visible")
    heads = [(at.stage, at.block, at.head) for at in found.heads.addresses()]
    blocks = [(at.stage, at.block) for at in found.heads.blocks]
    return {
        **{name: getattr(found, name) for name in names},
        "images": names_array(found.images),
        **_columns(("stage", "block", "head"), heads),
        **_columns(("block_stage", "block_block"), blocks),
    }


def _columns(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    table = np.array(rows, dtype=np.int64).reshape(-1, len(names))
    return dict(zip(names, table.T.copy(), strict=True))
