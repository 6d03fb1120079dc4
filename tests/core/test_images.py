"""Windows, tables, and what a slice looks like."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing

from inspector.core.errors import BadRequest
from inspector.core.images import (
    CT_PRESETS,
    Edges,
    ImageCard,
    Plane,
    Preset,
    Slice,
    Spacing,
    ToneTable,
    Window,
)

LEVELS = np.arange(-300, 4000, dtype=np.int16)


def by_pydicom(values: np.ndarray, window: Window) -> np.ndarray:
    """Grey from 0 to 1 by pydicom's own windowing."""
    source = Dataset()
    source.PhotometricInterpretation = "MONOCHROME2"
    source.BitsStored, source.PixelRepresentation = 16, 1
    source.WindowCenter, source.WindowWidth = window.centre, window.width
    source.VOILUTFunction = window.function.upper()
    with np.errstate(over="ignore"):
        return (apply_windowing(values, source) + 32768) / 65535


@pytest.mark.parametrize("function", ["linear", "linear_exact", "sigmoid"])
@pytest.mark.parametrize(
    ("centre", "width"), [(40, 400), (128.5, 255), (0, 1), (1000, 2), (7.5, 3)]
)
def test_that_windows_are_those_of_dicom(function, centre, width):
    window = Window(centre, width, function)
    np.testing.assert_allclose(window.apply(LEVELS), by_pydicom(LEVELS, window), atol=2e-5)


def test_that_the_ends_of_a_linear_window_are_those_of_the_standard():
    """PS3.3 C.11.2.1.2.1: up to c - 0.5 - (w-1)/2 black, above c - 0.5 + (w-1)/2 white."""
    window = Window(2048, 4096, "linear")
    assert (window.low, window.high) == (0.0, 4095.0)
    assert window.apply(np.array([0.0, 4095.0])).tolist() == [0.0, 1.0]
    exact = Window(2048, 4096)
    assert (exact.low, exact.high) == (0.0, 4096.0)
    one = Window(5, 1, "linear")
    assert one.apply(np.array([4.5, 4.6, 5.0])).tolist() == [0.0, 1.0, 1.0]


@given(
    st.floats(-5000, 5000),
    st.floats(1, 9000),
    st.sampled_from(["linear", "linear_exact", "sigmoid"]),
)
def test_that_grey_grows_with_the_value_and_stays_between_black_and_white(centre, width, function):
    grey = Window(centre, width, function).apply(np.linspace(-9000, 9000, 401))
    assert grey.dtype == np.float32
    assert grey.min() >= 0
    assert grey.max() <= 1
    assert (np.diff(grey) >= 0).all()


@pytest.mark.parametrize(
    ("centre", "width", "function"),
    [
        (0, 0, "linear_exact"),
        (0, -1, "linear_exact"),
        (0, 0.5, "linear"),
        (np.nan, 1, "linear_exact"),
        (0, np.inf, "sigmoid"),
    ],
)
def test_that_a_window_that_shows_nothing_is_refused(centre, width, function):
    with pytest.raises(BadRequest, match="shows nothing"):
        Window(centre, width, function)


def test_that_a_table_holds_beyond_its_ends():
    table = ToneTable(10, np.array([0.1, 0.5, 0.9], np.float32), "NORMAL")
    grey = table.apply(np.array([-5, 10, 11, 12, 99]))
    np.testing.assert_allclose(grey, [0.1, 0.1, 0.5, 0.9, 0.9], rtol=1e-6)
    assert table.words == "table of the file: NORMAL"


def test_that_what_is_hidden_is_black_and_left_out_of_the_window():
    values = np.arange(100, dtype=np.float32).reshape(10, 10)
    values[0, 0] = 1e6
    hidden = values > 1e5
    picture = Slice(values, hidden=hidden)
    assert picture.default_tone().high < 100
    assert picture.shown()[0, 0].tolist() == [0, 0, 0]
    assert picture.visible().size == 99


def test_that_high_values_are_dark_where_a_picture_is_inverted():
    values = np.array([[0, 255]], np.float32)
    assert Slice(values, inverted=True).shown(Window(127.5, 255))[0, :, 0].tolist() == [255, 0]
    hidden = np.array([[True, False]])
    assert Slice(values, hidden=hidden, inverted=True).shown()[0, 0].tolist() == [0, 0, 0]


def test_that_the_first_preset_is_the_default():
    tone = Window(40, 400)
    assert Slice(np.zeros((2, 2)), presets=(Preset("A", tone),)).default_tone() is tone


def test_that_a_constant_or_an_empty_of_numbers_picture_can_be_shown():
    assert Slice(np.full((2, 2), 7.0)).shown().tolist() == np.full((2, 2, 3), 128).tolist()
    nothing = np.full((2, 2), np.nan)
    assert Slice(nothing, hidden=np.isnan(nothing)).shown().max() == 0


def test_that_a_colour_is_shown_as_it_is():
    colour = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    np.testing.assert_array_equal(Slice(colour).shown(Window(0, 1)), np.arange(12).reshape(2, 2, 3))


def test_that_a_size_in_mm_follows_the_spacing():
    spacing = Spacing(2.0, 0.5, "PixelSpacing")
    assert Slice(np.zeros((4, 6)), spacing=spacing).size_mm == (8.0, 3.0)
    assert Slice(np.zeros((4, 6))).size_mm == (4.0, 6.0)


def test_that_pictures_cannot_be_changed():
    picture = Slice(np.zeros((2, 2)), hidden=np.zeros((2, 2), bool))
    for array in (picture.values, picture.hidden):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


@pytest.mark.parametrize("shape", [(0, 3), (3,), (2, 2, 4)])
def test_that_what_is_no_picture_is_refused(shape):
    with pytest.raises(BadRequest):
        Slice(np.zeros(shape))


def test_that_a_mask_of_another_shape_is_refused():
    with pytest.raises(BadRequest, match="mask"):
        Slice(np.zeros((2, 2)), hidden=np.zeros((3, 2), bool))


@pytest.mark.parametrize("size", [0.0, -1.0, np.nan])
def test_that_a_spacing_that_is_none_is_refused(size):
    with pytest.raises(BadRequest):
        Spacing(1.0, size, "PixelSpacing")


def test_that_the_presets_of_ct_are_six_with_windows_of_their_own():
    assert len({preset.tone.words for preset in CT_PRESETS}) == 6
    assert Window(40, 400).words == "centre 40, width 400"


def test_that_a_card_lists_its_planes_in_order():
    card = ImageCard("a", "a", "NIfTI-1", slices={Plane.AXIAL: 3, Plane.CORONAL: 4})
    assert card.planes == (Plane.AXIAL, Plane.CORONAL)
    assert Edges("A", "L", "P", "R").left == "R"
