"""DICOM files to images: one file, or many that are grouped into series first."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from inspector.core.errors import BadImage
from inspector.core.progress import Progress
from inspector.images.dicom.decoding import layout_of
from inspector.images.dicom.geometry import PROJECTIONS, pose_of
from inspector.images.dicom.header import Header, read_header, text
from inspector.images.dicom.privacy import numbered_series, tells_patient
from inspector.images.dicom.stack import Frame, Stack, frames_of, image_of
from inspector.images.image import InputImage
from inspector.images.reader import Folder, Pictures


def open_file(path: Path) -> InputImage:
    """Open one file; its first look is decoded, so that a damaged file is refused now.

    Raises
    ------
    BadImage
        When it is no DICOM file, is damaged, holds no picture, or needs a decoder.
    """
    header = read_header(path)
    with header.refusing():
        image = image_of(Stack(header.name, frames_of(header)))
        image.read(image.middle())
        return image


def count_pictures(path: Path) -> Pictures:
    """The frames of a file, by slice and point in time; none is decoded.

    Raises
    ------
    BadImage
        When it is no DICOM file, holds no picture, or its header is damaged.
    """
    header = read_header(path)
    with header.refusing():
        if layout_of(header).frames == 1:
            return Pictures((path,))
        card = image_of(Stack(header.name, frames_of(header))).card
        plane = card.planes[0]
        return Pictures((path,), plane, card.slices[plane], card.times)


def open_files(paths: Sequence[Path], progress: Progress) -> Folder:
    """Open the files of a folder, those of a series as one image."""
    series: dict[tuple[object, ...], list[Header]] = {}
    failures: list[tuple[Path, BadImage]] = []
    for done, path in enumerate(paths):
        progress(done, len(paths), f"file {done + 1}")
        try:
            header = read_header(path)
            with header.refusing():
                layout_of(header)
                series.setdefault(_series(header), []).append(header)
        except BadImage as error:
            if not _is_contents(path):
                failures.append((path, error))
    images = []
    for headers in series.values():
        try:
            images.append(_open_series(headers))
        except BadImage as error:
            failures.append((headers[0].path, error))
    return Folder(tuple(images), tuple(failures))


def _open_series(headers: list[Header]) -> InputImage:
    if len(headers) == 1:
        return open_file(headers[0].path)
    first = headers[0]
    with first.refusing():
        frames: list[Frame] = []
        for header in headers:
            frames.extend(frames_of(header))
        image = image_of(Stack(_label(first), tuple(frames)))
        image.read(image.middle())
        return image


def _label(header: Header) -> str:
    """Folder, modality and number of a series; no folder that tells the patient."""
    folder = header.path.parent
    series = numbered_series(header.dataset)
    if not folder.name or tells_patient(folder.name, header.dataset):
        return series
    return f"{folder.name}, {series}"


def _series(header: Header) -> tuple[object, ...]:
    """What the files of a series have in common; a file that stands alone gets a key of its own.

    Projections lie in no common space and files with many frames are stacks already.
    """
    dataset = header.dataset
    layout = layout_of(header)
    alone = (
        not text(dataset, "SeriesInstanceUID")
        or layout.frames > 1
        or text(dataset, "Modality") in PROJECTIONS
    )
    pose = pose_of(dataset, 0)
    turn = () if pose is None else (*pose.right.round(2) + 0.0, *pose.down.round(2) + 0.0)
    return (
        str(header.path) if alone else "",
        text(dataset, "SeriesInstanceUID"),
        replace(layout, bits_stored=0),
        turn,
    )


def _is_contents(path: Path) -> bool:
    return path.name.upper() == "DICOMDIR"
