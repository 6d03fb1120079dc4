import csv
import json
import runpy
import shlex
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from inspector.cli.main import _parser
from inspector.cli.optimal import options_of
from inspector.core.address import Address
from inspector.core.errors import BadRequest
from inspector.core.figures import MAX_HEIGHT_MM, FigureFormat, FigureKind, FigureStyle
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.modes import ModeOptions, TokenSpace
from inspector.core.optimal import OptimalOptions
from inspector.core.provenance import Provenance
from inspector.core.tokens import Box
from inspector.export.bundle import write_export
from inspector.export.figure import draw_figure, drawing_of, figure_bytes, preview, save_figure
from inspector.export.gallery_content import GalleryContent
from inspector.export.optimal_files import OPTIMAL
from inspector.export.scanned_scenes import ScannedImages, gallery_scene
from inspector.export.sources import CheckpointFile
from inspector.render.gallery import score_words, tile_pictures
from tests.galleries_by_hand import gallery_scene as by_hand
from tests.galleries_by_hand import modes_of_block, optimal, row
from tests.tiny_models import vit_weights, write_safetensors

STYLE = FigureStyle()
CROP = Box(2.0, 1.0, 36.0, 27.0)


def drawn(content, *, style=STYLE):
    return draw_figure(FigureKind.GALLERY, content, style=style)


def texts(figure) -> list[str]:
    return [t.get_text() for t in figure.findobj(Text) if t.get_text()]


def pictures(figure) -> list[np.ndarray]:
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.images]


@pytest.mark.parametrize("width", [89.0, 183.0])
@pytest.mark.parametrize("signs", ["+", "-", "both"])
@pytest.mark.parametrize("shape", [(40, 30), (30, 60)])
def test_that_a_gallery_has_its_width_fits_a_page_and_clips_no_text(width, signs, shape):
    content = GalleryContent(by_hand(shape=shape, box=CROP), signs=signs)
    figure = drawn(content, style=FigureStyle(width))
    wide, high = figure.get_size_inches() * 25.4
    assert wide == pytest.approx(width, abs=1e-9)
    assert high <= MAX_HEIGHT_MM
    preview(figure, pixel_width=800)
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in figure.findobj(Text)]
    boxes = [(words, box) for words, box in boxes if words]
    for words, box in boxes:
        assert box.x0 >= 0, words
        assert box.x1 <= figure.bbox.x1, words
        assert box.y0 >= 0, words
        assert box.y1 <= figure.bbox.y1, words
    for (words, box), (other, another) in combinations(boxes, 2):
        apart = not box.shrunk(1.0, 0.6).overlaps(another.shrunk(1.0, 0.6))
        assert apart, f"{words} | {other}"
    assert min(t.get_fontsize() for t in figure.findobj(Text) if t.get_text()) >= 5


def test_that_every_mode_has_its_pictures_and_beside_each_the_overlay_of_the_screen():
    scene = by_hand(box=CROP)
    style = MapStyle(ColourPair.MAGENTA_GREEN, smooth=True)
    found = pictures(drawn(GalleryContent(scene, style, signs="both")))
    expected = [
        picture
        for sign in "+-"
        for one in scene.rows
        if one.sign == sign
        for tile in one.tiles
        for picture in tile_pictures(tile, style)
    ]
    assert len(found) == len(expected) == 2 * (7 * 8 + 2)
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one, other)


def test_that_each_picture_keeps_its_own_pixels_in_a_pdf():
    scene = by_hand(modes=2, signs=("+",))
    pdf = figure_bytes(drawn(GalleryContent(scene)), style=STYLE)
    assert pdf.count(b"/Subtype /Image") == 2 * 8 * 2
    assert pdf.count(b"/Width 30") == 2 * 8 * 2


def test_that_scores_and_the_words_of_rows_and_signs_stand_in_the_figure():
    scene = by_hand()
    words = texts(drawn(GalleryContent(scene)))
    for one in scene.rows:
        for winner in one.winners:
            assert score_words(winner.score) in words
    assert [word for word in words if word.startswith("M")] == ["M0", "M1", "M2", "M3"] * 2
    assert "+  both maps large" in words
    assert "−  both maps small" in words
    cosine = f"cos = {scene.modes.cosine[1, 0]:.2f}".replace("-", "−")
    assert words.count(cosine) >= 2


def test_that_one_sign_and_the_first_columns_alone_are_drawn():
    scene = by_hand(modes=2)
    content = GalleryContent(scene, signs="-", columns=3)
    drawing = drawing_of(FigureKind.GALLERY, content, style=STYLE)
    assert {r[4] for r in drawing.rows} == {"-"}
    assert {r[3] for r in drawing.rows} == {0, 1}
    assert {r[5] for r in drawing.rows} == {0, 1, 2}
    assert len(pictures(drawing.figure)) == 2 * 3 * 2
    assert "Optimal images of S0 B1 H1, modes 0 to 1" in texts(drawing.figure)
    assert "the first 3 of 8 images of each mode" in "\n".join(texts(drawing.figure))


def test_that_a_narrow_page_has_fewer_columns_and_says_so():
    content = GalleryContent(by_hand(modes=2))
    words = "\n".join(texts(drawn(content, style=FigureStyle(89.0))))
    assert "the first 4 of 8 images" in words
    assert "of 8 images" not in "\n".join(texts(drawn(content)))


def test_that_rows_that_fit_on_no_page_are_refused():
    found = optimal()
    rows = tuple(row(found, 0, "+") for _ in range(24))
    rows = tuple(replace(one, mode=mode) for mode, one in enumerate(rows))
    wide = replace(
        modes_of_block(),
        **{n: np.repeat(getattr(modes_of_block(), n), 6, axis=1) for n in ("sigma", "cosine")},
        degenerate=np.zeros((2, 24), bool),
        **{n: np.repeat(getattr(modes_of_block(), n), 6, axis=2) for n in ("u", "v")},
    )
    scene = replace(by_hand(), rows=rows, modes=wide)
    one_sign = drawn(GalleryContent(scene), style=STYLE)
    assert one_sign.get_size_inches()[1] * 25.4 <= MAX_HEIGHT_MM
    both = replace(scene, rows=(*rows, *(replace(one, sign="-") for one in rows)))
    beyond = (*rows, replace(rows[0], mode=24))
    words = texts(drawn(GalleryContent(replace(scene, rows=beyond))))
    assert "Optimal images of S0 B1 H1, modes 0 to 23" in words
    with pytest.raises(BadRequest, match="48 rows of images do not fit"):
        drawn(GalleryContent(both), style=STYLE)


def test_that_the_winning_patches_are_outlined_in_the_colours_of_their_maps():
    scene = by_hand(modes=1, signs=("+",))
    figure = drawn(GalleryContent(scene, columns=1))
    coloured = {(1.0, 0.0, 0.0, 1.0): "query", (0.0, 1.0, 1.0, 1.0): "key"}
    marks = {
        coloured[patch.get_edgecolor()]: patch
        for patch in figure.findobj(Rectangle)
        if patch.get_edgecolor() in coloured and not patch.get_fill()
    }
    tile = scene.rows[0].tiles[0]
    left, right, bottom, top = figure.axes[0].images[0].get_extent()
    for side, (cell_row, cell_column) in (("query", tile.winner.query), ("key", tile.winner.key)):
        patch = marks[side]
        assert patch.get_x() == pytest.approx(left + cell_column * (right - left) / 3)
        assert patch.get_y() == pytest.approx(top + cell_row * (bottom - top) / 4)
        assert patch.get_width() == pytest.approx((right - left) / 3)
        assert patch.get_height() == pytest.approx((bottom - top) / 4)


def test_that_both_colours_are_seen_where_one_patch_wins_for_both_maps():
    scene = by_hand(modes=1, signs=("+",))
    first = scene.rows[0]
    tile = first.tiles[0]
    winner = replace(tile.winner, key=tile.winner.query)
    one = replace(first, winners=(winner,), tiles=(replace(tile, winner=winner),))
    figure = drawn(GalleryContent(replace(scene, rows=(one,))))
    edges = [
        (patch.get_edgecolor(), patch.get_linestyle())
        for patch in figure.findobj(Rectangle)
        if not patch.get_fill() and patch.get_edgecolor()[:3] != (0.0, 0.0, 0.0)
    ]
    assert edges == [((1.0, 0.0, 0.0, 1), "-"), ((0.0, 1.0, 1.0, 1), (0, (1.5, 1.5)))]


def test_that_a_missing_picture_is_grey_and_counted():
    scene = by_hand(modes=1, signs=("+",))
    first = scene.rows[0]
    gone = replace(
        first, tiles=(None, *first.tiles[1:]), problems={0: "“deep/0.png” cannot be read."}
    )
    content = GalleryContent(replace(scene, rows=(gone,)))
    assert content.kinds() == (FigureKind.GALLERY,)
    figure = drawn(content)
    assert texts(figure).count("missing") == 2
    assert "have changed since they were scored (1)" in "\n".join(texts(figure))
    assert len(pictures(figure)) == 14


def test_that_a_gallery_that_is_still_being_made_has_no_figure():
    scene = by_hand(modes=1, signs=("+",))
    first = scene.rows[0]
    waiting = replace(scene, rows=(replace(first, tiles=(None, *first.tiles[1:])),))
    assert GalleryContent(waiting).kinds() == ()
    assert GalleryContent(replace(scene, rows=())).kinds() == ()
    with pytest.raises(BadRequest, match="No optimal images"):
        drawn(GalleryContent(replace(scene, rows=())))


def test_that_a_mode_without_winners_says_so():
    scene = by_hand(modes=1, signs=("+",))
    empty = replace(scene.rows[0], winners=(), tiles=())
    words = texts(drawn(GalleryContent(replace(scene, rows=(scene.rows[0], empty)))))
    assert "no image with a score above 0" in words


def test_that_a_reader_is_told_what_was_looked_at_and_how():
    scene = by_hand(found=optimal(measured=7))
    words = " ".join(texts(drawn(GalleryContent(scene))))
    assert "Optimal images of S0 B1 H1, modes 0 to 3" in words
    assert "7 of 9 images in data/chest: the scan is not finished" in words
    assert "tokens: attention input" in words
    found = replace(
        optimal(),
        options=OptimalOptions(4, ModeOptions(fold_norm=True), TokenSpace.RESIDUAL, compat=True),
        left_out=(("x.png", "broken"),),
        total=10,
    )
    words = " ".join(texts(drawn(GalleryContent(by_hand(found=found)))))
    assert "9 images in data/chest" in words
    assert "1 left out" in words
    assert "scored as published" in words
    assert "norm folded" in words


def test_that_the_numbers_are_those_of_the_winners_and_of_the_maps():
    scene = by_hand()
    drawing = drawing_of(FigureKind.GALLERY, GalleryContent(scene), style=STYLE)
    assert drawing.columns == OPTIMAL
    assert len(drawing.rows) == 7 * 8 + 2
    one = scene.rows[2]
    winner, tile = one.winners[1], one.tiles[1]
    line = (0, 1, 1, one.mode, "+", 1, winner.score, winner.image, *winner.query, *winner.key)
    assert line in drawing.rows
    arrays = drawing.arrays
    assert np.array_equal(arrays["query_m1_plus_1"], tile.query)
    assert np.array_equal(arrays["key_m1_plus_1"], tile.key)
    limits = [np.percentile(s.astype(np.float64), (30, 95)) for s in (tile.query, tile.key)]
    assert arrays["limits_m1_plus_1"] == pytest.approx(np.array(limits))
    assert arrays["score_m1_plus"].tolist() == [w.score for w in one.winners]
    assert arrays["image_m3_minus"].tolist() == [w.image for w in scene.rows[-1].winners]
    assert np.array_equal(arrays["sigma"], scene.modes.sigma[1, :4])


def test_that_an_export_has_numbers_provenance_and_a_script(tmp_path):
    provenance = Provenance((), "", {}, "CPU")
    content = GalleryContent(by_hand())
    write_export(tmp_path / "g", FigureKind.GALLERY, content, style=STYLE, provenance=provenance)
    names = {path.suffix for path in tmp_path.iterdir()}
    assert names == {".pdf", ".csv", ".npz", ".json", ".py"}
    record = json.loads((tmp_path / "g.json").read_text())
    assert record["figure"]["address"] == "S0 B1 H1"
    assert record["images"] == {
        "folder": "/data/chest",
        "measured": 9,
        "total": 9,
        "left_out": [],
        "missing": [],
        "preparation": content.scene.found.preparation.words,
    }
    with (tmp_path / "g.csv").open() as stream:
        first = next(csv.DictReader(stream))
    assert float(first["score"]) == content.scene.rows[0].winners[0].score
    with np.load(tmp_path / "g.npz") as arrays:
        assert arrays["mode"].tolist() == [0, 1, 2, 3]
    compile((tmp_path / "g.py").read_text(), "g.py", "exec")


def test_that_the_command_is_one_that_is_understood():
    options = OptimalOptions(None, ModeOptions(augment_bias=True), TokenSpace.RESIDUAL, compat=True)
    content = GalleryContent(by_hand(found=replace(optimal(), options=options)))
    asked = _parser().parse_args(shlex.split(content.command(FigureKind.GALLERY))[3:])
    assert options_of(asked) == options
    assert asked.figures == [(Address(0, 1, 1),)]
    assert (asked.top, str(asked.folder)) == (8, "/data/chest")
    assert content.parameters()["compat"]


def test_that_files_are_those_of_the_model_and_of_the_images_drawn(tmp_path):
    scene = by_hand(found=replace(optimal(), folder=str(tmp_path)))
    drawn_names = {w.image for one in scene.rows for w in one.winners[:2]}
    for number in range(9):
        (tmp_path / "deep").mkdir(exist_ok=True)
        (tmp_path / f"deep/{number}.png").write_bytes(b"")
    files = GalleryContent(scene, columns=2).files
    assert files[0] == Path("/models/a.pth")
    assert set(files[1:]) == {tmp_path / name for name in drawn_names}
    assert len(drawn_names) < 9
    assert GalleryContent(scene, image_files=(Path("/x"),)).files[1:] == (Path("/x"),)


def test_that_the_script_finds_the_images_again_and_draws_the_same(tmp_path, monkeypatch):
    checkpoint = CheckpointFile(write_safetensors(tmp_path / "a.safetensors", vit_weights()), 2)
    folder = tmp_path / "images"
    folder.mkdir()
    for seed in range(4):
        coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((24, 20)).save(folder / f"{seed}.png")
    images = ScannedImages(folder, OptimalOptions(3), top=2)
    scene = gallery_scene(checkpoint, images, Address(0, 1, 1), modes=3)
    assert [(one.mode, one.sign) for one in scene.rows][:3] == [(0, "+"), (0, "-"), (1, "+")]
    assert all(not one.problems for one in scene.rows)
    content = GalleryContent(scene, checkpoint=checkpoint, columns=2)
    style = FigureStyle(format=FigureFormat.PNG, dpi=100)
    save_figure(drawn(content, style=style), tmp_path / "g.png", style=style)
    (tmp_path / "g.py").write_text(content.script("g", FigureKind.GALLERY, style))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["g.py"])
    runpy.run_path(str(tmp_path / "g.py"))
    assert (tmp_path / "g-again.png").read_bytes() == (tmp_path / "g.png").read_bytes()
