"""The pictures of a gallery with the maps on them, made when they are looked at.

A scan keeps scores and places alone. Here each winning picture is read, prepared as the scan
prepared it, and run again, once for the block that is looked at; stepping through heads and modes
of that block then runs nothing.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from inspector.analysis.on_image import ImageRun, run_on_image
from inspector.core.address import Address
from inspector.core.collection import Member
from inspector.core.comparison import IntArray
from inspector.core.errors import BadImage
from inspector.core.gallery import GALLERY_SIDE, GalleryRow, GalleryTile
from inspector.core.images import Picture, Slice
from inspector.core.kept import Kept
from inspector.core.modes import BlockMaps, BlockModes, SmallArray
from inspector.core.optimal import OptimalImages, OptimalOptions, Sign, Winner
from inspector.core.preparation import Preparation
from inspector.core.progress import Progress, silent
from inspector.core.scene import SMALLEST_SIDE
from inspector.core.tokens import Placement
from inspector.families.network import Network
from inspector.images.preparing import prepare

if TYPE_CHECKING:
    from inspector.images.collection import Collection

MOST_KEPT_BYTES = 512 << 20
"""Pictures and tokens kept by a `TileMaker`, at most; some 400 pictures of a block of ViT-B."""

_TOLERANCE = 1e-3
"""How far a score may be off, relative to the largest projections: threads and devices round."""

Partial = Callable[[tuple[GalleryRow, ...]], None]
_Stamp = tuple[tuple[int, int], ...]


class TileMaker:
    """Makes the tiles of one model over one folder; used by one thread at a time.

    Parameters
    ----------
    network
        On any device.
    collection
        Of the folder that was scanned; open as long as tiles are made.
    preparation
        Of the pictures, as they were scanned.
    limit
        Bytes of pictures and tokens that are kept.
    """

    def __init__(
        self,
        network: Network,
        collection: "Collection",
        preparation: Preparation,
        *,
        limit: int = MOST_KEPT_BYTES,
    ) -> None:
        self._network = network
        self._collection = collection
        self._preparation = preparation
        self._members = {member.name: member for member in collection.members}
        self._kept: Kept[tuple[Member, _Stamp, Address], _Looked] = Kept(limit)

    def tiles(
        self,
        found: OptimalImages,
        modes: BlockModes,
        address: Address,
        wanted: Sequence[tuple[int, Sign]],
        *,
        progress: Progress = silent,
        partial: Partial | None = None,
    ) -> tuple[GalleryRow, ...]:
        """Rows of tiles of the modes of one head, in the order wanted.

        Parameters
        ----------
        found
            The winners.
        modes
            Of the block, computed with the options of `found`.
        address
            Of the head.
        wanted
            Mode and sign of every row.
        progress
            Told of every picture, and of every block that it runs through.
        partial
            Given all rows after every picture; tiles that are still to come are None.

        Raises
        ------
        BadRequest
            When a mode is not among the results, or modes and options do not belong together.
        """
        head = address.head or 0
        places = [(replace(address, head=head, mode=mode), sign) for mode, sign in wanted]
        rows = [_Row(at.mode or 0, sign, found.winners(at, sign)) for at, sign in places]
        names = list(dict.fromkeys(winner.image for row in rows for winner in row.winners))
        count = 1 + max((row.mode for row in rows), default=0)
        first = _first_modes(modes, head, count)
        for number, name in enumerate(names):
            told = _Told(progress, number, len(names), f"running the model on {name}")
            told(0, 1)
            self._fill(rows, name, found.options, first, told)
            if partial is not None:
                partial(tuple(row.frozen() for row in rows))
        progress(len(names), len(names), "running the model")
        return tuple(row.frozen() for row in rows)

    def _fill(
        self,
        rows: Sequence["_Row"],
        name: str,
        options: OptimalOptions,
        modes: BlockModes,
        progress: Progress,
    ) -> None:
        """Put a picture into all rows it belongs to, or the sentence that says why it cannot be."""
        places = [(row, w) for row in rows for w in row.winners if w.image == name]
        try:
            looked = self._looked_at(name, modes.address, progress)
        except BadImage as error:
            for row, winner in places:
                row.problems[winner.rank] = error.message
            return
        maps = looked.run.maps(modes, options.options, options.space)
        for row, winner in places:
            tile = looked.tile(winner, maps, row)
            if _is_as_scored(tile, maps.window_of, compat=options.compat):
                row.tiles[winner.rank] = tile
            else:
                row.problems[winner.rank] = (
                    f"“{name}” has changed since it was scored. Scan the folder again."
                )

    def _looked_at(self, name: str, block: Address, progress: Progress) -> "_Looked":
        member = self._members.get(name)
        if member is None:
            raise BadImage(f"“{name}” is not in the folder any more.")
        key = (member, self._stamp(member), block)
        looked = self._kept.get(key)
        if looked is None:
            looked = self._look(member, block, progress)
            self._kept.put(key, looked)
        return looked

    def _look(self, member: Member, block: Address, progress: Progress) -> "_Looked":
        original = self._collection.read(member)
        tone = original.default_tone()
        prepared = prepare(original, tone, self._preparation)
        run = run_on_image(self._network, prepared, addresses=[block], progress=progress)
        picture = _in_gallery(original)
        rows, columns = picture.shape[:2]
        return _Looked(picture, prepared.placement.resized((rows, columns)), run)

    def _stamp(self, member: Member) -> _Stamp:
        """What tells whether files are still those that were read; empty where one is gone."""
        try:
            found = [(self._collection.folder / file).stat() for file in member.files]
        except OSError:
            return ()
        return tuple((status.st_mtime_ns, status.st_size) for status in found)


def gallery_tiles(
    network: Network,
    collection: "Collection",
    found: OptimalImages,
    modes: BlockModes,
    address: Address,
    wanted: Sequence[tuple[int, Sign]],
    *,
    progress: Progress = silent,
    partial: Partial | None = None,
) -> tuple[GalleryRow, ...]:
    """Rows of tiles of the modes of one head, made once; see `TileMaker.tiles`."""
    maker = TileMaker(network, collection, found.preparation)
    return maker.tiles(found, modes, address, wanted, progress=progress, partial=partial)


def shape_in_gallery(picture: Slice) -> tuple[int, int]:
    """Rows and columns of a picture in a gallery, at most `GALLERY_SIDE` of either.

    Of few pixels each becomes a square of equal ones, as in `ShownImage.picture`. Where pixels are
    not square in mm, the picture has the shape that it has in mm.
    """
    (rows, columns), (high, wide) = picture.shape, picture.size_mm
    longer = max(rows, columns)
    if longer <= GALLERY_SIDE and math.isclose(high * columns, wide * rows, rel_tol=1e-6):
        times = min(-(-SMALLEST_SIDE // min(rows, columns)), GALLERY_SIDE // longer)
        return (rows * max(times, 1), columns * max(times, 1))
    share = GALLERY_SIDE / max(high, wide)
    return (max(round(high * share), 1), max(round(wide * share), 1))


@dataclass(frozen=True, slots=True)
class _Told:
    """Says which picture is in hand after every block it runs through."""

    progress: Progress
    number: int
    total: int
    words: str

    def __call__(self, done: int, total: int, text: str = "") -> None:
        """Blocks are passed over: pictures are counted."""
        self.progress(self.number, self.total, self.words)


@dataclass(frozen=True, eq=False)
class _Looked:
    """A picture that was run: as it is shown, where the input lies on that, and its tokens."""

    picture: Picture
    placement: Placement
    run: ImageRun

    @property
    def nbytes(self) -> int:
        """In bytes."""
        return self.picture.nbytes + self.run.nbytes

    def tile(self, winner: Winner, maps: BlockMaps, row: "_Row") -> GalleryTile:
        """The maps of one mode with a sign; `maps` are those of the only head."""
        sign = np.float32(1 if row.sign == "+" else -1)
        query, key = (sign * side[0, row.mode] for side in (maps.query, maps.key))
        grid = replace(maps.grid, placement=self.placement)
        return GalleryTile(winner, self.picture, grid, query, key)


@dataclass(eq=False)
class _Row:
    """A row that is being filled."""

    mode: int
    sign: Sign
    winners: tuple[Winner, ...]
    tiles: list[GalleryTile | None] = field(init=False)
    problems: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tiles = [None] * len(self.winners)

    def frozen(self) -> GalleryRow:
        """As it is now."""
        return GalleryRow(
            self.mode, self.sign, self.winners, tuple(self.tiles), dict(self.problems)
        )


def _in_gallery(original: Slice) -> Picture:
    """(rows, columns, 3) the mean of the pixels that each pixel covers, or the only one."""
    rows, columns = shape_in_gallery(original)
    shown = Image.fromarray(original.shown(original.default_tone()))
    picture: Picture = np.array(shown.resize((columns, rows), Image.Resampling.BOX))
    picture.setflags(write=False)
    return picture


def _first_modes(modes: BlockModes, head: int, count: int) -> BlockModes:
    """One head's first modes as a block of their own, so that no others are projected."""
    one = slice(head, head + 1)
    return replace(
        modes,
        sigma=modes.sigma[one, :count],
        cosine=modes.cosine[one, :count],
        u=modes.u[one, :, :count],
        v=modes.v[one, :, :count],
        degenerate=modes.degenerate[one, :count],
        trace=modes.trace[one],
    )


def _is_as_scored(tile: GalleryTile, window_of: IntArray | None, *, compat: bool) -> bool:
    """Whether the winner's patches are still those with the largest product, and it is the score.

    Methods, section C2. Near ties are settled otherwise where another device or number of threads
    rounds otherwise; so places are compared by what the maps are there.
    """
    winner, (rows, columns) = tile.winner, tile.grid.shape
    if any(row >= rows or column >= columns for row, column in (winner.query, winner.key)):
        return False
    if window_of is None or compat:
        window_of = np.zeros(tile.grid.shape, dtype=np.int64)
    if window_of[winner.query] != window_of[winner.key]:
        return False
    there = float(tile.query[winner.query]) * float(tile.key[winner.key])
    largest = _largest_product(tile.query, tile.key, window_of, compat=compat)
    reach = float(np.abs(tile.query).max()) * float(np.abs(tile.key).max())
    return all(abs(score - winner.score) <= _TOLERANCE * reach for score in (there, largest))


def _largest_product(
    query: SmallArray, key: SmallArray, window_of: IntArray, *, compat: bool
) -> float:
    """Of the two maxima of a window; as published, whatever their signs."""
    highest = np.full((2, int(window_of.max()) + 1), -np.inf)
    for place, values in enumerate((query, key)):
        np.maximum.at(highest[place], window_of.ravel(), values.ravel())
    return float((highest if compat else np.maximum(highest, 0.0)).prod(axis=0).max())
