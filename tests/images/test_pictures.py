"""PNG, JPEG, TIFF and their like: depth, transparency, orientation, pages, millimetres."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from inspector.core.errors import BadImage
from inspector.core.images import Plane, Slice, SliceAddress, Window
from inspector.images import open_images
from inspector.images.numbers import as_bytes, as_values

RAMP = np.arange(20).reshape(4, 5)
OPEN_FILES = Path("/proc/self/fd")


def first(path) -> Slice:
    (image,) = open_images(path)
    return image.read(image.middle())


def notes(path) -> str:
    return " ".join(open_images(path)[0].card.notes)


def test_that_bytes_are_shown_as_they_are_stored(tmp_path):
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(tmp_path / "a.png")
    found = first(tmp_path / "a.png")
    np.testing.assert_array_equal(found.shown()[..., 0], np.arange(256).reshape(16, 16))
    assert found.spacing is None


def test_that_a_png_of_16_bits_keeps_them(tmp_path):
    numbers = (RAMP * 3000).astype(np.uint16)
    Image.fromarray(numbers).save(tmp_path / "a.png")
    np.testing.assert_array_equal(first(tmp_path / "a.png").values, numbers)


def test_that_single_bits_are_black_and_white(tmp_path):
    Image.fromarray(RAMP % 2 == 1).save(tmp_path / "a.png")
    found = first(tmp_path / "a.png")
    np.testing.assert_array_equal(found.values, RAMP % 2)
    np.testing.assert_array_equal(found.shown()[..., 0], RAMP % 2 * 255)


def test_that_fractions_keep_their_numbers(tmp_path):
    numbers = (RAMP / 7).astype(np.float32)
    tifffile.imwrite(tmp_path / "a.tif", numbers)
    np.testing.assert_array_equal(first(tmp_path / "a.tif").values, numbers)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_that_a_picture_is_turned_upright_by_its_exif_orientation(tmp_path, orientation):
    turns = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].T,
        8: lambda a: np.rot90(a, -1),
    }
    upright = RAMP.astype(np.uint8)
    stored = np.ascontiguousarray(turns[orientation](upright))
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(first(tmp_path / "a.png").values, upright)
    assert ("EXIF" in notes(tmp_path / "a.png")) == (orientation > 1)
    tifffile.imwrite(tmp_path / "a.tif", stored, extratags=[(274, "H", 1, orientation, True)])
    np.testing.assert_array_equal(first(tmp_path / "a.tif").values, upright)


def test_that_transparency_is_laid_on_black_and_told(tmp_path):
    pixels = np.full((2, 2, 4), 200, np.uint8)
    pixels[..., 3] = [[255, 128], [0, 255]]
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = first(tmp_path / "a.png")
    assert found.values[..., 0].tolist() == [[200, 100], [0, 200]]
    assert "on black" in notes(tmp_path / "a.png")
    Image.fromarray(pixels[..., 2:]).save(tmp_path / "la.png")
    assert first(tmp_path / "la.png").values.tolist() == [[200, 100], [0, 200]]
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=["unassalpha"])
    assert first(tmp_path / "a.tif").values[..., 0].tolist() == [[200, 100], [0, 200]]


def test_that_nothing_is_told_of_transparency_where_nothing_shines_through(tmp_path):
    Image.new("RGBA", (3, 3), (9, 9, 9, 255)).save(tmp_path / "a.png")
    assert notes(tmp_path / "a.png") == ""


def test_that_a_grey_that_stands_for_nothing_is_hidden(tmp_path):
    Image.fromarray(RAMP.astype(np.uint8)).save(tmp_path / "a.png", transparency=7)
    np.testing.assert_array_equal(first(tmp_path / "a.png").hidden, RAMP == 7)


def test_that_a_palette_gives_colour_and_keeps_what_is_clear(tmp_path):
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    image.save(tmp_path / "a.png")
    assert first(tmp_path / "a.png").values[0].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    image.save(tmp_path / "b.png", transparency=1)
    assert first(tmp_path / "b.png").values[0].tolist() == [[255, 0, 0], [0, 0, 0], [0, 0, 255]]


def test_that_printing_colours_become_rgb(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    found = first(tmp_path / "a.jpg")
    assert found.values[4, 4, 0] > 200
    assert found.values[4, 4, 1:].max() < 40
    assert "CMYK" in notes(tmp_path / "a.jpg")


def test_that_the_pictures_of_an_animation_are_slices(tmp_path):
    frames = [Image.new("L", (4, 4), 80 * n) for n in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    (image,) = open_images(tmp_path / "a.gif")
    assert dict(image.card.slices) == {Plane.STORED: 3}
    levels = [int(image.read(SliceAddress(index=n)).shown()[0, 0, 0]) for n in (2, 0, 1)]
    assert levels == [160, 0, 80]


@pytest.mark.parametrize(
    "options",
    [{}, {"tile": (16, 16)}, {"compression": "zlib"}, {"byteorder": ">"}, {"bigtiff": True}],
)
def test_that_deep_numbers_and_pages_of_a_tiff_are_kept(tmp_path, options):
    pages = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5) * 1000
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack", **options)
    (image,) = open_images(tmp_path / "a.tif")
    for index in (2, 0, 1):
        np.testing.assert_array_equal(image.read(SliceAddress(index=index)).values, pages[index])


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_that_pages_of_colour_are_read_planar_or_not(tmp_path, planar):
    colour = np.random.default_rng(0).integers(0, 255, (2, 4, 5, 3)).astype(np.uint8)
    stored = colour if planar == "contig" else colour.transpose(0, 3, 1, 2)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar)
    (image,) = open_images(tmp_path / "a.tif")
    for index in range(2):
        np.testing.assert_array_equal(image.read(SliceAddress(index=index)).values, colour[index])


def test_that_a_tiff_palette_gives_colour(tmp_path):
    table = np.zeros((3, 256), np.uint16)
    table[0, 3] = 65535
    tifffile.imwrite(
        tmp_path / "a.tif", RAMP.astype(np.uint8), photometric="palette", colormap=table
    )
    found = first(tmp_path / "a.tif")
    assert found.values[0, 3].tolist() == [255, 0, 0]
    assert found.values.sum() == 255


def test_that_a_tiff_whose_zero_is_white_is_inverted_and_not_touched(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RAMP.astype(np.uint8), photometric="miniswhite")
    found = first(tmp_path / "a.tif")
    assert found.inverted
    np.testing.assert_array_equal(found.values, RAMP)
    np.testing.assert_array_equal(found.shown()[..., 0], 255 - RAMP)


def test_that_measured_resolutions_are_millimetres_and_those_of_screens_are_not(tmp_path):
    def spacing(**options):
        tifffile.imwrite(tmp_path / "a.tif", RAMP.astype(np.uint8), **options)
        found = first(tmp_path / "a.tif").spacing
        return found and (round(found.rows, 9), round(found.columns, 9))

    assert spacing(resolution=(20, 40), resolutionunit="centimeter") == (0.25, 0.5)
    assert spacing(resolution=(254, 127), resolutionunit="inch") == (0.2, 0.1)
    assert spacing(resolution=(72, 72), resolutionunit="inch") is None
    assert spacing(resolution=(9, 9), resolutionunit="none") is None
    assert spacing() is None


def test_that_imagej_and_ome_tell_the_size_of_a_pixel(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.zeros((3, 4, 5), np.uint16),
        imagej=True,
        resolution=(4, 2),
        metadata={"axes": "ZYX", "unit": "um"},
    )
    found = first(tmp_path / "a.tif").spacing
    assert (found.rows, found.columns) == (0.0005, 0.00025)
    tifffile.imwrite(
        tmp_path / "b.ome.tif",
        np.zeros((3, 4, 5), np.uint16),
        metadata={
            "axes": "ZYX",
            "PhysicalSizeX": 0.5,
            "PhysicalSizeXUnit": "mm",
            "PhysicalSizeY": 250,
            "PhysicalSizeYUnit": "µm",
        },
    )
    found = first(tmp_path / "b.ome.tif").spacing
    assert (found.rows, found.columns) == (0.25, 0.5)


def test_that_all_pictures_of_an_imagej_stack_under_one_page_are_slices(tmp_path):
    pages = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)
    tifffile.imwrite(tmp_path / "a.tif", pages, imagej=True, metadata={"axes": "ZYX"})
    raw = tmp_path / "a.tif"
    with tifffile.TiffFile(raw) as file:
        second = file.pages[0].offset
        order = "little" if file.byteorder == "<" else "big"
        count = int.from_bytes(raw.read_bytes()[second : second + 2], order)
        link = second + 2 + 12 * count
    data = bytearray(raw.read_bytes())
    data[link : link + 4] = bytes(4)
    (tmp_path / "one.tif").write_bytes(data)
    (image,) = open_images(tmp_path / "one.tif")
    assert image.card.slices[Plane.STORED] == 3
    np.testing.assert_array_equal(image.read(SliceAddress(index=2)).values, pages[2])


def test_that_a_page_of_another_size_is_left_out_and_told(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(np.zeros((4, 5), np.uint8))
        file.write(np.zeros((6, 5), np.uint8))
    (image,) = open_images(tmp_path / "a.tif")
    assert image.card.slices[Plane.STORED] == 1
    assert "1 page of another size" in image.card.notes[0]


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="the system does not list open files")
def test_that_many_tiffs_hold_no_file_open(tmp_path):
    for number in range(40):
        tifffile.imwrite(tmp_path / f"{number}.tif", RAMP.astype(np.uint8))
    before = len(list(OPEN_FILES.iterdir()))
    images = open_images(tmp_path)
    images[7].read(images[7].middle())
    assert len(images) == 40
    assert len(list(OPEN_FILES.iterdir())) <= before + 2


def test_that_colours_of_another_kind_are_refused_by_name(tmp_path, shared_data):
    path = shared_data / "images" / "containers" / "pillow" / "lab.tif"
    with pytest.raises(BadImage, match="CIELAB"):
        open_images(path)


def test_that_numbers_are_widened_only_where_they_must_be():
    for kind, width in (("u1", 4), ("i2", 4), ("f4", 4), (">f4", 4), ("f8", 8), ("i4", 8)):
        assert as_values(np.ones(2, kind)).dtype.itemsize == width
    assert as_values(np.array([2**24 + 1], np.int32))[0] == 2**24 + 1


def test_that_colours_of_any_depth_become_bytes():
    assert as_bytes(np.array([0, 65535], np.uint16)).tolist() == [0, 255]
    assert as_bytes(np.array([0.0, 0.5, 1.0])).tolist() == [0, 128, 255]
    assert as_bytes(np.array([0.0, 510.0])).tolist() == [0, 255]
    assert as_bytes(np.array([True, False])).tolist() == [255, 0]
    assert as_bytes(np.array([np.nan, 1.0])).tolist() == [0, 255]


def test_that_the_default_of_bytes_is_their_whole_range(tmp_path):
    Image.fromarray(RAMP.astype(np.uint8)).save(tmp_path / "a.png")
    assert first(tmp_path / "a.png").default_tone() == Window(127.5, 255.0)
