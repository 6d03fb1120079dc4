"""One DICOM file: numbers, windows, padding, colour, geometry, privacy, decoders."""

import sys
import zlib

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    ParametricMapStorage,
    RLELossless,
)

from inspector.core.errors import BadImage
from inspector.core.images import Edges, Plane, Slice, SliceAddress, ToneTable, Window
from inspector.images import InputImage, open_images
from tests.images.making import dataset, dicom, items, save

RAMP = np.arange(20, dtype=np.int16).reshape(4, 5)


def first(path) -> Slice:
    (image,) = open_images(path)
    return image.read(image.middle())


def opened(path) -> InputImage:
    return open_images(path)[0]


def made(tmp_path, pixels=RAMP, **elements) -> Slice:
    return first(dicom(tmp_path / "a.dcm", pixels, **elements))


def test_that_ct_numbers_are_hounsfield_units(tmp_path):
    found = made(tmp_path, RescaleSlope=2, RescaleIntercept=-1024)
    np.testing.assert_array_equal(found.values, RAMP * 2.0 - 1024)
    assert found.unit == "HU"


def test_that_numbers_without_a_rescale_are_stored_values(tmp_path):
    found = made(tmp_path, Modality="MR")
    np.testing.assert_array_equal(found.values, RAMP)
    assert found.unit == "stored value"


def test_that_the_unit_of_the_file_is_kept(tmp_path):
    pet = made(tmp_path, Modality="PT", RescaleSlope=2.5, RescaleIntercept=0, Units="BQML")
    assert pet.unit == "Bq/ml"
    other = made(tmp_path, Modality="OT", RescaleSlope=2, RescaleIntercept=0, RescaleType="OD")
    assert other.unit == "OD"


def test_that_a_dose_is_in_gray(tmp_path):
    found = made(
        tmp_path,
        np.full((4, 5), 3_000_000, np.uint32),
        Modality="RTDOSE",
        DoseUnits="GY",
        DoseGridScaling="1e-6",
    )
    np.testing.assert_allclose(found.values, 3.0, rtol=1e-12)
    assert found.unit == "Gy"


def test_that_a_table_of_the_file_turns_stored_numbers_into_values(tmp_path):
    table = {"LUTDescriptor": [20, 0, 16], "LUTData": [100 * n for n in range(20)]}
    path = dicom(
        tmp_path / "a.dcm",
        RAMP.astype(np.uint16),
        ModalityLUTSequence=items({**table, "ModalityLUTType": "OD"}),
    )
    found = first(path)
    np.testing.assert_array_equal(found.values, RAMP * 100)
    assert found.unit == "OD"


def functional(frames: int, **shared) -> dict:
    pixels = np.repeat(RAMP[None].astype(np.uint16), frames, axis=0)
    return {"NumberOfFrames": frames, "PixelData": pixels.tobytes(), **shared}


def test_that_rescale_and_windows_in_functional_groups_are_applied_frame_by_frame(tmp_path):
    def own(frame):
        return {
            "PixelValueTransformationSequence": items(
                {"RescaleSlope": frame + 1, "RescaleIntercept": -10, "RescaleType": "US"}
            ),
            "FrameVOILUTSequence": items({"WindowCenter": 5 * frame, "WindowWidth": 10}),
        }

    path = dicom(
        tmp_path / "a.dcm",
        RAMP.astype(np.uint16),
        **functional(2, Modality="MR"),
        PerFrameFunctionalGroupsSequence=items(own(0), own(1)),
    )
    image = opened(path)
    for frame in range(2):
        found = image.read(SliceAddress(index=frame))
        np.testing.assert_array_equal(found.values, RAMP * (frame + 1.0) - 10)
        assert found.presets[0].tone == Window(5.0 * frame, 10.0, "linear")


def test_that_shared_functional_groups_hold_for_all_frames(tmp_path):
    shared = {
        "PixelValueTransformationSequence": items({"RescaleSlope": 3, "RescaleIntercept": 1}),
        "PixelMeasuresSequence": items({"PixelSpacing": [0.7, 0.6]}),
        "PlaneOrientationSequence": items({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}),
    }
    path = dicom(
        tmp_path / "a.dcm",
        RAMP.astype(np.uint16),
        **functional(3, Modality="MR"),
        SharedFunctionalGroupsSequence=items(shared),
    )
    found = opened(path).read(SliceAddress(index=2))
    np.testing.assert_array_equal(found.values, RAMP * 3.0 + 1)
    assert (found.spacing.rows, found.spacing.columns) == (0.7, 0.6)
    assert found.edges == Edges("S", "P", "I", "A")


def test_that_a_parametric_map_is_in_the_unit_of_its_mapping(tmp_path):
    mapping = {
        "RealWorldValueSlope": 0.5,
        "RealWorldValueIntercept": 2.0,
        "MeasurementUnitsCodeSequence": items({"CodeValue": "um2/s"}),
    }
    path = dicom(
        tmp_path / "a.dcm",
        RAMP.astype(np.uint16),
        SOPClassUID=ParametricMapStorage,
        Modality="MR",
        SharedFunctionalGroupsSequence=items({"RealWorldValueMappingSequence": items(mapping)}),
    )
    found = first(path)
    np.testing.assert_array_equal(found.values, RAMP * 0.5 + 2)
    assert found.unit == "um2/s"


def test_that_all_windows_of_the_file_are_offered_with_their_names(tmp_path):
    found = made(
        tmp_path,
        WindowCenter=[40, -600],
        WindowWidth=[400, 1500],
        WindowCenterWidthExplanation=["SOFT", "LUNG"],
        VOILUTFunction="LINEAR_EXACT",
    )
    assert [preset.name for preset in found.presets] == ["SOFT", "LUNG"]
    assert found.presets[1].tone == Window(-600.0, 1500.0, "linear_exact")


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("centre", "width"), [(-10, 300), (0, 1), (40.5, 33), (2000, 4000)])
def test_that_windows_are_applied_as_pydicom_applies_them(tmp_path, function, centre, width):
    random = np.random.default_rng(1)
    pixels = random.integers(0, 4000, (16, 16)).astype(np.int16)
    source = dataset(
        pixels,
        RescaleSlope=1,
        RescaleIntercept=-1000,
        WindowCenter=centre,
        WindowWidth=width,
        VOILUTFunction=function,
        BitsStored=16,
    )
    found = first(save(source, tmp_path / "a.dcm"))
    with np.errstate(over="ignore"):
        theirs = apply_voi_lut(apply_modality_lut(pixels, source), source)
    low, high = -32768 - 1000, 32767 - 1000
    np.testing.assert_allclose(
        found.default_tone().apply(found.values), (theirs - low) / (high - low), atol=1e-5
    )


def test_that_a_table_for_display_comes_before_windows(tmp_path):
    table = {
        "LUTDescriptor": [20, 0, 12],
        "LUTData": [4095 - 200 * n for n in range(20)],
        "LUTExplanation": "NORMAL",
    }
    path = dicom(
        tmp_path / "a.dcm",
        RAMP.astype(np.uint16),
        Modality="CR",
        VOILUTSequence=items(table),
        WindowCenter=10,
        WindowWidth=10,
    )
    found = first(path)
    assert isinstance(found.presets[0].tone, ToneTable)
    assert [preset.name for preset in found.presets] == ["NORMAL", "Window 1 of the file"]
    np.testing.assert_allclose(
        found.presets[0].tone.apply(found.values), (4095 - 200 * RAMP) / 4095, atol=1e-6
    )


def test_that_a_table_may_begin_below_zero(tmp_path):
    source = dataset(RAMP - 10, Modality="CR")
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "SS", [20, -10, 8])
    item.add_new("LUTData", "OW", bytes(np.arange(20, dtype="<u2").tobytes()))
    source.VOILUTSequence = [item]
    tone = first(save(source, tmp_path / "a.dcm")).presets[0].tone
    assert tone.first == -10
    np.testing.assert_allclose(tone.apply(np.array([-10, 0, 9])), [0, 10 / 255, 19 / 255])


def test_that_a_window_that_shows_nothing_is_left_out(tmp_path):
    found = made(tmp_path, WindowCenter=[40, 50], WindowWidth=[0, 100])
    assert [preset.tone.centre for preset in found.presets] == [50.0]


def test_that_monochrome1_is_inverted_once_and_its_values_are_not_touched(tmp_path):
    found = made(
        tmp_path,
        RAMP.astype(np.uint8),
        PhotometricInterpretation="MONOCHROME1",
        Modality="DX",
        SOPClassUID=ComputedRadiographyImageStorage,
    )
    np.testing.assert_array_equal(found.values, RAMP)
    assert found.inverted
    np.testing.assert_array_equal(found.shown()[..., 0], 255 - RAMP)


def test_that_bytes_without_a_window_are_shown_as_they_are(tmp_path):
    found = made(tmp_path, RAMP.astype(np.uint8), Modality="OT")
    np.testing.assert_array_equal(found.shown()[..., 1], RAMP)


@pytest.mark.parametrize(
    ("padding", "limit", "hidden"),
    [(-5, None, [-5]), (-7, -5, [-7, -6, -5]), (-5, -7, [-7, -6, -5]), (65531, None, [-5])],
)
def test_that_padding_is_hidden_by_its_stored_value(tmp_path, padding, limit, hidden):
    source = dataset(RAMP - 10, RescaleSlope=1, RescaleIntercept=-1000)
    kind = "US" if padding > 0 else "SS"
    source.add_new("PixelPaddingValue", kind, padding)
    if limit is not None:
        source.add_new("PixelPaddingRangeLimit", kind, limit)
    found = first(save(source, tmp_path / "a.dcm"))
    np.testing.assert_array_equal(found.hidden, np.isin(RAMP - 10, hidden))
    assert found.shown()[found.hidden].max() == 0


def test_that_padding_that_is_nowhere_hides_nothing(tmp_path):
    assert made(tmp_path, PixelPaddingValue=-2000).hidden is None


def test_that_bits_which_are_not_used_are_cleared(tmp_path):
    stored = np.array([[-3, 5], [2047, -2048]], np.int16)
    spoiled = (stored & 0x0FFF) | np.array([[0x1000, 0x2000], [0x4000, 0x3000]], np.int16)
    found = made(tmp_path, spoiled, BitsStored=12, HighBit=11, Modality="MR")
    np.testing.assert_array_equal(found.values, stored)


def test_that_a_palette_gives_colour(tmp_path):
    def table(values):
        return np.array(values, "<u2").tobytes()

    source = dataset(
        np.array([[0, 1], [2, 2]], np.uint8), PhotometricInterpretation="PALETTE COLOR"
    )
    for colour, values in (
        ("Red", [0, 65535, 0]),
        ("Green", [0, 0, 32768]),
        ("Blue", [65535, 0, 0]),
    ):
        setattr(source, f"{colour}PaletteColorLookupTableDescriptor", [3, 0, 16])
        setattr(source, f"{colour}PaletteColorLookupTableData", table(values))
    found = first(save(source, tmp_path / "a.dcm"))
    assert found.values[0].tolist() == [[0, 0, 255], [255, 0, 0]]
    assert found.values[1, 1].tolist() == [0, 128, 0]


@pytest.mark.parametrize("planar", [0, 1])
def test_that_planes_of_colour_are_put_together(tmp_path, planar):
    colour = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    source = dataset(colour, PlanarConfiguration=planar)
    if planar:
        source.PixelData = colour.transpose(2, 0, 1).tobytes()
    np.testing.assert_array_equal(first(save(source, tmp_path / "a.dcm")).values, colour)


def test_that_deep_colours_keep_their_highest_bits(tmp_path):
    colour = np.array([[[0xFFF, 0x800, 0x010]]], np.uint16)
    found = first(dicom(tmp_path / "a.dcm", colour, BitsStored=12, HighBit=11))
    assert found.values.tolist() == [[[255, 128, 1]]]


def test_that_the_spacing_names_its_tag(tmp_path):
    both = {"ImagerPixelSpacing": [0.2, 0.1], "Modality": "DX"}
    detector = made(tmp_path, **both).spacing
    assert (detector.rows, detector.columns) == (0.2, 0.1)
    assert (detector.source, detector.where) == ("ImagerPixelSpacing", "at the detector plane")
    same = made(tmp_path, **both, PixelSpacing=[0.2, 0.1]).spacing
    assert (same.source, same.where) == ("PixelSpacing", "at the detector plane")
    calibrated = made(tmp_path, **both, PixelSpacing=[0.18, 0.09]).spacing
    assert (calibrated.rows, calibrated.where) == (0.18, "calibrated to the patient")
    assert made(tmp_path, PixelSpacing=[0.5, 0.6]).spacing.where == "in the patient"
    scanned = made(tmp_path, Modality="CR", NominalScannedPixelSpacing=[0.3, 0.3]).spacing
    assert scanned.where == "on the scanned film"
    assert made(tmp_path, PixelSpacing=[0, 0]).spacing is None
    assert made(tmp_path).spacing is None


def test_that_regions_of_ultrasound_tell_the_spacing_where_they_agree(tmp_path):
    region = {
        "PhysicalUnitsXDirection": 3,
        "PhysicalUnitsYDirection": 3,
        "PhysicalDeltaX": 0.02,
        "PhysicalDeltaY": 0.03,
    }
    found = made(tmp_path, Modality="US", SequenceOfUltrasoundRegions=items(region))
    assert (round(found.spacing.rows, 9), round(found.spacing.columns, 9)) == (0.3, 0.2)
    other = {**region, "PhysicalDeltaX": 0.05}
    apart = made(tmp_path, Modality="US", SequenceOfUltrasoundRegions=items(region, other))
    assert apart.spacing is None


@pytest.mark.parametrize(
    ("turn", "edges"),
    [
        ([1, 0, 0, 0, 1, 0], Edges("A", "L", "P", "R")),
        ([0, 1, 0, 0, 0, -1], Edges("S", "P", "I", "A")),
        ([1, 0, 0, 0, 0, -1], Edges("S", "L", "I", "R")),
        ([-1, 0, 0, 0, -1, 0], Edges("P", "R", "A", "L")),
        ([0.9, 0.4359, 0, -0.4359, 0.9, 0], Edges("A", "L", "P", "R")),
    ],
)
def test_that_letters_follow_the_orientation_of_the_plane(tmp_path, turn, edges):
    assert made(tmp_path, ImageOrientationPatient=turn).edges == edges


def test_that_letters_of_an_x_ray_come_from_its_own_words(tmp_path):
    assert made(tmp_path, Modality="DX", PatientOrientation=["L", "F"]).edges == Edges(
        "S", "L", "I", "R"
    )
    assert made(tmp_path, Modality="DX", PatientOrientation=["A", "FR"]).edges == Edges(
        "S", "A", "I", "P"
    )
    assert made(tmp_path, Modality="DX", PatientOrientation=["L", "R"]).edges is None
    assert made(tmp_path, ImageOrientationPatient=[0, 0, 0, 0, 0, 0]).edges is None


NAMED = {"PatientName": "Example^Erika", "PatientID": "ID-4711", "PatientBirthDate": "19640812"}


@pytest.mark.parametrize(
    "name", ["erika_01.dcm", "ID4711.dcm", "scan_1964-08-12.dcm", "EXAMPLE-ct.dcm"]
)
def test_that_a_file_called_like_its_patient_is_labelled_by_numbers(tmp_path, name):
    image = opened(dicom(tmp_path / name, RAMP, SeriesNumber=3, InstanceNumber=12, **NAMED))
    assert image.card.label == "CT series 3, image 12"


def test_that_no_word_about_the_patient_is_in_the_card(tmp_path):
    path = dicom(tmp_path / "slice 1.dcm", RAMP, **NAMED)
    card = opened(path).card
    words = repr((card.label, card.kind, card.notes, card.format)).casefold()
    assert card.label == "slice 1.dcm"
    assert not any(part in words for part in ("example", "erika", "4711", "1964"))


def test_that_no_error_names_the_patient(tmp_path):
    source = dataset(RAMP, **NAMED, SeriesNumber=3)
    del source.PixelData
    with pytest.raises(BadImage) as refused:
        opened(save(source, tmp_path / "erika example.dcm"))
    told = f"{refused.value} {refused.value.details}".casefold()
    assert "ct series 3" in told
    assert "erika" not in told
    short = dataset(RAMP, **NAMED)
    short.PixelData = b"\0\0"
    with pytest.raises(BadImage) as refused:
        opened(save(short, tmp_path / "erika.dcm"))
    assert "erika" not in f"{refused.value} {refused.value.details}".casefold()


def packed(source, syntax, *frames) -> pydicom.Dataset:
    source.file_meta.TransferSyntaxUID = syntax
    source.PixelData = encapsulate(list(frames))
    source["PixelData"].is_undefined_length = True
    return source


def test_that_lossless_jpeg_of_16_bits_is_decoded(tmp_path):
    pixels = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    data = imagecodecs.ljpeg_encode(pixels, bitspersample=16)
    source = packed(dataset(pixels), JPEGLosslessSV1, data)
    np.testing.assert_array_equal(first(save(source, tmp_path / "a.dcm")).values, pixels)


def test_that_jpeg_of_12_bits_is_decoded(tmp_path):
    rows, columns = np.mgrid[:64, :64]
    pixels = (2000 + 1500 * np.sin(rows / 9) + 500 * np.cos(columns / 7)).astype(np.uint16)
    data = imagecodecs.jpeg_encode(pixels, bitspersample=12, level=100)
    source = packed(dataset(pixels, BitsStored=12, HighBit=11), JPEGExtended12Bit, data)
    found = first(save(source, tmp_path / "a.dcm"))
    assert np.abs(found.values - pixels).max() <= 1


def test_that_signed_numbers_survive_lossless_jpeg(tmp_path):
    pixels = np.arange(-32, 32, dtype=np.int16).reshape(8, 8)
    data = imagecodecs.ljpeg_encode(pixels.view(np.uint16), bitspersample=16)
    source = packed(dataset(pixels), JPEGLosslessSV1, data)
    np.testing.assert_array_equal(first(save(source, tmp_path / "a.dcm")).values, pixels)


def test_that_deflated_frames_are_decoded(tmp_path):
    pixels = np.arange(40, dtype=np.int16).reshape(2, 4, 5)
    frames = []
    for frame in pixels:
        deflate = zlib.compressobj(wbits=-15)
        frames.append(deflate.compress(frame.tobytes()) + deflate.flush())
    source = packed(dataset(pixels[0], NumberOfFrames=2), JPEGBaseline8Bit, *frames)
    path = save(source, tmp_path / "a.dcm")
    # pydicom does not know this transfer syntax, so it does not write it either.
    known, meant = JPEGBaseline8Bit.encode(), b"1.2.840.10008.1.2.8.1\0"
    path.write_bytes(path.read_bytes().replace(known, meant))
    image = opened(path)
    for index in range(2):
        found = image.read(SliceAddress(index=index))
        np.testing.assert_array_equal(found.values, pixels[index])


def test_that_a_missing_decoder_is_named(tmp_path, monkeypatch):
    pixels = np.zeros((8, 8), np.uint16)
    data = imagecodecs.ljpeg_encode(pixels, bitspersample=16)
    path = save(packed(dataset(pixels), JPEGLosslessSV1, data), tmp_path / "a.dcm")
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(BadImage, match=r"“imagecodecs”.*pip install imagecodecs"):
        opened(path)


def test_that_a_decoder_missing_in_pydicom_is_named(tmp_path, monkeypatch):
    from pydicom.pixels.decoders.base import Decoder

    pixels = np.zeros((8, 8), np.uint8)
    data = imagecodecs.jpeg8_encode(pixels)
    path = save(packed(dataset(pixels), JPEGBaseline8Bit, data), tmp_path / "a.dcm")
    assert first(path).shape == (8, 8)
    monkeypatch.setattr(Decoder, "is_available", property(lambda self: False))
    with pytest.raises(BadImage, match="“pillow”"):
        opened(path)


def test_that_a_video_is_refused_by_name(tmp_path):
    source = packed(dataset(RAMP), "1.2.840.10008.1.2.4.102", b"\0" * 64)
    with pytest.raises(BadImage, match="packed as MPEG-4"):
        opened(save(source, tmp_path / "a.dcm"))


def test_that_frames_of_run_length_are_read_one_by_one(tmp_path):
    pixels = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)
    source = dataset(pixels[0], NumberOfFrames=3)
    source.PixelData = pixels.tobytes()
    source.compress(RLELossless, pixels)
    image = opened(save(source, tmp_path / "a.dcm"))
    assert dict(image.card.slices) == {Plane.STORED: 3}
    for index in range(3):
        np.testing.assert_array_equal(image.read(SliceAddress(index=index)).values, pixels[index])


@pytest.mark.parametrize(
    ("modality", "words"), [("SR", "structured report"), ("RTSTRUCT", "contours"), ("PR", "state")]
)
def test_that_an_object_without_a_picture_says_what_it_is(tmp_path, modality, words):
    source = dataset(RAMP, Modality=modality)
    for keyword in ("PixelData", "Rows", "Columns"):
        del source[keyword]
    with pytest.raises(BadImage, match=words):
        opened(save(source, tmp_path / "a.dcm"))
