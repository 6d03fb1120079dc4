"""A DICOM file's header, and its whole data set, with memory bounded by what is allowed."""

import zlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from inspector.core.errors import BadImage
from inspector.images.dicom.privacy import speakable
from inspector.images.refusing import ADVICE, refused_as_damaged

Dataset = Any
"""A pydicom data set; its attributes are known at run time only."""

_PIXEL_TAGS = {(0x7FE0, 0x0008), (0x7FE0, 0x0009), (0x7FE0, 0x0010)}
_MOST_FILE_BYTES = 4 << 30
_MOST_INFLATED = 1 << 30
_MOST_DEFLATE_RATIO = 1032
_WITHOUT_PICTURE = {
    "SR": "a structured report (SR)",
    "KO": "a selection of key objects (KO)",
    "PR": "a presentation state (PR)",
    "RTSTRUCT": "contours of a treatment plan (RTSTRUCT)",
    "RTPLAN": "a treatment plan (RTPLAN)",
    "RTRECORD": "a treatment record (RTRECORD)",
    "REG": "a registration (REG)",
    "ECG": "an electrocardiogram (ECG)",
    "HD": "waveforms (HD)",
    "AU": "sound (AU)",
    "DOC": "a document (DOC)",
}


@dataclass(frozen=True, eq=False)
class Header:
    """What is read of a file before any pixel.

    Parameters
    ----------
    path
        The file.
    dataset
        All elements before the pixels.
    name
        What the file is called in labels and sentences: its name where that does not tell the
        patient's, else its modality and numbers.
    """

    path: Path
    dataset: Dataset
    name: str

    def refusing(self) -> AbstractContextManager[None]:
        """Turn what goes wrong into a sentence; the library's words may quote the patient."""
        return refused(self.name)


def refused(name: str) -> AbstractContextManager[None]:
    """As `refused_as_damaged`, with what pydicom raises, and without its words."""
    return refused_as_damaged(name, "DICOM", InvalidDicomError, BytesLengthException, quoting=False)


def read_header(path: Path) -> Header:
    """Read a file up to its pixels.

    Raises
    ------
    BadImage
        When it is no DICOM file, is damaged, or holds no picture.
    """
    with refused(path.name):
        _check_size(path)
        dataset, has_pixels = _header_of(path)
        name = speakable(path, dataset)
    with refused(name):
        if not _is_dicom(dataset, has_pixels=has_pixels):
            raise BadImage(
                f"“{name}” is called like a DICOM file, but is none, or is damaged.", advice=ADVICE
            )
        if not has_pixels:
            raise _without_picture(name, dataset)
        return Header(path, dataset, name)


def read_whole(header: Header) -> Dataset:
    """The data set with its pixels; with a transfer syntax, guessed where the file has none."""
    with header.refusing(), _Clamped(header.path) as file:
        dataset = pydicom.dcmread(file, force=True)
        if not dataset.file_meta.get("TransferSyntaxUID"):
            dataset.file_meta.TransferSyntaxUID = _guess(dataset)
        return dataset


def number(dataset: Dataset | None, keyword: str) -> float | None:
    """A number of the data set; None where it is missing, empty or no number."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def numbers(dataset: Dataset | None, keyword: str) -> tuple[float, ...]:
    """All numbers of an element; empty where it is missing or one of them is no number."""
    try:
        value = None if dataset is None else dataset.get(keyword)
        if value is None or value == "":
            return ()
        several = not isinstance(value, str | bytes) and hasattr(value, "__iter__")
        return tuple(float(one) for one in (value if several else (value,)))
    except (ArithmeticError, TypeError, ValueError):
        return ()


def text(dataset: Dataset | None, keyword: str) -> str:
    """The text of an element; empty where it is missing."""
    value = None if dataset is None else dataset.get(keyword)
    return "" if value is None else str(value).strip()


def group(dataset: Dataset, frame: int, sequence: str) -> Dataset | None:
    """The functional group of a frame: its own, else the shared one (PS3.3 C.7.6.16)."""
    own = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared = dataset.get("SharedFunctionalGroupsSequence") or ()
    for holder in (own[frame] if frame < len(own) else None, shared[0] if shared else None):
        items = holder.get(sequence) if holder is not None else None
        if items:
            return items[0]
    return None


def frame_count(dataset: Dataset, name: str) -> int:
    """How many frames the header says there are.

    Raises
    ------
    BadImage
        When it says no number, or none above 0.
    """
    try:
        value = dataset.get("NumberOfFrames")
        count = 1 if value in (None, "") else int(value)
    except (TypeError, ValueError):
        count = -1
    if count < 0:
        raise BadImage(
            f"“{name}” is damaged: its number of frames (NumberOfFrames) is no number.",
            advice=ADVICE,
        )
    if count == 0:
        raise BadImage(f"“{name}” holds no picture: it says that it has no frames.")
    return count


class _Clamped(BufferedReader):
    """A file that makes room for no more bytes than are left, whatever length an element claims."""

    def __init__(self, path: Path) -> None:
        super().__init__(FileIO(path))
        self._size = path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self._size - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left))


def _header_of(path: Path) -> tuple[Dataset, bool]:
    with _Clamped(path) as file:
        dataset = pydicom.dcmread(file, force=True, stop_before_pixels=True)
        if dataset.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
            # The rest of the file was inflated elsewhere, so where it stopped is not known.
            file.seek(0)
            dataset = pydicom.dcmread(file, force=True)
            keywords = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
            has_pixels = any(keyword in dataset for keyword in keywords)
            for keyword in keywords:
                if keyword in dataset:
                    del dataset[keyword]
            return dataset, has_pixels
        order: Any = "big" if not dataset.original_encoding[1] else "little"
        tag = file.read(4)
        halves = (int.from_bytes(tag[:2], order), int.from_bytes(tag[2:], order))
        return dataset, len(tag) == 4 and halves in _PIXEL_TAGS


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size == 0:
        raise BadImage(f"“{path.name}” is empty.", advice=ADVICE)
    if size > _MOST_FILE_BYTES:
        raise BadImage(
            f"“{path.name}” has {size:,} bytes, which is more than is read here.",
            advice="Split it into single frames or series.",
        )
    if size * _MOST_DEFLATE_RATIO > _MOST_INFLATED:
        _check_inflated_size(path)


def _check_inflated_size(path: Path) -> None:
    """Refuse a deflated file that would fill the memory; pydicom inflates it in one piece."""
    with _Clamped(path) as file:
        if file.read(132)[128:] != b"DICM":
            return
        file.seek(0)
        meta = pydicom.filereader.read_partial(file, stop_when=_after_meta)
        if meta.file_meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
            return
        file.seek(144 + int(meta.file_meta.FileMetaInformationGroupLength))
        inflating, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
        while piece := file.read(1 << 16):
            while piece and total <= _MOST_INFLATED:
                total += len(inflating.decompress(piece, 1 << 24))
                piece = inflating.unconsumed_tail
            if total > _MOST_INFLATED:
                raise BadImage(
                    f"“{path.name}” would unfold to more than {_MOST_INFLATED:,} bytes, "
                    "which is more than is read here.",
                    advice=ADVICE,
                )


def _after_meta(tag: Any, _representation: Any, _length: int) -> bool:
    return int(tag) >> 16 != 2


def _guess(dataset: Dataset) -> UID:
    """The transfer syntax by how the elements were written (PS3.5 10: implicit by default)."""
    is_implicit, is_little_endian = dataset.original_encoding
    if is_implicit is None or is_little_endian is None:
        return ImplicitVRLittleEndian
    if not is_little_endian:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian


def _is_dicom(dataset: Dataset, *, has_pixels: bool) -> bool:
    if "SOPClassUID" in dataset or "Modality" in dataset or "DirectoryRecordSequence" in dataset:
        return True
    return has_pixels or dataset.preamble is not None


def _without_picture(name: str, dataset: Dataset) -> BadImage:
    if "DirectoryRecordSequence" in dataset:
        return BadImage(
            f"“{name}” is the table of contents of a disc (DICOMDIR) and holds no picture.",
            advice="Open the folder that it lies in.",
        )
    what = _WITHOUT_PICTURE.get(text(dataset, "Modality"))
    if what is None and "Rows" in dataset:
        return BadImage(
            f"“{name}” holds no picture: its header is there, its pixels are missing.",
            advice=ADVICE,
        )
    return BadImage(
        f"“{name}” holds no picture: it is {what or 'a DICOM object without pixels'}.",
        advice="Open the images that it belongs to.",
    )
