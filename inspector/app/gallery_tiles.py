"""The tiles of galleries: what was made is kept, what is missing is asked of the lane."""

import itertools
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from inspector.app.inspecting import Inspecting
from inspector.app.tiling import FoundImage, TilesAsked, TilesMade, Tiling
from inspector.core.address import Address
from inspector.core.errors import InspectorError
from inspector.core.gallery import GalleryRow, GalleryScene, GalleryTile
from inspector.core.modes import BlockModes, ModeOptions
from inspector.core.optimal import MOST_TOP, SIGNS, OptimalImages, OptimalOptions, Sign, Winner
from inspector.core.preparation import Preparation
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.session import OpenModel

TILES = "tiles"
FIND = "find image"
FORGET = "forget tiles"
_URGENT, _AHEAD = 2, 1
_HEADS_KEPT = 4
_BLOCKS_KEPT = 6

Key = TypeVar("Key")
Value = TypeVar("Value")
Rows = tuple[tuple[int, Sign], ...]
Tiles = dict[tuple[int, Sign, str], GalleryTile | str]
"""By mode, sign and image; a sentence where there can be none."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadFound:
    """What a scan has found of one head of a model; `scan` is another number for every scan."""

    entry: OpenModel
    letter: str
    found: OptimalImages
    scan: int
    address: Address

    @property
    def place(self) -> "Place":
        """What its tiles belong to."""
        return _place(self.entry, self.found, self.address)

    @property
    def modes(self) -> int:
        """How many of its modes are known."""
        rows = self.found.rows.of_head(self.address)
        return int(rows.stop - rows.start)


@dataclass(frozen=True, slots=True)
class Place:
    """A head of a model, which is named by its `id`, on the images of a folder."""

    model: int
    folder: str
    preparation: Preparation
    options: OptimalOptions
    address: Address


class GalleryTiles(QObject):
    """Builds scenes of what is there, in the window's thread; the lane makes what is missing.

    Signals
    -------
    changed()
        More tiles are there, or it is known why there are none.
    made(seconds)
        All that were asked for are there, after so many seconds.
    image_found(image)
        The `FoundImage` that was asked for.
    failed(title, error)
        What the user asked for could not be done.
    """

    changed = Signal()
    made = Signal(float)
    image_found = Signal(object)
    failed = Signal(str, object)

    def __init__(
        self, inspecting: Inspecting, lane: Lane, *, device: Callable[[], str], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._inspecting = inspecting
        self._lane = lane
        self._device = device
        self._tiling = Tiling(inspecting.networks)
        self._numbers = itertools.count()
        self._tiles: OrderedDict[Place, Tiles] = OrderedDict()
        self._modes: OrderedDict[tuple[int, Address, ModeOptions], BlockModes] = OrderedDict()
        self._asked: TilesAsked | None = None
        self._asked_at = 0.0
        self._scan = -1
        self._refused: tuple[Place, int, InspectorError] | None = None
        lane.partial.connect(self._on_tiles)
        lane.result.connect(self._on_tiles)
        lane.result.connect(self._on_found)
        lane.failed.connect(self._on_failed)
        lane.ended.connect(self._on_ended)

    @property
    def is_busy(self) -> bool:
        """Whether tiles are being made."""
        return self._lane.has(TILES)

    def problem(self, head: HeadFound) -> InspectorError | None:
        """Why there are no tiles of a head."""
        refused = self._refused
        if refused is None or refused[:2] != (head.place, head.scan):
            return None
        return refused[2]

    def scene(self, head: HeadFound) -> GalleryScene | None:
        """The gallery of a head with the tiles there are; None before its modes are known."""
        modes = self._modes_of(head)
        if modes is None:
            return None
        tiles = self._tiles.get(head.place, {})
        return GalleryScene(
            head.entry.card,
            head.letter,
            head.address,
            modes,
            replace(head.found, card=head.entry.card),
            tuple(
                _row(head.found, replace(head.address, mode=mode), sign, tiles)
                for mode in range(head.modes)
                for sign in SIGNS
            ),
        )

    def ask(
        self, head: HeadFound, rows: Rows, *, columns: int = MOST_TOP, quietly: bool = False
    ) -> bool:
        """Have the missing tiles of some rows made, in their order; whether any were missing.

        Of each row the first so many columns; `quietly` is for what is made again and again.
        """
        self._try_again(head)
        found = head.found.first(columns)
        missing, modes = self._missing(head, found, rows), self._modes_of(head)
        if self.problem(head) is not None or (not missing and modes is not None):
            return False
        asked = TilesAsked(
            head.entry, found, head.address, missing, head.scan, self._device(), modes
        )
        if self._is_asked(head, asked):
            return True
        self._asked, self._asked_at, tiling = asked, monotonic(), self._tiling
        self._lane.submit(
            TILES,
            lambda context: tiling.make(asked, context),
            label="" if quietly else "Reading images of the gallery",
            rank=_AHEAD,
        )
        return True

    def find(self, head: HeadFound, image: str) -> None:
        """Ask where an image is, by its name in the folder that was scanned."""
        folder, scan, tiling = head.found.folder, head.scan, self._tiling

        def job(context: JobContext) -> FoundImage:
            return tiling.find(folder, scan, image, context)

        self._lane.submit(FIND, job, label=f"Opening {image}", rank=_URGENT)

    def forget(self, open_now: list[int]) -> None:
        """Let go of what belongs to models that are closed."""
        for place in [place for place in self._tiles if place.model not in open_now]:
            del self._tiles[place]
        for known in [known for known in self._modes if known[0] not in open_now]:
            del self._modes[known]
        if self._asked is not None and id(self._asked.entry.model) not in open_now:
            self._lane.cancel(TILES)
            self._asked = None
        tiling, number = self._tiling, next(self._numbers)
        self._lane.submit(f"{FORGET}:{number}", lambda _: tiling.forget(open_now), label="")

    def _modes_of(self, head: HeadFound) -> BlockModes | None:
        """Of the block, as they were used by the scan; None while they are not known."""
        options = head.found.options.options
        known = self._inspecting.block_modes(head.entry, head.address, options)
        return known or self._modes.get((id(head.entry.model), head.address.of_block, options))

    def _missing(self, head: HeadFound, found: OptimalImages, rows: Rows) -> Rows:
        """Those of the rows that are not whole."""
        known = self._tiles.get(head.place, {})
        return tuple(
            (mode, sign)
            for mode, sign in rows
            if mode < head.modes
            and any(
                _of_winner(known, mode, sign, winner) is None
                for winner in found.winners(replace(head.address, mode=mode), sign)
            )
        )

    def _try_again(self, head: HeadFound) -> None:
        """After another scan, make the tiles that could not be made before it."""
        if head.scan == self._scan:
            return
        self._scan = head.scan
        for tiles in self._tiles.values():
            for name in [name for name, tile in tiles.items() if isinstance(tile, str)]:
                del tiles[name]

    def _is_asked(self, head: HeadFound, asked: TilesAsked) -> bool:
        """Whether these tiles are being made already, and next: nothing is begun anew for them."""
        old = self._asked
        if old is None or not self._lane.has(TILES):
            return False
        same = (old.scan, old.address, old.device) == (asked.scan, asked.address, asked.device)
        if not same or old.entry.model is not asked.entry.model or old.found.top < asked.found.top:
            return False
        return self._missing(head, asked.found, old.rows)[: len(asked.rows)] == asked.rows

    @Slot(str, object)
    def _on_tiles(self, key: str, value: object) -> None:
        if key != TILES or not isinstance(value, TilesMade):
            return
        asked = value.asked
        model, options = id(asked.entry.model), asked.found.options.options
        block = (model, asked.address.of_block, options)
        _keep(self._modes, block, value.modes, most=_BLOCKS_KEPT)
        place = _place(asked.entry, asked.found, asked.address)
        known = self._tiles.get(place, {})
        _keep(self._tiles, place, known, most=_HEADS_KEPT)
        for row in value.rows:
            known.update(_tiles_of(row))
        self._lane.hold_for_this_turn()
        self.changed.emit()

    @Slot(str, object)
    def _on_found(self, key: str, value: object) -> None:
        if key == FIND and isinstance(value, FoundImage):
            self.image_found.emit(value)

    @Slot(str, object)
    def _on_failed(self, key: str, error: object) -> None:
        if not isinstance(error, InspectorError):
            return
        if key == TILES and self._asked is not None:
            asked = self._asked
            place = _place(asked.entry, asked.found, asked.address)
            self._refused = (place, asked.scan, error)
            self.changed.emit()
        elif key == FIND:
            self.failed.emit("Could not open the image", error)

    @Slot(str)
    def _on_ended(self, key: str) -> None:
        if key == TILES:
            self.made.emit(monotonic() - self._asked_at)
            self.changed.emit()


def _place(entry: OpenModel, found: OptimalImages, address: Address) -> Place:
    return Place(id(entry.model), found.folder, found.preparation, found.options, address)


def _of_winner(tiles: Tiles, mode: int, sign: Sign, winner: Winner) -> GalleryTile | str | None:
    """The tile of a winner, perhaps of another rank; None where there is none of these scores."""
    tile = tiles.get((mode, sign, winner.image))
    if isinstance(tile, GalleryTile) and replace(tile.winner, rank=winner.rank) != winner:
        return None
    return tile


def _row(found: OptimalImages, address: Address, sign: Sign, tiles: Tiles) -> GalleryRow:
    """A mode with a sign, with the tiles that are there."""
    mode, winners = address.mode or 0, found.winners(address, sign)
    made: list[GalleryTile | None] = []
    problems = {}
    for winner in winners:
        tile = _of_winner(tiles, mode, sign, winner)
        if isinstance(tile, GalleryTile):
            made.append(tile if tile.winner == winner else replace(tile, winner=winner))
            continue
        made.append(None)
        if tile is not None:
            problems[winner.rank] = tile
    return GalleryRow(mode, sign, winners, tuple(made), problems)


def _tiles_of(row: GalleryRow) -> Tiles:
    """The tiles of a row by name, and why there is none."""
    found: Tiles = {}
    for winner, tile in zip(row.winners, row.tiles, strict=True):
        made = tile if tile is not None else row.problems.get(winner.rank)
        if made is not None:
            found[row.mode, row.sign, winner.image] = made
    return found


def _keep(kept: OrderedDict[Key, Value], key: Key, value: Value, *, most: int) -> None:
    """Put something into a dictionary of so many, in place of what was used longest ago."""
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
