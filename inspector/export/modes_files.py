"""From a checkpoint to the modes of all its heads, in files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inspector.core.figures import FigureKind
from inspector.core.modes import ModelModes, ModeOptions
from inspector.core.progress import Progress, silent
from inspector.core.scene import DepthScene
from inspector.export.drawing import Cell
from inspector.export.report import Report
from inspector.export.sources import CheckpointFile, weight_options

MODES = ("stage", "block", "head", "mode", "sigma", "cosine")
HEADS = ("stage", "block", "head", "weighted_cosine", "mean_cosine")
TRACE_TOLERANCE = 1e-5
BLOCKS = ("stage", "block", "weighted_cosine", "mean_cosine", "random_95")


def modes_files(
    checkpoint: CheckpointFile,
    folder: Path,
    *,
    options: ModeOptions,
    device: str = "auto",
    progress: Progress = silent,
) -> Report:
    """Write ``modes.csv``, ``heads.csv``, ``blocks.csv``, ``modes.npz``, figures, provenance.

    ``modes.npz`` holds, for stage S and block B, ``sSbB_u`` and ``sSbB_v`` of shape
    (head, embed_dim, mode) and ``sSbB_sigma`` of shape (head, mode).

    Raises
    ------
    InspectorError
        When the file cannot be read or has no modes; nothing is then written.
    """
    from inspector.analysis.devices import describe_device, resolve_device
    from inspector.export.computing import modes_of_model
    from inspector.export.depth_content import KINDS, DepthContent
    from inspector.export.provenance import provenance_of
    from inspector.export.scene_files import (
        command_of,
        write_arrays,
        write_figure,
        write_provenance,
    )
    from inspector.export.staging import staged
    from inspector.export.tables import write_table
    from inspector.families import open_model

    chosen = resolve_device(device)
    with open_model(checkpoint.path, heads=checkpoint.heads, section=checkpoint.section) as model:
        modes = modes_of_model(model, options, device=chosen, progress=progress)
        source = CheckpointFile(
            checkpoint.path, checkpoint.heads, checkpoint.section, model.checkpoint.files
        )
    scene = DepthScene(("A",), (modes,), (None,))
    content = DepthContent(scene, checkpoints=(source,), device=chosen)
    words = ["modes", str(source.path), "--product", str(options.product)]
    words += weight_options(options)
    provenance = provenance_of(
        source.files,
        command=command_of([*words, *source.options, "--out", str(folder), "--device", device]),
        parameters=content.parameters(),
        device=describe_device(chosen, content.precision),
        progress=progress,
    )
    with staged(folder, overwrite=True, create=True) as stage:
        place = stage.temporary
        write_table(place / "modes.csv", MODES, mode_rows(modes))
        write_table(place / "heads.csv", HEADS, head_rows(modes))
        write_table(place / "blocks.csv", BLOCKS, block_rows(modes))
        write_arrays(place / "modes.npz", mode_arrays(modes))
        for done, kind in enumerate(KINDS):
            progress(done, len(KINDS), f"drawing {kind}")
            record = write_figure(place, kind.value, kind, content)
            if kind is FigureKind.DEPTH:
                write_provenance(place, "provenance.json", provenance, record)
        progress(len(KINDS), len(KINDS), "written")
    return Report(stage.published, tuple(_sentences(modes)))


def mode_rows(modes: ModelModes) -> Iterator[tuple[Cell, ...]]:
    """A row for each mode of each head."""
    for block in modes.blocks:
        at = block.address
        for head in range(block.num_heads):
            pairs = zip(block.sigma[head].tolist(), block.cosine[head].tolist(), strict=True)
            for mode, (sigma, cosine) in enumerate(pairs):
                yield (at.stage, at.block, head, mode, sigma, cosine)


def head_rows(modes: ModelModes) -> Iterator[tuple[Cell, ...]]:
    """A row for each head."""
    for block in modes.blocks:
        at = block.address
        weighted, mean = block.weighted_cosine.tolist(), block.mean_cosine.tolist()
        for head, found in enumerate(zip(weighted, mean, strict=True)):
            yield (at.stage, at.block, head, *found)


def block_rows(modes: ModelModes) -> Iterator[tuple[Cell, ...]]:
    """A row for each block."""
    for block in modes.blocks:
        found = (block.block_weighted_cosine, block.block_mean_cosine, block.random_95)
        yield (block.address.stage, block.address.block, *found)


def mode_arrays(modes: ModelModes) -> dict[str, Any]:
    """u, v and sigma of each block."""
    found: dict[str, Any] = {}
    for block in modes.blocks:
        name = f"s{block.address.stage}b{block.address.block}"
        found |= {f"{name}_u": block.u, f"{name}_v": block.v, f"{name}_sigma": block.sigma}
    return found


def _sentences(modes: ModelModes) -> Iterator[str]:
    """What was left out, what is not exact, and the self-check of methods, section B."""
    for address, reason in modes.skipped:
        yield f"{address}: {reason}"
    error = max((block.trace_error for block in modes.blocks), default=0.0)
    verdict = "as it should" if error < TRACE_TOLERANCE else "too far apart to trust the modes"
    yield (
        f"Self-check: the sum of sigma times cosine equals the inner product of the weights to "
        f"{error:.1e} of the sum of sigma, {verdict}."
    )
    yield from dict.fromkeys(block.exact for block in modes.blocks if block.exact)
