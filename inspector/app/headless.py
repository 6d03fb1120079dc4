"""Without a display: the same job, with its figures and tables in a folder."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from inspector.app.recognising import Kind, kind_of
from inspector.app.samples import sample_images, sample_paths
from inspector.core.address import Address
from inspector.core.errors import BadRequest, InspectorError
from inspector.core.modes import ModeOptions
from inspector.export.report import Report
from inspector.export.sources import CheckpointFile

FOLDER = Path("vit-inspector-figures")
DONE, UNUSABLE = 0, 2


def run_headless(reason: str, paths: Sequence[Path], *, heads: int | None, device: str) -> int:
    """Compare the given checkpoints, or the samples; take the first one's modes; map the images.

    Maps are those of mode 0 of head 0 of the block in the middle of the first checkpoint.

    Returns
    -------
    int
        0 when done, 2 when what was given cannot be used (one sentence on standard error).
    """
    folder = FOLDER.resolve()
    sys.stdout.write(
        f"{reason} No window can be opened; figures and tables are written to {folder}\n"
    )
    sys.stdout.flush()
    try:
        chosen = tuple(paths) or (*sample_paths(), *sample_images())
        models = [path for path in chosen if kind_of(path) is Kind.MODEL]
        images = [path for path in chosen if kind_of(path) is Kind.IMAGE]
        for write in _steps(models, images, folder, heads=heads, device=device):
            report = write()
            for sentence in report.sentences:
                sys.stdout.write(f"{sentence}\n")
            sys.stdout.write(f"{len(report.files)} files written to {report.files[0].parent}\n")
            sys.stdout.flush()
    except InspectorError as error:
        sys.stderr.write(f"{error}\n")
        return UNUSABLE
    return DONE


def _steps(
    models: Sequence[Path],
    images: Sequence[Path],
    folder: Path,
    *,
    heads: int | None,
    device: str,
) -> Iterator[Callable[[], Report]]:
    """What can be made of these files, in turn."""
    from inspector.export.compare_files import compare_files
    from inspector.export.computing import image_file
    from inspector.export.maps_files import maps_files
    from inspector.export.modes_files import modes_files

    if not models:
        raise BadRequest(
            "Only images were given, and there is nothing to look at them with.",
            advice="Give a checkpoint too.",
        )
    if len(models) > 1:
        yield partial(compare_files, models, folder, heads=heads, device=device)
    first = CheckpointFile(models[0], heads)
    yield partial(modes_files, first, folder / "modes", options=ModeOptions(), device=device)
    for number, image in enumerate(images, start=1):
        place = folder / f"maps-{number}-{image.name.split('.')[0]}"
        head = _middle(first)
        yield partial(maps_files, first, image_file(image), head, place, device=device)


def _middle(checkpoint: CheckpointFile) -> Address:
    """Mode 0 of head 0 of the block in the middle."""
    from inspector.families import open_model

    with open_model(checkpoint.path, heads=checkpoint.heads) as model:
        blocks = list(model.outline.blocks())
    return replace(blocks[len(blocks) // 2].address, head=0, mode=0)
