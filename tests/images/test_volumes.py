"""NIfTI, MGZ and NRRD: planes, letters, millimetres, numbers."""

import gzip
from itertools import pairwise

import nibabel
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, io_orientation

from inspector.core.errors import BadImage
from inspector.core.images import Edges, Plane, SliceAddress
from inspector.images import nibabel_volume, open_images
from inspector.images.volume import Volume
from tests.images.making import nifti

BODY = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)


def canonical(path):
    """Numbers in the order right, front, head, as nibabel turns them."""
    return np.asarray(nibabel.as_closest_canonical(nibabel.load(path)).dataobj)


def expected(numbers: np.ndarray, plane: Plane, index: int) -> np.ndarray:
    """Written anew from the convention: right on the left, front on top or left, head on top."""
    if plane is Plane.AXIAL:
        return numbers[::-1, ::-1, index].T
    if plane is Plane.CORONAL:
        return numbers[::-1, index, ::-1].T
    return numbers[index, ::-1, ::-1].T


LETTERS = {
    Plane.AXIAL: Edges("A", "L", "P", "R"),
    Plane.CORONAL: Edges("S", "L", "I", "R"),
    Plane.SAGITTAL: Edges("S", "P", "I", "A"),
}


def test_that_all_sixteen_orders_of_axes_of_one_brain_look_alike(shared_data):
    paths = sorted((shared_data / "nifti" / "orientations_nifti_space").glob("*.nii.gz"))
    assert len(paths) == 16
    reference = canonical(next(path for path in paths if path.name.startswith("RAS")))
    for path in paths:
        (image,) = open_images(path)
        assert tuple(image.card.slices)[:3] == BODY
        assert [image.card.slices[plane] for plane in BODY] == list(reference.shape[::-1])
        for plane in BODY:
            index = image.card.slices[plane] // 3
            found = image.read(SliceAddress(plane, index))
            np.testing.assert_allclose(found.values, expected(reference, plane, index), rtol=1e-6)
            assert found.edges == LETTERS[plane]
            assert found.place == open_images(paths[11])[0].read(SliceAddress(plane, index)).place


@pytest.mark.parametrize("codes", ["RAS", "LPS", "SPL", "AIR", "PSR", "ILA"])
def test_that_pictures_spacing_and_letters_follow_the_axes(tmp_path, codes):
    numbers = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    to = np.diag([1.5, 2.5, 3.5, 1.0])
    ornt = axcodes2ornt(tuple(codes))
    turned = nibabel.Nifti1Image(numbers, to).as_reoriented(
        nibabel.orientations.ornt_transform(axcodes2ornt(tuple("RAS")), ornt)
    )
    nibabel.save(turned, tmp_path / "a.nii")
    (image,) = open_images(tmp_path / "a.nii")
    sizes = {Plane.AXIAL: (2.5, 1.5), Plane.CORONAL: (3.5, 1.5), Plane.SAGITTAL: (3.5, 2.5)}
    for plane in BODY:
        for index in range(image.card.slices[plane]):
            found = image.read(SliceAddress(plane, index))
            np.testing.assert_array_equal(found.values, expected(numbers, plane, index))
            assert found.edges == LETTERS[plane]
            assert (found.spacing.rows, found.spacing.columns) == sizes[plane]
    assert image.read(SliceAddress(Plane.AXIAL, 2)).place == "z = 7.0 mm"


def test_that_the_stored_plane_has_the_letters_of_its_own_axes(tmp_path):
    numbers = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    affine = np.zeros((4, 4))
    affine[1, 0], affine[2, 1], affine[0, 2], affine[3, 3] = -1, 1, 1, 1
    nifti(tmp_path / "a.nii", numbers, affine)
    (image,) = open_images(tmp_path / "a.nii")
    found = image.read(SliceAddress(Plane.STORED, 1))
    np.testing.assert_array_equal(found.values, numbers[:, :, 1].T)
    assert found.edges == Edges("I", "P", "S", "A")


def test_that_the_nearest_axes_are_those_of_nibabel():
    random = np.random.default_rng(3)
    for _ in range(200):
        turn = np.linalg.qr(random.normal(size=(3, 3)))[0] @ np.diag(random.uniform(0.5, 3, 3))
        affine = np.eye(4)
        affine[:3, :3] = turn
        volume = Volume((2, 3, 4), affine, "")
        if volume.oblique_by > 35:
            continue
        theirs = io_orientation(affine)
        ours = [(volume._body_axes[axis], volume._direction(axis)) for axis in range(3)]
        assert ours == [(int(body), int(way)) for body, way in theirs]


def test_that_the_oblique_angle_is_told(tmp_path):
    angle = np.radians(12.0)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    affine = np.eye(4)
    affine[:3, :3] = turn
    nifti(tmp_path / "a.nii", np.ones((3, 3, 3), np.uint8), affine)
    (image,) = open_images(tmp_path / "a.nii")
    assert image.card.notes == ("Oblique by 12.0 degrees: the nearest axes are shown.",)


def test_that_an_unknown_orientation_is_told_and_has_no_letters(tmp_path):
    image = nibabel.Nifti1Image(np.ones((3, 4, 5), np.uint8), None)
    nibabel.save(image, tmp_path / "a.nii")
    (found,) = open_images(tmp_path / "a.nii")
    assert "Orientation unknown" in found.card.notes[0]
    picture = found.read(SliceAddress(Plane.AXIAL, 1))
    assert picture.edges is None
    assert picture.place == ""
    assert picture.spacing.source == "pixdim"


def test_that_a_disagreement_of_the_two_transforms_is_told(tmp_path):
    image = nibabel.Nifti1Image(np.ones((3, 4, 5), np.uint8), np.eye(4))
    moved = np.eye(4)
    moved[0, 3] = 12.0
    image.set_qform(np.eye(4), code=1)
    image.set_sform(moved, code=1)
    nibabel.save(image, tmp_path / "a.nii")
    (found,) = open_images(tmp_path / "a.nii")
    assert "disagree by up to 12 mm" in found.card.notes[0]


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_that_scaled_numbers_are_those_of_nibabel(tmp_path, name):
    numbers = np.arange(60, dtype=np.int16).reshape(3, 4, 5) - 20
    image = nibabel.Nifti1Image(numbers, np.eye(4))
    image.header.set_slope_inter(0.25, -3.0)
    nibabel.save(image, tmp_path / name)
    stored = nibabel.load(tmp_path / name)
    (found,) = open_images(tmp_path / name)
    picture = found.read(SliceAddress(Plane.AXIAL, 2))
    np.testing.assert_allclose(
        picture.values, expected(np.asarray(stored.dataobj), Plane.AXIAL, 2), rtol=1e-6
    )
    assert picture.unit == ("scaled value" if stored.dataobj.slope != 1 else "stored value")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_that_points_in_time_are_told_apart(tmp_path, name):
    numbers = np.arange(3 * 4 * 5 * 2, dtype=np.float32).reshape(3, 4, 5, 2)
    nifti(tmp_path / name, numbers)
    (image,) = open_images(tmp_path / name)
    assert image.card.times == 2
    for time in range(2):
        for plane in BODY:
            found = image.read(SliceAddress(plane, 1, time)).values
            np.testing.assert_array_equal(found, expected(numbers[..., time], plane, 1))


def test_that_further_axes_are_counted_on_as_time(tmp_path):
    numbers = np.arange(2 * 3 * 2 * 2 * 3, dtype=np.float32).reshape(2, 3, 2, 2, 3)
    nifti(tmp_path / "a.nii", numbers)
    (image,) = open_images(tmp_path / "a.nii")
    assert image.card.times == 6
    assert "2 × 3" in image.card.notes[0]
    found = image.read(SliceAddress(Plane.AXIAL, 1, 4)).values
    np.testing.assert_array_equal(found, expected(numbers[:, :, :, 1, 1], Plane.AXIAL, 1))


def test_that_colours_and_complex_numbers_are_read(tmp_path):
    colour = np.zeros((3, 4, 2), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    colour["G"][1, 2, 1] = 200
    nifti(tmp_path / "c.nii.gz", colour)
    (image,) = open_images(tmp_path / "c.nii.gz")
    found = image.read(SliceAddress(Plane.STORED, 1))
    assert found.is_colour
    assert found.values[2, 1].tolist() == [0, 200, 0]
    nifti(tmp_path / "z.nii", np.full((3, 4, 2), 3 + 4j, np.complex64))
    (image,) = open_images(tmp_path / "z.nii")
    assert "magnitude" in image.card.notes[0]
    assert (image.read(SliceAddress(Plane.AXIAL, 0)).values == 5).all()


def test_that_voxels_without_a_number_are_hidden(tmp_path):
    numbers = np.ones((3, 4, 5), np.float32)
    numbers[0, 0, 2], numbers[1, 0, 2] = np.nan, np.inf
    nifti(tmp_path / "a.nii", numbers)
    (image,) = open_images(tmp_path / "a.nii")
    found = image.read(SliceAddress(Plane.STORED, 2))
    assert found.hidden[0].tolist() == [True, True, False]
    assert found.hidden.sum() == 2
    assert image.read(SliceAddress(Plane.STORED, 1)).hidden is None


def test_that_a_flat_volume_has_the_one_plane_that_shows_something(tmp_path):
    nifti(tmp_path / "a.nii", np.ones((6, 7), np.uint8))
    (image,) = open_images(tmp_path / "a.nii")
    assert dict(image.card.slices) == {Plane.AXIAL: 1, Plane.STORED: 1}
    nifti(tmp_path / "b.nii", np.ones((1, 7, 6), np.uint8))
    (image,) = open_images(tmp_path / "b.nii")
    assert dict(image.card.slices) == {Plane.SAGITTAL: 1}
    assert image.read(image.middle()).shape == (6, 7)


def test_that_a_packed_volume_too_large_to_keep_is_read_slice_by_slice(tmp_path, monkeypatch):
    monkeypatch.setattr(nibabel_volume, "MOST_BYTES", 10)
    numbers = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    nifti(tmp_path / "a.nii.gz", numbers)
    (image,) = open_images(tmp_path / "a.nii.gz")
    found = image.read(SliceAddress(Plane.CORONAL, 3)).values
    np.testing.assert_array_equal(found, expected(numbers, Plane.CORONAL, 3))


def test_that_mgz_has_planes_and_letters(tmp_path):
    numbers = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    affine = np.diag([-1.0, 2.0, 3.0, 1.0])
    nibabel.save(nibabel.MGHImage(numbers, affine), tmp_path / "a.mgz")
    (image,) = open_images(tmp_path / "a.mgz")
    found = image.read(SliceAddress(Plane.AXIAL, 1))
    np.testing.assert_array_equal(found.values, expected(numbers[::-1], Plane.AXIAL, 1))
    assert found.edges == LETTERS[Plane.AXIAL]
    assert (found.spacing.rows, found.spacing.columns) == (2.0, 1.0)


def nrrd(path, numbers, *lines, packed=True):
    sizes = " ".join(str(n) for n in numbers.shape[::-1])
    head = [
        "NRRD0004",
        "# made here",
        "type: short",
        f"dimension: {numbers.ndim}",
        f"sizes: {sizes}",
        "endian: little",
        f"encoding: {'gzip' if packed else 'raw'}",
        *lines,
    ]
    raw = numbers.astype("<i2").tobytes()
    body = gzip.compress(raw) if packed else raw
    path.write_bytes("\n".join(head).encode() + b"\n\n" + body)
    return path


LPS = (
    "space: left-posterior-superior",
    "space directions: (0.5,0,0) (0,0.75,0) (0,0,2)",
    "space origin: (1,2,3)",
)


@pytest.mark.parametrize("packed", [True, False])
def test_that_nrrd_is_read_in_the_body_s_axes(tmp_path, packed):
    numbers = np.arange(24).reshape(4, 3, 2)
    path = nrrd(tmp_path / "a.nrrd", numbers, *LPS, packed=packed)
    (image,) = open_images(path)
    found = image.read(SliceAddress(Plane.AXIAL, 1))
    # Stored from right to left and from front to back, which is how it is shown.
    np.testing.assert_array_equal(found.values, numbers[1])
    assert found.edges == LETTERS[Plane.AXIAL]
    assert (found.spacing.rows, found.spacing.columns) == (0.75, 0.5)
    assert found.place == "z = 5.0 mm"


def test_that_an_axis_of_a_nrrd_file_outside_of_space_is_time(tmp_path):
    numbers = np.arange(48).reshape(4, 3, 2, 2)
    path = nrrd(
        tmp_path / "a.nrrd",
        numbers,
        LPS[0],
        "kinds: list domain domain domain",
        "space directions: none (0.5,0,0) (0,0.75,0) (0,0,2)",
    )
    (image,) = open_images(path)
    assert image.card.times == 2
    found = image.read(SliceAddress(Plane.AXIAL, 3, 1))
    np.testing.assert_array_equal(found.values, numbers[3, :, :, 1])


def test_that_a_nrrd_header_without_its_numbers_is_refused(tmp_path):
    path = nrrd(tmp_path / "a.nrrd", np.zeros((2, 2, 2)), "data file: elsewhere.raw")
    with pytest.raises(BadImage, match="only a header"):
        open_images(path)


def test_that_pairs_of_planes_agree_where_they_cross(shared_data):
    path = shared_data / "nifti" / "niivue_volumes" / "fslmean.nii.gz"
    (image,) = open_images(path)
    shape = {plane: image.card.slices[plane] for plane in BODY}
    x, y, z = 20, 30, 11
    points = {
        Plane.AXIAL: (shape[Plane.CORONAL] - 1 - y, shape[Plane.SAGITTAL] - 1 - x, z),
        Plane.CORONAL: (shape[Plane.AXIAL] - 1 - z, shape[Plane.SAGITTAL] - 1 - x, y),
        Plane.SAGITTAL: (shape[Plane.AXIAL] - 1 - z, shape[Plane.CORONAL] - 1 - y, x),
    }
    values = [
        image.read(SliceAddress(plane, at)).values[row, column]
        for plane, (row, column, at) in points.items()
    ]
    assert all(one == other for one, other in pairwise(values))


@pytest.mark.parametrize("scale", [(1.0, 0.0), (0.5, -3.0)])
@pytest.mark.parametrize("name", ["a.nii.gz", "a.mgz"])
def test_that_a_packed_volume_too_large_to_keep_is_unpacked_once_on_disk(
    tmp_path, monkeypatch, name, scale
):
    numbers = np.arange(5 * 4 * 3 * 2, dtype=np.float32).reshape(5, 4, 3, 2)
    image = (nibabel.Nifti1Image if "nii" in name else nibabel.MGHImage)(numbers, np.eye(4))
    if "nii" in name:
        image.header.set_slope_inter(*scale)
    nibabel.save(image, tmp_path / name)
    kept, far = (open_images(tmp_path / name)[0] for _ in range(2))
    addresses = [SliceAddress(Plane.AXIAL, index, time) for index in range(3) for time in range(2)]
    expected = [kept.read(at).values for at in addresses]
    monkeypatch.setattr(nibabel_volume, "MOST_BYTES", 64)
    far.close()
    unpacked = []
    opening = gzip.open
    monkeypatch.setattr(
        nibabel_volume.gzip, "open", lambda path: unpacked.append(path) or opening(path)
    )
    for at, values in zip(addresses, expected, strict=True):
        np.testing.assert_array_equal(far.read(at).values, values)
    assert len(unpacked) == 1
    far.close()
    # Where the disk is full, each slice is unpacked for itself.
    monkeypatch.setattr(
        nibabel_volume.shutil, "disk_usage", lambda path: type("Full", (), {"free": 0})
    )
    for at, values in zip(addresses, expected, strict=True):
        np.testing.assert_array_equal(far.read_once(at).values, values)
