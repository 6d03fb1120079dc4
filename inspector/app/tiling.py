"""The tiles of a gallery, made in the lane: winning images are read and run again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.app.accelerator_hint import load_libraries_of_torch
from inspector.app.networks import Networks
from inspector.core.address import Address
from inspector.core.errors import BadImage
from inspector.core.gallery import GalleryRow
from inspector.core.images import SliceAddress
from inspector.core.modes import BlockModes
from inspector.core.optimal import OptimalImages, Sign
from inspector.jobs.context import JobContext
from inspector.session import OpenModel

if TYPE_CHECKING:
    from inspector.images.collection import Collection
    from inspector.scans.tiles import TileMaker


@dataclass(frozen=True, slots=True, eq=False)
class TilesAsked:
    """Of which head of which model, and which rows, those in sight first.

    `modes` are those of the block where they are known already; `scan` is another number for every
    scan, because a folder may have changed since the one before.
    """

    entry: OpenModel
    found: OptimalImages
    address: Address
    rows: tuple[tuple[int, Sign], ...]
    scan: int
    device: str
    modes: BlockModes | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TilesMade:
    """Rows with the tiles that are there by now, and the modes they were made with."""

    asked: TilesAsked
    modes: BlockModes
    rows: tuple[GalleryRow, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundImage:
    """Where an image of a folder is: the file to open, and which slice of it."""

    path: Path
    at: SliceAddress


class Tiling:
    """Makes tiles with what it made before; used in the lane's thread only."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._folder: tuple[tuple[str, int], Collection] | None = None
        self._maker: tuple[tuple[object, ...], TileMaker] | None = None

    def make(self, asked: TilesAsked, context: JobContext) -> TilesMade:
        """Hand out the modes first, then rows as their tiles are made.

        Raises
        ------
        InspectorError
            When the folder is gone, or the model cannot be run.
        """
        load_libraries_of_torch()
        from inspector.analysis.devices import resolve_device
        from inspector.analysis.modes import block_modes

        device = resolve_device(asked.device)
        modes = asked.modes or block_modes(
            asked.entry.model, asked.address.of_block, asked.found.options.options, device=device
        )
        begun = TilesMade(asked, modes)
        context.partial(begun)
        rows = self._maker_of(asked, device, context).tiles(
            asked.found,
            modes,
            asked.address,
            asked.rows,
            progress=context.progress,
            partial=lambda made: context.partial(replace(begun, rows=made)),
        )
        return replace(begun, rows=rows)

    def find(self, folder: str, scan: int, image: str, context: JobContext) -> FoundImage:
        """Where an image is, by its name in its folder.

        Raises
        ------
        BadImage
            When it is there no more.
        """
        collection = self._listed(folder, scan, context)
        for member in collection.members:
            if member.name == image:
                return FoundImage(collection.path_of(member), member.at)
        raise BadImage(
            f"“{image}” is not in the folder “{Path(folder).name}” any more.",
            advice="Scan the folder again: only what has changed is measured.",
        )

    def forget(self, models: Sequence[int]) -> None:
        """Let go of a model that is not among those open, by their `id`."""
        if self._maker is not None and self._maker[0][0] not in models:
            self._maker = None

    def _maker_of(self, asked: TilesAsked, device: str, context: JobContext) -> "TileMaker":
        from inspector.scans.tiles import TileMaker

        found = asked.found
        key = (id(asked.entry.model), device, found.folder, found.preparation, asked.scan)
        if self._maker is None or self._maker[0] != key:
            network = self._networks.of(asked.entry.model, device)
            collection = self._listed(found.folder, asked.scan, context)
            self._maker = (key, TileMaker(network, collection, found.preparation))
        return self._maker[1]

    def _listed(self, folder: str, scan: int, context: JobContext) -> "Collection":
        from inspector.images.collection import list_folder

        if self._folder is None or self._folder[0] != (folder, scan):
            if self._folder is not None:
                self._folder[1].close()
            self._maker = None
            listed = list_folder(Path(folder), progress=context.progress)
            self._folder = ((folder, scan), listed)
        return self._folder[1]
