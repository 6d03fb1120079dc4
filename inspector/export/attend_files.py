"""From a checkpoint, an image and a token to its attention, in files."""

from dataclasses import replace
from pathlib import Path

from inspector.core.address import Address
from inspector.core.attention import PairScore
from inspector.core.figures import FigureKind
from inspector.core.progress import Progress, silent
from inspector.core.scene import AttentionScene
from inspector.export.report import Report
from inspector.export.sources import CheckpointFile, ImageFile

PAIR = ("mode", "contribution")
TERMS = ("term", "value")


def attend_files(
    checkpoint: CheckpointFile,
    image: ImageFile,
    address: Address,
    folder: Path,
    *,
    token: str,
    key: str | None = None,
    device: str = "auto",
    progress: Progress = silent,
) -> Report:
    """Write ``pattern.npz``, a figure and provenance; of a pair ``pair.csv`` and ``terms.csv``.

    ``pattern.npz`` holds ``pattern`` (rows, columns) over the patches and ``prefix``, one number a
    prefix token; with ``padding`` they sum to 1. ``pair.csv`` has the contribution of every mode,
    ``terms.csv`` all else that the score is made of, and the score.

    Parameters
    ----------
    address
        With its head.
    token, key
        ``R,C`` of a patch, or the name of a prefix token.

    Raises
    ------
    InspectorError
        When a file cannot be read, the model cannot be run, or there is no such token; nothing is
        then written.
    """
    from inspector.analysis.devices import describe_device, resolve_device
    from inspector.export.attention_content import AttentionContent
    from inspector.export.computing import opened, scene_of_attention
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
    with opened(checkpoint, device=chosen) as running:
        scene = scene_of_attention(running, image, address, token=token, key=key, progress=progress)
        files = running.model.checkpoint.files
        notes = running.network.notes
    source = image.as_shown(scene.image)
    content = AttentionContent(
        scene, checkpoint=replace(checkpoint, files=files), image=source, device=chosen
    )
    words = ["attend", str(checkpoint.path), str(source.given)]
    words += ["--at", str(address).replace(" ", "")]
    words += ["--token", token, *(["--key", key] if key is not None else [])]
    words += [*source.options, *checkpoint.options]
    provenance = provenance_of(
        content.files,
        command=command_of([*words, "--out", str(folder), "--device", device]),
        parameters=content.parameters(),
        device=describe_device(chosen, content.precision),
        progress=progress,
    )
    provenance = replace(provenance, notes=tuple(notes))
    attention, head, pair = scene.attention, scene.head, scene.pair
    with staged(folder, overwrite=True, create=True) as stage:
        place = stage.temporary
        arrays = {"pattern": attention.pattern[head], "prefix": attention.prefix[head]}
        arrays |= {"padding": attention.padding[head]}
        write_arrays(place / "pattern.npz", arrays)
        record = write_figure(place, "attention", FigureKind.ATTENTION, content)
        if pair is not None and not pair.reason:
            write_table(place / "pair.csv", PAIR, list(enumerate(pair.contributions.tolist())))
            write_table(place / "terms.csv", TERMS, _terms(pair))
            record = {**record, "pair": write_figure(place, "pair", FigureKind.PAIR, content)}
            record["pair"] = record["pair"]["figure"]
        write_provenance(place, "provenance.json", provenance, record)
    return Report(stage.published, _sentences(scene))


def _terms(pair: PairScore) -> list[tuple[str, float]]:
    return [
        *pair.terms.items(),
        ("sum of modes and terms", pair.sum),
        ("score of the model", pair.total),
        ("attention after softmax", pair.weight),
    ]


def _sentences(scene: AttentionScene) -> tuple[str, ...]:
    pair = scene.pair
    if pair is None:
        return ()
    if pair.reason:
        return (pair.reason,)
    exact = scene.modes.exact if scene.modes is not None else ""
    words = f"Modes and terms add up to {pair.sum:.6g}; the score of the model is {pair.total:.6g}."
    return (words, *([exact] if exact else []))
