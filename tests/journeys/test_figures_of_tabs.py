"""Every figure of every tab, from the window: the one looked at is offered first."""

from dataclasses import replace

import numpy as np
import pytest

from inspector.core.figures import ExportRequest, FigureFormat, FigureKind, FigureStyle
from inspector.core.modes import Product

OF_MODES = (
    FigureKind.MODE, FigureKind.MODES, FigureKind.RANKED, FigureKind.IMAGES, FigureKind.MODELS,
)  # fmt: skip
OF_DEPTH = (FigureKind.DEPTH, FigureKind.HISTOGRAM, FigureKind.SPECTRA)


@pytest.fixture
def looking(pair, seen):
    """Two models on two pictures and a volume, each image run; a pair of tokens is chosen."""
    pair.window.show_tab("modes")
    for position in (2, 1, 0):
        pair.session.choose_image(position)
        seen(pair)
    pair.session.select(replace(pair.session.selection, token=6, key=10))
    seen(pair)
    return pair


def written(program, seen, kind, folder, **style) -> dict[str, np.ndarray]:
    """The numbers of a figure that the window writes."""
    program.exporting.export(ExportRequest(kind, FigureStyle(**style), folder / kind.value))
    seen(program)
    made = {path.suffix for path in folder.iterdir() if path.stem == kind.value}
    assert made == {".pdf", ".csv", ".npz", ".json", ".py"}
    with np.load(folder / f"{kind.value}.npz") as numbers:
        return dict(numbers)


def offered(program) -> tuple[FigureKind, tuple[FigureKind, ...]]:
    """Which figure the dialog begins with, and all that it offers."""
    program.window.commands["export"].trigger()
    dialog = program.figures.dialog
    found = dialog.request.kind, tuple(program.exporting.kinds())
    dialog.reject()
    return found


def pixels(pane) -> np.ndarray:
    return pane.picture.pixels


def test_that_all_figures_of_modes_are_written_and_the_one_looked_at_comes_first(
    looking, seen, tmp_path
):
    assert offered(looking) == (FigureKind.MODE, OF_MODES)
    view = looking.window.modes
    for kind in OF_MODES:
        numbers = written(looking, seen, kind, tmp_path)
        assert numbers
    view.beside.click()
    seen(looking)
    assert offered(looking)[0] is FigureKind.MODELS


@pytest.mark.parametrize("change", [{}, {"flipped": True}, {"seen": True}, {"smooth": True}])
def test_that_overlay_and_maps_are_the_same_pixels_on_the_screen_and_in_the_file(
    looking, seen, tmp_path, change
):
    looking.session.set_style(replace(looking.session.style, opacity=0.8, **change))
    seen(looking)
    pictures = looking.window.modes.pictures
    numbers = written(looking, seen, FigureKind.MODE, tmp_path)
    np.testing.assert_array_equal(pixels(pictures.overlay), np.squeeze(numbers["overlay"]))
    np.testing.assert_array_equal(pixels(pictures.sides["query"]), numbers["query_picture"])
    np.testing.assert_array_equal(pixels(pictures.sides["key"]), numbers["key_picture"])


def test_that_a_beside_b_is_the_same_pixels_on_the_screen_and_in_the_file(looking, seen, tmp_path):
    looking.session.set_style(replace(looking.session.style, limits="shared"))
    view = looking.window.modes
    view.beside.click()
    seen(looking)
    numbers = written(looking, seen, FigureKind.MODELS, tmp_path)
    for place, side in enumerate((view.pictures, view.other_pictures)):
        np.testing.assert_array_equal(pixels(side.overlay), numbers[f"overlay_{place}"])


def test_that_the_attention_of_a_token_is_the_same_pixels_on_the_screen_and_in_the_file(
    looking, seen, tmp_path
):
    looking.window.show_tab("attention")
    seen(looking)
    both = (FigureKind.ATTENTION, FigureKind.PAIR)
    assert offered(looking) == (FigureKind.ATTENTION, both)
    view = looking.window.attention
    numbers = written(looking, seen, FigureKind.ATTENTION, tmp_path)
    np.testing.assert_array_equal(pixels(view.overlay), numbers["overlay"])
    np.testing.assert_array_equal(pixels(view.pattern), numbers["pattern_picture"])
    np.testing.assert_array_equal(numbers["pattern"], view.scene.attention.pattern)


def test_that_the_pair_is_offered_first_where_it_is_looked_at_and_its_terms_are_written(
    looking, seen, tmp_path
):
    looking.window.show_tab("attention")
    seen(looking)
    view = looking.window.attention
    view.pair.frame.setFocus()
    assert offered(looking)[0] is FigureKind.PAIR
    numbers = written(looking, seen, FigureKind.PAIR, tmp_path)
    shown = view.scene.pair
    np.testing.assert_array_equal(numbers["contributions"], shown.contributions)
    assert list(numbers["term_names"]) == list(shown.terms)


def test_that_all_figures_of_depth_are_written_and_the_part_looked_at_comes_first(
    looking, seen, tmp_path
):
    looking.window.show_tab("depth")
    seen(looking)
    view = looking.window.over_depth
    for part, kind in zip((view.heads, view.histograms, view.spectra), OF_DEPTH, strict=True):
        view.tabs.setCurrentWidget(part)
        assert offered(looking) == (kind, OF_DEPTH)
        numbers = written(looking, seen, kind, tmp_path)
        assert numbers
    modes = looking.picturing.scenes.depth().models[0]
    with np.load(tmp_path / "depth.npz") as numbers:
        np.testing.assert_array_equal(numbers["weighted_cosine_A"], modes.curve())


def test_that_figures_of_value_and_output_say_so(looking, seen, tmp_path):
    looking.window.commands[f"product_{Product.OV}"].trigger()
    seen(looking)
    numbers = written(looking, seen, FigureKind.MODE, tmp_path)
    shown = pixels(looking.window.modes.pictures.overlay)
    np.testing.assert_array_equal(shown, np.squeeze(numbers["overlay"]))
    assert '"ov"' in (tmp_path / "mode.json").read_text()


def test_that_the_number_of_modes_of_the_last_figure_is_offered_again(looking, seen, tmp_path):
    looking.figures.open_dialog()
    style = FigureStyle(format=FigureFormat.PNG, modes=3)
    request = ExportRequest(FigureKind.MODES, style, tmp_path / "modes")
    looking.figures.dialog.export_asked.emit(request)
    looking.figures.dialog.accept()
    seen(looking)
    looking.figures.open_dialog()
    assert looking.figures.dialog.request.style.modes == 3
    looking.figures.dialog.reject()
    seen(looking)
