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
from matplotlib.text import Text
from PIL import Image

from inspector.cli.main import _parser
from inspector.cli.options import preparation_of, weights_of
from inspector.core.errors import BadRequest
from inspector.core.figures import MAX_HEIGHT_MM, FigureFormat, FigureKind, FigureStyle
from inspector.core.measuring import MaskFolders
from inspector.core.modes import ModeOptions, TokenSpace
from inspector.core.optimal import OptimalOptions
from inspector.core.preference import Group
from inspector.core.preparation import Preparation
from inspector.core.provenance import Provenance
from inspector.export.bundle import write_export
from inspector.export.computing import depth_scene as computed_scene
from inspector.export.depth_content import DepthContent
from inspector.export.figure import draw_figure, drawing_of, figure_bytes, preview, save_figure
from inspector.export.scanned_scenes import with_preference, with_same_object
from inspector.export.sources import CheckpointFile
from inspector.images.objects import LabelMaps, Masks, objects_of
from tests.measured_by_hand import preference, same_object
from tests.scenes_by_hand import depth_scene
from tests.tiny_models import vit_weights, write_safetensors

STYLE = FigureStyle()
KINDS = (FigureKind.PREFERENCE, FigureKind.SAME_OBJECT)
MASKS = (
    MaskFolders("preference", Path("/data/bars"), Path("/t masks"), Path("/d"), Path("/b")),
    MaskFolders("same-object", Path("/data/bars"), labels=Path("/labels")),
)


def content(*, models=2, depths=(2, 3), without_query=False, known=(True, True)) -> DepthContent:
    scene = depth_scene(models=models, depths=depths)
    shown = list(zip(scene.models, known, strict=False))
    measured = replace(
        scene,
        preference=tuple(
            preference(model, seed=n) if there else None for n, (model, there) in enumerate(shown)
        ),
        same_object=tuple(same_object(model) if there else None for model, there in shown),
    )
    return DepthContent(measured, masks=MASKS, without_query=without_query)


def uneven() -> DepthContent:
    """A of one stage beside B of three."""
    found = content(depths=(4,), models=2)
    other = content(depths=(1, 2, 1), models=2)
    scene, second = found.scene, other.scene
    mixed = replace(
        scene,
        models=(scene.models[0], second.models[1]),
        anisotropy=(None, None),
        preference=(scene.preference[0], second.preference[1]),
        same_object=(scene.same_object[0], second.same_object[1]),
    )
    return replace(found, scene=mixed)


CONTENTS = {
    "of one": content(models=1, depths=(10,)),
    "of two Swins": content(without_query=True),
    "of two kinds": uneven(),
    "of B alone": content(known=(False, True)),
}


def texts(figure) -> str:
    return "\n".join(t.get_text() for t in figure.findobj(Text) if t.get_text())


def curves(figure) -> list:
    """The lines of the panels that go over the blocks."""
    return [line for axes in figure.axes for line in axes.lines if len(line.get_xdata()) > 2]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("width", [89.0, 183.0])
def test_that_a_figure_has_its_width_fits_a_page_and_clips_no_text(kind, name, width):
    figure = draw_figure(kind, CONTENTS[name], style=FigureStyle(width))
    wide, high = figure.get_size_inches() * 25.4
    assert wide == pytest.approx(width, abs=1e-9)
    assert high <= MAX_HEIGHT_MM
    preview(figure, pixel_width=800)
    renderer = FigureCanvasAgg(figure).get_renderer()
    shown = [t for t in figure.findobj(Text) if t.get_text() and t.get_visible()]
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in shown]
    for words, box in boxes:
        assert box.x0 >= 0, words
        assert box.x1 <= figure.bbox.x1, words
        assert box.y0 >= 0, words
        assert box.y1 <= figure.bbox.y1, words
    for (words, box), (other, another) in combinations(boxes, 2):
        apart = not box.shrunk(1.0, 0.6).overlaps(another.shrunk(1.0, 0.6))
        assert apart, f"{words} | {other}"
    assert figure_bytes(figure, style=STYLE).count(b"/Type3") == 0


def test_that_figures_are_offered_once_something_was_measured():
    assert content().kinds()[-2:] == KINDS
    nothing = DepthContent(depth_scene())
    assert not set(nothing.kinds()) & set(KINDS)
    for kind in KINDS:
        with pytest.raises(BadRequest, match="was not measured"):
            draw_figure(kind, nothing, style=STYLE)


def test_that_what_was_measured_can_be_drawn_before_modes_are_known():
    found = content()
    waiting = tuple(replace(model, blocks=()) for model in found.scene.models)
    early = replace(found, scene=replace(found.scene, models=waiting))
    assert early.kinds() == KINDS
    draw_figure(FigureKind.PREFERENCE, early, style=STYLE)


@pytest.mark.parametrize("without_query", [False, True])
def test_that_preference_has_three_panels_with_a_line_a_model_over_even_attention(without_query):
    found = content(without_query=without_query)
    figure = draw_figure(FigureKind.PREFERENCE, found, style=STYLE)
    assert len(figure.axes) == 3
    for axes, group in zip(figure.axes, Group, strict=True):
        assert axes.get_ylim() == (0.0, 1.0)
        lines = [line for line in axes.lines if len(line.get_xdata()) == 5]
        solid = [line for line in lines if line.get_linestyle() == "-"]
        dashed = [line for line in lines if line.get_linestyle() == "--"]
        measured = found.scene.preference
        (chance,) = dashed
        assert chance.get_ydata() == pytest.approx(measured[0].chance[group])
        assert len(solid) == (4 if without_query else 2)
        for one, known in zip(solid[-2:], measured, strict=True):
            assert one.get_ydata() == pytest.approx(known.curves()[group])
        for one, known, broad in zip(solid[:-2], measured, solid[-2:], strict=False):
            assert one.get_ydata() == pytest.approx(known.curves(without_query=True)[group])
            assert one.get_linewidth() < broad.get_linewidth()
            assert one.get_color() == broad.get_color()
    words = texts(figure)
    for word in ("to the same kind", "to the different", "to the background", "spread evenly"):
        assert word in words
    assert ("without the query’s own patch" in words) == without_query


def test_that_same_object_has_a_line_a_model_over_its_chance():
    found = content()
    figure = draw_figure(FigureKind.SAME_OBJECT, found, style=STYLE)
    (axes,) = figure.axes
    lines = [line for line in axes.lines if len(line.get_xdata()) == 5]
    first = found.scene.same_object[0]
    assert [line.get_linestyle() for line in lines] == ["--", "--", "-", "-"]
    assert lines[0].get_ydata() == pytest.approx(first.chance_curve())
    assert lines[2].get_ydata() == pytest.approx(first.curve())
    assert lines[0].get_color() == lines[2].get_color()
    words = texts(figure)
    assert words.count("tokens: attention input") == 1
    assert "4 images in data/bars, 1 left out" in words
    assert "1 with fewer than two objects do not count" in words
    assert "the best 2 images of each mode" in words


def test_that_stages_are_told_apart():
    two = draw_figure(FigureKind.PREFERENCE, content(), style=STYLE)
    assert "Stage and block" in texts(two)
    places = [line.get_xdata()[0] for line in two.axes[0].lines if len(line.get_xdata()) == 2]
    assert 1.5 in places
    mixed = draw_figure(FigureKind.PREFERENCE, uneven(), style=STYLE)
    assert "first block" in texts(mixed)
    ends = {
        round(float(line.get_xdata()[0]), 6)
        for line in mixed.axes[0].lines
        if len(line.get_xdata()) == 2 and line.get_color() != "#1a1a1a"
    }
    assert ends == {round(0.5 / 3, 6), round(2.5 / 3, 6)}


def test_that_a_model_has_its_colour_though_the_other_is_not_known():
    both, alone = content(), CONTENTS["of B alone"]
    for kind in KINDS:
        second = curves(draw_figure(kind, both, style=STYLE))[-1]
        (*_, last) = curves(draw_figure(kind, alone, style=STYLE))
        assert last.get_color() == second.get_color()


def test_that_the_numbers_are_those_measured():
    found = content()
    drawing = drawing_of(FigureKind.PREFERENCE, found, style=STYLE)
    first, second = found.scene.preference
    assert drawing.columns[:7] == (
        "model", "stage", "block", "depth", "same", "different", "background"
    )  # fmt: skip
    assert len(drawing.rows) == 10
    row = dict(zip(drawing.columns, drawing.rows[7], strict=True))
    assert (row["model"], row["stage"], row["block"]) == ("b.pth", 1, 0)
    assert row["depth"] == pytest.approx(0.5)
    for group in Group:
        assert row[group.value] == second.curves()[group][2]
        alone = second.curves(without_query=True)[group][2]
        assert row[f"{group}_without_query"] == alone
        assert row[f"{group}_chance"] == second.chance[group][2]
    assert drawing.arrays["same_A"].tolist() == first.curves()[Group.SAME].tolist()
    assert drawing.arrays["stage_starts_B"].tolist() == [0, 2]
    drawing = drawing_of(FigureKind.SAME_OBJECT, found, style=STYLE)
    row = dict(zip(drawing.columns, drawing.rows[4], strict=True))
    assert row["probability"] == found.scene.same_object[0].curve()[4]
    assert row["chance"] == found.scene.same_object[0].chance_curve()[4]
    assert drawing.arrays["chance_B"].shape == (5,)


@pytest.mark.parametrize("kind", KINDS)
def test_that_an_export_says_over_what_was_measured(tmp_path, kind):
    provenance = Provenance((), "", {}, "CPU")
    write_export(tmp_path / "f", kind, content(), style=STYLE, provenance=provenance)
    record = json.loads((tmp_path / "f.json").read_text())
    first = record["measured"][0]
    assert (first["model"], first["folder"], first["measured"]) == ("A", "/data/bars", 4)
    assert first["left_out"] == [["broken.png", "The file ends early."]]
    assert first["one_object"] == (["one.png"] if kind is FigureKind.SAME_OBJECT else [])
    assert [model["letter"] for model in record["models"]] == ["A", "B"]
    with (tmp_path / "f.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 10
    compile((tmp_path / "f.py").read_text(), "f.py", "exec")
    assert "float32" in content().precision


def test_that_commands_are_ones_that_are_understood():
    found = content()
    asked = _parser().parse_args(shlex.split(found.command(FigureKind.PREFERENCE))[3:])
    assert (asked.targets, asked.distractors, asked.background) == MASKS[0].folders[1:]
    assert asked.folder == Path("/data/bars")
    wanted = preparation_of(asked).applied(Preparation(), native=False)
    assert replace(wanted, source="") == Preparation((32, 32))
    asked = _parser().parse_args(shlex.split(found.command(FigureKind.SAME_OBJECT))[3:])
    assert (asked.labels, asked.top) == (Path("/labels"), 2)
    assert (asked.space, weights_of(asked)) == (TokenSpace.ATTENTION_INPUT, ModeOptions())
    normed = OptimalOptions(None, ModeOptions(fold_norm=True), TokenSpace.NORMED)
    scene = found.scene
    of_a = replace(same_object(scene.models[0]), options=normed)
    scene = replace(scene, same_object=(of_a, None))
    words = replace(found, scene=scene).command(FigureKind.SAME_OBJECT)
    asked = _parser().parse_args(shlex.split(words)[3:])
    assert (asked.space, weights_of(asked)) == (normed.space, normed.options)
    pair = MaskFolders("preference", Path("/data/bars"), labels=Path("/l"), pair=(3, 1))
    words = replace(found, masks=(pair,)).command(FigureKind.PREFERENCE)
    asked = _parser().parse_args(shlex.split(words)[3:])
    assert (asked.labels, asked.pair) == (Path("/l"), (3, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_that_a_script_says_where_masks_are_missing_and_never_takes_those_of_another_folder(kind):
    others = tuple(replace(masks, images=Path("/other")) for masks in MASKS)
    lines = replace(content(), masks=others).script("f", kind, STYLE)
    assert lines.count("raise SystemExit") == 2
    assert "/other" not in lines
    of_b = CONTENTS["of B alone"].script("f", kind, STYLE)
    assert "raise" not in of_b
    assert of_b.count("letters=['B']") == 1


def test_that_masks_and_label_maps_are_read_from_where_they_are(tmp_path):
    masks = MaskFolders("preference", tmp_path, tmp_path, tmp_path)
    assert isinstance(objects_of(masks), Masks)
    labels = MaskFolders("preference", tmp_path, labels=tmp_path, pair=(2, 5))
    found = objects_of(labels)
    assert isinstance(found, LabelMaps)
    assert found.settings["pair"] == [2, 5]


@pytest.fixture
def folders(tmp_path) -> tuple[CheckpointFile, Path, Path]:
    """A tiny model, images, and label maps with two objects each."""
    checkpoint = CheckpointFile(write_safetensors(tmp_path / "a.safetensors", vit_weights()), 2)
    images, labels = tmp_path / "images", tmp_path / "labels"
    images.mkdir()
    labels.mkdir()
    for seed in range(3):
        random = np.random.default_rng(seed)
        coarse = random.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((16, 16)).save(images / f"{seed}.png")
        found = np.zeros((16, 16), np.uint8)
        found[:8, :8], found[9:, 8:] = 1, 2
        Image.fromarray(found).save(labels / f"{seed}.png")
    return checkpoint, images, labels


@pytest.mark.parametrize("kind", KINDS)
def test_that_the_script_measures_again_and_draws_the_same(folders, tmp_path, monkeypatch, kind):
    checkpoint, images, labels = folders
    plain = computed_scene([checkpoint])
    if kind is FigureKind.PREFERENCE:
        masks = MaskFolders("preference", images, labels=labels, pair=(1, 2))
        scene = with_preference(plain, [checkpoint], masks)
        assert scene.preference[0].images == ("0.png", "1.png", "2.png")
    else:
        masks = MaskFolders("same-object", images, labels=labels)
        scene = with_same_object(plain, [checkpoint], masks, top=2)
        assert scene.same_object[0].measured == 3
    found = DepthContent(scene, checkpoints=(checkpoint,), masks=(masks,))
    style = FigureStyle(format=FigureFormat.PNG, dpi=100)
    save_figure(draw_figure(kind, found, style=style), tmp_path / "f.png", style=style)
    (tmp_path / "f.py").write_text(found.script("f", kind, style))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["f.py"])
    runpy.run_path(str(tmp_path / "f.py"))
    assert (tmp_path / "f-again.png").read_bytes() == (tmp_path / "f.png").read_bytes()
