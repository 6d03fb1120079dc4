"""Attention preference on pictures of targets and distractors, in files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inspector.core.comparison import FloatArray
from inspector.core.figures import FigureKind
from inspector.core.measuring import MaskFolders
from inspector.core.preference import RATIOS, Group, Preference
from inspector.core.scene import DepthScene
from inspector.export.depth_content import DepthContent
from inspector.export.drawing import Cell
from inspector.export.folder_scan import FolderScan, kept_sentences
from inspector.export.left_out import left_out_sentences, write_left_out
from inspector.export.report import Report
from inspector.export.row_arrays import columns_of, names_array
from inspector.export.scene_files import write_arrays, write_figure, write_provenance
from inspector.export.sources import mask_options
from inspector.export.tables import write_table

if TYPE_CHECKING:
    from inspector.scans.analyses import Found

PRECISION = "network in float32, attention and areas in float64"
IMAGES = ("image", "stage", "block", "head", *RATIOS)
BLOCKS = ("stage", "block", *map(str, Group))
ENRICHMENT = ("stage", "block", *RATIOS)
AREAS = (
    *("image", "stage", "block", "target", "distractor", "background"),
    *("target_coverage", "distractor_coverage", "distractor_visible", "target_visible"),
)


def preference_files(scan: FolderScan, masks: MaskFolders) -> Report | None:
    """Write the tables of `write_preference`, ``preference.npz``, the figure, provenance.

    Returns
    -------
    Report
        None on every rank but the first, which alone writes.

    Raises
    ------
    InspectorError
        When the model cannot be run, or no picture has a target and a distractor; nothing is then
        written.
    """
    from inspector.export.computing import modes_of_model
    from inspector.export.staging import staged
    from inspector.images.objects import objects_of
    from inspector.scans.analyses import attention_preference

    with scan.opened() as running:
        got = attention_preference(
            running.model,
            running.network,
            scan.place,
            objects_of(masks),
            **scan.keywords(running),
        )
        if got is None:
            return None
        found = got.result
        modes = modes_of_model(running.model, device=scan.ranks.device, progress=scan.progress)
        words = ["preference", str(scan.checkpoint.path), str(scan.images)]
        provenance = scan.provenance(
            running,
            [*words, *mask_options(masks)],
            _parameters(found),
            precision=PRECISION,
            pictures=got.files,
        )
        source = running.source
    scene = DepthScene(("A",), (modes,), (None,), preference=(found,))
    content = DepthContent(scene, checkpoints=(source,), masks=(masks,), device=scan.ranks.device)
    with staged(scan.folder, overwrite=True, create=True) as stage:
        write_preference(stage.temporary, found)
        write_arrays(stage.temporary / "preference.npz", preference_arrays(found))
        write_left_out(stage.temporary, found.left_out)
        record = write_figure(stage.temporary, "preference", FigureKind.PREFERENCE, content)
        write_provenance(stage.temporary, "provenance.json", provenance, record)
    return Report(stage.published, tuple(_sentences(got)))


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
        **columns_of(("stage", "block", "head"), heads),
        **columns_of(("block_stage", "block_block"), blocks),
    }


def _parameters(found: Preference) -> dict[str, Any]:
    return {
        "images": found.total,
        "measured": len(found.images),
        "left_out": len(found.left_out),
    }


def _sentences(got: "Found[Preference]") -> Iterator[str]:
    found = got.result
    yield (
        f"{len(found.images)} of {found.total} images have a target and a distractor that the "
        "model sees."
    )
    yield from kept_sentences(got.kept, found.total)
    hidden = int((found.visible.min(axis=(1, 2)) < 1).sum())
    if hidden:
        yield (
            f"On {hidden} of them a query cannot attend to all of the other object, which lies in "
            "other windows; areas.csv says to how much."
        )
    if found.preparation.size is not None and found.preparation.fit == "crop":
        yield "Images are cropped, and masks with them; --fit squash keeps the whole of them."
    yield from got.notes
    yield from left_out_sentences(found.left_out)
