"""From a checkpoint and an image to the maps of one mode, in files."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from inspector.core.address import Address
from inspector.core.figures import FigureKind
from inspector.core.map_style import MapStyle
from inspector.core.modes import ModeOptions, TokenSpace
from inspector.core.progress import Progress, silent
from inspector.export.report import Report
from inspector.export.sources import CheckpointFile, ImageFile, weight_options


def maps_files(
    checkpoint: CheckpointFile,
    image: ImageFile,
    address: Address,
    folder: Path,
    *,
    space: TokenSpace = TokenSpace.ATTENTION_INPUT,
    options: ModeOptions | None = None,
    device: str = "auto",
    progress: Progress = silent,
) -> Report:
    """Write ``maps.npz``, the overlay as ``overlay.png`` and in ``overlay.pdf``, provenance.

    ``maps.npz`` holds ``query`` and ``key`` (rows, columns) of the patches in the orientation of
    the model's input, x . u and x . v in the sign of ``modes.npz``; ``sign``, the one drawn;
    ``limits``, the percentiles (of query, of key) between which they are; and ``overlay``, RGB
    over the pixels of the image. ``overlay.png`` has exactly these pixels.

    Parameters
    ----------
    address
        With head and mode.
    options
        How modes are computed; of weights with the norm for the normalised residual by default.

    Raises
    ------
    InspectorError
        When a file cannot be read or the model cannot be run; nothing is then written.
    """
    from PIL import Image

    from inspector.analysis.devices import describe_device, resolve_device
    from inspector.export.computing import opened, scenes_of_mode
    from inspector.export.modes_content import ModesContent
    from inspector.export.provenance import provenance_of
    from inspector.export.scene_files import (
        command_of,
        write_arrays,
        write_figure,
        write_provenance,
    )
    from inspector.export.staging import staged
    from inspector.render.scenes import mode_limits, mode_picture, mode_title, sign_of

    chosen, style = resolve_device(device), MapStyle()
    options = options or ModeOptions(fold_norm=space is TokenSpace.NORMED)
    with opened(checkpoint, device=chosen) as running:
        (scene,) = scenes_of_mode(
            running, [image], address, options=options, space=space, progress=progress
        )
        files = running.model.checkpoint.files
        notes = running.network.notes
    assert scene.image is not None
    source = image.as_shown(scene.image)
    content = ModesContent(
        (scene,),
        style,
        checkpoints=(replace(checkpoint, files=files),),
        image=source,
        device=chosen,
    )
    words = ["maps", str(checkpoint.path), str(source.given), "--at", _at(address)]
    words += ["--mode", str(scene.mode), "--space", str(space), "--product", str(options.product)]
    words += weight_options(options)
    words += [*source.options, *checkpoint.options]
    provenance = provenance_of(
        content.files,
        command=command_of([*words, "--out", str(folder), "--device", device]),
        parameters=content.parameters(),
        device=describe_device(chosen, content.precision),
        progress=progress,
    )
    provenance = replace(provenance, notes=tuple(notes))
    limits = mode_limits([scene], style)
    overlay = mode_picture(scene, style, limits).picture
    with staged(folder, overwrite=True, create=True) as stage:
        place = stage.temporary
        arrays = {"query": scene.query, "key": scene.key, "overlay": overlay}
        arrays |= {"sign": np.array(sign_of(scene, style))}
        arrays |= {"limits": np.array([limits.query, limits.key])}
        write_arrays(place / "maps.npz", arrays)
        Image.fromarray(overlay).save(place / "overlay.png")
        record = write_figure(place, "overlay", FigureKind.MODE, content)
        write_provenance(place, "provenance.json", provenance, record)
    return Report(stage.published, (mode_title(scene), *_exactness(scene.modes.exact)))


def _at(address: Address) -> str:
    return str(replace(address, mode=None)).replace(" ", "")


def _exactness(sentence: str) -> tuple[str, ...]:
    return (sentence,) if sentence else ()
