"""Many DICOM files, or many frames: grouped, ordered, cut across where they are regular."""

import numpy as np
import pytest
from pydicom.uid import generate_uid

from inspector.core.images import Edges, Plane, SliceAddress
from inspector.images import open_images
from tests.images.making import dicom, items, series


def opened(folder):
    (image,) = open_images(folder)
    return image


def order(image, time: int = 0) -> list[int]:
    """The numbers in the slices, which `series` makes the place in its list."""
    return [
        int(image.read(SliceAddress(index=index, time=time)).values[0, 0])
        for index in range(image.card.slices[Plane.STORED])
    ]


def test_that_slices_are_ordered_by_position_not_by_name(tmp_path):
    image = opened(series(tmp_path / "a", [(0, 0, z) for z in (30, 10, 20, 0)]))
    assert order(image) == [3, 1, 2, 0]
    assert [image.read(SliceAddress(index=i)).place for i in (0, 3)] == [
        "z = 0.0 mm",
        "z = 30.0 mm",
    ]


def test_that_positions_are_taken_along_the_normal(tmp_path):
    image = opened(
        series(
            tmp_path / "a",
            [(x, 5, 9) for x in (3, 1, 2)],
            ImageOrientationPatient=[0, 1, 0, 0, 0, -1],
        )
    )
    # The normal of a sagittal plane points to the patient's right, where DICOM's x grows less.
    assert order(image) == [0, 2, 1]


def test_that_slices_without_positions_are_ordered_by_their_numbers(tmp_path):
    for name, number in (("a", 10), ("b", 2), ("c", 1)):
        dicom(tmp_path / f"{name}.dcm", np.full((4, 5), number, np.int16), InstanceNumber=number)
    assert order(opened(tmp_path)) == [1, 2, 10]


def test_that_two_series_of_a_folder_are_two_images(tmp_path):
    series(tmp_path / "a", [(0, 0, 0), (0, 0, 1)])
    series(tmp_path / "b", [(0, 0, 0), (0, 0, 1)], SeriesInstanceUID=generate_uid())
    assert [image.card.slices[Plane.STORED] for image in open_images(tmp_path)] == [2, 2]


def test_that_a_localizer_in_a_series_is_an_image_of_its_own(tmp_path):
    folder = series(tmp_path / "a", [(0, 0, 0), (0, 0, 1)])
    dicom(
        folder / "localizer.dcm",
        np.zeros((4, 5), np.int16),
        ImagePositionPatient=[0, 0, 0],
        ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
        PixelSpacing=[2.0, 0.5],
    )
    assert [image.card.slices[Plane.STORED] for image in open_images(folder)] == [1, 2]


def test_that_x_rays_of_a_series_are_images_of_their_own(tmp_path):
    for name in ("pa", "lateral"):
        dicom(tmp_path / f"{name}.dcm", np.zeros((4, 5), np.uint16), Modality="DX")
    assert len(open_images(tmp_path)) == 2


def test_that_a_regular_series_is_cut_across(tmp_path):
    pixels = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)
    image = opened(
        series(
            tmp_path / "a",
            [(0, 0, 3.0 * n) for n in range(3)],
            pixels=pixels,
            RescaleSlope=1,
            RescaleIntercept=-1000,
            WindowCenter=40,
            WindowWidth=400,
        )
    )
    assert dict(image.card.slices) == {
        Plane.STORED: 3,
        Plane.AXIAL: 3,
        Plane.CORONAL: 4,
        Plane.SAGITTAL: 5,
    }
    # Columns run to the left and rows to the back: as they are shown. Slices run to the head.
    values = pixels - 1000.0
    axial = image.read(SliceAddress(Plane.AXIAL, 1))
    np.testing.assert_array_equal(axial.values, values[1])
    assert axial.edges == Edges("A", "L", "P", "R")
    coronal = image.read(SliceAddress(Plane.CORONAL, 0))
    np.testing.assert_array_equal(coronal.values, values[::-1, 3, :])
    assert (coronal.spacing.rows, coronal.spacing.columns) == (3.0, 0.5)
    assert coronal.edges == Edges("S", "L", "I", "R")
    assert coronal.unit == "HU"
    assert coronal.presets[0].tone.centre == 40
    assert coronal.place == "y = -6.0 mm"
    sagittal = image.read(SliceAddress(Plane.SAGITTAL, 4))
    np.testing.assert_array_equal(sagittal.values, values[::-1, :, 0])
    assert (sagittal.spacing.rows, sagittal.spacing.columns) == (3.0, 2.0)
    assert sagittal.place == "x = 0.0 mm"


def test_that_padding_is_hidden_in_cuts_too(tmp_path):
    pixels = np.zeros((3, 4, 5), np.int16)
    pixels[1, 2, 3] = -2000
    image = opened(
        series(
            tmp_path / "a", [(0, 0, n) for n in range(3)], pixels=pixels, PixelPaddingValue=-2000
        )
    )
    hidden = [
        image.read(SliceAddress(Plane.CORONAL, index)).hidden is not None for index in range(4)
    ]
    assert hidden == [False, True, False, False]


def test_that_a_series_with_a_gap_is_not_cut_across(tmp_path):
    image = opened(series(tmp_path / "a", [(0, 0, z) for z in (0, 1, 2, 4)]))
    assert image.card.planes == (Plane.STORED,)
    assert "unequal distances (1 to 2 mm)" in image.card.notes[0]


def test_that_a_tilted_gantry_is_not_cut_across(tmp_path):
    image = opened(series(tmp_path / "a", [(0, 0.3 * z, z) for z in range(4)]))
    assert image.card.planes == (Plane.STORED,)
    assert "tilted gantry" in image.card.notes[0]


def test_that_an_oblique_series_is_cut_and_told(tmp_path):
    turn = np.radians(20)
    across = [np.cos(turn), np.sin(turn), 0, -np.sin(turn), np.cos(turn), 0]
    image = opened(
        series(tmp_path / "a", [(0, 0, z) for z in range(3)], ImageOrientationPatient=across)
    )
    assert Plane.CORONAL in image.card.planes
    assert "Oblique by 20.0 degrees" in image.card.notes[0]


def test_that_the_same_places_again_are_points_in_time(tmp_path):
    image = opened(series(tmp_path / "a", [(0, 0, z) for z in (0, 1, 2, 0, 1, 2)]))
    assert image.card.times == 2
    assert order(image) == [0, 1, 2]
    assert order(image, time=1) == [3, 4, 5]
    coronal = image.read(SliceAddress(Plane.CORONAL, 0, 1)).values
    assert coronal[:, 0].tolist() == [5, 4, 3]


def test_that_places_taken_a_different_number_of_times_are_told(tmp_path):
    image = opened(series(tmp_path / "a", [(0, 0, z) for z in (0, 1, 2, 0)]))
    assert image.card.times == 1
    assert order(image) == [0, 3, 1, 2]
    assert "at the same place" in image.card.notes[0]


def test_that_a_folder_called_like_the_patient_is_not_named(tmp_path):
    folder = series(
        tmp_path / "Example_Erika",
        [(0, 0, 0), (0, 0, 1)],
        PatientName="Example^Erika",
        SeriesNumber=4,
    )
    assert opened(folder).card.label == "CT series 4"


def test_that_frames_with_positions_are_ordered_and_cut(tmp_path):
    pixels = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5)
    places = [
        {"PlanePositionSequence": items({"ImagePositionPatient": [0, 0, z]})} for z in (2, 0, 1)
    ]
    shared = {
        "PlaneOrientationSequence": items({"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}),
        "PixelMeasuresSequence": items({"PixelSpacing": [1.0, 1.0]}),
    }
    path = dicom(
        tmp_path / "a.dcm",
        pixels[0],
        Modality="MR",
        NumberOfFrames=3,
        PixelData=pixels.tobytes(),
        SharedFunctionalGroupsSequence=items(shared),
        PerFrameFunctionalGroupsSequence=items(*places),
    )
    image = opened(path)
    stored = [image.read(SliceAddress(index=index)).values for index in range(3)]
    np.testing.assert_array_equal(stored, pixels[[1, 2, 0]])
    coronal = image.read(SliceAddress(Plane.CORONAL, 3)).values
    np.testing.assert_array_equal(coronal, pixels[[0, 2, 1], 0, :])


def test_that_a_dose_grid_has_the_places_of_its_offsets(tmp_path):
    grid = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5)
    path = dicom(
        tmp_path / "a.dcm",
        grid[0],
        Modality="RTDOSE",
        NumberOfFrames=3,
        PixelData=grid.tobytes(),
        DoseGridScaling="0.5",
        DoseUnits="GY",
        GridFrameOffsetVector=[0, 2.5, 5],
        ImagePositionPatient=[0, 0, 10],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PixelSpacing=[1, 1],
    )
    image = opened(path)
    assert image.read(SliceAddress(index=2)).place == "z = 15.0 mm"
    sagittal = image.read(SliceAddress(Plane.SAGITTAL, 0))
    assert sagittal.spacing.rows == pytest.approx(2.5)
    np.testing.assert_array_equal(sagittal.values, grid[::-1, :, 4] * 0.5)


def test_that_segments_are_named_and_not_mixed(tmp_path):
    frames = [
        {
            "PlanePositionSequence": items({"ImagePositionPatient": [0, 0, z]}),
            "SegmentIdentificationSequence": items({"ReferencedSegmentNumber": segment}),
        }
        for segment, z in ((1, 0), (1, 1), (2, 0), (2, 1))
    ]
    pixels = np.arange(4, dtype=np.uint8)[:, None, None].repeat(4, 1).repeat(5, 2)
    path = dicom(
        tmp_path / "a.dcm",
        pixels[0],
        Modality="SEG",
        NumberOfFrames=4,
        PixelData=pixels.tobytes(),
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PerFrameFunctionalGroupsSequence=items(*frames),
    )
    image = opened(path)
    assert image.card.planes == (Plane.STORED,)
    assert order(image) == [0, 1, 2, 3]
    assert image.read(SliceAddress(index=3)).place == "segment 2, z = 1.0 mm"
