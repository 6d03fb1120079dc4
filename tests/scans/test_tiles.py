from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.analysis import on_image
from inspector.analysis.modes import block_modes
from inspector.core.address import Address
from inspector.core.collection import Member
from inspector.core.errors import BadImage, BadRequest, Cancelled
from inspector.core.gallery import GALLERY_SIDE
from inspector.core.images import Slice, Spacing
from inspector.core.modes import TokenSpace
from inspector.core.optimal import OptimalImages, OptimalOptions
from inspector.core.preparation import Preparation
from inspector.core.rows import ModeRows
from inspector.images.preparing import prepare
from inspector.scans import tiles as tested
from inspector.scans.tiles import TileMaker, gallery_tiles, shape_in_gallery
from tests.analysis.running import running
from tests.scenes_by_hand import card

BLOCK = Address(0, 1)
SIZES = {"vit": (16, 12), "swin v2": (64, 64)}
NAMES = ("a.png", "b.png", "deep/c.png", "d.png", "e.png")


class Folder:
    """Pictures in files, read anew every time."""

    def __init__(self, folder: Path, names=NAMES, *, shape=(30, 40)) -> None:
        self.folder = folder
        self.members = tuple(Member(name, (name,)) for name in sorted(names))
        self.read_names: list[str] = []
        for seed, name in enumerate(names):
            self.write(name, seed, shape)

    def write(self, name: str, seed: int, shape=(30, 40)) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        coarse = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((shape[1], shape[0])).save(path)

    def read(self, member: Member) -> Slice:
        self.read_names.append(member.name)
        try:
            return Slice(np.array(Image.open(self.folder / member.name)))
        except OSError as error:
            raise BadImage(f"“{member.name}” cannot be read.") from error


def maps_on(kind, folder, member, modes, options, preparation):
    picture = folder.read(member)
    prepared = prepare(picture, picture.default_tone(), preparation)
    run = on_image.run_on_image(running(kind)[1], prepared, addresses=[BLOCK])
    return run.maps(modes, options.options, options.space)


def score_of(query, key, window_of, *, compat):
    """Methods C2, patch by patch: score, place of query, place of key."""
    best = (0.0 if not compat else -np.inf, (0, 0), (0, 0))
    windows = np.zeros(query.shape, int) if window_of is None or compat else window_of
    for window in np.unique(windows):
        inside = [tuple(p) for p in np.argwhere(windows == window).tolist()]
        q, k = (max(inside, key=lambda p, side=side: side[p]) for side in (query, key))
        tops = [float(query[q]), float(key[k])]
        score = np.prod(tops) if compat else np.prod([max(top, 0.0) for top in tops])
        if score > best[0]:
            best = (float(score), q, k)
    return best


def found_in(kind, folder, *, options=None, top=3, kept=4):
    """The optimal images of one block, by sorting all."""
    options = options or OptimalOptions(modes=kept)
    preparation = Preparation(SIZES[kind])
    modes = block_modes(running(kind)[0], BLOCK, options.options)
    rows = ModeRows((BLOCK,), (modes.num_heads,), (kept,))
    score = np.zeros((rows.count, 2, top), np.float32)
    image = np.full((rows.count, 2, top), -1)
    place = np.zeros((rows.count, 2, top, 4), np.uint16)
    maps = [maps_on(kind, folder, m, modes, options, preparation) for m in folder.members]
    for row, at in enumerate(rows.addresses()):
        for side, sign in enumerate((1, -1)):
            scored = []
            for number, one in enumerate(maps):
                query, key = (sign * s[at.head, at.mode] for s in (one.query, one.key))
                scored.append((number, *score_of(query, key, one.window_of, compat=options.compat)))
            best = sorted((s for s in scored if s[1] > 0), key=lambda s: (-s[1], s[0]))[:top]
            for rank, (number, value, q, k) in enumerate(best):
                score[row, side, rank], image[row, side, rank] = value, number
                place[row, side, rank] = (*q, *k)
    names = tuple(member.name for member in folder.members)
    found = OptimalImages(
        card(), preparation, options, str(folder.folder), rows, names, score, image, place,
        len(names), len(names),
    )  # fmt: skip
    return found, modes, maps


WANTED = [(0, "+"), (0, "-"), (3, "+"), (3, "-")]


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("compat", [False, True])
def test_that_every_winner_gets_its_picture_and_the_maps_of_its_mode(tmp_path, kind, compat):
    folder = Folder(tmp_path)
    space = TokenSpace.RESIDUAL if compat else TokenSpace.ATTENTION_INPUT
    found, modes, maps = found_in(
        kind, folder, options=OptimalOptions(4, space=space, compat=compat)
    )
    head = modes.num_heads - 1
    rows = gallery_tiles(running(kind)[1], folder, found, modes, BLOCK.with_head(head), WANTED)
    assert [(row.mode, row.sign) for row in rows] == WANTED
    assert sum(len(row.tiles) for row in rows) > 4
    for row in rows:
        assert not row.problems
        assert row.winners == found.winners(Address(0, 1, head, row.mode), row.sign)
        factor = 1 if row.sign == "+" else -1
        for winner, tile in zip(row.winners, row.tiles, strict=True):
            assert tile.winner is winner
            own = maps[found.images.index(winner.image)]
            for there, whole in ((tile.query, own.query), (tile.key, own.key)):
                np.testing.assert_allclose(there, factor * whole[head, row.mode], atol=1e-5)
            product = tile.query[winner.query] * tile.key[winner.key]
            assert product == pytest.approx(winner.score, rel=1e-4)


def test_that_each_picture_is_run_once_for_the_block_alone_and_then_kept(tmp_path, monkeypatch):
    folder = Folder(tmp_path)
    found, modes, _ = found_in("vit", folder)
    ran = []

    def run(network, prepared, *, addresses, progress):
        ran.append(tuple(addresses))
        return on_image.run_on_image(network, prepared, addresses=addresses, progress=progress)

    monkeypatch.setattr(tested, "run_on_image", run)
    maker = TileMaker(running("vit")[1], folder, found.preparation)
    folder.read_names.clear()
    rows = maker.tiles(found, modes, BLOCK.with_head(0), WANTED)
    shown = {winner.image for row in rows for winner in row.winners}
    assert sorted(folder.read_names) == sorted(shown)
    assert ran == [(BLOCK,)] * len(shown)
    others = maker.tiles(found, modes, BLOCK.with_head(2), WANTED)
    everything = shown | {winner.image for row in others for winner in row.winners}
    assert sorted(folder.read_names) == sorted(everything)


def test_that_no_more_is_kept_than_the_limit(tmp_path):
    folder = Folder(tmp_path)
    found, modes, _ = found_in("vit", folder)
    maker = TileMaker(running("vit")[1], folder, found.preparation, limit=1)
    folder.read_names.clear()
    first = maker.tiles(found, modes, BLOCK.with_head(0), WANTED)
    count = len(folder.read_names)
    second = maker.tiles(found, modes, BLOCK.with_head(0), WANTED)
    assert count > 1
    # the one read last may still be there
    assert len(folder.read_names) >= 2 * count - 1
    for one, other in zip(first, second, strict=True):
        for tile, again in zip(one.tiles, other.tiles, strict=True):
            assert np.array_equal(tile.query, again.query)


def test_that_tiles_come_picture_by_picture(tmp_path):
    folder = Folder(tmp_path)
    found, modes, _ = found_in("vit", folder)
    told, seen = [], []

    def progress(done, total, text=""):
        told.append((done, total, text))

    rows = gallery_tiles(
        running("vit")[1], folder, found, modes, BLOCK.with_head(0), WANTED,
        progress=progress, partial=seen.append,
    )  # fmt: skip
    names = list(dict.fromkeys(w.image for row in rows for w in row.winners))
    assert len(seen) == len(names)
    for number, partly in enumerate(seen):
        for row in partly:
            for winner, tile in zip(row.winners, row.tiles, strict=True):
                assert (tile is not None) == (winner.image in names[: number + 1])
    assert list(dict.fromkeys(done for done, _, _ in told)) == list(range(len(names) + 1))
    assert {total for _, total, _ in told} == {len(names)}
    assert f"running the model on {names[0]}" in {text for _, _, text in told}


def test_that_what_progress_raises_ends_it(tmp_path):
    folder = Folder(tmp_path)
    found, modes, _ = found_in("vit", folder)

    def progress(done, total, text=""):
        if done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        gallery_tiles(
            running("vit")[1], folder, found, modes, BLOCK.with_head(0), WANTED, progress=progress
        )


def test_that_a_file_that_is_gone_or_another_one_now_is_said_so(tmp_path):
    folder = Folder(tmp_path)
    found, modes, _ = found_in("vit", folder)
    maker = TileMaker(running("vit")[1], folder, found.preparation)
    head = BLOCK.with_head(0)
    before = maker.tiles(found, modes, head, WANTED)
    shown = {w.image for row in before for w in row.winners}
    assert {"a.png", "b.png"} <= shown
    folder.write("a.png", 77)
    (tmp_path / "b.png").unlink()
    rows = maker.tiles(found, modes, head, WANTED)
    for row in rows:
        for winner, tile in zip(row.winners, row.tiles, strict=True):
            problem = row.problems.get(winner.rank)
            if winner.image == "a.png":
                assert problem == "“a.png” has changed since it was scored. Scan the folder again."
            elif winner.image == "b.png":
                assert problem == "“b.png” cannot be read."
            else:
                assert problem is None
            assert (tile is None) == (problem is not None)


def test_that_a_winner_with_another_place_is_taken_for_a_changed_file(tmp_path):
    folder = Folder(tmp_path)
    found, modes, _ = found_in("vit", folder)
    turned = replace(found, place=found.place[..., [2, 3, 0, 1]].copy())
    (row,) = gallery_tiles(running("vit")[1], folder, turned, modes, BLOCK, [(0, "+")])
    apart = [w.query != w.key for w in row.winners]
    assert any(apart)
    assert [tile is None for tile in row.tiles] == apart


def test_that_a_name_that_is_not_listed_any_more_is_said_so(tmp_path):
    folder = Folder(tmp_path)
    found, modes, _ = found_in("vit", folder)
    folder.members = tuple(m for m in folder.members if m.name != "deep/c.png")
    rows = gallery_tiles(running("vit")[1], folder, found, modes, BLOCK, WANTED)
    problems = {problem for row in rows for problem in row.problems.values()}
    assert problems == {"“deep/c.png” is not in the folder any more."}


def test_that_a_mode_that_was_not_looked_for_is_refused(tmp_path):
    folder = Folder(tmp_path)
    found, modes, _ = found_in("vit", folder)
    with pytest.raises(BadRequest, match="first 4 modes"):
        gallery_tiles(running("vit")[1], folder, found, modes, BLOCK, [(4, "+")])


def picture(rows, columns, spacing=None):
    return Slice(np.zeros((rows, columns), np.float32), spacing=spacing)


@pytest.mark.parametrize(
    ("rows", "columns", "shape"),
    [
        (28, 28, (280, 280)),
        (100, 100, (300, 300)),
        (30, 40, (240, 320)),
        (200, 320, (200, 320)),
        (640, 480, (320, 240)),
        (1, 4000, (1, 320)),
    ],
)
def test_that_a_picture_is_at_most_so_large_and_few_pixels_become_squares(rows, columns, shape):
    assert shape_in_gallery(picture(rows, columns)) == shape
    assert max(shape) <= GALLERY_SIDE


def test_that_a_picture_has_its_shape_in_mm():
    thick = Spacing(3.0, 1.0, "PixelSpacing")
    assert shape_in_gallery(picture(50, 100, thick)) == (320, 213)
    assert shape_in_gallery(picture(50, 100, Spacing(0.5, 0.5, "x"))) == (150, 300)


@pytest.mark.parametrize("shape", [(30, 40), (700, 500)])
def test_that_a_tile_is_the_picture_and_its_grid_lies_where_it_lay(tmp_path, shape):
    folder = Folder(tmp_path, shape=shape)
    found, modes, maps = found_in("vit", folder)
    (row,) = gallery_tiles(running("vit")[1], folder, found, modes, BLOCK, [(0, "+")])
    tile = row.tiles[0]
    original = np.array(Image.open(tmp_path / tile.winner.image))
    if shape == (30, 40):
        assert np.array_equal(tile.picture, original.repeat(8, axis=0).repeat(8, axis=1))
    else:
        assert tile.picture.mean() == pytest.approx(original.mean(), abs=0.5)
    high, wide = (new / old for new, old in zip(tile.picture.shape, shape, strict=False))
    box = maps[0].grid.box(2, 1)
    there = tile.grid.box(2, 1)
    assert (there.top, there.left) == pytest.approx((box.top * high, box.left * wide))
    assert (there.height, there.width) == pytest.approx((box.height * high, box.width * wide))
