"""Files that try to break the image readers: each is answered with a sentence, within bounds."""

import gzip
import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit

from inspector.core.errors import BadImage
from inspector.core.images import Plane
from inspector.images import looks_like_image, open_images
from inspector.images.dicom import header as dicom_header
from tests.images.making import dataset, dicom, nifti, save

MOST = 300 << 20
"""Bytes that answering a bad file may take."""


def refused(path: Path, words: str) -> BadImage:
    """Open what must be refused, and look at how much memory that took."""
    tracemalloc.start()
    try:
        with pytest.raises(BadImage, match=words) as error:
            open_images(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST
    assert str(error.value).endswith(".")
    return error.value


@pytest.mark.parametrize(
    "name", ["a.dcm", "a.nii", "a.nii.gz", "a.mgz", "a.nrrd", "a.png", "a.tif"]
)
@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"\0" * 5000, b"This is a text about images.\n" * 40, b"\xff" * 700],
    ids=["empty", "one byte", "zeros", "text", "ones"],
)
def test_that_a_file_that_is_not_what_it_is_called_is_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    assert looks_like_image(path)
    refused(path, name)


def test_that_a_folder_called_like_an_image_is_a_folder(tmp_path):
    (tmp_path / "a.dcm").mkdir()
    refused(tmp_path / "a.dcm", "folder “a.dcm” holds no image")


def test_that_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.dcm")
    assert not looks_like_image(tmp_path / "a.dcm")
    refused(tmp_path / "a.dcm", "no file that can be read")
    refused(tmp_path / "absent.png", "not there")


def test_that_a_dicom_file_cut_short_anywhere_is_refused_or_read(tmp_path):
    whole = dicom(tmp_path / "a.dcm", np.arange(400, dtype=np.int16).reshape(20, 20)).read_bytes()
    path = tmp_path / "b.dcm"
    for length in range(1, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(BadImage):
            open_images(path)


@pytest.mark.parametrize("frames", [1, 2_000_000_000])
@pytest.mark.parametrize(("rows", "columns"), [(65535, 65535), (60000, 60000), (9000, 9000)])
def test_that_sizes_of_a_dicom_file_are_checked_before_room_is_made(
    tmp_path, rows, columns, frames
):
    source = dataset(np.zeros((2, 2), np.int16), Rows=rows, Columns=columns)
    source.NumberOfFrames = frames
    refused(save(source, tmp_path / "a.dcm"), "more than is read here|cut short")


def test_that_many_frames_of_nothing_are_refused_quickly(tmp_path):
    source = dataset(np.zeros((2, 2), np.int16), NumberOfFrames=2_000_000_000)
    refused(save(source, tmp_path / "a.dcm"), "cut short")


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("Rows", 0), ("Columns", 0), ("NumberOfFrames", 0), ("NumberOfFrames", -3)],
)
def test_that_a_dicom_file_without_a_pixel_is_refused(tmp_path, keyword, value):
    source = dataset(np.zeros((2, 2), np.int16), **{keyword: value})
    refused(save(source, tmp_path / "a.dcm"), "holds no picture|number of frames")


@pytest.mark.parametrize("keyword", ["Rows", "Columns", "BitsAllocated"])
def test_that_a_dicom_file_that_does_not_say_its_layout_is_refused(tmp_path, keyword):
    source = dataset(np.zeros((2, 2), np.int16))
    source["PixelData"].VR = "OW"
    del source[keyword]
    refused(save(source, tmp_path / "a.dcm"), f"does not say its {keyword}")


@pytest.mark.parametrize("bits", [3, 7, 24, 64, 65535])
def test_that_bits_that_no_reader_knows_are_refused(tmp_path, bits):
    source = dataset(np.zeros((20, 20), np.int16), BitsAllocated=bits)
    refused(save(source, tmp_path / "a.dcm"), "a.dcm")


def packed(path: Path, syntax: str, frame: bytes) -> Path:
    source = dataset(np.zeros((16, 16), np.uint8))
    source.file_meta.TransferSyntaxUID = syntax
    source.PixelData = encapsulate([frame])
    source["PixelData"].is_undefined_length = True
    return save(source, path)


def test_that_a_packed_picture_larger_than_its_header_says_is_not_decoded(tmp_path):
    frame = bytearray(_jpeg(16, 16))
    at = frame.index(b"\xff\xc0") + 5
    frame[at : at + 4] = struct.pack(">HH", 65500, 65500)
    refused(packed(tmp_path / "a.dcm", JPEGBaseline8Bit, bytes(frame)), "packed picture 65,500")
    stream = (
        b"\xff\x4f\xff\x51" + struct.pack(">HHIIII", 41, 0, 1 << 31, 1 << 31, 0, 0) + b"\0" * 40
    )
    refused(packed(tmp_path / "b.dcm", JPEG2000Lossless, stream), "packed picture 2,147,483,648")


def test_that_a_damaged_packed_picture_is_refused(tmp_path):
    for number, frame in enumerate((b"\xff\xd8", b"\0" * 100, _jpeg(16, 16)[:200])):
        refused(packed(tmp_path / f"{number}.dcm", JPEGBaseline8Bit, frame), f"{number}.dcm")


def _jpeg(rows: int, columns: int) -> bytes:
    from io import BytesIO

    out = BytesIO()
    Image.new("L", (columns, rows), 90).save(out, "JPEG")
    return out.getvalue()


def test_that_a_deflated_dicom_file_does_not_fill_the_memory(tmp_path, monkeypatch):
    source = dataset(np.zeros((2048, 2048), np.uint16))
    source.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = save(source, tmp_path / "a.dcm")
    assert open_images(path)[0].card.shape == (2048, 2048)
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(dicom_header, "_MOST_INFLATED", 1 << 20)
    refused(path, "would unfold to more than")


@pytest.mark.parametrize("depth", [300, 20_000])
def test_that_sequences_within_sequences_are_refused_or_read(tmp_path, depth):
    whole = dicom(tmp_path / "a.dcm", np.zeros((2, 2), np.int16)).read_bytes()
    start = 144 + struct.unpack_from("<I", whole, 140)[0]
    sequence = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    ends = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    path = tmp_path / "a.dcm"
    path.write_bytes(whole[:start] + (sequence + item) * depth + ends * depth + whole[start:])
    _opened_or_refused(path)


def changed(path: Path, **fields) -> Path:
    """A NIfTI-1 header whose fields were overwritten, its data as before."""
    raw = bytearray(path.read_bytes())
    places = {
        "dim": (40, "<8h"),
        "datatype": (70, "<h"),
        "bitpix": (72, "<h"),
        "vox_offset": (108, "<f"),
        "pixdim": (76, "<8f"),
        "sizeof_hdr": (0, "<i"),
    }
    for name, value in fields.items():
        start, form = places[name]
        struct.pack_into(form, raw, start, *(value if isinstance(value, tuple) else (value,)))
    path.write_bytes(raw)
    return path


def test_that_a_nifti_header_that_claims_a_billion_voxels_is_refused(tmp_path):
    path = nifti(tmp_path / "a.nii", np.zeros((2, 2, 2), np.float32))
    refused(changed(path, dim=(3, 32767, 32767, 1000, 1, 1, 1, 1)), "do not fit into its")
    big = nibabel.Nifti2Image(np.zeros((2, 2, 2), np.float32), np.eye(4))
    nibabel.save(big, tmp_path / "b.nii")
    raw = bytearray((tmp_path / "b.nii").read_bytes())
    struct.pack_into("<4q", raw, 16, 3, 10**4, 10**4, 10**4)
    (tmp_path / "b.nii").write_bytes(raw)
    refused(tmp_path / "b.nii", "do not fit into its")
    (tmp_path / "c.nii.gz").write_bytes(gzip.compress(bytes(raw)))
    refused(tmp_path / "c.nii.gz", "do not fit into its")


@pytest.mark.parametrize(
    "fields",
    [
        {"dim": (3, 2, 2, 0, 1, 1, 1, 1)},
        {"dim": (3, -2, 2, 2, 1, 1, 1, 1)},
        {"dim": (0, 2, 2, 2, 1, 1, 1, 1)},
        {"dim": (9, 2, 2, 2, 1, 1, 1, 1)},
        {"dim": (-7, 2, 2, 2, 1, 1, 1, 1)},
        {"datatype": 12345},
        {"datatype": 0},
        {"vox_offset": float("nan")},
        {"vox_offset": 1e30},
        {"vox_offset": 100000.0},
        {"vox_offset": -5.0},
    ],
    ids=str,
)
def test_that_a_nifti_header_that_cannot_be_is_refused(tmp_path, fields):
    path = nifti(tmp_path / "a.nii", np.zeros((2, 2, 2), np.float32))
    refused(changed(path, **fields), "a.nii")


def test_that_sizes_of_voxels_that_cannot_be_give_no_spacing(tmp_path):
    image = nibabel.Nifti1Image(np.ones((2, 3, 4), np.float32), None)
    nibabel.save(image, tmp_path / "a.nii")
    changed(tmp_path / "a.nii", pixdim=(1, float("nan"), 0, -1, 1, 1, 1, 1))
    _opened_or_refused(tmp_path / "a.nii")


def test_that_a_nifti_file_cut_short_is_refused(tmp_path):
    whole = nifti(tmp_path / "a.nii", np.ones((20, 20, 20), np.float32)).read_bytes()
    (tmp_path / "b.nii").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "b.nii", "cut short")
    packed_whole = gzip.compress(np.random.default_rng(0).bytes(9) + whole, 9)
    (tmp_path / "c.nii.gz").write_bytes(gzip.compress(whole)[:-40])
    refused(tmp_path / "c.nii.gz", "damaged")
    assert packed_whole


def test_that_a_packed_volume_of_nothing_unfolds_within_bounds(tmp_path):
    """A bomb: 256 MB of zeros behind a header for 8 voxels are never unfolded."""
    head = nifti(tmp_path / "a.nii", np.ones((2, 2, 2), np.float32)).read_bytes()
    (tmp_path / "b.nii.gz").write_bytes(_bomb(head, 256))
    tracemalloc.start()
    try:
        (image,) = open_images(tmp_path / "b.nii.gz")
        assert image.card.slices[Plane.AXIAL] == 2
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def test_that_notes_of_absurd_length_in_a_packed_header_are_not_unfolded(tmp_path):
    path = changed(nifti(tmp_path / "a.nii", np.ones((2, 2, 2), np.float32)), vox_offset=2e8)
    raw = bytearray(path.read_bytes()[:348]) + b"\1\0\0\0" + struct.pack("<2i", 1 << 27, 6)
    (tmp_path / "b.nii.gz").write_bytes(_bomb(bytes(raw), 256))
    refused(tmp_path / "b.nii.gz", "would start beyond")


def _bomb(head: bytes, megabytes: int) -> bytes:
    squeeze = zlib.compressobj(9, wbits=31)
    pieces = [squeeze.compress(head)]
    pieces += [squeeze.compress(bytes(1 << 20)) for _ in range(megabytes)]
    return b"".join([*pieces, squeeze.flush()])


def test_that_a_volume_without_a_number_is_refused(tmp_path):
    path = nifti(tmp_path / "a.nii.gz", np.full((4, 5, 6), np.nan, np.float32))
    refused(path, "NaN or infinite")
    some = np.full((4, 5, 6), np.nan, np.float32)
    some[0, 0, 0] = 1.0
    assert open_images(nifti(tmp_path / "b.nii", some))


def test_that_an_mgz_that_claims_too_much_is_refused(tmp_path):
    image = nibabel.MGHImage(np.ones((2, 3, 4), np.float32), np.eye(4))
    nibabel.save(image, tmp_path / "a.mgh")
    raw = bytearray((tmp_path / "a.mgh").read_bytes())
    struct.pack_into(">3i", raw, 4, 100_000, 100_000, 100_000)
    (tmp_path / "a.mgh").write_bytes(raw)
    refused(tmp_path / "a.mgh", "a.mgh")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("type: short\nsizes: 100000 100000 100000\nencoding: gzip", "more than is read here"),
        ("type: short\nsizes: 2 2 2\nencoding: gzip", "damaged|cut short"),
        ("type: short\nsizes: 0 2 2\nencoding: raw", "holds no picture"),
        ("type: short\nsizes: 9 9 9\nencoding: raw", "cut short"),
        ("type: block\nsizes: 2 2 2\nencoding: raw", "not read here"),
        ("type: short\nsizes: two\nencoding: raw", "damaged"),
        ("type: short\nencoding: raw", "holds no picture"),
    ],
)
def test_that_a_nrrd_header_that_cannot_be_is_refused(tmp_path, lines, words):
    path = tmp_path / "a.nrrd"
    path.write_bytes(f"NRRD0004\n{lines}\n\n".encode() + b"\0" * 9)
    refused(path, words)


def png(path: Path, rows: int, columns: int, data: bytes = b"") -> Path:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
    return path


def test_that_a_png_bomb_is_refused_by_its_header(tmp_path):
    refused(png(tmp_path / "a.png", 200_000, 200_000), "more pixels than is read")
    refused(png(tmp_path / "b.png", 15_000, 15_000), "more (pixels )?than is read here")


def test_that_a_png_with_a_bomb_for_a_text_is_refused_or_read_within_bounds(tmp_path):
    packed_text = zlib.compress(bytes(200 << 20), 9)
    text = b"Comment\0\0" + packed_text
    raw = png(tmp_path / "a.png", 2, 2, zlib.compress(b"\0\1\2\0\3\4")).read_bytes()
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text
    chunk += struct.pack(">I", zlib.crc32(b"zTXt" + text))
    (tmp_path / "a.png").write_bytes(raw[:33] + chunk + raw[33:])
    tracemalloc.start()
    try:
        _opened_or_refused(tmp_path / "a.png")
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 100 << 20


def test_that_a_picture_cut_short_is_refused(tmp_path):
    random = np.random.default_rng(1).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    for name in ("a.png", "a.jpg", "a.bmp", "a.gif", "a.webp"):
        Image.fromarray(random).save(tmp_path / name)
        raw = (tmp_path / name).read_bytes()
        for share in (0.1, 0.5, 0.8):
            (tmp_path / name).write_bytes(raw[: int(len(raw) * share)])
            refused(tmp_path / name, name)


@pytest.mark.parametrize("side", [60_000, 4_000_000_000])
def test_that_a_tiff_that_claims_too_much_is_refused(tmp_path, side):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5), np.uint8))
    raw = bytearray((tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        for name in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            tag = file.pages[0].tags[name]
            struct.pack_into("<HI", raw, tag.offset + 2, 4, 1)
            struct.pack_into("<I", raw, tag.offset + 8, side)
    (tmp_path / "a.tif").write_bytes(raw)
    refused(tmp_path / "a.tif", "a.tif")


def test_that_a_tiff_cut_short_or_scribbled_over_is_refused_or_read(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.arange(4000, dtype=np.uint16).reshape(50, 80))
    raw = (tmp_path / "a.tif").read_bytes()
    random = np.random.default_rng(5)
    path = tmp_path / "b.tif"
    for _ in range(60):
        spoiled = bytearray(raw[: int(random.integers(9, len(raw)))])
        for place in random.integers(0, min(len(spoiled), 300), 6):
            spoiled[place] = int(random.integers(0, 256))
        path.write_bytes(spoiled)
        _opened_or_refused(path)


@pytest.mark.parametrize("kind", ["dcm", "nii", "nii.gz", "png", "mgh"])
def test_that_files_scribbled_over_are_refused_or_read(tmp_path, kind):
    numbers = np.arange(8 * 9 * 4, dtype=np.int16).reshape(8, 9, 4)
    whole = tmp_path / f"a.{kind}"
    if kind == "dcm":
        dicom(whole, numbers[..., 0], WindowCenter=4, WindowWidth=9, PixelSpacing=[1, 1])
    elif kind == "png":
        Image.fromarray(numbers[..., 0].astype(np.uint8)).save(whole)
    elif kind == "mgh":
        nibabel.save(nibabel.MGHImage(numbers.astype(np.float32), np.eye(4)), whole)
    else:
        nifti(whole, numbers)
    raw, random = whole.read_bytes(), np.random.default_rng(len(kind))
    path = tmp_path / f"b.{kind}"
    for _ in range(80):
        spoiled = bytearray(raw)
        for place in random.integers(0, len(spoiled), int(random.integers(1, 8))):
            spoiled[place] = int(random.integers(0, 256))
        path.write_bytes(spoiled)
        _opened_or_refused(path)


def _opened_or_refused(path: Path) -> None:
    answer = _answer(path)
    assert answer is None or path.name in str(answer) or "CT" in str(answer)


def _answer(path: Path) -> BadImage | None:
    """What a file is refused with; None where its first look can be shown."""
    try:
        (image,) = open_images(path)
        image.read(image.middle()).shown()
        image.close()
    except BadImage as error:
        return error
    return None
