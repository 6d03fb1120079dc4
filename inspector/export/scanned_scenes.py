"""From files and folders to what was found over them: for the scripts beside figures.

What was measured before, here or in the window, is taken from where scans are kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.core.address import Address
from inspector.core.gallery import GalleryScene, SignsShown
from inspector.core.measuring import MaskFolders
from inspector.core.optimal import DEFAULT_TOP, SIGNS, OptimalImages, OptimalOptions
from inspector.core.preference import Preference
from inspector.core.preparation import Preparation
from inspector.core.progress import Progress, silent
from inspector.core.same_object import DEFAULT_TOP as SAME_OBJECT_TOP
from inspector.core.same_object import SameObject
from inspector.core.scene import DepthScene
from inspector.export.computing import Opened, opened, prepared_as
from inspector.export.sources import CheckpointFile

if TYPE_CHECKING:
    from inspector.scans.analyses import Running


@dataclass(frozen=True, slots=True)
class ScannedImages:
    """A folder of images, and how optimal images are found in it.

    `top` is how many are found of each mode and sign; `preparation` is the network's own where none
    is given.
    """

    folder: Path
    options: OptimalOptions = field(default_factory=OptimalOptions)
    top: int = DEFAULT_TOP
    preparation: Preparation | None = None


def gallery_scene(
    checkpoint: CheckpointFile,
    images: ScannedImages,
    address: Address,
    *,
    modes: int = 10,
    signs: SignsShown = "both",
    letter: str = "A",
    label: str = "",
    device: str = "cpu",
) -> GalleryScene:
    """The images of a folder that excite the first modes of a head most, with the maps on them.

    Parameters
    ----------
    address
        Of the head.
    modes, signs
        Of which rows are made.
    """
    from inspector.scans.analyses import optimal_images

    with opened(checkpoint, device=device) as running:
        got = optimal_images(
            running.model,
            running.network,
            images.folder,
            options=images.options,
            top=images.top,
            **_running(running, images.preparation, label),
        )
        assert got is not None  # of several processes only others than the first get nothing
        found = got.result
        return scene_of_gallery(running, found, address, modes=modes, signs=signs, letter=letter)


def scene_of_gallery(
    opened: Opened,
    found: OptimalImages,
    address: Address,
    *,
    modes: int = 10,
    signs: SignsShown = "both",
    letter: str = "A",
    progress: Progress = silent,
) -> GalleryScene:
    """As `gallery_scene`, of what was found with a model that is open."""
    from inspector.analysis.modes import block_modes
    from inspector.images.collection import list_folder
    from inspector.scans.tiles import gallery_tiles

    known = found.rows.of_head(address)
    count = min(modes, known.stop - known.start)
    wanted = [(mode, sign) for mode in range(count) for sign in SIGNS if signs in ("both", sign)]
    block = block_modes(opened.model, address.of_block, found.options.options, device=opened.device)
    with list_folder(Path(found.folder)) as collection:
        rows = gallery_tiles(
            opened.network, collection, found, block, address, wanted, progress=progress
        )
    return GalleryScene(found.card, letter, address, block, found, rows)


def with_preference(
    scene: DepthScene,
    checkpoints: Sequence[CheckpointFile],
    masks: MaskFolders,
    *,
    letters: Sequence[str] = ("A",),
    preparation: Preparation | None = None,
    device: str = "cpu",
) -> DepthScene:
    """The same models; of those that `letters` name also what their attention prefers."""
    from inspector.images.objects import objects_of
    from inspector.scans.analyses import attention_preference

    found: list[Preference | None] = list(scene.preference or [None] * len(scene.letters))
    for place, model, running in _each(scene, checkpoints, letters, preparation, device):
        got = attention_preference(
            model.model, model.network, masks.images, objects_of(masks), **running
        )
        assert got is not None  # of several processes only others than the first get nothing
        found[place] = got.result
    return replace(scene, preference=tuple(found))


def with_same_object(
    scene: DepthScene,
    checkpoints: Sequence[CheckpointFile],
    masks: MaskFolders,
    *,
    options: OptimalOptions | None = None,
    top: int = SAME_OBJECT_TOP,
    letters: Sequence[str] = ("A",),
    preparation: Preparation | None = None,
    device: str = "cpu",
) -> DepthScene:
    """The same models; of those that `letters` name also how often maps favour one object."""
    from inspector.images.objects import objects_of
    from inspector.scans.analyses import same_object

    found: list[SameObject | None] = list(scene.same_object or [None] * len(scene.letters))
    for place, model, running in _each(scene, checkpoints, letters, preparation, device):
        got = same_object(
            model.model,
            model.network,
            masks.images,
            objects_of(masks),
            options=options,
            top=top,
            **running,
        )
        assert got is not None  # of several processes only others than the first get nothing
        found[place] = got.result
    return replace(scene, same_object=tuple(found))


def _each(
    scene: DepthScene,
    checkpoints: Sequence[CheckpointFile],
    letters: Sequence[str],
    preparation: Preparation | None,
    device: str,
) -> "Iterator[tuple[int, Opened, Running]]":
    """Place in the scene of each model that is named; the model, open; how its scan is run."""
    for place, (model, source) in enumerate(zip(scene.models, checkpoints, strict=True)):
        if scene.letters[place] in letters:
            with opened(source, device=device) as running:
                yield place, running, _running(running, preparation, model.card.label)


def _running(opened: Opened, preparation: Preparation | None, label: str) -> "Running":
    """How a scan is run that is kept where those of the window are."""
    from inspector.scans.store import default_store

    return {
        "preparation": prepared_as(preparation, opened.network),
        "card": opened.card(label),
        "store": default_store(),
        "device": opened.device,
    }
