import numpy as np
from PySide6.QtGui import QImage

from inspector.render.screen_pixels import (
    OPAQUE,
    empty_pixels,
    picture_of,
    pixels_of,
    screen_pixels,
)

COLOURS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


def test_that_a_picture_of_pixels_has_their_colours() -> None:
    np.testing.assert_array_equal(picture_of(pixels_of(COLOURS)), COLOURS)
    assert (pixels_of(COLOURS)[..., 3] == OPAQUE).all()


def test_that_a_picture_is_traced_to_its_pixels_through_further_views() -> None:
    pixels = empty_pixels(5, 7)
    assert screen_pixels(picture_of(pixels)) is pixels
    assert screen_pixels(picture_of(pixels).view()) is pixels


def test_that_parts_and_copies_and_turned_pictures_are_no_pixels_of_a_screen() -> None:
    picture = picture_of(pixels_of(COLOURS))
    for other in (picture.copy(), picture[::-1], picture[:, 1:], picture[..., ::-1], COLOURS):
        assert screen_pixels(other) is None
    assert screen_pixels(pixels_of(COLOURS)[..., :3]) is None


def test_that_the_screen_reads_the_pixels_as_they_are_meant() -> None:
    pixels = pixels_of(COLOURS)
    image = QImage(pixels.data, 7, 5, 28, QImage.Format.Format_RGB32)
    for row, column in np.ndindex(5, 7):
        colour = image.pixelColor(column, row)
        assert [colour.red(), colour.green(), colour.blue()] == COLOURS[row, column].tolist()
