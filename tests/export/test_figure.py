import base64
import html
import io
import re
import subprocess
import sys
import zlib
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.font_manager import FontProperties
from matplotlib.image import imread
from matplotlib.text import Text

from inspector.core.address import Address
from inspector.core.comparison import ComparisonSeries
from inspector.core.errors import BadRequest
from inspector.core.figures import MAX_HEIGHT_MM, FigureFormat, FigureKind, FigureStyle
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.export.comparison_content import KINDS, ComparisonContent
from inspector.export.figure import (
    draw_figure,
    drawing_of,
    figure_bytes,
    png_bytes,
    preview,
)
from inspector.render.heat_map import compose
from inspector.render.maps import block_limits, block_map
from tests import synthetic
from tests.export.conftest import along_input, patterns_of, with_gaps

WIDTHS = (89.0, 120.0, 183.0)
STYLE = FigureStyle()


def saved(figure, style: FigureStyle) -> bytes:
    return figure_bytes(figure, style=style)


def text_boxes(figure) -> list[tuple[str, object]]:
    """Every text that is written, with its box in pixels of the figure."""
    preview(figure, pixel_width=800)
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [t for t in figure.findobj(Text) if t.get_text() and t.get_visible()]
    return [(t.get_text(), t.get_window_extent(renderer)) for t in texts]


def shown_words(figure) -> str:
    return "\n".join(t.get_text() for t in figure.findobj(Text))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_that_every_figure_has_its_width_and_fits_on_a_page(epochs, kind, width) -> None:
    wide, high = draw_figure(
        kind, ComparisonContent(epochs, Selection()), style=FigureStyle(width)
    ).get_size_inches()
    assert wide * 25.4 == pytest.approx(width, abs=1e-9)
    assert high * 25.4 <= MAX_HEIGHT_MM


@pytest.mark.parametrize("kind", KINDS)
def test_that_a_pdf_has_its_size_to_a_hundredth_of_a_mm_and_its_fonts_inside(epochs, kind) -> None:
    style = FigureStyle(89.0)
    figure = draw_figure(kind, ComparisonContent(epochs, Selection()), style=style)
    pdf = saved(figure, style)
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    assert b"CreationDate" not in pdf
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    wide, high = (float(n) / 72 * 25.4 for n in box.groups())
    assert wide == pytest.approx(89.0, abs=0.01)
    assert high == pytest.approx(figure.get_size_inches()[1] * 25.4, abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [89.0, 183.0])
def test_that_no_text_is_clipped_or_smaller_than_five_points(epochs, kind, width) -> None:
    long = replace(epochs.reference, label="work_dirs/" + "a_very_long_name_" * 12 + ".pth")
    series = ComparisonSeries(
        tuple(replace(c, reference=long, compared=replace(long)) for c in epochs.comparisons)
    )
    figure = draw_figure(kind, ComparisonContent(series, Selection()), style=FigureStyle(width))
    boxes = text_boxes(figure)
    assert boxes
    for words, box in boxes:
        assert box.x0 >= 0, words
        assert box.x1 <= figure.bbox.x1, words
        assert box.y0 >= 0, words
        assert box.y1 <= figure.bbox.y1, words
    assert min(t.get_fontsize() for t in figure.findobj(Text) if t.get_text()) >= 5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depths", [(1,), (2, 2, 18, 2), (48,)])
def test_that_no_two_texts_lie_on_each_other(kind, depths) -> None:
    series = ComparisonSeries(
        tuple(
            synthetic.comparison(label=f"epoch_{n}.pth", depths=depths, width=8, heads=2, seed=n)
            for n in (1, 2)
        )
    )
    for width in (WIDTHS[0], WIDTHS[-1]):
        boxes = text_boxes(
            draw_figure(kind, ComparisonContent(series, Selection()), style=FigureStyle(width))
        )
        for i, (words, box) in enumerate(boxes):
            for other, another in boxes[i + 1 :]:
                apart = not box.shrunk(1.0, 0.7).overlaps(another.shrunk(1.0, 0.7))
                assert apart, f"{words} | {other} at {width} mm"


def test_that_text_stays_text_in_an_svg(pair) -> None:
    style = FigureStyle(format=FigureFormat.SVG)
    svg = saved(
        draw_figure(FigureKind.HEAT_MAP, ComparisonContent(pair, Selection()), style=style), style
    ).decode()
    assert ">Query</text>" in svg
    assert "epoch_6.pth" in svg
    assert "DejaVu Sans" in svg
    title = re.search(r"<text style=\"([^\"]*)\"[^>]*>Relative distance: mean", svg).group(1)
    assert "font-weight: 700" in title


@pytest.mark.parametrize("format_", FigureFormat)
@pytest.mark.parametrize("kind", KINDS)
def test_that_a_figure_drawn_twice_is_the_same_to_the_byte(epochs, kind, format_) -> None:
    style = FigureStyle(format=format_, dpi=100)
    patterns = patterns_of(epochs.comparisons[0])
    first, second = (
        saved(
            draw_figure(kind, ComparisonContent(epochs, Selection(), patterns), style=style), style
        )
        for _ in range(2)
    )
    assert first == second


def test_that_settings_of_the_user_do_not_reach_the_figure(pair) -> None:
    plain = saved(
        draw_figure(FigureKind.LINES, ComparisonContent(pair, Selection()), style=STYLE), STYLE
    )
    odd = {"font.size": 30.0, "lines.linewidth": 9.0, "pdf.fonttype": 3, "axes.grid": True}
    with matplotlib.rc_context(odd):
        assert (
            saved(
                draw_figure(FigureKind.LINES, ComparisonContent(pair, Selection()), style=STYLE),
                STYLE,
            )
            == plain
        )
        assert matplotlib.rcParams["font.size"] == 30.0


def test_that_drawing_never_touches_pyplot() -> None:
    code = (
        "import sys; from tests import synthetic;"
        "from inspector.core.figures import *; from inspector.core.selection import Selection;"
        "from inspector.export.figure import draw_figure;"
        "from inspector.export.comparison_content import ComparisonContent;"
        "assert 'matplotlib' not in sys.modules;"
        "content = ComparisonContent(synthetic.series(1), Selection());"
        "draw_figure(FigureKind.LINES, content, style=FigureStyle());"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def cell_colours(figure) -> list[np.ndarray]:
    return [
        (c.get_facecolor() * 255).round().astype(np.uint8)
        for c in figure.findobj(PolyCollection)
        if c.get_paths() and len(c.get_paths()) > 1
    ]


def test_that_the_cells_of_the_figure_have_the_colours_of_the_screen(pair) -> None:
    figure = draw_figure(FigureKind.HEAT_MAP, ComparisonContent(pair, Selection()), style=STYLE)
    values = block_map(pair.comparisons[0], Metric.RELATIVE_DISTANCE)
    screen = compose(values, block_limits(pair, Metric.RELATIVE_DISTANCE))
    np.testing.assert_array_equal(cell_colours(figure)[0], screen.reshape(-1, 4))


def test_that_the_pixels_in_the_file_are_those_composed(pair) -> None:
    style = FigureStyle(format=FigureFormat.PNG, dpi=300)
    figure = draw_figure(FigureKind.HEAT_MAP, ComparisonContent(pair, Selection()), style=style)
    image = (imread(io.BytesIO(saved(figure, style))) * 255).round().astype(np.uint8)
    screen = compose(
        block_map(pair.comparisons[0], Metric.RELATIVE_DISTANCE),
        block_limits(pair, Metric.RELATIVE_DISTANCE),
    )
    axes = figure.axes[0]
    for row in range(screen.shape[0]):
        for column in range(screen.shape[1]):
            x, y = axes.transData.transform((column, row)) * style.dpi / figure.dpi
            pixel = image[image.shape[0] - 1 - int(y), int(x)]
            np.testing.assert_array_equal(pixel[:3], screen[row, column, :3])


def test_that_the_pdf_holds_the_colour_bar_at_its_own_resolution(pair) -> None:
    pdf = saved(
        draw_figure(FigureKind.HEAT_MAP, ComparisonContent(pair, Selection()), style=STYLE), STYLE
    )
    sizes = re.findall(rb"/Subtype /Image\b.*?/Width (\d+).*?/Height (\d+)", pdf, re.DOTALL)
    assert sizes == [(b"1", b"256")]


def test_that_colours_in_the_pdf_are_those_of_the_screen(pair) -> None:
    pdf = saved(
        draw_figure(FigureKind.HEAT_MAP, ComparisonContent(pair, Selection()), style=STYLE), STYLE
    )
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    text = b"".join(_inflated(stream) for stream in streams)
    written = {
        tuple(round(float(n) * 255) for n in found)
        for found in re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) rg", text)
    }
    screen = compose(
        block_map(pair.comparisons[0], Metric.RELATIVE_DISTANCE),
        block_limits(pair, Metric.RELATIVE_DISTANCE),
    )
    assert {tuple(cell.tolist()) for cell in screen.reshape(-1, 4)[:, :3]} <= written


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_that_all_epochs_share_the_colours_of_a_value(epochs) -> None:
    limits = [
        drawing_of(
            FigureKind.HEAT_MAP, ComparisonContent(epochs, Selection(compared=n)), style=STYLE
        ).arrays["limits"]
        for n in range(3)
    ]
    np.testing.assert_array_equal(limits[0], limits[2])


def test_that_the_limits_are_written_on_the_colour_bar(pair) -> None:
    figure = draw_figure(FigureKind.HEAT_MAP, ComparisonContent(pair, Selection()), style=STYLE)
    high = block_limits(pair, Metric.RELATIVE_DISTANCE).high
    labels = [t.get_text() for t in figure.axes[-1].get_yticklabels()]
    assert labels[0] == "0"
    assert float(labels[-1]) == pytest.approx(high, abs=0.0005)


def test_that_a_ragged_head_map_draws_only_heads_that_exist(pair) -> None:
    chosen = Selection(matrix=Matrix.K)
    figure = draw_figure(FigureKind.HEAD_MAP, ComparisonContent(pair, chosen), style=STYLE)
    assert len(cell_colours(figure)[0]) == 2 + 3 * 4


def test_that_a_cell_without_a_value_is_grey_and_said_to_have_none(pair) -> None:
    gaps = ComparisonSeries((with_gaps(pair.comparisons[0]),))
    figure = draw_figure(
        FigureKind.HEAD_MAP, ComparisonContent(gaps, Selection(matrix=Matrix.Q)), style=STYLE
    )
    assert (cell_colours(figure)[0] == (176, 176, 176, 255)).all(axis=1).any()
    assert "no value" in shown_words(figure)
    assert "1 of 4 blocks not compared" in shown_words(figure)
    whole = draw_figure(FigureKind.HEAD_MAP, ComparisonContent(pair, Selection()), style=STYLE)
    assert "no value" not in shown_words(whole)


@pytest.mark.parametrize("kind", KINDS)
def test_that_gaps_and_frozen_blocks_can_be_drawn(pair, kind) -> None:
    frozen = synthetic.comparison(depths=(1, 3), width=12, heads=2, frozen_stages=2)
    for comparison in (with_gaps(pair.comparisons[0]), frozen):
        for metric in (Metric.RELATIVE_DISTANCE, Metric.NORM_RATIO, Metric.NORM_A):
            series, chosen = ComparisonSeries((comparison,)), Selection(metric=metric)
            png_bytes(draw_figure(kind, ComparisonContent(series, chosen), style=STYLE), dpi=72)


def test_that_columns_have_figures_but_no_head_map(pair) -> None:
    series = ComparisonSeries((along_input(pair.comparisons[0]),))
    assert FigureKind.HEAD_MAP not in ComparisonContent(series, Selection()).kinds()
    for kind in ComparisonContent(series, Selection()).kinds():
        figure = draw_figure(kind, ComparisonContent(series, Selection()), style=STYLE)
        assert "head" not in shown_words(figure).lower() or kind is FigureKind.INVARIANT
    with pytest.raises(BadRequest, match="belongs to no head"):
        draw_figure(FigureKind.HEAD_MAP, ComparisonContent(series, Selection()), style=STYLE)


def test_that_only_figures_that_can_be_drawn_are_offered(pair, epochs) -> None:
    assert FigureKind.SERIES not in ComparisonContent(pair, Selection()).kinds()
    assert set(ComparisonContent(epochs, Selection()).kinds()) == set(KINDS)
    bare = tuple(
        replace(b, query_key=np.empty(0), value_output=np.empty(0))
        for b in pair.comparisons[0].blocks
    )
    series = ComparisonSeries((replace(pair.comparisons[0], blocks=bare),))
    assert FigureKind.INVARIANT not in ComparisonContent(series, Selection()).kinds()
    with pytest.raises(BadRequest, match="could not be compared"):
        draw_figure(FigureKind.INVARIANT, ComparisonContent(series, Selection()), style=STYLE)
    empty = ComparisonSeries((replace(pair.comparisons[0], blocks=()),))
    assert ComparisonContent(empty, Selection()).kinds() == ()


def test_that_the_vectors_are_titled_as_on_the_poster_and_separated(pair) -> None:
    chosen = Selection(address=Address(1, 2, 1))
    figure = draw_figure(FigureKind.VECTORS, ComparisonContent(pair, chosen), style=STYLE)
    assert "Stage 1, Block 2: Metrics Comparison" in shown_words(figure)
    first = figure.axes[0]
    solid = [line.get_xdata()[0] for line in first.lines if line.get_linestyle() == "-"]
    assert 23.5 in solid
    assert 47.5 in solid


def test_that_the_vectors_plot_the_four_metrics_over_all_of_q_k_and_v(pair) -> None:
    figure = draw_figure(
        FigureKind.VECTORS, ComparisonContent(pair, Selection(address=Address(1, 0))), style=STYLE
    )
    block = pair.comparisons[0].by_address[Address(1, 0)]
    metrics = (Metric.COSINE_DISTANCE, Metric.EUCLIDEAN, Metric.MSE, Metric.DOT)
    for axes, metric in zip(figure.axes, metrics, strict=True):
        dots = [line for line in axes.lines if line.get_marker() == "o"]
        x = np.concatenate([line.get_xdata() for line in dots])
        y = np.concatenate([line.get_ydata() for line in dots])
        np.testing.assert_array_equal(x, np.arange(72))
        np.testing.assert_array_equal(y, np.concatenate([m[metric] for m in block.matrices]))


def test_that_patterns_say_how_much_lies_between_heads(pair) -> None:
    patterns = patterns_of(pair.comparisons[0])
    chosen = Selection(address=Address(1, 0))
    figure = draw_figure(FigureKind.VECTORS, ComparisonContent(pair, chosen, patterns), style=STYLE)
    assert "η² = 0.04, p = 0.001" in shown_words(figure)


def test_that_zero_vectors_are_counted_in_words(pair) -> None:
    gaps = ComparisonSeries((with_gaps(pair.comparisons[0]),))
    figure = draw_figure(
        FigureKind.VECTORS, ComparisonContent(gaps, Selection(address=Address(1, 0))), style=STYLE
    )
    assert "18 zero vectors have no cosine distance" in shown_words(figure)


def test_that_lines_show_the_mean_of_every_block(pair) -> None:
    figure = draw_figure(FigureKind.LINES, ComparisonContent(pair, Selection()), style=STYLE)
    means = block_map(pair.comparisons[0], Metric.COSINE_DISTANCE)
    lines = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    np.testing.assert_array_equal([line.get_ydata() for line in lines], means)


def test_that_a_metric_that_is_no_panel_yet_takes_the_place_of_the_last(pair) -> None:
    chosen = Selection(metric=Metric.NORM_B)
    words = shown_words(draw_figure(FigureKind.LINES, ComparisonContent(pair, chosen), style=STYLE))
    assert "Norm in B" in words
    assert "Norm ratio" not in words
    assert "Dot product" in words


def test_that_a_series_has_a_line_for_each_epoch_in_each_matrix(epochs) -> None:
    figure = draw_figure(FigureKind.SERIES, ComparisonContent(epochs, Selection()), style=STYLE)
    for axes in figure.axes:
        assert len([line for line in axes.lines if line.get_marker() == "o"]) == 3
    assert "epoch_2.pth" in shown_words(figure)


def test_that_names_with_any_signs_are_written_as_they_are(pair) -> None:
    odd = replace(pair.comparisons[0].compared, label="$\\alpha_1$ 模型\udc80\n.pth")
    series = ComparisonSeries((replace(pair.comparisons[0], compared=odd),))
    figure = draw_figure(FigureKind.HEAT_MAP, ComparisonContent(series, Selection()), style=STYLE)
    png_bytes(figure, dpi=72)
    assert "B $\\alpha_1$ □□□□.pth" in shown_words(figure)


@pytest.mark.parametrize("pixels", [333, 640, 1001])
def test_that_a_preview_has_the_width_asked_for_and_leaves_the_figure_alone(pair, pixels) -> None:
    figure = draw_figure(
        FigureKind.LINES, ComparisonContent(pair, Selection()), style=FigureStyle(89.0)
    )
    before = saved(figure, STYLE)
    picture = preview(figure, pixel_width=pixels)
    wide, high = figure.get_size_inches()
    assert picture.shape[1:] == (pixels, 4)
    assert picture.shape[0] == pytest.approx(pixels * high / wide, abs=1)
    assert (picture[0, 0] == 255).all()
    assert picture.min() < 100
    assert saved(figure, STYLE) == before


def test_that_a_copied_png_knows_its_resolution(pair) -> None:
    png = png_bytes(
        draw_figure(FigureKind.HEAT_MAP, ComparisonContent(pair, Selection()), style=STYLE), dpi=300
    )
    image = imread(io.BytesIO(png))
    assert image.shape[1] == int(183 / 25.4 * 300)
    per_metre = int.from_bytes(png[png.index(b"pHYs") + 4 :][:4], "big")
    assert per_metre == round(300 / 0.0254)


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(compared=5), "no compared model 5"),
        (Selection(compared=-1), "no compared model -1"),
        (Selection(address=Address(7, 0)), "S7 B0 was not compared"),
    ],
)
def test_that_what_is_not_there_is_refused_in_words(pair, selection, words) -> None:
    with pytest.raises(BadRequest, match=words):
        draw_figure(FigureKind.VECTORS, ComparisonContent(pair, selection), style=STYLE)


def test_that_the_font_is_the_one_that_comes_with_matplotlib() -> None:
    from inspector.export.paper import font_of

    font: FontProperties = font_of(7.0)
    assert str(matplotlib.get_data_path()) in str(font.get_file())


def test_that_an_svg_carries_the_fonts_it_is_set_in(pair) -> None:
    from fontTools.ttLib import TTFont

    style = FigureStyle(format=FigureFormat.SVG)
    svg = saved(
        draw_figure(FigureKind.HEAT_MAP, ComparisonContent(pair, Selection()), style=style), style
    ).decode()
    faces = re.findall(r"font-weight: (\w+); src: url\(data:font/woff;base64,([^)]*)\)", svg)
    assert [weight for weight, _ in faces] == ["normal", "bold"]
    texts = html.unescape("".join(re.findall(r"<text [^>]*>([^<]*)</text>", svg)))
    for _, data in faces:
        font = TTFont(io.BytesIO(base64.b64decode(data)))
        assert {ord(sign) for sign in texts} <= set(font.getBestCmap())
