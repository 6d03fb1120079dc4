"""Which objects the pixels of a picture belong to, from label maps and masks of every kind."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from PIL import Image

from inspector.core.collection import Member
from inspector.core.errors import BadImage, BadRequest
from inspector.core.images import Plane, SliceAddress
from inspector.core.objects import BACKGROUND, DISTRACTOR, TARGET, UNLABELLED
from inspector.images.collection import list_folder
from inspector.images.fingerprints import Fingerprints
from inspector.images.objects import LabelMaps, Masks
from tests.images.making import nifti, series

SHAPE = (40, 60)
ROWS, COLUMNS = np.mgrid[0:40, 0:60]


def member(name="a.png", at=None):
    return Member(name, (name.partition("#")[0],), at=at or SliceAddress())


def disc(row=20, column=20, radius=9):
    return (ROWS - row) ** 2 + (COLUMNS - column) ** 2 <= radius**2


def blobs(*values):
    """Discs side by side, of these numbers."""
    found = np.zeros(SHAPE, np.int64)
    for place, value in enumerate(values):
        found[disc(20, 8 + 14 * place, 6)] = value
    return found


def soft(mask):
    """White on black, resized to a third and back, so that edges are ramps."""
    white = Image.fromarray(mask.astype(np.uint8) * 255)
    small = white.resize((20, 13), Image.Resampling.BILINEAR)
    return np.asarray(small.resize(SHAPE[::-1], Image.Resampling.BILINEAR))


def save(folder, name, numbers, **options):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".npy"):
        np.save(path, numbers)
    elif name.endswith((".tif", ".tiff")):
        tifffile.imwrite(path, numbers, **options)
    else:
        Image.fromarray(numbers).save(path, **options)
    return path


def labels(folder, shape=SHAPE, pair=None, of=None):
    return LabelMaps(folder, pair).of(of or member(), shape).labels


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("a.png", np.uint8, (1, 2, 7)),
        ("a.png", np.uint8, (1, 255, 128)),
        ("a.PNG", np.uint8, (255,)),
        ("a.png", np.uint16, (1, 300, 65535)),
        ("a.tif", np.uint8, (3, 4)),
        ("a.tiff", np.uint32, (3, 70_000, 2**31 - 1)),
        ("a.tif", np.float32, (1, 2)),
        ("a.npy", np.int64, (5, 100_000)),
        ("a.npy", np.int8, (5, 6)),
        ("a.bmp", np.uint8, (9, 10)),
    ],
)
def test_that_labels_are_the_numbers_stored(tmp_path, name, kind, values):
    numbers = blobs(*values).astype(kind)
    save(tmp_path, name, numbers)
    found = LabelMaps(tmp_path).of(member(), SHAPE)
    np.testing.assert_array_equal(found.labels, numbers.astype(np.int64))
    assert found.values() == tuple(sorted(values))


def test_that_of_a_palette_the_places_count_not_the_colours(tmp_path):
    numbers = blobs(1, 2, 3).astype(np.uint8)
    image = Image.fromarray(numbers, "P")
    image.putpalette([10, 10, 10, 200, 0, 0, 200, 0, 0, 1, 1, 1])
    image.save(tmp_path / "a.png", transparency=0)
    np.testing.assert_array_equal(labels(tmp_path), numbers)
    (tmp_path / "a.png").unlink()
    tifffile.imwrite(
        tmp_path / "a.tif", numbers, photometric="palette", colormap=np.zeros((3, 256), np.uint16)
    )
    np.testing.assert_array_equal(labels(tmp_path), numbers)


def test_that_a_single_bit_is_object_one(tmp_path):
    Image.fromarray(disc()).save(tmp_path / "a.png")
    np.testing.assert_array_equal(labels(tmp_path), disc().astype(int))


def test_that_distinct_colours_are_distinct_objects(tmp_path):
    places = blobs(1, 2, 3, 4)
    colours = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255], [255, 255, 255], [1, 2, 3]], np.uint8)
    save(tmp_path, "a.png", colours[places])
    numbers = np.array([0, 0xFF0000, (1 << 24) + 255, 255, 0x010203])
    np.testing.assert_array_equal(labels(tmp_path), numbers[places])
    alpha = np.full((*SHAPE, 1), 255, np.uint8)
    save(tmp_path, "a.png", np.concatenate([colours[places], alpha], axis=2))
    np.testing.assert_array_equal(labels(tmp_path), numbers[places])
    alpha[places == 1] = 0
    save(tmp_path, "a.png", np.concatenate([colours[places], alpha], axis=2))
    numbers[1] = 0
    np.testing.assert_array_equal(labels(tmp_path), numbers[places])


def test_that_a_grey_has_one_label_in_grey_and_in_colour(tmp_path):
    grey = blobs(255, 128).astype(np.uint8)
    save(tmp_path, "a.png", np.repeat(grey[..., None], 3, axis=2))
    np.testing.assert_array_equal(labels(tmp_path), grey)


@pytest.mark.parametrize("radius", [6, 9, 12])
def test_that_soft_edges_of_a_mask_are_cut_at_half(tmp_path, radius):
    ramp = soft(disc(radius=radius))
    assert np.unique(ramp).size > 8
    save(tmp_path, "a.png", ramp)
    np.testing.assert_array_equal(labels(tmp_path), np.where(ramp >= 128, 255, 0))


@pytest.mark.parametrize("radius", [2, 3, 4])
def test_that_a_mask_with_hardly_more_than_edges_is_refused(tmp_path, radius):
    save(tmp_path, "a.png", soft(disc(radius=radius)))
    with pytest.raises(BadImage, match=r"soft edges|a picture"):
        labels(tmp_path)


def test_that_a_straight_edge_resized_is_soft_too(tmp_path):
    mask = np.zeros((20, 30), np.uint8)
    mask[5:15, 10:20] = 255
    ramp = np.asarray(Image.fromarray(mask).resize((60, 40), Image.Resampling.BILINEAR))
    assert set(np.unique(ramp)) > {0, 64, 191, 255}
    save(tmp_path, "a.png", ramp)
    np.testing.assert_array_equal(labels(tmp_path), np.where(ramp >= 128, 255, 0))


def test_that_a_coloured_mask_keeps_its_colour_where_its_edges_are_cut(tmp_path):
    colour = np.zeros((*SHAPE, 3), np.uint8)
    colour[..., 1] = soft(disc())
    save(tmp_path, "a.png", colour)
    np.testing.assert_array_equal(labels(tmp_path), np.where(colour[..., 1] >= 128, 0xFF00, 0))


@pytest.mark.parametrize("quality", [30, 75, 95])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_that_a_mask_packed_as_jpeg_is_the_mask(tmp_path, quality, mode):
    mask = disc()
    image = Image.fromarray(mask.astype(np.uint8) * 255).convert(mode)
    image.save(tmp_path / "a.jpg", quality=quality)
    found = labels(tmp_path)
    assert set(np.unique(found)) == {0, 255}
    assert ((found > 0) != mask).mean() < 0.01
    # Saved again without loss it still has the traces of the packing.
    with Image.open(tmp_path / "a.jpg") as lossy:
        lossy.load()
    (tmp_path / "a.jpg").unlink()
    lossy.save(tmp_path / "a.png")
    np.testing.assert_array_equal(labels(tmp_path), found)


def test_that_an_empty_and_a_full_jpeg_are_masks(tmp_path):
    for level, expected in ((0, 0), (255, 255)):
        save(tmp_path, "a.jpg", np.full(SHAPE, level, np.uint8))
        assert set(np.unique(labels(tmp_path))) == {expected}


@pytest.mark.parametrize("values", [(60, 128, 255), (128,), (85, 170)])
def test_that_a_lossy_map_of_more_than_two_levels_is_refused(tmp_path, values):
    save(tmp_path, "a.jpg", blobs(*values).astype(np.uint8), quality=80)
    with pytest.raises(BadImage, match="soft edges between more than two levels"):
        labels(tmp_path)


def test_that_labels_resized_with_ramps_between_them_are_refused(tmp_path):
    small = Image.fromarray(blobs(85, 170, 255).astype(np.uint8)[::3, ::3].copy())
    save(tmp_path, "a.png", np.asarray(small.resize((60, 40), Image.Resampling.BICUBIC)))
    with pytest.raises(BadImage, match=r"soft edges|a picture"):
        labels(tmp_path)


@pytest.mark.parametrize("thickness", [1, 2, 5])
def test_that_thin_objects_between_black_and_white_are_objects(tmp_path, thickness):
    numbers = np.zeros(SHAPE, np.uint8)
    numbers[disc()] = 255
    numbers[:, 45 : 45 + thickness] = 7
    numbers[35 : 35 + thickness] = 9
    save(tmp_path, "a.png", numbers)
    np.testing.assert_array_equal(labels(tmp_path), numbers)


@pytest.mark.parametrize("count", [3, 40, 255])
def test_that_many_instances_that_touch_are_kept_apart(tmp_path, count):
    generator = np.random.default_rng(count)
    seeds = generator.uniform(0, 1, (count, 2)) * (200, 200)
    rows, columns = np.mgrid[0:200, 0:200]
    distance = (rows[..., None] - seeds[:, 0]) ** 2 + (columns[..., None] - seeds[:, 1]) ** 2
    numbers = (distance.argmin(axis=2) + 1).astype(np.uint8)
    numbers[:20] = 0
    save(tmp_path, "a.png", numbers)
    np.testing.assert_array_equal(labels(tmp_path, (200, 200)), numbers)


def test_that_a_picture_is_no_label_map(tmp_path):
    noise = np.random.default_rng(0).integers(0, 200, SHAPE, np.uint8)
    save(tmp_path, "a.png", noise)
    with pytest.raises(BadImage, match="a picture and no label map"):
        labels(tmp_path)


@pytest.mark.parametrize(
    "numbers",
    [np.full(SHAPE, -1, np.int16), np.full(SHAPE, 1.5, np.float32), np.full(SHAPE, 2**31, "u4")],
)
def test_that_labels_are_whole_numbers_from_zero_on(tmp_path, numbers):
    save(tmp_path, "a.tif", numbers)
    with pytest.raises(BadImage, match="no label map: its numbers run from"):
        labels(tmp_path)


def test_that_arrays_of_other_shapes_and_objects_are_refused(tmp_path):
    for array in (np.zeros((2, 3, 4), int), np.zeros((3, 4)), np.array([[{"code": 1}]])):
        np.save(tmp_path / "a.npy", array)
        with pytest.raises(BadImage):
            labels(tmp_path)
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY no more")
    with pytest.raises(BadImage, match="damaged"):
        labels(tmp_path)


def test_that_a_file_is_found_by_the_pictures_path_and_name(tmp_path):
    numbers = blobs(1).astype(np.uint8)
    for name, of in (
        ("deep/er/b.tif", "deep/er/b.jpg"),
        ("c_mask.png", "c.jpeg"),
        ("d_segmentation.png", "d.dcm"),
        ("e_seg.png", "e"),
        ("f_label.npy", "f.nii.gz"),
        ("g_labels.png", "g.bmp"),
        ("1.2.840.png", "1.2.840"),
    ):
        save(tmp_path, name, numbers)
        np.testing.assert_array_equal(labels(tmp_path, of=member(of)), numbers)


def test_that_none_and_two_files_are_refused_by_name(tmp_path):
    save(tmp_path, "other.png", blobs(1).astype(np.uint8))
    with pytest.raises(BadImage, match=r"no mask or label map for “a\.png” in"):
        labels(tmp_path)
    with pytest.raises(BadImage, match=r"no mask or label map for “x/y\.png”"):
        labels(tmp_path, of=member("x/y.png"))
    save(tmp_path, "a.png", blobs(1).astype(np.uint8))
    for name in ("a.npy", "a_mask.png", "a/1.png"):
        path = save(tmp_path, name, blobs(1).astype(np.uint8))
        second = name.partition("/")[0]
        with pytest.raises(BadImage, match=r"Both “a.*” and “a.*” in .* could be") as refusal:
            labels(tmp_path)
        assert f"“{second}”" in refusal.value.message
        assert "“a.png”" in refusal.value.message
        path.unlink()


def test_that_masks_of_a_folder_are_instances_with_the_smaller_on_top(tmp_path):
    large, small, apart = disc(radius=12), disc(radius=4), disc(column=50, radius=4)
    for name, mask in (("m2.png", large), ("m10.png", apart), ("m1.jpg", small)):
        save(tmp_path, f"a/{name}", mask.astype(np.uint8) * 255, quality=95)
    found = labels(tmp_path)
    assert set(np.unique(found)) == {0, 1, 2, 3}
    assert (found[20, 20], found[20, 30], found[20, 50]) == (1, 2, 3)
    (tmp_path / "a" / "m2.png").unlink()
    (tmp_path / "a" / "m1.jpg").unlink()
    np.testing.assert_array_equal(labels(tmp_path), apart.astype(int))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_that_what_is_no_file_is_refused_without_waiting(tmp_path):
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    with pytest.raises(BadImage, match=r"may not be read|no file|not there"):
        labels(tmp_path, of=member("loop.jpg"))
    for name in ("a.npy", "b.png"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(BadImage, match="is no file that can be read"):
            labels(tmp_path, of=member(name[0] + ".jpg"))


@pytest.mark.parametrize("lossless", [True, False])
def test_that_webp_is_taken_by_how_it_was_packed(tmp_path, lossless):
    numbers = blobs(60, 128, 255).astype(np.uint8)
    save(tmp_path, "a.webp", np.repeat(numbers[..., None], 3, axis=2), lossless=lossless)
    if lossless:
        np.testing.assert_array_equal(labels(tmp_path), numbers)
    else:
        with pytest.raises(BadImage, match="soft edges"):
            labels(tmp_path)


def test_that_a_pair_makes_target_distractor_and_background(tmp_path):
    numbers = blobs(3, 5, 9).astype(np.uint8)
    save(tmp_path, "a.png", numbers)
    expected = np.select([numbers == 5, numbers == 3], [TARGET, DISTRACTOR], BACKGROUND)
    np.testing.assert_array_equal(labels(tmp_path, pair=(5, 3)), expected)
    for pair in ((3, 3), (-1, 2)):
        with pytest.raises(BadRequest, match="cannot have the labels"):
            LabelMaps(tmp_path, pair)


def masks(folder, shape=SHAPE, *, of=None, background=False):
    found = Masks(folder / "t", folder / "d", folder / "b" if background else None)
    return found.of(of or member(), shape).labels


def test_that_masks_make_three_roles_and_the_target_wins(tmp_path):
    target, distractor = disc(radius=8), disc(column=30, radius=10)
    save(tmp_path, "t/a.png", target.astype(np.uint8) * 255)
    save(tmp_path, "d/a.jpg", distractor.astype(np.uint8) * 255, quality=100, subsampling=0)
    expected = np.select([target, distractor], [TARGET, DISTRACTOR], BACKGROUND)
    np.testing.assert_array_equal(masks(tmp_path), expected)
    back = np.zeros(SHAPE, np.uint8)
    back[:30] = 255
    save(tmp_path, "b/a_mask.png", back)
    expected = np.select([target, distractor, back > 0], [1, 2, 3], UNLABELLED)
    np.testing.assert_array_equal(masks(tmp_path, background=True), expected)


@pytest.mark.parametrize(
    "numbers",
    [
        np.where(disc(), 255, 0).astype(np.uint8),
        np.where(disc(), 128, 127).astype(np.uint8),
        np.where(disc(), 1, 0).astype(np.uint8),
        np.where(disc(), 65535, 0).astype(np.uint16),
        np.where(disc(), 32768, 32767).astype(np.uint16),
        np.where(disc(), 200, 100).astype(np.uint16),
        disc(),
        np.where(disc()[..., None], (200, 0, 0), (0, 90, 90)).astype(np.uint8),
        np.where(disc()[..., None], (255, 255, 255, 255), (255, 255, 255, 0)).astype(np.uint8),
    ],
)
def test_that_white_from_half_of_the_range_on_is_object(tmp_path, numbers):
    save(tmp_path, "t/a.png", numbers)
    save(tmp_path, "d/a.png", np.zeros(SHAPE, np.uint8))
    np.testing.assert_array_equal(masks(tmp_path) == TARGET, disc())


def test_that_masks_of_different_sizes_or_a_missing_one_are_refused(tmp_path):
    save(tmp_path, "t/a.png", np.zeros(SHAPE, np.uint8))
    (tmp_path / "d").mkdir()
    with pytest.raises(BadImage, match=r"no mask or label map for “a\.png” in “d”"):
        masks(tmp_path)
    save(tmp_path, "d/a.png", np.zeros((80, 120), np.uint8))
    with pytest.raises(BadImage, match="have 40 × 60 and 80 × 120 pixels"):
        masks(tmp_path)


@pytest.mark.parametrize("side", [(20, 30), (80, 120), (13, 20), (27, 40), (120, 180)])
def test_that_another_size_in_proportion_is_taken(tmp_path, side):
    save(tmp_path, "a.png", np.ones(side, np.uint8))
    assert labels(tmp_path).shape == side


@pytest.mark.parametrize("side", [(60, 40), (40, 40), (20, 32), (80, 117), (13, 24)])
def test_that_other_proportions_are_refused_with_both_sizes(tmp_path, side):
    save(tmp_path, "a.png", np.ones(side, np.uint8))
    with pytest.raises(BadImage, match=rf"{side[0]} × {side[1]} pixels.*40 × 60 of “a\.png”"):
        labels(tmp_path)


@pytest.mark.parametrize("turn", range(1, 9))
def test_that_a_mask_is_turned_upright_as_a_picture_is(tmp_path, turn):
    """Picture and mask of one camera: both turned, or both stored as they are shown."""
    shown = np.zeros((24, 24), np.uint8)
    shown[2:9, 3:20] = 100
    shown[12:15, 3:8] = 200
    (tmp_path / "pictures").mkdir()
    exif = Image.Exif()
    exif[274] = turn
    for folder, suffix in (("pictures", "jpg"), ("labels", "png")):
        (tmp_path / folder).mkdir(exist_ok=True)
        Image.fromarray(shown).save(tmp_path / folder / f"a.{suffix}", exif=exif, quality=100)
    pictures = list_folder(tmp_path / "pictures")
    picture = pictures.read(pictures.members[0])
    found = labels(tmp_path / "labels", picture.shape, of=pictures.members[0])
    assert np.abs(picture.values - found).max() <= 6
    indexed = Image.fromarray(shown, "P")
    indexed.putpalette(list(range(256)) * 3)
    indexed.save(tmp_path / "labels" / "a.png", exif=exif)
    np.testing.assert_array_equal(
        labels(tmp_path / "labels", picture.shape, of=pictures.members[0]), found
    )


def test_that_of_a_volume_the_same_slice_is_taken(tmp_path):
    turned = np.diag([1.0, -1.0, 2.0, 1.0])
    numbers = np.random.default_rng(0).integers(0, 4, (6, 5, 4)).astype(np.int16)
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    nifti(tmp_path / "images" / "v.nii.gz", numbers * 100, turned)
    nifti(tmp_path / "labels" / "v_seg.nii", numbers, turned)
    pictures, maps = list_folder(tmp_path / "images"), LabelMaps(tmp_path / "labels")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda m: maps.of(m, (5, 6)), pictures.members))
    for one, objects in zip(pictures.members, found, strict=True):
        np.testing.assert_array_equal(pictures.read(one).values, objects.labels * 100)
    assert len({objects.key for objects in found}) == 4
    with pytest.raises(BadImage, match="no axial slice 7"):
        maps.of(member("v.nii.gz#axial 7", SliceAddress(Plane.AXIAL, 7)), (5, 6))


def test_that_a_map_of_every_slice_of_a_series_is_found_by_the_slices_file(tmp_path):
    series(tmp_path / "images", [(0, 0, 0), (0, 0, 5)])
    for number in range(2):
        save(tmp_path, f"labels/slice {number}.png", np.full((4, 5), number + 1, np.uint8))
    pictures, maps = list_folder(tmp_path / "images"), LabelMaps(tmp_path / "labels")
    for number, one in enumerate(pictures.members):
        assert maps.of(one, (4, 5)).values() == (number + 1,)


def test_that_many_maps_for_one_picture_are_refused(tmp_path):
    save(tmp_path, "a.tif", np.ones((3, 40, 60), np.uint8), photometric="minisblack")
    with pytest.raises(BadImage, match=r"holds several pictures, and “a\.png” is one"):
        labels(tmp_path)
    page = member("a.tif#2", SliceAddress(index=2))
    assert labels(tmp_path, of=page).shape == SHAPE


def test_that_keys_follow_content_and_settings_not_names(tmp_path):
    for folder in ("one", "two", "other"):
        (tmp_path / folder).mkdir()
    save(tmp_path / "one", "a.png", blobs(1).astype(np.uint8))
    save(tmp_path / "two", "b_mask.png", blobs(1).astype(np.uint8))
    save(tmp_path / "other", "a.png", blobs(2).astype(np.uint8))
    one, two, other = (LabelMaps(tmp_path / name) for name in ("one", "two", "other"))
    known = Fingerprints(None)
    key = one.key_of(member(), known)
    assert key == two.key_of(member("b.png"), known) == one.of(member(), SHAPE).key
    assert key != other.key_of(member(), known)
    assert key != LabelMaps(tmp_path / "one", (1, 2)).key_of(member(), known)
    pairs = [Masks(tmp_path / t, tmp_path / d) for t, d in (("one", "other"), ("other", "one"))]
    keys = {masks.key_of(member(), known) for masks in pairs}
    assert len(keys) == 2
    assert pairs[0].of(member(), SHAPE).key in keys
    assert (one.folder, pairs[0].folder) == ("one", "one, other")


def test_that_a_missing_folder_is_told_at_once(tmp_path):
    with pytest.raises(BadRequest, match="no folder"):
        LabelMaps(tmp_path / "nowhere")
    with pytest.raises(BadRequest, match="no folder"):
        Masks(tmp_path, tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "colours"),
    [
        ("brisc2025_brain_tumour_mri", {0xFF00, (1 << 24) + 255}),
        ("busi_breast_ultrasound", {0xFF00, 0xFF0000}),
        ("cheng_brain_tumour_mri", None),
        ("isic2017_skin_lesion", {255}),
    ],
)
def test_that_real_masks_give_one_object_of_their_class(shared_data, name, colours):
    folder = shared_data / "masks" / name
    pictures, maps = list_folder(folder / "images"), LabelMaps(folder / "masks")
    seen = set()
    for one in pictures.members:
        found = maps.of(one, pictures.read(one).shape)
        assert len(found.values()) == 1, one.name
        assert 0.001 < (found.labels > 0).mean() < 0.6
        seen.update(found.values())
    assert colours is None or seen == colours
    mistaken = LabelMaps(folder / "images")
    for one in pictures.members[:3]:
        with pytest.raises(BadImage):
            mistaken.of(one, pictures.read(one).shape)


def test_that_the_masks_of_odd_one_out_give_target_and_distractors(shared_data):
    folder = shared_data / "masks" / "p3_synthetic"
    pictures = list_folder(folder / "images")
    found = Masks(folder / "targ_images", folder / "dist_images")
    (one,) = pictures.members
    objects = found.of(one, pictures.read(one).shape)
    assert objects.values() == (TARGET, DISTRACTOR, BACKGROUND)
    for role, name in ((TARGET, "targ_images"), (DISTRACTOR, "dist_images")):
        with Image.open(folder / name / one.name) as image:
            white = np.asarray(image.convert("L")) >= 128
        assert ((objects.labels == role) == white).all()
