"""Every real file either opens and can be looked at, or is refused with a sentence."""

from collections import Counter
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from inspector.core.errors import BadImage
from inspector.core.images import Plane, SliceAddress, Window
from inspector.images import InputImage, open_images

REFUSED = {
    "csa_slice_norm.dcm": "its pixels are missing",
    "ExplVR_BigEndNoMeta.dcm": "treatment plan",
    "JPEG2000-embedded-sequence-delimiter.dcm": "its packed picture",
    "MR_truncated.dcm": "cut short",
    "badVR.dcm": "number of frames",
    "DICOMDIR": "table of contents",
    "meta_missing_tsyntax.dcm": "does not say its",
    "no_meta.dcm": "called like a DICOM file",
    "reportsi.dcm": "structured report",
    "rtplan.dcm": "treatment plan",
    "rtstruct.dcm": "contours",
    "test-SR.dcm": "structured report",
    "waveform_ecg.dcm": "electrocardiogram",
    "tiny.mnc": "no image of a format",
    "broken.png": "called like a picture",
    "lab.tif": "CIELAB",
    "tiff_overflow_rows_per_strip.tif": "damaged",
    "truncated_image.png": "cut short|read to its end",
    "truncated_jpeg.jpg": "cut short",
    "pneumoniamnist.npz": "no image of a format",
}
"""Files that hold no picture, or none that can be trusted, and what is said of them."""


def files(root: Path, folder: str) -> list[Path]:
    return sorted(path for path in (root / folder).rglob("*") if path.is_file())


def opened_or_refused(path: Path) -> InputImage | BadImage:
    try:
        return open_images(path)[0]
    except BadImage as error:
        return error


@pytest.mark.parametrize(
    ("folder", "opened", "refused"),
    [("dicom", 218, 13), ("nifti", 44, 1), ("images", 90, 6), ("masks", 100, 0)],
)
def test_that_every_real_file_opens_or_is_refused_with_a_sentence(
    shared_data, folder, opened, refused
):
    count = Counter()
    for path in files(shared_data, folder):
        image = opened_or_refused(path)
        assert isinstance(image, BadImage) == (path.name in REFUSED), f"{path.name}: {image}"
        if isinstance(image, BadImage):
            count["refused"] += 1
            assert any(words in str(image) for words in REFUSED[path.name].split("|"))
            continue
        for plane, slices in image.card.slices.items():
            for index in {0, slices // 2}:
                picture = image.read(SliceAddress(plane, index, image.card.times - 1))
                assert picture.shown().shape == (*picture.shape, 3)
                assert (
                    plane is not Plane.STORED
                    or picture.shape == image.card.shape
                    or (image.card.planes[0] is not Plane.STORED)
                )
        image.close()
        count["opened"] += 1
    assert (count["opened"], count["refused"]) == (opened, refused)


def plain_dicom(path: Path) -> pydicom.Dataset | None:
    """A data set that pydicom reads by itself, whose rescale lies where pydicom looks for it."""
    try:
        found = pydicom.dcmread(path)
        numbers = found.pixel_array
    except (AttributeError, KeyError, NotImplementedError, RuntimeError, ValueError):
        return None
    except pydicom.errors.InvalidDicomError:
        return None
    grey = str(found.PhotometricInterpretation).startswith("MONOCHROME") and numbers.ndim == 2
    elsewhere = "SharedFunctionalGroupsSequence" in found or "DoseGridScaling" in found
    return found if grey and not elsewhere else None


@pytest.mark.filterwarnings("ignore")
def test_that_numbers_and_windows_are_those_of_pydicom(shared_data):
    compared = windowed = 0
    for path in files(shared_data, "dicom"):
        source = plain_dicom(path)
        if source is None:
            continue
        (image,) = open_images(path)
        found = image.read(SliceAddress())
        theirs = apply_modality_lut(source.pixel_array, source)
        np.testing.assert_allclose(found.values, theirs, rtol=1e-6, err_msg=path.name)
        compared += 1
        if not found.presets or "VOILUTSequence" in source:
            continue
        if not isinstance(found.presets[0].tone, Window) or "WindowCenter" not in source:
            continue
        shown = apply_voi_lut(theirs, source, index=0).astype(np.float64)
        grey = found.presets[0].tone.apply(found.values).astype(np.float64)
        # pydicom spreads grey over the range of the stored numbers.
        low, high = _range(source)
        np.testing.assert_allclose(grey, (shown - low) / (high - low), atol=1e-4, err_msg=path.name)
        windowed += 1
    assert compared > 80
    assert windowed > 40


def _range(source: pydicom.Dataset) -> tuple[float, float]:
    bits, signed = int(source.BitsStored), int(source.PixelRepresentation)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    slope = float(source.get("RescaleSlope", 1) or 1)
    intercept = float(source.get("RescaleIntercept", 0) or 0)
    return low * slope + intercept, high * slope + intercept


def test_that_one_picture_packed_in_many_ways_is_one_picture(shared_data):
    folder = shared_data / "dicom"
    same = [
        [
            "pydicom/MR_small.dcm",
            "pydicom/MR_small_RLE.dcm",
            "pydicom/MR_small_bigendian.dcm",
            "pydicom/MR_small_expb.dcm",
            "pydicom/MR_small_implicit.dcm",
            "pydicom/MR_small_jp2klossless.dcm",
            "pydicom/MR_small_jpeg_ls_lossless.dcm",
            "pydicom/MR_small_padded.dcm",
        ],
        [
            "pydicom-data/emri_small.dcm",
            "pydicom-data/emri_small_RLE.dcm",
            "pydicom-data/emri_small_big_endian.dcm",
            "pydicom-data/emri_small_jpeg_2k_lossless.dcm",
            "pydicom-data/emri_small_jpeg_ls_lossless.dcm",
        ],
        [
            "pydicom-data/liver.dcm",
            "pydicom-data/liver_deflate.dcm",
            "pydicom-data/liver_expb.dcm",
            "pydicom-data/liver_j2k.dcm",
            "pydicom-data/liver_rle.dcm",
        ],
        [
            "pydicom-data/liver_nonbyte_aligned.dcm",
            "pydicom-data/liver_nonbyte_aligned_rle.dcm",
            "pydicom-data/liver_nonbyte_aligned_deflate.dcm",
            "pydicom-data/liver_nonbyte_aligned_j2k.dcm",
        ],
        ["pydicom/rtdose.dcm", "pydicom/rtdose_expb.dcm", "pydicom/rtdose_rle.dcm"],
        [
            "pydicom-data/SC_rgb.dcm",
            "pydicom-data/SC_rgb_expb.dcm",
            "pydicom/SC_rgb_rle.dcm",
            "pydicom-data/SC_rgb_16bit.dcm",
            "pydicom/SC_rgb_rle_32bit.dcm",
            "pydicom-data/SC_rgb_expb_32bit.dcm",
        ],
        [
            "pydicom-data/OBXXXX1A.dcm",
            "pydicom-data/OBXXXX1A_expb.dcm",
            "pydicom-data/OBXXXX1A_rle.dcm",
        ],
        ["pydicom-data/color-pl.dcm", "pydicom-data/color-px.dcm"],
    ]
    for names in same:
        images = [open_images(folder / name)[0] for name in names]
        slices = images[0].card.slices[Plane.STORED]
        for index in {0, slices - 1}:
            first, *rest = (image.read(SliceAddress(index=index)) for image in images)
            for name, other in zip(names[1:], rest, strict=True):
                np.testing.assert_array_equal(other.values, first.values, err_msg=name)


def test_that_an_enhanced_file_is_the_volume_its_maker_s_converter_wrote(shared_data):
    """dcm2niix converted this phantom: its NIfTI file is a reader nobody here had a hand in."""
    (ours,) = open_images(shared_data / "dicom/dcm_qa_enh/Philips/IM_0027_fMAP.dcm")
    (theirs,) = open_images(shared_data / "nifti/dcm_qa_enh/Philips_WIP_B0_NS_801_e1.nii")
    assert ours.card.slices[Plane.AXIAL] == theirs.card.slices[Plane.AXIAL]
    compared = 0
    for plane in (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL):
        for index in range(4, theirs.card.slices[plane], 9):
            one, other = (image.read(SliceAddress(plane, index)) for image in (ours, theirs))
            assert one.edges == other.edges
            assert one.place == other.place
            assert one.spacing.rows == pytest.approx(other.spacing.rows, rel=1e-4)
            good = np.corrcoef(one.values.ravel(), other.values.ravel())[0, 1]
            assert good > 0.9999
            compared += 1
    assert compared > 8


def test_that_volumes_are_those_of_nibabel(shared_data):
    for path in files(shared_data, "nifti"):
        if not path.name.endswith((".nii", ".nii.gz", ".mgz")):
            continue
        source = nibabel.load(path)
        (image,) = open_images(path)
        numbers = np.asarray(source.dataobj).reshape((*source.shape, 1, 1)[: max(3, source.ndim)])
        index, time = numbers.shape[2] // 2, image.card.times - 1
        stored = numbers[:, :, index] if numbers.ndim == 3 else numbers[:, :, index, time]
        found = image.read(SliceAddress(Plane.STORED, index, time))
        np.testing.assert_allclose(found.values, stored.T, rtol=1e-6, err_msg=path.name)


def test_that_the_real_chest_ct_series_is_one_regular_volume(shared_data):
    (image,) = open_images(shared_data / "dicom" / "torchio")
    assert dict(image.card.slices) == {
        Plane.STORED: 17,
        Plane.AXIAL: 17,
        Plane.CORONAL: 128,
        Plane.SAGITTAL: 88,
    }
    assert image.read(SliceAddress(Plane.AXIAL, 3)).unit == "HU"
    places = [image.read(SliceAddress(index=index)).place for index in (0, 16)]
    assert places == ["z = -24.7 mm", "z = 7.3 mm"]


def test_that_a_disc_of_many_series_is_opened_as_them(shared_data):
    images = open_images(shared_data / "dicom" / "pydicom" / "dicomdirtests")
    assert len(images) == 24
    assert sum(len(image.files) for image in images) == 31
    assert [image.card.slices[Plane.STORED] for image in images if len(image.files) > 1] == [4, 5]
