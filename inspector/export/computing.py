"""From files to scenes: what the command line and the scripts beside figures compute.

The window keeps networks and runs between two selections; here one file is opened, what is asked
for is computed, and the file is closed again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.core.address import Address
from inspector.core.comparison import ModelCard
from inspector.core.errors import BadImage, BadRequest
from inspector.core.images import Plane, Slice, SliceAddress, Tone, Window
from inspector.core.modes import Anisotropy, ModelModes, ModeOptions, TokenSpace
from inspector.core.preparation import Preparation
from inspector.core.progress import Progress, silent
from inspector.core.scene import AttentionScene, DepthScene, ModeScene, ShownImage
from inspector.core.tokens import TokenGrid
from inspector.export.sources import CheckpointFile, ImageFile, Wanted

if TYPE_CHECKING:
    from inspector.families.model import Model
    from inspector.families.network import Network
    from inspector.images import InputImage


@dataclass(frozen=True, eq=False)
class Opened:
    """A model that is open and can be run, and how it was opened."""

    source: CheckpointFile
    model: "Model"
    network: "Network"
    device: str

    def card(self, label: str = "") -> ModelCard:
        """Of the model."""
        return self.model.card(label)


@contextmanager
def opened(source: CheckpointFile, *, device: str = "cpu") -> Iterator[Opened]:
    """Open a checkpoint and build its network; `device` as `resolve_device` gave it.

    Raises
    ------
    InspectorError
        When it cannot be read, or cannot be run.
    """
    from inspector.families import open_model
    from inspector.families.running import build_network

    with open_model(source.path, heads=source.heads, section=source.section) as model:
        yield Opened(source, model, build_network(model, device=device), device)


def mode_scenes(
    checkpoint: CheckpointFile,
    images: Sequence[ImageFile],
    address: Address,
    *,
    options: ModeOptions | None = None,
    space: TokenSpace = TokenSpace.ATTENTION_INPUT,
    letter: str = "A",
    label: str = "",
    device: str = "cpu",
) -> tuple[ModeScene, ...]:
    """One mode of one head on each of the images.

    Parameters
    ----------
    address
        With head and mode; 0 where it names none.
    label
        Of the model; the name of its file where none is given.
    """
    with opened(checkpoint, device=device) as open_model:
        return scenes_of_mode(
            open_model,
            images,
            address,
            options=options or ModeOptions(),
            space=space,
            letter=letter,
            label=label,
        )


def scenes_of_mode(
    opened: Opened,
    images: Sequence[ImageFile],
    address: Address,
    *,
    options: ModeOptions,
    space: TokenSpace,
    letter: str = "A",
    label: str = "",
    progress: Progress = silent,
) -> tuple[ModeScene, ...]:
    """As `mode_scenes`, of a model that is open."""
    from inspector.analysis.modes import block_modes
    from inspector.analysis.on_image import run_on_image

    block = address.of_block
    modes = block_modes(opened.model, block, options, device=opened.device)
    chosen = (address.head or 0, address.mode or 0)
    card = opened.card(label)
    plain = ModeScene(card, letter, modes, *chosen)
    found = []
    for number, source in enumerate(images):
        progress(number, len(images), f"running the model on {source.path.name}")
        image = shown_image(source, opened.network)
        assert image.prepared is not None
        run = run_on_image(opened.network, image.prepared, addresses=[block])
        maps = run.maps(modes, options, space)
        found.append(replace(plain, image=image, maps=maps))
    progress(len(images), len(images), "running the model")
    return tuple(found)


def attention_scene(
    checkpoint: CheckpointFile,
    image: ImageFile,
    address: Address,
    *,
    token: int | str,
    key: int | str | None = None,
    letter: str = "A",
    label: str = "",
    device: str = "cpu",
) -> AttentionScene:
    """What one token attends to in a head and, with `key`, what the score of the pair is made of.

    Tokens are indices in the token grid of the block, prefix tokens first, or words for
    `token_named`.
    """
    with opened(checkpoint, device=device) as open_model:
        return scene_of_attention(
            open_model,
            image,
            address,
            token=token,
            key=key,
            letter=letter,
            label=label,
        )


def scene_of_attention(
    opened: Opened,
    image: ImageFile,
    address: Address,
    *,
    token: int | str,
    key: int | str | None = None,
    letter: str = "A",
    label: str = "",
    progress: Progress = silent,
) -> AttentionScene:
    """As `attention_scene`, of a model that is open."""
    from inspector.analysis.attention import pair_score, token_attention
    from inspector.analysis.modes import block_modes
    from inspector.analysis.on_image import run_on_image

    block, head = address.of_block, address.head or 0
    modes = block_modes(opened.model, block, ModeOptions(), device=opened.device)
    if not 0 <= head < modes.num_heads:
        raise BadRequest(f"{block} has {modes.num_heads} heads, counted from 0; not {head}.")
    progress(0, 1, f"running the model on {image.path.name}")
    shown = shown_image(image, opened.network)
    assert shown.prepared is not None
    found = run_on_image(opened.network, shown.prepared, addresses=[block]).attention(block)
    progress(1, 1, "running the model")
    query = token_named(found.grid, token)
    attention = token_attention(found, query)
    pair = None
    if key is not None:
        other = token_named(found.grid, key)
        pair = pair_score(found, modes, head=head, query=query, key=other)
    return AttentionScene(opened.card(label), letter, shown, attention, head, modes, pair)


def token_named(grid: TokenGrid, token: int | str) -> int:
    """The index of a token from an index, ``R,C`` of a patch, or the name of a prefix token.

    Raises
    ------
    BadRequest
        When there is no such token.
    """
    if isinstance(token, int):
        grid.place(token)
        return token
    names = [name.casefold().replace(" ", "") for name in grid.prefix]
    wanted = token.casefold().replace(" ", "")
    if wanted in names:
        return names.index(wanted)
    parts = wanted.split(",")
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        known = f" or one of {', '.join(grid.prefix)}" if grid.prefix else ""
        raise BadRequest(
            f"There is no token “{token}”.",
            advice=f"Give row and column as 5,7, counted from 0{known}.",
        )
    return grid.token(int(parts[0]), int(parts[1]))


def depth_scene(
    checkpoints: Sequence[CheckpointFile],
    *,
    options: ModeOptions | None = None,
    folder: Path | None = None,
    space: TokenSpace = TokenSpace.ATTENTION_INPUT,
    preparation: Preparation | None = None,
    labels: Sequence[str] = (),
    device: str = "cpu",
    progress: Progress = silent,
) -> DepthScene:
    """The modes of one or two models, and their anisotropy over the images of a folder."""
    from inspector.families import open_model

    letters = tuple("AB"[: len(checkpoints)])
    names = list(labels) or [""] * len(checkpoints)
    models: list[ModelModes] = []
    baselines: list[Anisotropy | None] = []
    for source, label in zip(checkpoints, names, strict=True):
        if folder is None:
            with open_model(source.path, heads=source.heads, section=source.section) as model:
                models.append(modes_of_model(model, options, label, device, progress))
            baselines.append(None)
            continue
        with opened(source, device=device) as running:
            models.append(modes_of_model(running.model, options, label, device, progress))
            baselines.append(
                anisotropy_of_folder(
                    running.model,
                    running.network,
                    folder,
                    space=space,
                    preparation=preparation,
                    card=running.card(label),
                    progress=progress,
                )
            )
    return DepthScene(letters, tuple(models), tuple(baselines))


def modes_of_model(
    model: "Model",
    options: ModeOptions | None = None,
    label: str = "",
    device: str = "cpu",
    progress: Progress = silent,
) -> ModelModes:
    """The modes of all blocks of an open model, called by its label."""
    from inspector.analysis.modes import model_modes

    return model_modes(
        model,
        options or ModeOptions(),
        card=model.card(label),
        device=device,
        progress=progress,
    )


def anisotropy_of_folder(
    model: "Model",
    network: "Network",
    folder: Path,
    *,
    space: TokenSpace = TokenSpace.ATTENTION_INPUT,
    preparation: Preparation | Wanted | None = None,
    card: ModelCard | None = None,
    progress: Progress = silent,
) -> Anisotropy:
    """How alike the centre patches of the images of a folder are.

    Of every volume its middle slice; of a folder that holds one volume all slices of it. What was
    measured before, here or in the window, is taken from where scans are kept.
    """
    from inspector.scans.analyses import anisotropy
    from inspector.scans.store import default_store

    got = anisotropy(
        model,
        network,
        folder,
        space,
        preparation=prepared_as(preparation, network),
        card=card or model.card(),
        store=default_store(),
        progress=progress,
    )
    assert got is not None  # of several processes only others than the first get nothing
    return got.result


def shown_image(source: ImageFile, network: "Network") -> ShownImage:
    """Read a picture and prepare it for a network.

    Raises
    ------
    InspectorError
        When the image cannot be read, or has no such slice.
    """
    from inspector.images.preparing import prepare

    with _image_of(source) as image:
        picture = image.read(source.at)
        tone = _tone_of(source, picture)
        prepared = prepare(picture, tone, prepared_as(source.preparation, network))
        card = replace(image.card, label=source.label) if source.label else image.card
        return ShownImage(card, source.at, picture, tone, prepared)


def prepared_as(wanted: Preparation | Wanted | None, network: "Network") -> Preparation:
    """The whole of a preparation that is wanted for a network, perhaps only in part."""
    if isinstance(wanted, Wanted):
        return wanted.applied(network.preparation, native=network.native)
    return wanted or network.preparation


def image_file(
    path: Path,
    *,
    place: int | None = None,
    plane: Plane | None = None,
    index: int | None = None,
    time: int = 0,
    window: Window | None = None,
) -> ImageFile:
    """The picture of a file that is meant: its first plane and middle slice where none is given.

    `place` says which of the images of a folder; it may be left out where there is one.

    Raises
    ------
    BadImage
        When it cannot be read.
    BadRequest
        When a folder holds more than one image and none is chosen, or not as many.
    """
    from inspector.images import open_images

    images = open_images(path)
    try:
        if place is not None and place >= len(images):
            raise BadRequest(
                f"“{path.name}” has no image {place}: there are {len(images)}, counted from 0."
            )
        if len(images) > 1 and place is None:
            names = ", ".join(image.card.label for image in images[:3])
            raise BadRequest(
                f"“{path.name}” holds {len(images)} images: {names}{', ...' * (len(images) > 3)}",
                advice="Choose one with --series N, counted from 0, or give one of its files.",
            )
        image = images[place or 0]
        at = image.middle()
        at = at if plane is None else SliceAddress(plane, _middle_of(image, plane))
        at = replace(at, index=at.index if index is None else index, time=time)
        return ImageFile(path, place or 0, at, tone=window, files=image.files)
    finally:
        for image in images:
            image.close()


def _middle_of(image: "InputImage", plane: Plane) -> int:
    return image.card.slices.get(plane, 0) // 2


@contextmanager
def _image_of(source: ImageFile) -> Iterator["InputImage"]:
    from inspector.images import open_images

    images = open_images(source.path)
    try:
        if source.place >= len(images):
            raise BadImage(
                f"“{source.path.name}” holds {len(images)} images now, not {source.place + 1}."
            )
        yield images[source.place]
    finally:
        for image in images:
            image.close()


def _tone_of(source: ImageFile, picture: Slice) -> Tone:
    tone = source.tone
    if tone is None:
        return picture.default_tone()
    if isinstance(tone, Window):
        return tone
    if tone >= len(picture.presets):
        raise BadRequest(f"“{source.path.name}” has no preset {tone}, counted from 0.")
    return picture.presets[tone].tone
