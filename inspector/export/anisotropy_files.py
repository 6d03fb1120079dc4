"""From a checkpoint and a folder of images to its anisotropy over depth, in files."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.core.figures import FigureKind
from inspector.core.modes import Anisotropy, ModelModes, ModeOptions, TokenSpace
from inspector.core.scene import DepthScene
from inspector.export.drawing import Cell
from inspector.export.folder_scan import FolderScan, kept_sentences
from inspector.export.left_out import left_out_sentences
from inspector.export.report import Report
from inspector.export.scene_files import write_arrays, write_figure, write_provenance
from inspector.export.sources import weight_options
from inspector.export.tables import write_table
from inspector.render.depth import DepthCurve, depth_curves

if TYPE_CHECKING:
    from inspector.scans.analyses import Found

COLUMNS = ("stage", "block", "anisotropy", "weighted_cosine", "relative")


def anisotropy_files(scan: FolderScan, space: TokenSpace, options: ModeOptions) -> Report | None:
    """Write ``anisotropy.csv`` and ``.npz``, the figure over depth, and provenance.

    Returns
    -------
    Report
        None on every rank but the first, which alone writes.

    Raises
    ------
    InspectorError
        When a file cannot be read or the model cannot be run; nothing is then written.
    """
    from inspector.export.computing import modes_of_model
    from inspector.export.depth_content import DepthContent
    from inspector.export.staging import staged
    from inspector.scans.analyses import anisotropy

    with scan.opened() as running:
        got = anisotropy(
            running.model, running.network, scan.place, space, **scan.keywords(running)
        )
        if got is None:
            return None
        found = got.result
        modes = modes_of_model(
            running.model, options, device=scan.ranks.device, progress=scan.progress
        )
        content = DepthContent(
            DepthScene(("A",), (modes,), (found,)),
            checkpoints=(running.source,),
            folder=scan.images,
            image_files=got.files,
            device=scan.ranks.device,
        )
        words = ["anisotropy", str(scan.checkpoint.path), str(scan.images), "--space", str(space)]
        words += ["--product", str(options.product), *weight_options(options)]
        provenance = scan.provenance(
            running, words, content.parameters(), precision=content.precision, pictures=got.files
        )
    with staged(scan.folder, overwrite=True, create=True) as stage:
        place = stage.temporary
        curve = write_anisotropy(place, modes, found)
        arrays = {"anisotropy": curve.anisotropy, "weighted_cosine": curve.cosine}
        arrays |= {"relative": curve.relative}
        write_arrays(place / "anisotropy.npz", arrays)
        record = write_figure(place, "depth", FigureKind.DEPTH, content)
        write_provenance(place, "provenance.json", provenance, record)
    return Report(stage.published, tuple(_sentences(got)))


def write_anisotropy(folder: Path, modes: ModelModes, found: Anisotropy) -> DepthCurve:
    """Write ``anisotropy.csv``: of every block anisotropy, cosine of its modes, and the difference.

    Returns
    -------
    DepthCurve
        The numbers written.
    """
    (curve,) = depth_curves(DepthScene(("A",), (modes,), (found,)))
    write_table(folder / "anisotropy.csv", COLUMNS, _rows(curve))
    return curve


def _rows(curve: DepthCurve) -> Iterator[tuple[Cell, ...]]:
    assert curve.anisotropy is not None
    assert curve.relative is not None
    for n, address in enumerate(curve.addresses):
        found = (curve.anisotropy[n], curve.cosine[n], curve.relative[n])
        yield (address.stage, address.block, *map(float, found))


def _sentences(got: "Found[Anisotropy]") -> Iterator[str]:
    found = got.result
    yield f"Mean cosine over all pairs of {found.images} images."
    yield from kept_sentences(got.kept, found.images + len(found.skipped))
    yield from got.notes
    yield from left_out_sentences(found.skipped)
