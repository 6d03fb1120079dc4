"""From the bytes of a frame to the numbers stored in it.

pydicom decodes what it can with packages under free licences; JPEG with 12 or 16 bits, lossless
and progressive JPEG, and deflated or run-length coded single bits are decoded here.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from inspector.core.errors import BadImage
from inspector.core.images import Values
from inspector.images.dicom.header import Dataset, Header, frame_count, number, text
from inspector.images.refusing import ADVICE, needs_package, refuse_large

_JPEG = "1.2.840.10008.1.2.4."
_JPEG_BASELINE = _JPEG + "50"
_JPEG_BY_IMAGECODECS = {f"{_JPEG}{number}" for number in range(51, 71)}
_JPEG_LS = (_JPEG + "80", _JPEG + "81")
_DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
_RLE = "1.2.840.10008.1.2.5"
_PACKAGES = {
    _JPEG_BASELINE: "pillow",
    **dict.fromkeys(_JPEG_LS, "pyjpegls"),
    **dict.fromkeys((_JPEG + "90", _JPEG + "91"), "pylibjpeg-openjpeg"),
    **dict.fromkeys((_JPEG + "201", _JPEG + "202", _JPEG + "203"), "pylibjpeg-openjpeg"),
}
_LEAST_FRAME_BYTES = 8
"""Of a packed frame: its item's tag and length."""
_MOST_DEFLATE_RATIO = 1032
_LOSSLESS_MARKERS = (0xC3, 0xC7, 0xCB, 0xCF)
_NO_FRAME_MARKERS = (0xC4, 0xC8, 0xCC)


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """How the numbers of a frame are stored (PS3.3 C.7.6.3)."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    is_signed: bool
    photometric: str
    frames: int

    @property
    def bits(self) -> int:
        """Of one frame, as it is stored without compression."""
        samples = self.samples * self.rows * self.columns
        return samples * self.bits_allocated * (2 if self.photometric == "YBR_FULL_422" else 3) // 3


def layout_of(header: Header) -> PixelLayout:
    """Read how the pixels are stored, and refuse what cannot be.

    Raises
    ------
    BadImage
        When a size is missing, 0, or more than is read here.
    """
    dataset = header.dataset
    missing = [
        word for word in ("Rows", "Columns", "BitsAllocated") if _whole(dataset, word) is None
    ]
    if missing:
        raise BadImage(
            f"“{header.name}” is damaged: it does not say its {' and '.join(missing)}.",
            advice=ADVICE,
        )
    rows, columns, allocated = (
        int(_whole(dataset, word) or 0) for word in ("Rows", "Columns", "BitsAllocated")
    )
    samples = _whole(dataset, "SamplesPerPixel") or 1
    frames = frame_count(dataset, header.name)
    _check_frames(header, frames, rows * columns * samples * allocated)
    refuse_large(header.name, (rows, columns, samples), max(1, allocated // 8))
    return PixelLayout(
        rows=rows,
        columns=columns,
        samples=samples,
        bits_allocated=allocated,
        bits_stored=_whole(dataset, "BitsStored") or allocated,
        is_signed=bool(_whole(dataset, "PixelRepresentation")),
        photometric=text(dataset, "PhotometricInterpretation") or "MONOCHROME2",
        frames=frames,
    )


def decode(header: Header, dataset: Dataset, layout: PixelLayout, frame: int) -> Values:
    """(rows, columns) or (rows, columns, 3) of one frame, colour as RGB.

    Raises
    ------
    BadImage
        When a decoder is missing, or the pixels are cut short or damaged.
    """
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    if syntax == _DEFLATED_FRAMES or not syntax.is_transfer_syntax or syntax.is_encapsulated:
        return _decode_packed(header, dataset, layout, frame, syntax)
    _check_length(header, dataset, layout)
    numbers, _ = get_decoder(syntax).as_array(dataset, index=frame)
    return _used_bits(numbers, dataset, layout)


def _check_frames(header: Header, frames: int, bits: int) -> None:
    """Refuse more frames than the file has room for, before anything is made for each of them."""
    syntax = UID(str(header.dataset.file_meta.get("TransferSyntaxUID") or ImplicitVRLittleEndian))
    size = header.path.stat().st_size
    if syntax == DeflatedExplicitVRLittleEndian:
        most = size * _MOST_DEFLATE_RATIO
    elif syntax.is_transfer_syntax and not syntax.is_encapsulated:
        most = size * 8 * 3 // (2 * max(1, bits))
    else:
        most = size // _LEAST_FRAME_BYTES
    if frames > max(1, most):
        raise BadImage(
            f"“{header.name}” is cut short: it says that it has {frames:,} frames, which do not "
            f"fit into its {size:,} bytes.",
            advice=ADVICE,
        )


def _decode_packed(
    header: Header, dataset: Dataset, layout: PixelLayout, frame: int, syntax: UID
) -> Values:
    data = get_frame(
        dataset.PixelData,
        frame,
        number_of_frames=layout.frames,
        extended_offsets=_extended_offsets(dataset),
    )
    _check_codestream(header, layout, data)
    if syntax == _DEFLATED_FRAMES:
        return _from_bytes(header, layout, _inflated(data, layout))
    if syntax == _RLE and layout.bits_allocated == 1:
        return _from_bytes(header, layout, _unrolled(data))
    is_plain_extended = syntax == _JPEG + "51" and _precision(data) == 8
    if syntax in _JPEG_BY_IMAGECODECS and not is_plain_extended:
        return _jpeg(layout, data)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise BadImage(
            f"“{header.name}” is packed as {syntax.name}, which is not read here.",
            advice="Save it uncompressed, or packed losslessly, and open that.",
        ) from error
    if not decoder.is_available:
        raise needs_package(header.name, _PACKAGES.get(syntax, "pylibjpeg"))
    numbers, _ = decoder.as_array(dataset, index=frame)
    return _used_bits(numbers, dataset, layout)


def _used_bits(numbers: Values, dataset: Dataset, layout: PixelLayout) -> Values:
    """Numbers without what other programs hid in the bits that are not used (old overlays)."""
    spare = layout.bits_allocated - layout.bits_stored
    high = number(dataset, "HighBit")
    above = layout.bits_allocated - 1 - int(layout.bits_stored - 1 if high is None else high)
    if numbers.dtype.kind not in "iu" or spare <= 0 or layout.bits_allocated not in (8, 16, 32):
        return numbers
    if numbers.dtype.itemsize * 8 != layout.bits_allocated or not 0 <= above <= spare:
        return numbers
    return (numbers << above) >> spare


def _check_length(header: Header, dataset: Dataset, layout: PixelLayout) -> None:
    keywords = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
    held = sum(len(dataset.get(keyword) or b"") for keyword in keywords)
    need = (layout.bits * layout.frames + 7) // 8
    if held < need:
        raise BadImage(
            f"“{header.name}” is cut short: {need:,} bytes of pixels were expected and "
            f"{held:,} are there.",
            advice=ADVICE,
        )


def _check_codestream(header: Header, layout: PixelLayout, data: bytes) -> None:
    """Refuse a packed picture of another size before a decoder makes room for it."""
    found = _codestream_shape(data)
    if found is not None and found != (layout.rows, layout.columns):
        raise BadImage(
            f"“{header.name}” is damaged: its header says {layout.rows:,} × {layout.columns:,} "
            f"pixels, its packed picture {found[0]:,} × {found[1]:,}.",
            advice=ADVICE,
        )


def _codestream_shape(data: bytes) -> tuple[int, int] | None:
    """Rows and columns of a JPEG, JPEG-LS or JPEG 2000 code stream; None where not found."""
    if data[:4] == b"\xff\x4f\xff\x51" and len(data) >= 24:
        right, bottom, left, top = struct.unpack(">4I", data[8:24])
        return (bottom - top, right - left)
    start = _frame_header(data)
    if start is None:
        return None
    rows, columns = struct.unpack(">HH", data[start + 5 : start + 9])
    return (int(rows), int(columns)) if rows and columns else None


def _frame_header(data: bytes) -> int | None:
    """Where the marker of a JPEG frame header (SOF) stands."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_MARKERS):
            return at
        if marker == 0xFF:
            at += 1
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _precision(data: bytes) -> int:
    start = _frame_header(data)
    return 0 if start is None else data[start + 4]


def _jpeg(layout: PixelLayout, data: bytes) -> Values:
    import imagecodecs

    start = _frame_header(data)
    is_lossless = start is not None and data[start + 1] in _LOSSLESS_MARKERS
    if layout.samples == 3 and layout.photometric == "RGB" and not is_lossless:
        return imagecodecs.jpeg8_decode(data, colorspace="RGB", outcolorspace="RGB")
    numbers: Values = imagecodecs.jpeg_decode(data)
    if layout.samples == 3 and layout.photometric.startswith("YBR") and is_lossless:
        return convert_color_space(numbers, layout.photometric, "RGB")
    if layout.is_signed:
        return _signed(numbers, layout)
    return numbers


def _signed(numbers: Values, layout: PixelLayout) -> Values:
    """JPEG knows no sign: the bits are those of the two's complement."""
    spare = numbers.dtype.itemsize * 8 - layout.bits_stored
    wide = numbers.astype(numbers.dtype.str.replace("u", "i"))
    return (wide << spare) >> spare if spare > 0 else wide


def _inflated(data: bytes, layout: PixelLayout) -> bytes:
    need = (layout.bits + 7) // 8
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, need + 2)


def _unrolled(data: bytes) -> bytes:
    """The only segment of a frame in run-length coding (PS3.5 annex G)."""
    import imagecodecs

    start = struct.unpack("<2I", data[:8])[1]
    return bytes(imagecodecs.packbits_decode(data[start:]))


def _from_bytes(header: Header, layout: PixelLayout, raw: bytes) -> Values:
    """Numbers of one frame that was unpacked here; single bits lie lowest bit first."""
    count = layout.rows * layout.columns * layout.samples
    if len(raw) * 8 < layout.bits:
        raise BadImage(f"“{header.name}” is cut short: a frame ends too early.", advice=ADVICE)
    if layout.bits_allocated == 1:
        bits = np.unpackbits(np.frombuffer(raw, np.uint8), count=count, bitorder="little")
        return bits.reshape(layout.rows, layout.columns)
    kind = f"<{'i' if layout.is_signed else 'u'}{layout.bits_allocated // 8}"
    shape = (layout.rows, layout.columns, layout.samples)[: 3 if layout.samples > 1 else 2]
    return np.frombuffer(raw, kind, count).reshape(shape)


def _extended_offsets(dataset: Dataset) -> Any:
    offsets, lengths = (
        dataset.get(word) for word in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
    )
    return (offsets, lengths) if offsets and lengths else None


def _whole(dataset: Dataset, keyword: str) -> int | None:
    value = number(dataset, keyword)
    return None if value is None else int(value)
