import base64
import csv
import io
import json
import re
import shlex
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from matplotlib.lines import Line2D
from matplotlib.text import Text

from inspector.cli.main import _parser
from inspector.cli.options import preparation_of
from inspector.core.errors import BadRequest
from inspector.core.figures import MAX_HEIGHT_MM, FigureFormat, FigureKind, FigureStyle
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.modes import ModeOptions, Product
from inspector.core.preparation import Preparation
from inspector.core.tokens import Box
from inspector.export.attention_content import AttentionContent
from inspector.export.bundle import write_export
from inspector.export.depth_content import DepthContent
from inspector.export.figure import draw_figure, drawing_of, figure_bytes, preview
from inspector.export.modes_content import ModesContent
from inspector.export.pictures import scale_length
from inspector.render.scenes import (
    attention_picture,
    head_patterns,
    mode_limits,
    mode_picture,
    side_picture,
)
from tests.scenes_by_hand import attention_scene, depth_scene, grid, mode_scene, shown

STYLE = FigureStyle()
CROP = Box(2.0, 1.0, 40.0, 30.0)


def modes_content(style: MapStyle | None = None) -> ModesContent:
    tokens = grid(box=CROP)
    image = shown(tokens)
    scenes = (
        mode_scene(tokens=tokens, image=image),
        mode_scene(letter="B", tokens=tokens, image=image, seed=4),
    )
    strip = tuple(
        mode_scene(tokens=tokens, image=shown(tokens, label=f"x{n}.dcm", seed=n), seed=n)
        for n in range(5)
    )
    return ModesContent(scenes, style or MapStyle(), images=strip)


CONTENTS = {
    "modes": modes_content(),
    "modes shared, smooth, seen": modes_content(
        MapStyle(ColourPair.ORANGE_AZURE, limits="shared", smooth=True, grid=True, seen=True)
    ),
    "attention": AttentionContent(attention_scene(tokens=grid(box=CROP), heads=5)),
    "attention shared": AttentionContent(attention_scene(heads=12), MapStyle(limits="shared")),
    "depth of two": DepthContent(depth_scene(depths=(1, 2))),
    "depth of one": DepthContent(depth_scene(models=1, depths=(10,), baseline=False)),
}
CASES = [
    pytest.param(content, kind, id=f"{name}: {kind}")
    for name, content in CONTENTS.items()
    for kind in content.kinds()
]


def text_boxes(figure) -> list[tuple[str, object]]:
    preview(figure, pixel_width=800)
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [t for t in figure.findobj(Text) if t.get_text() and t.get_visible()]
    return [(t.get_text(), t.get_window_extent(renderer)) for t in texts]


def words_of(figure) -> str:
    return "\n".join(t.get_text() for t in figure.findobj(Text))


def pictures_of(figure) -> list[np.ndarray]:
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.images]


def test_that_every_content_offers_its_figures_and_all_can_be_drawn() -> None:
    assert CONTENTS["modes"].kinds() == (
        FigureKind.MODE,
        FigureKind.MODES,
        FigureKind.RANKED,
        FigureKind.IMAGES,
        FigureKind.MODELS,
    )
    assert CONTENTS["attention"].kinds() == (FigureKind.ATTENTION, FigureKind.PAIR)
    assert CONTENTS["depth of two"].kinds() == (
        FigureKind.DEPTH,
        FigureKind.HISTOGRAM,
        FigureKind.SPECTRA,
    )


@pytest.mark.parametrize(("content", "kind"), CASES)
@pytest.mark.parametrize("width", [89.0, 183.0])
def test_that_a_figure_has_its_width_fits_a_page_and_clips_no_text(content, kind, width) -> None:
    figure = draw_figure(kind, content, style=FigureStyle(width))
    wide, high = figure.get_size_inches() * 25.4
    assert wide == pytest.approx(width, abs=1e-9)
    assert high <= MAX_HEIGHT_MM
    boxes = text_boxes(figure)
    for words, box in boxes:
        assert box.x0 >= 0, words
        assert box.x1 <= figure.bbox.x1, words
        assert box.y0 >= 0, words
        assert box.y1 <= figure.bbox.y1, words
    for (words, box), (other, another) in combinations(boxes, 2):
        apart = not box.shrunk(1.0, 0.6).overlaps(another.shrunk(1.0, 0.6))
        assert apart, f"{words} | {other}"
    assert min(t.get_fontsize() for t in figure.findobj(Text) if t.get_text()) >= 5


@pytest.mark.parametrize(("content", "kind"), CASES[::5])
def test_that_a_pdf_is_the_same_twice_and_has_its_fonts_inside(content, kind) -> None:
    first, second = (
        figure_bytes(draw_figure(kind, content, style=STYLE), style=STYLE) for _ in range(2)
    )
    assert first == second
    assert b"/FontFile2" in first
    assert b"/Type3" not in first


def test_that_the_pixels_in_a_figure_are_those_of_the_screen() -> None:
    content = CONTENTS["modes"]
    scene, style = content.scenes[0], content.style
    drawing = drawing_of(FigureKind.MODE, content, style=STYLE)
    screen = [
        mode_picture(scene, style).picture,
        side_picture(scene, "query", style).picture,
        side_picture(scene, "key", style).picture,
    ]
    drawn = [picture for picture in pictures_of(drawing.figure) if picture.shape[0] > 1]
    for ours, theirs in zip(drawn, screen, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for name, theirs in zip(("overlay", "query_picture", "key_picture"), screen, strict=True):
        np.testing.assert_array_equal(drawing.arrays[name], theirs)


def test_that_an_svg_holds_the_overlay_pixel_for_pixel() -> None:
    content, style = CONTENTS["modes"], FigureStyle(format=FigureFormat.SVG)
    figure = draw_figure(FigureKind.MODE, content, style=style)
    svg = figure_bytes(figure, style=style).decode()
    found = [
        (imread(io.BytesIO(base64.b64decode(data))) * 255).round().astype(np.uint8)[..., :3]
        for data in re.findall(r"data:image/png;base64,\s*([^\"]+)\"", svg)
    ]
    screen = mode_picture(content.scenes[0], content.style).picture
    matches = [f for f in found if f.shape == screen.shape]
    assert any(np.array_equal(f, screen) or np.array_equal(f[::-1], screen) for f in matches)


def test_that_a_pdf_holds_pictures_at_their_own_resolution() -> None:
    figure = draw_figure(FigureKind.MODE, CONTENTS["modes"], style=STYLE)
    pdf = figure_bytes(figure, style=STYLE)
    sizes = re.findall(rb"/Subtype /Image\b.*?/Width (\d+).*?/Height (\d+)", pdf, re.DOTALL)
    times = CONTENTS["modes"].scenes[0].image.enlargement
    assert sizes.count((b"%d" % (36 * times), b"%d" % (48 * times))) == 3


def test_that_a_png_shows_the_colour_of_every_patch() -> None:
    content = CONTENTS["modes"]
    style = FigureStyle(format=FigureFormat.PNG, dpi=300)
    figure = draw_figure(FigureKind.MODE, content, style=style)
    pixels = (imread(io.BytesIO(figure_bytes(figure, style=style))) * 255).round().astype(int)
    screen = mode_picture(content.scenes[0], content.style).picture
    axes = figure.axes[0]
    for row, column in ((10, 9), (24, 20), (40, 14)):
        place = axes.transData.transform((column + 0.5, row + 0.5)) * style.dpi / figure.dpi
        pixel = pixels[pixels.shape[0] - 1 - int(place[1]), int(place[0]), :3]
        np.testing.assert_array_equal(pixel, screen[row, column])


def test_that_a_and_b_are_drawn_between_the_same_limits() -> None:
    content = CONTENTS["modes"]
    drawing = drawing_of(FigureKind.MODELS, content, style=STYLE)
    limits = mode_limits(content.scenes, content.style)
    for n, scene in enumerate(content.scenes):
        expected = mode_picture(scene, content.style, limits).picture
        np.testing.assert_array_equal(drawing.arrays[f"overlay_{n}"], expected)
    np.testing.assert_array_equal(drawing.arrays["limits_0"], drawing.arrays["limits_1"])


def test_that_modes_are_the_first_or_those_that_contribute_most() -> None:
    content, paper = CONTENTS["modes"], FigureStyle(modes=3)
    scene = content.scenes[0]

    def drawn(kind: FigureKind) -> list[int]:
        rows = drawing_of(kind, content, style=paper).rows
        return list(dict.fromkeys(row[5] for row in rows))

    assert drawn(FigureKind.MODES) == [0, 1, 2]
    assert drawn(FigureKind.RANKED) == scene.maps.order(scene.head)[:3].tolist()


def test_that_a_scale_bar_is_as_long_as_it_says() -> None:
    figure = draw_figure(FigureKind.MODE, CONTENTS["modes"], style=STYLE)
    (bar,) = [line for line in figure.findobj(Line2D) if line.get_gid() == "scale bar"]
    length = float(np.ptp(bar.get_xdata()))
    picture = figure.axes[0].get_position().width * 183.0
    across = 36 * 1.1
    assert length / picture * across == pytest.approx(10.0)
    assert "10 mm at the detector plane" in words_of(figure)


@pytest.mark.parametrize(("across", "length"), [(39.6, 10), (300, 100), (6.1, 2), (0.9, 0.2)])
def test_that_a_scale_is_a_round_number_of_at_most_a_third(across, length) -> None:
    assert scale_length(across) == pytest.approx(length)


def test_that_a_picture_has_its_physical_shape() -> None:
    figure = draw_figure(FigureKind.MODE, CONTENTS["modes"], style=STYLE)
    box = figure.axes[0].get_position()
    wide, high = figure.get_size_inches()
    assert box.height * high / (box.width * wide) == pytest.approx(48 * 0.8 / (36 * 1.1))


def test_that_an_image_without_a_known_size_has_no_scale_and_says_so() -> None:
    tokens = grid()
    scene = mode_scene(tokens=tokens, image=shown(tokens, spacing=False))
    figure = draw_figure(FigureKind.MODE, ModesContent((scene,)), style=STYLE)
    assert not [line for line in figure.findobj(Line2D) if line.get_gid() == "scale bar"]
    assert "the pixel size is not known" in words_of(figure)


def test_that_remarks_name_window_preparation_tokens_and_smoothing() -> None:
    words = words_of(draw_figure(FigureKind.MODE, CONTENTS["modes"], style=STYLE))
    assert "window: centre 500, width 900" in words
    assert "input: 32 × 24, squashed" in words
    assert "tokens: attention input" in words
    assert "smoothed" not in words
    assert {"A", "L", "P", "R"} <= set(words.splitlines())
    smooth = CONTENTS["modes shared, smooth, seen"]
    assert "smoothed" in words_of(draw_figure(FigureKind.MODE, smooth, style=STYLE))


def test_that_attention_is_drawn_for_the_head_and_for_all_heads() -> None:
    content = CONTENTS["attention"]
    drawing = drawing_of(FigureKind.ATTENTION, content, style=STYLE)
    pictures = pictures_of(drawing.figure)
    expected = attention_picture(content.scene, content.style).picture
    np.testing.assert_array_equal(pictures[0], expected)
    thumbs = [p for p in pictures if p.shape == (4, 3, 3)]
    for ours, theirs in zip(thumbs, head_patterns(content.scene, content.style), strict=True):
        np.testing.assert_array_equal(ours, theirs.picture)


def test_that_the_sum_of_a_pair_is_printed_and_its_parts_are_in_the_table() -> None:
    content = CONTENTS["attention"]
    drawing = drawing_of(FigureKind.PAIR, content, style=STYLE)
    words = words_of(drawing.figure)
    assert "sum +0.8000   score of the model +0.8000" in words
    assert "+0.9000" in words
    parts = {row[0]: row[2] for row in drawing.rows if row[0] != "mode"}
    assert parts["key with query bias"] == -0.4
    modes = [row[2] for row in drawing.rows if row[0] == "mode"]
    np.testing.assert_array_equal(modes, content.scene.pair.contributions)
    bars = [p.get_height() for p in drawing.figure.axes[-1].patches]
    np.testing.assert_allclose(bars, [*modes, 0.25, -0.4, 0.05])


def test_that_a_pair_without_a_score_has_no_figure_but_its_reason() -> None:
    scene = attention_scene()
    apart = replace(scene.pair, reason="The two tokens lie in different windows.")
    content = AttentionContent(replace(scene, pair=apart))
    assert content.kinds() == (FigureKind.ATTENTION,)
    with pytest.raises(BadRequest, match="different windows"):
        draw_figure(FigureKind.PAIR, content, style=STYLE)


def test_that_nothing_is_offered_before_there_are_maps() -> None:
    assert ModesContent((replace(mode_scene(), maps=None),)).kinds() == ()


def test_that_depth_plots_curves_baseline_and_difference() -> None:
    content = CONTENTS["depth of two"]
    drawing = drawing_of(FigureKind.DEPTH, content, style=STYLE)
    first, relative, between = drawing.figure.axes
    curves = [line.get_ydata() for line in first.lines if line.get_marker() == "o"]
    expected = [model.curve() for model in content.scene.models]
    np.testing.assert_array_equal(curves, expected)
    (shown_difference,) = [line for line in between.lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(shown_difference.get_ydata(), expected[1] - expected[0])
    lower = [line.get_ydata() for line in relative.lines if line.get_marker() == "o"]
    baseline = content.scene.anisotropy[0].values
    np.testing.assert_array_equal(lower, [curve - baseline for curve in expected])
    assert "95 % of single random modes" in words_of(drawing.figure)


def test_that_models_of_different_depth_share_an_axis_from_first_to_last_block() -> None:
    scene = depth_scene(models=2, baseline=False)
    deeper = depth_scene(models=1, depths=(5,), baseline=False)
    mixed = replace(scene, models=(scene.models[0], deeper.models[0]))
    figure = draw_figure(FigureKind.DEPTH, DepthContent(mixed), style=STYLE)
    assert len(figure.axes) == 1
    lines = [line.get_xdata() for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [line[-1] for line in lines] == [1.0, 1.0]
    assert "last block" in words_of(figure)


@pytest.mark.parametrize(("content", "kind"), CASES[::3])
def test_that_numbers_provenance_and_script_lie_beside_a_figure(
    content, kind, provenance, tmp_path
) -> None:
    style = FigureStyle(format=FigureFormat.SVG)
    write_export(tmp_path / "f", kind, content, style=style, provenance=provenance)
    drawing = drawing_of(kind, content, style=style)
    with np.load(tmp_path / "f.npz", allow_pickle=False) as found:
        assert set(found) == set(drawing.arrays)
        for name, array in drawing.arrays.items():
            np.testing.assert_array_equal(found[name], array)
    with (tmp_path / "f.csv").open(newline="") as stream:
        header, *rows = csv.reader(stream)
    assert tuple(header) == drawing.columns
    assert len(rows) == len(drawing.rows)
    record = json.loads((tmp_path / "f.json").read_text())
    assert record["figure"]["kind"] == kind.value
    assert record["figure"]["width_mm"] == 183.0
    assert record["models"][0]["label"] == "a.pth"
    compile((tmp_path / "f.py").read_text(), "f.py", "exec")


def test_that_the_record_says_which_slice_window_preparation_and_limits(
    provenance, tmp_path
) -> None:
    content = CONTENTS["modes"]
    write_export(tmp_path / "f", FigureKind.MODE, content, style=STYLE, provenance=provenance)
    record = json.loads((tmp_path / "f.json").read_text())
    (image,) = record["images"]
    assert (image["slice"], image["window"]) == (1, "centre 500, width 900")
    assert image["input"]["box_on_image"] == {"top": 2, "left": 1, "height": 40, "width": 30}
    assert image["spacing"]["where"] == "at the detector plane"
    limits = mode_limits(content.scenes[:1], content.style)
    assert record["figure"]["limits"] == [list(limits.query), list(limits.key)]


def test_that_commands_name_what_is_looked_at() -> None:
    words = CONTENTS["modes"].command(FigureKind.MODE)
    assert words.startswith("python -m inspector maps /models/a.pth /images/x.dcm --at S0B1H1")
    assert "--mode 2 --space attention-input" in words
    assert "--slice 1 --window=500.0,900.0 --size 32x24 --fit squash" in words
    assert "--squash-share 1.0" in words
    words = CONTENTS["attention"].command(FigureKind.PAIR)
    assert "--at S0B1H1 --token 1,1 --key 2,0" in words
    words = CONTENTS["depth of two"].command(FigureKind.SPECTRA)
    assert words == "python -m inspector modes /models/a.pth --product qk --out figures"


def test_that_small_differences_are_written_with_their_power_of_ten() -> None:
    scene = depth_scene(baseline=False)
    nearly = tuple(
        replace(block, cosine=block.cosine + 1e-4 * n)
        for n, block in enumerate(scene.models[0].blocks, start=1)
    )
    second = replace(scene.models[1], blocks=nearly)
    close = DepthContent(replace(scene, models=(scene.models[0], second)))
    assert "×10⁻⁴" in words_of(draw_figure(FigureKind.DEPTH, close, style=STYLE))


def test_that_a_window_is_told_where_the_token_does_not_see_all() -> None:
    scene = attention_scene()
    visible = np.zeros(scene.attention.grid.shape, dtype=bool)
    visible[:2, :2] = True
    windowed = replace(scene, attention=replace(scene.attention, visible=visible))
    figure = draw_figure(FigureKind.ATTENTION, AttentionContent(windowed), style=STYLE)
    assert "inside its window of 4 patches" in words_of(figure)


def test_that_the_command_of_an_anisotropy_is_one_that_is_understood() -> None:
    """Of folded weights and a changed preparation too."""
    scene = depth_scene(baseline=True)
    made = Preparation((32, 48), "crop", 0.8, mean=(0.1, 0.2, 0.3))
    folded = tuple(
        replace(model, options=ModeOptions(Product.OV, fold_norm=True)) for model in scene.models
    )
    known = tuple(replace(one, preparation=made) for one in scene.anisotropy if one is not None)
    content = DepthContent(replace(scene, models=folded, anisotropy=known), folder=Path("/images"))
    words = shlex.split(content.command(FigureKind.DEPTH))[3:]
    asked = _parser().parse_args(words)
    assert asked.fold_ln
    assert asked.product is Product.OV
    wanted = preparation_of(asked)
    assert replace(wanted.applied(Preparation(), native=False), source="") == made
    compile(content.script("f", FigureKind.DEPTH, STYLE), "f.py", "exec")
    assert "float32" in content.precision
