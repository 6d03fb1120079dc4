"""From a checkpoint and a folder of images to its anisotropy over depth, in files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from inspector.core.figures import FigureKind
from inspector.core.modes import Anisotropy, ModeOptions, TokenSpace
from inspector.core.progress import Progress, silent
from inspector.core.scene import DepthScene
from inspector.export.drawing import Cell
from inspector.export.report import Report
from inspector.export.sources import (
    CheckpointFile,
    Wanted,
    preparation_options,
    weight_options,
)
from inspector.render.depth import DepthCurve, depth_curves

COLUMNS = ("stage", "block", "anisotropy", "weighted_cosine", "relative")


def anisotropy_files(
    checkpoint: CheckpointFile,
    images: Path,
    folder: Path,
    *,
    space: TokenSpace = TokenSpace.ATTENTION_INPUT,
    options: ModeOptions | None = None,
    preparation: Wanted | None = None,
    device: str = "auto",
    progress: Progress = silent,
) -> Report:
    """Write ``anisotropy.csv`` and ``.npz``, the figure over depth, and provenance.

    Raises
    ------
    InspectorError
        When a file cannot be read or the model cannot be run; nothing is then written.
    """
    from inspector.analysis.devices import describe_device, resolve_device
    from inspector.export.computing import anisotropy_of_folder, modes_of_model, opened
    from inspector.export.depth_content import DepthContent
    from inspector.export.provenance import provenance_of
    from inspector.export.scene_files import (
        command_of,
        write_arrays,
        write_figure,
        write_provenance,
    )
    from inspector.export.staging import staged
    from inspector.export.tables import write_table

    chosen = resolve_device(device)
    options = options or ModeOptions(fold_norm=space is TokenSpace.NORMED)
    with opened(checkpoint, device=chosen) as running:
        found, files = anisotropy_of_folder(
            running.model,
            running.network,
            images,
            space=space,
            preparation=preparation,
            progress=progress,
        )
        modes = modes_of_model(running.model, options, device=chosen, progress=progress)
        source = replace(checkpoint, files=running.model.checkpoint.files)
    scene = DepthScene(("A",), (modes,), (found,))
    content = DepthContent(
        scene, checkpoints=(source,), folder=images, image_files=files, device=chosen
    )
    words = ["anisotropy", str(source.path), str(images), "--space", str(space)]
    words += ["--product", str(options.product), *weight_options(options)]
    words += preparation_options(found.preparation) if found.preparation else []
    words += source.options
    provenance = provenance_of(
        content.files,
        command=command_of([*words, "--out", str(folder), "--device", device]),
        parameters=content.parameters(),
        device=describe_device(chosen, content.precision),
        progress=progress,
    )
    (curve,) = depth_curves(scene)
    with staged(folder, overwrite=True, create=True) as stage:
        place = stage.temporary
        write_table(place / "anisotropy.csv", COLUMNS, _rows(curve))
        arrays = {"anisotropy": curve.anisotropy, "weighted_cosine": curve.cosine}
        arrays |= {"relative": curve.relative}
        write_arrays(place / "anisotropy.npz", arrays)
        record = write_figure(place, "depth", FigureKind.DEPTH, content)
        write_provenance(place, "provenance.json", provenance, record)
    return Report(stage.published, _sentences(found))


def _rows(curve: DepthCurve) -> Iterator[tuple[Cell, ...]]:
    assert curve.anisotropy is not None
    assert curve.relative is not None
    for n, address in enumerate(curve.addresses):
        found = (curve.anisotropy[n], curve.cosine[n], curve.relative[n])
        yield (address.stage, address.block, *map(float, found))


def _sentences(found: Anisotropy) -> tuple[str, ...]:
    left_out = tuple(f"{name} was left out: {reason}" for name, reason in found.skipped)
    return (f"Mean cosine over all pairs of {found.images} images.", *left_out)
